/* The functions of limes/network.h that run a network: items in blocks, so that memory does not grow with the batch. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/blas_threads.h"
#include "network/evaluation.h"

/* Walks the items of one batch in blocks. */
typedef struct {
  limes_context *context;
  const limes_network *network;
  const limes_batch *batch;
  size_t side, block, first, count; /* the items of now: first ... first + count - 1 */
  size_t row, input_row;            /* where they stand among the batch's rows at the readout and at the input */
  limes_evaluation now;
} walk;

static limes_status begin(limes_context *context, const limes_network *network, const limes_batch *batch, walk *w) {
  *w = (walk){.context = context, .network = network, .batch = batch, .side = limes_network_side(network, batch)};
  if (w->side == network->n_side)
    return limes_fail(context, LIMES_WRONG_USE, "the network was not made for this batch: give it to limes_network_create");
  w->block = limes_evaluation_block(network, w->side);
  return LIMES_OK;
}

static const limes_units *readout_of(const walk *w) { return &w->now.value[w->network->program.readout[0]]; }

/* The next block, evaluated; *more is false behind the last one. */
static limes_status next(walk *w, unsigned with, bool *more) {
  if (w->count > 0) {
    w->row += limes_rows(readout_of(w));
    w->input_row += limes_rows(&w->now.value[0]);
  }
  limes_evaluation_clear(&w->now);
  w->first += w->count;
  *more = w->first < w->batch->items;
  if (!*more)
    return LIMES_OK;
  w->count = w->batch->items - w->first < w->block ? w->batch->items - w->first : w->block;
  limes_status status = limes_evaluation_create(w->context, w->network, w->side, NULL, w->first, w->count, with, &w->now);
  if (status == LIMES_OK)
    limes_evaluate(&w->now);
  return status;
}

/* What is done with a block that has been evaluated */
typedef limes_status block_function(walk *w, void *user);

static limes_status each_block(limes_context *context, const limes_network *network, const limes_batch *batch, unsigned with,
                               block_function *function, void *user) {
  walk w;
  bool more = true;
  unsigned threads = limes_threads(context);
  limes_status status = begin(context, network, batch, &w);
  limes_blas_enter(threads);
  while (status == LIMES_OK && more) {
    status = next(&w, with, &more);
    if (status == LIMES_OK && more)
      status = function(&w, user);
  }
  limes_blas_leave(threads);
  limes_evaluation_clear(&w.now);
  return status;
}

size_t limes_network_channels(const limes_network *network) { return network->channels[network->program.readout[0]]; }

limes_status limes_network_rows(limes_context *context, const limes_network *network, const limes_batch *batch, size_t *rows) {
  walk w;
  limes_status status = begin(context, network, batch, &w);
  *rows = 0;
  for (size_t i = 0; status == LIMES_OK && i < batch->items; i++)
    *rows += network->side[w.side].grid[network->program.readout[0]][i].T;
  return status;
}

/* forward */

static limes_status check_finite(const walk *w, const double *f) {
  const limes_units *readout = readout_of(w);
  for (size_t i = 0; i < readout->items; i++)
    for (size_t k = readout->start[i] * readout->channels; k < readout->start[i + 1] * readout->channels; k++)
      if (!isfinite(f[k]))
        return limes_fail(w->context, LIMES_BAD_INPUT,
                          "the network's output for item %zu (counted from 0) is %g: the numbers are too large for this model; "
                          "normalize the data, or take smaller weights",
                          w->first + i, f[k]);
  return LIMES_OK;
}

static limes_status copy_outputs(const walk *w, const double *block, double *out) {
  const limes_units *readout = readout_of(w);
  memcpy(out + w->row * readout->channels, block, limes_rows(readout) * readout->channels * sizeof *out);
  return check_finite(w, block);
}

static limes_status forward_block(walk *w, void *user) { return copy_outputs(w, readout_of(w)->unit, user); }

limes_status limes_network_forward(limes_context *context, const limes_network *network, const limes_batch *batch, double *f) {
  return each_block(context, network, batch, 0, forward_block, f);
}

/* Jacobian-vector products */

typedef struct {
  const double *theta, *input;
  double *f, *tangent;
} jvp;

static limes_status jvp_block(walk *w, void *user) {
  const jvp *j = user;
  const double *input = j->input == NULL ? NULL : j->input + w->input_row * w->batch->features;
  limes_evaluate_tangent(&w->now, input, j->theta);
  limes_status status = j->f == NULL ? LIMES_OK : copy_outputs(w, readout_of(w)->unit, j->f);
  return status == LIMES_OK ? copy_outputs(w, w->now.tangent[w->network->program.readout[0]], j->tangent) : status;
}

limes_status limes_network_jvp(limes_context *context, const limes_network *network, const limes_batch *batch,
                               const double *theta_tangent, const double *input_tangent, double *f, double *tangent) {
  jvp j = {theta_tangent, input_tangent, f, tangent};
  return each_block(context, network, batch, LIMES_WITH_TANGENT, jvp_block, &j);
}

/* vector-Jacobian products */

typedef struct {
  const double *adjoint;
  double *theta, *input;
} vjp;

static limes_status vjp_block(walk *w, void *user) {
  const vjp *v = user;
  const limes_units *readout = readout_of(w), *input = &w->now.value[0];
  memcpy(w->now.adjoint[w->network->program.readout[0]], v->adjoint + w->row * readout->channels,
         limes_rows(readout) * readout->channels * sizeof(double));
  limes_evaluate_adjoint(&w->now, v->theta, v->input != NULL);
  if (v->input != NULL)
    memcpy(v->input + w->input_row * input->channels, w->now.adjoint[0], limes_rows(input) * input->channels * sizeof(double));
  return LIMES_OK;
}

limes_status limes_network_vjp(limes_context *context, const limes_network *network, const limes_batch *batch,
                               const double *adjoint, double *theta_adjoint, double *input_adjoint) {
  vjp v = {adjoint, theta_adjoint, input_adjoint};
  if (theta_adjoint != NULL)
    memset(theta_adjoint, 0, network->parameters * sizeof *theta_adjoint);
  return each_block(context, network, batch, LIMES_WITH_ADJOINT, vjp_block, &v);
}
