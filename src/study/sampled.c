#include "study/sampled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "math/linear.h"

#define ABOVE_ZERO 1e-10 /* of the mean diagonal, where the smallest eigenvalue is moved to */

/* A symmetric matrix of independent errors moves eigenvalues by about twice the root of its largest row sum of squares.
 * [Latala 2005: Some estimates of norms of random matrices] */
static double reach(size_t n, const double *error) {
  double largest = 0;
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t j = 0; j < n; j++)
      sum += error[i * n + j] * error[i * n + j];
    largest = fmax(largest, sum);
  }
  return 2 * sqrt(largest);
}

limes_status limes_mend_sampled(limes_context *context, const char *what, size_t n, double *kernel, const double *error) {
  double *copy = limes_matrix(context, n, n), smallest = 0;
  if (copy == NULL)
    return LIMES_NO_MEMORY;
  memcpy(copy, kernel, n * n * sizeof *copy);
  limes_status status = limes_smallest_eigenvalue(context, n, copy, &smallest);
  free(copy);
  if (status != LIMES_OK || smallest >= 0)
    return status;
  double shift = ABOVE_ZERO * limes_mean_diagonal(n, kernel) - smallest;
  limes_log(
      context, LIMES_LOG_WARNING,
      "%s is sampled, and its smallest eigenvalue is %.2g, where its standard errors may move eigenvalues by %.2g: %.2g was "
      "added to its diagonal; four times the samples= halve the errors",
      what, smallest, reach(n, error), shift);
  for (size_t i = 0; i < n; i++)
    kernel[i * (n + 1)] += shift;
  return LIMES_OK;
}
