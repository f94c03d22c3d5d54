/* Fits of models with several length scales: the best is taken, and then it is as if there had been no others. */
#include <unistd.h>

#include "kernel/laws.h"

enum { TRAIN = 40, TEST = 9, T = 7, C = 2, CLASSES = 3, SCALES = 4 };
static const double scale[SCALES] = {0.2, 1, 4, 1e4};

/* Sequences whose classes and targets are told by where along them the features are large */
static limes_batch *items(limes_context *context, uint64_t seed, size_t n) {
  double *x = random_numbers(seed, n * T * C), targets[TRAIN];
  int64_t labels[TRAIN];
  for (size_t i = 0; i < n; i++) {
    labels[i] = (int64_t)(i % CLASSES);
    targets[i] = 0;
    for (size_t c = 0; c < C; c++) {
      x[(i * T + 2 * (i % CLASSES) + i / CLASSES % 2) * C + c] += 1.5;
      targets[i] += x[(i * T + 3) * C + c] - x[(i * T + 4) * C + c];
    }
  }
  limes_batch *batch = batch_of(context, x, 1, n, T, 1, C, NULL);
  assert_ok(context, limes_batch_set_labels(context, batch, labels));
  assert_ok(context, limes_batch_set_targets(context, batch, targets, 1));
  free(x);
  return batch;
}

static limes_fit *fitted(limes_context *context, const char *text, const limes_batch *train, limes_task_kind kind,
                         const limes_gp_options *options) {
  limes_model *model = parsed(context, text);
  limes_fit *fit = NULL;
  assert_ok(context, limes_fit_create(context, model, train, NULL, kind, options, &fit));
  limes_model_destroy(model);
  return fit;
}

static void expect_same_predictions(limes_context *context, const limes_fit *a, const limes_fit *b, const limes_batch *test) {
  limes_predictions one = {0}, other = {0};
  assert_ok(context, limes_fit_predict(context, a, test, &one));
  assert_ok(context, limes_fit_predict(context, b, test, &other));
  assert_same_bits(one.mean, other.mean, one.items * one.outputs, "mean");
  if (one.variance != NULL)
    assert_same_bits(one.variance, other.variance, one.items, "variance");
  if (one.probability != NULL)
    assert_same_bits(one.probability, other.probability, one.items * one.outputs, "probability");
  limes_predictions_clear(&one);
  limes_predictions_clear(&other);
}

static void expect_kept(limes_context *context, const limes_fit *fit, const limes_batch *test) {
  char path[256];
  const char *folder = getenv("TMPDIR");
  limes_fit *loaded = NULL;
  size_t count, chosen;
  snprintf(path, sizeof path, "%s/limes-test-scales-%ld.h5", folder != NULL ? folder : "/tmp", (long)getpid());
  assert_ok(context, limes_fit_save(context, fit, path));
  assert_ok(context, limes_fit_load(context, path, &loaded));
  assert_string_equal(limes_fit_model_text(loaded), limes_fit_model_text(fit));
  assert_null(limes_fit_readouts(loaded, &count, &chosen));
  assert_int_equal(count, 0);
  expect_same_predictions(context, fit, loaded, test);
  limes_fit_destroy(loaded);
  unlink(path);
}

/* Mean squared difference of the training kernel's leave-one-out predictions, from the matrix alone: y_i - mu_i = [A^-1 y]_i /
 * [A^-1]_ii, here by leaving each item out of a process of its own */
static double error_left_out(limes_context *context, const char *text, const limes_batch *train,
                             const limes_gp_options *options) {
  kernels k = kernel_of(context, text, train, NULL);
  size_t classes = 0;
  const int64_t *labels = limes_batch_labels(train, &classes);
  double *y = numbers(TRAIN * CLASSES), *dd = numbers(TRAIN * TRAIN), *td = numbers(TRAIN), *kept = numbers(TRAIN * CLASSES),
         error = 0;
  limes_one_hot(TRAIN, CLASSES, labels, y);
  for (size_t out = 0; out < TRAIN; out++) {
    for (size_t i = 0, row = 0; i < TRAIN; i++) {
      if (i == out)
        continue;
      td[row] = k.nngp[out * TRAIN + i];
      memcpy(kept + row * CLASSES, y + i * CLASSES, CLASSES * sizeof *y);
      for (size_t j = 0, column = 0; j < TRAIN; j++)
        if (j != out)
          dd[row * (TRAIN - 1) + column++] = k.nngp[i * TRAIN + j];
      row++;
    }
    limes_gp_kernels inputs = {.train = TRAIN - 1, .test = 1, .nngp_dd = dd, .nngp_td = td};
    limes_gp *gp = NULL;
    double mean[CLASSES];
    assert_ok(context, limes_gp_fit(context, &inputs, kept, CLASSES, false, options, &gp));
    assert_ok(context, limes_gp_predict(context, gp, &inputs, mean, NULL, NULL));
    for (size_t c = 0; c < CLASSES; c++)
      error += (mean[c] - y[out * CLASSES + c]) * (mean[c] - y[out * CLASSES + c]) / (TRAIN * CLASSES);
    limes_gp_destroy(gp);
  }
  free(y);
  free(dd);
  free(td);
  free(kept);
  free_kernels(&k);
  return error;
}

