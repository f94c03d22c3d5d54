/* Dual activations against integrals worked out in long double, and the laws they obey. */
#include "kernel/laws.h"

#define PI 3.14159265358979323846264338327950288L
#define NODES 16

typedef long double real;

/* A nonlinearity with parameters a, b, c and its derivative */
typedef struct {
  const char *word;
  real (*phi)(real u, real a, real b, real c), (*slope)(real u, real a, real b, real c);
  real a, b, c;
  bool kinked; /* at 0, and smooth beside it; else entire */
} activation;

static real two_slopes(real u, real a, real b, real c) {
  (void)c;
  return u < 0 ? a * u : b * u;
}

static real slope_of_two(real u, real a, real b, real c) {
  (void)c;
  return u < 0 ? a : b;
}

static real scaled_erf(real u, real a, real b, real c) { return a * erfl(b * u) + c; }

static real slope_of_erf(real u, real a, real b, real c) {
  (void)c;
  return 2 * a * b / sqrtl(PI) * expl(-b * b * u * u);
}

static const activation activations[] = {
    {"relu", two_slopes, slope_of_two, 0, 1, 0, true},
    {"leaky_relu", two_slopes, slope_of_two, 0.01L, 1, 0, true},
    {"leaky_relu(0.3)", two_slopes, slope_of_two, 0.3L, 1, 0, true},
    {"abrelu(-0.5, 2)", two_slopes, slope_of_two, -0.5L, 2, 0, true},
    {"abrelu(a=1.25, b=-0.75)", two_slopes, slope_of_two, 1.25L, -0.75L, 0, true},
    {"abs", two_slopes, slope_of_two, -1, 1, 0, true},
    {"erf", scaled_erf, slope_of_erf, 1, 1, 0, false},
    {"erf(1.5, 0.5, -0.25)", scaled_erf, slope_of_erf, 1.5L, 0.5L, -0.25L, false},
};
#define ACTIVATIONS (sizeof activations / sizeof *activations)

/* Gauss-Legendre nodes and weights on [-1, 1], by Newton's method on the Legendre polynomial */
static void legendre(real node[NODES], real weight[NODES]) {
  for (int i = 0; i < NODES; i++) {
    real x = cosl(PI * ((real)i + 0.75L) / (NODES + 0.5L)), derivative = 1;
    for (int step = 0; step < 100; step++) {
      real before = 1, value = x;
      for (int k = 2; k <= NODES; k++) {
        real next = ((real)(2 * k - 1) * x * value - (real)(k - 1) * before) / k;
        before = value;
        value = next;
      }
      derivative = NODES * (x * value - before) / (x * x - 1);
      real change = value / derivative;
      x -= change;
      if (fabsl(change) < 1e-19L)
        break;
    }
    node[i] = x;
    weight[i] = 2 / ((1 - x * x) * derivative * derivative);
  }
}

typedef struct {
  real value, slope; /* E[phi(u) phi(v)], E[phi'(u) phi'(v)] */
} expectations;

/* The integral along the ray at angle t, where u = r cos t and v = r cos(t - gamma) in units of their deviations */
static expectations along_ray(const activation *f, real u, real v, const real *node, const real *weight) {
  expectations sum = {0, 0};
  const int pieces = 12;
  for (int piece = 0; piece < pieces; piece++)
    for (int i = 0; i < NODES; i++) {
      real r = (real)piece + (node[i] + 1) / 2, w = weight[i] / 2 * r * expl(-r * r / 2);
      sum.value += w * f->phi(r * u, f->a, f->b, f->c) * f->phi(r * v, f->a, f->b, f->c);
      sum.slope += w * f->slope(r * u, f->a, f->b, f->c) * f->slope(r * v, f->a, f->b, f->c);
    }
  return sum;
}

static int compare_reals(const void *a, const void *b) {
  real x = *(const real *)a, y = *(const real *)b;
  return (x > y) - (x < y);
}

/* In polar coordinates of two independent normals, the circle cut where u or v changes sign. */
static expectations by_polar(const activation *f, real k12, real k11, real k22) {
  real node[NODES], weight[NODES], s = sqrtl(k11 * k22), sine2 = (s - k12) * (s + k12);
  legendre(node, weight);
  real gamma = atan2l(sqrtl(sine2 > 0 ? sine2 : 0), k12);
  real cut[6] = {-PI / 2, PI / 2, gamma - PI / 2, gamma + PI / 2, gamma - 3 * PI / 2, 3 * PI / 2};
  qsort(cut, 6, sizeof *cut, compare_reals);
  expectations sum = {0, 0};
  for (int piece = 0; piece < 5; piece++) {
    real left = fmaxl(cut[piece], -PI / 2), right = fminl(cut[piece + 1], 3 * PI / 2);
    for (int i = 0; right > left && i < NODES; i++) {
      real t = left + (right - left) * (node[i] + 1) / 2;
      expectations ray = along_ray(f, sqrtl(k11) * cosl(t), sqrtl(k22) * cosl(t - gamma), node, weight);
      sum.value += weight[i] / 2 * (right - left) / (2 * PI) * ray.value;
      sum.slope += weight[i] / 2 * (right - left) / (2 * PI) * ray.slope;
    }
  }
  return sum;
}

