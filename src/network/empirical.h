/* Sums over parameters of products of derivatives: what empirical kernels are made of. */
#ifndef LIMES_NETWORK_EMPIRICAL_H
#define LIMES_NETWORK_EMPIRICAL_H

#include "network/evaluation.h"

/* sum[i, j] += scale * sum over the chosen parameters of (df_i/dtheta)(df_j/dtheta), f output number `output` of item i of side a
 * and item j of side b; where symmetric at least for j <= i. */
typedef struct limes_products {
  limes_context *context;
  const limes_network *network;
  size_t a, b; /* sides */
  bool symmetric;
  bool last; /* only weights in which the output is linear, each derivative times the weight's deviation: that gives the NNGP
                with outputs integrated out. Otherwise all parameters */
  bool structured; /* layers that can give their part without derivatives do */
  size_t output;
  double scale;
  double *sum; /* [N_A, N_B], rows `stride` apart */
  size_t stride;
  double done;   /* share of the outputs that are summed */
  double *asked; /* when the caller was last asked whether to go on, in seconds */
} limes_products;

/* Tells the caller how far it is, a few times a second. LIMES_INTERRUPTED where he wants to stop. */
limes_status limes_products_ask(const limes_products *products) LIMES_MUST_USE;

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
