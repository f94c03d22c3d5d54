#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/blas_threads.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "gp/gp.h"
#include "math/linear.h"

limes_gp_options limes_gp_defaults(void) {
  return (limes_gp_options){
      .with = LIMES_WITH_NNGP, .noise = NAN, .diag_reg = NAN, .time = INFINITY, .learning_rate = 1, .scaled = true};
}

limes_gp_facts limes_gp_describe(const limes_gp *gp) {
  limes_gp_facts facts = gp->facts;
  facts.noise *= facts.scale;
  facts.jitter *= facts.scale;
  facts.noise_range[0] *= facts.scale;
  facts.noise_range[1] *= facts.scale;
  facts.finite_time = limes_gp_is_flow(gp);
  return facts;
}

bool limes_gp_has_variance(const limes_gp *gp) {
  if (gp->with == LIMES_WITH_ENSEMBLE)
    return gp->prior != NULL;
  return gp->with == LIMES_WITH_NNGP || !limes_gp_is_flow(gp);
}

void limes_gp_destroy(limes_gp *gp) {
  if (gp == NULL)
    return;
  free(gp->offset);
  free(gp->target);
  free(gp->alpha);
  free(gp->square);
  free(gp->spectrum);
  free(gp->prior);
  free(gp);
}

/* From y [N,K] in C order: column means, and the columns less them. */
static void set_targets(limes_gp *gp, const double *y, bool centre) {
  size_t n = gp->train, outputs = gp->outputs;
  for (size_t c = 0; c < outputs; c++) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
      sum += y[i * outputs + c];
    gp->offset[c] = centre ? sum / (double)n : 0;
    for (size_t i = 0; i < n; i++)
      gp->target[c * n + i] = y[i * outputs + c] - gp->offset[c];
  }
}

static limes_status set_noise(limes_context *context, limes_gp *gp, const limes_gp_options *options) {
  double mean = limes_mean_diagonal(gp->train, gp->square);
  limes_status status = LIMES_OK;
  if (!isnan(options->noise))
    gp->facts.noise = options->noise;
  else if (!isnan(options->diag_reg))
    gp->facts.noise = options->diag_reg * mean;
  else
    status = limes_gp_choose_noise(context, gp, gp->square, options->scaled);
  gp->facts.diag_reg = mean > 0 ? gp->facts.noise / mean : NAN;
  return status;
}

/* -1/2 sum y^T alpha / s^2 - K (sum log L_ii + N/2 log 2 pi s^2) */
static double log_evidence(const limes_gp *gp) {
  size_t n = gp->train;
  double fit = 0, log_determinant = 0;
  for (size_t i = 0; i < n * gp->outputs; i++)
    fit += gp->target[i] * gp->alpha[i];
  for (size_t i = 0; i < n; i++)
    log_determinant += log(gp->square[i * n + i]);
  return -fit / gp->facts.scale / 2 - (double)gp->outputs * (log_determinant + (double)n / 2 * log(2 * M_PI * gp->facts.scale));
}

static limes_status solve_posterior(limes_context *context, limes_gp *gp) {
  size_t n = gp->train;
  for (size_t i = 0; i < n; i++) {
    gp->spectrum[i] = gp->square[i * n + i];
    gp->square[i * n + i] += gp->facts.noise;
  }
  limes_status status = limes_cholesky(context, n, gp->square, &gp->facts.jitter);
  if (status != LIMES_OK)
    return status;
  memcpy(gp->alpha, gp->target, n * gp->outputs * sizeof *gp->alpha);
  limes_cholesky_solve(context, n, gp->square, gp->outputs, gp->alpha);
  if (gp->with != LIMES_WITH_ENSEMBLE)
    gp->facts.log_evidence = log_evidence(gp);
  return LIMES_OK;
}

/* A flow so long that it resolves eigenvalues of the size of their rounding error needs the jitter that the posterior needs. */
static limes_status flow_jitter(limes_context *context, limes_gp *gp, double mean) {
  size_t n = gp->train;
  double rounding = (double)n * DBL_EPSILON * fmax(gp->spectrum[n - 1], 0), least = gp->spectrum[0] + gp->facts.noise;
  if (least > rounding || gp->steps * rounding <= 1)
    return LIMES_OK;
  for (int power = -12; power <= -4 && gp->facts.jitter == 0; power++)
    if (least + pow(10, power) * mean > rounding)
      gp->facts.jitter = pow(10, power) * mean;
  if (gp->facts.jitter == 0)
    return limes_fail(context, LIMES_OUT_OF_DOMAIN,
                      "the training kernel has the eigenvalue %.3g: it is not positive definite, not even with 1e-4 of its mean "
                      "diagonal (%.6g) added; give a larger noise or a shorter time",
                      gp->spectrum[0], mean);
  limes_log(context, LIMES_LOG_WARNING,
            "the training kernel is singular to rounding: %.3g was added to its diagonal (%.0e of its mean)", gp->facts.jitter,
            gp->facts.jitter / mean);
  return LIMES_OK;
}

