/* Who may feed what (docs/mathematics.md, section 3), and other requests that are refused: what is wrong, where, and how
 * to mend it. */
#include "kernel/laws.h"

typedef enum { VECTORS, SEQUENCES, IMAGES } kind;

/* A model that must be refused on such items; the error names the layer, what stands before it, and the mend */
typedef struct {
  const char *model;
  kind items;
  const char *layer, *before, *mend;
} refusal;

static const refusal refusals[] = {
    {"relu", VECTORS, "relu", "the input", "dense"},
    {"dense relu relu dense", VECTORS, "relu", "relu", "dense"},
    {"dense relu erf dense", VECTORS, "erf", "relu", "dense"},
    {"conv(3) flatten relu dense", SEQUENCES, "relu", "flatten", "dense"},
    {"conv(3) relu flatten abs dense", SEQUENCES, "abs", "flatten", "dense"},
    {"conv(3) relu global_avg_pool relu dense", SEQUENCES, "relu", "global_avg_pool", "dense"},
    {"conv(3) relu avg_pool(2) leaky_relu flatten", SEQUENCES, "leaky_relu", "avg_pool", "dense"},
    {"dense sum(relu | identity) relu dense", VECTORS, "relu", "sum", "dense"},
    {"dense residual(relu) relu dense", VECTORS, "relu", "residual", "dense"},
    {"dense relu residual(dense) relu dense", VECTORS, "relu", "residual", "dense"},
    {"dense relu identity relu dense", VECTORS, "relu", "", "dense"},
    {"dense relu tanh dense", VECTORS, "tanh", "relu", "dense"},
    {"dense elu gelu dense", VECTORS, "gelu", "elu", "dense"},
    {"polynomial(1, 2)", VECTORS, "polynomial", "the input", "dense"},
    {"dense hermite(2) dense", VECTORS, "hermite", "dense", "layer_norm"},
    {"dense layer_norm(eps=0.1) hermite(2) dense", VECTORS, "hermite", "layer_norm", "variance 1"},
    {"conv(3) layer_norm(axes=all) hermite(2) flatten dense", SEQUENCES, "hermite", "layer_norm", "variance 1"},
    {"conv(3) layer_norm avg_pool(2) hermite(2) flatten dense", SEQUENCES, "hermite", "avg_pool", "layer_norm"},
    {"dense relu layer_norm dense", VECTORS, "layer_norm", "relu", "dense"},
    {"layer_norm dense", VECTORS, "layer_norm", "the input", "dense"},
    {"conv(3) relu global_avg_pool layer_norm dense", SEQUENCES, "layer_norm", "global_avg_pool", "dense"},
    {"conv(3) erf layer_norm flatten dense", SEQUENCES, "layer_norm", "erf", "dense"},
    {"conv(3) relu flatten layer_norm dense", SEQUENCES, "layer_norm", "flatten", "dense"},
    {"attention flatten dense", VECTORS, "attention", "the input", "[T,C]"},
    {"conv(3) flatten attention dense", SEQUENCES, "attention", "flatten", "before"},
    {"conv(3) dense", VECTORS, "conv", "the input", "[T,C]"},
    {"conv(3) global_avg_pool conv(3)", SEQUENCES, "conv", "global_avg_pool", "before"},
    {"dense avg_pool(2)", VECTORS, "avg_pool", "dense", "before"},
    {"dense flatten", VECTORS, "flatten", "dense", "leave it out"},
    {"dense global_avg_pool", VECTORS, "global_avg_pool", "dense", "leave it out"},
    {"conv(3x3) flatten", SEQUENCES, "conv", "one", "one number"},
    {"conv(9, padding=valid) flatten", SEQUENCES, "conv", "item 0", ""},
    {"avg_pool(9) flatten", SEQUENCES, "avg_pool", "item 0", ""},
    {"conv(3) sum(conv(3, stride=2) | identity) flatten", SEQUENCES, "sum", "item 0", "stride"},
    {"conv(3) product(relu dense | identity) relu flatten", SEQUENCES, "relu", "product", "dense"},
    {"conv(3) product(dense | identity) layer_norm flatten", SEQUENCES, "layer_norm", "product", "dense"},
    {"conv(3) concat(dense | identity) relu flatten", SEQUENCES, "relu", "concat", "dense"},
    {"conv(3) concat(relu | identity) layer_norm flatten", SEQUENCES, "layer_norm", "concat", "dense"},
    {"dense concat(dense | identity, widths=1:2:3) dense", VECTORS, "concat", "2 branches", "3 widths"},
    {"conv(3) dropout relu flatten", SEQUENCES, "relu", "dropout", "dense"},
    {"conv(3) relu dropout(mode=test) relu flatten", SEQUENCES, "relu", "dropout", "dense"},
    {"conv(3) relu sum_pool(2) relu flatten", SEQUENCES, "relu", "sum_pool", "dense"},
    {"conv(3) relu global_sum_pool relu dense", SEQUENCES, "relu", "global_sum_pool", "dense"},
    {"slice(0:2) relu flatten", SEQUENCES, "relu", "slice", "dense"},
    {"resize(3) layer_norm flatten", SEQUENCES, "layer_norm", "resize", "dense"},
    {"dense slice(0:1)", VECTORS, "slice", "dense", "before"},
    {"dense resize(2)", VECTORS, "resize", "dense", "before"},
    {"dense local_conv(3)", VECTORS, "local_conv", "dense", "before"},
    {"dense conv_transpose(3)", VECTORS, "conv_transpose", "dense", "before"},
    {"dense sum_pool(3)", VECTORS, "sum_pool", "dense", "before"},
    {"dense global_sum_pool", VECTORS, "global_sum_pool", "dense", "leave it out"},
    {"dense aggregate", VECTORS, "aggregate", "dense", "before"},
    {"slice(0:2, :) flatten", SEQUENCES, "slice", "one", "slice(0:4)"},
    {"slice(0:2) flatten", IMAGES, "slice", "two", "slice(0:4, :)"},
    {"slice(2:6) flatten", SEQUENCES, "slice", "item 0", "an axis of 5"},
    {"slice(5:) flatten", SEQUENCES, "slice", "item 0", "an axis of 5"},
    {"slice(:, 3:9) flatten", IMAGES, "slice", "item 0", "an axis of 4"},
    {"resize(2x2) flatten", SEQUENCES, "resize", "one", "one number"},
    {"conv(3) relu", SEQUENCES, "positions", "relu", "global_avg_pool"},
    {"conv(3) relu dense", IMAGES, "positions", "dense", "flatten"},
};

