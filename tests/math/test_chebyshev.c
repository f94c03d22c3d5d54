#include "helpers.h"

#include "math/chebyshev.h"

#define M 24
#define N 37
#define ROOM 48

static double at[ROOM], w[LIMES_SERIES][ROOM], f[LIMES_SERIES][ROOM];
static double *const weights[LIMES_SERIES] = {w[0], w[1], w[2], w[3]}, *const values[LIMES_SERIES] = {f[0], f[1], f[2], f[3]};

static int make_points(void **state) {
  (void)state;
  assert_int_equal(limes_chebyshev_padded(N), ROOM);
  for (size_t i = 0; i < N; i++) {
    at[i] = cos((double)(i * i));
    for (size_t q = 0; q < LIMES_SERIES; q++)
      w[q][i] = sin((double)(i + 5 * q));
  }
  return 0;
}

static void series_through_the_nodes_is_the_function(void **state) {
  (void)state;
  static double transform[M * M], scratch[4 * M], c[M];
  limes_chebyshev_transform(M, transform, scratch);
  for (size_t m = 0; m < M; m++)
    for (size_t k = 0; k < M; k++)
      c[m] += transform[m + k * M] * exp(limes_chebyshev_node(M, k));
  limes_chebyshev_values(N, at, 1, c, M, values);
  for (size_t i = 0; i < N; i++)
    assert_close_at(f[0][i], exp(at[i]), 1e-14, i);
}

static void moments_are_sums_of_cosines(void **state) {
  (void)state;
  for (size_t count = 1; count <= LIMES_SERIES; count++) {
    double mu[LIMES_SERIES * M];
    limes_chebyshev_moments(N, at, count, weights, M, mu);
    for (size_t q = 0; q < count; q++)
      for (size_t m = 0; m < M; m++) {
        double sum = 0;
        for (size_t i = 0; i < N; i++)
          sum += w[q][i] * cos((double)m * acos(at[i]));
        assert_close_at(mu[m + q * M], sum, 1e-12, m + q * M);
      }
  }
}

static void series_at_points_are_sums_of_cosines(void **state) {
  (void)state;
  double c[LIMES_SERIES * M];
  for (size_t k = 0; k < LIMES_SERIES * M; k++)
    c[k] = sin((double)(3 * k));
  for (size_t count = 1; count <= LIMES_SERIES; count++) {
    limes_chebyshev_values(N, at, count, c, M, values);
    for (size_t q = 0; q < count; q++)
      for (size_t i = 0; i < N; i++) {
        double sum = 0;
        for (size_t m = 0; m < M; m++)
          sum += c[m + q * M] * cos((double)m * acos(at[i]));
        assert_close_at(f[q][i], sum, 1e-12, i);
      }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(series_through_the_nodes_is_the_function),
                                     cmocka_unit_test(moments_are_sums_of_cosines),
                                     cmocka_unit_test(series_at_points_are_sums_of_cosines)};
  return cmocka_run_group_tests(tests, make_points, NULL);
}
