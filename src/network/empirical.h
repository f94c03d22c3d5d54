/* Sums over parameters of products of derivatives: what empirical kernels are made of. */
#ifndef LIMES_NETWORK_EMPIRICAL_H
#define LIMES_NETWORK_EMPIRICAL_H

#include "base/parallel.h"
#include "network/route.h"

/* sum[i, j] += scale * sum over the chosen parameters of (df_i/dtheta)(df_j/dtheta), f output number `output` of item i of side a
 * and item j of side b; where symmetric at least for j <= i. */
typedef struct limes_products {
  limes_context *context;
  const limes_network *network;
  size_t a, b; /* sides */
  bool symmetric;
  bool last; /* only weights in which the output is linear, each derivative times the weight's deviation: that gives the NNGP
                with outputs integrated out. Otherwise all parameters */
  const limes_route *route;
  size_t output;
  double scale;
  double *sum; /* [N_A, N_B], rows `stride` apart */
  size_t stride;
  struct limes_asking *asking;
} limes_products;

/* What has been done of kernels, in the seconds of limes_route, and who hears of it: the caller's progress callback, or the job
 * that the computation is a task of. */
typedef struct limes_asking {
  limes_context *context;
  limes_job *job; /* NULL: none */
  unsigned worker;
  double total, done;
  double started, asked; /* by the clock */
} limes_asking;

/* LIMES_WRONG_USE where the model keeps positions to its end */
limes_status limes_empirical_check(limes_context *context, const limes_network *network) LIMES_MUST_USE;

/* Both kernels of limes_empirical, by a route that has been found for a and b. */
limes_status limes_empirical_by(limes_asking *asking, const limes_network *network, const limes_batch *a, const limes_batch *b,
                                size_t outputs, const limes_route *route, const limes_kernel_output *out) LIMES_MUST_USE;
/* How much that will be, in the seconds of limes_route */
double limes_empirical_cost(const limes_network *network, size_t outputs, const limes_route *route,
                            const limes_kernel_output *out);

/* Adds to what has been done, and tells of it a few times a second. LIMES_INTERRUPTED where the caller wants to stop. */
limes_status limes_products_ask(const limes_products *products, double seconds) LIMES_MUST_USE;

/* Of the layers with a gram; the others; all of them by tangents along derivatives (never where last). */
limes_status limes_products_by_gram(const limes_products *products) LIMES_MUST_USE;
limes_status limes_products_by_jacobian(const limes_products *products) LIMES_MUST_USE;
limes_status limes_products_by_tangents(const limes_products *products) LIMES_MUST_USE;

/* Whether op i takes part, and whether by its gram */
bool limes_products_take(const limes_products *products, size_t i);
bool limes_products_gram(const limes_products *products, size_t i);

/* Fills adjoint[readout] with ones at the output, zeros elsewhere: items do not mix, so one walk serves all. */
void limes_seed_output(limes_evaluation *evaluation, size_t output);

#endif
