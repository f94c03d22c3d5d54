/* Nonlinearities by their Hermite expansion (docs/mathematics.md, section 3). With h_j the orthonormal Hermite polynomials and
 *     mean(sigma) = E phi(sigma x),   d_j(sigma) = E phi'(sigma x) h_j(x),   x ~ N(0,1),
 * Mehler's formula gives, for deviations sigma, sigma' and correlation rho = K / (sigma sigma'),
 *     E[phi phi'] = mean(sigma) mean(sigma') + K sum_j d_j(sigma) d_j(sigma') rho^j / (j + 1),
 *     E[phi' phi'] = sum_j d_j(sigma) d_j(sigma') rho^j. */
#ifndef LIMES_LAYERS_EXPANSION_H
#define LIMES_LAYERS_EXPANSION_H

#include "layers/elementwise.h"

#define LIMES_MOST_TERMS 512
#define LIMES_TERMS(n) (((n) + 7) / 8 * 8) /* terms are taken eight at a time, zeros behind the last */

/* What is kept of a position: 1/sigma (0 where sigma is 0), mean, d_0 ... d_(terms-1) */
enum { LIMES_INVERSE_DEVIATION, LIMES_MEAN, LIMES_FIRST_TERM };
#define LIMES_EXPANSION_NUMBERS(terms) ((terms) + LIMES_FIRST_TERM)

/* Floating-point operations of limes_expansion_run, an element: five a term, and what puts eight sums together */
#define LIMES_EXPANSION_FLOPS(terms) (5.0 * (terms) + 40)

/* terms: a multiple of 8, at most LIMES_MOST_TERMS */
void limes_expansion_run(const limes_run *run, uint32_t terms);

/* The two sums at rho = 1 for one position of this variance. */
void limes_expansion_own(const double *kept, double variance, uint32_t terms, double *value, double *slope);

#endif
