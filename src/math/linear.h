/* Linear algebra: a thin face over CBLAS and LAPACK.
 *
 * Matrices are column-major throughout (LAPACKE's row-major entries transpose a copy: 1.6 times the time and memory). A
 * symmetric matrix reads the same in both orders; a C-order [M,N] is a column-major N x M. Functions that take a context
 * run on its threads and put the host's thread count back; the others run on as many as OpenBLAS has at that moment.
 */
#ifndef LIMES_MATH_LINEAR_H
#define LIMES_MATH_LINEAR_H

#include "base/context.h"

/* rows * columns zeroed numbers, to be freed with free(); NULL with the error set where there is no memory. */
double *limes_matrix(limes_context *context, size_t rows, size_t columns) LIMES_MUST_USE;

/* The lower triangle of an n x n matrix becomes the mirror image of its strict upper one; the diagonal stays. */
void limes_mirror(size_t n, double *a);

double limes_mean_diagonal(size_t n, const double *a);

/* C (m x n) = alpha op(A) op(B) + beta C, op(A) m x k, op(B) k x n. Sizes beyond 32 bits are done without BLAS, slowly. */
void limes_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                const double *b, size_t ldb, double beta, double *c, size_t ldc);

/* LIMES_REFUSED where n is beyond what LAPACK's 32-bit sizes take. */
limes_status limes_check_order(limes_context *context, size_t n) LIMES_MUST_USE;

/* The smallest eigenvalue of a symmetric matrix, whose lower triangle is read and which is destroyed. */
limes_status limes_smallest_eigenvalue(limes_context *context, size_t n, double *symmetric, double *value) LIMES_MUST_USE;

/* Eigenvalues [n], ascending, and eigenvectors (columns, in place) of a symmetric matrix, whose lower triangle is read. By
 * divide and conquer (2 n^2 numbers of workspace); where that workspace is beyond 32-bit sizes (n >= 32766), as limes_eigen_lean.
 */
limes_status limes_eigen(limes_context *context, size_t n, double *symmetric_in_vectors_out, double *values) LIMES_MUST_USE;

/* The same by relatively robust representations, with n^2 numbers of workspace. */
limes_status limes_eigen_lean(limes_context *context, size_t n, double *symmetric_in_vectors_out, double *values) LIMES_MUST_USE;

/* A = L L^T, L in the lower triangle; the strict upper triangle keeps A's. Where A is not positive definite by rounding, a
 * jitter is added to its diagonal: 1e-12, 1e-11, ... 1e-4 times its mean, the first one that works. It is said in a warning
 * and in *jitter_used (absolute; 0: none was needed). LIMES_OUT_OF_DOMAIN where none works. */
limes_status limes_cholesky(limes_context *context, size_t n, double *a, double *jitter_used) LIMES_MUST_USE;

/* B (n x columns, column-major, in place) <- L^-1 B, and A^-1 B, with the factor of limes_cholesky. */
void limes_forward_solve(limes_context *context, size_t n, const double *factor, size_t columns, double *b);
void limes_cholesky_solve(limes_context *context, size_t n, const double *factor, size_t columns, double *b);

/* B (n x columns, column-major, in place) <- L B */
void limes_lower_multiply(limes_context *context, size_t n, const double *factor, size_t columns, double *b);

/* diagonal[i] = [A^-1]_ii; n^3 / 3 multiplications, 64 n numbers of workspace. */
limes_status limes_cholesky_inverse_diagonal(limes_context *context, size_t n, const double *factor, double *diagonal)
    LIMES_MUST_USE;

#endif
