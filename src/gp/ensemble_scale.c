/* The scale of an ensemble trained to the end. Item i left out is predicted with the weights u of row i of A^-1 on all
 * targets, u_i = 1 after division by [A^-1]_ii: the networks' own prediction of it has the error u^T f, f ~ N(0, K), so the
 * leave-one-out variance is [A^-1 K A^-1]_ii / [A^-1]_ii^2, A of the NTK. */
#include <stdlib.h>
#include <string.h>

#include "gp/gp.h"
#include "math/linear.h"

static void transpose(size_t n, double *a) {
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i < j; i++) {
      double kept = a[j * n + i];
      a[j * n + i] = a[i * n + j];
      a[i * n + j] = kept;
    }
}

/* Mean of r_i^2 / (variance_i + noise), r_i = alpha_i / [A^-1]_ii; sandwich [N,N] = A^-1 K A^-1, precision [N] = [A^-1]_ii */
static double scale_of(const limes_gp *gp, const double *sandwich, const double *precision) {
  size_t n = gp->train;
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    double total = sandwich[i * n + i] + gp->facts.noise * precision[i] * precision[i];
    for (size_t c = 0; c < gp->outputs; c++)
      sum += gp->alpha[c * n + i] * gp->alpha[c * n + i] / total;
  }
  return sum / (double)n / (double)gp->outputs;
}

limes_status limes_gp_ensemble_scale(limes_context *context, limes_gp *gp) {
  size_t n = gp->train;
  double *sandwich = limes_matrix(context, n, n), *precision = limes_matrix(context, n, 1);
  limes_status status = sandwich != NULL && precision != NULL ? limes_cholesky_inverse_diagonal(context, n, gp->square, precision)
                                                              : LIMES_NO_MEMORY;
  if (status == LIMES_OK) {
    memcpy(sandwich, gp->prior, n * n * sizeof *sandwich);
    limes_cholesky_solve(context, n, gp->square, n, sandwich);
    transpose(n, sandwich);
    limes_cholesky_solve(context, n, gp->square, n, sandwich);
    status = limes_gp_set_scale(context, gp, scale_of(gp, sandwich, precision));
  }
  free(sandwich);
  free(precision);
  return status;
}
