/* The kernels of one network (docs/mathematics.md, section 10): NNGP with outputs integrated out, NTK averaged over outputs. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/blas_threads.h"
#include "math/linear.h"
#include "network/empirical.h"

#define ASK_AFTER 0.2 /* seconds */

limes_status limes_products_ask(const limes_products *products) {
  const limes_context *context = products->context;
  if (context->progress == NULL)
    return LIMES_OK;
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  double now = (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
  if (now - *products->asked < ASK_AFTER)
    return LIMES_OK;
  *products->asked = now;
  if (context->progress(context->progress_user, "empirical kernels", products->done, -1) == 0)
    return LIMES_OK;
  return limes_fail(products->context, LIMES_INTERRUPTED, "interrupted");
}

static limes_status check_readout(limes_context *context, const limes_network *network) {
  if (network->program.value[network->program.readout[0]].axes == 0)
    return LIMES_OK;
  return limes_fail(context, LIMES_WRONG_USE, "the model keeps positions to its end (%s): end it with flatten or global_avg_pool",
                    network->program.value[network->program.readout[0]].made_by);
}

static limes_status find_sides(const limes_batch *a, const limes_batch *b, limes_products *p) {
  p->a = limes_network_side(p->network, a);
  p->b = b == NULL ? p->a : limes_network_side(p->network, b);
  p->symmetric = p->a == p->b;
  if (p->a < p->network->n_side && p->b < p->network->n_side)
    return LIMES_OK;
  return limes_fail(p->context, LIMES_WRONG_USE, "the network was not made for this batch: give it to limes_network_create");
}

static size_t items_at(const limes_products *p, size_t side) { return p->network->side[side].batch->items; }

static void begin_sum(limes_products *p, double *kernel) {
  p->sum = kernel;
  for (size_t i = 0; i < items_at(p, p->a); i++)
    for (size_t j = 0; j < items_at(p, p->b); j++)
      kernel[i * p->stride + j] = 0;
}

static limes_status end_sum(const limes_products *p, const char *name) {
  for (size_t i = 0; i < items_at(p, p->a); i++)
    for (size_t j = 0; j < items_at(p, p->b); j++) {
      double *entry = &p->sum[i * p->stride + j];
      if (p->symmetric && j > i)
        *entry = p->sum[j * p->stride + i];
      if (!isfinite(*entry))
        return limes_fail(
            p->context, LIMES_BAD_INPUT,
            "the empirical %s of items %zu and %zu (counted from 0) is %g: the numbers are too large for this model; "
            "normalize the data, or take smaller weights",
            name, i, j, *entry);
    }
  return LIMES_OK;
}

/* f f^T / channels, where no last weights can be integrated out */
static limes_status nngp_by_outputs(limes_products *p) {
  const limes_network *network = p->network;
  size_t C = limes_network_channels(network), n_a = items_at(p, p->a), n_b = items_at(p, p->b);
  double *f_a = limes_matrix(p->context, n_a, C), *f_b = f_a == NULL ? NULL : limes_matrix(p->context, n_b, C);
  limes_status status = f_b == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK)
    status = limes_network_forward(p->context, network, network->side[p->a].batch, f_a);
  if (status == LIMES_OK)
    status = limes_network_forward(p->context, network, network->side[p->b].batch, f_b);
  if (status == LIMES_OK)
    limes_gemm(true, false, n_b, n_a, C, 1 / (double)C, f_b, C, f_a, C, 0, p->sum, p->stride);
  free(f_a);
  free(f_b);
  return status;
}

static limes_status find_nngp(limes_products *p, double *kernel) {
  begin_sum(p, kernel);
  p->last = true;
  p->structured = true;
  p->output = 0;
  p->scale = 1;
  limes_status status = LIMES_OK;
  if (!p->network->integrable) {
    status = nngp_by_outputs(p);
  } else {
    status = limes_products_by_gram(p);
    if (status == LIMES_OK)
      status = limes_products_by_jacobian(p);
  }
  return status == LIMES_OK ? end_sum(p, "NNGP") : status;
}

static limes_status find_ntk(limes_products *p, size_t outputs, limes_ntk_route route, double *kernel) {
  size_t channels = limes_network_channels(p->network);
  outputs = outputs == 0 || outputs > channels ? channels : outputs;
  begin_sum(p, kernel);
  p->last = false;
  p->structured = route == LIMES_NTK_STRUCTURED;
  p->scale = 1 / (double)outputs;
  limes_status status = LIMES_OK;
  for (p->output = 0; p->output < outputs && status == LIMES_OK; p->output++) {
    p->done = (double)p->output / (double)outputs;
    if (route == LIMES_NTK_TANGENTS) {
      status = limes_products_by_tangents(p);
      continue;
    }
    status = limes_products_by_gram(p);
    if (status == LIMES_OK)
      status = limes_products_by_jacobian(p);
  }
  return status == LIMES_OK ? end_sum(p, "NTK") : status;
}

limes_status limes_empirical(limes_context *context, const limes_network *network, const limes_batch *a, const limes_batch *b,
                             size_t outputs, limes_ntk_route route, const limes_kernel_output *out) {
  double asked = 0;
  limes_products p = {.context = context, .network = network, .asked = &asked};
  limes_status status = check_readout(context, network);
  if (status == LIMES_OK)
    status = find_sides(a, b, &p);
  if (status != LIMES_OK)
    return status;
  p.stride = out->stride == 0 ? items_at(&p, p.b) : out->stride;
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  if (out->nngp != NULL)
    status = find_nngp(&p, out->nngp);
  if (status == LIMES_OK && out->ntk != NULL)
    status = find_ntk(&p, outputs, route, out->ntk);
  limes_blas_leave(threads);
  return status;
}
