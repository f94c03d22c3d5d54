/* Parameters at the ends of their ranges, data of extreme size, networks of extreme depth: every layer gives finite kernels that
 * may be covariances, or a sentence that says why not. */
#include "conformance/matrix_laws.h"

/* status is LIMES_OK and what was computed is finite, or there is a sentence. True: there are numbers. */
static bool numbers_or_a_sentence(limes_context *context, limes_status status, size_t n, const double *nngp, const double *ntk,
                                  const char *what, const char *text, double scale) {
  if (status != LIMES_OK) {
    bool known = status == LIMES_WRONG_USE || status == LIMES_BAD_INPUT || status == LIMES_REFUSED || status == LIMES_UNABLE ||
                 status == LIMES_OUT_OF_DOMAIN;
    if (!known || strlen(limes_error(context)) < 20)
      fail_msg("%s of %s, data times %g: %s: '%s'", what, text, scale, limes_status_text(status), limes_error(context));
    return false;
  }
  for (size_t i = 0; i < n; i++)
    if (!isfinite(nngp[i]) || !isfinite(ntk[i]))
      fail_msg("%s of %s, data times %g: entry %zu is K = %g, Theta = %g, and no error", what, text, scale, i, nngp[i], ntk[i]);
  return true;
}

/* |K_ij| <= sqrt(K_ii K_jj): what overflowed or underflowed on the way would not keep it. slack: what rounding leaves of sums
 * that cancel */
static void assert_may_be_covariances(const double *k, size_t n, double slack, const char *name, const char *text, double scale) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      double most = sqrt(fabs(k[i * (n + 1)])) * sqrt(fabs(k[j * (n + 1)]));
      if (k[i * (n + 1)] < -slack || fabs(k[i * n + j]) > most * (1 + 1e-6) + slack)
        fail_msg("%s, data times %g: %s is %g between items of %g and %g", text, scale, name, k[i * n + j], k[i * (n + 1)],
                 k[j * (n + 1)]);
    }
}

/* Weights of attention may cancel, as centred ones do, and leave the rounding of K, which is the scale's square. */
static double slack_of(const char *text, double scale) {
  return fmax(1e-300, strstr(text, "attention") != NULL && scale > 1 ? 1e-12 * scale * scale : 0);
}

static void try_model(limes_context *context, const char *text, kind items, double scale) {
  limes_model *model = parsed(context, text);
  if (limes_model_readouts(model, NULL) > 1) { /* as one of them alone */
    limes_model_destroy(model);
    return;
  }
  limes_batch *all = items_with(context, items, 0, ITEMS, scale, 0);
  double nngp[ITEMS * ITEMS], ntk[ITEMS * ITEMS];
  limes_kernel_output out = {.nngp = nngp, .ntk = ntk};
  limes_status status = limes_kernel(context, model, all, NULL, &out);
  if (numbers_or_a_sentence(context, status, ITEMS * ITEMS, nngp, ntk, "the kernel", text, scale)) {
    assert_may_be_covariances(nngp, ITEMS, slack_of(text, scale), "K", text, scale);
    assert_may_be_covariances(ntk, ITEMS, slack_of(text, scale), "Theta", text, scale);
  }
  status = limes_kernel_diagonal(context, model, all, nngp, ntk);
  (void)numbers_or_a_sentence(context, status, ITEMS, nngp, ntk, "the diagonal", text, scale);
  limes_model_destroy(model);
  limes_batch_destroy(all);
}

static void try_everywhere(limes_context *context, const limes_layer_ops *ops, const limes_param *varied, const char *layer,
                           void *user) {
  static const double scales[] = {1, 1e8, 1e-8, 1e150, 1e-150};
  (void)varied;
  (void)user;
  for (kind items = 0; items < KINDS && is_worth_trying(ops, items); items++) {
    char text[CHAIN_TEXT];
    limes_batch *all = items_of(context, items, 0, ITEMS);
    bool goes = model_around(context, layer, all, text);
    limes_batch_destroy(all);
    for (size_t i = 0; goes && i < sizeof scales / sizeof *scales; i++)
      try_model(context, text, items, scales[i]);
  }
}

