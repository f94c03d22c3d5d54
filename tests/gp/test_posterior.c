#include "dense.h"

#include "limes/gp.h"

#define N 23
#define M 9
#define K 2

static joint_kernel nngp, ntk;
static double *y;

static limes_gp_kernels kernels_of(size_t n, size_t m) {
  return (limes_gp_kernels){.train = n,
                            .test = m,
                            .nngp_dd = nngp.dd,
                            .nngp_td = nngp.td,
                            .nngp_tt = nngp.tt,
                            .ntk_dd = ntk.dd,
                            .ntk_td = ntk.td,
                            .ntk_tt = ntk.tt};
}

static limes_gp *fit(limes_with with, double noise, bool centre) {
  limes_gp_options options = limes_gp_defaults();
  options.with = with;
  options.noise = noise;
  limes_gp_kernels kernels = kernels_of(N, 0);
  limes_gp *gp = NULL;
  assert_ok(context, limes_gp_fit(context, &kernels, y, K, centre, &options, &gp));
  return gp;
}

/* W = td A^-1; the mean of W (y - offset) + offset, and the covariance of each process, in long double */
static void direct(limes_with with, double noise, bool centre, dense *mean, dense *covariance) {
  const joint_kernel *solved = with == LIMES_WITH_NNGP ? &nngp : &ntk;
  dense a = dense_sum(dense_from(N, N, solved->dd), noise, dense_identity(N)), td = dense_from(M, N, solved->td);
  dense w = dense_product(td, dense_inverse(a, NULL)), target = dense_from(N, K, y);
  long double offset[K] = {0};
  for (size_t c = 0; c < K && centre; c++)
    for (size_t i = 0; i < N; i++)
      offset[c] += target.at[i * K + c] / N;
  for (size_t i = 0; i < N * K; i++)
    target.at[i] -= offset[i % K];
  *mean = dense_product(w, target);
  for (size_t i = 0; i < M * K; i++)
    mean->at[i] += offset[i % K];
  if (with != LIMES_WITH_ENSEMBLE) {
    *covariance = dense_sum(dense_from(M, M, solved->tt), -1, dense_product(w, dense_transpose(td)));
    return;
  }
  dense cross = dense_product(w, dense_transpose(dense_from(M, N, nngp.td)));
  dense inner = dense_product(dense_product(w, dense_from(N, N, nngp.dd)), dense_transpose(w));
  *covariance = dense_sum(dense_sum(dense_sum(dense_from(M, M, nngp.tt), 1, inner), -1, cross), -1, dense_transpose(cross));
}

static void every_process_equals_its_dense_formula(void **state) {
  (void)state;
  for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE; with++)
    for (int centre = 0; centre < 2; centre++)
      for (double noise = 0; noise < 1; noise += 0.3) {
        limes_gp *gp = fit((limes_with)with, noise, centre);
        limes_gp_kernels kernels = kernels_of(N, M);
        double mean[M * K], covariance[M * M], variance[M], alone[M];
        assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, covariance, variance));
        assert_ok(context, limes_gp_predict(context, gp, &kernels, NULL, NULL, alone));
        dense expected_mean, expected;
        direct((limes_with)with, noise, centre, &expected_mean, &expected);
        for (size_t i = 0; i < M * K; i++)
          assert_close_at(mean[i], (double)expected_mean.at[i], 1e-12, i);
        for (size_t i = 0; i < M * M; i++)
          assert_close_at(covariance[i], (double)expected.at[i], 1e-12, i);
        for (size_t i = 0; i < M; i++) {
          assert_close_at(variance[i], covariance[i * M + i], 0, i);
          assert_close_at(alone[i], variance[i], 1e-12, i);
        }
        limes_gp_destroy(gp);
      }
}

static void variances_need_only_the_diagonal_of_the_test_kernel(void **state) {
  (void)state;
  for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE; with++) {
    limes_gp *gp = fit((limes_with)with, 0.1, true);
    limes_gp_kernels kernels = kernels_of(N, M), diagonal = kernels;
    double nngp_tt[M], ntk_tt[M], expected[M], variance[M], covariance[M * M];
    for (size_t i = 0; i < M; i++) {
      nngp_tt[i] = nngp.tt[i * M + i];
      ntk_tt[i] = ntk.tt[i * M + i];
    }
    diagonal.nngp_tt = nngp_tt;
    diagonal.ntk_tt = ntk_tt;
    diagonal.tt_is_diagonal = true;
    assert_ok(context, limes_gp_predict(context, gp, &kernels, NULL, NULL, expected));
    assert_ok(context, limes_gp_predict(context, gp, &diagonal, NULL, NULL, variance));
    assert_memory_equal(variance, expected, sizeof variance);
    assert_int_equal(limes_gp_predict(context, gp, &diagonal, NULL, covariance, NULL), LIMES_WRONG_USE);
    limes_gp_destroy(gp);
  }
}

static void log_evidence_is_the_log_density_of_the_targets(void **state) {
  (void)state;
  limes_gp *gp = fit(LIMES_WITH_NNGP, 0.2, false);
  long double log_determinant = 0, quadratic = 0;
  dense a = dense_sum(dense_from(N, N, nngp.dd), 0.2, dense_identity(N)), target = dense_from(N, K, y);
  dense solved = dense_product(dense_inverse(a, &log_determinant), target);
  for (size_t i = 0; i < N * K; i++)
    quadratic += target.at[i] * solved.at[i];
  assert_close(limes_gp_describe(gp).log_evidence, (double)(-quadratic / 2 - K * (log_determinant + N * logl(2 * M_PIl)) / 2),
               1e-10);
  limes_gp_destroy(gp);
  gp = fit(LIMES_WITH_ENSEMBLE, 0.2, false);
  assert_true(isnan(limes_gp_describe(gp).log_evidence));
  limes_gp_destroy(gp);
}

