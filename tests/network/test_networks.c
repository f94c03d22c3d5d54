/* Laws of finite networks: the same numbers whoever asks and however, widths as they are asked for, items alone as in company,
 * and the routes to an empirical kernel. */
#include "layers/finite.h"
#include "network/networks.h"

static const char *const kept[] = {"conv(3, b_std=0.2) relu local_conv(2, b_std=0.3) erf dense",
                                   "dense(b_std=0.1) gelu conv(3, padding=circular) relu global_avg_pool dense",
                                   "dense attention(position=sum, decay=exponential, in_values=yes, b_std=0.2) layer_norm dense",
                                   "attention(position=concat, decay=relative, causal=yes) layer_norm(axes=all) attention",
                                   "dense attention(position=only, scale=sqrt, zeta=erf) attention_pool(position=sum) dense"};

static double *forward_of(limes_context *context, const limes_network *network, const limes_batch *batch, size_t *n) {
  *n = outputs_of(context, network, batch);
  double *f = numbers(*n);
  assert_ok(context, limes_network_forward(context, network, batch, f));
  return f;
}

static void equal_seeds_give_equal_networks_and_draws_differ(void **state) {
  limes_model *model = parsed(*state, "conv(3, b_std=0.2) relu local_conv(2) relu flatten dense");
  limes_batch *batch = random_sequences(*state, 1, 4, 5, 3);
  limes_network_settings settings = {.width = 8, .seed = 5, .draw = 2};
  limes_network *one = network_of(*state, model, batch, &settings), *same = network_of(*state, model, batch, &settings);
  settings.draw = 0;
  limes_network *drawn = network_of(*state, model, batch, &settings);
  size_t n = limes_network_parameters(one);
  assert_same_bits(limes_network_get(one), limes_network_get(same), n, "equal seeds");
  assert_true(memcmp(limes_network_get(one), limes_network_get(drawn), n * sizeof(double)) != 0);
  limes_network_draw(drawn, 2);
  assert_same_bits(limes_network_get(drawn), limes_network_get(one), n, "drawn again");
  settings.seed = 6;
  limes_network *other = network_of(*state, model, batch, &settings);
  assert_true(limes_network_get(other)[0] != limes_network_get(one)[0]);
  limes_network *all[] = {one, same, drawn, other};
  for (int i = 0; i < 4; i++)
    limes_network_destroy(all[i]);
  limes_batch_destroy(batch);
  limes_model_destroy(model);
}

static void an_item_alone_is_what_it_is_in_company(void **state) {
  static const size_t lengths[] = {5, 3, 7};
  for (size_t k = 0; k < sizeof kept / sizeof *kept; k++) {
    double *x = random_numbers(3, 15 * FEATURES);
    limes_model *model = parsed(*state, kept[k]);
    limes_batch *all = NULL, *alone = NULL;
    assert_ok(*state, limes_batch_create_ragged(*state, 3, FEATURES, lengths, x, &all));
    assert_ok(*state, limes_batch_create_ragged(*state, 1, FEATURES, &lengths[1], x + 5 * FEATURES, &alone));
    limes_network_settings settings = {.width = 7};
    limes_network *of_all = network_of(*state, model, all, &settings), *of_one = network_of(*state, model, alone, &settings);
    size_t n = 0, m = 0, channels = limes_network_channels(of_all);
    double *f = forward_of(*state, of_all, all, &n), *g = forward_of(*state, of_one, alone, &m);
    bool pooled = n == 3 * channels;
    assert_near(g, f + channels * (pooled ? 1 : 5), m, 1e-13, kept[k]);
    limes_network_destroy(of_all);
    limes_network_destroy(of_one);
    limes_batch_destroy(all);
    limes_batch_destroy(alone);
    limes_model_destroy(model);
    free(x);
    free(f);
    free(g);
  }
}

