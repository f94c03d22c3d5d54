/* The scale of the process, chosen together with the noise: against refitting without the items, and on data it is true of. */
#include "dense.h"

#include "gp/gp.h"

#define N 30
#define M 8
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

static limes_gp *fit(limes_gp_options options, const double *targets) {
  limes_gp_kernels kernels = all_kernels();
  limes_gp *gp = NULL;
  assert_ok(context, limes_gp_fit(context, &kernels, targets, K, false, &options, &gp));
  return gp;
}

static limes_gp_facts facts_of(limes_gp_options options) {
  limes_gp *gp = fit(options, y);
  limes_gp_facts facts = limes_gp_describe(gp);
  limes_gp_destroy(gp);
  return facts;
}

/* Rows `in` and columns `columns` of a training kernel, and one row and its variance */
static void take(const double *dd, size_t count, const size_t *in, size_t item, double *square, double *row, double *own) {
  for (size_t a = 0; a < count; a++) {
    for (size_t b = 0; b < count; b++)
      square[a * count + b] = dd[in[a] * N + in[b]];
    row[a] = dd[item * N + in[a]];
  }
  *own = dd[item * N + item];
}

/* One training item predicted by a process of its own that was fitted without the items `out` marks. */
static void refit(limes_gp_options options, const bool out[N], size_t item, double mean[K], double *variance) {
  double dd[2][N * N], td[2][N], tt[2], targets[N * K];
  size_t in[N], count = 0;
  for (size_t i = 0; i < N; i++)
    if (!out[i]) {
      memcpy(targets + count * K, y + i * K, K * sizeof *y);
      in[count++] = i;
    }
  take(nngp.dd, count, in, item, dd[0], td[0], &tt[0]);
  take(ntk.dd, count, in, item, dd[1], td[1], &tt[1]);
  limes_gp_kernels kernels = {count, 1, dd[0], td[0], &tt[0], dd[1], td[1], &tt[1], false};
  limes_gp *gp = NULL;
  assert_ok(context, limes_gp_fit(context, &kernels, targets, K, false, &options, &gp));
  assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, NULL, variance));
  limes_gp_destroy(gp);
}

typedef struct {
  double scale, density; /* density: the mean negative log density of a number at that scale */
} profile;

/* Every item predicted without the items that its row of `out` marks. */
static profile brute_force(limes_gp_options options, bool out[N][N]) {
  double error[N * K], total[N], mean[K];
  profile result = {.scale = 0, .density = 0};
  for (size_t i = 0; i < N; i++) {
    refit(options, out[i], i, mean, &total[i]);
    total[i] += options.noise;
    for (size_t c = 0; c < K; c++) {
      error[i * K + c] = mean[c] - y[i * K + c];
      result.scale += error[i * K + c] * error[i * K + c] / total[i] / (N * K);
    }
  }
  for (size_t i = 0; i < N * K; i++) {
    double variance = result.scale * total[i / K];
    result.density += (log(2 * M_PI * variance) + error[i] * error[i] / variance) / 2 / (N * K);
  }
  return result;
}

static void leave_one_out_of(bool out[N][N]) {
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < N; j++)
      out[i][j] = i == j;
}

/* Items of one fold: their held-out predictions do not change with each other's targets. */
static void folds_of(bool out[N][N], double time) {
  limes_gp_options options = limes_gp_defaults();
  double before[N * K], after[N * K];
  options.noise = 0.1;
  options.time = time;
  limes_gp *gp = fit(options, y);
  assert_ok(context, limes_gp_held_out(context, gp, before));
  limes_gp_destroy(gp);
  for (size_t i = 0; i < N; i++) {
    y[i * K] += 1000;
    gp = fit(options, y);
    y[i * K] -= 1000;
    assert_ok(context, limes_gp_held_out(context, gp, after));
    limes_gp_destroy(gp);
    for (size_t j = 0; j < N; j++)
      out[i][j] = fabs(after[j * K] - before[j * K]) < 1e-9;
    assert_true(out[i][i]);
  }
}

/* The choice of 40 noises by the density of refitted processes */
static void expect_densest(limes_gp_options options, bool out[N][N]) {
  limes_gp_facts facts = facts_of(options);
  const joint_kernel *solved = options.with == LIMES_WITH_NNGP ? &nngp : &ntk;
  double noise[LIMES_NOISE_VALUES], diagonal = 0, best_noise = NAN;
  profile best = {.density = INFINITY};
  for (size_t i = 0; i < N; i++)
    diagonal += solved->dd[i * N + i] / N;
  limes_gp_noise_values(diagonal, noise);
  for (size_t v = 0; v < LIMES_NOISE_VALUES; v++) {
    options.noise = noise[v];
    profile found = brute_force(options, out);
    if (found.density < best.density) {
      best = found;
      best_noise = noise[v];
    }
  }
  assert_true(facts.noise_chosen && !facts.noise_at_edge);
  assert_close(facts.diag_reg, best_noise / diagonal, 1e-14);
  assert_close(facts.scale, best.scale, 1e-9 * best.scale);
  assert_close(facts.noise, best_noise * best.scale, 1e-9 * facts.noise);
  assert_close(facts.noise_range[1], 10 * diagonal * best.scale, 1e-9 * facts.noise_range[1]);
}

