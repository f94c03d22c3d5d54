/* E zeta(m + s u) zeta(n + t v) and E zeta' zeta' for correlated normal u and v, in long double: what scale=sqrt attention sums.
 */
#ifndef LIMES_TESTS_GAUSSIAN_PAIRS_H
#define LIMES_TESTS_GAUSSIAN_PAIRS_H

#include "helpers.h"

typedef long double real;

#define PI 3.14159265358979323846264338327950288L

typedef struct {
  const char *zeta;
  real alpha, beta; /* zeta(u) = alpha min(u, 0) + beta max(u, 0) */
  bool erf;         /* or erf(u) */
} nonlinearity;

enum { IDENTITY, RELU, ABS, ERF };
static const nonlinearity zetas[] = {
    {"identity", 1, 1, false}, {"relu", 0, 1, false}, {"abs", -1, 1, false}, {"erf", 0, 0, true}};

static inline real zeta_of(nonlinearity g, real u) { return g.erf ? erfl(u) : u < 0 ? g.alpha * u : g.beta * u; }

/* g(u) = alpha min(u, 0) + beta max(u, 0), means 0: k the covariance, s the product of the deviations. What rounding leaves of
 * 1 - rho where rho is 1 would give acos an error of 1e-9. */
static inline void dual(nonlinearity g, real k, real s, real *value, real *slope) {
  real rho = s > 0 ? k / s : 0, spread = (g.alpha - g.beta) * (g.alpha - g.beta) / (2 * PI);
  rho = fabsl(rho) > 1 - 1e-17L ? copysignl(1, rho) : rho;
  *slope = (g.alpha * g.alpha + g.beta * g.beta) / 2 - spread * acosl(rho);
  *value = spread * s * sqrtl((1 - rho) * (1 + rho)) + *slope * k;
}

/* The same for erf, of the variances q and r */
static inline void erf_dual(real k, real q, real r, real *value, real *slope) {
  real product = (1 + 2 * q) * (1 + 2 * r);
  *value = 2 / PI * asinl(2 * k / sqrtl(product));
  *slope = 4 / PI / sqrtl(product - 4 * k * k);
}

static inline real below(real h) { return erfcl(-h / sqrtl(2)) / 2; }
static inline real bell(real h) { return expl(-h * h / 2) / sqrtl(2 * PI); }

#define LEGENDRE_NODES 12

/* Gauss-Legendre nodes and weights on [0, 1] */
static inline void legendre(real *node, real *weight) {
  for (int i = 0; i < LEGENDRE_NODES; i++) {
    real x = cosl(PI * (i + 0.75L) / (LEGENDRE_NODES + 0.5L)), slope = 1;
    for (int step = 0; step < 20; step++) {
      real before = 1, now = x;
      for (int n = 2; n <= LEGENDRE_NODES; n++) {
        real next = ((2 * n - 1) * x * now - (n - 1) * before) / n;
        before = now;
        now = next;
      }
      slope = LEGENDRE_NODES * (before - x * now) / (1 - x * x);
      x -= now / slope;
    }
    node[i] = (1 + x) / 2;
    weight[i] = 1 / ((1 - x * x) * slope * slope);
  }
}

/* P(u <= h, v <= k) for correlation p >= 0: its derivative by p, the density, integrated over the angle that p is the cosine of,
 * in panels that double towards pi/2 [Plackett 1954]. Nothing is left of it where the angle is small against |h - k|. */
static inline real both_below(real h, real k, real p) {
  static real node[LEGENDRE_NODES], weight[LEGENDRE_NODES];
  if (weight[0] == 0)
    legendre(node, weight);
  real angle = acosl(p), from = fmaxl(angle, fabsl(h - k) / 9), sum = 0;
  for (real to; from < PI / 2; from = to) {
    to = fminl(PI / 2, h == k ? PI / 2 : 2 * from);
    for (int i = 0; i < LEGENDRE_NODES; i++) {
      real at = from + (to - from) * node[i], sine = sinl(at), apart = (h - k) / sine;
      sum += (to - from) * weight[i] * expl(-apart * apart / 2 - h * k / (1 + cosl(at)));
    }
  }
  return below(h) * below(k) + sum / (2 * PI);
}

/* h, k: P(u <= h, v <= k) for any correlation */
static inline real both_of(real h, real k, real p) {
  p = fabsl(p) > 1 - 1e-17L ? copysignl(1, p) : p;
  return p >= 0 ? both_below(h, k, p) : below(h) - both_below(h, -k, -p);
}

/* Means m, n, variances q, r and covariance k */
static inline void dual_with_means(nonlinearity g, real m, real n, real k, real q, real r, real *value, real *slope) {
  if (q == 0 || r == 0) {
    *value = zeta_of(g, m) * zeta_of(g, n);
    *slope = 0;
    return;
  }
  if (g.erf) {
    real s = sqrtl(1 + 2 * q), t = sqrtl(1 + 2 * r), h = sqrtl(2) * m / s, l = sqrtl(2) * n / t, p = 2 * k / (s * t);
    *value = 4 * both_of(h, l, p) - 2 * below(h) - 2 * below(l) + 1;
    *slope = 4 / PI / (s * t * sqrtl((1 - p) * (1 + p))) * expl(-(h * h - 2 * p * h * l + l * l) / (2 * (1 - p) * (1 + p)));
    return;
  }
  real s = sqrtl(q), t = sqrtl(r), h = m / s, l = n / t, p = k / (s * t), w = g.beta - g.alpha, a = g.alpha;
  p = fabsl(p) > 1 - 1e-17L ? copysignl(1, p) : p;
  real sine = sqrtl((1 - p) * (1 + p)), both = both_of(h, l, p);
  real tail_h = sine > 0 ? (l - p * h) / sine : l == p * h ? 0 : copysignl(50, l - p * h);
  real tail_l = sine > 0 ? (h - p * l) / sine : h == p * l ? 0 : copysignl(50, h - p * l);
  real rectified = (h * l + p) * both + l * bell(h) * below(tail_h) + h * bell(l) * below(tail_l) + sine * bell(h) * bell(tail_h);
  real ramp_h = h * below(h) + bell(h), ramp_l = l * below(l) + bell(l);
  real mixed = l * ramp_h + h * ramp_l + p * (below(h) + below(l));
  *value = s * t * (w * w * rectified + w * a * mixed + a * a * (h * l + p));
  *slope = w * w * both + w * a * (below(h) + below(l)) + a * a;
}

#endif
