#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "math/linear.h"
#include "study/fit.h"
#include "study/sampled.h"

void limes_fit_destroy(limes_fit *fit) {
  if (fit == NULL)
    return;
  free(fit->text);
  free(fit->readout);
  limes_model_destroy(fit->model);
  limes_batch_destroy(fit->train);
  limes_normalization_destroy(fit->normalization);
  limes_gp_destroy(fit->gp);
  free(fit);
}

limes_gp_facts limes_fit_facts(const limes_fit *fit) { return limes_gp_describe(fit->gp); }
double limes_fit_temperature_used(const limes_fit *fit) { return fit->temperature; }
const limes_fit_readout *limes_fit_readouts(const limes_fit *fit, size_t *count, size_t *chosen) {
  *count = fit->readouts;
  *chosen = fit->chosen;
  return fit->readout;
}
limes_task_kind limes_fit_kind(const limes_fit *fit) { return fit->kind; }
limes_with limes_fit_with(const limes_fit *fit) { return fit->gp->with; }
size_t limes_fit_outputs(const limes_fit *fit) { return fit->gp->outputs; }
size_t limes_fit_items(const limes_fit *fit) { return fit->gp->train; }
const char *limes_fit_model_text(const limes_fit *fit) { return fit->text; }
const limes_normalization *limes_fit_normalization(const limes_fit *fit) { return fit->normalization; }

