/* A model with several length scales: the fit is that of the one whose held-out predictions are best. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "math/linear.h"
#include "model/model.h"
#include "study/fit.h"

static limes_status copy_matrix(limes_context *context, size_t n, const double *from, double **copy) {
  *copy = from == NULL ? NULL : limes_matrix(context, n, n);
  if (*copy != NULL)
    memcpy(*copy, from, n * n * sizeof **copy);
  return from != NULL && *copy == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

/* Share of the rows of mean [n,outputs] whose largest entry is that of y, one-hot */
static double share_right(size_t n, size_t outputs, const double *mean, const double *y) {
  size_t right = 0;
  for (size_t i = 0; i < n; i++) {
    size_t said = 0, is = 0;
    for (size_t c = 1; c < outputs; c++) {
      said = mean[i * outputs + c] > mean[i * outputs + said] ? c : said;
      is = y[i * outputs + c] > y[i * outputs + is] ? c : is;
    }
    right += said == is;
  }
  return (double)right / (double)n;
}

static limes_status judge(limes_context *context, limes_task_kind kind, const limes_gp *gp, const double *y,
                          limes_fit_readout *readout) {
  size_t n = gp->train, outputs = gp->outputs;
  double *mean = limes_matrix(context, n, outputs), sum = 0;
  limes_status status = mean == NULL ? LIMES_NO_MEMORY : limes_gp_held_out(context, gp, mean);
  for (size_t i = 0; i < n * outputs && status == LIMES_OK; i++)
    sum += (mean[i] - y[i]) * (mean[i] - y[i]);
  readout->noise = limes_gp_describe(gp).noise;
  readout->held_out_error = sum / ((double)n * (double)outputs);
  readout->held_out_accuracy = NAN;
  if (status == LIMES_OK && kind == LIMES_CLASSIFICATION)
    readout->held_out_accuracy = share_right(n, outputs, mean, y);
  free(mean);
  return status;
}

/* Fits readout r of the kernels [R,N,N], and keeps it where it is the best so far. */
static limes_status try_readout(limes_context *context, limes_fit *fit, size_t r, const double *solved, const double *prior,
                                const double *y, size_t outputs, const limes_gp_options *options) {
  size_t n = limes_batch_items(fit->train);
  double *own = NULL, *own_prior = NULL;
  limes_gp *gp = NULL;
  limes_status status = copy_matrix(context, n, solved + r * n * n, &own);
  if (status == LIMES_OK)
    status = copy_matrix(context, n, prior == NULL ? NULL : prior + r * n * n, &own_prior);
  if (status != LIMES_OK) {
    free(own);
    return status;
  }
  status = limes_gp_fit_owning(context, n, own, own_prior, y, outputs, fit->kind == LIMES_REGRESSION, options, &gp);
  if (status == LIMES_OK)
    status = judge(context, fit->kind, gp, y, &fit->readout[r]);
  if (status == LIMES_OK && (r == 0 || fit->readout[r].held_out_error < fit->readout[fit->chosen].held_out_error)) {
    limes_gp *worse = fit->gp;
    fit->gp = gp;
    fit->chosen = r;
    gp = worse;
  }
  limes_gp_destroy(gp);
  return status;
}

/* From here on the fit's model has the length scale chosen alone: what is predicted and saved knows of no other. */
static limes_status leave_chosen(limes_context *context, limes_fit *fit) {
  char *text = NULL;
  limes_model_choose_readout(fit->model, fit->chosen);
  limes_status status = limes_model_print(context, fit->model, &text);
  if (status != LIMES_OK)
    return status;
  free(fit->text);
  fit->text = text;
  return LIMES_OK;
}

limes_status limes_fit_best(limes_context *context, limes_fit *fit, const double *solved, const double *prior, const double *y,
                            size_t outputs, const limes_gp_options *options) {
  const double *length_scale = NULL;
  fit->readouts = limes_model_readouts(fit->model, &length_scale);
  fit->readout = limes_allocate(context, fit->readouts, sizeof *fit->readout);
  limes_status status = fit->readout == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t r = 0; r < fit->readouts && status == LIMES_OK; r++) {
    fit->readout[r].length_scale = length_scale[r];
    status = try_readout(context, fit, r, solved, prior, y, outputs, options);
  }
  return status == LIMES_OK ? leave_chosen(context, fit) : status;
}
