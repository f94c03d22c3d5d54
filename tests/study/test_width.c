/* The width study: errors of sampled networks fall as they should, its statistics are right, and what is wrong is noticed. */
#include "kernel/laws.h"

#include "limes/width.h"
#include "study/width.h"

static limes_context *context;

static int set_up(void **state) {
  int failed = make_context(state);
  context = *state;
  limes_set_seed(context, 5);
  return failed;
}

static limes_width_report *study(const char *text, const limes_batch *batch, const limes_width_options *options) {
  limes_model *model = parsed(context, text);
  limes_width_report *report = NULL;
  assert_ok(context, limes_width_study(context, model, batch, options, &report));
  limes_model_destroy(model);
  return report;
}

static bool within(const double interval[2], double value) { return interval[0] <= value && value <= interval[1]; }

/* errors of kernels */

static void check_root(const char *text, const limes_batch *batch) {
  static const size_t sizes[] = {32, 64, 128, 256};
  limes_width_report *report = study(text, batch, &(limes_width_options){.sizes = sizes, .n_sizes = 4, .draws = 120});
  const limes_width_kernel *const both[] = {&report->nngp, &report->ntk};
  for (int k = 0; k < 2; k++) {
    print_message("%s: %s %.3f (%.3f to %.3f)\n", text, k == 0 ? "NNGP" : "NTK", both[k]->slope, both[k]->interval[0],
                  both[k]->interval[1]);
    assert_true(within(both[k]->interval, -0.5));
    assert_true(within(both[k]->interval, both[k]->slope));
    assert_true(both[k]->interval[1] - both[k]->interval[0] < 0.2);
  }
  limes_width_report_destroy(report);
}

static void errors_fall_with_the_root_of_the_width(void **state) {
  (void)state;
  limes_batch *vectors = random_vectors(context, 3, 3, 6), *sequences = random_sequences(context, 4, 3, 4, 6);
  check_root("dense(b_std=0.3) erf dense erf dense", vectors);
  check_root("conv(3, b_std=0.2) relu global_avg_pool dense", sequences);
  limes_batch_destroy(vectors);
  limes_batch_destroy(sequences);
}

static void bias_and_scatter_add_up_to_the_error(void **state) {
  (void)state;
  static const size_t sizes[] = {16, 32};
  limes_batch *batch = random_vectors(context, 3, 3, 6);
  limes_width_report *report =
      study("dense relu dense relu dense", batch, &(limes_width_options){.sizes = sizes, .n_sizes = 2, .draws = 40});
  for (size_t i = 0; i < report->n; i++) {
    const limes_width_error *const at[] = {&report->nngp.at[i], &report->ntk.at[i]};
    for (int k = 0; k < 2; k++) {
      assert_close(at[k]->bias_squared + at[k]->variance_squared, at[k]->error * at[k]->error, 1e-12);
      assert_true(within(at[k]->interval, at[k]->error));
    }
  }
  limes_width_report_destroy(report);
  limes_batch_destroy(batch);
}

/* A kernel of one number with a known bias and scatter, many times over */
static void the_bias_of_the_mean_is_found_without_its_noise(void **state) {
  (void)state;
  enum { DRAWS = 10, TIMES = 4000 };
  const double bias = 0.3, scatter = 0.5;
  double of_bias = 0, of_scatter = 0;
  limes_stream stream = {.seed = 2};
  for (int t = 0; t < TIMES; t++) {
    double e[DRAWS], square[DRAWS], total = 0;
    limes_normal(&stream, (uint64_t)t * DRAWS, DRAWS, e);
    for (size_t d = 0; d < DRAWS; d++) {
      e[d] = bias + scatter * e[d];
      square[d] = e[d] * e[d];
      total += e[d];
    }
    limes_width_error error = {0};
    limes_width_parts(1, DRAWS, &(limes_width_sums){.square = square, .total = &total}, &error);
    of_bias += error.bias_squared / TIMES;
    of_scatter += error.variance_squared / TIMES;
  }
  assert_close(of_bias, bias * bias, 0.006);
  assert_close(of_scatter, scatter * scatter, 0.006);
}

