#include <stdlib.h>

#include "base/blas_threads.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "gp/gp.h"
#include "math/linear.h"

limes_status limes_gp_leave_one_out(limes_context *context, const limes_gp *gp, double *mean, double *variance) {
  size_t n = gp->train, outputs = gp->outputs;
  if (limes_gp_is_flow(gp))
    return limes_fail(context, LIMES_WRONG_USE, "leave-one-out has no closed form at a finite time: ask for time = inf");
  double *precision = limes_matrix(context, n, 1);
  if (precision == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = limes_cholesky_inverse_diagonal(context, n, gp->square, precision);
  for (size_t i = 0; i < n && status == LIMES_OK; i++) {
    for (size_t c = 0; c < outputs && mean != NULL; c++)
      mean[i * outputs + c] = gp->offset[c] + gp->target[c * n + i] - gp->alpha[c * n + i] / precision[i];
    if (variance != NULL)
      variance[i] = gp->facts.scale / precision[i];
  }
  free(precision);
  return status;
}

static limes_status cross_validated(limes_context *context, const limes_gp *gp, double *mean) {
  size_t n = gp->train, outputs = gp->outputs;
  double noise = gp->facts.noise + gp->facts.jitter;
  double *kernel = limes_matrix(context, n, n), *predictions = limes_matrix(context, n, outputs);
  limes_status status = kernel != NULL && predictions != NULL ? limes_gp_solved_kernel(context, gp, kernel) : LIMES_NO_MEMORY;
  if (status == LIMES_OK)
    status = limes_gp_cross_validate(context, &(limes_gp_folds){.n = n,
                                                                .outputs = outputs,
                                                                .kernel = kernel,
                                                                .prior = kernel,
                                                                .target = gp->target,
                                                                .steps = gp->steps,
                                                                .values = 1,
                                                                .noise = &noise,
                                                                .predictions = predictions});
  for (size_t i = 0; i < n && status == LIMES_OK; i++)
    for (size_t c = 0; c < outputs; c++)
      mean[i * outputs + c] = gp->offset[c] + predictions[c * n + i];
  free(kernel);
  free(predictions);
  return status;
}

limes_status limes_gp_held_out(limes_context *context, const limes_gp *gp, double *mean) {
  if (!limes_gp_is_flow(gp))
    return limes_gp_leave_one_out(context, gp, mean, NULL);
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  limes_status status = cross_validated(context, gp, mean);
  limes_blas_leave(threads);
  return status;
}