static void layers_refuse_inputs_they_cannot_take(void **state) {
  limes_context *context = *state;
  limes_batch *batch[] = {random_vectors(context, 1, 3, 4), random_sequences(context, 1, 3, 5, 2),
                          random_images(context, 1, 3, 4, 4, 2)};
  unsigned wrong = 0;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const refusal *r = &refusals[i];
    double out[9];
    limes_model *model = parsed(context, r->model);
    limes_status status = limes_kernel(context, model, batch[r->items], NULL, &(limes_kernel_output){.nngp = out});
    const char *error = limes_error(context);
    bool named = strstr(error, r->layer) != NULL && strstr(error, r->before) != NULL && strstr(error, r->mend) != NULL;
    if (status != LIMES_WRONG_USE || !named) {
      print_error("%s: %s: '%s', which should name '%s', '%s' and '%s'\n", r->model, limes_status_text(status),
                  status == LIMES_OK ? "accepted" : error, r->layer, r->before, r->mend);
      wrong++;
    }
    limes_model_destroy(model);
  }
  for (int i = 0; i < 3; i++)
    limes_batch_destroy(batch[i]);
  assert_int_equal(wrong, 0);
}

/* What they can take, they take. */
static void layers_take_what_they_can(void **state) {
  limes_context *context = *state;
  const struct {
    const char *model;
    kind items;
  } good[] = {
      {"dense identity relu dense", VECTORS},
      {"dense dropout(mode=test) relu dense", VECTORS},
      {"dense dropout layer_norm dense", VECTORS},
      {"dense concat(dense | identity) layer_norm dense", VECTORS},
      {"local_conv(2) relu conv_transpose(2, stride=2) relu flatten", SEQUENCES},
      {"conv(3) sum_pool(2) slice(0:1) resize(3) relu flatten", SEQUENCES},
      {"conv(3) global_sum_pool layer_norm relu", IMAGES},
      {"dense layer_norm relu dense", VECTORS},
      {"conv(3) avg_pool(2) relu flatten dense", SEQUENCES},
      {"conv(3) global_avg_pool relu dense", SEQUENCES},
      {"conv(3) flatten layer_norm dense", SEQUENCES},
      {"conv(3) flatten dense relu", SEQUENCES},
      {"attention relu flatten", SEQUENCES},
      {"conv(3) sum(relu conv(3) | identity) relu flatten", SEQUENCES},
      {"conv(3) residual(relu attention) layer_norm relu flatten", SEQUENCES},
      {"conv(3) layer_norm layer_norm(axes=all) attention relu global_avg_pool", IMAGES},
      {"flatten", IMAGES},
      {"global_avg_pool", SEQUENCES},
      {"identity", VECTORS},
  };
  limes_batch *batch[] = {random_vectors(context, 1, 3, 4), random_sequences(context, 1, 3, 5, 2),
                          random_images(context, 1, 3, 4, 4, 2)};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    kernels k = kernel_of(context, good[i].model, batch[good[i].items], NULL);
    for (size_t j = 0; j < 9; j++)
      assert_true(isfinite(k.nngp[j]) && isfinite(k.ntk[j]));
    free_kernels(&k);
  }
  for (int i = 0; i < 3; i++)
    limes_batch_destroy(batch[i]);
}