static void a_limit_that_is_5_percent_off_is_noticed(void **state) {
  (void)state;
  static const size_t sizes[] = {64, 128, 256, 512};
  const limes_width_options options = {.sizes = sizes, .n_sizes = 4, .draws = 120};
  const char *text = "dense(b_std=0.3) erf dense";
  limes_batch *batch = random_vectors(context, 3, 3, 6);
  limes_model *model = parsed(context, text);
  kernels exact = kernel_of(context, text, batch, NULL);
  for (int off = 0; off < 2; off++) {
    limes_width_report *report = NULL;
    for (size_t k = 0; off && k < 9; k++) {
      exact.nngp[k] *= 1.05;
      exact.ntk[k] *= 1.05;
    }
    assert_ok(context, limes_width_against(context, model, batch, &options, exact.nngp, exact.ntk, &report));
    print_message("%d %% off: NNGP %.3f to %.3f, bias %.4g; NTK %.3f to %.3f\n", 5 * off, report->nngp.interval[0],
                  report->nngp.interval[1], report->nngp.at[3].bias_squared, report->ntk.interval[0], report->ntk.interval[1]);
    assert_true(within(report->nngp.interval, -0.5) == !off);
    assert_true(within(report->ntk.interval, -0.5) == !off);
    if (off)
      assert_close(sqrt(report->nngp.at[3].bias_squared), 0.05 / 1.05, 0.01);
    limes_width_report_destroy(report);
  }
  free_kernels(&exact);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
}

/* statistics */

/* Squares of norms of two normal numbers, a third of which is larger than the rest together */
static void intervals_of_slopes_hold_the_slope_as_often_as_they_say(void **state) {
  (void)state;
  enum { SIZES = 4, DRAWS = 40, TIMES = 200 };
  static const size_t sizes[SIZES] = {32, 64, 128, 256};
  limes_width_error at[SIZES];
  limes_width_kernel kernel = {.at = at};
  double square[SIZES][DRAWS];
  const double *rows[SIZES] = {square[0], square[1], square[2], square[3]};
  size_t held = 0, errors_held = 0;
  for (uint64_t t = 0; t < TIMES; t++) {
    for (size_t i = 0; i < SIZES; i++) {
      double z[3 * DRAWS];
      limes_normal(&(limes_stream){t, {i, 77, 0}}, 0, 3 * DRAWS, z);
      for (size_t d = 0; d < DRAWS; d++)
        square[i][d] =
            (z[3 * d] * z[3 * d] + 0.5 * z[3 * d + 1] * z[3 * d + 1] + 0.5 * z[3 * d + 2] * z[3 * d + 2]) / (double)sizes[i];
    }
    assert_ok(context, limes_width_slope(context, SIZES, sizes, DRAWS, rows, t, &kernel));
    held += within(kernel.interval, -0.5);
    errors_held += within(at[1].interval, sqrt(2.0 / 64));
  }
  print_message("slopes: %zu of %d, errors: %zu\n", held, TIMES, errors_held);
  assert_in_range(held, 180, 198); /* 190 +- 3 deviations */
  assert_in_range(errors_held, 178, 198);
}

static void the_test_of_normality_has_its_known_values(void **state) {
  (void)state;
  double p, one = 0.7, below = 0.5 * erfc(-0.7 * M_SQRT1_2);
  assert_close(limes_anderson_darling(1, &one, &p), -1 - log(below) - log(1 - below), 1e-12);
  enum { N = 2000 };
  static double z[N], wide[N];
  size_t rejected = 0;
  for (uint64_t t = 0; t < 200; t++) {
    limes_normal(&(limes_stream){t, {0, 0, 3}}, 0, 100, z);
    for (size_t i = 0; i < 100; i++)
      for (size_t k = i + 1; k < 100; k++)
        if (z[k] < z[i]) {
          double swap = z[i];
          z[i] = z[k];
          z[k] = swap;
        }
    limes_anderson_darling(100, z, &p);
    rejected += p < 0.1;
  }
  assert_in_range(rejected, 8, 33); /* 20 +- 3 deviations */
  for (size_t i = 0; i < N; i++) {
    double share = ((double)i + 0.5) / N, low = -9, high = 9; /* the normal quantile by bisection */
    for (int step = 0; step < 60; step++)
      *(0.5 * erfc(-0.5 * (low + high) * M_SQRT1_2) < share ? &low : &high) = 0.5 * (low + high);
    z[i] = low;
    wide[i] = 1.1 * low;
  }
  assert_true(limes_anderson_darling(N, z, &p) < 0.01 && p > 0.999);
  assert_true(limes_anderson_darling(N, wide, &p) > 4 && p < 0.01);
}

/* outputs */

