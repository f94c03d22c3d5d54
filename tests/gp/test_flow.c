#include "dense.h"

#include "gp/gp.h"

#define N 15
#define M 6
#define K 2

static joint_kernel nngp, ntk;
static double *y;

static limes_gp_kernels all_kernels(void) {
  return (limes_gp_kernels){.train = N,
                            .test = M,
                            .nngp_dd = nngp.dd,
                            .nngp_td = nngp.td,
                            .nngp_tt = nngp.tt,
                            .ntk_dd = ntk.dd,
                            .ntk_td = ntk.td,
                            .ntk_tt = ntk.tt};
}

static limes_gp *fit(limes_with with, double noise, double time, double rate) {
  limes_gp_options options = {.with = with, .noise = noise, .diag_reg = NAN, .time = time, .learning_rate = rate};
  limes_gp_kernels kernels = all_kernels();
  limes_gp *gp = NULL;
  assert_ok(context, limes_gp_fit(context, &kernels, y, K, false, &options, &gp));
  return gp;
}

static void predict(limes_with with, double noise, double time, double rate, double mean[M * K], double covariance[M * M]) {
  limes_gp *gp = fit(with, noise, time, rate);
  limes_gp_kernels kernels = all_kernels();
  assert_ok(context,
            limes_gp_predict(context, gp, &kernels, mean, with == LIMES_WITH_NTK && time < HUGE_VAL ? NULL : covariance, NULL));
  limes_gp_destroy(gp);
}

/* td A^-1 (I - exp(-scale A)) */
static dense weights(const joint_kernel *k, double noise, long double scale) {
  dense a = dense_sum(dense_from(N, N, k->dd), noise, dense_identity(N));
  return dense_product(dense_from(M, N, k->td), dense_flow(a, scale));
}

static void finite_times_equal_the_matrix_exponential(void **state) {
  (void)state;
  const double times[] = {1e-9, 0.1, 3, 200, 1e5};
  for (size_t t = 0; t < 5; t++)
    for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE; with++) {
      const joint_kernel *solved = with == LIMES_WITH_NNGP ? &nngp : &ntk;
      double rate = 0.7, noise = 0.03, mean[M * K], covariance[M * M];
      long double scale = (long double)rate * times[t] / (N * K);
      predict((limes_with)with, noise, times[t], rate, mean, covariance);
      dense w = weights(solved, noise, scale), expected = dense_product(w, dense_from(N, K, y));
      double size = 0;
      for (size_t i = 0; i < M * K; i++)
        size = fmax(size, (double)fabsl(expected.at[i]));
      for (size_t i = 0; i < M * K; i++)
        assert_close_at(mean[i], (double)expected.at[i], 1e-12 * size, i);
      if (with == LIMES_WITH_NTK)
        continue;
      dense prior = dense_from(M, M, nngp.tt), cross, change;
      if (with == LIMES_WITH_NNGP) {
        change =
            dense_sum(prior, -1, dense_product(weights(&nngp, noise, 2 * scale), dense_transpose(dense_from(M, N, nngp.td))));
      } else {
        cross = dense_product(w, dense_transpose(dense_from(M, N, nngp.td)));
        change = dense_sum(prior, 1, dense_product(dense_product(w, dense_from(N, N, nngp.dd)), dense_transpose(w)));
        change = dense_sum(dense_sum(change, -1, cross), -1, dense_transpose(cross));
      }
      for (size_t i = 0; i < M * M; i++)
        assert_close_at(covariance[i], (double)change.at[i], 1e-12, i);
    }
}

static void at_time_zero_stands_the_prior(void **state) {
  (void)state;
  double mean[M * K], covariance[M * M];
  for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE; with += 2) {
    predict((limes_with)with, 0, 0, 1, mean, covariance);
    for (size_t i = 0; i < M * K; i++)
      assert_close_at(mean[i], 0, 0, i);
    for (size_t i = 0; i < M * M; i++)
      assert_close_at(covariance[i], nngp.tt[i], 0, i);
  }
}

static void long_times_end_in_the_posterior(void **state) {
  (void)state;
  const double times[] = {1e8, 1e300};
  for (size_t t = 0; t < 2; t++)
    for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE; with++) {
      double mean[M * K], covariance[M * M], expected[M * K], expected_covariance[M * M];
      predict((limes_with)with, 0.01, times[t], 1, mean, covariance);
      predict((limes_with)with, 0.01, INFINITY, 1, expected, expected_covariance);
      for (size_t i = 0; i < M * K; i++)
        assert_close_at(mean[i], expected[i], 1e-11, i);
      for (size_t i = 0; i < M * M && with != LIMES_WITH_NTK; i++)
        assert_close_at(covariance[i], expected_covariance[i], 1e-11, i);
    }
}

static void the_ntk_as_covariance_has_only_a_mean_at_finite_time(void **state) {
  (void)state;
  limes_gp *gp = fit(LIMES_WITH_NTK, 0.1, 5, 1);
  limes_gp_kernels kernels = all_kernels();
  double variance[M];
  assert_false(limes_gp_has_variance(gp));
  assert_int_equal(limes_gp_predict(context, gp, &kernels, NULL, NULL, variance), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "ensemble"));
  limes_gp_destroy(gp);
}

