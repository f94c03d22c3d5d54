/* The noise where none is given, and the scale with it. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

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

limes_status limes_gp_set_scale(limes_context *context, limes_gp *gp, double scale) {
  if (!(scale <= DBL_MAX))
    return limes_fail(
        context, LIMES_OUT_OF_DOMAIN,
        "the targets are too large: their squares in units of the kernel are not finite; give them in another unit");
  if (scale < DBL_MIN)
    limes_log(context, LIMES_LOG_NOTE, "the training targets are all predicted without error: the scale is left at 1");
  gp->facts.scale = scale < DBL_MIN ? 1 : scale;
  return LIMES_OK;
}

/* From held-out predictions (n x outputs); variance [n] of the function, or NULL: then there is no scale. */
static limes_gp_trial judge(const limes_gp *gp, const double *predictions, const double *variance, double noise) {
  double numbers = (double)gp->train * (double)gp->outputs, logs = 0;
  limes_gp_trial trial = {.error = 0};
  for (size_t c = 0; c < gp->outputs; c++)
    for (size_t i = 0; i < gp->train; i++) {
      double residual = predictions[c * gp->train + i] - gp->target[c * gp->train + i];
      trial.error += residual * residual / numbers;
      if (variance != NULL)
        trial.scale += residual * residual / (variance[i] + noise) / numbers;
    }
  for (size_t i = 0; i < gp->train && variance != NULL; i++)
    logs += log(variance[i] + noise) / (double)gp->train;
  trial.score = variance != NULL ? log(trial.scale) + logs : trial.error;
  return trial;
}

static limes_status cross_validate(limes_context *context, const limes_gp *gp, const double *kernel, const double *prior,
                                   bool variance, size_t values, const double *noise, limes_gp_trial *trials) {
  size_t count = gp->train * gp->outputs;
  double *predictions = limes_matrix(context, count, values), *variances = NULL;
  if (predictions != NULL && variance)
    variances = limes_matrix(context, gp->train, values);
  limes_gp_folds folds = {.n = gp->train,
                          .outputs = gp->outputs,
                          .kernel = kernel,
                          .prior = prior,
                          .target = gp->target,
                          .steps = gp->steps,
                          .values = values,
                          .noise = noise,
                          .predictions = predictions,
                          .variance = variances};
  limes_status status =
      predictions != NULL && (variances != NULL || !variance) ? limes_gp_cross_validate(context, &folds) : LIMES_NO_MEMORY;
  for (size_t v = 0; v < values && status == LIMES_OK; v++)
    trials[v] = judge(gp, predictions + v * count, variance ? variances + v * gp->train : NULL, noise[v]);
  free(predictions);
  free(variances);
  return status;
}

static size_t best_of(const limes_gp_trial *trials) {
  size_t best = 0;
  for (size_t v = 1; v < LIMES_NOISE_VALUES; v++)
    if (trials[v].score < trials[best].score)
      best = v;
  return best;
}

static void keep(limes_context *context, limes_gp *gp, const double *noise, const limes_gp_trial *trials, size_t best) {
  size_t last = LIMES_NOISE_VALUES - 1;
  limes_gp_facts *facts = &gp->facts;
  facts->noise = noise[best];
  facts->noise_chosen = true;
  facts->noise_at_edge = best == 0 || best == last;
  facts->noise_range[0] = noise[0];
  facts->noise_range[1] = noise[last];
  facts->held_out_error = trials[best].error;
  if (best == 0)
    limes_log(context, LIMES_LOG_NOTE,
              "the smallest noise of those tried, %.3g of the mean diagonal, predicts held-out targets best: the data ask for "
              "hardly any",
              LEAST);
  if (best == last)
    limes_log(context, LIMES_LOG_WARNING,
              "the largest noise of those tried, %.3g times the mean diagonal, predicts held-out targets best: the kernel says "
              "little about these targets",
              MOST);
}

/* The density is that of the flow of a process whose covariance is the kernel that is solved, as without end; its variances
 * cost little for all the noises. An ensemble's own cost products of matrices: they make the scale at the noise chosen. */
static limes_status choose_by_folds(limes_context *context, limes_gp *gp, const double *kernel, bool scaled,
                                    const double *noise) {
  limes_gp_trial trials[LIMES_NOISE_VALUES];
  limes_status status = cross_validate(context, gp, kernel, kernel, scaled, LIMES_NOISE_VALUES, noise, trials);
  if (status != LIMES_OK)
    return status;
  size_t best = best_of(trials);
  keep(context, gp, noise, trials, best);
  if (scaled && gp->prior != NULL)
    status = cross_validate(context, gp, kernel, gp->prior, true, 1, &noise[best], &trials[best]);
  return status == LIMES_OK && scaled ? limes_gp_set_scale(context, gp, trials[best].scale) : status;
}

static limes_status choose_by_leaving_one_out(limes_context *context, limes_gp *gp, const double *kernel, bool scaled,
                                              const double *noise) {
  limes_gp_trial trials[LIMES_NOISE_VALUES];
  limes_status status = limes_gp_sweep(context, gp, kernel, scaled, noise, trials);
  if (status != LIMES_OK)
    return status;
  size_t best = best_of(trials);
  keep(context, gp, noise, trials, best);
  return scaled ? limes_gp_set_scale(context, gp, trials[best].scale) : LIMES_OK;
}

limes_status limes_gp_choose_noise(limes_context *context, limes_gp *gp, const double *kernel, bool scaled) {
  double noise[LIMES_NOISE_VALUES], mean = limes_mean_diagonal(gp->train, kernel);
  if (!(mean > 0))
    return limes_fail(
        context, LIMES_BAD_INPUT,
        "every variance of the training kernel is zero: no noise can be chosen relative to it; are all features zero?");
  limes_gp_noise_values(mean, noise);
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  limes_status status = limes_gp_is_flow(gp) ? choose_by_folds(context, gp, kernel, scaled, noise)
                                             : choose_by_leaving_one_out(context, gp, kernel, scaled, noise);
  limes_blas_leave(threads);
  return status;
}
