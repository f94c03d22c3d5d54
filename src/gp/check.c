#include <float.h>
#include <math.h>

#include "gp/gp.h"
#include "math/linear.h"

/* What float32 kernels from elsewhere may differ by at mirrored places, relative to the largest variance. */
#define SYMMETRY_TOLERANCE 1e-6

static limes_status check_regularization(limes_context *context, const char *name, double value) {
  if (isnan(value) || (value >= 0 && value <= DBL_MAX))
    return LIMES_OK;
  return limes_fail(context, LIMES_WRONG_USE, "%s is %g: it must be a finite number that is not negative", name, value);
}

limes_status limes_gp_check_options(limes_context *context, const limes_gp_options *options) {
  if (options->with != LIMES_WITH_NNGP && options->with != LIMES_WITH_NTK && options->with != LIMES_WITH_ENSEMBLE)
    return limes_fail(context, LIMES_WRONG_USE, "`with` is %d: it must be nngp, ntk or ensemble", (int)options->with);
  limes_status status = check_regularization(context, "noise", options->noise);
  if (status == LIMES_OK)
    status = check_regularization(context, "diag_reg", options->diag_reg);
  if (status != LIMES_OK)
    return status;
  if (!isnan(options->noise) && !isnan(options->diag_reg))
    return limes_fail(context, LIMES_WRONG_USE, "noise and diag_reg are both given: they are two ways to say the same, give one");
  if (!(options->time >= 0))
    return limes_fail(context, LIMES_WRONG_USE, "the training time is %g: it must be 0 or more, or infinite", options->time);
  if (!(options->learning_rate > 0 && options->learning_rate <= DBL_MAX))
    return limes_fail(context, LIMES_WRONG_USE, "the learning rate is %g: it must be a finite number above 0",
                      options->learning_rate);
  return LIMES_OK;
}

limes_status limes_gp_check_array(limes_context *context, const char *name, size_t rows, size_t columns, const double *array) {
  if (array == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "%s is missing: this process needs it", name);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      if (!isfinite(array[i * columns + j]))
        return limes_fail(context, LIMES_BAD_INPUT,
                          "%s holds %g at (%zu, %zu), counted from 0: every entry must be a finite number", name,
                          array[i * columns + j], i, j);
  return LIMES_OK;
}

static double largest_variance(size_t n, const double *kernel) {
  double largest = 0;
  for (size_t i = 0; i < n; i++)
    largest = fmax(largest, kernel[i * n + i]);
  return largest;
}

limes_status limes_gp_check_symmetric(limes_context *context, const char *name, size_t n, const double *kernel) {
  limes_status status = limes_check_order(context, n);
  if (status == LIMES_OK)
    status = limes_gp_check_array(context, name, n, n, kernel);
  if (status != LIMES_OK)
    return status;
  double tolerance = SYMMETRY_TOLERANCE * largest_variance(n, kernel);
  for (size_t i = 0; i < n; i++) {
    if (kernel[i * n + i] < 0)
      return limes_fail(context, LIMES_BAD_INPUT, "%s holds %g at (%zu, %zu), counted from 0: a variance cannot be negative",
                        name, kernel[i * n + i], i, i);
    for (size_t j = 0; j < i; j++)
      if (!(fabs(kernel[i * n + j] - kernel[j * n + i]) <= tolerance))
        return limes_fail(context, LIMES_BAD_INPUT,
                          "%s is not symmetric: it holds %.9g at (%zu, %zu) but %.9g at (%zu, %zu), counted from 0", name,
                          kernel[i * n + j], i, j, kernel[j * n + i], j, i);
  }
  return LIMES_OK;
}
