/* Leave-one-out for all the noises, from one eigendecomposition of the kernel. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gp/gp.h"
#include "math/linear.h"

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

/* alpha_i / [A^-1]_ii is y_i less its leave-one-out prediction, whose variance is s^2 / [A^-1]_ii [Rasmussen & Williams,
 * 5.12]; the density is largest at s^2 = mean alpha_i^2 / [A^-1]_ii.
 * coefficients = V^T target (n x outputs); scaled, alpha: n x outputs of scratch. */
static limes_gp_trial try_noise(const limes_gp *gp, const double *vectors, const double *eigenvalues, double noise,
                                const double *diagonal, const double *coefficients, double *scaled, double *alpha) {
  size_t n = gp->train;
  double numbers = (double)n * (double)gp->outputs, logs = 0;
  limes_gp_trial trial = {.error = 0};
  for (size_t c = 0; c < gp->outputs; c++)
    for (size_t k = 0; k < n; k++)
      scaled[c * n + k] = coefficients[c * n + k] * inverse(eigenvalues[k], noise);
  limes_gemm(false, false, n, gp->outputs, n, 1, vectors, n, scaled, n, 0, alpha, n);
  for (size_t c = 0; c < gp->outputs; c++)
    for (size_t i = 0; i < n; i++) {
      double residual = alpha[c * n + i] / diagonal[i];
      trial.error += residual * residual / numbers;
      trial.scale += residual * alpha[c * n + i] / numbers;
    }
  for (size_t i = 0; i < n; i++)
    logs -= log(diagonal[i]) / (double)n;
  trial.score = log(trial.scale) + logs;
  return trial;
}

limes_status limes_gp_sweep(limes_context *context, const limes_gp *gp, const double *kernel, bool scaled, const double *noise,
                            limes_gp_trial trials[LIMES_NOISE_VALUES]) {
  size_t n = gp->train;
  double *vectors = limes_matrix(context, n, n), *eigenvalues = limes_matrix(context, n, 1);
  double *diagonal = limes_matrix(context, n, LIMES_NOISE_VALUES), *coefficients = limes_matrix(context, n, gp->outputs);
  double *weighted = limes_matrix(context, n, gp->outputs), *alpha = limes_matrix(context, n, gp->outputs);
  limes_status status = LIMES_NO_MEMORY;
  if (vectors == NULL || eigenvalues == NULL || diagonal == NULL || coefficients == NULL || weighted == NULL || alpha == NULL)
    goto done;
  memcpy(vectors, kernel, n * n * sizeof *vectors);
  status = limes_eigen(context, n, vectors, eigenvalues);
  if (status == LIMES_OK)
    status = inverse_diagonals(context, n, vectors, eigenvalues, noise, diagonal);
  if (status != LIMES_OK)
    goto done;
  limes_gemm(true, false, n, gp->outputs, n, 1, vectors, n, gp->target, n, 0, coefficients, n);
  for (size_t v = 0; v < LIMES_NOISE_VALUES; v++) {
    trials[v] = try_noise(gp, vectors, eigenvalues, noise[v], diagonal + v * n, coefficients, weighted, alpha);
    if (!scaled)
      trials[v].score = trials[v].error;
  }
done:
  free(vectors);
  free(eigenvalues);
  free(diagonal);
  free(coefficients);
  free(weighted);
  free(alpha);
  return status;
}
