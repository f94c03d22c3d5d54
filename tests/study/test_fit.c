#include "fixture.h"

#include <unistd.h>

#include "limes/limes.h"

static limes_model *parse(const char *text) {
  limes_model *model = NULL;
  assert_ok(context, limes_model_parse(context, text, &model));
  return model;
}

/* Items of 3 classes: class c has larger features at its own places; targets are sums of features. */
static limes_batch *vectors(size_t n, uint64_t seed) {
  double x[64 * 6], targets[64 * 2] = {0};
  int64_t labels[64];
  for (size_t i = 0; i < n; i++) {
    labels[i] = (int64_t)(i % 3);
    for (size_t c = 0; c < 6; c++) {
      x[i * 6 + c] = uniform(&seed) + (c / 2 == i % 3 ? 0.6 : 0);
      targets[i * 2 + c % 2] += x[i * 6 + c];
    }
  }
  limes_array array = {.data = x, .items = n, .features = 6};
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  assert_ok(context, limes_batch_set_labels(context, batch, labels));
  assert_ok(context, limes_batch_set_targets(context, batch, targets, 2));
  return batch;
}

/* Sequences of 2 to 7 positions with 3 features; every fourth has a hole. */
static limes_batch *sequences(size_t n, uint64_t seed) {
  double x[64 * 7 * 3];
  uint8_t mask[64 * 7] = {0};
  int64_t labels[64];
  for (size_t i = 0; i < n * 7 * 3; i++)
    x[i] = uniform(&seed);
  for (size_t i = 0; i < n; i++) {
    labels[i] = (int64_t)(i % 2);
    for (size_t a = 2 + i % 6; a < 7; a++)
      mask[i * 7 + a] = 1;
    mask[i * 7] = i % 4 == 0;
    for (size_t a = 0; a < 7; a++)
      x[(i * 7 + a) * 3] += i % 2 ? 0.5 : 0;
  }
  limes_array array = {.data = x, .axes = 1, .items = n, .size = {7}, .features = 3};
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_create(context, &array, mask, NULL, &batch));
  assert_ok(context, limes_batch_set_labels(context, batch, labels));
  int64_t segments[64 * 7];
  for (size_t i = 0, a = 0; i < n; i++)
    for (size_t t = 0; t < limes_batch_positions(batch, i, NULL); t++)
      segments[a++] = (int64_t)(t / (1 + i % 3));
  assert_ok(context, limes_batch_set_segments(context, batch, segments));
  return batch;
}

static limes_fit *make_fit(const char *model_text, const limes_batch *train, const limes_normalization *normalization,
                           limes_task_kind kind, limes_gp_options options) {
  limes_model *model = parse(model_text);
  limes_fit *fit = NULL;
  assert_ok(context, limes_fit_create(context, model, train, normalization, kind, &options, &fit));
  limes_model_destroy(model);
  return fit;
}

static limes_predictions predict(const limes_fit *fit, const limes_batch *test) {
  limes_predictions predictions;
  assert_ok(context, limes_fit_predict(context, fit, test, &predictions));
  return predictions;
}

static void temporary(char path[256], const char *name) {
  const char *folder = getenv("TMPDIR");
  snprintf(path, 256, "%s/limes-test-fit-%ld-%s", folder != NULL ? folder : "/tmp", (long)getpid(), name);
}

static void expect_equal(limes_predictions a, limes_predictions b) {
  assert_int_equal(a.items, b.items);
  assert_int_equal(a.outputs, b.outputs);
  assert_memory_equal(a.mean, b.mean, a.items * a.outputs * sizeof(double));
  assert_int_equal(a.variance == NULL, b.variance == NULL);
  if (a.variance != NULL)
    assert_memory_equal(a.variance, b.variance, a.items * sizeof(double));
  assert_int_equal(a.probability == NULL, b.probability == NULL);
  if (a.probability != NULL)
    assert_memory_equal(a.probability, b.probability, a.items * a.outputs * sizeof(double));
}

