/* Dual activations against integrals worked out in long double, and the laws they obey. */
#include "activations.h"
#include "model/model.h"

#define NODES 16

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
  real across = s > 0 ? sqrtl(fmaxl(sine2, 0)) / s : 1;
  real step = PI / sqrtl(42 * (0.5L + f->steep * f->steep * (k11 + k22)));
  int reach = (int)(12 / step), line = across > 0 ? reach : 0;
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
  return f->kind == KINKED ? by_polar(f, k12, k11, k22) : by_plane(f, k12, k11, k22);
}

/* rho = +-(1 - 10^-k) for k = 1 ... 16, +-1, 0, and random ones; variances of several orders */
static size_t draw_triples(const activation *f, size_t most, double *k12, double *k11, double *k22) {
  random_stream stream = {42};
  for (size_t i = 0; i < most; i++) {
    double wide = f->kind == UNIT ? 0 : f->kind == KINKED && f->degree >= 0 ? 6 : 1, sign = i % 2 == 0 ? 1 : -1;
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

/* Allowed: what one ulp in an input changes, eight times, and 1e-13 of the size of the functions, or what a quadrature may leave
 * out at the largest variances. */
static void closed_forms_equal_their_integrals(void **state) {
  enum { MOST = 48 };
  limes_context *context = *state;
  double k12[MOST], k11[MOST], k22[MOST], value[MOST], slope[MOST];
  for (size_t i = 0; i < ACTIVATIONS; i++) {
    const activation *f = &activations[i];
    real relative = fmaxl(1e-13L, f->allowed);
    size_t n = draw_triples(f, MOST, k12, k11, k22), stride = f->costly ? 9 : 1;
    assert_ok(context, limes_dual(context, f->word, n, k12, k11, k22, value, slope));
    for (size_t j = 0; j < n; j += stride) {
      real ulp = fabsl(k12[j]) * 0x1p-52L;
      expectations exact = integral(f, k12[j], k11[j], k22[j]), up = integral(f, k12[j] + ulp, k11[j], k22[j]),
                   down = integral(f, k12[j] - ulp, k11[j], k22[j]), x = integral(f, k11[j], k11[j], k11[j]),
                   y = integral(f, k22[j], k22[j], k22[j]);
      real change_value = fmaxl(fabsl(up.value - exact.value), fabsl(down.value - exact.value));
      real change_slope = fmaxl(fabsl(up.slope - exact.slope), fabsl(down.slope - exact.slope));
      assert_close_at(value[j], (double)exact.value, (double)(8 * change_value + relative * sqrtl(x.value * y.value)),
                      i * MOST + j);
      assert_close_at(slope[j], (double)exact.slope, (double)(8 * change_slope + relative * sqrtl(x.slope * y.slope)),
                      i * MOST + j);
    }
  }
}

/* rho = 1 has a function of its own. */
static void what_an_item_has_with_itself_is_its_integral(void **state) {
  static const double variances[] = {0.01, 0.4, 1, 1.7};
  for (size_t i = 0; i < ACTIVATIONS; i++) {
    const activation *f = &activations[i];
    limes_model *model = parsed(*state, f->word);
    const limes_node *node = &model->chain.node[0];
    for (size_t j = 0; j < sizeof variances / sizeof *variances; j++) {
      double variance = f->kind == UNIT ? 1 : variances[j], value, slope;
      expectations exact = integral(f, variance, variance, variance);
      node->ops->elementwise->own(node->param, variance, &value, &slope);
      double relative = fmax(1e-12, (double)f->allowed);
      assert_close_at(value, (double)exact.value, relative * fmax(1, fabs((double)exact.value)), i);
      assert_close_at(slope, (double)exact.slope, relative * fmax(1, fabs((double)exact.slope)), i);
    }
    limes_model_destroy(model);
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
    for (size_t trial = 0; trial < 20 && activations[i].slope != nothing; trial++) {
      bool unit = activations[i].kind == UNIT;
      double x = unit ? 1 : random_between(&stream, 0.3, 3), y = unit ? 1 : random_between(&stream, 0.3, 3),
             rho = random_between(&stream, -0.9, 0.9);
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

/* phi(t u) = t^n phi(u) for t > 0: covariances scale with the n-th power of the variances, slopes with the one before. */
static void kinked_duals_are_homogeneous(void **state) {
  limes_context *context = *state;
  random_stream stream = {8};
  for (size_t i = 0; i < ACTIVATIONS; i++)
    for (size_t trial = 0; trial < 30 && activations[i].kind == KINKED && activations[i].degree >= 0; trial++) {
      double x = random_between(&stream, 0.1, 3), y = random_between(&stream, 0.1, 3),
             scale = pow(10, random_between(&stream, -8, 8));
      double covariance = random_between(&stream, -1, 1) * sqrt(x * y);
      double k12[2] = {covariance, scale * covariance}, k11[2] = {x, scale * x}, k22[2] = {y, scale * y}, value[2], slope[2];
      assert_ok(context, limes_dual(context, activations[i].word, 2, k12, k11, k22, value, slope));
      int degree = activations[i].degree;
      double power = pow(scale, degree), less = pow(scale, degree > 0 ? degree - 1 : 0);
      assert_close_at(value[1], power * value[0], 1e-11 * power * pow(x * y, 0.5 * degree), i);
      assert_close_at(slope[1], less * slope[0], 1e-11 * less * pow(x * y, 0.5 * fmax(degree - 1, 0)), i);
    }
}

/* u = 0 with certainty: no angle to speak of, and no NaN. */
static void zero_variance_gives_the_limit(void **state) {
  limes_context *context = *state;
  double k12[3] = {0, 0, 0}, k11[3] = {0, 0, 2}, k22[3] = {0, 1.5, 0}, value[3], slope[3];
  for (size_t i = 0; i < ACTIVATIONS; i++) {
    const activation *f = &activations[i];
    if (f->kind == UNIT)
      continue;
    assert_ok(context, limes_dual(context, f->word, 3, k12, k11, k22, value, slope));
    for (size_t j = 0; j < 3; j++) {
      expectations exact = {f->still[0], f->still[1]};
      if (f->kind == ENTIRE)
        exact = integral(f, 0, k11[j], k22[j]);
      else if (f->degree < 0)
        exact.slope = value[j] == 0 ? slope[j] : NAN; /* elu: one of the two is not still */
      assert_close_at(value[j], (double)exact.value, 1e-13 + f->allowed, i);
      assert_close_at(slope[j], (double)exact.slope, 1e-13 + f->allowed, i);
    }
  }
}

/* Beyond some variance E exp(b u^2) is infinite: an error, not a number. */
static void growing_gaussians_have_no_expectation_at_large_variances(void **state) {
  limes_context *context = *state;
  double k12[5] = {0.1, 0.2, 0, 4, 0.1}, k11[5] = {0.5, 2.4, 3, 5, 6}, k22[5] = {0.7, 2.4, 3, 5, 0.1}, value[3], slope[3];
  assert_ok(context, limes_dual(context, "gaussian(1, 0.1)", 3, k12, k11, k22, value, slope));
  for (int i = 0; i < 3; i++)
    assert_true(isfinite(value[i]) && isfinite(slope[i]));
  for (int i = 3; i < 5; i++) {
    assert_int_equal(limes_dual(context, "gaussian(1, 0.1)", 1, k12 + i, k11 + i, k22 + i, value, slope), LIMES_OUT_OF_DOMAIN);
    assert_non_null(strstr(limes_error(context), "entry 0, gaussian: at position 0 the variance is "));
    assert_non_null(strstr(limes_error(context), "below 1/(4 b) = 2.5"));
  }
}

static void remember(void *user, limes_log_level level, const char *text) {
  (void)level;
  snprintf(user, 256, "%s", text);
}

/* A steep tanh is nearly a sign: what 64 polynomials leave out at rho = 1 is what the warning says. */
static void a_dual_says_what_its_quadrature_leaves_out(void **state) {
  limes_context *context = *state;
  char said[256] = "";
  double variance = 400, value, slope, fine, finer;
  limes_set_log(context, remember, said);
  assert_ok(context, limes_dual(context, "tanh", 1, &variance, &variance, &variance, &value, &slope));
  limes_set_log(context, NULL, NULL);
  const char *number = strstr(said, "up to ");
  assert_non_null(number);
  double reported = strtod(number + 6, NULL);
  assert_ok(context, limes_dual(context, "tanh(512)", 1, &variance, &variance, &variance, &fine, &finer));
  assert_true(reported > 1e-6 && value < fine && fine - value < 1.05 * reported && fine - value > 0.3 * reported);
}

static void hermite_polynomials_want_variance_one(void **state) {
  limes_context *context = *state;
  double one = 1, half = 0.5, value, slope;
  assert_ok(context, limes_dual(context, "hermite(2)", 1, &half, &one, &one, &value, &slope));
  assert_int_equal(limes_dual(context, "hermite(2)", 1, &half, &one, &half, &value, &slope), LIMES_OUT_OF_DOMAIN);
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
      cmocka_unit_test(what_an_item_has_with_itself_is_its_integral),
      cmocka_unit_test(every_word_with_a_dual_is_tested),
      cmocka_unit_test(slope_is_the_derivative_by_the_covariance),
      cmocka_unit_test(kinked_duals_are_homogeneous),
      cmocka_unit_test(zero_variance_gives_the_limit),
      cmocka_unit_test(growing_gaussians_have_no_expectation_at_large_variances),
      cmocka_unit_test(a_dual_says_what_its_quadrature_leaves_out),
      cmocka_unit_test(hermite_polynomials_want_variance_one),
      cmocka_unit_test(words_without_a_dual_are_refused),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
