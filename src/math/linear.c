#include "math/linear.h"

#include <cblas.h>
#include <float.h>
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/blas_threads.h"
#include "base/memory.h"

static bool is_int(size_t n) { return n <= INT_MAX; }

static void plain_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, double alpha, const double *a,
                       size_t lda, const double *b, size_t ldb, double beta, double *c, size_t ldc) {
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i < m; i++) {
      double sum = 0;
      for (size_t l = 0; l < k; l++)
        sum += (transpose_a ? a[i * lda + l] : a[l * lda + i]) * (transpose_b ? b[l * ldb + j] : b[j * ldb + l]);
      c[j * ldc + i] = alpha * sum + (beta == 0 ? 0 : beta * c[j * ldc + i]);
    }
}

void limes_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                const double *b, size_t ldb, double beta, double *c, size_t ldc) {
  if (!is_int(m) || !is_int(n) || !is_int(k) || !is_int(lda) || !is_int(ldb) || !is_int(ldc)) {
    plain_gemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    return;
  }
  cblas_dgemm(CblasColMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, (int)m, (int)n,
              (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

limes_status limes_check_order(limes_context *context, size_t n) {
  if (n > 0 && n <= INT_MAX / 32) /* LAPACK's linear workspaces are up to 26 n */
    return LIMES_OK;
  return limes_fail(context, LIMES_REFUSED, "a matrix of order %zu cannot be factorized: the order goes from 1 to %d", n,
                    INT_MAX / 32);
}

double *limes_matrix(limes_context *context, size_t rows, size_t columns) {
  size_t count = 0;
  if (!limes_multiply(rows, columns, &count))
    count = SIZE_MAX;
  return limes_allocate(context, count, sizeof(double));
}

#define MIRROR_BLOCK 32 /* two blocks sit in the first-level cache */

void limes_mirror(size_t n, double *a) {
  for (size_t first_row = 0; first_row < n; first_row += MIRROR_BLOCK)
    for (size_t first = 0; first <= first_row; first += MIRROR_BLOCK)
      for (size_t i = first_row; i < n && i < first_row + MIRROR_BLOCK; i++)
        for (size_t j = first; j < i && j < first + MIRROR_BLOCK; j++)
          a[j * n + i] = a[i * n + j];
}

double limes_mean_diagonal(size_t n, const double *a) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i * n + i];
  return sum / (double)n;
}

/* A pivot of the size of its own rounding error means a singular matrix that got through by luck. */
static bool factorize(size_t n, double *a, const double *diagonal, double jitter) {
  if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', (int)n, a, (int)n) != 0)
    return false;
  double rounding = (double)n * DBL_EPSILON;
  for (size_t i = 0; i < n; i++) {
    double pivot = a[i * n + i] * a[i * n + i];
    if (!(pivot > rounding * (diagonal[i] + jitter) && pivot < HUGE_VAL))
      return false;
  }
  return true;
}

/* The jitter that worked, NAN where none did. */
static double climb(size_t n, double *a, const double *diagonal, double mean) {
  if (factorize(n, a, diagonal, 0))
    return 0;
  for (int power = -12; power <= -4; power++) {
    double jitter = pow(10, power) * mean;
    limes_mirror(n, a);
    for (size_t i = 0; i < n; i++)
      a[i * n + i] = diagonal[i] + jitter;
    if (factorize(n, a, diagonal, jitter))
      return jitter;
  }
  return NAN;
}

limes_status limes_cholesky(limes_context *context, size_t n, double *a, double *jitter_used) {
  limes_status status = limes_check_order(context, n);
  if (status != LIMES_OK)
    return status;
  double *diagonal = limes_allocate(context, n, sizeof *diagonal);
  if (diagonal == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < n; i++)
    diagonal[i] = a[i * n + i];
  double mean = limes_mean_diagonal(n, a);
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  *jitter_used = climb(n, a, diagonal, mean);
  limes_blas_leave(threads);
  free(diagonal);
  if (isnan(*jitter_used))
    return limes_fail(context, LIMES_OUT_OF_DOMAIN,
                      "the kernel matrix of order %zu is not positive definite, not even with 1e-4 of its mean diagonal (%.6g) "
                      "added; give a larger noise",
                      n, mean);
  if (*jitter_used > 0)
    limes_log(context, LIMES_LOG_WARNING,
              "the kernel matrix is singular to rounding: %.3g was added to its diagonal (%.0e of its mean)", *jitter_used,
              *jitter_used / mean);
  return LIMES_OK;
}

void limes_forward_solve(limes_context *context, size_t n, const double *factor, size_t columns, double *b) {
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, (int)columns, 1, factor, (int)n, b,
              (int)n);
  limes_blas_leave(threads);
}

void limes_cholesky_solve(limes_context *context, size_t n, const double *factor, size_t columns, double *b) {
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, (int)columns, 1, factor, (int)n, b,
              (int)n);
  cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, (int)n, (int)columns, 1, factor, (int)n, b, (int)n);
  limes_blas_leave(threads);
}

void limes_lower_multiply(limes_context *context, size_t n, const double *factor, size_t columns, double *b) {
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  cblas_dtrmm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, (int)columns, 1, factor, (int)n, b,
              (int)n);
  limes_blas_leave(threads);
}

#define INVERSE_BLOCK 64

limes_status limes_cholesky_inverse_diagonal(limes_context *context, size_t n, const double *factor, double *diagonal) {
  double *block = limes_allocate(context, n, INVERSE_BLOCK * sizeof *block);
  if (block == NULL)
    return LIMES_NO_MEMORY;
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  for (size_t first = 0; first < n; first += INVERSE_BLOCK) {
    /* columns first ... of L^-1 are zero above their own row: only the lower right corner of L takes part */
    size_t rows = n - first, columns = rows < INVERSE_BLOCK ? rows : INVERSE_BLOCK;
    memset(block, 0, rows * columns * sizeof *block);
    for (size_t j = 0; j < columns; j++)
      block[j * rows + j] = 1;
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)rows, (int)columns, 1,
                factor + first * n + first, (int)n, block, (int)rows);
    for (size_t j = 0; j < columns; j++)
      diagonal[first + j] = cblas_ddot((int)rows, block + j * rows, 1, block + j * rows, 1);
  }
  limes_blas_leave(threads);
  free(block);
  return LIMES_OK;
}
