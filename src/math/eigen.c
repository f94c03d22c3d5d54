#include <lapacke.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/blas_threads.h"
#include "base/memory.h"
#include "math/linear.h"

static limes_status report(limes_context *context, size_t n, lapack_int info) {
  if (info == 0)
    return LIMES_OK;
  return limes_fail(context, LIMES_FAILED,
                    "the eigenvalues of a matrix of order %zu could not be found (LAPACK code %d); are all its entries finite?",
                    n, (int)info);
}

/* Eigenvalues number 1 ... last by relatively robust representations, and their vectors [n, last] where wanted. */
static limes_status robust(limes_context *context, size_t n, double *a, size_t last, double *values, double *vectors) {
  double *work = limes_allocate(context, n, 26 * sizeof *work);
  lapack_int *integers = limes_allocate(context, n, 12 * sizeof *integers);
  limes_status status = LIMES_NO_MEMORY;
  if (work == NULL || integers == NULL)
    goto done;
  lapack_int order = (lapack_int)n, found = 0;
  lapack_int *support = integers + 10 * n;
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  lapack_int info =
      LAPACKE_dsyevr_work(LAPACK_COL_MAJOR, vectors != NULL ? 'V' : 'N', 'I', 'L', order, a, order, 0, 0, 1, (lapack_int)last, 0,
                          &found, values, vectors, order, support, work, 26 * order, integers, 10 * order);
  limes_blas_leave(threads);
  status = report(context, n, info != 0 ? info : found == (lapack_int)last ? 0 : -1);
done:
  free(work);
  free(integers);
  return status;
}

limes_status limes_smallest_eigenvalue(limes_context *context, size_t n, double *symmetric, double *value) {
  limes_status status = limes_check_order(context, n);
  if (status != LIMES_OK)
    return status;
  double *values = limes_allocate(context, n, sizeof *values);
  if (values == NULL)
    return LIMES_NO_MEMORY;
  status = robust(context, n, symmetric, 1, values, NULL);
  *value = values[0];
  free(values);
  return status;
}

limes_status limes_eigen_lean(limes_context *context, size_t n, double *symmetric_in_vectors_out, double *values) {
  limes_status status = limes_check_order(context, n);
  if (status != LIMES_OK)
    return status;
  double *vectors = limes_matrix(context, n, n);
  if (vectors == NULL)
    return LIMES_NO_MEMORY;
  status = robust(context, n, symmetric_in_vectors_out, n, values, vectors);
  if (status == LIMES_OK)
    memcpy(symmetric_in_vectors_out, vectors, n * n * sizeof *vectors);
  free(vectors);
  return status;
}

limes_status limes_eigen(limes_context *context, size_t n, double *symmetric_in_vectors_out, double *values) {
  limes_status status = limes_check_order(context, n);
  if (status != LIMES_OK)
    return status;
  size_t work_size = 1 + 6 * n + 2 * n * n, integers_size = 3 + 5 * n;
  if (work_size > INT_MAX) /* dsyevd's own check of its workspace wraps around there without a word */
    return limes_eigen_lean(context, n, symmetric_in_vectors_out, values);
  double *work = limes_allocate(context, work_size, sizeof *work);
  lapack_int *integers = limes_allocate(context, integers_size, sizeof *integers);
  if (work == NULL || integers == NULL) {
    free(work);
    free(integers);
    return LIMES_NO_MEMORY;
  }
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  lapack_int info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', (lapack_int)n, symmetric_in_vectors_out, (lapack_int)n,
                                        values, work, (lapack_int)work_size, integers, (lapack_int)integers_size);
  limes_blas_leave(threads);
  free(work);
  free(integers);
  return report(context, n, info);
}