static void expect_round_trip(const limes_fit *fit, const limes_batch *test) {
  char path[256];
  limes_fit *loaded = NULL;
  temporary(path, "round.h5");
  limes_predictions before = predict(fit, test);
  assert_ok(context, limes_fit_save(context, fit, path));
  assert_ok(context, limes_fit_load(context, path, &loaded));
  limes_predictions after = predict(loaded, test);
  expect_equal(before, after);
  assert_int_equal(limes_fit_kind(loaded), limes_fit_kind(fit));
  assert_int_equal(limes_fit_with(loaded), limes_fit_with(fit));
  assert_string_equal(limes_fit_model_text(loaded), limes_fit_model_text(fit));
  limes_gp_facts a = limes_fit_facts(fit), b = limes_fit_facts(loaded);
  assert_memory_equal(&a.noise, &b.noise, sizeof a.noise);
  assert_memory_equal(&a.scale, &b.scale, sizeof a.scale);
  assert_true(limes_fit_kind(fit) == LIMES_REGRESSION ? a.scale != 1 : a.scale == 1);
  assert_memory_equal(&a.log_evidence, &b.log_evidence, sizeof a.log_evidence);
  assert_true(a.noise_chosen == b.noise_chosen && a.noise_at_edge == b.noise_at_edge);
  limes_predictions_clear(&before);
  limes_predictions_clear(&after);
  limes_fit_destroy(loaded);
  remove(path);
}

static void a_fit_predicts_what_its_kernels_predict(void **state) {
  (void)state;
  limes_batch *train = vectors(30, 1), *test = vectors(8, 2);
  limes_model *model = parse("dense(w_std=1.5, b_std=0.1) relu dense");
  double dd[900], td[240], tt[64], mean[16], variance[8];
  size_t outputs = 0;
  assert_ok(context, limes_kernel(context, model, train, NULL, &(limes_kernel_output){.ntk = dd}));
  assert_ok(context, limes_kernel(context, model, test, train, &(limes_kernel_output){.ntk = td}));
  assert_ok(context, limes_kernel(context, model, test, NULL, &(limes_kernel_output){.ntk = tt}));
  limes_gp_options options = limes_gp_defaults();
  options.with = LIMES_WITH_NTK;
  options.noise = 0.05;
  limes_gp_kernels kernels = {.train = 30, .test = 8, .ntk_dd = dd, .ntk_td = td, .ntk_tt = tt};
  limes_gp *gp = NULL;
  const double *targets = limes_batch_targets(train, &outputs);
  assert_ok(context, limes_gp_fit(context, &kernels, targets, outputs, true, &options, &gp));
  assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, NULL, variance));
  limes_fit *fit = make_fit("dense(w_std=1.5, b_std=0.1) relu dense", train, NULL, LIMES_REGRESSION, options);
  limes_predictions predictions = predict(fit, test);
  assert_int_equal(predictions.outputs, 2);
  assert_null(predictions.probability);
  assert_true(isnan(limes_fit_temperature_used(fit)));
  for (size_t i = 0; i < 16; i++)
    assert_close_at(predictions.mean[i], mean[i], 1e-12, i);
  for (size_t i = 0; i < 8; i++)
    assert_close_at(predictions.variance[i], variance[i], 1e-12, i);
  double *kernel = NULL;
  size_t items = 0;
  assert_ok(context, limes_fit_training_kernel(context, fit, &kernel, &items));
  assert_int_equal(items, 30);
  for (size_t i = 0; i < 900; i++)
    assert_close_at(kernel[i], dd[i], 1e-15, i);
  limes_free(kernel);
  limes_predictions_clear(&predictions);
  limes_fit_destroy(fit);
  limes_gp_destroy(gp);
  limes_model_destroy(model);
  limes_batch_destroy(train);
  limes_batch_destroy(test);
}

