/* Sums over all pairs of keys (c, d) of two items, for all pairs of queries (a, b), of the dual of erf (docs/mathematics.md,
 * section 5). With alpha_ac = sqrt(2) s v_a v_c / n_ac, n_ac = sqrt(1 + 2 s^2 v_a^2 v_c^2), v the deviations and s = q_std k_std,
 *     p = alpha_ac alpha'_bd rho_ab rho_cd,
 *     sum[q]_ab = sum_cd w[q]_cd asin p for q = 0, 1,      sum_cd w[q]_cd / (n_ac n'_bd sqrt(1 - p^2)) for q = 2, 3.
 * Every power of p is a product of matrices; |p| < 1 always, and the powers are summed until they no longer count. Where logits
 * are so large that this would take hundreds, sums are taken term by term. */
#ifndef LIMES_LAYERS_ERF_SUMS_H
#define LIMES_LAYERS_ERF_SUMS_H

#include <stdbool.h>
#include <stddef.h>

#include "math/chebyshev.h"

/* Element (a, b) of a pair stands at a + b T; n = T T_y. */
typedef struct limes_erf_pair {
  size_t T, T_y;
  size_t count;                            /* functions: 1, or LIMES_SERIES */
  bool causal;                             /* c <= a and d <= b only */
  bool diagonal;                           /* only equal positions are asked */
  double sharp2;                           /* s^2 */
  const double *deviation_x, *deviation_y; /* [T], [T_y] */
  double *rho;                             /* [n] */
  double *w[LIMES_SERIES];                 /* [n], destroyed */
  double *sum[LIMES_SERIES];               /* [n]; [T] where only equal positions are asked */
  double *power, *left, *product;          /* [n] scratch */
  double *items;                           /* scratch: limes_erf_memory(largest T) */
} limes_erf_pair;

size_t limes_erf_memory(size_t T);

/* Fills sum. Returns what the powers left out amount to, relative to the sums. */
double limes_erf_sums(limes_erf_pair *pair);

#endif
