/* What is made of the draws: parts of the error, slopes with intervals, kurtosis, a test of normality. */
#include <math.h>
#include <stdlib.h>

#include "study/width.h"

#define RESAMPLES 2000

static int ascending(const void *a, const void *b) {
  double p = *(const double *)a, q = *(const double *)b;
  return (p > q) - (p < q);
}

void limes_middle(size_t n, double *value, double interval[2]) {
  qsort(value, n, sizeof *value, ascending);
  size_t tail = n / 40;
  interval[0] = value[tail];
  interval[1] = value[n - 1 - tail];
}

/* With E_d the error of draw d and M their mean, mean |E_d|^2 = |M|^2 + (D - 1) / D S^2, S^2 the variance of one draw around its
 * expectation; E |M|^2 = |bias|^2 + S^2 / D. */
void limes_width_parts(size_t numbers, size_t draws, const limes_width_sums *sums, limes_width_error *error) {
  double D = (double)draws, of_mean = 0, squares = 0;
  for (size_t k = 0; k < numbers; k++)
    of_mean += sums->total[k] * sums->total[k] / (D * D);
  for (size_t d = 0; d < draws; d++)
    squares += sums->square[d];
  error->variance_squared = fmax((squares - D * of_mean) / (D - 1), 0);
  error->bias_squared = squares / D - error->variance_squared;
  error->bias_noise = sqrt(error->variance_squared / D);
}

static double log_error(double mean_square) { return 0.5 * log(fmax(mean_square, 1e-300)); }

/* Least squares */
static double slope_of(size_t n, const size_t *size, const double *y) {
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (size_t i = 0; i < n; i++) {
    mean_x += log((double)size[i]) / (double)n;
    mean_y += y[i] / (double)n;
  }
  for (size_t i = 0; i < n; i++) {
    double x = log((double)size[i]) - mean_x;
    xx += x * x;
    xy += x * (y[i] - mean_y);
  }
  return xy / xx;
}

static double mean_of(size_t n, const double *x) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += x[i];
  return sum / (double)n;
}

/* Which draws a resample takes: choice[draws] */
static void choose(uint64_t seed, uint64_t resample, uint64_t size, size_t draws, double *uniform, size_t *choice) {
  limes_stream stream = {seed, {resample, size, 0}};
  limes_uniform(&stream, 0, draws, uniform);
  for (size_t d = 0; d < draws; d++)
    choice[d] = (size_t)(uniform[d] * (double)draws) % draws;
}

/* A resampled mean scatters sqrt((D - 1) / D) times as much as a mean of D draws: widened by that. */
static double resampled(size_t draws, const double *square, const size_t *choice) {
  double mean = mean_of(draws, square), sum = 0;
  for (size_t d = 0; d < draws; d++)
    sum += square[choice[d]];
  double moved = mean + (sum / (double)draws - mean) * sqrt((double)draws / (double)(draws - 1));
  return moved > 0 ? moved : sum / (double)draws;
}

limes_status limes_width_slope(limes_context *context, size_t n, const size_t *size, size_t draws, const double *const *square,
                               uint64_t seed, limes_width_kernel *kernel) {
  double *slope = limes_allocate(context, RESAMPLES, sizeof *slope);
  double *error = limes_allocate(context, limes_multiply_capped(RESAMPLES, n), sizeof *error);
  double *y = limes_allocate(context, n, sizeof *y), *uniform = limes_allocate(context, draws, sizeof *uniform);
  size_t *choice = limes_allocate(context, draws, sizeof *choice);
  limes_status status = LIMES_NO_MEMORY;
  if (slope == NULL || error == NULL || y == NULL || uniform == NULL || choice == NULL)
    goto done;
  for (size_t i = 0; i < n; i++)
    y[i] = log_error(mean_of(draws, square[i]));
  kernel->slope = slope_of(n, size, y);
  for (size_t i = 0; i < n; i++)
    kernel->at[i].error = exp(y[i]);
  for (size_t r = 0; r < RESAMPLES; r++) {
    for (size_t i = 0; i < n; i++) {
      choose(seed, r, i, draws, uniform, choice);
      y[i] = log_error(resampled(draws, square[i], choice));
      error[i * RESAMPLES + r] = exp(y[i]);
    }
    slope[r] = slope_of(n, size, y);
  }
  limes_middle(RESAMPLES, slope, kernel->interval);
  for (size_t i = 0; i < n; i++)
    limes_middle(RESAMPLES, error + i * RESAMPLES, kernel->at[i].interval);
  status = LIMES_OK;
done:
  free(slope);
  free(error);
  free(y);
  free(uniform);
  free(choice);
  return status;
}

/* choice NULL: every draw once */
static double kurtosis_of(size_t draws, size_t items, const double *moments, const size_t *choice) {
  double sum = 0;
  for (size_t i = 0; i < items; i++) {
    double second = 0, fourth = 0;
    for (size_t d = 0; d < draws; d++) {
      const double *m = moments + 2 * ((choice == NULL ? d : choice[d]) * items + i);
      second += m[0] / (double)draws;
      fourth += m[1] / (double)draws;
    }
    sum += second > 0 ? fourth / (second * second) - 3 : 0;
  }
  return sum / (double)items;
}

limes_status limes_width_kurtosis(limes_context *context, size_t draws, size_t items, const double *moments, uint64_t seed,
                                  limes_width_outputs *output) {
  double *value = limes_allocate(context, RESAMPLES, sizeof *value), *uniform = limes_allocate(context, draws, sizeof *uniform);
  size_t *choice = limes_allocate(context, draws, sizeof *choice);
  limes_status status = value == NULL || uniform == NULL || choice == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK) {
    output->kurtosis = kurtosis_of(draws, items, moments, NULL);
    for (size_t r = 0; r < RESAMPLES; r++) {
      choose(seed, r, 0, draws, uniform, choice);
      value[r] = kurtosis_of(draws, items, moments, choice);
    }
    limes_middle(RESAMPLES, value, output->interval);
  }
  free(value);
  free(uniform);
  free(choice);
  return status;
}

/* P(A^2 > z) for many numbers: the two series of Marsaglia & Marsaglia 2004 (adinf), good to 2e-6. */
static double beyond(double z) {
  if (!(z > 0))
    return 1;
  if (z < 2)
    return 1 - exp(-1.2337141 / z) / sqrt(z) *
                   (2.00012 + (.247105 - (.0649821 - (.0347962 - (.0116720 - .00168691 * z) * z) * z) * z) * z);
  return 1 - exp(-exp(1.0776 - (2.30695 - (.43424 - (.082433 - (.008056 - .0003146 * z) * z) * z) * z) * z));
}

double limes_anderson_darling(size_t n, const double *z, double *p) {
  double sum = 0, N = (double)n;
  for (size_t i = 0; i < n; i++) {
    double below = fmax(0.5 * erfc(-z[i] * M_SQRT1_2), 1e-300), above = fmax(0.5 * erfc(z[n - 1 - i] * M_SQRT1_2), 1e-300);
    sum += (2 * (double)i + 1) * (log(below) + log(above));
  }
  double distance = -N - sum / N;
  *p = fmin(fmax(beyond(distance), 0), 1);
  return distance;
}