/* The scale at the noise that was chosen */
static void expect_scale(limes_gp_options options, bool out[N][N]) {
  limes_gp_facts facts = facts_of(options);
  options.noise = facts.noise / facts.scale;
  profile found = brute_force(options, out);
  assert_close(facts.scale, found.scale, 1e-8 * found.scale);
  assert_true(fabs(found.scale - 1) > 0.1);
}

static void noise_and_scale_are_those_of_refitting_without_each_item(void **state) {
  (void)state;
  bool out[N][N];
  limes_gp_options options = limes_gp_defaults();
  leave_one_out_of(out);
  expect_densest(options, out);
  options.with = LIMES_WITH_NTK;
  expect_densest(options, out);
}

static void a_flow_is_scaled_by_the_folds_it_did_not_see(void **state) {
  (void)state;
  bool out[N][N];
  limes_gp_options options = limes_gp_defaults();
  options.time = 300;
  folds_of(out, options.time);
  expect_densest(options, out);
}

/* It has only a mean at a finite time, and its noise is chosen all the same. */
static void a_flow_of_the_ntk_chooses_as_if_it_were_a_covariance(void **state) {
  (void)state;
  limes_gp_options options = limes_gp_defaults();
  options.time = 300;
  options.with = LIMES_WITH_NTK;
  limes_gp_facts ntk_facts = facts_of(options);
  joint_kernel kept = nngp;
  nngp = ntk;
  options.with = LIMES_WITH_NNGP;
  limes_gp_facts facts = facts_of(options);
  nngp = kept;
  assert_close(ntk_facts.noise, facts.noise, 0);
  assert_close(ntk_facts.scale, facts.scale, 0);
}

static void an_ensemble_is_scaled_by_its_own_variance(void **state) {
  (void)state;
  bool out[N][N];
  limes_gp_options options = limes_gp_defaults();
  options.with = LIMES_WITH_ENSEMBLE;
  leave_one_out_of(out);
  expect_scale(options, out);
  options.time = 300;
  folds_of(out, options.time);
  expect_scale(options, out);
}

/* The process with a scale is the one of kernels that were multiplied by it. */
static void the_scale_multiplies_kernels_and_noise(void **state) {
  (void)state;
  for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE; with++) {
    limes_gp_options options = limes_gp_defaults();
    options.with = (limes_with)with;
    limes_gp_kernels kernels = all_kernels();
    limes_gp *gp = fit(options, y);
    limes_gp_facts facts = limes_gp_describe(gp);
    double mean[2][M * K], cov[2][M * M], variance[2][M], left_out[2][N], *copies[6];
    assert_ok(context, limes_gp_predict(context, gp, &kernels, mean[0], cov[0], NULL));
    assert_ok(context, limes_gp_predict(context, gp, &kernels, NULL, NULL, variance[0]));
    assert_ok(context, limes_gp_leave_one_out(context, gp, NULL, left_out[0]));
    limes_gp_destroy(gp);
    const double *from[6] = {nngp.dd, nngp.td, nngp.tt, ntk.dd, ntk.td, ntk.tt};
    const size_t size[6] = {N * N, M * N, M * M, N * N, M * N, M * M};
    for (size_t k = 0; k < 6; k++) {
      copies[k] = malloc(size[k] * sizeof(double));
      for (size_t i = 0; i < size[k]; i++)
        copies[k][i] = from[k][i] * facts.scale;
    }
    kernels = (limes_gp_kernels){N, M, copies[0], copies[1], copies[2], copies[3], copies[4], copies[5], false};
    options.noise = facts.noise;
    assert_ok(context, limes_gp_fit(context, &kernels, y, K, false, &options, &gp));
    assert_ok(context, limes_gp_predict(context, gp, &kernels, mean[1], cov[1], variance[1]));
    assert_ok(context, limes_gp_leave_one_out(context, gp, NULL, left_out[1]));
    assert_close(limes_gp_describe(gp).scale, 1, 0);
    assert_close(limes_gp_describe(gp).diag_reg, facts.diag_reg, 1e-12 * facts.diag_reg);
    if (with != LIMES_WITH_ENSEMBLE)
      assert_close(limes_gp_describe(gp).log_evidence, facts.log_evidence, 1e-8 * fabs(facts.log_evidence));
    for (size_t i = 0; i < M * K; i++)
      assert_close_at(mean[1][i], mean[0][i], 1e-9, i);
    for (size_t i = 0; i < M * M; i++)
      assert_close_at(cov[1][i], cov[0][i], 1e-9 * facts.scale, i);
    for (size_t i = 0; i < M; i++)
      assert_close_at(variance[1][i], variance[0][i], 1e-9 * facts.scale, i);
    for (size_t i = 0; i < N; i++)
      assert_close_at(left_out[1][i], left_out[0][i], 1e-9 * left_out[0][i], i);
    limes_gp_destroy(gp);
    for (size_t k = 0; k < 6; k++)
      free(copies[k]);
  }
}