/* One position: the weight of attention is one number zeta(g), and the moments of q are known. */
static void one_position_has_the_kurtosis_of_one_logit(void **state) {
  (void)state;
  const double r2 = 0.36, tied = 3 * (r2 * r2 + 6 * r2 * (1 - r2) + 3 * (1 - r2) * (1 - r2) - 1);
  const struct {
    const char *text;
    double kurtosis;
  } cases[] = {{"attention(scale=sqrt, zeta=identity) global_avg_pool", 6},
               {"dense(w_std=1.5) attention(scale=sqrt, zeta=relu, q_std=2, v_std=0.5) flatten dense(w_std=3)", 15},
               {"attention(scale=sqrt, zeta=abs, o_std=2) global_sum_pool dense(w_std=0.5) dense", 6},
               {"dense attention(qk_correlation=0.6, zeta=identity) global_avg_pool", tied},
               {"dense attention_pool(learned, scale=sqrt, zeta=identity) dense", 6},
               {"dense attention(scale=sqrt, zeta=identity) relu global_avg_pool dense", NAN},
               {"dense attention(scale=linear, zeta=identity) global_avg_pool", NAN}};
  limes_batch *batch = random_sequences(context, 9, 2, 1, 5);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    limes_model *model = parsed(context, cases[i].text);
    kernels exact = kernel_of(context, cases[i].text, batch, NULL);
    limes_width_work work = {.context = context, .model = model, .batch = batch};
    double kurtosis = 0, noise = 0;
    assert_ok(context, limes_width_predict(&work, (double[]){exact.nngp[0], exact.nngp[3]}, NULL, &kurtosis, &noise));
    print_message("%s: %.4f +- %.4f\n", cases[i].text, kurtosis, noise);
    if (isnan(cases[i].kurtosis))
      assert_true(isnan(kurtosis));
    else
      assert_close(kurtosis, cases[i].kurtosis, 4.5 * noise);
    assert_true(!(noise > 0.03 * kurtosis));
    free_kernels(&exact);
    limes_model_destroy(model);
  }
  limes_batch_destroy(batch);
}

/* The law of the weights is the one that the exact kernel integrates over: its mean variance is the kernel's. */
static void sampled_heads_have_the_variance_of_the_limit(void **state) {
  (void)state;
  static const char *const models[] = {
      "attention(scale=sqrt, zeta=relu, position=sum, position_std=0.7, q_std=1.3) flatten dense(w_std=1.2)",
      "conv(2) erf dense attention(scale=sqrt, zeta=erf, position=sum, decay=exponential, in_values=yes) global_avg_pool",
      "dense attention(scale=sqrt, zeta=abs, causal=yes, v_std=1.4) global_sum_pool dense",
      "dense attention(qk_correlation=0.5, zeta=relu, k_std=1.5, position=concat) flatten dense",
      "dense attention_pool(learned, scale=sqrt, zeta=relu, position=sum, q_std=2) dense(w_std=2)"};
  static const uint8_t mask[10] = {0, 1, 0, 0, 0};
  limes_batch *plain = random_sequences(context, 9, 2, 4, 5);
  double *x = random_numbers(8, 50);
  limes_batch *holes = batch_of(context, x, 1, 2, 5, 1, 5, mask);
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    limes_batch *batch = strstr(models[i], "flatten") == NULL ? holes : plain;
    limes_model *model = parsed(context, models[i]);
    kernels exact = kernel_of(context, models[i], batch, NULL);
    limes_width_work work = {.context = context, .model = model, .batch = batch};
    double mean[2] = {0}, kurtosis = 0, noise = 0;
    assert_ok(context, limes_width_predict(&work, (double[]){exact.nngp[0], exact.nngp[3]}, mean, &kurtosis, &noise));
    print_message("%s: %.4f and %.4f of the exact variances\n", models[i], mean[0] / exact.nngp[0], mean[1] / exact.nngp[3]);
    assert_close(mean[0], exact.nngp[0], 0.03 * exact.nngp[0]); /* 65,536 samples */
    assert_close(mean[1], exact.nngp[3], 0.03 * exact.nngp[3]);
    free_kernels(&exact);
    limes_model_destroy(model);
  }
  limes_batch_destroy(plain);
  limes_batch_destroy(holes);
  free(x);
}

/* Random attention on the input itself: with wide keys and values nothing but the number of heads is finite. */
static void kurtosis_falls_with_the_heads_as_predicted(void **state) {
  (void)state;
  static const size_t heads[] = {1, 2, 4};
  const limes_width_options options = {.vary = LIMES_VARY_HEADS,
                                       .sizes = heads,
                                       .n_sizes = 3,
                                       .width = 64,
                                       .key_width = 128,
                                       .value_width = 128,
                                       .draws = 2,
                                       .output_draws = 1500};
  limes_batch *batch = random_sequences(context, 12, 2, 3, 4);
  limes_width_report *report = study("attention(scale=sqrt, zeta=identity) global_avg_pool", batch, &options);
  for (size_t i = 0; i < 3; i++) {
    const limes_width_outputs *at = &report->output[i];
    print_message("%zu heads: %.3f (%.3f to %.3f), predicted %.3f\n", heads[i], at->kurtosis, at->interval[0], at->interval[1],
                  at->predicted);
    assert_int_equal(report->heads[i], heads[i]);
    assert_close(at->predicted * (double)heads[i], report->output[0].predicted, 1e-12);
    assert_true(within(at->interval, at->predicted));
    assert_true(at->interval[1] - at->interval[0] < at->predicted);
    assert_true(at->p < 1e-6); /* far from normal */
  }
  limes_width_report_destroy(report);
  limes_batch_destroy(batch);
}

