#include "dense.h"

#include "limes/gp.h"

static void one_hot_rows_sum_to_zero(void **state) {
  (void)state;
  const int64_t labels[2] = {2, 0};
  double y[6];
  limes_one_hot(2, 3, labels, y);
  const double expected[6] = {-1 / 3., -1 / 3., 2 / 3., 2 / 3., -1 / 3., -1 / 3.};
  for (size_t i = 0; i < 6; i++)
    assert_close_at(y[i], expected[i], 1e-15, i);
}

static void softmax_does_not_overflow(void **state) {
  (void)state;
  const double mean[4] = {1000, 0, log(3), 0};
  double p[4];
  limes_softmax_probabilities(2, 2, mean, 1, p);
  assert_close(p[0], 1, 0);
  assert_close(p[1], 0, 0);
  assert_close(p[2], 0.75, 1e-15);
  limes_softmax_probabilities(1, 2, mean + 2, 0.5, p);
  assert_close(p[0], 0.9, 1e-15);
}

/* Noisy predictions of 3 classes for 200 items */
static void make_predictions(double mean[600], int64_t labels[200]) {
  uint64_t seed = 4;
  for (size_t i = 0; i < 200; i++) {
    labels[i] = (int64_t)(i % 3);
    for (size_t c = 0; c < 3; c++)
      mean[i * 3 + c] = (c == i % 3 ? 0.2 : 0) + uniform(&seed);
  }
}

static double nll_at(const double mean[600], const int64_t labels[200], double temperature) {
  double p[600];
  limes_softmax_probabilities(200, 3, mean, temperature, p);
  return limes_score_classes(200, 3, p, labels, NULL, NULL).nll;
}

static void the_temperature_is_where_the_likelihood_is_stationary(void **state) {
  (void)state;
  double mean[600], temperature = NAN;
  int64_t labels[200];
  make_predictions(mean, labels);
  assert_ok(context, limes_fit_temperature(context, 200, 3, mean, labels, &temperature));
  double best = nll_at(mean, labels, temperature), step = 1e-4;
  double slope = (nll_at(mean, labels, temperature * (1 + step)) - nll_at(mean, labels, temperature * (1 - step))) / (2 * step);
  assert_close(slope, 0, 1e-8);
  for (double factor = 1e-2; factor < 1e2; factor *= 1.07)
    assert_true(nll_at(mean, labels, temperature * factor) >= best - 1e-14);
}

static void the_temperature_scales_with_the_predictions(void **state) {
  (void)state;
  double mean[600], first = NAN, second = NAN;
  int64_t labels[200];
  make_predictions(mean, labels);
  assert_ok(context, limes_fit_temperature(context, 200, 3, mean, labels, &first));
  for (size_t i = 0; i < 600; i++)
    mean[i] = 1e6 * mean[i] + 5;
  assert_ok(context, limes_fit_temperature(context, 200, 3, mean, labels, &second));
  assert_close(second / first, 1e6, 1e-4);
}

static void perfect_separation_and_chance_give_finite_temperatures(void **state) {
  (void)state;
  const double right[4] = {1, -1, -1, 1}, wrong[4] = {-1, 1, 1, -1}, flat[4] = {2, 2, 3, 3};
  const int64_t labels[2] = {0, 1}, outside[2] = {0, 2};
  double temperature = NAN;
  last_log[0] = 0;
  assert_ok(context, limes_fit_temperature(context, 2, 2, right, labels, &temperature));
  assert_close(temperature, 2 / log(3), 1e-14); /* probability 3/4 = (2 + 1) / (2 + 2) */
  assert_non_null(strstr(last_log, "perfectly"));
  last_log[0] = 0;
  assert_ok(context, limes_fit_temperature(context, 2, 2, wrong, labels, &temperature));
  assert_close(temperature, 1e3, 1e-9);
  assert_non_null(strstr(last_log, "chance"));
  assert_ok(context, limes_fit_temperature(context, 2, 2, flat, labels, &temperature));
  assert_close(temperature, 1, 0);
  assert_int_equal(limes_fit_temperature(context, 2, 2, right, outside, &temperature), LIMES_BAD_INPUT);
  assert_non_null(strstr(limes_error(context), "item 1"));
}