limes_status limes_fit_training_kernel(limes_context *context, const limes_fit *fit, double **kernel, size_t *items) {
  *items = fit->gp->train;
  *kernel = limes_matrix(context, *items, *items);
  if (*kernel == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = limes_gp_solved_kernel(context, fit->gp, *kernel);
  if (status != LIMES_OK) {
    free(*kernel);
    *kernel = NULL;
  }
  return status;
}

limes_status limes_fit_begin(limes_context *context, limes_task_kind kind, const char *text, limes_fit **fit) {
  limes_fit *made = *fit = limes_allocate(context, 1, sizeof *made);
  if (made == NULL)
    return LIMES_NO_MEMORY;
  made->kind = kind;
  made->temperature = NAN;
  made->text = limes_copy_text(context, text);
  limes_status status = made->text == NULL ? LIMES_NO_MEMORY : limes_model_parse(context, text, &made->model);
  if (status != LIMES_OK) {
    limes_fit_destroy(made);
    *fit = NULL;
  }
  return status;
}

/* y [N,outputs]: one-hot of the labels, or the targets; belongs to the caller. */
static limes_status get_targets(limes_context *context, const limes_batch *train, limes_task_kind kind, double **y,
                                size_t *outputs) {
  bool classify = kind == LIMES_CLASSIFICATION;
  const int64_t *labels = limes_batch_labels(train, outputs);
  const double *targets = classify ? NULL : limes_batch_targets(train, outputs);
  size_t n = limes_batch_items(train);
  if (classify ? labels == NULL : targets == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "the training data have no %s: %s", classify ? "labels" : "targets",
                      classify ? "classification needs them" : "regression needs them");
  if (classify && *outputs < 2)
    return limes_fail(context, LIMES_BAD_INPUT, "all training items have the label 0: classification needs two classes or more");
  *y = limes_matrix(context, n, *outputs);
  if (*y == NULL)
    return LIMES_NO_MEMORY;
  if (classify)
    limes_one_hot(n, *outputs, labels, *y);
  else
    memcpy(*y, targets, n * *outputs * sizeof **y);
  return LIMES_OK;
}

/* The matrices of N x N numbers that a fit holds at once at its peak. */
static double peak_matrices(const limes_gp_options *options, bool sampled) {
  double kernels = options->with == LIMES_WITH_ENSEMBLE ? 2 : 1;
  bool eigen = options->time < HUGE_VAL || (isnan(options->noise) && isnan(options->diag_reg));
  return kernels + (eigen ? 3 : sampled ? 2 : 0);
}

static limes_status check_memory(limes_context *context, size_t n, size_t readouts, const limes_gp_options *options,
                                 bool sampled) {
  double kept =
      readouts == 1 ? 0 : (options->with == LIMES_WITH_ENSEMBLE ? 2 : 1) * ((double)readouts + 1); /* and the best fit */
  double needed = (peak_matrices(options, sampled) + kept) * (double)n * (double)n * sizeof(double);
  double limit = (double)limes_memory_limit(context);
  if (needed <= limit)
    return LIMES_OK;
  bool chosen = isnan(options->noise) && isnan(options->diag_reg) && !(options->time < HUGE_VAL);
  return limes_fail(context, LIMES_REFUSED,
                    "a fit to %zu items needs %.3g GB, more than the %.3g GB that may be used: take fewer items%s%s", n,
                    needed / 1e9, limit / 1e9, readouts > 1 ? " or length scales" : "",
                    chosen ? ", or give the noise, which asks for less" : "");
}

/* out, with the errors of one kernel [R,N,N] of a sampled model, which is mended if they have made an eigenvalue negative */
static limes_status get_sampled(limes_context *context, const limes_fit *fit, limes_kernel_output out, bool nngp) {
  size_t n = limes_batch_items(fit->train), readouts = limes_model_readouts(fit->model, NULL);
  double *error = limes_matrix(context, n * n, readouts), *kernel = nngp ? out.nngp : out.ntk;
  if (error == NULL)
    return LIMES_NO_MEMORY;
  *(nngp ? &out.nngp_error : &out.ntk_error) = error;
  limes_status status = limes_kernel(context, fit->model, fit->train, NULL, &out);
  for (size_t r = 0; r < readouts && status == LIMES_OK; r++)
    status = limes_mend_sampled(context, nngp ? "the training kernel (nngp)" : "the training kernel (ntk)", n, kernel + r * n * n,
                                error + r * n * n);
  free(error);
  return status;
}

/* Training kernels [R,N,N]: the one that is solved, and the prior of an ensemble; they belong to the caller. */
static limes_status get_kernels(limes_context *context, const limes_fit *fit, limes_with with, double **solved, double **prior) {
  size_t n = limes_batch_items(fit->train), readouts = limes_model_readouts(fit->model, NULL);
  bool nngp = with == LIMES_WITH_NNGP, ensemble = with == LIMES_WITH_ENSEMBLE;
  *solved = limes_matrix(context, n * n, readouts);
  *prior = *solved != NULL && ensemble ? limes_matrix(context, n * n, readouts) : NULL;
  if (*solved == NULL || (ensemble && *prior == NULL))
    return LIMES_NO_MEMORY;
  limes_kernel_output out = {.nngp = nngp ? *solved : *prior, .ntk = nngp ? NULL : *solved};
  limes_status status = limes_model_sampled(fit->model) ? get_sampled(context, fit, out, nngp)
                                                        : limes_kernel(context, fit->model, fit->train, NULL, &out);
  for (size_t r = 0; r < readouts && status == LIMES_OK; r++) {
    status = limes_gp_check_symmetric(context, nngp ? "the training kernel (nngp)" : "the training kernel (ntk)", n,
                                      *solved + r * n * n);
    if (status == LIMES_OK && ensemble)
      status = limes_gp_check_symmetric(context, "the training kernel (nngp)", n, *prior + r * n * n);
  }
  return status;
}

static limes_status fit_gp(limes_context *context, limes_fit *fit, const limes_batch *train, const limes_gp_options *options) {
  double *y = NULL, *solved = NULL, *prior = NULL;
  size_t outputs = 0;
  limes_gp_options own = *options;
  own.scaled = options->scaled && fit->kind == LIMES_REGRESSION;
  limes_status status = get_targets(context, train, fit->kind, &y, &outputs);
  if (status == LIMES_OK)
    status = get_kernels(context, fit, options->with, &solved, &prior);
  if (status == LIMES_OK && limes_model_readouts(fit->model, NULL) > 1) {
    status = limes_fit_best(context, fit, solved, prior, y, outputs, &own);
  } else if (status == LIMES_OK) {
    status = limes_gp_fit_owning(context, limes_batch_items(train), solved, prior, y, outputs, fit->kind == LIMES_REGRESSION,
                                 &own, &fit->gp);
    solved = prior = NULL;
  }
  free(y);
  free(solved);
  free(prior);
  return status;
}

static limes_status fit_temperature(limes_context *context, limes_fit *fit, const limes_batch *train) {
  size_t n = limes_batch_items(train), classes = 0;
  const int64_t *labels = limes_batch_labels(train, &classes);
  double *mean = limes_matrix(context, n, classes);
  if (mean == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = limes_gp_held_out(context, fit->gp, mean);
  if (status == LIMES_OK)
    status = limes_fit_temperature(context, n, classes, mean, labels, &fit->temperature);
  free(mean);
  return status;
}

static limes_status copy_normalization(limes_context *context, const limes_normalization *from, limes_normalization **copy) {
  if (from == NULL)
    return LIMES_OK;
  const double *mean = NULL, *scale = NULL;
  size_t n = limes_normalization_values(from, &mean, &scale);
  return limes_normalization_restore(context, limes_normalization_kind(from), n, mean, scale, copy);
}

static limes_status begin(limes_context *context, const limes_model *model, limes_task_kind kind, limes_fit **fit) {
  char *text = NULL;
  limes_status status = limes_model_print(context, model, &text);
  if (status == LIMES_OK)
    status = limes_fit_begin(context, kind, text, fit);
  free(text);
  return status;
}

limes_status limes_fit_create(limes_context *context, const limes_model *model, const limes_batch *train,
                              const limes_normalization *normalization, limes_task_kind kind, const limes_gp_options *options,
                              limes_fit **fit) {
  *fit = NULL;
  limes_status status = limes_gp_check_options(context, options);
  if (status == LIMES_OK)
    status = limes_check_order(context, limes_batch_items(train));
  if (status == LIMES_OK)
    status =
        check_memory(context, limes_batch_items(train), limes_model_readouts(model, NULL), options, limes_model_sampled(model));
  if (status == LIMES_OK)
    status = begin(context, model, kind, fit);
  if (status == LIMES_OK)
    status = limes_items_copy(context, train, &(*fit)->train);
  if (status == LIMES_OK)
    status = copy_normalization(context, normalization, &(*fit)->normalization);
  if (status == LIMES_OK)
    status = fit_gp(context, *fit, train, options);
  if (status == LIMES_OK && kind == LIMES_CLASSIFICATION)
    status = fit_temperature(context, *fit, train);
  if (status != LIMES_OK) {
    limes_fit_destroy(*fit);
    *fit = NULL;
  }
  return status;
}