/* The process refitted without item i predicts it. */
static void refit_without(size_t i, limes_with with, double noise, double mean[K], double *variance) {
  const joint_kernel *solved = with == LIMES_WITH_NNGP ? &nngp : &ntk;
  double dd[(N - 1) * (N - 1)], td[N - 1], rest[(N - 1) * K], tt = solved->dd[i * N + i];
  for (size_t a = 0; a < N - 1; a++) {
    size_t from = a + (a >= i);
    td[a] = solved->dd[i * N + from];
    memcpy(rest + a * K, y + from * K, sizeof(double) * K);
    for (size_t b = 0; b < N - 1; b++)
      dd[a * (N - 1) + b] = solved->dd[from * N + b + (b >= i)];
  }
  limes_gp_options options = limes_gp_defaults();
  options.noise = noise;
  limes_gp_kernels kernels = {.train = N - 1, .test = 1, .nngp_dd = dd, .nngp_td = td, .nngp_tt = &tt};
  limes_gp *gp = NULL;
  assert_ok(context, limes_gp_fit(context, &kernels, rest, K, false, &options, &gp));
  assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, NULL, variance));
  *variance += noise;
  limes_gp_destroy(gp);
}

static void leaving_one_out_equals_fitting_without_it(void **state) {
  (void)state;
  for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_NTK; with++) {
    limes_gp *gp = fit((limes_with)with, 0.1, false);
    double mean[N * K], variance[N];
    assert_ok(context, limes_gp_leave_one_out(context, gp, mean, variance));
    for (size_t i = 0; i < N; i++) {
      double expected[K], expected_variance = NAN;
      refit_without(i, (limes_with)with, 0.1, expected, &expected_variance);
      for (size_t c = 0; c < K; c++)
        assert_close_at(mean[i * K + c], expected[c], 1e-12, i);
      assert_close_at(variance[i], expected_variance, 1e-12, i);
    }
    limes_gp_destroy(gp);
  }
}

static void one_item_is_a_scalar_formula(void **state) {
  (void)state;
  double dd = 2, td[2] = {1, 0}, tt[4] = {3, 0.5, 0.5, 4}, target = 5, mean[2], covariance[4], left_out = NAN;
  limes_gp_options options = limes_gp_defaults();
  options.noise = 0.5;
  limes_gp_kernels kernels = {.train = 1, .test = 2, .nngp_dd = &dd, .nngp_td = td, .nngp_tt = tt};
  limes_gp *gp = NULL;
  assert_ok(context, limes_gp_fit(context, &kernels, &target, 1, false, &options, &gp));
  assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, covariance, NULL));
  assert_close(mean[0], 2, 1e-15);
  assert_close(mean[1], 0, 0);
  assert_close(covariance[0], 2.6, 1e-15);
  assert_close(covariance[1], 0.5, 0);
  assert_close(covariance[3], 4, 0);
  assert_ok(context, limes_gp_leave_one_out(context, gp, &left_out, NULL));
  assert_close(left_out, 0, 1e-15);
  limes_gp_destroy(gp);
}

static void covariances_have_no_negative_eigenvalue(void **state) {
  (void)state;
  for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE; with++) {
    limes_gp *gp = fit((limes_with)with, 1e-3, true);
    limes_gp_kernels kernels = kernels_of(N, M);
    double covariance[M * M], mean[M * K];
    assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, covariance, NULL));
    for (uint64_t seed = 1; seed < 200; seed++) {
      double v[M], form = 0;
      uint64_t random = seed;
      for (size_t i = 0; i < M; i++)
        v[i] = uniform(&random);
      for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < M; j++)
          form += v[i] * covariance[i * M + j] * v[j];
      assert_true(form > -1e-13);
    }
    limes_gp_destroy(gp);
  }
}

static void variances_below_zero_are_counted_and_set_to_zero(void **state) {
  (void)state;
  limes_gp *gp = fit(LIMES_WITH_NNGP, 0, false);
  limes_gp_kernels kernels = {.train = N, .test = N, .nngp_td = nngp.dd, .nngp_tt = nngp.dd};
  double variance[N], least[N];
  for (size_t i = 0; i < N; i++)
    least[i] = i < 3 ? 0 : nngp.dd[i * N + i] + 1; /* three prior variances that are too small */
  kernels.nngp_tt = least;
  kernels.tt_is_diagonal = true;
  last_log[0] = 0;
  assert_ok(context, limes_gp_predict(context, gp, &kernels, NULL, NULL, variance));
  assert_non_null(strstr(last_log, "3 of 23 variances"));
  for (size_t i = 0; i < N; i++)
    assert_close_at(variance[i], i < 3 ? 0 : 1, 1e-12, i);
  limes_gp_destroy(gp);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_process_equals_its_dense_formula),
      cmocka_unit_test(variances_need_only_the_diagonal_of_the_test_kernel),
      cmocka_unit_test(log_evidence_is_the_log_density_of_the_targets),
      cmocka_unit_test(leaving_one_out_equals_fitting_without_it),
      cmocka_unit_test(one_item_is_a_scalar_formula),
      cmocka_unit_test(covariances_have_no_negative_eigenvalue),
      cmocka_unit_test(variances_below_zero_are_counted_and_set_to_zero),
  };
  assert_int_equal(begin(NULL), 0);
  nngp = joint_kernel_new(N, M, 40, 0.05, 1);
  ntk = joint_kernel_new(N, M, 50, 0.1, 2);
  y = random_targets(N, K, 3);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  free(y);
  dense_free_all();
  joint_kernel_free(nngp);
  joint_kernel_free(ntk);
  (void)end(NULL);
  return failed;
}