/* An image of 3 x 2 beside one of 4 x 5: parameters of positions stay with their row and column. */
static void positions_keep_their_parameters_beside_larger_items(void **state) {
  static const int64_t sizes[] = {3, 2, 4, 5};
  double *x = random_numbers(3, 2 * 20 * FEATURES), small[6 * FEATURES];
  for (size_t r = 0; r < 3; r++)
    memcpy(small + r * 2 * FEATURES, x + r * 5 * FEATURES, 2 * FEATURES * sizeof *small);
  limes_array array = {.data = x, .axes = 2, .items = 2, .size = {4, 5}, .features = FEATURES};
  limes_batch *both = NULL, *alone = batch_of(*state, small, 2, 1, 3, 2, FEATURES, NULL);
  assert_ok(*state, limes_batch_create(*state, &array, NULL, sizes, &both));
  limes_model *model = parsed(*state, "local_conv(2, b_std=0.3) erf local_conv(3) global_avg_pool");
  limes_network_settings settings = {.width = 5};
  limes_network *of_both = network_of(*state, model, both, &settings), *of_one = network_of(*state, model, alone, &settings);
  size_t n = 0, m = 0;
  double *f = forward_of(*state, of_both, both, &n), *g = forward_of(*state, of_one, alone, &m);
  assert_near(f, g, m, 1e-13, "beside a larger image");
  limes_network_destroy(of_both);
  limes_network_destroy(of_one);
  limes_batch_destroy(both);
  limes_batch_destroy(alone);
  limes_model_destroy(model);
  free(x);
  free(f);
  free(g);
}

static void masking_a_tail_equals_removing_it(void **state) {
  double *x = random_numbers(3, 2 * 5 * FEATURES);
  static const uint8_t mask[10] = {[3] = 1, [4] = 1};
  limes_model *model = parsed(*state, "conv(3, b_std=0.2) relu avg_pool(2, padding=same) conv(2) erf global_avg_pool dense");
  limes_batch *masked = batch_of(*state, x, 1, 2, 5, 1, FEATURES, mask);
  limes_batch *shorter = batch_of(*state, x, 1, 1, 3, 1, FEATURES, NULL);
  limes_network *one = network_of(*state, model, masked, NULL), *other = network_of(*state, model, shorter, NULL);
  size_t n = 0, m = 0;
  double *f = forward_of(*state, one, masked, &n), *g = forward_of(*state, other, shorter, &m);
  assert_near(f, g, m, 1e-13, "masked and removed");
  limes_network_destroy(one);
  limes_network_destroy(other);
  limes_batch_destroy(masked);
  limes_batch_destroy(shorter);
  limes_model_destroy(model);
  free(x);
  free(f);
  free(g);
}

/* Attention without embeddings, layer_norm and pools do not know where a position stands. */
static void a_hole_equals_a_position_removed_where_places_do_not_count(void **state) {
  double *x = random_numbers(3, 5 * FEATURES), *without = numbers(4 * FEATURES);
  static const uint8_t mask[5] = {[1] = 1};
  memcpy(without, x, FEATURES * sizeof *x);
  memcpy(without + FEATURES, x + 2 * FEATURES, 3 * FEATURES * sizeof *x);
  limes_model *model =
      parsed(*state, "dense(b_std=0.3) attention(b_std=0.2, center=yes) layer_norm(axes=all) "
                     "attention(scale=sqrt, zeta=erf) sum(attention_pool | attention_pool(query=learned)) dense");
  limes_batch *holes = batch_of(*state, x, 1, 1, 5, 1, FEATURES, mask);
  limes_batch *shorter = batch_of(*state, without, 1, 1, 4, 1, FEATURES, NULL);
  limes_network_settings settings = {.width = 7};
  limes_network *one = network_of(*state, model, holes, &settings), *other = network_of(*state, model, shorter, &settings);
  size_t n = 0, m = 0;
  double *f = forward_of(*state, one, holes, &n), *g = forward_of(*state, other, shorter, &m);
  assert_int_equal(n, m);
  assert_near(f, g, m, 1e-13, "a hole and no position");
  limes_network_destroy(one);
  limes_network_destroy(other);
  limes_batch_destroy(holes);
  limes_batch_destroy(shorter);
  limes_model_destroy(model);
  free(x);
  free(without);
  free(f);
  free(g);
}

