/* Sums over all pairs of keys (c, d) of two items, for all pairs of queries (a, b) (docs/mathematics.md, section 5):
 *     sum[q]_ab = sum_cd w[q]_cd g(|rho_ab rho_cd|) for q = 0, 1,     the same with h for q = 2, 3,
 * g and h as in kink_series.h. They depend on the query by |rho_ab| alone: one function of one variable for each q. With causal
 * sums c <= a and d <= b they do not; there moments are summed up row by row and column by column. Keys and queries with
 * |rho| = 1 exactly are a group of their own, without approximation. */
#ifndef LIMES_LAYERS_KINK_SUMS_H
#define LIMES_LAYERS_KINK_SUMS_H

#include "layers/kink_series.h"
#include "math/chebyshev.h"

/* Element (a, b) of a pair stands at a + b T. Arrays of n elements have room for limes_chebyshev_padded(n), zeros at first. */
typedef struct limes_kink_pair {
  size_t T, T_y, n;              /* n = T T_y */
  size_t count;                  /* functions: 1, or LIMES_SERIES */
  double *cosine, *sine, *angle; /* [n] |rho|, sqrt(1 - rho^2), asin|rho|; sine = 0: |rho| = 1 exactly */
  double least, most;            /* sine, but those that are 0; least > most: there is no other */
  bool ones;                     /* some sine is 0 */
  double *x;                     /* [n] scratch */
  double *w[LIMES_SERIES];       /* [n], destroyed */
  double *sum[LIMES_SERIES];     /* [n], or [T] where only equal positions are asked */
  double *spare[LIMES_SERIES];   /* [n] scratch */
  double *series, *line;         /* scratch: limes_kink_series_memory(), and limes_kink_line_memory(T) */
} limes_kink_pair;

size_t limes_kink_line_memory(size_t T);

/* Fills sum, over all (c, d), for all (a, b) or (diagonal) for (a, a). Returns the relative error of the series. */
double limes_kink_sums(limes_kink_pair *pair, bool diagonal);

/* Fills sum, over c <= a and d <= b, for all (a, b). */
double limes_kink_causal_sums(limes_kink_pair *pair);

/* out_ab = sum of in_cd over c <= a and d <= b; line: [T] scratch. in may be out. */
void limes_prefix_sums(size_t T, size_t T_y, const double *in, double *out, double *line);

/* sum_i a[i] b[i] */
double limes_dot(size_t n, const double *a, const double *b);

#endif
