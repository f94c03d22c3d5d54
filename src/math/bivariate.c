/* By T(h, a) = 1/2pi int_0^a exp(-h^2 (1 + x^2) / 2) / (1 + x^2) dx [Owen 1956]:
 *     P(u <= h, v <= k) = (Phi(h) + Phi(k)) / 2 - T(h, a_h) - T(k, a_k) - [h k < 0] / 2,
 *     a_h = A_h / h, A_h = (k - p h) / sine,     a_k = A_k / k, A_k = (h - p k) / sine.
 * Where |a| > 1, T(h, a) = (Phi(h) + Phi(a h)) / 2 - Phi(h) Phi(a h) - T(a h, 1/a): the integral has 0 <= a <= 1 always, and
 * 16 Gauss-Legendre nodes leave nothing of it. */
#include "math/bivariate.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/clones.h"

#define INVERSE_TWO_PI 0.15915494309189534
#define INVERSE_ROOT_TWO 0.70710678118654752
#define INVERSE_ROOT_TWO_PI 0.39894228040143268
#define FAR 40      /* standard deviations from where on nothing is left */
#define STEEP 1e150 /* 1 / sine where sine is 0 */
#define NODES 16

static const double node[NODES] = {0.0052995325041750337, 0.027712488463383712, 0.0671843988060841281, 0.122297795822498483,
                                   0.191061877798678126,  0.270991611171386307, 0.359198224610370543,  0.45249374508118128,
                                   0.54750625491881872,   0.640801775389629457, 0.729008388828613693,  0.808938122201321874,
                                   0.877702204177501517,  0.932815601193915872, 0.972287511536616288,  0.994700467495824966};
static const double weight[NODES] = {0.0135762297058770474, 0.0311267619693239464, 0.0475792558412463924, 0.062314485627766936,
                                     0.074797994408288366,  0.0845782596975012691, 0.0913017075224617944, 0.0947253052275342481,
                                     0.0947253052275342481, 0.0913017075224617944, 0.0845782596975012691, 0.074797994408288366,
                                     0.062314485627766936,  0.0475792558412463924, 0.0311267619693239464, 0.0135762297058770474};

double limes_normal_below(double h) { return 0.5 * erfc(-h * INVERSE_ROOT_TWO); }

double limes_normal_density(double h) { return INVERSE_ROOT_TWO_PI * exp(-0.5 * h * h); }

/* exp(x) for x <= 0, without branches: 2^n times the Taylor series over |r| <= log(2) / 2. */
LIMES_INLINE double exp_falling(double x) {
  const double shift = 0x1.8p52;
  x = x > -700 ? x : -700;
  double moved = x * 1.4426950408889634 + shift, n = moved - shift;
  double r = x - n * 0x1.62e42fefa3800p-1 - n * 0x1.ef35793c76730p-45;
  double e = 1.0 / 6227020800;
  e = e * r + 1.0 / 479001600;
  e = e * r + 1.0 / 39916800;
  e = e * r + 1.0 / 3628800;
  e = e * r + 1.0 / 362880;
  e = e * r + 1.0 / 40320;
  e = e * r + 1.0 / 5040;
  e = e * r + 1.0 / 720;
  e = e * r + 1.0 / 120;
  e = e * r + 1.0 / 24;
  e = e * r + 1.0 / 6;
  e = e * r + 0.5;
  e = e * r + 1;
  e = e * r + 1;
  uint64_t bits;
  memcpy(&bits, &moved, sizeof bits);
  bits = (bits + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return e * power;
}

/* T(h, a) for h >= 0, 0 <= a <= 1 */
LIMES_INLINE double integral(double h, double a) {
  double half = -0.5 * h * h, sum = 0;
  for (int i = 0; i < NODES; i++) {
    double x = a * node[i], square = 1 + x * x;
    sum += weight[i] * exp_falling(half * square) / square;
  }
  return INVERSE_TWO_PI * a * sum;
}

/* T(h, A / h) from h >= 0, |A| and the probabilities below them */
LIMES_INLINE double owen(double h, double below_h, double A, double below_A) {
  double low = h < A ? h : A, high = h < A ? A : h;
  double inside = integral(high, high > 0 ? low / high : 0);
  return A > h ? 0.5 * (below_h + below_A) - below_h * below_A - inside : inside;
}

/* A_h = (k - p h) / sine, without cancellation where |p| is near 1 */
LIMES_INLINE double slope(double h, double k, double p, double sine) {
  double size = fabs(p), left = sine * sine / (1 + size), along = p < 0 ? -h : h;
  double A = ((k - along) + left * along) * (sine > 0 ? 1 / sine : STEEP);
  A = A < FAR ? A : FAR;
  return A > -FAR ? A : -FAR;
}

LIMES_CLONES
static void slopes(const limes_bivariate *at) {
  const double *h = at->h, *k = at->k, *p = at->p, *sine = at->sine;
  double *A_h = at->tail_h, *A_k = at->tail_k, *density = at->density;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < at->n; i++) {
    double A = slope(h[i], k[i], p[i], sine[i]);
    A_h[i] = A;
    A_k[i] = slope(k[i], h[i], p[i], sine[i]);
    density[i] = INVERSE_TWO_PI * exp_falling(-0.5 * (h[i] * h[i] + A * A));
  }
}

LIMES_CLONES
static void sum_owens(const limes_bivariate *at) {
  const double *h = at->h, *k = at->k, *p = at->p, *sine = at->sine, *below_h = at->below_h, *below_k = at->below_k;
  const double *tail_h = at->tail_h, *tail_k = at->tail_k;
  double *restrict both = at->both;
  for (size_t i = 0; i < at->n; i++) {
    double A_h = slope(h[i], k[i], p[i], sine[i]), A_k = slope(k[i], h[i], p[i], sine[i]);
    double up_h = h[i] < 0 ? 1 - below_h[i] : below_h[i], up_k = k[i] < 0 ? 1 - below_k[i] : below_k[i];
    double up_A = A_h < 0 ? 1 - tail_h[i] : tail_h[i], up_B = A_k < 0 ? 1 - tail_k[i] : tail_k[i];
    double T_h = owen(fabs(h[i]), up_h, fabs(A_h), up_A), T_k = owen(fabs(k[i]), up_k, fabs(A_k), up_B);
    T_h = (A_h < 0) != (h[i] < 0) ? -T_h : T_h;
    T_k = (A_k < 0) != (k[i] < 0) ? -T_k : T_k;
    both[i] = 0.5 * (below_h[i] + below_k[i]) - T_h - T_k - ((h[i] < 0) != (k[i] < 0) ? 0.5 : 0);
  }
}

void limes_bivariate_normal(const limes_bivariate *at) {
  slopes(at);
  for (size_t i = 0; i < at->n; i++) {
    at->tail_h[i] = limes_normal_below(at->tail_h[i]);
    at->tail_k[i] = limes_normal_below(at->tail_k[i]);
  }
  sum_owens(at);
  for (size_t i = 0; i < at->n; i++)
    if (at->h[i] == 0 && at->k[i] == 0)
      at->both[i] = INVERSE_TWO_PI * atan2(at->sine[i], -at->p[i]);
}
