/* What the routes to an empirical NTK cost, and the choice between them. */
#ifndef LIMES_NETWORK_ROUTE_H
#define LIMES_NETWORK_ROUTE_H

#include "network/evaluation.h"

/* One route for the NTK of one output between two sides. Seconds are those of one core of a nominal machine, so that the choice
 * is the same everywhere and always. */
typedef struct limes_route {
  limes_ntk_route kind;
  bool *by_gram;         /* [n_op] ops that give their part without derivatives */
  size_t chosen, block;  /* parameters of the others; items of a block of their derivatives */
  double flops, seconds; /* of all pairs */
  uint64_t bytes;        /* that one network takes at a time, its parameters included */

  /* seconds: of an item's walk forward and backward among others, an item's derivative, and of a pair of items what grams,
   * products of derivatives, and a tangent take */
  double walk, derivative, gram, product, tangent;
} limes_route;

/* The costs of one route; by_gram is taken here, and given back by limes_route_clear. */
limes_status limes_route_find(limes_context *context, const limes_network *network, size_t a, size_t b, limes_ntk_route kind,
                              limes_route *route) LIMES_MUST_USE;
void limes_route_clear(limes_route *route);

/* The route asked for, or where that is AUTO the fastest one that fits into `limit` bytes (0: any does). LIMES_REFUSED where it
 * does not fit, or none. */
limes_status limes_route_choose(limes_context *context, const limes_network *network, size_t a, size_t b, limes_ntk_route kind,
                                uint64_t limit, limes_route *route) LIMES_MUST_USE;

/* What a large matrix product of so many flops takes on the nominal machine, and drawing so many parameters */
double limes_route_seconds(double flops);
double limes_draw_seconds(double parameters);

/* "structured" */
const char *limes_route_name(limes_ntk_route kind);

#endif
