/* monomial: phi(u) = u^degree; polynomial: c0 + c1 u + c2 u^2 + ...
 *
 * Infinite width: their expansions (expansion.h) are finite, with
 *     x^m = sum_i m! / (2^i i! sqrt((m - 2i)!)) h_(m-2i)(x).
 */
#include <math.h>
#include <string.h>

#include "layers/expansion.h"

#define TERMS 16 /* coefficients of phi' */
#define MOST_DEGREE TERMS

/* d_j from the coefficients c of phi' at one deviation: descending, so that small terms come first */
static void expand(const double *c, double deviation, double *d) {
  double power = 1; /* c_m deviation^m m! */
  memset(d, 0, TERMS * sizeof *d);
  for (unsigned m = 0; m < TERMS; m++) {
    double term = c[m] * power; /* over 2^i i! sqrt(j!), j = m - 2i */
    for (unsigned i = 0; 2 * i <= m; i++) {
      d[m - 2 * i] += term / sqrt(tgamma(m - 2 * i + 1.0));
      term /= 2.0 * (i + 1);
    }
    power *= deviation * (m + 1);
  }
}

/* c[TERMS + 1]: coefficients of phi. E phi(sigma x): (m-1)!! sigma^m for even m */
static double mean_of(const double *c, double deviation) {
  double mean = 0, moment = 1;
  for (unsigned m = 0; m <= TERMS; m += 2) {
    mean += c[m] * moment;
    moment *= deviation * deviation * (m + 1);
  }
  return mean;
}

static void keep(const double *c, double variance, double *kept) {
  double derived[TERMS], deviation = sqrt(variance > 0 ? variance : 0);
  for (unsigned m = 0; m < TERMS; m++)
    derived[m] = (m + 1) * c[m + 1];
  kept[LIMES_INVERSE_DEVIATION] = deviation > 0 ? 1 / deviation : 0;
  kept[LIMES_MEAN] = mean_of(c, deviation);
  expand(derived, deviation, kept + LIMES_FIRST_TERM);
}

static void keep_all(const double *c, size_t n, const double *variance, double *kept) {
  for (size_t i = 0; i < n; i++)
    keep(c, variance[i], kept + i * LIMES_EXPANSION_NUMBERS(TERMS));
}

static void own_polynomial(const double *c, double variance, double *value, double *slope) {
  double kept[LIMES_EXPANSION_NUMBERS(TERMS)];
  keep(c, variance, kept);
  limes_expansion_own(kept, variance, TERMS, value, slope);
}

static uint32_t kept_numbers(const void *param) {
  (void)param;
  return LIMES_EXPANSION_NUMBERS(TERMS);
}

static void run(const void *param, const limes_run *run) {
  (void)param;
  limes_expansion_run(run, TERMS);
}

/* Horner's rule for phi and phi' together; c[TERMS + 1] */
static void apply_polynomial(const double *c, size_t n, const double *u, double *value, double *slope) {
  for (size_t i = 0; i < n; i++) {
    double sum = 0, rise = 0;
    for (unsigned m = TERMS + 1; m-- > 0;) {
      rise = rise * u[i] + sum;
      sum = sum * u[i] + c[m];
    }
    value[i] = sum;
    if (slope != NULL)
      slope[i] = rise;
  }
}

/* monomial */

typedef struct {
  uint32_t degree;
} monomial;

static const limes_param monomial_params[] = {
    {LIMES_FIELD(monomial, degree), .kind = LIMES_PARAM_COUNT, .required = true, .least = 0, .most = MOST_DEGREE,
     .help = "the power of u"},
    LIMES_PARAM_END,
};

static void monomial_trace(const void *param, size_t n, const double *variance, double *kept) {
  double c[TERMS + 1] = {0};
  c[((const monomial *)param)->degree] = 1;
  keep_all(c, n, variance, kept);
}

static void monomial_own(const void *param, double variance, double *value, double *slope) {
  double c[TERMS + 1] = {0};
  c[((const monomial *)param)->degree] = 1;
  own_polynomial(c, variance, value, slope);
}

static void monomial_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  double c[TERMS + 1] = {0};
  c[((const monomial *)param)->degree] = 1;
  apply_polynomial(c, n, u, value, slope);
}

static const limes_elementwise monomial_dual = {.kept = kept_numbers,
                                                .trace = monomial_trace,
                                                .run = run,
                                                .own = monomial_own,
                                                .apply = monomial_apply,
                                                .flops = LIMES_EXPANSION_FLOPS(TERMS)};

const limes_layer_ops limes_layer_monomial = {
    .word = "monomial",
    .summary = "u to a power",
    .section = "3",
    .param_size = sizeof(monomial),
    .params = monomial_params,
    .elementwise = &monomial_dual,
    LIMES_ELEMENTWISE_FACE,
};

/* polynomial */

typedef struct {
  limes_list coefficients;
} polynomial;

static const limes_param polynomial_params[] = {
    LIMES_PARAM_REST(polynomial, coefficients, "of 1, u, u^2, ..., as many as are wanted, up to 16"),
    LIMES_PARAM_END,
};

static void polynomial_trace(const void *param, size_t n, const double *variance, double *kept) {
  double c[TERMS + 1] = {0};
  memcpy(c, ((const polynomial *)param)->coefficients.value, LIMES_MOST_LISTED * sizeof *c);
  keep_all(c, n, variance, kept);
}

static void polynomial_own(const void *param, double variance, double *value, double *slope) {
  double c[TERMS + 1] = {0};
  memcpy(c, ((const polynomial *)param)->coefficients.value, LIMES_MOST_LISTED * sizeof *c);
  own_polynomial(c, variance, value, slope);
}

static void polynomial_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  double c[TERMS + 1] = {0};
  memcpy(c, ((const polynomial *)param)->coefficients.value, LIMES_MOST_LISTED * sizeof *c);
  apply_polynomial(c, n, u, value, slope);
}

static const limes_elementwise polynomial_dual = {.kept = kept_numbers,
                                                  .trace = polynomial_trace,
                                                  .run = run,
                                                  .own = polynomial_own,
                                                  .apply = polynomial_apply,
                                                  .flops = LIMES_EXPANSION_FLOPS(TERMS)};

const limes_layer_ops limes_layer_polynomial = {
    .word = "polynomial",
    .summary = "c0 + c1 u + c2 u^2 + ...",
    .section = "3",
    .param_size = sizeof(polynomial),
    .params = polynomial_params,
    .elementwise = &polynomial_dual,
    LIMES_ELEMENTWISE_FACE,
};
