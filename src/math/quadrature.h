/* Quadrature for expectations over the standard normal. */
#ifndef LIMES_MATH_QUADRATURE_H
#define LIMES_MATH_QUADRATURE_H

#include "base/context.h"

#define LIMES_MOST_NODES 512

/* Gauss-Hermite nodes, ascending, and weights, [order] each: E f(u) = sum_i weight[i] f(node[i]) for u ~ N(0,1), exact for
 * polynomials of degree 2 order - 1. order: 1 ... LIMES_MOST_NODES. Nodes are eigenvalues of the Jacobi matrix [Golub &
 * Welsch 1969], polished by Newton's method; weights, down to the smallest, keep their relative accuracy. */
limes_status limes_gauss_hermite(limes_context *context, size_t order, double *node, double *weight) LIMES_MUST_USE;

#endif