static void probabilities_sum_to_one_and_find_the_classes(void **state) {
  (void)state;
  limes_batch *train = vectors(60, 3), *test = vectors(30, 4);
  limes_fit *fit = make_fit("dense(w_std=1.5) relu dense", train, NULL, LIMES_CLASSIFICATION, limes_gp_defaults());
  limes_predictions predictions = predict(fit, test);
  size_t classes = 0;
  const int64_t *labels = limes_batch_labels(test, &classes);
  for (size_t i = 0; i < 30; i++) {
    double sum = 0;
    for (size_t c = 0; c < 3; c++)
      sum += predictions.probability[i * 3 + c];
    assert_close_at(sum, 1, 1e-14, i);
  }
  assert_true(limes_fit_facts(fit).noise_chosen);
  assert_true(limes_fit_temperature_used(fit) > 0);
  assert_true(limes_score_classes(30, 3, predictions.probability, labels, NULL, NULL).accuracy > 0.8);
  limes_predictions_clear(&predictions);
  limes_fit_destroy(fit);
  limes_batch_destroy(train);
  limes_batch_destroy(test);
}

static void predictions_after_loading_have_the_same_bits(void **state) {
  (void)state;
  limes_batch *train = vectors(40, 5), *test = vectors(9, 6);
  limes_normalization *normalization = NULL;
  assert_ok(context, limes_normalization_fit(context, "per-channel", train, &normalization));
  assert_ok(context, limes_normalization_apply(context, normalization, train));
  assert_ok(context, limes_normalization_apply(context, normalization, test));
  for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE; with++)
    for (int kind = LIMES_REGRESSION; kind <= LIMES_CLASSIFICATION; kind++)
      for (int flow = 0; flow < 2; flow++) {
        limes_gp_options options = limes_gp_defaults();
        options.with = (limes_with)with;
        options.time = flow ? 30 : INFINITY;
        limes_fit *fit = make_fit("dense(w_std=1.5, b_std=0.1) relu dense", train, normalization, (limes_task_kind)kind, options);
        expect_round_trip(fit, test);
        limes_fit_destroy(fit);
      }
  limes_normalization_destroy(normalization);
  limes_batch_destroy(train);
  limes_batch_destroy(test);
}

static void ragged_items_with_holes_and_segments_are_kept(void **state) {
  (void)state;
  static const char *const models[] = {"conv(3) relu attention(position=sum, decay=relative) relu global_avg_pool dense",
                                       "conv(3) relu attention_pool relu attention_pool dense"};
  limes_batch *train = sequences(40, 7), *test = sequences(10, 8);
  for (int m = 0; m < 2; m++) {
    limes_fit *fit = make_fit(models[m], train, NULL, LIMES_CLASSIFICATION, limes_gp_defaults());
    expect_round_trip(fit, test);
    limes_fit_destroy(fit);
  }
  limes_batch_destroy(train);
  limes_batch_destroy(test);
}

/* Sequences with the same edges in each of them: two nodes apart, with weights of both signs */
static void add_edges(limes_batch *batch, size_t n) {
  double *pattern = calloc(n * 49, sizeof *pattern);
  assert_non_null(pattern);
  for (size_t i = 0; i < n; i++)
    for (size_t a = 0; a < 7; a++)
      pattern[(i * 7 + a) * 7 + (a + 2) % 7] = cos((double)(i + a));
  assert_ok(context, limes_batch_set_pattern(context, batch, pattern, (const size_t[]){7}));
  free(pattern);
}

static void edges_are_kept(void **state) {
  (void)state;
  limes_batch *train = sequences(40, 9), *test = sequences(10, 10);
  add_edges(train, 40);
  add_edges(test, 10);
  limes_fit *fit = make_fit("conv(3) relu dense sum(aggregate | identity) relu global_avg_pool dense", train, NULL,
                            LIMES_CLASSIFICATION, limes_gp_defaults());
  expect_round_trip(fit, test);
  limes_fit_destroy(fit);
  limes_batch_destroy(train);
  limes_batch_destroy(test);
}