/* A weight w = factor theta: the functions agree, and df/dtheta = factor df/dw. */
static void parameterizations_are_one_function_with_scaled_gradients(void **state) {
  limes_model *model = parsed(*state, "conv(3, w_std=1.4, b_std=0.2) erf local_conv(2, b_std=0.3) erf flatten dense(b_std=0.1)");
  limes_batch *batch = random_sequences(*state, 1, 2, 4, 3);
  limes_network_settings settings = {.width = 5};
  limes_network *tangent = network_of(*state, model, batch, &settings);
  settings.parameterization = LIMES_STANDARD_PARAMETERIZATION;
  limes_network *standard = network_of(*state, model, batch, &settings);
  size_t n = 0, parameters = limes_network_parameters(tangent), covered = 0;
  double *f = forward_of(*state, tangent, batch, &n), *g = forward_of(*state, standard, batch, &n);
  assert_near(g, f, n, 1e-14, "outputs");
  double *w = random_numbers(4, n), *df = numbers(parameters), *dg = numbers(parameters);
  assert_ok(*state, limes_network_vjp(*state, tangent, batch, w, df, NULL));
  assert_ok(*state, limes_network_vjp(*state, standard, batch, w, dg, NULL));
  limes_network_array array;
  for (size_t i = 0; limes_network_array_at(tangent, i, &array); i++)
    for (size_t k = array.first; k < array.first + array.rows * array.columns; k++, covered++)
      assert_close_at(df[k], array.factor * dg[k], 1e-13 * fabs(dg[k]) + 1e-15, k);
  assert_int_equal(covered, parameters);
  void *all[] = {f, g, w, df, dg};
  for (int i = 0; i < 5; i++)
    free(all[i]);
  limes_network_destroy(tangent);
  limes_network_destroy(standard);
  limes_batch_destroy(batch);
  limes_model_destroy(model);
}

/* widths */

typedef struct {
  const char *model;
  limes_network_settings settings;
  size_t parameters, channels;
} wide;

static void widths_are_those_of_the_text_then_those_asked_for_then_the_words_own(void **state) {
  static const wide samples[] = {
      {"dense dense", {0}, 3 * 512 + 512 * 512, 512},
      {"dense dense", {.width = 10}, 3 * 10 + 10 * 10, 10},
      {"dense(width=7) dense", {.width = 10, .outputs = 2}, 3 * 7 + 7 * 2, 2},
      {"dense(7, b_std=1) relu dense(b_std=2)", {.outputs = 2}, 3 * 7 + 7 + 7 * 2 + 2, 2},
      {"dense sum(dense | dense)", {.width = 10, .outputs = 2}, 3 * 10 + 2 * 10 * 2, 2},
      {"dense residual(dense)", {.width = 10}, 3 * 10 + 10 * 10, 10},
  };
  limes_batch *batch = random_vectors(*state, 1, 2, 3);
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    limes_model *model = parsed(*state, samples[i].model);
    limes_network *network = network_of(*state, model, batch, &samples[i].settings);
    if (limes_network_parameters(network) != samples[i].parameters || limes_network_channels(network) != samples[i].channels)
      fail_msg("%s: %zu parameters, %zu channels", samples[i].model, limes_network_parameters(network),
               limes_network_channels(network));
    limes_network_destroy(network);
    limes_model_destroy(model);
  }
  limes_batch_destroy(batch);
}

/* refusals */

typedef struct {
  const char *model;
  limes_network_settings settings;
  limes_status status;
  const char *says;
} refusal;

static void what_cannot_be_sampled_is_refused_with_the_mend(void **state) {
  static const refusal samples[] = {
      {"dense exp_normalized dense", {0}, LIMES_UNABLE, "known by its kernel alone"},
      {"residual(dense)", {0}, LIMES_WRONG_USE, "512 and 3 channels"},
      {"dense residual(relu dense)", {.outputs = 2}, LIMES_WRONG_USE, "end the model with dense"},
      {"dense(width=3)", {.outputs = 2}, LIMES_WRONG_USE, "ends with 3 channels"},
      {"dense dense", {.width = (size_t)1 << 40}, LIMES_REFUSED, "smaller width"},
      {"dense dense", {.width = (size_t)1 << 29}, LIMES_REFUSED, "parameters would take"},
  };
  limes_batch *batch = random_vectors(*state, 1, 2, 3), *other = random_vectors(*state, 1, 2, 4);
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    limes_model *model = parsed(*state, samples[i].model);
    limes_network *network = NULL;
    const limes_batch *given = batch;
    limes_status status = limes_network_create(*state, model, &given, 1, &samples[i].settings, &network);
    if (status != samples[i].status || strstr(limes_error(*state), samples[i].says) == NULL)
      fail_msg("%s: %s: %s", samples[i].model, limes_status_text(status), limes_error(*state));
    assert_null(network);
    limes_model_destroy(model);
  }
  limes_model *model = parsed(*state, "dense");
  const limes_batch *both[] = {batch, other};
  limes_network *network = NULL;
  assert_int_equal(limes_network_create(*state, model, both, 2, NULL, &network), LIMES_WRONG_USE);
  assert_int_equal(limes_network_create(*state, model, both, 0, NULL, &network), LIMES_WRONG_USE);
  network = network_of(*state, model, batch, NULL);
  double f[1];
  assert_int_equal(limes_network_forward(*state, network, other, f), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(*state), "was not made for this batch"));
  limes_network_destroy(network);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  limes_batch_destroy(other);
}