static void the_scale_with_the_least_error_is_taken_and_the_others_leave_no_trace(void **state) {
  limes_context *context = *state;
  limes_batch *train = items(context, 1, TRAIN), *test = items(context, 2, TEST);
  for (int trial = 0; trial < 5; trial++) {
    limes_gp_options options = limes_gp_defaults();
    options.with = trial == 2 ? LIMES_WITH_ENSEMBLE : trial == 3 ? LIMES_WITH_NTK : LIMES_WITH_NNGP;
    options.noise = trial == 4 ? 0.01 : (double)NAN;
    options.time = trial == 3 ? 50 : (double)INFINITY;
    limes_task_kind kind = trial == 1 ? LIMES_REGRESSION : LIMES_CLASSIFICATION;
    limes_fit *fit = fitted(context, "conv(3) relu correlated_readout(0.2:1:4:1e4) dense", train, kind, &options);
    size_t count = 0, chosen = 0, best = 0;
    const limes_fit_readout *readout = limes_fit_readouts(fit, &count, &chosen);
    assert_int_equal(count, SCALES);
    for (size_t r = 0; r < SCALES; r++) {
      char text[128];
      snprintf(text, sizeof text, "conv(3) relu correlated_readout(%g) dense", scale[r]);
      limes_fit *alone = fitted(context, text, train, kind, &options);
      assert_true(readout[r].length_scale == scale[r] && readout[r].noise == limes_fit_facts(alone).noise);
      assert_true(kind == LIMES_REGRESSION ? isnan(readout[r].held_out_accuracy)
                                           : readout[r].held_out_accuracy >= 0 && readout[r].held_out_accuracy <= 1);
      best = readout[r].held_out_error < readout[best].held_out_error ? r : best;
      if (trial == 0)
        assert_close(readout[r].held_out_error, limes_fit_facts(alone).held_out_error, 1e-9);
      if (trial == 4)
        assert_close(readout[r].held_out_error, error_left_out(context, text, train, &options), 1e-9);
      if (r == chosen) {
        assert_string_equal(limes_fit_model_text(fit), limes_fit_model_text(alone));
        expect_same_predictions(context, fit, alone, test);
      }
      limes_fit_destroy(alone);
    }
    assert_int_equal(chosen, best);
    expect_kept(context, fit, test);
    limes_fit_destroy(fit);
  }
  limes_batch_destroy(train);
  limes_batch_destroy(test);
}

/* Kernels of all length scales are held at once. */
static void memory_for_all_of_them_is_asked_for_first(void **state) {
  limes_context *context = *state;
  limes_batch *train = items(context, 3, TRAIN);
  limes_model *model = parsed(context, "conv(3) relu correlated_readout(1:2:3:4:5:6:7:8:9) dense");
  limes_gp_options options = limes_gp_defaults();
  limes_fit *fit = NULL;
  options.noise = 0.1;
  limes_set_memory(context, 9 * TRAIN * TRAIN * sizeof(double));
  assert_int_equal(limes_fit_create(context, model, train, NULL, LIMES_CLASSIFICATION, &options, &fit), LIMES_REFUSED);
  assert_non_null(strstr(limes_error(context), "length scales"));
  limes_set_memory(context, 0);
  limes_model_destroy(model);
  limes_batch_destroy(train);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_scale_with_the_least_error_is_taken_and_the_others_leave_no_trace),
      cmocka_unit_test(memory_for_all_of_them_is_asked_for_first),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
