#include "kernel/diagonal_loops.h"

#include <string.h>

#include "base/clones.h"

LIMES_CLONES
void limes_add_products(size_t n, double scale, const double *x, const double *y, double *out) {
  LIMES_INDEPENDENT
  for (size_t k = 0; k < n; k++)
    out[k] += scale * x[k] * y[k];
}

LIMES_CLONES
static void sum_three(size_t n, size_t step, const double *restrict in, double *restrict sum) {
  const double *before = in - step, *after = in + step;
  for (size_t k = 0; k < n; k++)
    sum[k] = (before[k] + in[k]) + after[k];
}

LIMES_CLONES
static void add_shifted(size_t n, const double *restrict in, double *restrict sum) {
  for (size_t k = 0; k < n; k++)
    sum[k] += in[k];
}

void limes_sum_taps(size_t n, uint32_t taps, uint32_t before, size_t step, const double *in, double *sum) {
  if (taps == 3 && before == 1) {
    sum_three(n, step, in, sum);
    return;
  }
  memcpy(sum, in - before * step, n * sizeof *sum);
  for (uint32_t d = 1; d < taps; d++)
    add_shifted(n, in + d * step - before * step, sum);
}

LIMES_CLONES
void limes_finish_cov(size_t n, double w, double b, const double *mask, const double *sum, double *cov) {
  LIMES_INDEPENDENT
  for (size_t k = 0; k < n; k++)
    cov[k] = mask[k] * (w * sum[k] + b);
}

LIMES_CLONES
void limes_finish_ntk(size_t n, double w, const double *mask, const double *sum, const double *cov, double *ntk) {
  LIMES_INDEPENDENT
  for (size_t k = 0; k < n; k++)
    ntk[k] = mask[k] * (w * sum[k]) + cov[k];
}

LIMES_CLONES
void limes_finish_cov_three(size_t n, double w, double b, const double *restrict mask, const double *restrict sum,
                            double *restrict cov) {
  const double *before = sum - 1, *after = sum + 1;
  for (size_t k = 0; k < n; k++)
    cov[k] = mask[k] * (w * ((before[k] + sum[k]) + after[k]) + b);
}

LIMES_CLONES
void limes_finish_ntk_three(size_t n, double w, const double *restrict mask, const double *restrict sum,
                            const double *restrict cov, double *restrict ntk) {
  const double *before = sum - 1, *after = sum + 1;
  for (size_t k = 0; k < n; k++)
    ntk[k] = mask[k] * (w * ((before[k] + sum[k]) + after[k])) + cov[k];
}
