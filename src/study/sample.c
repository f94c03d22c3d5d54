/* Functions drawn by chance: from the prior of infinitely wide networks, and networks themselves. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "limes/network.h"
#include "limes/study.h"
#include "math/linear.h"
#include "study/sampled.h"

#define PRIOR_STREAM UINT64_C(0x7072696f72) /* "prior": what tells its streams from those of networks */

static limes_status check_draws(limes_context *context, const limes_batch *batch, size_t draws) {
  size_t count = 0;
  if (draws == 0)
    return limes_fail(context, LIMES_WRONG_USE, "there are no functions to draw: ask for one at least");
  if (!limes_multiply(draws, limes_batch_items(batch), &count))
    return limes_fail(context, LIMES_REFUSED, "%zu functions at %zu items are more than can be counted: draw fewer", draws,
                      limes_batch_items(batch));
  return LIMES_OK;
}

/* The prior */

static limes_status check_memory(limes_context *context, size_t items) {
  double needed = (double)items * (double)items * sizeof(double), limit = (double)limes_memory_limit(context);
  if (needed <= limit)
    return LIMES_OK;
  return limes_fail(context, LIMES_REFUSED,
                    "the covariance of a function at %zu items needs %.3g GB, more than the %.3g GB that may be used: take fewer "
                    "items",
                    items, needed / 1e9, limit / 1e9);
}

/* function [draws, n] <- L z for standard normal z; row d has a stream of its own, and L is lower triangular: functions do not
 * depend on how many are drawn, nor their values at the first items on the items behind. */
static void draw_functions(limes_context *context, size_t n, const double *factor, size_t draws, double *function) {
  for (size_t d = 0; d < draws; d++)
    limes_normal(&(limes_stream){context->seed, {PRIOR_STREAM, d}}, 0, n, function + d * n);
  limes_lower_multiply(context, n, factor, draws, function);
}

/* kernel [n, n] becomes its factor. One without any variance has the factor 0. */
static limes_status factorize(limes_context *context, size_t n, double *kernel, double *variance) {
  double sum = 0, jitter;
  for (size_t i = 0; i < n; i++) {
    sum += kernel[i * n + i];
    if (variance != NULL)
      variance[i] = kernel[i * n + i];
  }
  return sum == 0 ? LIMES_OK : limes_cholesky(context, n, kernel, &jitter);
}

/* kernel [n, n]; that of a sampled model is mended where its errors have made an eigenvalue negative */
static limes_status compute_kernel(limes_context *context, const limes_model *model, const limes_batch *batch, size_t n,
                                   double *kernel) {
  bool sampled = limes_model_sampled(model);
  double *error = sampled ? limes_matrix(context, n, n) : NULL;
  if (sampled && error == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = limes_kernel(context, model, batch, NULL, &(limes_kernel_output){.nngp = kernel, .nngp_error = error});
  if (status == LIMES_OK && sampled)
    status = limes_mend_sampled(context, "the prior's covariance", n, kernel, error);
  free(error);
  return status;
}

static limes_status check_one_readout(limes_context *context, const limes_model *model) {
  size_t readouts = limes_model_readouts(model, NULL);
  if (readouts <= 1)
    return LIMES_OK;
  return limes_fail(context, LIMES_WRONG_USE,
                    "the model has %zu readouts, and a function is of one: give correlated_readout one length_scale", readouts);
}

limes_status limes_sample_prior(limes_context *context, const limes_model *model, const limes_batch *batch, size_t draws,
                                double *function, double *variance) {
  size_t n = limes_batch_items(batch);
  limes_status status = check_draws(context, batch, draws);
  if (status == LIMES_OK)
    status = check_one_readout(context, model);
  if (status == LIMES_OK)
    status = check_memory(context, n);
  double *kernel = status == LIMES_OK ? limes_matrix(context, n, n) : NULL;
  if (kernel == NULL)
    return status == LIMES_OK ? LIMES_NO_MEMORY : status;
  status = compute_kernel(context, model, batch, n, kernel);
  if (status == LIMES_OK)
    status = factorize(context, n, kernel, variance);
  if (status == LIMES_OK)
    draw_functions(context, n, kernel, draws, function);
  free(kernel);
  return status;
}

/* Networks */

typedef struct {
  limes_context *context;
  const limes_batch *batch;
  limes_network **network; /* [workers] */
  uint64_t first;          /* number of the first draw */
  double *function;        /* [draws, items] */
} networks;

static limes_status draw_network(void *shared, size_t task, unsigned worker, limes_job *job) {
  networks *all = shared;
  limes_network_draw(all->network[worker], all->first + task);
  limes_status status =
      limes_network_forward(all->context, all->network[worker], all->batch, all->function + task * limes_batch_items(all->batch));
  return status != LIMES_OK || limes_job_advance(job, worker, 1) ? status : LIMES_INTERRUPTED;
}

/* A network with one output has one number an item where positions are pooled. */
static limes_status check_outputs(limes_context *context, const limes_network *network, const limes_batch *batch) {
  size_t rows = 0;
  limes_status status = limes_network_rows(context, network, batch, &rows);
  if (status != LIMES_OK || rows == limes_batch_items(batch))
    return status;
  return limes_fail(context, LIMES_WRONG_USE,
                    "the model keeps positions to its end: end it with `flatten dense` or `global_avg_pool dense`");
}

static limes_status create_networks(limes_context *context, const limes_model *model, const limes_network_settings *settings,
                                    unsigned workers, const networks *all) {
  limes_status status = LIMES_OK;
  for (unsigned i = 0; status == LIMES_OK && i < workers; i++)
    status = limes_network_create(context, model, &all->batch, 1, settings, &all->network[i]);
  return status == LIMES_OK ? check_outputs(context, all->network[0], all->batch) : status;
}

limes_status limes_sample_networks(limes_context *context, const limes_model *model, const limes_batch *batch,
                                   const limes_network_settings *settings, size_t draws, double *function) {
  limes_network_settings one = settings == NULL ? (limes_network_settings){.outputs = 1} : *settings;
  one.outputs = 1;
  limes_status status = check_draws(context, batch, draws);
  if (status != LIMES_OK)
    return status;
  unsigned workers = limes_workers(context, draws);
  networks all = {.context = context, .batch = batch, .first = one.draw, .function = function};
  all.network = limes_allocate(context, workers, sizeof *all.network);
  if (all.network == NULL)
    return LIMES_NO_MEMORY;
  status = create_networks(context, model, &one, workers, &all);
  if (status == LIMES_OK)
    status = limes_parallel(context, "networks", draws, (double)draws, draw_network, &all);
  for (unsigned i = 0; i < workers; i++)
    limes_network_destroy(all.network[i]);
  free(all.network);
  return status;
}
