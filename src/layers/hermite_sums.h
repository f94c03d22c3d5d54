/* Sums over all pairs of keys (c, d) of two items, for all pairs of queries (a, b), of the dual of a nonlinearity whose arguments
 * have means (docs/mathematics.md, section 5). In units of s_ac s'_bd, s the deviations of the logits, that is
 *     F(p) = sum_n D_n,ac D'_n,bd p^n,      p = rho_ab rho_cd,      D_n,ac = E[zeta(m_ac + s_ac u) h_n(u)] / s_ac
 * with Hermite polynomials h_n of unit norm, and
 *     sum[0]_ab = sum_cd w[0]_cd F(p),      sum[2]_ab = sum_cd w[0]_cd rho_cd F'(p),
 *     sum[1]_ab = sum_cd {w[1]_cd F(p) + (2 w[0]_cd rho_cd + w[2]_cd) rho_ab F'(p)}.
 * Every power of p is a product of matrices. Pairs of keys with |rho_cd| so near to 1 that this would take long are summed in
 * closed form, query by query. */
#ifndef LIMES_LAYERS_HERMITE_SUMS_H
#define LIMES_LAYERS_HERMITE_SUMS_H

#include <stdbool.h>
#include <stddef.h>

enum { LIMES_HERMITE_SUMS = 3 };

/* zeta = erf, or zeta(u) = alpha min(u, 0) + beta max(u, 0) */
typedef struct limes_hermite_zeta {
  bool erf;
  double alpha, beta;
  double tau;    /* m_ac = tau s_ac rho_ac(x, x); 0: no means */
  double sharp2; /* s_ac^2 = sharp2 K~_aa K~_cc */
} limes_hermite_zeta;

/* Element (a, b) of a pair stands at a + b T; n = T T_y. */
typedef struct limes_hermite_pair {
  limes_hermite_zeta zeta;
  size_t T, T_y;
  bool causal;                             /* c <= a and d <= b only */
  bool diagonal;                           /* only equal positions are asked */
  bool ntk;                                /* else sum[0] alone */
  const double *deviation_x, *deviation_y; /* [T], [T_y] roots of K~_aa */
  const double *own_x, *own_y;             /* rho(x, x) [T, T], rho(x', x') [T_y, T_y]; NULL where tau = 0 */
  const double *rho, *sine;                /* [n] rho_ab, sqrt(1 - rho_ab^2) */
  double *w[LIMES_HERMITE_SUMS];           /* [n], destroyed */
  double *sum[LIMES_HERMITE_SUMS];         /* [n]; [T] where only equal positions are asked */
  double *power, *left, *product, *mixed;  /* [n] scratch */
  double *items;                           /* scratch: limes_hermite_memory(largest T) */
  size_t powers, near;                     /* out: powers of p, and pairs of keys in closed form */
} limes_hermite_pair;

size_t limes_hermite_memory(size_t T);

/* Fills sum. Returns what the powers left out amount to, relative to the sums. */
double limes_hermite_sums(limes_hermite_pair *pair);

#endif
