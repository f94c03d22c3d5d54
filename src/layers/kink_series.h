/* The two functions behind the dual of a nonlinearity with a kink at zero (docs/mathematics.md, section 3), of p = |r rho|:
 *     g(p) = sqrt(1 - p^2) + p asin p,      h(p) = asin p = g'(p),
 * as Chebyshev series in one coordinate of r and of rho over the range that a pair's correlations have. Neither is analytic
 * at p = 1. The coordinate is the angle asin r while that is far off, and artanh r else, which moves the singularity to a
 * distance of pi/2 from the real axis however near to 1 the correlations come. */
#ifndef LIMES_LAYERS_KINK_SERIES_H
#define LIMES_LAYERS_KINK_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#define LIMES_KINK_TERMS 192 /* the most */

typedef struct limes_kink_series {
  bool by_artanh;
  double low, high; /* of the coordinate */
  size_t terms;     /* M */
  double *g, *h;    /* [M x M] coefficients */
  double error;     /* of what is left out, relative to the functions */
} limes_kink_series;

/* Doubles of memory that a series with the most terms needs. */
size_t limes_kink_series_memory(void);

/* For sines sqrt(1 - rho^2) in [least, most], least > 0: as many terms as leave out less than 2e-11. */
void limes_kink_series_choose(limes_kink_series *series, double least_sine, double most_sine, double *memory);

/* x[i] in [-1, 1] of |rho|, sqrt(1 - rho^2) and asin|rho|; what lies outside of the range is moved to its end. */
void limes_kink_coordinates(const limes_kink_series *series, size_t n, const double *cosine, const double *sine,
                            const double *angle, double *x);

#endif
