#include "layers/gaussian_pairs.h"

#include "math/bivariate.h"

/* One point, with sine = sqrt(1 - p^2) as exact as it can be */
typedef struct {
  double h, k, p, sine;
} point;

typedef struct {
  double both, tail_h, tail_k, density;
} answer;

static answer evaluate(point at) {
  answer out;
  double below_h = limes_normal_below(at.h), below_k = limes_normal_below(at.k);
  limes_bivariate_normal(&(limes_bivariate){1, &at.h, &at.k, &at.p, &at.sine, &below_h, &below_k, &out.tail_h, &out.tail_k,
                                            &out.density, &out.both});
  return out;
}

static const double heights[] = {0, 1e-12, 0.3, -0.3, 1, -1.7, 2.5, 4, -6, 9, 40, -45};
static const double lefts[] = {1, 0.7, 0.3, 0.05, 1e-3, 1e-6, 1e-10, 1e-14}; /* 1 - |p| */
#define COUNT(array) (sizeof array / sizeof *array)

/* valgrind computes long doubles as doubles: then there is no reference to compare with. */
static bool has_reference(void) {
  volatile real one = 1;
  return one + (real)0x1p-60 != one;
}

static void probabilities_equal_the_integral_over_correlations(void **state) {
  (void)state;
  if (!has_reference())
    skip();
  for (size_t i = 0; i < COUNT(heights) * COUNT(heights); i++)
    for (size_t l = 0; l < 2 * COUNT(lefts); l++) {
      double left = lefts[l / 2], size = 1 - left, p = l % 2 == 0 ? size : -size;
      real exact = 1 - (real)size;
      point at = {heights[i / COUNT(heights)], heights[i % COUNT(heights)], p, (double)sqrtl(exact * (2 - exact))};
      answer found = evaluate(at);
      assert_close_at(found.both, (double)both_of(at.h, at.k, p), 2e-15, i);
      assert_close_at(found.tail_h, (double)below((at.k - (real)p * at.h) / at.sine), 5e-15, i);
    }
}

static void at_full_correlation_one_bound_decides(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(heights) * COUNT(heights); i++) {
    double h = heights[i / COUNT(heights)], k = heights[i % COUNT(heights)];
    double below_h = limes_normal_below(h), below_k = limes_normal_below(k);
    assert_close_at(evaluate((point){h, k, 1, 0}).both, fmin(below_h, below_k), 1e-15, i);
    assert_close_at(evaluate((point){h, k, -1, 0}).both, fmax(0, below_h + below_k - 1), 1e-15, i);
  }
}

/* E relu(h + u) relu(k + v) by Gauss-Legendre over the plane, where neither is zero */
static real by_the_plane(nonlinearity g, real h, real k, real p) {
  real node[LEGENDRE_NODES], weight[LEGENDRE_NODES], sum = 0, q = sqrtl(1 - p * p);
  legendre(node, weight);
  for (int side = 0; side < 4; side++)
    for (int i = 0; i < 16 * LEGENDRE_NODES; i++)
      for (int j = 0; j < 16 * LEGENDRE_NODES; j++) {
        real x = (real)(i / LEGENDRE_NODES) + node[i % LEGENDRE_NODES], y = (real)(j / LEGENDRE_NODES) + node[j % LEGENDRE_NODES];
        real a = side % 2 == 0 ? x : -x, b = side / 2 == 0 ? y : -y, u = a - h, v = b - k;
        real density = expl(-(u * u - 2 * p * u * v + v * v) / (2 * q * q)) / (2 * PI * q);
        sum += weight[i % LEGENDRE_NODES] * weight[j % LEGENDRE_NODES] * density * zeta_of(g, a) * zeta_of(g, b);
      }
  return sum;
}

/* The formulas that tests of attention sum: by the plane, and their slope as a derivative by the covariance */
static void duals_with_means_equal_an_integral_over_the_plane(void **state) {
  (void)state;
  for (int zeta = IDENTITY; zeta <= ERF; zeta++)
    for (int trial = 0; trial < 3; trial++) {
      real h = trial == 0 ? 0.4L : -0.8L, k = trial == 2 ? -0.3L : 1.1L, p = trial == 1 ? -0.6L : 0.5L, step = 1e-4L;
      real value, slope, above, under, rest;
      dual_with_means(zetas[zeta], h, k, p, 1, 1, &value, &slope);
      dual_with_means(zetas[zeta], h, k, p + step, 1, 1, &above, &rest);
      dual_with_means(zetas[zeta], h, k, p - step, 1, 1, &under, &rest);
      assert_close_at((double)value, (double)by_the_plane(zetas[zeta], h, k, p), 1e-12, zeta);
      assert_close_at((double)slope, (double)((above - under) / (2 * step)), 1e-7, zeta);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(probabilities_equal_the_integral_over_correlations),
      cmocka_unit_test(at_full_correlation_one_bound_decides),
      cmocka_unit_test(duals_with_means_equal_an_integral_over_the_plane),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