/* Four items of two classes, by hand: confidences 0.9 right, 0.7 wrong, 0.65 right, 0.5 (a tie: class 0) right */
static void class_scores_equal_those_by_hand(void **state) {
  (void)state;
  const double p[8] = {0.9, 0.1, 0.7, 0.3, 0.35, 0.65, 0.5, 0.5};
  const int64_t labels[4] = {0, 1, 1, 0};
  size_t confusion[4];
  limes_reliability_bin bins[LIMES_RELIABILITY_BINS];
  limes_class_scores scores = limes_score_classes(4, 2, p, labels, confusion, bins);
  assert_close(scores.accuracy, 0.75, 1e-15);
  assert_close(scores.nll, -(log(0.9) + log(0.3) + log(0.65) + log(0.5)) / 4, 1e-15);
  assert_close(scores.brier, 2 * (0.01 + 0.49 + 0.1225 + 0.25) / 4, 1e-15);
  /* bins (0.8, 0.9]: 0.9, (0.6, 0.7]: 0.7 and 0.65, (0.4, 0.5]: 0.5 */
  assert_close(scores.ece, (0.1 + 2 * fabs(0.675 - 0.5) + 0.5) / 4, 1e-15);
  assert_int_equal(bins[8].count, 1);
  assert_int_equal(bins[6].count, 2);
  assert_close(bins[6].confidence, 0.675, 1e-15);
  assert_close(bins[6].accuracy, 0.5, 1e-15);
  assert_int_equal(bins[4].count, 1);
  const size_t expected[4] = {2, 0, 1, 1};
  assert_memory_equal(confusion, expected, sizeof expected);
}

/* 346 of 360: the quotient itself, no sum of 346 roundings */
static void shares_are_counts_divided_once(void **state) {
  (void)state;
  static double p[360 * 2], y[360], mean[360], variance[360];
  static int64_t labels[360];
  for (size_t i = 0; i < 360; i++) {
    p[2 * i] = 0.75;
    p[2 * i + 1] = 0.25;
    labels[i] = i >= 346;
    y[i] = i >= 346;
    variance[i] = 0.01;
  }
  assert_true(limes_score_classes(360, 2, p, labels, NULL, NULL).accuracy == 346 / 360.);
  limes_regression_scores scores = limes_score_regression(360, 1, y, mean, variance, 0);
  assert_true(scores.within[0] == 346 / 360. && scores.within[2] == 346 / 360.);
}

static void an_impossible_class_costs_much_but_not_everything(void **state) {
  (void)state;
  const double p[2] = {1, 0};
  const int64_t label = 1;
  limes_class_scores scores = limes_score_classes(1, 2, p, &label, NULL, NULL);
  assert_true(isfinite(scores.nll) && scores.nll > 700);
  assert_close(scores.brier, 2, 0);
  assert_close(scores.ece, 1, 0);
}

static void regression_scores_equal_those_by_hand(void **state) {
  (void)state;
  const double y[4] = {0, 1, 2, 3}, mean[4] = {0, 2, 2, 0}, variance[2] = {0.75, 3.75};
  limes_regression_scores scores = limes_score_regression(2, 2, y, mean, variance, 0.25);
  assert_close(scores.rmse, sqrt(2.5), 1e-15);
  assert_close(scores.nll, (4 * log(2 * M_PI) / 2 + log(4) + 1 / 2. + 9 / 8.) / 4,
               1e-15); /* errors 0, 1 of deviation 1; 0, 3 of 2 */
  assert_close(scores.within[0], 0.5, 0);
  assert_close(scores.within[1], 0.75, 0);
  assert_close(scores.within[2], 1, 0);
  scores = limes_score_regression(2, 2, y, mean, NULL, 0.25);
  assert_true(isnan(scores.nll) && isnan(scores.within[0]));
  assert_close(scores.rmse, sqrt(2.5), 1e-15);
}

/* Errors drawn from the predictive distribution fall into its intervals as often as they should */
static void intervals_hold_their_share(void **state) {
  (void)state;
  static double y[40000], mean[40000], variance[40000];
  uint64_t seed = 7;
  for (size_t i = 0; i < 40000; i++) {
    double sum = 0; /* of 12 uniforms: variance 1, near enough to normal */
    for (int k = 0; k < 12; k++)
      sum += uniform(&seed);
    variance[i] = 0.5 + (double)(i % 5);
    y[i] = sum * sqrt(variance[i] + 0.5);
  }
  limes_regression_scores scores = limes_score_regression(40000, 1, y, mean, variance, 0.5);
  assert_close(scores.within[0], 0.5, 0.012);
  assert_close(scores.within[1], 0.8, 0.012);
  assert_close(scores.within[2], 0.95, 0.006);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_hot_rows_sum_to_zero),
      cmocka_unit_test(softmax_does_not_overflow),
      cmocka_unit_test(the_temperature_is_where_the_likelihood_is_stationary),
      cmocka_unit_test(the_temperature_scales_with_the_predictions),
      cmocka_unit_test(perfect_separation_and_chance_give_finite_temperatures),
      cmocka_unit_test(class_scores_equal_those_by_hand),
      cmocka_unit_test(shares_are_counts_divided_once),
      cmocka_unit_test(an_impossible_class_costs_much_but_not_everything),
      cmocka_unit_test(regression_scores_equal_those_by_hand),
      cmocka_unit_test(intervals_hold_their_share),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