#define MOST_NODES 1024

/* The trapezoid rule on a plane, which converges geometrically for entire functions; its step resolves erf(b u). */
static expectations by_plane(const activation *f, real k12, real k11, real k22) {
  real s = sqrtl(k11 * k22), rho = s > 0 ? k12 / s : 0, sine2 = (s - k12) * (s + k12), weight[MOST_NODES];
  real across = s > 0 && sine2 > 0 ? sqrtl(sine2) / s : 0;
  real step = PI / sqrtl(42 * (0.5L + f->b * f->b * (k11 + k22)));
  int reach = (int)(9 / step), line = across > 0 ? reach : 0;
  assert_true(reach < MOST_NODES);
  for (int i = 0; i <= reach; i++)
    weight[i] = step / sqrtl(2 * PI) * expl(-step * step * (real)(i * i) / 2);
  expectations sum = {0, 0};
  for (int i = -reach; i <= reach; i++) {
    real x = step * i, u = sqrtl(k11) * x, phi_u = f->phi(u, f->a, f->b, f->c), slope_u = f->slope(u, f->a, f->b, f->c);
    for (int j = -line; j <= line; j++) {
      real v = sqrtl(k22) * (rho * x + across * step * j), w = weight[abs(i)] * (line > 0 ? weight[abs(j)] : 1);
      sum.value += w * phi_u * f->phi(v, f->a, f->b, f->c);
      sum.slope += w * slope_u * f->slope(v, f->a, f->b, f->c);
    }
  }
  return sum;
}

static expectations integral(const activation *f, real k12, real k11, real k22) {
  return f->kinked ? by_polar(f, k12, k11, k22) : by_plane(f, k12, k11, k22);
}

/* rho = +-(1 - 10^-k) for k = 1 ... 16, +-1, 0, and random ones; variances of several orders */
static size_t draw_triples(const activation *f, size_t most, double *k12, double *k11, double *k22) {
  random_stream stream = {42};
  for (size_t i = 0; i < most; i++) {
    double wide = f->kinked ? 6 : 1, sign = i % 2 == 0 ? 1 : -1;
    k11[i] = pow(10, random_between(&stream, -wide, wide));
    k22[i] = pow(10, random_between(&stream, -wide, wide));
    double rho = i < 32    ? sign * (1 - pow(10, -(double)(i / 2 + 1)))
                 : i < 34  ? sign
                 : i == 34 ? 0
                           : random_between(&stream, -1, 1);
    k12[i] = rho * sqrt(k11[i] * k22[i]);
  }
  return most;
}

/* Allowed: what one ulp in an input changes, eight times, and 1e-13 of the size of the functions. */
static void closed_forms_equal_their_integrals(void **state) {
  enum { MOST = 48 };
  limes_context *context = *state;
  double k12[MOST], k11[MOST], k22[MOST], value[MOST], slope[MOST];
  for (size_t i = 0; i < ACTIVATIONS; i++) {
    const activation *f = &activations[i];
    size_t n = draw_triples(f, MOST, k12, k11, k22);
    assert_ok(context, limes_dual(context, f->word, n, k12, k11, k22, value, slope));
    for (size_t j = 0; j < n; j++) {
      real ulp = fabsl(k12[j]) * 0x1p-52L;
      expectations exact = integral(f, k12[j], k11[j], k22[j]), up = integral(f, k12[j] + ulp, k11[j], k22[j]),
                   down = integral(f, k12[j] - ulp, k11[j], k22[j]), x = integral(f, k11[j], k11[j], k11[j]),
                   y = integral(f, k22[j], k22[j], k22[j]);
      real change_value = fmaxl(fabsl(up.value - exact.value), fabsl(down.value - exact.value));
      real change_slope = fmaxl(fabsl(up.slope - exact.slope), fabsl(down.slope - exact.slope));
      assert_close_at(value[j], (double)exact.value, (double)(8 * change_value + 1e-13L * sqrtl(x.value * y.value)),
                      i * MOST + j);
      assert_close_at(slope[j], (double)exact.slope, (double)(8 * change_slope + 1e-13L * sqrtl(x.slope * y.slope)),
                      i * MOST + j);
    }
  }
}