static void embeddings_that_cannot_be_drawn_are_refused(void **state) {
  static const char *const samples[][2] = {
      {"attention(position=sum, decay=cauchy, decay_rate=0.3, decay_power=2)", "a finite network needs one"},
      {"attention(position=only, decay=relative, decay_rate=5000)", "give a rate below"},
      {"attention_pool(position=sum, decay=relative, decay_rate=0)", NULL},
  };
  limes_batch *batch = random_sequences(*state, 1, 2, 20, 3);
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    limes_model *model = parsed(*state, samples[i][0]);
    limes_network *network = NULL;
    const limes_batch *given = batch;
    limes_status status = limes_network_create(*state, model, &given, 1, NULL, &network);
    if (samples[i][1] == NULL ? status != LIMES_OK
                              : status != LIMES_WRONG_USE || strstr(limes_error(*state), samples[i][1]) == NULL)
      fail_msg("%s: %s: %s", samples[i][0], limes_status_text(status), limes_error(*state));
    limes_network_destroy(network);
    limes_model_destroy(model);
  }
  limes_batch_destroy(batch);
}

/* the registry */

static char *text_of(const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/tests/network/%s", getenv("LIMES_SOURCE_ROOT"), name);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  char *text = calloc(1, 1 << 16);
  assert_non_null(text);
  assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
  fclose(file);
  return text;
}

static bool in_word(char c) { return c == '_' || (c >= 'a' && c <= 'z'); }

static bool stands_in(const char *word, const char *text) {
  for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
    if (!in_word(at[-1]) && !in_word(at[strlen(word)]))
      return true;
  return false;
}

/* Words have a finite face, whose derivatives and whose limit are in the tables of the tests beside this one. */
static void every_word_has_a_finite_face_and_stands_in_the_tables(void **state) {
  (void)state;
  static const char *const files[] = {"test_derivatives.c", "test_attention_derivatives.c", "test_limits.c",
                                      "test_attention_limits.c"};
  char *text[4];
  size_t count = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  for (int k = 0; k < 4; k++)
    text[k] = text_of(files[k]);
  for (size_t i = 0; i < count; i++) {
    const limes_layer_ops *ops = layers[i];
    if (ops->kind == LIMES_WORD_IDENTITY || ops->kind == LIMES_WORD_REPEAT || strcmp(ops->word, "exp_normalized") == 0)
      continue;
    bool whole = ops->finite != NULL && ops->finite->forward != NULL && ops->finite->tangent != NULL &&
                 ops->finite->adjoint != NULL && (ops->elementwise == NULL || ops->elementwise->apply != NULL);
    if (!whole)
      fail_msg("%s has no finite face", ops->word);
    for (int k = 0; k < 4; k += 2)
      if (!stands_in(ops->word, text[k]) && !stands_in(ops->word, text[k + 1]))
        fail_msg("%s stands neither in %s nor in %s", ops->word, files[k], files[k + 1]);
  }
  for (int k = 0; k < 4; k++)
    free(text[k]);
}

/* empirical kernels */

typedef struct {
  const char *model;
  item_kind kind;
} network_kind;

static const network_kind empirical[] = {
    {"dense(b_std=0.3) relu dense(b_std=0.2) erf dense(b_std=0.1)", VECTORS},
    {"dense(b_std=0.3) relu dense global_sum_pool dense(b_std=0.2)", RAGGED},
    {"conv(3, b_std=0.3, stride=2) relu conv(2, padding=circular) global_avg_pool", SEQUENCES},
    {"conv(3x2, b_std=0.3) relu conv(2, padding=valid) erf conv_transpose(3, stride=2, b_std=0.4) flatten dense", IMAGES},
    {"conv(3, b_std=0.3) relu local_conv(2, stride=2) global_sum_pool", RAGGED},
    {"conv(3, b_std=0.3) relu conv(3, b_std=0.2) global_avg_pool dense", HOLES},
    {"dense residual(erf dense(b_std=0.3)) relu sum(dense | dense(b_std=0.7))", VECTORS},
    {"dense(w_std=0, b_std=1) relu dense(w_std=0, b_std=0.5)", VECTORS},
    {"dense attention(position=sum, decay=relative, in_values=yes, b_std=0.2) layer_norm global_avg_pool dense", RAGGED},
    {"attention(position=concat, scale=sqrt, zeta=relu, decay=exponential) attention_pool(query=learned) dense", HOLES},
};

