/* Mean, covariance and variance at new items. Arrays [M,N] of the caller are N x M here: a column is a test item. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/blas_threads.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "gp/gp.h"
#include "math/linear.h"

#define BLOCK 256 /* test items at a time where only their variances are asked */

/* What the training data change of the prior covariance: sign * left^T right, each N x count; right may be left. */
typedef struct {
  double sign;
  double *left, *right, *scratch; /* scratch N x count, where the process needs it */
} change;

static const double *solved_td(const limes_gp *gp, const limes_gp_kernels *kernels) {
  return gp->with == LIMES_WITH_NNGP ? kernels->nngp_td : kernels->ntk_td;
}

static const double *prior_tt(const limes_gp *gp, const limes_gp_kernels *kernels) {
  return gp->with == LIMES_WITH_NTK ? kernels->ntk_tt : kernels->nngp_tt;
}

static void predict_mean(const limes_gp *gp, const limes_gp_kernels *kernels, double *mean) {
  size_t n = gp->train, outputs = gp->outputs;
  limes_gemm(true, false, outputs, kernels->test, n, 1, gp->alpha, n, solved_td(gp, kernels), n, 0, mean, outputs);
  for (size_t i = 0; i < kernels->test; i++)
    for (size_t c = 0; c < outputs; c++)
      mean[i * outputs + c] += gp->offset[c];
}

/* rotated = V^T td, each row k times weight(k): 1 - E or the root of 1 - E^2, over the eigenvalue */
static void rotate(const limes_gp *gp, const double *td, size_t count, bool posterior, double *rotated) {
  size_t n = gp->train;
  limes_gemm(true, false, n, count, n, 1, gp->square, n, td, n, 0, rotated, n);
  for (size_t k = 0; k < n; k++) {
    double value = gp->spectrum[k] + gp->facts.noise + gp->facts.jitter;
    double weight = posterior ? sqrt(limes_gp_flow_weight(value, 2 * gp->steps)) : limes_gp_flow_weight(value, gp->steps);
    for (size_t j = 0; j < count; j++)
      rotated[j * n + k] *= weight;
  }
}

/* K_* A^-1 (I - E^2) K_*^T of columns td of the solved kernel */
static void posterior_change(limes_context *context, const limes_gp *gp, const double *td, size_t count, change *out) {
  size_t n = gp->train;
  if (limes_gp_is_flow(gp)) {
    rotate(gp, td, count, true, out->left);
  } else {
    memcpy(out->left, td, n * count * sizeof *td);
    limes_forward_solve(context, n, gp->square, count, out->left);
  }
  out->sign = -1;
  out->right = out->left;
}

/* left = W^T = (I - E) A^-1 Theta_*^T, right = K W^T - 2 K_*^T: the symmetric part of left^T right is
 * W K W^T - W K_*^T - K_* W^T */
static void ensemble_change(limes_context *context, const limes_gp *gp, const double *ntk_td, const double *nngp_td, size_t count,
                            change *out) {
  size_t n = gp->train;
  if (limes_gp_is_flow(gp)) {
    rotate(gp, ntk_td, count, false, out->right);
    limes_gemm(false, false, n, count, n, 1, gp->square, n, out->right, n, 0, out->left, n);
  } else {
    memcpy(out->left, ntk_td, n * count * sizeof *ntk_td);
    limes_cholesky_solve(context, n, gp->square, count, out->left);
  }
  out->sign = 1;
  memcpy(out->right, nngp_td, n * count * sizeof *nngp_td);
  limes_gemm(false, false, n, count, n, 1, gp->prior, n, out->left, n, -2, out->right, n);
}

static void find_change(limes_context *context, const limes_gp *gp, const limes_gp_kernels *kernels, size_t first, size_t count,
                        change *out) {
  size_t start = first * gp->train;
  out->right = out->scratch;
  if (gp->with == LIMES_WITH_ENSEMBLE)
    ensemble_change(context, gp, kernels->ntk_td + start, kernels->nngp_td + start, count, out);
  else
    posterior_change(context, gp, solved_td(gp, kernels) + start, count, out);
}

static bool change_allocate(limes_context *context, const limes_gp *gp, size_t count, change *out) {
  out->left = limes_matrix(context, gp->train, count);
  out->scratch = out->left != NULL ? limes_matrix(context, gp->with == LIMES_WITH_ENSEMBLE ? gp->train : 1, count) : NULL;
  return out->scratch != NULL;
}

static void change_free(change *out) {
  free(out->left);
  free(out->scratch);
}

/* Sets values below zero, element i at values[i * step], to zero and says how many there were. */
static void clamp(limes_context *context, size_t n, double *values, size_t step) {
  size_t count = 0;
  double least = 0;
  for (size_t i = 0; i < n; i++) {
    double *value = values + i * step;
    if (*value < 0) {
      count++;
      least = fmin(least, *value);
      *value = 0;
    }
  }
  if (count > 0)
    limes_log(context, LIMES_LOG_WARNING, "%zu of %zu variances came out below zero, down to %.3g, and were set to 0", count, n,
              least);
}