static void assert_refused(limes_context *context, const char *text, const limes_batch *a, const limes_batch *b,
                           const char *names) {
  limes_model *model = parsed(context, text);
  kernels k = new_kernels(limes_batch_items(a), limes_batch_items(b == NULL ? a : b));
  limes_status status = limes_kernel(context, model, a, b, &(limes_kernel_output){.nngp = k.nngp});
  if (status != LIMES_WRONG_USE || strstr(limes_error(context), names) == NULL)
    fail_msg("%s: %s: '%s', which should name '%s'", text, limes_status_text(status),
             status == LIMES_OK ? "accepted" : limes_error(context), names);
  free_kernels(&k);
  limes_model_destroy(model);
}

static void two_batches_must_be_of_one_kind(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 1, 3, 5, 2), *wide = random_sequences(context, 2, 3, 5, 4),
              *flat = random_vectors(context, 3, 3, 2), *longer = random_sequences(context, 4, 3, 6, 2);
  assert_refused(context, "conv(3) relu global_avg_pool", x, wide, "2 features");
  assert_refused(context, "conv(3) relu global_avg_pool", x, wide, "4");
  assert_refused(context, "conv(3) relu global_avg_pool", x, flat, "shape");
  assert_refused(context, "conv(3) relu flatten dense", x, longer, "global_avg_pool");
  kernels k = kernel_of(context, "conv(3) relu global_avg_pool dense", x, longer);
  free_kernels(&k);
  limes_batch_destroy(x);
  limes_batch_destroy(wide);
  limes_batch_destroy(flat);
  limes_batch_destroy(longer);
}

