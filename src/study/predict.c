#include <stdlib.h>

#include "base/memory.h"
#include "math/linear.h"
#include "study/fit.h"

/* Kernels of the test items: with the training items [M,N], and variances [M]. */
typedef struct {
  double *nngp_td, *ntk_td, *nngp_tt, *ntk_tt;
} test_kernels;

void limes_predictions_clear(limes_predictions *predictions) {
  free(predictions->mean);
  free(predictions->variance);
  free(predictions->probability);
  *predictions = (limes_predictions){.items = 0};
}

static void kernels_free(test_kernels *kernels) {
  free(kernels->nngp_td);
  free(kernels->ntk_td);
  free(kernels->nngp_tt);
  free(kernels->ntk_tt);
}

static bool allocate_if(limes_context *context, bool wanted, size_t rows, size_t columns, double **matrix) {
  if (wanted)
    *matrix = limes_matrix(context, rows, columns);
  return !wanted || *matrix != NULL;
}

static limes_status check_memory(limes_context *context, size_t test, size_t train, limes_with with) {
  double needed = (with == LIMES_WITH_ENSEMBLE ? 2.0 : 1.0) * (double)test * (double)train * sizeof(double),
         limit = (double)limes_memory_limit(context);
  if (needed <= limit)
    return LIMES_OK;
  return limes_fail(context, LIMES_REFUSED,
                    "the kernel of %zu test with %zu training items needs %.3g GB, more than the %.3g GB that may be used: "
                    "predict fewer items at a time",
                    test, train, needed / 1e9, limit / 1e9);
}

static limes_status compute_kernels(limes_context *context, const limes_fit *fit, const limes_batch *test,
                                    test_kernels *kernels) {
  size_t m = limes_batch_items(test), n = fit->gp->train;
  limes_with with = fit->gp->with;
  bool nngp = with != LIMES_WITH_NTK, variance = limes_gp_has_variance(fit->gp);
  limes_status status = check_memory(context, m, n, with);
  if (status != LIMES_OK)
    return status;
  if (!allocate_if(context, nngp, m, n, &kernels->nngp_td) ||
      !allocate_if(context, with != LIMES_WITH_NNGP, m, n, &kernels->ntk_td) ||
      !allocate_if(context, variance && nngp, m, 1, &kernels->nngp_tt) ||
      !allocate_if(context, variance && !nngp, m, 1, &kernels->ntk_tt))
    return LIMES_NO_MEMORY;
  limes_kernel_output out = {.nngp = kernels->nngp_td, .ntk = kernels->ntk_td};
  status = limes_kernel(context, fit->model, test, fit->train, &out);
  if (status == LIMES_OK && variance)
    status = limes_kernel_diagonal(context, fit->model, test, kernels->nngp_tt, kernels->ntk_tt);
  return status;
}

static limes_status solve(limes_context *context, const limes_fit *fit, const test_kernels *kernels, limes_predictions *out) {
  limes_gp_kernels given = {.train = fit->gp->train,
                            .test = out->items,
                            .nngp_td = kernels->nngp_td,
                            .nngp_tt = kernels->nngp_tt,
                            .ntk_td = kernels->ntk_td,
                            .ntk_tt = kernels->ntk_tt,
                            .tt_is_diagonal = true};
  bool classify = fit->kind == LIMES_CLASSIFICATION;
  if (!allocate_if(context, true, out->items, out->outputs, &out->mean) ||
      !allocate_if(context, limes_gp_has_variance(fit->gp), out->items, 1, &out->variance) ||
      !allocate_if(context, classify, out->items, out->outputs, &out->probability))
    return LIMES_NO_MEMORY;
  limes_status status = limes_gp_predict(context, fit->gp, &given, out->mean, NULL, out->variance);
  if (status == LIMES_OK && classify)
    limes_softmax_probabilities(out->items, out->outputs, out->mean, fit->temperature, out->probability);
  return status;
}

limes_status limes_fit_predict(limes_context *context, const limes_fit *fit, const limes_batch *test,
                               limes_predictions *predictions) {
  test_kernels kernels = {NULL, NULL, NULL, NULL};
  *predictions = (limes_predictions){.items = limes_batch_items(test), .outputs = fit->gp->outputs};
  limes_status status = compute_kernels(context, fit, test, &kernels);
  if (status == LIMES_OK)
    status = solve(context, fit, &kernels, predictions);
  kernels_free(&kernels);
  if (status != LIMES_OK)
    limes_predictions_clear(predictions);
  return status;
}
