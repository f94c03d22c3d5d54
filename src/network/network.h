/* The inside of a network: a program, how wide it is, and its parameters. */
#ifndef LIMES_NETWORK_NETWORK_H
#define LIMES_NETWORK_NETWORK_H

#include "layers/finite.h"
#include "limes/network.h"
#include "model/side.h"

/* One op's share of the network. */
typedef struct limes_member {
  limes_widths widths;
  void *state; /* of the op's prepare */
  limes_weights weights[LIMES_MOST_WEIGHTS];
  size_t first, count; /* the op's stretch of theta */
  bool last;           /* the last op with weights on a way to the readout, which keeps its channels from there on */
} limes_member;

struct limes_network {
  limes_program program;
  limes_network_settings settings;
  limes_side *side;   /* [n_side] the batches it is made for */
  uint64_t *item_key; /* [n_side] of the first item of each: items are counted through all batches */
  size_t n_side;
  size_t *channels;     /* [n_value] */
  limes_member *member; /* [n_op] */
  bool integrable;      /* there are last ops, and the readout is linear in what they make */
  double *theta;        /* [parameters] */
  size_t parameters;
};

/* limes_network_create; drawn = false leaves the parameters 0, for those who want sizes alone, or draw later. */
limes_status limes_network_build(limes_context *context, const limes_model *model, const limes_batch *const *batches, size_t n,
                                 const limes_network_settings *settings, bool drawn, limes_network **network) LIMES_MUST_USE;

/* The width of every op and the channels of every value (network->side is there). */
limes_status limes_network_widths(limes_context *context, limes_network *network) LIMES_MUST_USE;

/* The arrays of every op, and theta, zeros. */
limes_status limes_network_arrays(limes_context *context, limes_network *network) LIMES_MUST_USE;

/* A call of op i, without items */
limes_call limes_network_call(const limes_network *network, size_t i);

/* The number of the batch's side; n_side where the network was not made for it. */
size_t limes_network_side(const limes_network *network, const limes_batch *batch);

#endif