/* The item that does not fit is named by its number. */
static void errors_name_the_item(void **state) {
  limes_context *context = *state;
  size_t lengths[] = {5, 6, 2, 7};
  limes_batch *x = random_ragged(context, 5, 4, lengths, 2);
  assert_refused(context, "conv(3, padding=valid) relu global_avg_pool", x, NULL, "item 2");
  assert_refused(context, "conv(3) relu flatten", x, NULL, "item 1");
  assert_refused(context, "conv(3) relu avg_pool(6) global_avg_pool", x, NULL, "item 0");
  limes_batch_destroy(x);
}

/* Errors of a model show the line and a caret under the layer. */
static void errors_show_the_place(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_vectors(context, 6, 3, 2);
  limes_model *model = parsed(context, "dense relu\n  dense abs erf dense");
  double out[9];
  assert_int_equal(limes_kernel(context, model, x, NULL, &(limes_kernel_output){.nngp = out}), LIMES_WRONG_USE);
  const char *error = limes_error(context);
  if (strstr(error, "line 2") == NULL || strstr(error, "column 13") == NULL || strstr(error, "dense abs erf dense") == NULL ||
      strchr(error, '^') == NULL)
    fail_msg("no place in: %s", error);
  limes_model_destroy(model);
  limes_batch_destroy(x);
}

static void log_counted(void *user, limes_log_level level, const char *text) {
  (void)text;
  *(unsigned *)user += level == LIMES_LOG_WARNING;
}

/* A decay with negative eigenvalues may shape Z, with a warning, but not enter values; whichever batch has the long items. */
static void decays_that_are_no_covariance_are_refused_in_values(void **state) {
  limes_context *context = *state;
  limes_batch *longer = random_sequences(context, 7, 2, 30, 2), *single = random_sequences(context, 8, 2, 1, 2);
  const char *values =
      "dense attention(position=sum, decay=cauchy, decay_rate=0.3, decay_power=2, in_values=yes) global_avg_pool";
  const char *keys = "dense attention(position=sum, decay=cauchy, decay_rate=0.3, decay_power=2) global_avg_pool";
  assert_refused(context, values, longer, NULL, "eigenvalue");
  assert_refused(context, values, longer, single, "eigenvalue");
  assert_refused(context, values, single, longer, "eigenvalue");
  unsigned warnings = 0;
  limes_set_log(context, log_counted, &warnings);
  kernels k = kernel_of(context, keys, longer, NULL);
  free_kernels(&k);
  assert_int_equal(warnings, 1);
  k = kernel_of(context, keys, single, longer);
  free_kernels(&k);
  assert_int_equal(warnings, 2);
  limes_set_log(context, NULL, NULL);
  limes_batch_destroy(longer);
  limes_batch_destroy(single);
}

static void items_that_make_no_sense_are_refused(void **state) {
  limes_context *context = *state;
  double x[2 * 3 * 2] = {0};
  uint8_t all_hidden[6] = {0, 0, 0, 1, 1, 1};
  int64_t lengths[2] = {3, 0}, too_long[2] = {3, 4};
  limes_array array = {.data = x, .axes = 1, .items = 2, .size = {3}, .features = 2};
  limes_batch *batch = NULL;
  assert_int_equal(limes_batch_create(context, &array, all_hidden, NULL, &batch), LIMES_BAD_INPUT);
  assert_non_null(strstr(limes_error(context), "item 1"));
  assert_int_equal(limes_batch_create(context, &array, NULL, lengths, &batch), LIMES_BAD_INPUT);
  assert_int_equal(limes_batch_create(context, &array, NULL, too_long, &batch), LIMES_BAD_INPUT);
  assert_int_equal(limes_batch_create(context, &array, all_hidden, lengths, &batch), LIMES_WRONG_USE);
  x[7] = NAN;
  assert_int_equal(limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_BAD_INPUT);
  assert_non_null(strstr(limes_error(context), "item 1"));
  x[7] = INFINITY;
  assert_int_equal(limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_BAD_INPUT);
  assert_null(batch);
}