static limes_status predict_variance(limes_context *context, const limes_gp *gp, const limes_gp_kernels *kernels,
                                     double *variance) {
  size_t n = gp->train, test = kernels->test;
  const double *tt = prior_tt(gp, kernels);
  change block = {.sign = 0};
  limes_status status = change_allocate(context, gp, test < BLOCK ? test : BLOCK, &block) ? LIMES_OK : LIMES_NO_MEMORY;
  for (size_t first = 0; first < test && status == LIMES_OK; first += BLOCK) {
    size_t count = test - first < BLOCK ? test - first : BLOCK;
    find_change(context, gp, kernels, first, count, &block);
    for (size_t j = 0; j < count; j++) {
      double sum = 0;
      for (size_t i = 0; i < n; i++)
        sum += block.left[j * n + i] * block.right[j * n + i];
      size_t item = first + j;
      variance[item] = gp->facts.scale * (tt[kernels->tt_is_diagonal ? item : item * test + item] + block.sign * sum);
    }
  }
  change_free(&block);
  if (status == LIMES_OK)
    clamp(context, test, variance, 1);
  return status;
}

static limes_status predict_covariance(limes_context *context, const limes_gp *gp, const limes_gp_kernels *kernels,
                                       double *covariance) {
  size_t n = gp->train, test = kernels->test;
  const double *tt = prior_tt(gp, kernels);
  change all = {.sign = 0};
  limes_status status = limes_check_order(context, test);
  if (status == LIMES_OK)
    status = change_allocate(context, gp, test, &all) ? LIMES_OK : LIMES_NO_MEMORY;
  if (status == LIMES_OK) {
    find_change(context, gp, kernels, 0, test, &all);
    limes_gemm(true, false, test, test, n, all.sign, all.left, n, all.right, n, 0, covariance, test);
    for (size_t j = 0; j < test; j++)
      for (size_t i = 0; i <= j; i++) {
        double mean = (covariance[j * test + i] + covariance[i * test + j]) / 2;
        covariance[j * test + i] = gp->facts.scale * (tt[j * test + i] + mean);
        covariance[i * test + j] = gp->facts.scale * (tt[i * test + j] + mean);
      }
    clamp(context, test, covariance, test + 1);
  }
  change_free(&all);
  return status;
}

static limes_status check_kernels(limes_context *context, const limes_gp *gp, const limes_gp_kernels *kernels, bool variance,
                                  bool covariance) {
  size_t n = gp->train, test = kernels->test;
  if (kernels->train != n || test == 0)
    return limes_fail(
        context, LIMES_WRONG_USE,
        "the kernels are of %zu training and %zu test items: the process was fitted to %zu, and at least one test item is needed",
        kernels->train, test, n);
  bool nngp = gp->with != LIMES_WITH_NTK, ensemble = gp->with == LIMES_WITH_ENSEMBLE, any = variance || covariance;
  limes_status status = LIMES_OK;
  if (gp->with == LIMES_WITH_NNGP || (ensemble && any))
    status = limes_gp_check_array(context, "nngp_td", test, n, kernels->nngp_td);
  if (status == LIMES_OK && gp->with != LIMES_WITH_NNGP)
    status = limes_gp_check_array(context, "ntk_td", test, n, kernels->ntk_td);
  if (status != LIMES_OK || !any)
    return status;
  if (!limes_gp_has_variance(gp) && ensemble)
    return limes_fail(context, LIMES_WRONG_USE,
                      "an ensemble that was fitted without nngp_dd has no variance, only a mean: give nngp_dd");
  if (!limes_gp_has_variance(gp))
    return limes_fail(
        context, LIMES_WRONG_USE,
        "the NTK as a covariance has no variance at a finite time, only a mean: ask for ensemble, or for time = inf");
  if (covariance && kernels->tt_is_diagonal)
    return limes_fail(context, LIMES_WRONG_USE,
                      "the covariance of the predictions needs the whole kernel of the test items, not its diagonal");
  return limes_gp_check_array(context, nngp ? "nngp_tt" : "ntk_tt", test, kernels->tt_is_diagonal ? 1 : test,
                              prior_tt(gp, kernels));
}

limes_status limes_gp_predict(limes_context *context, const limes_gp *gp, const limes_gp_kernels *kernels, double *mean,
                              double *covariance, double *variance) {
  limes_status status = check_kernels(context, gp, kernels, variance != NULL, covariance != NULL);
  if (status != LIMES_OK)
    return status;
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  if (mean != NULL)
    predict_mean(gp, kernels, mean);
  if (covariance != NULL)
    status = predict_covariance(context, gp, kernels, covariance);
  if (status == LIMES_OK && variance != NULL && covariance != NULL)
    for (size_t i = 0; i < kernels->test; i++)
      variance[i] = covariance[i * kernels->test + i];
  else if (status == LIMES_OK && variance != NULL)
    status = predict_variance(context, gp, kernels, variance);
  limes_blas_leave(threads);
  return status;
}
