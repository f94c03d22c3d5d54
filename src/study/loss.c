/* Losses of one item (docs/mathematics.md, section 11). */
#include <math.h>

#include "study/pass.h"

static double squared_error(size_t outputs, const double *f, const double *y, double *adjoint) {
  double sum = 0, share = 1 / (double)outputs;
  for (size_t k = 0; k < outputs; k++) {
    double error = f[k] - y[k];
    sum += error * error;
    if (adjoint != NULL)
      adjoint[k] = share * error;
  }
  return 0.5 * share * sum;
}

/* -sum y log softmax(f), the largest f taken out so that nothing overflows */
static double cross_entropy(size_t outputs, const double *f, const double *y, double *adjoint) {
  double most = -INFINITY, sum = 0, total = 0, linear = 0;
  for (size_t k = 0; k < outputs; k++)
    most = f[k] > most || isnan(f[k]) ? f[k] : most;
  for (size_t k = 0; k < outputs; k++) {
    sum += exp(f[k] - most);
    total += y[k];
    linear += y[k] * f[k];
  }
  for (size_t k = 0; adjoint != NULL && k < outputs; k++)
    adjoint[k] = total * exp(f[k] - most) / sum - y[k];
  return total * (most + log(sum)) - linear;
}

double limes_loss_of(limes_loss kind, size_t outputs, const double *f, const double *y, double *adjoint) {
  return kind == LIMES_SQUARED_ERROR ? squared_error(outputs, f, y, adjoint) : cross_entropy(outputs, f, y, adjoint);
}