/* Two equal items: the flow for ever asks for the jitter that the posterior asks for, a short flow does not. */
static void a_flow_that_resolves_rounding_takes_a_jitter(void **state) {
  (void)state;
  double dd[9] = {1, 1, 0.5, 1, 1, 0.5, 0.5, 0.5, 1}, target[3] = {1, 2, 3}, td[3] = {1, 1, 0.5}, tt = 1, mean = NAN,
         variance = NAN;
  limes_gp_options options = limes_gp_defaults();
  options.noise = 0;
  limes_gp_kernels kernels = {.train = 3, .test = 1, .nngp_dd = dd, .nngp_td = td, .nngp_tt = &tt};
  const double times[] = {100, 1e40, INFINITY};
  for (size_t t = 0; t < 3; t++) {
    limes_gp *gp = NULL;
    options.time = times[t];
    last_log[0] = 0;
    assert_ok(context, limes_gp_fit(context, &kernels, target, 1, false, &options, &gp));
    assert_ok(context, limes_gp_predict(context, gp, &kernels, &mean, NULL, &variance));
    assert_int_equal(limes_gp_describe(gp).jitter > 0, t > 0);
    assert_int_equal(strstr(last_log, "singular") != NULL, t > 0);
    assert_close(mean, 1.5, 1e-3);
    assert_close(variance, 0, 1e-9);
    limes_gp_destroy(gp);
  }
}

static void cross_validation_predicts_each_item_without_its_fold(void **state) {
  (void)state;
  limes_gp *gp = fit(LIMES_WITH_NTK, 0.2, 40, 1);
  double held_out[N * K], changed[N * K];
  assert_ok(context, limes_gp_held_out(context, gp, held_out));
  limes_gp_destroy(gp);
  for (size_t i = 0; i < N; i++) {
    y[i * K] += 100;
    gp = fit(LIMES_WITH_NTK, 0.2, 40, 1);
    assert_ok(context, limes_gp_held_out(context, gp, changed));
    limes_gp_destroy(gp);
    y[i * K] -= 100;
    assert_close_at(changed[i * K], held_out[i * K], 1e-9, i);
    size_t same = 0; /* its fold: 3 of 15 items */
    for (size_t j = 0; j < N; j++)
      same += fabs(changed[j * K] - held_out[j * K]) <= 1e-9;
    assert_int_equal(same, 3);
  }
}

/* Items held out when training stops at t are those a process fitted to the others predicts at the same t. */
static void cross_validation_equals_fitting_the_other_folds(void **state) {
  (void)state;
  limes_gp *gp = fit(LIMES_WITH_NTK, 0.2, 40, 1);
  double held_out[N * K], changed[N * K];
  assert_ok(context, limes_gp_held_out(context, gp, held_out));
  limes_gp_destroy(gp);
  y[0] += 100;
  gp = fit(LIMES_WITH_NTK, 0.2, 40, 1);
  assert_ok(context, limes_gp_held_out(context, gp, changed));
  limes_gp_destroy(gp);
  y[0] -= 100;
  size_t in[N], n_in = 0;
  for (size_t j = 0; j < N; j++)
    if (fabs(changed[j * K] - held_out[j * K]) > 1e-9)
      in[n_in++] = j;
  double dd[N * N], td[N], target[N * K], mean[K];
  for (size_t a = 0; a < n_in; a++) {
    td[a] = ntk.dd[in[a]];
    memcpy(target + a * K, y + in[a] * K, K * sizeof(double));
    for (size_t b = 0; b < n_in; b++)
      dd[a * n_in + b] = ntk.dd[in[a] * N + in[b]];
  }
  limes_gp_options options = {.with = LIMES_WITH_NTK, .noise = 0.2, .diag_reg = NAN, .time = 40, .learning_rate = 1};
  limes_gp_kernels kernels = {.train = n_in, .test = 1, .ntk_dd = dd, .ntk_td = td};
  assert_ok(context, limes_gp_fit(context, &kernels, target, K, false, &options, &gp));
  assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, NULL, NULL));
  limes_gp_destroy(gp);
  for (size_t c = 0; c < K; c++)
    assert_close_at(held_out[c], mean[c], 1e-12, c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finite_times_equal_the_matrix_exponential),
      cmocka_unit_test(at_time_zero_stands_the_prior),
      cmocka_unit_test(long_times_end_in_the_posterior),
      cmocka_unit_test(the_ntk_as_covariance_has_only_a_mean_at_finite_time),
      cmocka_unit_test(a_flow_that_resolves_rounding_takes_a_jitter),
      cmocka_unit_test(cross_validation_predicts_each_item_without_its_fold),
      cmocka_unit_test(cross_validation_equals_fitting_the_other_folds),
  };
  assert_int_equal(begin(NULL), 0);
  nngp = joint_kernel_new(N, M, 30, 0.05, 1);
  ntk = joint_kernel_new(N, M, 40, 0.1, 2);
  y = random_targets(N, K, 3);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  free(y);
  dense_free_all();
  joint_kernel_free(nngp);
  joint_kernel_free(ntk);
  (void)end(NULL);
  return failed;
}