static void requests_that_cannot_fit_are_refused_with_their_size(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 9, 40, 60, 2);
  limes_model *model = parsed(context, "conv(3) relu attention relu global_avg_pool dense");
  kernels k = new_kernels(40, 40);
  limes_plan_report report = {0};
  limes_set_memory(context, 100000);
  assert_int_equal(limes_kernel(context, model, x, NULL, &(limes_kernel_output){.nngp = k.nngp}), LIMES_REFUSED);
  assert_non_null(strstr(limes_error(context), "GB"));
  assert_int_equal(limes_explain(context, model, x, NULL, true, true, &report), LIMES_REFUSED);
  assert_true(report.bytes > 100000 && report.free_bytes == 100000 && report.flops > 0);
  limes_free(report.text);
  limes_set_memory(context, 0);
  assert_ok(context, limes_kernel(context, model, x, NULL, &(limes_kernel_output){.nngp = k.nngp}));
  limes_model_destroy(model);
  free_kernels(&k);
  limes_batch_destroy(x);
}

static void asking_for_no_kernel_is_refused(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_vectors(context, 10, 3, 2);
  limes_model *model = parsed(context, "dense");
  assert_int_equal(limes_kernel(context, model, x, NULL, &(limes_kernel_output){0}), LIMES_WRONG_USE);
  assert_int_equal(limes_kernel_rows(context, model, x, NULL, false, false, NULL, NULL), LIMES_WRONG_USE);
  limes_model_destroy(model);
  limes_batch_destroy(x);
}

static void count_correlated(void *user, limes_log_level level, const char *text) {
  if (level == LIMES_LOG_WARNING && strstr(text, "correlated") != NULL)
    ++*(unsigned *)user;
}

/* residual(relu) adds a value to a function of itself: the covariances of the two do not add, and the user hears of it */
static void correlated_branches_are_warned_of(void **state) {
  limes_context *context = *state;
  limes_batch *batch = random_vectors(context, 1, 3, 4);
  const struct {
    const char *model;
    unsigned warnings;
  } cases[] = {{"dense sum(identity | identity) dense", 1},
               {"dense residual(relu) dense", 1},
               {"dense residual(layer_norm) dense", 1},
               {"sum(dense relu | dense relu) dense", 1},
               {"repeat(3, dense residual(relu)) dense", 1},
               {"dense product(relu | abs) dense", 1},
               {"dense residual(relu dense) dense", 0},
               {"sum(dense | dense) relu dense", 0},
               {"dense sum(relu dense | erf dense | identity)", 0},
               {"dense product(relu dense | erf) dense", 0},
               {"dense concat(relu | identity) dense", 0},
               {"residual(dense relu dense)", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double out[9];
    unsigned warnings = 0;
    limes_model *model = parsed(context, cases[i].model);
    limes_set_log(context, count_correlated, &warnings);
    assert_ok(context, limes_kernel(context, model, batch, NULL, &(limes_kernel_output){.nngp = out}));
    limes_set_log(context, NULL, NULL);
    if (warnings != cases[i].warnings)
      fail_msg("%s: %u warnings, %u expected", cases[i].model, warnings, cases[i].warnings);
    limes_model_destroy(model);
  }
  limes_batch_destroy(batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layers_refuse_inputs_they_cannot_take),
      cmocka_unit_test(layers_take_what_they_can),
      cmocka_unit_test(two_batches_must_be_of_one_kind),
      cmocka_unit_test(errors_name_the_item),
      cmocka_unit_test(errors_show_the_place),
      cmocka_unit_test(decays_that_are_no_covariance_are_refused_in_values),
      cmocka_unit_test(items_that_make_no_sense_are_refused),
      cmocka_unit_test(requests_that_cannot_fit_are_refused_with_their_size),
      cmocka_unit_test(asking_for_no_kernel_is_refused),
      cmocka_unit_test(correlated_branches_are_warned_of),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
