#include "layers/expansion.h"

#include <math.h>

#include "base/clones.h"

#define LANES 8
#define NEGLIGIBLE 1e-19 /* a power of rho that adds nothing: |d_j d_j'| is at most the product of the norms of phi' */

/* sum_j x_j y_j rho^j / (j + 1) and sum_j x_j y_j rho^j: eight sums side by side, put together by Horner's rule */
LIMES_INLINE void sums(const double *x, const double *y, const double *inverse, uint32_t terms, double rho, double *value,
                       double *slope) {
  double values[LANES] = {0}, slopes[LANES] = {0}, power = 1, square = rho * rho, fourth = square * square;
  for (uint32_t j = 0; j < terms && fabs(power) > NEGLIGIBLE; j += LANES) {
    for (uint32_t l = 0; l < LANES; l++) {
      double term = x[j + l] * y[j + l] * power;
      slopes[l] += term;
      // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): terms are a multiple of LANES
      values[l] += term * inverse[j + l];
    }
    power *= fourth * fourth;
  }
  *value = *slope = 0;
  for (uint32_t l = LANES; l-- > 0;) {
    *value = *value * rho + values[l];
    *slope = *slope * rho + slopes[l];
  }
}

LIMES_CLONES
static void loop(const limes_run *run, uint32_t terms, const double *inverse, size_t x_step, size_t y_step) {
  for (size_t i = 0; i < run->length; i++) {
    const double *x = run->x + i * x_step, *y = run->y + i * y_step;
    double k = run->cov_in[i], rho = k * x[LIMES_INVERSE_DEVIATION] * y[LIMES_INVERSE_DEVIATION], value, slope;
    rho = rho > 1 ? 1 : rho < -1 ? -1 : rho;
    sums(x + LIMES_FIRST_TERM, y + LIMES_FIRST_TERM, inverse, terms, rho, &value, &slope);
    run->cov[i] = x[LIMES_MEAN] * y[LIMES_MEAN] + k * value;
    if (run->ntk != NULL)
      run->ntk[i] = slope * run->ntk_in[i];
  }
}

void limes_expansion_run(const limes_run *run, uint32_t terms) {
  double inverse[LIMES_MOST_TERMS];
  size_t step = LIMES_EXPANSION_NUMBERS(terms);
  for (uint32_t j = 0; j < terms; j++)
    inverse[j] = 1.0 / (j + 1);
  loop(run, terms, inverse, step, run->y_is_one ? 0 : step);
}

void limes_expansion_own(const double *kept, double variance, uint32_t terms, double *value, double *slope) {
  const double *d = kept + LIMES_FIRST_TERM;
  double sum = 0;
  *slope = 0;
  for (uint32_t j = terms; j-- > 0;) {
    sum += d[j] * d[j] / (j + 1);
    *slope += d[j] * d[j];
  }
  *value = kept[LIMES_MEAN] * kept[LIMES_MEAN] + variance * sum;
}
