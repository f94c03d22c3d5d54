/* Chains: runs of layers that keep each diagonal b - a of a covariance to itself (convolutions of stride 1 over zeros,
 * elementwise layers, layer_norm), walked diagonal after diagonal through all of them while one sits in the first-level cache. A
 * chain begins at the input or at a matrix, and ends in a matrix or in a mean over all positions; what lies between is never
 * there as a whole. */
#ifndef LIMES_KERNEL_CHAIN_H
#define LIMES_KERNEL_CHAIN_H

#include "kernel/pass.h"

struct limes_chain_rules {
  const bool *uneven;      /* [n_value] where items differ in their positions */
  const limes_grid **grid; /* [n_value] the grid of all items elsewhere */
  size_t features;         /* of the input */
};

/* Marks the chains of a cross pass, before its buffers are placed. */
void limes_find_chains(const limes_program *program, const limes_chain_rules *rules, limes_pass *pass);

/* Zeros needed between stretches of a diagonal that are no neighbours: the furthest reach of the chain's windows, rows and
 * columns. */
void limes_chain_reach(const limes_program *program, const limes_pass *pass, size_t first, const limes_grid *grid,
                       uint32_t reach[2]);

/* The function that walks an op element by element; NULL: it slides, or sums. */
typedef void limes_along_run(const void *param, const limes_run *run);
limes_along_run *limes_along(const limes_op *op);

#endif
