/* With y and p the means and the correlation in units of the deviations, u and v standard normal, Phi_2 their joint distribution,
 *     E relu(y + u) relu(y' + v) = (y y' + p) Phi_2(y, y') + y' phi(y) Phi((y' - p y) / q) + y phi(y') Phi((y - p y') / q)
 *                                  + q phi(y) phi((y' - p y) / q),      q = sqrt(1 - p^2),
 *     E[u > -y, v > -y'] = Phi_2(y, y'),
 * and erf(m + s u) is 2 P(v < y) - 1 with one more normal variable: E erf erf = 4 Phi_2 - 2 Phi - 2 Phi' + 1.
 */
#include "layers/hermite_side.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "math/angle.h"
#include "math/bivariate.h"

#define ROOT_TWO 1.41421356237309505
#define TWO_BY_PI 0.63661977236758134

/* D_n */

/* E[relu(y + u)] */
LIMES_INLINE double ramp(double y, double below, double density) { return y * below + density; }

static double first_kink(const limes_hermite_zeta *zeta, const limes_hermite_side *s, size_t i) {
  return (zeta->beta - zeta->alpha) * ramp(s->mean[i], s->below[i], s->density[i]) + zeta->alpha * s->mean[i];
}

/* E[erf(m + s u)] = erf(m / sqrt(1 + 2 s^2)), over s */
static double first_erf(const limes_hermite_zeta *zeta, const limes_hermite_side *s, size_t i, double rho) {
  double deviation = s->deviation[i];
  return deviation > 0 ? erf(s->mean[i] / ROOT_TWO) / deviation : ROOT_TWO * sqrt(TWO_BY_PI) * zeta->tau * rho;
}

static limes_hermite_side lay_out(size_t T, double *memory) {
  limes_hermite_side s = {.T = T};
  double **arrays[LIMES_HERMITE_MATRICES] = {&s.mean, &s.below, &s.density, &s.factor, &s.deviation, &s.now, &s.before};
  for (size_t i = 0; i < LIMES_HERMITE_MATRICES; i++)
    *arrays[i] = memory + i * T * T;
  memset(memory, 0, LIMES_HERMITE_MATRICES * T * T * sizeof *memory);
  return s;
}

limes_hermite_side limes_hermite_begin(const limes_hermite_zeta *zeta, size_t T, const double *deviation, const double *own,
                                       bool causal, double *memory) {
  limes_hermite_side s = lay_out(T, memory);
  s.causal = causal;
  for (size_t c = 0; c < T; c++)
    for (size_t a = causal ? c : 0; a < T; a++) {
      size_t i = a + c * T;
      double q = sqrt(zeta->sharp2) * deviation[a] * deviation[c], rho = own == NULL ? 0 : own[i];
      s.deviation[i] = q;
      s.factor[i] = zeta->erf ? ROOT_TWO * q / sqrt(1 + 2 * q * q) : 1;
      s.mean[i] = zeta->tau * s.factor[i] * rho;
      s.below[i] = limes_normal_below(s.mean[i]);
      s.density[i] = limes_normal_density(s.mean[i]);
      s.now[i] = zeta->erf ? first_erf(zeta, &s, i, rho) : first_kink(zeta, &s, i);
    }
  return s;
}

/* D_1, and of a kink D_2: from there on the derivatives of a normal density */
static void start(const limes_hermite_zeta *zeta, limes_hermite_side *s, size_t n) {
  double bend = zeta->beta - zeta->alpha;
  for (size_t c = 0; c < s->T; c++)
    for (size_t a = s->causal ? c : 0; a < s->T; a++) {
      size_t i = a + c * s->T;
      double q = s->deviation[i], steep = 2 * ROOT_TWO / sqrt(1 + 2 * q * q);
      double first = zeta->erf ? steep * s->density[i] : bend * s->below[i] + zeta->alpha;
      s->now[i] = n == 0 ? first : bend * s->density[i] / ROOT_TWO;
    }
  memset(s->before, 0, s->T * s->T * sizeof *s->before);
}

/* He_(m+1) = y He_m - m He_(m-1), m = n - lag, over sqrt(n!), with a factor each power; signs cancel between the sides. */
LIMES_CLONES
static void recur(size_t count, size_t n, size_t lag, const double *mean, const double *factor, double *before, double *now) {
  double one = 1 / sqrt((double)n + 1), two = (double)(n - lag) / sqrt((double)n * ((double)n + 1));
  LIMES_INDEPENDENT
  for (size_t i = 0; i < count; i++) {
    double next = factor[i] * (one * mean[i] * now[i] - two * factor[i] * before[i]);
    before[i] = now[i];
    now[i] = fabs(next) > 1e-290 ? next : 0; /* denormal numbers are slow */
  }
}

void limes_hermite_next(const limes_hermite_zeta *zeta, limes_hermite_side *side, size_t n) {
  size_t lag = zeta->erf ? 1 : 2;
  if (n < lag)
    start(zeta, side, n);
  else
    recur(side->T * side->T, n, lag, side->mean, side->factor, side->before, side->now);
}

/* F and F' */

/* Side by side, [T] each */
typedef struct {
  double *p, *sine, *k, *below_k, *tail_h, *tail_k, *density, *both;
} scratch;

