/* The bivariate normal distribution, for many points at once. */
#ifndef LIMES_MATH_BIVARIATE_H
#define LIMES_MATH_BIVARIATE_H

#include <stddef.h>

/* n points; u and v are standard normal with the correlation p. sine = sqrt(1 - p^2), which the caller may know to more digits
 * than p tells; 0 where |p| = 1. */
typedef struct limes_bivariate {
  size_t n;
  const double *h, *k, *p, *sine;
  const double *below_h, *below_k; /* Phi(h), Phi(k) */
  double *tail_h, *tail_k;         /* out: Phi((k - p h) / sine), Phi((h - p k) / sine) */
  double *density;                 /* out: phi(h) phi((k - p h) / sine), both standard normal densities */
  double *both;                    /* out: P(u <= h, v <= k), absolute error below 1e-15 */
} limes_bivariate;

void limes_bivariate_normal(const limes_bivariate *at);

/* P(u <= h), and the density */
double limes_normal_below(double h);
double limes_normal_density(double h);

#endif