/* alpha = V g(lambda) V^T target */
static limes_status solve_flow(limes_context *context, limes_gp *gp) {
  size_t n = gp->train;
  double mean = limes_mean_diagonal(n, gp->square), *coefficients = limes_matrix(context, n, gp->outputs);
  if (coefficients == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = limes_eigen(context, n, gp->square, gp->spectrum);
  if (status == LIMES_OK)
    status = flow_jitter(context, gp, mean);
  if (status == LIMES_OK) {
    limes_gemm(true, false, n, gp->outputs, n, 1, gp->square, n, gp->target, n, 0, coefficients, n);
    for (size_t c = 0; c < gp->outputs; c++)
      for (size_t k = 0; k < n; k++)
        coefficients[c * n + k] *= limes_gp_flow_weight(gp->spectrum[k] + gp->facts.noise + gp->facts.jitter, gp->steps);
    limes_gemm(false, false, n, gp->outputs, n, 1, gp->square, n, coefficients, n, 0, gp->alpha, n);
  }
  free(coefficients);
  return status;
}

static limes_status allocate(limes_context *context, size_t train, size_t outputs, limes_gp **gp) {
  *gp = limes_allocate(context, 1, sizeof **gp);
  if (*gp == NULL)
    return LIMES_NO_MEMORY;
  limes_gp *new = *gp;
  new->train = train;
  new->outputs = outputs;
  new->offset = limes_matrix(context, outputs, 1);
  new->target = limes_matrix(context, train, outputs);
  new->alpha = limes_matrix(context, train, outputs);
  new->spectrum = limes_matrix(context, train, 1);
  return new->offset != NULL &&new->target != NULL &&new->alpha != NULL &&new->spectrum != NULL ? LIMES_OK : LIMES_NO_MEMORY;
}

static limes_status solve(limes_context *context, limes_gp *gp, const limes_gp_options *options) {
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  limes_status status = set_noise(context, gp, options);
  if (status == LIMES_OK)
    status = limes_gp_is_flow(gp) ? solve_flow(context, gp) : solve_posterior(context, gp);
  if (status == LIMES_OK && gp->facts.noise_chosen && options->scaled && gp->prior != NULL && !limes_gp_is_flow(gp))
    status = limes_gp_ensemble_scale(context, gp);
  limes_blas_leave(threads);
  return status;
}

limes_status limes_gp_fit_owning(limes_context *context, size_t train, double *solved, double *prior, const double *y,
                                 size_t outputs, bool centre, const limes_gp_options *options, limes_gp **gp) {
  limes_status status = allocate(context, train, outputs, gp);
  if (*gp == NULL) {
    free(solved);
    free(prior);
    return status;
  }
  (*gp)->square = solved;
  (*gp)->prior = prior;
  (*gp)->with = options->with;
  (*gp)->steps = options->learning_rate * options->time / ((double)train * (double)outputs);
  (*gp)->facts = (limes_gp_facts){.scale = 1, .noise_range = {NAN, NAN}, .held_out_error = NAN, .log_evidence = NAN};
  if (status == LIMES_OK) {
    set_targets(*gp, y, centre);
    status = solve(context, *gp, options);
  }
  if (status != LIMES_OK) {
    limes_gp_destroy(*gp);
    *gp = NULL;
  }
  return status;
}

/* A copy of a checked kernel, of whose C-order lower triangle both halves are made. */
static limes_status copy_kernel(limes_context *context, const char *name, size_t n, const double *kernel, double **copy) {
  limes_status status = limes_gp_check_symmetric(context, name, n, kernel);
  if (status != LIMES_OK)
    return status;
  *copy = limes_matrix(context, n, n);
  if (*copy == NULL)
    return LIMES_NO_MEMORY;
  memcpy(*copy, kernel, n * n * sizeof **copy);
  limes_mirror(n, *copy);
  return LIMES_OK;
}

limes_status limes_gp_fit(limes_context *context, const limes_gp_kernels *kernels, const double *y, size_t outputs, bool centre,
                          const limes_gp_options *options, limes_gp **gp) {
  *gp = NULL;
  bool nngp = options->with == LIMES_WITH_NNGP;
  double *solved = NULL, *prior = NULL;
  limes_status status = limes_gp_check_options(context, options);
  if (status == LIMES_OK && (kernels->train == 0 || outputs == 0))
    status = limes_fail(context, LIMES_WRONG_USE, "there are %zu training items with %zu outputs: at least one of each is needed",
                        kernels->train, outputs);
  if (status == LIMES_OK)
    status = limes_gp_check_array(context, "y", kernels->train, outputs, y);
  if (status == LIMES_OK)
    status =
        copy_kernel(context, nngp ? "nngp_dd" : "ntk_dd", kernels->train, nngp ? kernels->nngp_dd : kernels->ntk_dd, &solved);
  if (status == LIMES_OK && options->with == LIMES_WITH_ENSEMBLE && kernels->nngp_dd != NULL)
    status = copy_kernel(context, "nngp_dd", kernels->train, kernels->nngp_dd, &prior);
  if (status == LIMES_OK)
    return limes_gp_fit_owning(context, kernels->train, solved, prior, y, outputs, centre, options, gp);
  free(solved);
  free(prior);
  return status;
}

limes_status limes_gp_solved_kernel(limes_context *context, const limes_gp *gp, double *kernel) {
  size_t n = gp->train;
  if (!limes_gp_is_flow(gp)) {
    memcpy(kernel, gp->square, n * n * sizeof *kernel);
    for (size_t i = 0; i < n; i++)
      kernel[i * n + i] = gp->spectrum[i];
    limes_mirror(n, kernel);
    return LIMES_OK;
  }
  double *scaled = limes_matrix(context, n, n);
  if (scaled == NULL)
    return LIMES_NO_MEMORY;
  for (size_t k = 0; k < n; k++)
    for (size_t i = 0; i < n; i++)
      scaled[k * n + i] = gp->square[k * n + i] * gp->spectrum[k];
  limes_gemm(false, true, n, n, n, 1, scaled, n, gp->square, n, 0, kernel, n);
  limes_mirror(n, kernel);
  free(scaled);
  return LIMES_OK;
}
