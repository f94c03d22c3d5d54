/* attention with scale=sqrt and zeta = identity, relu, abs, logits without means: correlations, the weights of the sums, and what
 * they make. */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/attention_sqrt_pair.h"
#include "math/angle.h"

#define TWO_PI 6.28318530717958648
#define SAME 1.8e-15 /* 1 - rho^2 below which rounding makes it: taken for 0 */

/* |rho|, its sine and angle for one column; 1 - rho^2 from K~_aa K~_bb - K~_ab^2 without cancellation. Where a variance is zero,
 * so is rho. */
LIMES_CLONES
static void measure(size_t T, const double *tilde, const double *variance, const double *deviation, double variance_y,
                    double deviation_y, double *cosine, double *sine, double *angle) {
  LIMES_INDEPENDENT
  for (size_t a = 0; a < T; a++) {
    double k = tilde[a], square = k * k, product = variance[a] * variance_y, size = deviation[a] * deviation_y;
    double left = fma(variance[a], variance_y, -square) - fma(k, k, -square);
    double y2 = product > 0 ? left / product : 1, r = size > 0 ? fabs(k) / size : 0;
    y2 = y2 > SAME ? y2 : 0;
    y2 = y2 < 1 ? y2 : 1;
    r = y2 > 0 ? r : 1;
    cosine[a] = r < 1 ? r : 1;
    sine[a] = sqrt(y2);
  }
  for (size_t a = 0; a < T; a++)
    angle[a] = TWO_PI * limes_arcsine_turns(cosine[a], sine[a]);
}

/* The sines of each row so far: least and most of those that count, and the least of all. */
LIMES_CLONES
static void bound(size_t T, const double *sine, const double *variance, double variance_y, double *least, double *most,
                  double *nearest) {
  LIMES_INDEPENDENT
  for (size_t a = 0; a < T; a++) {
    double y = sine[a], counted = y * (variance[a] * variance_y); /* 0 where |rho| = 1, or has no meaning */
    double low = counted > 0 ? y : 2, high = counted > 0 ? y : -1;
    least[a] = low < least[a] ? low : least[a];
    most[a] = high > most[a] ? high : most[a];
    nearest[a] = y < nearest[a] ? y : nearest[a];
  }
}

void limes_sqrt_measure(limes_sqrt_pair *z) {
  limes_kink_pair *sums = &z->sums;
  size_t T = sums->T;
  const limes_trace *x = z->trace_x, *y = z->trace_y;
  for (size_t a = 0; a < T; a++) {
    z->least[a] = z->nearest[a] = 2;
    z->most[a] = -1;
  }
  for (size_t b = 0; b < sums->T_y; b++) {
    measure(T, z->tilde + b * T, x->position[0], x->position[1], y->position[0][b], y->position[1][b], sums->cosine + b * T,
            sums->sine + b * T, sums->angle + b * T);
    bound(T, sums->sine + b * T, x->position[0], y->position[0][b], z->least, z->most, z->nearest);
  }
  double nearest = 2;
  sums->least = 2;
  sums->most = -1;
  for (size_t a = 0; a < T; a++) {
    sums->least = fmin(sums->least, z->least[a]);
    sums->most = fmax(sums->most, z->most[a]);
    nearest = fmin(nearest, z->nearest[a]);
  }
  sums->ones = !(nearest > 0);
}

/* the weights of the sums */

LIMES_CLONES
static void weigh(size_t T, const double *tilde, const double *tilde_ntk, const double *value, const double *value_ntk,
                  const double *deviation, double deviation_y, double *const *w) {
  double *cov = w[0], *ntk = w[1], *slope = w[2], *slope_ntk = w[3];
  if (value_ntk == NULL) {
    LIMES_INDEPENDENT
    for (size_t a = 0; a < T; a++)
      cov[a] = value[a] * (deviation[a] * deviation_y);
    return;
  }
  LIMES_INDEPENDENT
  for (size_t a = 0; a < T; a++) {
    double size = deviation[a] * deviation_y, k = tilde[a], sign = k > 0 ? 1 : k < 0 ? -1 : 0;
    cov[a] = value[a] * size;
    ntk[a] = value_ntk[a] * size;
    slope[a] = value[a] * fabs(k);
    slope_ntk[a] = value[a] * tilde_ntk[a] * sign;
  }
}

static void weigh_all(limes_sqrt_pair *z) {
  size_t T = z->sums.T;
  for (size_t b = 0; b < z->sums.T_y; b++) {
    double *w[LIMES_SERIES];
    for (size_t q = 0; q < LIMES_SERIES; q++)
      w[q] = z->sums.w[q] + b * T;
    bool ntk = z->values_ntk != NULL;
    weigh(T, z->tilde + b * T, z->tilde_ntk + b * T, z->values + b * T, ntk ? z->values_ntk + b * T : NULL,
          z->trace_x->position[1], z->trace_y->position[1][b], w);
  }
}

static void multiply(limes_sqrt_pair *z, const double *left, const double *right, double *product) {
  if (!z->p->causal) {
    product[0] = limes_dot(z->sums.n, left, right);
    return;
  }
  for (size_t i = 0; i < z->sums.n; i++)
    product[i] = left[i] * right[i];
  limes_prefix_sums(z->sums.T, z->sums.T_y, product, product, z->line);
}