static kernels empirical_of(limes_context *context, const limes_network *network, const limes_batch *batch,
                            limes_ntk_route route) {
  kernels k = new_kernels(ITEMS, ITEMS);
  limes_kernel_output out = {.nngp = k.nngp, .ntk = k.ntk};
  assert_ok(context, limes_empirical(context, network, batch, NULL, 0, route, &out));
  return k;
}

static void all_routes_to_an_empirical_kernel_agree(void **state) {
  for (size_t i = 0; i < sizeof empirical / sizeof *empirical; i++) {
    double *x = random_numbers(9, positions_of_kind(empirical[i].kind) * FEATURES);
    limes_batch *batch = items_of(*state, empirical[i].kind, x);
    limes_model *model = parsed(*state, empirical[i].model);
    limes_network_settings settings = {.width = 6, .outputs = 2};
    for (int k = 0; k < 2; k++) {
      settings.parameterization = k == 0 ? LIMES_NTK_PARAMETERIZATION : LIMES_STANDARD_PARAMETERIZATION;
      limes_network *network = network_of(*state, model, batch, &settings);
      kernels one = empirical_of(*state, network, batch, LIMES_NTK_STRUCTURED);
      kernels two = empirical_of(*state, network, batch, LIMES_NTK_JACOBIAN);
      kernels three = empirical_of(*state, network, batch, LIMES_NTK_TANGENTS);
      assert_near(one.ntk, two.ntk, ITEMS * ITEMS, 1e-13, empirical[i].model);
      assert_near(three.ntk, two.ntk, ITEMS * ITEMS, 1e-13, empirical[i].model);
      kernels four = empirical_of(*state, network, batch, LIMES_NTK_AUTO);
      assert_near(four.ntk, two.ntk, ITEMS * ITEMS, 1e-13, empirical[i].model);
      assert_near(four.nngp, two.nngp, ITEMS * ITEMS, 1e-13, empirical[i].model);
      free_kernels(&four);
      free_kernels(&one);
      free_kernels(&two);
      free_kernels(&three);
      limes_network_destroy(network);
    }
    limes_model_destroy(model);
    limes_batch_destroy(batch);
    free(x);
  }
}

/* Both parameterizations, and the mean over redrawn last weights in closed form: w^2/n F F^T + b^2 from the features F, which are
 * the output of the network without its last word. */
static void outputs_are_integrated_out_of_the_nngp(void **state) {
  limes_model *model = parsed(*state, "dense(b_std=0.3) relu dense relu dense(w_std=1.3, b_std=0.2)");
  limes_model *body = parsed(*state, "dense(b_std=0.3) relu dense relu");
  limes_batch *batch = random_vectors(*state, 1, ITEMS, FEATURES);
  limes_network_settings settings = {.width = 6};
  limes_network *hidden = network_of(*state, body, batch, &settings);
  size_t n = 0;
  double *f = forward_of(*state, hidden, batch, &n);
  kernels expected = new_kernels(ITEMS, ITEMS);
  for (size_t i = 0; i < ITEMS; i++)
    for (size_t j = 0; j < ITEMS; j++)
      expected.nngp[i * ITEMS + j] = 1.69 / 6 * dot(f + 6 * i, f + 6 * j, 6) + 0.04;
  settings.outputs = 2;
  for (int k = 0; k < 2; k++) {
    settings.parameterization = k == 0 ? LIMES_NTK_PARAMETERIZATION : LIMES_STANDARD_PARAMETERIZATION;
    limes_network *network = network_of(*state, model, batch, &settings);
    kernels found = empirical_of(*state, network, batch, LIMES_NTK_STRUCTURED);
    assert_near(found.nngp, expected.nngp, ITEMS * ITEMS, 1e-13, "NNGP");
    free_kernels(&found);
    limes_network_destroy(network);
  }
  free_kernels(&expected);
  limes_network_destroy(hidden);
  limes_batch_destroy(batch);
  limes_model_destroy(model);
  limes_model_destroy(body);
  free(f);
}

