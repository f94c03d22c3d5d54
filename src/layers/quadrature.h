/* Nonlinearities without a closed form: the coefficients of their Hermite expansion (expansion.h) by quadrature. */
#ifndef LIMES_LAYERS_QUADRATURE_H
#define LIMES_LAYERS_QUADRATURE_H

#include "layers/expansion.h"

/* phi(u), and phi'(u) in *slope */
typedef double limes_nonlinearity(double u, double *slope);

typedef struct limes_quadrature {
  uint32_t order; /* Hermite polynomials kept */
} limes_quadrature;

/* The members of limes_elementwise for phi. */
uint32_t limes_quadrature_kept(const void *param);
void limes_quadrature_trace(limes_nonlinearity *phi, const void *param, size_t n, const double *variance, double *kept);
double limes_quadrature_flops(const void *param); /* of run, an element */
void limes_quadrature_run(const void *param, const limes_run *run);
void limes_quadrature_own(limes_nonlinearity *phi, double variance, double *value, double *slope);

/* What the polynomials left out would add at the item's positions, the most of K and of the slope, as shares of E phi^2 and
 * E phi'^2. Between positions of deviations sigma, sigma' and correlation rho it is at most the geometric mean of theirs times
 * |rho|^order (of the slope; |rho|^(order+1) of K). */
void limes_quadrature_left_out(const limes_op *op, const limes_trace *trace, double *value, double *slope);

#endif