/* all together */

/* Queries that stand `step` elements apart in arrays of all elements */
typedef struct {
  size_t length, step, sum_step, product_step;
  const double *tilde, *tilde_ntk, *x, *y; /* K~, Theta~, deviations */
  const double *sum[LIMES_SERIES], *product[PRODUCTS];
} queries;

LIMES_INLINE double finish_cov(const limes_attention_sqrt *p, const queries *at, size_t i, size_t step, size_t sum_step,
                               size_t product_step, size_t y_step) {
  double size = at->x[i] * at->y[i * y_step] * p->kink, line = p->line * at->tilde[i * step];
  return p->zeta.sharp2 * p->sigma2 * (size * at->sum[0][i * sum_step] + line * at->product[OF_COV][i * product_step]);
}

LIMES_INLINE double finish_ntk(const limes_attention_sqrt *p, const queries *at, size_t i, size_t step, size_t sum_step,
                               size_t product_step, size_t y_step) {
  size_t s = i * sum_step, l = i * product_step;
  double k = at->tilde[i * step], e = at->tilde_ntk[i * step], size = at->x[i] * at->y[i * y_step] * p->kink;
  double signed_kink = copysign(p->kink, k); /* at k = 0 its sums are 0 */
  double value = size * at->sum[1][s] + p->line * k * at->product[OF_NTK][l];
  double logits = (2 * k + e) * (signed_kink * at->sum[2][s] + p->line * at->product[OF_COV][l]) +
                  k * (signed_kink * at->sum[3][s] + p->line * at->product[OF_EMBEDDED_NTK][l]);
  return p->zeta.sharp2 * p->sigma2 * (value + logits);
}

LIMES_INLINE void finish(const limes_attention_sqrt *p, const queries *at, size_t step, size_t sum_step, size_t product_step,
                         size_t y_step, double *cov, double *ntk) {
  double b2 = p->b2;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < at->length; i++)
    cov[i] = finish_cov(p, at, i, step, sum_step, product_step, y_step) + b2;
  if (ntk == NULL)
    return;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < at->length; i++)
    ntk[i] = finish_ntk(p, at, i, step, sum_step, product_step, y_step) + 2 * (cov[i] - b2) + b2;
}

LIMES_CLONES
static void finish_column(const limes_attention_sqrt *p, const queries *at, double *cov, double *ntk) {
  finish(p, at, 1, 1, 0, 0, cov, ntk);
}

static void finish_causal_column(const limes_attention_sqrt *p, const queries *at, double *cov, double *ntk) {
  finish(p, at, 1, 1, 1, 0, cov, ntk);
}

static void finish_diagonal(const limes_attention_sqrt *p, const queries *at, double *cov, double *ntk) {
  finish(p, at, at->step, at->sum_step, at->product_step, 1, cov, ntk);
}

static queries queries_from(const limes_sqrt_pair *z, size_t b, bool diagonal) {
  size_t T = z->sums.T, first = b * T;
  bool causal = z->p->causal;
  queries at = {.length = T, .step = diagonal ? T + 1 : 1, .sum_step = diagonal && causal ? T + 1 : 1};
  at.product_step = causal ? at.step : 0;
  at.tilde = z->tilde + first;
  at.tilde_ntk = z->tilde_ntk + first;
  at.x = z->trace_x->position[1];
  at.y = z->trace_y->position[1] + b;
  for (size_t q = 0; q < LIMES_SERIES; q++)
    at.sum[q] = z->sums.sum[q] + first;
  for (size_t k = 0; k < PRODUCTS; k++)
    at.product[k] = z->product[k] + (causal ? first : 0);
  return at;
}

static void finish_all(const limes_sqrt_pair *z, bool diagonal, double *cov, double *ntk) {
  size_t T = z->sums.T;
  if (diagonal) {
    queries at = queries_from(z, 0, true);
    finish_diagonal(z->p, &at, cov, ntk);
    return;
  }
  for (size_t b = 0; b < z->sums.T_y; b++) {
    queries at = queries_from(z, b, false);
    (z->p->causal ? finish_causal_column : finish_column)(z->p, &at, cov + b * T, ntk == NULL ? NULL : ntk + b * T);
  }
}

static double sum_kinks(limes_sqrt_pair *z, bool diagonal) {
  if (z->p->kink == 0) {
    for (size_t q = 0; q < z->sums.count; q++)
      memset(z->sums.sum[q], 0, z->sums.n * sizeof(double));
    return 0;
  }
  limes_sqrt_measure(z);
  weigh_all(z);
  return z->p->causal ? limes_kink_causal_sums(&z->sums) : limes_kink_sums(&z->sums, diagonal);
}

double limes_sqrt_kinked(limes_sqrt_pair *z, bool diagonal, double *cov, double *ntk) {
  multiply(z, z->values, z->tilde, z->product[OF_COV]);
  if (ntk != NULL) {
    multiply(z, z->values_ntk, z->tilde, z->product[OF_NTK]);
    multiply(z, z->values, z->tilde_ntk, z->product[OF_EMBEDDED_NTK]);
  }
  double error = sum_kinks(z, diagonal);
  finish_all(z, diagonal, cov, ntk);
  return error;
}
