/* Every nonlinearity of the language as a function with its derivative, in long double. */
#ifndef LIMES_TESTS_ACTIVATIONS_H
#define LIMES_TESTS_ACTIVATIONS_H

#include "kernel/laws.h"

#define PI 3.14159265358979323846264338327950288L

typedef long double real;

/* How an expectation is worked out, and where: on a plane for functions that are analytic near the real line, in polar
 * coordinates for those with a kink or jump at 0. */
typedef enum { ENTIRE, KINKED, UNIT } activation_kind; /* UNIT: entire, and for variance 1 alone */

/* A nonlinearity with parameters a, b, c and its derivative */
typedef struct {
  const char *word;
  real (*phi)(real u, real a, real b, real c), (*slope)(real u, real a, real b, real c);
  real a, b, c;
  activation_kind kind;
  int degree;     /* of a kinked one: phi(t u) = t^degree phi(u) for t > 0; -1: it has none */
  real still[2];  /* of a kinked one: both expectations where a variance is 0 */
  real steep;     /* how narrow features of phi are: those of erf(steep u) */
  bool costly;    /* fewer covariances are tried */
  double allowed; /* relative error of a quadrature; 0: a closed form */
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

/* c + a u + b u^2 */
static real square(real u, real a, real b, real c) { return c + a * u + b * u * u; }

static real slope_of_square(real u, real a, real b, real c) {
  (void)c;
  return a + 2 * b * u;
}

static real power(real u, real a, real b, real c) {
  (void)b;
  (void)c;
  return powl(u, a);
}

static real slope_of_power(real u, real a, real b, real c) {
  (void)b;
  (void)c;
  return a > 0 ? a * powl(u, a - 1) : 0;
}

static real positive_power(real u, real a, real b, real c) { return u > 0 ? power(u, a, b, c) : 0; }
static real slope_of_positive_power(real u, real a, real b, real c) { return u > 0 ? slope_of_power(u, a, b, c) : 0; }

static real sign(real u, real a, real b, real c) {
  (void)a;
  (void)b;
  (void)c;
  return u > 0 ? 1 : u < 0 ? -1 : 0;
}

/* The jump of sign and step counts as nothing, as for networks that are trained by their derivatives. */
static real nothing(real u, real a, real b, real c) {
  (void)u;
  (void)a;
  (void)b;
  (void)c;
  return 0;
}

static real wave(real u, real a, real b, real c) { return a * sinl(b * u + c); }
static real slope_of_wave(real u, real a, real b, real c) { return a * b * cosl(b * u + c); }
static real bell(real u, real a, real b, real c) {
  (void)c;
  return a * expl(b * u * u);
}
static real slope_of_bell(real u, real a, real b, real c) { return 2 * b * u * bell(u, a, b, c); }
static real growth(real u, real a, real b, real c) {
  (void)c;
  return a * expl(b * u);
}
static real slope_of_growth(real u, real a, real b, real c) { return b * growth(u, a, b, c); }

static real distribution(real u) { return erfcl(-u / sqrtl(2)) / 2; }
static real gelu(real u, real a, real b, real c) {
  (void)a;
  (void)b;
  (void)c;
  return u * distribution(u);
}
static real slope_of_gelu(real u, real a, real b, real c) {
  (void)a;
  (void)b;
  (void)c;
  return distribution(u) + u * expl(-u * u / 2) / sqrtl(2 * PI);
}

/* He_a / sqrt(a!) */
static real hermite(real u, real a, real b, real c) {
  (void)b;
  (void)c;
  real before = 0, value = 1;
  for (int n = 0; n < (int)a; n++) {
    real next = (u * value - sqrtl(n) * before) / sqrtl(n + 1);
    before = value;
    value = next;
  }
  return value;
}
static real slope_of_hermite(real u, real a, real b, real c) { return a > 0 ? sqrtl(a) * hermite(u, a - 1, b, c) : 0; }

/* sum_n sqrt(exp(a b) a^n / n!) h_n(u): its kernel at variance 1 is exp(a (rho + b)) */
static real of_exponential(real u, real a, real b, real derivative) {
  real before = 0, h = 1, sum = 0, coefficient = expl(a * b / 2), last = 0;
  for (int n = 0; n < 60; n++) {
    sum += coefficient * (derivative > 0 ? (n > 0 ? sqrtl(n) * last : 0) : h);
    real next = (u * h - sqrtl(n) * before) / sqrtl(n + 1);
    last = before = h;
    h = next;
    coefficient *= sqrtl(a / (n + 1));
  }
  return sum;
}
static real normalized(real u, real a, real b, real c) {
  (void)c;
  return of_exponential(u, a, b, 0);
}
static real slope_of_normalized(real u, real a, real b, real c) {
  (void)c;
  return of_exponential(u, a, b, 1);
}

static real tangent(real u, real a, real b, real c) {
  (void)a;
  (void)b;
  (void)c;
  return tanhl(u);
}
static real slope_of_tangent(real u, real a, real b, real c) {
  (void)a;
  (void)b;
  (void)c;
  return 1 / (coshl(u) * coshl(u));
}
static real logistic(real u, real a, real b, real c) {
  (void)a;
  (void)b;
  (void)c;
  return 1 / (1 + expl(-u));
}
static real slope_of_logistic(real u, real a, real b, real c) { return logistic(u, a, b, c) * logistic(-u, a, b, c); }
static real soft(real u, real a, real b, real c) {
  (void)a;
  (void)b;
  (void)c;
  return u > 0 ? u + log1pl(expl(-u)) : log1pl(expl(u));
}
static real swish(real u, real a, real b, real c) { return u * logistic(u, a, b, c); }
static real slope_of_swish(real u, real a, real b, real c) { return logistic(u, a, b, c) + u * slope_of_logistic(u, a, b, c); }
static real mish(real u, real a, real b, real c) { return u * tanhl(soft(u, a, b, c)); }
static real slope_of_mish(real u, real a, real b, real c) {
  real t = tanhl(soft(u, a, b, c));
  return t + u * (1 - t * t) * logistic(u, a, b, c);
}
static real bent_exponential(real u, real a, real b, real c) {
  (void)a;
  (void)b;
  (void)c;
  return u > 0 ? u : expm1l(u);
}
static real slope_of_bent(real u, real a, real b, real c) {
  (void)a;
  (void)b;
  (void)c;
  return u > 0 ? 1 : expl(u);
}

/* a exp(b u^2) sin(c u) */
static real packet(real u, real a, real b, real c) { return a * expl(b * u * u) * sinl(c * u); }
static real slope_of_packet(real u, real a, real b, real c) {
  return a * expl(b * u * u) * (c * cosl(c * u) + 2 * b * u * sinl(c * u));
}

#define RELU_LIKE .kind = KINKED, .degree = 1
#define BY_SERIES .steep = 1.5L, .costly = true

static const activation activations[] = {
    {"relu", two_slopes, slope_of_two, 0, 1, 0, RELU_LIKE, .still = {0, 0.25L}},
    {"leaky_relu", two_slopes, slope_of_two, 0.01L, 1, 0, RELU_LIKE, .still = {0, 0.505L * 0.505L}},
    {"leaky_relu(0.3)", two_slopes, slope_of_two, 0.3L, 1, 0, RELU_LIKE, .still = {0, 0.65L * 0.65L}},
    {"abrelu(-0.5, 2)", two_slopes, slope_of_two, -0.5L, 2, 0, RELU_LIKE, .still = {0, 0.75L * 0.75L}},
    {"abrelu(a=1.25, b=-0.75)", two_slopes, slope_of_two, 1.25L, -0.75L, 0, RELU_LIKE, .still = {0, 0.0625L}},
    {"abs", two_slopes, slope_of_two, -1, 1, 0, RELU_LIKE, .still = {0, 0}},
    {"rectified_monomial(0)", positive_power, nothing, 0, 0, 0, .kind = KINKED, .still = {0.25L, 0}},
    {"rectified_monomial(1)", positive_power, slope_of_positive_power, 1, 0, 0, RELU_LIKE, .still = {0, 0.25L}},
    {"rectified_monomial(2)", positive_power, slope_of_positive_power, 2, 0, 0, .kind = KINKED, .degree = 2},
    {"rectified_monomial(3)", positive_power, slope_of_positive_power, 3, 0, 0, .kind = KINKED, .degree = 3},
    {"sign", sign, nothing, 0, 0, 0, .kind = KINKED},
    {"step", positive_power, nothing, 0, 0, 0, .kind = KINKED, .still = {0.25L, 0}},
    {"elu", bent_exponential, slope_of_bent, 0, 0, 0, .kind = KINKED, .degree = -1, .still = {0, 1}, .costly = true,
     .allowed = 1e-12},
    {"erf", scaled_erf, slope_of_erf, 1, 1, 0, .steep = 1},
    {"erf(1.5, 0.5, -0.25)", scaled_erf, slope_of_erf, 1.5L, 0.5L, -0.25L, .steep = 0.5L},
    {"sigmoid_like", scaled_erf, slope_of_erf, 0.5L, 1 / 2.4020563531719796L, 0.5L, .steep = 0.5L},
    {"gelu", gelu, slope_of_gelu, 0, 0, 0, .steep = 1},
    {"sin", wave, slope_of_wave, 1, 1, 0, .steep = 0.5L},
    {"sin(0.8, 1.3, 0.4)", wave, slope_of_wave, 0.8L, 1.3L, 0.4L, .steep = 1},
    {"cos", wave, slope_of_wave, 1, 1, PI / 2, .steep = 0.5L},
    {"cos(1.2, 0.6, -0.3)", wave, slope_of_wave, 1.2L, 0.6L, PI / 2 - 0.3L, .steep = 0.5L},
    {"rbf", wave, slope_of_wave, 1.41421356237309504880L, 1.41421356237309504880L, PI / 4, .steep = 1},
    {"gaussian", bell, slope_of_bell, 1, -1, 0, .steep = 1},
    {"gaussian(0.7, -0.4)", bell, slope_of_bell, 0.7L, -0.4L, 0, .steep = 1},
    {"gabor", packet, slope_of_packet, 1, -1, 1, .steep = 1.2L, .costly = true},
    {"gabor(0.7, -0.4, 1.3)", packet, slope_of_packet, 0.7L, -0.4L, 1.3L, .steep = 1.2L, .costly = true},
    {"gabor(1, 0, 1.1)", packet, slope_of_packet, 1, 0, 1.1L, .steep = 1, .costly = true},
    {"exp(1.5, 0.2)", growth, slope_of_growth, 1.5L, 0.2L, 0, .steep = 0.3L},
    {"exp_normalized", normalized, slope_of_normalized, 1, -1, 0, .kind = UNIT, .steep = 1, .costly = true},
    {"exp_normalized(0.7, -0.5)", normalized, slope_of_normalized, 0.7L, -0.5L, 0, .kind = UNIT, .steep = 1, .costly = true},
    {"hermite(0)", hermite, slope_of_hermite, 0, 0, 0, .kind = UNIT, .steep = 0.5L},
    {"hermite(3)", hermite, slope_of_hermite, 3, 0, 0, .kind = UNIT, .steep = 0.5L},
    {"hermite(7)", hermite, slope_of_hermite, 7, 0, 0, .kind = UNIT, .steep = 0.5L},
    {"monomial(0)", power, slope_of_power, 0, 0, 0, .steep = 0.3L},
    {"monomial(1)", power, slope_of_power, 1, 0, 0, .steep = 0.3L},
    {"monomial(4)", power, slope_of_power, 4, 0, 0, .steep = 0.3L},
    {"polynomial(0.3, -0.8, 0.25)", square, slope_of_square, -0.8L, 0.25L, 0.3L, .steep = 0.3L},
    {"polynomial(coefficients=-2)", square, slope_of_square, 0, 0, -2, .steep = 0.3L},
    {"tanh(order=200)", tangent, slope_of_tangent, 0, 0, 0, BY_SERIES, .allowed = 3e-5},
    {"sigmoid(order=160)", logistic, slope_of_logistic, 0, 0, 0, BY_SERIES, .allowed = 1e-10},
    {"softplus(order=160)", soft, logistic, 0, 0, 0, BY_SERIES, .allowed = 1e-10},
    {"swish(order=160)", swish, slope_of_swish, 0, 0, 0, BY_SERIES, .allowed = 1e-9},
    {"mish(order=160)", mish, slope_of_mish, 0, 0, 0, BY_SERIES, .allowed = 1e-6},
};
#define ACTIVATIONS (sizeof activations / sizeof *activations)

#endif