static void normalization_is_kept(void **state) {
  (void)state;
  char path[256];
  temporary(path, "normalization.h5");
  limes_batch *train = vectors(20, 9);
  limes_normalization *normalization = NULL;
  limes_fit *loaded = NULL;
  assert_ok(context, limes_normalization_fit(context, "per-channel", train, &normalization));
  limes_fit *fit = make_fit("dense", train, normalization, LIMES_REGRESSION, limes_gp_defaults());
  assert_ok(context, limes_fit_save(context, fit, path));
  assert_ok(context, limes_fit_load(context, path, &loaded));
  const double *mean[2], *scale[2];
  size_t n = limes_normalization_values(normalization, &mean[0], &scale[0]);
  assert_int_equal(limes_normalization_values(limes_fit_normalization(loaded), &mean[1], &scale[1]), n);
  assert_memory_equal(mean[0], mean[1], n * sizeof(double));
  assert_memory_equal(scale[0], scale[1], n * sizeof(double));
  assert_string_equal(limes_normalization_kind(limes_fit_normalization(loaded)), "per-channel");
  limes_fit_destroy(fit);
  limes_fit_destroy(loaded);
  limes_normalization_destroy(normalization);
  limes_batch_destroy(train);
  remove(path);
}

static void data_without_what_the_task_needs_are_refused(void **state) {
  (void)state;
  double x[4] = {1, 2, 3, 4};
  limes_array array = {.data = x, .items = 2, .features = 2};
  limes_batch *bare = NULL;
  limes_model *model = parse("dense");
  limes_gp_options options = limes_gp_defaults();
  limes_fit *fit = (limes_fit *)&options;
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &bare));
  assert_int_equal(limes_fit_create(context, model, bare, NULL, LIMES_CLASSIFICATION, &options, &fit), LIMES_WRONG_USE);
  assert_null(fit);
  assert_non_null(strstr(limes_error(context), "labels"));
  assert_int_equal(limes_fit_create(context, model, bare, NULL, LIMES_REGRESSION, &options, &fit), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "targets"));
  const int64_t alike[2] = {0, 0};
  assert_ok(context, limes_batch_set_labels(context, bare, alike));
  assert_int_equal(limes_fit_create(context, model, bare, NULL, LIMES_CLASSIFICATION, &options, &fit), LIMES_BAD_INPUT);
  options.time = -1;
  assert_int_equal(limes_fit_create(context, model, bare, NULL, LIMES_CLASSIFICATION, &options, &fit), LIMES_WRONG_USE);
  limes_model_destroy(model);
  limes_batch_destroy(bare);
}

static void a_fit_beyond_the_memory_limit_is_refused(void **state) {
  (void)state;
  limes_batch *train = vectors(60, 10);
  limes_model *model = parse("dense");
  limes_gp_options options = limes_gp_defaults();
  limes_fit *fit = NULL;
  limes_set_memory(context, 60 * 60 * 8 * 3);
  assert_int_equal(limes_fit_create(context, model, train, NULL, LIMES_REGRESSION, &options, &fit), LIMES_REFUSED);
  limes_set_memory(context, 0);
  assert_non_null(strstr(limes_error(context), "60 items"));
  limes_model_destroy(model);
  limes_batch_destroy(train);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fit_predicts_what_its_kernels_predict),
      cmocka_unit_test(probabilities_sum_to_one_and_find_the_classes),
      cmocka_unit_test(predictions_after_loading_have_the_same_bits),
      cmocka_unit_test(ragged_items_with_holes_and_segments_are_kept),
      cmocka_unit_test(edges_are_kept),
      cmocka_unit_test(normalization_is_kept),
      cmocka_unit_test(data_without_what_the_task_needs_are_refused),
      cmocka_unit_test(a_fit_beyond_the_memory_limit_is_refused),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
