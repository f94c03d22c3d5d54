#include "dense.h"

#include "gp/gp.h"

#define N 30
#define K 2

static joint_kernel kernel;
static double *y;

static limes_status try_fit(const double *dd, size_t n, const double *targets, limes_gp_options options, limes_gp **gp) {
  limes_gp_kernels kernels = {.train = n, .nngp_dd = dd, .ntk_dd = dd};
  return limes_gp_fit(context, &kernels, targets, K, false, &options, gp);
}

static double mean_diagonal(void) {
  double sum = 0;
  for (size_t i = 0; i < N; i++)
    sum += kernel.dd[i * N + i] / N;
  return sum;
}

static void the_sweep_equals_a_factorization_for_every_value(void **state) {
  (void)state;
  limes_gp *gp = NULL;
  limes_gp_options by_error = limes_gp_defaults();
  by_error.scaled = false;
  assert_ok(context, try_fit(kernel.dd, N, y, by_error, &gp));
  limes_gp_facts facts = limes_gp_describe(gp);
  limes_gp_destroy(gp);
  double noise[LIMES_NOISE_VALUES], best = INFINITY, best_noise = NAN;
  limes_gp_noise_values(mean_diagonal(), noise);
  for (size_t v = 0; v < LIMES_NOISE_VALUES; v++) {
    limes_gp_options options = limes_gp_defaults();
    double mean[N * K], error = 0;
    options.noise = noise[v];
    assert_ok(context, try_fit(kernel.dd, N, y, options, &gp));
    assert_ok(context, limes_gp_leave_one_out(context, gp, mean, NULL));
    limes_gp_destroy(gp);
    for (size_t i = 0; i < N * K; i++)
      error += (mean[i] - y[i]) * (mean[i] - y[i]) / (N * K);
    if (error < best) {
      best = error;
      best_noise = noise[v];
    }
  }
  assert_true(facts.noise_chosen);
  assert_close(facts.noise, best_noise, 0);
  assert_close(facts.held_out_error, best, 1e-10 * best);
  assert_close(facts.noise_range[0], 1e-8 * mean_diagonal(), 1e-22);
  assert_close(facts.noise_range[1], 10 * mean_diagonal(), 1e-13);
  assert_close(facts.diag_reg, facts.noise / mean_diagonal(), 1e-15);
}

static void the_best_value_at_the_edge_is_said(void **state) {
  (void)state;
  double random[N * K];
  uint64_t seed = 5;
  limes_gp *gp = NULL;
  for (size_t i = 0; i < N * K; i++) /* neighbours of opposite sign: the kernel knows nothing of them */
    random[i] = (i / K % 2 ? 1 : -1) + 0.01 * uniform(&seed);
  double alike[N * N];
  for (size_t i = 0; i < N * N; i++)
    alike[i] = 1 + (i % (N + 1) == 0 ? 1e-3 : 0);
  last_log[0] = 0;
  assert_ok(context, try_fit(alike, N, random, limes_gp_defaults(), &gp));
  assert_true(limes_gp_describe(gp).noise_at_edge);
  assert_non_null(strstr(last_log, "largest noise"));
  limes_gp_destroy(gp);
}

static void at_a_finite_time_cross_validation_chooses(void **state) {
  (void)state;
  limes_gp_options options = limes_gp_defaults();
  options.time = 50;
  options.scaled = false;
  limes_gp *gp = NULL;
  assert_ok(context, try_fit(kernel.dd, N, y, options, &gp));
  limes_gp_facts facts = limes_gp_describe(gp);
  limes_gp_destroy(gp);
  double noise[LIMES_NOISE_VALUES], best = INFINITY, best_noise = NAN;
  limes_gp_noise_values(mean_diagonal(), noise);
  for (size_t v = 0; v < LIMES_NOISE_VALUES; v++) {
    double mean[N * K], error = 0;
    options.noise = noise[v];
    assert_ok(context, try_fit(kernel.dd, N, y, options, &gp));
    assert_ok(context, limes_gp_held_out(context, gp, mean));
    limes_gp_destroy(gp);
    for (size_t i = 0; i < N * K; i++)
      error += (mean[i] - y[i]) * (mean[i] - y[i]) / (N * K);
    if (error < best * (1 - 1e-12)) {
      best = error;
      best_noise = noise[v];
    }
  }
  assert_close(facts.noise, best_noise, 0);
  assert_close(facts.held_out_error, best, 1e-10 * best);
}

static void a_singular_kernel_is_solved_with_a_reported_jitter(void **state) {
  (void)state;
  double dd[N * N];
  for (size_t i = 0; i < N; i++) /* every item twice */
    for (size_t j = 0; j < N; j++)
      dd[i * N + j] = kernel.dd[i / 2 * N + j / 2];
  limes_gp_options options = limes_gp_defaults();
  options.diag_reg = 0;
  limes_gp *gp = NULL;
  last_log[0] = 0;
  assert_ok(context, try_fit(dd, N, y, options, &gp));
  limes_gp_facts facts = limes_gp_describe(gp);
  assert_close(facts.noise, 0, 0);
  assert_true(facts.jitter > 0 && facts.jitter < 1e-9);
  assert_non_null(strstr(last_log, "singular"));
  limes_gp_destroy(gp);
}