static void data_of_any_size_give_finite_kernels_or_a_sentence(void **state) { visit_layers(*state, try_everywhere, NULL); }

static void try_ends(limes_context *context, const limes_layer_ops *ops) {
  for (size_t k = 0; k < limes_param_count(ops); k++) {
    const limes_param *param = &ops->params[k];
    double values[] = {param->open ? nextafter(param->least, 1) : param->least, param->most, 1e8, 1e-8, 1e50, 1e-50, 0, -1e8};
    bool real = param->kind == LIMES_PARAM_REAL, list = param->kind == LIMES_PARAM_LIST;
    for (size_t i = 0; (real || list) && i < sizeof values / sizeof *values; i++) {
      setting set[MOST_SETTINGS];
      char layer[LAYER_TEXT];
      size_t n = needed_settings(ops, param, set);
      set[n].param = param;
      snprintf(set[n].value, VALUE_TEXT, list ? "1:%.17g" : "%.17g", values[i]);
      bool in_range = values[i] >= param->least && values[i] <= param->most && !(param->open && values[i] <= param->least);
      if (in_range && write_accepted(context, ops, plain_branches(ops), n + 1, set, 2, layer))
        try_everywhere(context, ops, param, layer, NULL);
    }
  }
}

static void parameters_of_any_size_give_finite_kernels_or_a_sentence(void **state) {
  size_t count = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  for (size_t i = 0; i < count; i++)
    try_ends(*state, layers[i]);
}

/* weights */

/* Deviations of weights in the path of the values scale K by their square, whatever their size: chains without biases. */
static void scale_weights(limes_context *context, const limes_layer_ops *ops) {
  static const char *const deviations[] = {"w_std", "v_std", "o_std"};
  static const double sizes[] = {0x1p27, 0x1p-27, 0x1p200, 0x1p-200};
  for (size_t d = 0; d < 3; d++) {
    size_t k = limes_param_find(ops, deviations[d], strlen(deviations[d]));
    for (kind items = 0; items < KINDS && k < limes_param_count(ops); items++)
      for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        setting set[MOST_SETTINGS];
        char layer[LAYER_TEXT], text[CHAIN_TEXT];
        size_t n = needed_settings(ops, NULL, set);
        limes_batch *all = items_of(context, items, 0, ITEMS);
        write_layer(ops, "", n, set, layer);
        if (model_around(context, layer, all, text)) {
          kernels one = kernel_of(context, text, all, NULL);
          set[n].param = &ops->params[k];
          snprintf(set[n].value, VALUE_TEXT, "%.17g", sizes[i]);
          write_layer(ops, "", n + 1, set, layer);
          assert_true(model_around(context, layer, all, text));
          kernels other = kernel_of(context, text, all, NULL);
          for (size_t e = 0; e < ITEMS * ITEMS; e++)
            other.nngp[e] /= sizes[i] * sizes[i];
          assert_near(other.nngp, one.nngp, ITEMS * ITEMS, 1e-13, text);
          free_kernels(&one);
          free_kernels(&other);
        }
        limes_batch_destroy(all);
      }
  }
}

static void weights_of_any_size_only_scale_kernels(void **state) {
  size_t count = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  for (size_t i = 0; i < count; i++)
    scale_weights(*state, layers[i]);
}

/* What huge weights take away small ones give back. */
static void sizes_of_weights_that_cancel_leave_the_kernel(void **state) {
  limes_context *context = *state;
  static const char *const models[][2] = {
      {"repeat(5, dense relu dense relu) dense", "repeat(5, dense(w_std=1e8) relu dense(w_std=1e-8) relu) dense"},
      {"conv(3) leaky_relu dense layer_norm tanh flatten dense",
       "conv(3, w_std=1e8) leaky_relu dense(w_std=1e-4) layer_norm tanh flatten dense"},
      {"dense attention(v_std=1, o_std=1) relu global_avg_pool dense",
       "dense attention(v_std=1e-8, o_std=1e8) relu global_avg_pool dense"},
      {"dense attention(q_std=1, k_std=1) relu global_avg_pool dense",
       "dense attention(q_std=1e8, k_std=1e-8) relu global_avg_pool dense"},
      {"dense attention(scale=sqrt, zeta=relu) relu global_avg_pool dense",
       "dense(w_std=1e8) attention(scale=sqrt, zeta=relu, q_std=1e-8, k_std=1e-8, v_std=1e-8) relu global_avg_pool dense"},
      {"dense sign dense", "dense erf(b=1e60) dense"},
      {"dense(w_std=1e100) erf dense", "dense sign dense"},
  };
  for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
    bool vectors = strstr(models[m][0], "pool") == NULL && strstr(models[m][0], "flatten") == NULL;
    limes_batch *all = items_of(context, vectors ? VECTORS : SEQUENCES, 0, ITEMS);
    kernels k = kernel_of(context, models[m][0], all, NULL), other = kernel_of(context, models[m][1], all, NULL);
    assert_near(other.nngp, k.nngp, ITEMS * ITEMS, 1e-11, models[m][1]);
    free_kernels(&k);
    free_kernels(&other);
    limes_batch_destroy(all);
  }
}

