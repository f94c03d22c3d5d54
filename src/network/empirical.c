/* The kernels of one network (docs/mathematics.md, section 10): NNGP with outputs integrated out, NTK averaged over outputs. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/blas_threads.h"
#include "math/linear.h"
#include "network/empirical.h"

#define ASK_AFTER 0.2 /* seconds */

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

limes_status limes_products_ask(const limes_products *products, double seconds) {
  limes_asking *asking = products->asking;
  limes_context *context = asking->context;
  asking->done += seconds;
  if (asking->job != NULL)
    return limes_job_advance(asking->job, asking->worker, seconds) ? LIMES_OK : LIMES_INTERRUPTED;
  double time = now();
  if (context->progress == NULL || time - asking->asked < ASK_AFTER)
    return LIMES_OK;
  asking->asked = time;
  double share = asking->done < asking->total ? asking->done / asking->total : 1;
  double left = share > 0.001 ? (time - asking->started) * (1 - share) / share : -1;
  if (context->progress(context->progress_user, "empirical kernels", share, left) == 0)
    return LIMES_OK;
  return limes_fail(context, LIMES_INTERRUPTED, "interrupted: empirical kernels");
}

limes_status limes_empirical_check(limes_context *context, const limes_network *network) {
  if (network->program.value[network->program.readout].axes == 0)
    return LIMES_OK;
  return limes_fail(context, LIMES_WRONG_USE, "the model keeps positions to its end (%s): end it with flatten or global_avg_pool",
                    network->program.value[network->program.readout].made_by);
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

static size_t outputs_of(const limes_network *network, size_t outputs) {
  size_t channels = limes_network_channels(network);
  return outputs == 0 || outputs > channels ? channels : outputs;
}

static limes_status find_ntk(limes_products *p, size_t outputs, double *kernel) {
  begin_sum(p, kernel);
  p->last = false;
  p->scale = 1 / (double)outputs;
  limes_status status = LIMES_OK;
  for (p->output = 0; p->output < outputs && status == LIMES_OK; p->output++) {
    if (p->route->kind == LIMES_NTK_TANGENTS) {
      status = limes_products_by_tangents(p);
      continue;
    }
    status = limes_products_by_gram(p);
    if (status == LIMES_OK)
      status = limes_products_by_jacobian(p);
  }
  return status == LIMES_OK ? end_sum(p, "NTK") : status;
}

/* The NNGP is taken for a part of one output's NTK. */
double limes_empirical_cost(const limes_network *network, size_t outputs, const limes_route *route,
                            const limes_kernel_output *out) {
  return route->seconds * ((out->nngp == NULL ? 0 : 1) + (out->ntk == NULL ? 0 : (double)outputs_of(network, outputs)));
}

limes_status limes_empirical_by(limes_asking *asking, const limes_network *network, const limes_batch *a, const limes_batch *b,
                                size_t outputs, const limes_route *route, const limes_kernel_output *out) {
  limes_products p = {.context = asking->context, .network = network, .asking = asking, .route = route};
  limes_status status = find_sides(a, b, &p);
  if (status != LIMES_OK)
    return status;
  p.stride = out->stride == 0 ? items_at(&p, p.b) : out->stride;
  if (out->nngp != NULL)
    status = find_nngp(&p, out->nngp);
  if (status == LIMES_OK && out->ntk != NULL)
    status = find_ntk(&p, outputs_of(network, outputs), out->ntk);
  return status;
}

limes_status limes_empirical(limes_context *context, const limes_network *network, const limes_batch *a, const limes_batch *b,
                             size_t outputs, limes_ntk_route kind, const limes_kernel_output *out) {
  limes_products p = {.context = context, .network = network};
  limes_route route = {0};
  limes_status status = limes_empirical_check(context, network);
  if (status == LIMES_OK)
    status = find_sides(a, b, &p);
  if (status == LIMES_OK)
    status = limes_route_choose(context, network, p.a, p.b, kind, limes_memory_limit(context), &route);
  if (status != LIMES_OK)
    return status;
  limes_asking asking = {.context = context, .started = now(), .total = limes_empirical_cost(network, outputs, &route, out)};
  asking.asked = asking.started;
  unsigned threads = limes_threads(context);
  limes_blas_enter(threads);
  status = limes_empirical_by(&asking, network, a, b, outputs, &route, out);
  limes_blas_leave(threads);
  limes_route_clear(&route);
  return status;
}
