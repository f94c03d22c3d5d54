/* The noise where none is given: the one with the least held-out squared error. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/blas_threads.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "gp/gp.h"
#include "math/linear.h"

#define LEAST 1e-8
#define MOST 10.0

void limes_gp_noise_values(double scale, double values[LIMES_NOISE_VALUES]) {
  for (size_t i = 0; i < LIMES_NOISE_VALUES; i++)
    values[i] = scale * LEAST * pow(MOST / LEAST, (double)i / (LIMES_NOISE_VALUES - 1));
}

/* A kernel has no eigenvalues below zero but by rounding, which may exceed the smallest noise. */
static double inverse(double eigenvalue, double noise) { return 1 / (fmax(eigenvalue, 0) + noise); }

#define COLUMN_BLOCK 64

/* diagonal (n x values): [A^-1]_ii = sum_k V_ik^2 / (lambda_k + noise), for all the noises at once */
static limes_status inverse_diagonals(limes_context *context, size_t n, const double *vectors, const double *eigenvalues,
                                      const double *noise, double *diagonal) {
  double *squares = limes_matrix(context, n, COLUMN_BLOCK), *weights = limes_matrix(context, COLUMN_BLOCK, LIMES_NOISE_VALUES);
  limes_status status = squares != NULL && weights != NULL ? LIMES_OK : LIMES_NO_MEMORY;
  for (size_t first = 0; first < n && status == LIMES_OK; first += COLUMN_BLOCK) {
    size_t count = n - first < COLUMN_BLOCK ? n - first : COLUMN_BLOCK;
    for (size_t i = 0; i < n * count; i++)
      squares[i] = vectors[first * n + i] * vectors[first * n + i];
    for (size_t v = 0; v < LIMES_NOISE_VALUES; v++)
      for (size_t k = 0; k < count; k++)
        weights[v * COLUMN_BLOCK + k] = inverse(eigenvalues[first + k], noise[v]);
    limes_gemm(false, false, n, LIMES_NOISE_VALUES, count, 1, squares, n, weights, COLUMN_BLOCK, 1, diagonal, n);
  }
  free(squares);
  free(weights);
  return status;
}

/* Mean square of alpha_i / [A^-1]_ii, which is y_i less its leave-one-out prediction [Rasmussen & Williams, 5.12].
 * coefficients = V^T target (n x outputs); scaled, alpha: n x outputs of scratch. */
static double leave_one_out_error(const limes_gp *gp, const double *vectors, const double *eigenvalues, double noise,
                                  const double *diagonal, const double *coefficients, double *scaled, double *alpha) {
  size_t n = gp->train;
  for (size_t c = 0; c < gp->outputs; c++)
    for (size_t k = 0; k < n; k++)
      scaled[c * n + k] = coefficients[c * n + k] * inverse(eigenvalues[k], noise);
  limes_gemm(false, false, n, gp->outputs, n, 1, vectors, n, scaled, n, 0, alpha, n);
  double sum = 0;
  for (size_t c = 0; c < gp->outputs; c++)
    for (size_t i = 0; i < n; i++) {
      double residual = alpha[c * n + i] / diagonal[i];
      sum += residual * residual;
    }
  return sum / (double)n / (double)gp->outputs;
}

static limes_status leave_one_out_errors(limes_context *context, const limes_gp *gp, const double *kernel, const double *noise,
                                         double *error) {
  size_t n = gp->train;
  double *vectors = limes_matrix(context, n, n), *eigenvalues = limes_matrix(context, n, 1);
  double *diagonal = limes_matrix(context, n, LIMES_NOISE_VALUES), *coefficients = limes_matrix(context, n, gp->outputs);
  double *scaled = limes_matrix(context, n, gp->outputs), *alpha = limes_matrix(context, n, gp->outputs);
  limes_status status = LIMES_NO_MEMORY;
  if (vectors == NULL || eigenvalues == NULL || diagonal == NULL || coefficients == NULL || scaled == NULL || alpha == NULL)
    goto done;
  memcpy(vectors, kernel, n * n * sizeof *vectors);
  status = limes_eigen(context, n, vectors, eigenvalues);
  if (status == LIMES_OK)
    status = inverse_diagonals(context, n, vectors, eigenvalues, noise, diagonal);
  if (status != LIMES_OK)
    goto done;
  limes_gemm(true, false, n, gp->outputs, n, 1, vectors, n, gp->target, n, 0, coefficients, n);
  for (size_t v = 0; v < LIMES_NOISE_VALUES; v++)
    error[v] = leave_one_out_error(gp, vectors, eigenvalues, noise[v], diagonal + v * n, coefficients, scaled, alpha);
done:
  free(vectors);
  free(eigenvalues);
  free(diagonal);
  free(coefficients);
  free(scaled);
  free(alpha);
  return status;
}

static limes_status cross_validated_errors(limes_context *context, const limes_gp *gp, const double *kernel, const double *noise,
                                           double *error) {
  size_t count = gp->train * gp->outputs;
  double *predictions = limes_matrix(context, count, LIMES_NOISE_VALUES);
  if (predictions == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = limes_gp_cross_validate(context, gp->train, gp->outputs, kernel, gp->target, gp->steps,
                                                LIMES_NOISE_VALUES, noise, predictions);
  for (size_t v = 0; v < LIMES_NOISE_VALUES && status == LIMES_OK; v++) {
    error[v] = 0;
    for (size_t i = 0; i < count; i++)
      error[v] += (predictions[v * count + i] - gp->target[i]) * (predictions[v * count + i] - gp->target[i]) / (double)count;
  }
  free(predictions);
  return status;
}

static void keep_best(limes_context *context, limes_gp *gp, const double *noise, const double *error) {
  size_t best = 0, last = LIMES_NOISE_VALUES - 1;
  for (size_t v = 1; v <= last; v++)
    if (error[v] < error[best])
      best = v;
  limes_gp_facts *facts = &gp->facts;
  facts->noise = noise[best];
  facts->noise_chosen = true;
  facts->noise_at_edge = best == 0 || best == last;
  facts->noise_range[0] = noise[0];
  facts->noise_range[1] = noise[last];
  facts->held_out_error = error[best];
  if (best == 0)
    limes_log(context, LIMES_LOG_NOTE,
              "the smallest noise of those tried, %.3g, predicts held-out targets best: the data ask for hardly any", noise[0]);
  if (best == last)
    limes_log(
        context, LIMES_LOG_WARNING,
        "the largest noise of those tried, %.3g, predicts held-out targets best: the kernel says little about these targets",
        noise[last]);
}

limes_status limes_gp_choose_noise(limes_context *context, limes_gp *gp, const double *kernel) {
  double noise[LIMES_NOISE_VALUES], error[LIMES_NOISE_VALUES], scale = limes_mean_diagonal(gp->train, kernel);
  if (!(scale > 0))
    return limes_fail(
        context, LIMES_BAD_INPUT,
        "every variance of the training kernel is zero: no noise can be chosen relative to it; are all features zero?");
  limes_gp_noise_values(scale, noise);
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  limes_status status = limes_gp_is_flow(gp) ? cross_validated_errors(context, gp, kernel, noise, error)
                                             : leave_one_out_errors(context, gp, kernel, noise, error);
  limes_blas_leave(threads);
  if (status == LIMES_OK)
    keep_best(context, gp, noise, error);
  return status;
}