static scratch rows_of(size_t T, double *memory) {
  return (scratch){memory,         memory + T,     memory + 2 * T, memory + 3 * T,
                   memory + 4 * T, memory + 5 * T, memory + 6 * T, memory + 7 * T};
}

/* p = rho_ab rho_cd and sqrt(1 - p^2); for erf p has the factors of both sides, and 1 - beta^2 = 1 / (1 + 2 s^2). */
LIMES_CLONES
static void correlate(const limes_hermite_row *row, const double *factor, double factor_y, const double *deviation,
                      double deviation_y, bool erf, double *p, double *sine) {
  double key2 = row->sine_key * row->sine_key, left_y = erf ? 1 / (1 + 2 * deviation_y * deviation_y) : 0;
  LIMES_INDEPENDENT
  for (size_t a = row->from; a < row->end; a++) {
    double rho = row->rho[a], square = row->sine[a] * row->sine[a] + rho * rho * key2, both = factor[a] * factor_y;
    double left = erf ? 1 / (1 + 2 * deviation[a] * deviation[a]) : 0;
    p[a] = both * rho * row->rho_key;
    sine[a] = sqrt(left + factor[a] * factor[a] * left_y + both * both * square);
  }
}

/* E[zeta(y + u) zeta(y' + v)] of a kink from its rectified parts, and E[zeta' zeta'] */
LIMES_CLONES
static void finish_kink(const limes_hermite_zeta *zeta, const limes_hermite_row *row, const double *h, const double *below,
                        const double *density, double below_k, double density_k, double k, const scratch *at) {
  double bend = zeta->beta - zeta->alpha, alpha = zeta->alpha, ramp_k = ramp(k, below_k, density_k);
  LIMES_INDEPENDENT
  for (size_t a = row->from; a < row->end; a++) {
    double both = at->both[a], p = at->p[a], ramp_h = ramp(h[a], below[a], density[a]);
    double rectified =
        (h[a] * k + p) * both + k * density[a] * at->tail_h[a] + h[a] * density_k * at->tail_k[a] + at->sine[a] * at->density[a];
    double mixed = k * ramp_h + h[a] * ramp_k + p * (below[a] + below_k);
    row->value[a] = bend * (bend * rectified + alpha * mixed) + alpha * alpha * (h[a] * k + p);
    row->slope[a] = bend * (bend * both + alpha * (below[a] + below_k)) + alpha * alpha;
  }
}

LIMES_CLONES
static void finish_erf(const limes_hermite_row *row, const double *below, double below_k, const double *deviation,
                       double deviation_k, const scratch *at) {
  double left_k = 1 + 2 * deviation_k * deviation_k;
  LIMES_INDEPENDENT
  for (size_t a = row->from; a < row->end; a++) {
    double size = deviation[a] * deviation_k, steep = 2 / sqrt((1 + 2 * deviation[a] * deviation[a]) * left_k);
    double value = 4 * at->both[a] - 2 * (below[a] + below_k) + 1;
    row->value[a] = size > 0 ? value / size : 0;
    row->slope[a] = 4 * steep * at->density[a] / at->sine[a];
  }
}

/* erf without means: an arcsine and its derivative */
LIMES_CLONES
static void finish_central_erf(const limes_hermite_row *row, const double *deviation, double deviation_k, const scratch *at) {
  double left_k = 1 + 2 * deviation_k * deviation_k;
  LIMES_INDEPENDENT
  for (size_t a = row->from; a < row->end; a++) {
    double size = deviation[a] * deviation_k, steep = 2 / sqrt((1 + 2 * deviation[a] * deviation[a]) * left_k);
    double p = at->p[a], sine = at->sine[a], left = sine * sine / (1 + fabs(p));
    double value = TWO_BY_PI * limes_arcsine_left(p, left);
    row->value[a] = size > 0 ? value / size : 0;
    row->slope[a] = TWO_BY_PI * steep / sine;
  }
}

void limes_hermite_evaluate(const limes_hermite_zeta *zeta, const limes_hermite_row *row, double *memory) {
  const limes_hermite_side *x = row->x, *y = row->y;
  size_t first = row->c * x->T, at_y = row->b + row->d * y->T, from = row->from;
  scratch at = rows_of(x->T, memory);
  const double *h = x->mean + first, *below = x->below + first, *deviation = x->deviation + first;
  double k = y->mean[at_y], below_k = y->below[at_y], deviation_k = y->deviation[at_y];
  correlate(row, x->factor + first, y->factor[at_y], deviation, deviation_k, zeta->erf, at.p, at.sine);
  if (zeta->erf && zeta->tau == 0) {
    finish_central_erf(row, deviation, deviation_k, &at);
    return;
  }
  for (size_t a = from; a < row->end; a++) {
    at.k[a] = k;
    at.below_k[a] = below_k;
  }
  limes_bivariate_normal(&(limes_bivariate){row->end - from, h + from, at.k + from, at.p + from, at.sine + from, below + from,
                                            at.below_k + from, at.tail_h + from, at.tail_k + from, at.density + from,
                                            at.both + from});
  if (zeta->erf)
    finish_erf(row, below, below_k, deviation, deviation_k, &at);
  else
    finish_kink(zeta, row, h, below, x->density + first, below_k, y->density[at_y], k, &at);
}