/* Two batches side by side are blocks of the kernel of both together. */
static void kernels_between_batches_are_blocks_of_the_whole(void **state) {
  limes_model *model = parsed(*state, "conv(2, b_std=0.2) relu local_conv(2) global_avg_pool dense");
  double *x = random_numbers(1, 5 * 4 * FEATURES);
  limes_batch *whole = batch_of(*state, x, 1, 5, 4, 1, FEATURES, NULL);
  limes_batch *a = batch_of(*state, x, 1, 2, 4, 1, FEATURES, NULL);
  limes_batch *b = batch_of(*state, x + 2 * 4 * FEATURES, 1, 3, 4, 1, FEATURES, NULL);
  const limes_batch *all[] = {whole, a, b};
  limes_network_settings settings = {.width = 5};
  limes_network *network = NULL;
  assert_ok(*state, limes_network_create(*state, model, all, 3, &settings, &network));
  double full[2][25], part[2][2 * 7];
  assert_ok(*state, limes_empirical(*state, network, whole, NULL, 1, LIMES_NTK_STRUCTURED,
                                    &(limes_kernel_output){.nngp = full[0], .ntk = full[1]}));
  assert_ok(*state, limes_empirical(*state, network, a, b, 1, LIMES_NTK_STRUCTURED,
                                    &(limes_kernel_output){.nngp = part[0], .ntk = part[1], .stride = 7}));
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < 2; i++)
      for (size_t j = 0; j < 3; j++) {
        assert_close(part[k][i * 7 + j], full[k][i * 5 + 2 + j], 1e-13 * fabs(full[k][0]));
        assert_close(full[k][(2 + j) * 5 + i], full[k][i * 5 + 2 + j], 0);
      }
  limes_network_destroy(network);
  limes_batch_destroy(whole);
  limes_batch_destroy(a);
  limes_batch_destroy(b);
  limes_model_destroy(model);
  free(x);
}

static int stop_at_once(void *user, const char *what, double done, double seconds_left) {
  (void)what;
  (void)seconds_left;
  assert_true(done >= 0 && done <= 1);
  (*(int *)user)++;
  return 1;
}

/* Long ones, over 300 outputs: the callback is asked a few times a second, and not by a short call. */
static void an_empirical_kernel_can_be_interrupted(void **state) {
  limes_context *context = new_context();
  limes_batch *batch = random_vectors(context, 1, 100, FEATURES);
  limes_model *model = parsed(context, "dense relu dense");
  limes_network_settings settings = {.width = 300};
  limes_network *network = network_of(context, model, batch, &settings);
  static double ntk[100 * 100];
  int calls = 0;
  limes_set_progress(context, stop_at_once, &calls);
  for (int route = LIMES_NTK_STRUCTURED; route <= LIMES_NTK_TANGENTS; route++)
    assert_int_equal(
        limes_empirical(context, network, batch, NULL, 0, (limes_ntk_route)route, &(limes_kernel_output){.ntk = ntk}),
        LIMES_INTERRUPTED);
  assert_int_equal(calls, 3);
  limes_network_destroy(network);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  limes_context_destroy(context);
  (void)state;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_seeds_give_equal_networks_and_draws_differ),
      cmocka_unit_test(an_item_alone_is_what_it_is_in_company),
      cmocka_unit_test(positions_keep_their_parameters_beside_larger_items),
      cmocka_unit_test(masking_a_tail_equals_removing_it),
      cmocka_unit_test(a_hole_equals_a_position_removed_where_places_do_not_count),
      cmocka_unit_test(parameterizations_are_one_function_with_scaled_gradients),
      cmocka_unit_test(widths_are_those_of_the_text_then_those_asked_for_then_the_words_own),
      cmocka_unit_test(what_cannot_be_sampled_is_refused_with_the_mend),
      cmocka_unit_test(embeddings_that_cannot_be_drawn_are_refused),
      cmocka_unit_test(every_word_has_a_finite_face_and_stands_in_the_tables),
      cmocka_unit_test(all_routes_to_an_empirical_kernel_agree),
      cmocka_unit_test(outputs_are_integrated_out_of_the_nngp),
      cmocka_unit_test(kernels_between_batches_are_blocks_of_the_whole),
      cmocka_unit_test(an_empirical_kernel_can_be_interrupted),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
