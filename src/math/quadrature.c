#include "math/quadrature.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* Orthonormal Hermite polynomials at x: p_{k+1} = (x p_k - sqrt(k) p_{k-1}) / sqrt(k+1). p_n, p_{n-1} and the sum of squares of
 * p_0 ... p_{n-1}, the inverse of the weight [Christoffel]. */
static void polynomials(size_t order, double x, double *last, double *before, double *squares) {
  *before = 0;
  *last = 1;
  *squares = 0;
  for (size_t k = 0; k < order; k++) {
    double next = (x * *last - sqrt((double)k) * *before) / sqrt((double)(k + 1));
    *squares += *last * *last;
    *before = *last;
    *last = next;
  }
}

limes_status limes_gauss_hermite(limes_context *context, size_t order, double *node, double *weight) {
  if (order == 0 || order > LIMES_MOST_NODES)
    return limes_fail(context, LIMES_WRONG_USE, "a quadrature of %zu nodes cannot be had: the order goes from 1 to %d", order,
                      LIMES_MOST_NODES);
  double *off_diagonal = limes_allocate(context, order, sizeof *off_diagonal);
  if (off_diagonal == NULL)
    return LIMES_NO_MEMORY;
  for (size_t k = 0; k < order; k++) {
    node[k] = 0;
    off_diagonal[k] = sqrt((double)(k + 1));
  }
  lapack_int info = LAPACKE_dsterf_work((lapack_int)order, node, off_diagonal);
  free(off_diagonal);
  if (info != 0)
    return limes_fail(context, LIMES_FAILED, "the %zu nodes of a Gauss-Hermite quadrature were not found (LAPACK code %d)", order,
                      (int)info);
  for (size_t i = 0; i < order; i++) {
    double last = 0, before = 0, squares = 0;
    polynomials(order, node[i], &last, &before, &squares);
    node[i] -= last / (sqrt((double)order) * before); /* the derivative of p_n is sqrt(n) p_{n-1} */
    polynomials(order, node[i], &last, &before, &squares);
    weight[i] = 1 / squares;
  }
  return LIMES_OK;
}