static void one_head_stays_as_far_from_normal_at_any_width(void **state) {
  (void)state;
  static const size_t sizes[] = {64, 256};
  const limes_width_options options = {.vary = LIMES_VARY_WIDTH,
                                       .sizes = sizes,
                                       .n_sizes = 2,
                                       .heads = 1,
                                       .key_width = 64,
                                       .value_width = 64,
                                       .draws = 2,
                                       .output_draws = 1000};
  limes_batch *batch = random_sequences(context, 12, 2, 3, 4);
  limes_width_report *one = study("dense attention(scale=sqrt, zeta=erf) global_avg_pool", batch, &options);
  limes_width_report *none = study("dense erf global_avg_pool dense", batch, &options);
  for (size_t i = 0; i < 2; i++)
    print_message("width %zu: one head %.3f (predicted %.3f), no attention %.3f, p %.3g\n", sizes[i], one->output[i].kurtosis,
                  one->output[i].predicted, none->output[i].kurtosis, none->output[i].p);
  assert_true(one->output[1].interval[0] > 0.8 * one->output[1].predicted);
  assert_close(one->output[1].kurtosis, one->output[1].predicted, 0.25 * one->output[1].predicted);
  assert_true(none->output[1].interval[1] < 0.05 && none->heads[1] == 0 && isnan(none->output[1].predicted));
  limes_width_report_destroy(one);
  limes_width_report_destroy(none);
  limes_batch_destroy(batch);
}

/* the work */

static void assert_equal_reports(const limes_width_report *a, const limes_width_report *b) {
  assert_int_equal(a->draws, b->draws);
  assert_memory_equal(a->nngp.at, b->nngp.at, a->n * sizeof *a->nngp.at);
  assert_memory_equal(a->ntk.at, b->ntk.at, a->n * sizeof *a->ntk.at);
  assert_memory_equal(a->nngp.interval, b->nngp.interval, sizeof a->nngp.interval);
  assert_memory_equal(a->output, b->output, a->n * sizeof *a->output);
}

static void threads_change_no_bit(void **state) {
  (void)state;
  static const size_t sizes[] = {64, 128};
  const char *text = "dense attention(scale=sqrt, zeta=erf) global_avg_pool dense";
  const limes_width_options options = {.sizes = sizes, .n_sizes = 2, .draws = 5, .output_draws = 6};
  limes_batch *batch = random_sequences(context, 4, 2, 3, 4);
  limes_set_threads(context, 1);
  limes_width_report *one = study(text, batch, &options);
  limes_set_threads(context, 3);
  limes_width_report *other = study(text, batch, &options);
  assert_int_equal(limes_threads(context), 3);
  assert_equal_reports(one, other);
  limes_width_report_destroy(one);
  limes_width_report_destroy(other);
  limes_batch_destroy(batch);
}

static void items_that_are_left_out_change_nothing(void **state) {
  (void)state;
  static const size_t sizes[] = {16, 32};
  limes_width_options options = {.sizes = sizes, .n_sizes = 2, .draws = 5, .output_draws = 6};
  limes_batch *two = random_sequences(context, 4, 2, 3, 4), *three = random_sequences(context, 4, 3, 3, 4);
  limes_width_report *one = study("conv(2) erf global_avg_pool dense", two, &options);
  options.items = 2;
  limes_width_report *other = study("conv(2) erf global_avg_pool dense", three, &options);
  assert_int_equal(other->items, 2);
  assert_close(one->nngp.slope, other->nngp.slope, 1e-10);
  assert_close(one->ntk.at[1].bias_squared, other->ntk.at[1].bias_squared, 1e-10);
  assert_close(one->output[1].kurtosis, other->output[1].kurtosis, 1e-10);
  limes_width_report_destroy(one);
  limes_width_report_destroy(other);
  limes_batch_destroy(two);
  limes_batch_destroy(three);
}