/* Targets in another unit; a power of two changes no digit. */
static void expect_change_of_unit(limes_gp_options options, double factor, double tolerance) {
  double changed[N * K], mean[2][M * K], cov[2][M * M] = {{0}};
  limes_gp_kernels kernels = all_kernels();
  limes_gp_facts facts[2];
  for (size_t i = 0; i < N * K; i++)
    changed[i] = factor * y[i];
  for (size_t k = 0; k < 2; k++) {
    limes_gp *gp = fit(options, k == 0 ? y : changed);
    facts[k] = limes_gp_describe(gp);
    assert_ok(context, limes_gp_predict(context, gp, &kernels, mean[k], limes_gp_has_variance(gp) ? cov[k] : NULL, NULL));
    limes_gp_destroy(gp);
  }
  assert_close(facts[1].scale, factor * factor * facts[0].scale, tolerance * facts[1].scale);
  assert_close(facts[1].noise, factor * factor * facts[0].noise, tolerance * facts[1].noise);
  assert_close(facts[1].diag_reg, facts[0].diag_reg, 0);
  for (size_t i = 0; i < M * K; i++)
    assert_close_at(mean[1][i], factor * mean[0][i], tolerance * fabs(mean[1][i]), i);
  for (size_t i = 0; i < M * M; i++)
    assert_close_at(cov[1][i], factor * factor * cov[0][i], tolerance * facts[1].scale, i);
}

static void error_bars_follow_the_unit_of_the_targets(void **state) {
  (void)state;
  for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE; with++)
    for (int flow = 0; flow < 2; flow++) {
      limes_gp_options options = limes_gp_defaults();
      options.with = (limes_with)with;
      options.time = flow ? 300 : INFINITY;
      expect_change_of_unit(options, 1024, 0);
      expect_change_of_unit(options, 1000, 1e-11);
    }
}

static void a_noise_that_is_given_brings_no_scale(void **state) {
  (void)state;
  limes_gp_kernels kernels = all_kernels();
  double mean[2][M * K], cov[2][M * M];
  for (int way = 0; way < 2; way++) {
    for (int scaled = 0; scaled < 2; scaled++) {
      limes_gp_options options = limes_gp_defaults();
      *(way == 0 ? &options.noise : &options.diag_reg) = 0.07;
      options.scaled = scaled;
      limes_gp *gp = fit(options, y);
      assert_close(limes_gp_describe(gp).scale, 1, 0);
      assert_ok(context, limes_gp_predict(context, gp, &kernels, mean[scaled], cov[scaled], NULL));
      limes_gp_destroy(gp);
    }
    assert_memory_equal(mean[0], mean[1], sizeof mean[0]);
    assert_memory_equal(cov[0], cov[1], sizeof cov[0]);
  }
  limes_gp_options options = limes_gp_defaults();
  options.scaled = false;
  assert_close(facts_of(options).scale, 1, 0);
}

static void equal_targets_leave_the_scale_alone(void **state) {
  (void)state;
  double equal[N * K] = {0};
  limes_gp *gp = fit(limes_gp_defaults(), equal);
  assert_close(limes_gp_describe(gp).scale, 1, 0);
  limes_gp_destroy(gp);
  for (size_t i = 0; i < N * K; i++)
    equal[i] = i % 2 ? 1e300 : -1e300;
  limes_gp_kernels kernels = all_kernels();
  limes_gp_options options = limes_gp_defaults();
  assert_int_equal(limes_gp_fit(context, &kernels, equal, K, false, &options, &gp), LIMES_OUT_OF_DOMAIN);
  assert_non_null(strstr(limes_error(context), "too large"));
}

#define TRAIN 120
#define TEST 120
#define DRAWS 25
#define ALL (TRAIN + TEST)