/* depth */

/* Correlation of two items behind `depth` blocks, and that the variances are finite and positive */
static double correlation_behind(limes_context *context, const char *block, unsigned depth, const char *ending,
                                 const limes_batch *two) {
  char text[CHAIN_TEXT];
  snprintf(text, sizeof text, "dense repeat(%u, %s) %s", depth, block, ending);
  kernels k = kernel_of(context, text, two, NULL);
  double correlation = k.nngp[1] / sqrt(k.nngp[0]) / sqrt(k.nngp[3]), tangent = k.ntk[1] / sqrt(k.ntk[0]) / sqrt(k.ntk[3]);
  if (!(isfinite(correlation) && k.nngp[0] > 0 && k.nngp[3] > 0 && isfinite(tangent) && k.ntk[0] > 0))
    fail_msg("%s: K = %g %g %g, Theta = %g %g", text, k.nngp[0], k.nngp[1], k.nngp[3], k.ntk[0], k.ntk[1]);
  free_kernels(&k);
  return correlation;
}

static void assert_correlation_grows(limes_context *context, const char *block, const char *ending, const limes_batch *two,
                                     unsigned deepest, double least) {
  double before = -1;
  for (unsigned depth = 1; depth <= deepest; depth = depth < deepest && 3 * depth > deepest ? deepest : 3 * depth) {
    double correlation = correlation_behind(context, block, depth, ending, two);
    if (!(correlation > before && correlation <= 1))
      fail_msg("%u times %s: correlation %.17g after %.17g", depth, block, correlation, before);
    before = correlation;
  }
  if (before < least)
    fail_msg("%u times %s: correlation %.17g", deepest, block, before);
}

static void relu_alone_stays_finite_and_monotone_a_thousand_layers_deep(void **state) {
  limes_batch *two = random_vectors(*state, 3, 2, 5);
  assert_correlation_grows(*state, "dense(w_std=sqrt(2)) relu", "dense", two, 1000, 0.9999);
  limes_batch_destroy(two);
}

/* T = 64, at equal positions alone (flatten) and at all pairs of them (a pool) */
static void residual_convolutions_stay_finite_and_monotone_a_thousand_blocks_deep(void **state) {
  const char *block = "residual(layer_norm conv(3, w_std=sqrt(2)) relu conv(1))";
  limes_batch *two = random_images(*state, 4, 2, 8, 8, 5);
  assert_correlation_grows(*state, block, "flatten dense", two, 1000, 0.7);
  assert_correlation_grows(*state, block, "global_avg_pool dense", two, 1000, 0.7);
  limes_batch_destroy(two);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(data_of_any_size_give_finite_kernels_or_a_sentence),
      cmocka_unit_test(parameters_of_any_size_give_finite_kernels_or_a_sentence),
      cmocka_unit_test(weights_of_any_size_only_scale_kernels),
      cmocka_unit_test(sizes_of_weights_that_cancel_leave_the_kernel),
      cmocka_unit_test(relu_alone_stays_finite_and_monotone_a_thousand_layers_deep),
      cmocka_unit_test(residual_convolutions_stay_finite_and_monotone_a_thousand_blocks_deep),
  };
  return cmocka_run_group_tests(tests, make_context_of_one_thread, destroy_context);
}