static void expect_refusal(const double *dd, const double *targets, limes_gp_options options, limes_status expected,
                           const char *words) {
  limes_gp *gp = (limes_gp *)&options;
  assert_int_equal(try_fit(dd, 3, targets, options, &gp), expected);
  assert_null(gp);
  if (strstr(limes_error(context), words) == NULL)
    print_error("'%s' says nothing of '%s'\n", limes_error(context), words);
  assert_non_null(strstr(limes_error(context), words));
}

static void bad_matrices_are_refused_by_their_entry(void **state) {
  (void)state;
  const double good[9] = {2, 1, 0, 1, 2, 1, 0, 1, 2}, targets[6] = {1, 2, 3, 4, 5, 6};
  double bad[9], bad_targets[6];
  limes_gp_options options = limes_gp_defaults();
  options.noise = 0.1;
  memcpy(bad, good, sizeof bad);
  bad[5] = NAN;
  expect_refusal(bad, targets, options, LIMES_BAD_INPUT, "nngp_dd holds nan at (1, 2)");
  memcpy(bad, good, sizeof bad);
  bad[6] = 0.5;
  expect_refusal(bad, targets, options, LIMES_BAD_INPUT, "0.5 at (2, 0) but 0 at (0, 2)");
  memcpy(bad, good, sizeof bad);
  bad[8] = -2;
  expect_refusal(bad, targets, options, LIMES_BAD_INPUT, "(2, 2)");
  memcpy(bad, good, sizeof bad);
  bad[1] = bad[3] = 5;
  expect_refusal(bad, targets, options, LIMES_OUT_OF_DOMAIN, "not positive definite");
  memcpy(bad_targets, targets, sizeof bad_targets);
  bad_targets[3] = INFINITY;
  expect_refusal(good, bad_targets, options, LIMES_BAD_INPUT, "y holds inf at (1, 1)");
  expect_refusal(NULL, targets, options, LIMES_WRONG_USE, "nngp_dd is missing");
  memset(bad, 0, sizeof bad);
  options.noise = NAN;
  expect_refusal(bad, targets, options, LIMES_BAD_INPUT, "zero");
}

static void bad_options_are_refused(void **state) {
  (void)state;
  const double good[9] = {2, 1, 0, 1, 2, 1, 0, 1, 2}, targets[6] = {1, 2, 3, 4, 5, 6};
  limes_gp_options options = limes_gp_defaults();
  options.noise = -1;
  expect_refusal(good, targets, options, LIMES_WRONG_USE, "noise is -1");
  options.noise = options.diag_reg = 1;
  expect_refusal(good, targets, options, LIMES_WRONG_USE, "both");
  options = limes_gp_defaults();
  options.time = NAN;
  expect_refusal(good, targets, options, LIMES_WRONG_USE, "time");
  options = limes_gp_defaults();
  options.learning_rate = 0;
  expect_refusal(good, targets, options, LIMES_WRONG_USE, "learning rate");
}

static void float32_asymmetry_is_taken_and_the_lower_triangle_counts(void **state) {
  (void)state;
  double dd[9] = {2, 1, 0, 1, 2, 1, 0, 1, 2}, targets[6] = {1, 2, 3, 4, 5, 6}, td[3] = {1, 0, 1}, expected[2], mean[2];
  limes_gp_options options = limes_gp_defaults();
  options.noise = 0.1;
  limes_gp_kernels test = {.train = 3, .test = 1, .nngp_td = td};
  limes_gp *gp = NULL;
  assert_ok(context, try_fit(dd, 3, targets, options, &gp));
  assert_ok(context, limes_gp_predict(context, gp, &test, expected, NULL, NULL));
  limes_gp_destroy(gp);
  dd[1] += 1e-7;
  assert_ok(context, try_fit(dd, 3, targets, options, &gp));
  assert_ok(context, limes_gp_predict(context, gp, &test, mean, NULL, NULL));
  limes_gp_destroy(gp);
  assert_memory_equal(mean, expected, sizeof mean);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_sweep_equals_a_factorization_for_every_value),
      cmocka_unit_test(the_best_value_at_the_edge_is_said),
      cmocka_unit_test(at_a_finite_time_cross_validation_chooses),
      cmocka_unit_test(a_singular_kernel_is_solved_with_a_reported_jitter),
      cmocka_unit_test(bad_matrices_are_refused_by_their_entry),
      cmocka_unit_test(bad_options_are_refused),
      cmocka_unit_test(float32_asymmetry_is_taken_and_the_lower_triangle_counts),
  };
  assert_int_equal(begin(NULL), 0);
  kernel = joint_kernel_new(N, 1, 12, 0.02, 1);
  y = random_targets(N, K, 3);
  uint64_t seed = 9; /* a linear function of the kernel's features and noise */
  for (size_t i = 0; i < N * K; i++)
    y[i] = kernel.dd[i / K * N + i % K] + 0.2 * uniform(&seed);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  free(y);
  joint_kernel_free(kernel);
  (void)end(NULL);
  return failed;
}