static void draws_are_added_until_the_slopes_are_known(void **state) {
  (void)state;
  static const size_t sizes[] = {32, 128, 512};
  limes_batch *batch = random_vectors(context, 3, 6, 6);
  limes_width_report *report = study("dense erf dense", batch, &(limes_width_options){.sizes = sizes, .n_sizes = 3});
  assert_true(report->enough && report->draws > 20 && report->draws < 500);
  assert_true(report->nngp.interval[1] - report->nngp.interval[0] < 0.1 &&
              report->ntk.interval[1] - report->ntk.interval[0] < 0.1);
  limes_width_report *at_once =
      study("dense erf dense", batch, &(limes_width_options){.sizes = sizes, .n_sizes = 3, .draws = report->draws});
  for (size_t i = 0; i < 3; i++) {
    assert_close(at_once->nngp.at[i].error, report->nngp.at[i].error, 1e-14); /* rounds go on where the last one stopped */
    assert_close(at_once->ntk.at[i].bias_squared, report->ntk.at[i].bias_squared, 1e-12);
  }
  limes_width_report_destroy(at_once);
  limes_width_report_destroy(report);
  report = study("dense erf dense", batch,
                 &(limes_width_options){.items = 1, .most_seconds = 1e-9, .parameterization = LIMES_STANDARD_PARAMETERIZATION});
  print_message("%zu draws of %zu sizes from %zu\n", report->draws, report->n, report->size[0]);
  assert_true(report->draws == 20 && report->n == 5 && report->size[0] == 64 && report->ntk.at == NULL && report->output == NULL);
  limes_width_report_destroy(report);
  limes_batch_destroy(batch);
}

static int stop(void *user, const char *what, double done, double left) {
  (void)what;
  (void)done;
  (void)left;
  return ++*(int *)user > 2;
}

static void assert_refused(const char *text, const limes_batch *batch, const limes_width_options *options, limes_status status,
                           const char *says) {
  limes_model *model = parsed(context, text);
  limes_width_report *report = NULL;
  assert_int_equal(limes_width_study(context, model, batch, options, &report), status);
  assert_null(report);
  if (strstr(limes_error(context), says) == NULL)
    fail_msg("%s does not say \"%s\"", limes_error(context), says);
  limes_model_destroy(model);
}

static void what_cannot_be_studied_is_refused_in_a_sentence(void **state) {
  (void)state;
  static const size_t falling[] = {64, 32};
  const limes_width_options plain = {.draws = 4};
  limes_batch *batch = random_sequences(context, 4, 2, 3, 4);
  assert_refused("dense exp_normalized global_avg_pool dense", batch, &plain, LIMES_UNABLE, "cannot be sampled at finite width");
  assert_refused("dense erf", batch, &plain, LIMES_WRONG_USE, "keeps positions");
  assert_refused("dense erf global_avg_pool dense", batch, &(limes_width_options){.sizes = falling, .n_sizes = 2},
                 LIMES_WRONG_USE, "rising");
  assert_refused("dense erf global_avg_pool dense", batch, &(limes_width_options){.sizes = falling, .n_sizes = 1},
                 LIMES_WRONG_USE, "two sizes");
  assert_refused("dense erf global_avg_pool dense", batch, &(limes_width_options){.draws = 1}, LIMES_WRONG_USE, "at least 2");
  int asked = 0;
  limes_set_progress(context, stop, &asked);
  assert_refused("dense erf dense erf global_avg_pool dense", batch, &(limes_width_options){.draws = 100000}, LIMES_INTERRUPTED,
                 "interrupted");
  limes_set_progress(context, NULL, NULL);
  limes_batch_destroy(batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_fall_with_the_root_of_the_width),
      cmocka_unit_test(bias_and_scatter_add_up_to_the_error),
      cmocka_unit_test(the_bias_of_the_mean_is_found_without_its_noise),
      cmocka_unit_test(a_limit_that_is_5_percent_off_is_noticed),
      cmocka_unit_test(intervals_of_slopes_hold_the_slope_as_often_as_they_say),
      cmocka_unit_test(the_test_of_normality_has_its_known_values),
      cmocka_unit_test(one_position_has_the_kurtosis_of_one_logit),
      cmocka_unit_test(sampled_heads_have_the_variance_of_the_limit),
      cmocka_unit_test(kurtosis_falls_with_the_heads_as_predicted),
      cmocka_unit_test(one_head_stays_as_far_from_normal_at_any_width),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(items_that_are_left_out_change_nothing),
      cmocka_unit_test(draws_are_added_until_the_slopes_are_known),
      cmocka_unit_test(what_cannot_be_studied_is_refused_in_a_sentence),
  };
  return cmocka_run_group_tests(tests, set_up, destroy_context);
}
