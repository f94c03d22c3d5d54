/* Chebyshev series of several functions at once: f_q(x) = sum_m c_qm T_m(x) on [-1, 1], q < LIMES_SERIES at the most.
 *
 * With the moments mu_qm = sum_i w_qi T_m(x_i) of weighted points and the coefficients C_km of a function of two variables,
 * C mu are the coefficients of sum_i w_qi g(x, x_i): a sum over n points at n arguments in O(n M + M^2). */
#ifndef LIMES_MATH_CHEBYSHEV_H
#define LIMES_MATH_CHEBYSHEV_H

#include <stdbool.h>
#include <stddef.h>

#define LIMES_SERIES 4

/* Points come in whole blocks: arrays of points and weights have this many elements for n of them, zeros behind the n. */
size_t limes_chebyshev_padded(size_t n);

/* Node k of M, k < M: cos(pi (k + 1/2) / M). */
double limes_chebyshev_node(size_t M, size_t k);

/* matrix[m + k M]: c = matrix f makes coefficients of values at the nodes. scratch: [4 M] */
void limes_chebyshev_transform(size_t M, double *matrix, double *scratch);

/* mu[m + q M] = sum_i w[q][i] T_m(x[i]), q < count. */
void limes_chebyshev_moments(size_t n, const double *x, size_t count, double *const *w, size_t M, double *mu);

/* f[q][i] = sum_m c[m + q M] T_m(x[i]), q < count. */
void limes_chebyshev_values(size_t n, const double *x, size_t count, const double *c, size_t M, double *const *f);

#endif
