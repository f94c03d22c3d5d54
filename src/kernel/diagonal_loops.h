/* The loops that walk a chain along one diagonal (kernel/diagonals.c): all of it at once, without a branch. n elements each. */
#ifndef LIMES_KERNEL_DIAGONAL_LOOPS_H
#define LIMES_KERNEL_DIAGONAL_LOOPS_H

#include <stddef.h>
#include <stdint.h>

/* out += scale x y */
void limes_add_products(size_t n, double scale, const double *x, const double *y, double *out);

/* sum[k] = the sum over taps d = 0 ... taps-1 of in[k + (d - before) step]; sum is none of in */
void limes_sum_taps(size_t n, uint32_t taps, uint32_t before, size_t step, const double *in, double *sum);

/* K <- mask (w sum + b), Theta <- mask w sum + K; cov (ntk) may be sum itself */
void limes_finish_cov(size_t n, double w, double b, const double *mask, const double *sum, double *cov);
void limes_finish_ntk(size_t n, double w, const double *mask, const double *sum, const double *cov, double *ntk);

/* The same of sum[k - 1] + sum[k] + sum[k + 1], three taps side by side; sum is none of the others */
void limes_finish_cov_three(size_t n, double w, double b, const double *restrict mask, const double *restrict sum,
                            double *restrict cov);
void limes_finish_ntk_three(size_t n, double w, const double *restrict mask, const double *restrict sum,
                            const double *restrict cov, double *restrict ntk);

#endif
