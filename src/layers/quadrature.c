#include "layers/quadrature.h"

#include <math.h>
#include <string.h>

#define MOST_NODES 4096
#define FARTHEST 14.0     /* exp(-x^2/2) is 3e-43 there */
#define FIRST_STEP (-3.7) /* x = 1e-19 */

/* Nodes x > 0 and weights for E f(x) = sum_i w_i (f(x_i) + f(-x_i)), x ~ N(0,1): the trapezoid rule in t, x = exp(t - exp(-t)).
 * Nodes crowd around 0, so that f may be as steep there as it likes: the step depends on the polynomials alone. */
typedef struct {
  size_t n;
  double x[MOST_NODES], weight[MOST_NODES];
} rule;

static void make_rule(double order, rule *r) {
  double step = 0.25 / sqrt(order > 16 ? order : 16);
  r->n = 0;
  for (double t = FIRST_STEP; r->n < MOST_NODES; t += step) {
    double e = exp(-t), x = exp(t - e);
    if (x > FARTHEST)
      return;
    r->x[r->n] = x;
    r->weight[r->n++] = step * x * (1 + e) * exp(-0.5 * x * x) * 0.3989422804014327; /* 1 / sqrt(2 pi) */
  }
}

/* weight * h_j(x), j < order */
static void polynomials(uint32_t order, double x, double weight, double *h) {
  double before = 0, at = weight;
  for (uint32_t j = 0; j < order; j++) {
    h[j] = at;
    double next = (x * at - sqrt(j) * before) / sqrt(j + 1.0);
    before = at;
    at = next;
  }
}

/* Adds the terms of the two nodes x and -x. */
static void add_nodes(limes_nonlinearity *phi, const void *param, uint32_t order, double x, const double *h, double *kept) {
  double plus, minus, sum = phi(param, x, &plus) + phi(param, -x, &minus), even = plus + minus, odd = plus - minus;
  double *d = kept + LIMES_FIRST_TERM;
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): there is a term, order is 1 at least
  kept[LIMES_MEAN] += h[0] * sum;
  uint32_t j = 0;
  for (; j + 1 < order; j += 2) {
    d[j] += even * h[j];
    d[j + 1] += odd * h[j + 1];
  }
  if (j < order)
    d[j] += even * h[j];
}

static uint32_t terms_of(const void *param) { return LIMES_TERMS(((const limes_quadrature *)param)->order); }

uint32_t limes_quadrature_kept(const void *param) { return LIMES_EXPANSION_NUMBERS(terms_of(param)); }

void limes_quadrature_trace(limes_nonlinearity *phi, const void *param, size_t n, const double *variance, double *kept) {
  uint32_t order = ((const limes_quadrature *)param)->order;
  size_t numbers = limes_quadrature_kept(param);
  double h[LIMES_MOST_TERMS];
  rule r;
  make_rule(order, &r);
  memset(kept, 0, n * numbers * sizeof *kept);
  for (size_t i = 0; i < r.n; i++) {
    polynomials(order, r.x[i], r.weight[i], h);
    for (size_t a = 0; a < n; a++)
      add_nodes(phi, param, order, r.x[i] * sqrt(variance[a] > 0 ? variance[a] : 0), h, kept + a * numbers);
  }
  for (size_t a = 0; a < n; a++)
    kept[a * numbers + LIMES_INVERSE_DEVIATION] = variance[a] > 0 ? 1 / sqrt(variance[a]) : 0;
}

double limes_quadrature_flops(const void *param) { return LIMES_EXPANSION_FLOPS(terms_of(param)); }

void limes_quadrature_run(const void *param, const limes_run *run) { limes_expansion_run(run, terms_of(param)); }

void limes_quadrature_own(limes_nonlinearity *phi, const void *param, double nodes, double variance, double *value,
                          double *slope) {
  double deviation = sqrt(variance > 0 ? variance : 0);
  rule r;
  make_rule(nodes, &r);
  *value = *slope = 0;
  for (size_t i = 0; i < r.n; i++) {
    double plus, minus, x = deviation * r.x[i], up = phi(param, x, &plus), down = phi(param, -x, &minus);
    *value += r.weight[i] * (up * up + down * down);
    *slope += r.weight[i] * (plus * plus + minus * minus);
  }
}

static double relative(double some, double all) { return all > 0 ? fabs(1 - some / all) : 0; }

double limes_quadrature_variance(const double *kept) {
  double inverse = kept[LIMES_INVERSE_DEVIATION];
  return inverse > 0 ? 1 / (inverse * inverse) : 0;
}

void limes_quadrature_compare(const void *param, const double *kept, const double all[2], double *value, double *slope) {
  double some[2];
  limes_expansion_own(kept, limes_quadrature_variance(kept), terms_of(param), &some[0], &some[1]);
  *value = fmax(*value, relative(some[0], all[0]));
  *slope = fmax(*slope, relative(some[1], all[1]));
}

void limes_quadrature_left_out(const limes_op *op, const limes_trace *trace, double *value, double *slope) {
  for (size_t a = 0; a < trace->grid->T; a++) {
    const double *kept = trace->position[0] + a * trace->numbers;
    double all[2];
    op->ops->elementwise->own(op->param, limes_quadrature_variance(kept), &all[0], &all[1]);
    limes_quadrature_compare(op->param, kept, all, value, slope);
  }
}
