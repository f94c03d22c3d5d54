/* What means over draws and their explanation share. */
#ifndef LIMES_NETWORK_DRAWS_H
#define LIMES_NETWORK_DRAWS_H

#include "math/linear.h"
#include "network/empirical.h"

/* A network of the items of a and b (NULL or a: of a alone) whose kernels can be had; parameters: a file, or NULL. *network
 * belongs to the caller, also where this fails. */
limes_status limes_open_draws(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                              const limes_network_settings *settings, const char *parameters, limes_network **network)
    LIMES_MUST_USE;

/* How many draws at a time fit into `limit` bytes (0: any) beside the sums of so many entries, where each takes `bytes`; 0: none.
 */
unsigned limes_draw_workers(const limes_context *context, size_t draws, size_t entries, uint64_t limit, uint64_t bytes);

#endif