/* Every word that has a dual stands in the table above, so that a new one is not forgotten. */
static void every_word_with_a_dual_is_tested(void **state) {
  limes_context *context = *state;
  const char *word;
  double one = 1, value, slope;
  for (size_t i = 0; (word = limes_word(i)) != NULL; i++) {
    bool known = strcmp(word, "identity") == 0;
    for (size_t j = 0; j < ACTIVATIONS; j++)
      known = known || strncmp(activations[j].word, word, strlen(word)) == 0;
    if (!known && limes_dual(context, word, 1, &one, &one, &one, &value, &slope) == LIMES_OK)
      fail_msg("%s has a dual; add it to the activations of this test", word);
  }
}

/* Price: E[phi' phi'] = d E[phi phi] / d k12, by a five-point difference. */
static void slope_is_the_derivative_by_the_covariance(void **state) {
  limes_context *context = *state;
  random_stream stream = {7};
  for (size_t i = 0; i < ACTIVATIONS; i++)
    for (size_t trial = 0; trial < 20; trial++) {
      double x = random_between(&stream, 0.3, 3), y = random_between(&stream, 0.3, 3), rho = random_between(&stream, -0.9, 0.9);
      double s = sqrt(x * y), h = 1e-3 * s, k12[5], k11[5], k22[5], value[5], slope[5];
      for (int k = 0; k < 5; k++) {
        k12[k] = rho * s + (k - 2) * h;
        k11[k] = x;
        k22[k] = y;
      }
      assert_ok(context, limes_dual(context, activations[i].word, 5, k12, k11, k22, value, slope));
      double difference = (8 * (value[3] - value[1]) - (value[4] - value[0])) / (12 * h);
      assert_close_at(slope[2], difference, 3e-9 * fmax(1, fabs(difference)), i);
    }
}

/* phi(c u) = c phi(u): covariances scale, slopes do not. */
static void kinked_duals_are_homogeneous(void **state) {
  limes_context *context = *state;
  random_stream stream = {8};
  for (size_t i = 0; i < ACTIVATIONS && activations[i].kinked; i++)
    for (size_t trial = 0; trial < 30; trial++) {
      double x = random_between(&stream, 0.1, 3), y = random_between(&stream, 0.1, 3),
             scale = pow(10, random_between(&stream, -8, 8));
      double covariance = random_between(&stream, -1, 1) * sqrt(x * y);
      double k12[2] = {covariance, scale * covariance}, k11[2] = {x, scale * x}, k22[2] = {y, scale * y}, value[2], slope[2];
      assert_ok(context, limes_dual(context, activations[i].word, 2, k12, k11, k22, value, slope));
      assert_close_at(value[1], scale * value[0], 1e-14 * scale * sqrt(x * y) * 4, i);
      assert_close_at(slope[1], slope[0], 1e-13, i);
    }
}

/* u = 0 with certainty: no angle to speak of, and no NaN. */
static void zero_variance_gives_the_limit(void **state) {
  limes_context *context = *state;
  double k12[3] = {0, 0, 0}, k11[3] = {0, 0, 2}, k22[3] = {0, 1.5, 0}, value[3], slope[3];
  for (size_t i = 0; i < ACTIVATIONS; i++) {
    const activation *f = &activations[i];
    assert_ok(context, limes_dual(context, f->word, 3, k12, k11, k22, value, slope));
    for (size_t j = 0; j < 3; j++) {
      real half = (f->a + f->b) / 2;
      real exact_slope =
          f->kinked ? half * half
                    : 4 * f->a * f->a * f->b * f->b / PI / sqrtl((1 + 2 * f->b * f->b * k11[j]) * (1 + 2 * f->b * f->b * k22[j]));
      assert_close_at(value[j], (double)(f->c * f->c), 1e-15, i);
      assert_close_at(slope[j], (double)exact_slope, 1e-14, i);
    }
  }
}

static void words_without_a_dual_are_refused(void **state) {
  limes_context *context = *state;
  double one = 1, value, slope;
  const char *words[] = {"dense", "conv(3)", "relu relu", "rleu", "", "leaky_relu(x)", "attention"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    assert_int_equal(limes_dual(context, words[i], 1, &one, &one, &one, &value, &slope), LIMES_WRONG_USE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(closed_forms_equal_their_integrals),
      cmocka_unit_test(every_word_with_a_dual_is_tested),
      cmocka_unit_test(slope_is_the_derivative_by_the_covariance),
      cmocka_unit_test(kinked_duals_are_homogeneous),
      cmocka_unit_test(zero_variance_gives_the_limit),
      cmocka_unit_test(words_without_a_dual_are_refused),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