static double normal(uint64_t *state) {
  double u = uniform(state) + 0.5, v = uniform(state);
  return sqrt(-2 * log(fmax(u, 1e-300))) * cos(2 * M_PI * v);
}

/* L of a = L L^T, in place, C order */
static void cholesky(size_t n, double *a) {
  for (size_t j = 0; j < n; j++)
    for (size_t i = j; i < n; i++) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; k++)
        sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
    }
}

/* Functions of a Gaussian process on [0,6) with 50 times the kernel's variance, observed with noise: intervals hold their share
 */
static void intervals_hold_their_share_of_the_priors_own_data(void **state) {
  (void)state;
  static double dd[TRAIN * TRAIN], td[TEST * TRAIN], tt[TEST * TEST], root[ALL * ALL], within[3], mean_log_noise;
  double scale = 50, noise = 0.02, x[ALL];
  uint64_t seed = 11;
  for (size_t i = 0; i < ALL; i++)
    x[i] = 6 * (uniform(&seed) + 0.5);
  for (size_t i = 0; i < ALL; i++)
    for (size_t j = 0; j < ALL; j++) {
      double value = root[i * ALL + j] = exp(-2 * (x[i] - x[j]) * (x[i] - x[j]));
      if (i < TRAIN && j < TRAIN)
        dd[i * TRAIN + j] = value;
      else if (j < TRAIN)
        td[(i - TRAIN) * TRAIN + j] = value;
      else if (i >= TRAIN)
        tt[(i - TRAIN) * TEST + j - TRAIN] = value;
    }
  for (size_t i = 0; i < ALL; i++)
    root[i * ALL + i] += noise;
  cholesky(ALL, root);
  for (size_t draw = 0; draw < DRAWS; draw++) {
    double z[ALL], target[ALL], mean[TEST], variance[TEST];
    for (size_t i = 0; i < ALL; i++)
      z[i] = sqrt(scale) * normal(&seed);
    for (size_t i = 0; i < ALL; i++) {
      target[i] = 0;
      for (size_t j = 0; j <= i; j++)
        target[i] += root[i * ALL + j] * z[j];
    }
    limes_gp_kernels kernels = {.train = TRAIN, .test = TEST, .nngp_dd = dd, .nngp_td = td, .nngp_tt = tt};
    limes_gp_options options = limes_gp_defaults();
    limes_gp *gp = NULL;
    assert_ok(context, limes_gp_fit(context, &kernels, target, 1, false, &options, &gp));
    assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, NULL, variance));
    limes_gp_facts facts = limes_gp_describe(gp);
    limes_regression_scores scores = limes_score_regression(TEST, 1, target + TRAIN, mean, variance, facts.noise);
    for (size_t w = 0; w < 3; w++)
      within[w] += scores.within[w] / DRAWS;
    mean_log_noise += log(facts.noise) / DRAWS;
    limes_gp_destroy(gp);
  }
  print_message("within the 50, 80, 95 %% intervals: %.3f %.3f %.3f\n", within[0], within[1], within[2]);
  assert_close(within[0], 0.5, 0.03);
  assert_close(within[1], 0.8, 0.03);
  assert_close(within[2], 0.95, 0.02);
  assert_close(mean_log_noise, log(noise * scale), 0.2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_and_scale_are_those_of_refitting_without_each_item),
      cmocka_unit_test(a_flow_is_scaled_by_the_folds_it_did_not_see),
      cmocka_unit_test(a_flow_of_the_ntk_chooses_as_if_it_were_a_covariance),
      cmocka_unit_test(an_ensemble_is_scaled_by_its_own_variance),
      cmocka_unit_test(the_scale_multiplies_kernels_and_noise),
      cmocka_unit_test(error_bars_follow_the_unit_of_the_targets),
      cmocka_unit_test(a_noise_that_is_given_brings_no_scale),
      cmocka_unit_test(equal_targets_leave_the_scale_alone),
      cmocka_unit_test(intervals_hold_their_share_of_the_priors_own_data),
  };
  assert_int_equal(begin(NULL), 0);
  nngp = joint_kernel_new(N, M, 12, 0.02, 1);
  ntk = joint_kernel_new(N, M, 12, 0.05, 1);
  y = malloc(N * K * sizeof *y);
  assert_non_null(y);
  uint64_t seed = 9; /* linear in the kernel's features, with noise */
  for (size_t i = 0; i < N * K; i++)
    y[i] = 7 * (nngp.dd[i / K * N + i % K] + nngp.dd[i / K * N + 5 + i % K] + 0.7 * uniform(&seed));
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  free(y);
  joint_kernel_free(nngp);
  joint_kernel_free(ntk);
  (void)end(NULL);
  return failed;
}
