/* Nonlinearities without a closed form: the coefficients of their Hermite expansion (expansion.h) by quadrature. */
#ifndef LIMES_LAYERS_QUADRATURE_H
#define LIMES_LAYERS_QUADRATURE_H

#include "layers/expansion.h"

/* phi(u), and phi'(u) in *slope; param is the layer's parameter struct, which begins with a limes_quadrature */
typedef double limes_nonlinearity(const void *param, double u, double *slope);

typedef struct limes_quadrature {
  uint32_t order; /* Hermite polynomials kept */
} limes_quadrature;

/* The members of limes_elementwise for phi. */
uint32_t limes_quadrature_kept(const void *param);
void limes_quadrature_trace(limes_nonlinearity *phi, const void *param, size_t n, const double *variance, double *kept);
double limes_quadrature_flops(const void *param); /* of run, an element */
void limes_quadrature_run(const void *param, const limes_run *run);
/* nodes: as fine as for expansions of this order */
void limes_quadrature_own(limes_nonlinearity *phi, const void *param, double nodes, double variance, double *value,
                          double *slope);

/* What the polynomials left out would add at the item's positions, the most of K and of the slope, as shares of E phi^2 and
 * E phi'^2. Between positions of deviations sigma, sigma' and correlation rho it is at most the geometric mean of theirs times
 * |rho|^order (of the slope; |rho|^(order+1) of K). */
void limes_quadrature_left_out(const limes_op *op, const limes_trace *trace, double *value, double *slope);

/* Of one position: raises *value and *slope to the relative errors of the polynomials' sums against E phi^2 and E phi'^2 in all.
 */
void limes_quadrature_compare(const void *param, const double *kept, const double all[2], double *value, double *slope);

/* The variance of a position from what is kept of it. */
double limes_quadrature_variance(const double *kept);

#endif
