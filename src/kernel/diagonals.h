/* Walking a chain (kernel/chain.h) diagonal after diagonal. */
#ifndef LIMES_KERNEL_DIAGONALS_H
#define LIMES_KERNEL_DIAGONALS_H

#include "kernel/walk.h"

/* The chain that begins with this step of the cross pass, for item number `item` of block x against the partners of the walker's
 * panels, which begin with number `from` of block y. */
void limes_walk_chain(limes_walker *walker, size_t first, const limes_block *x, size_t item, const limes_block *y, size_t from);

/* Doubles that the chains of the cross pass need of one worker. */
size_t limes_chain_doubles(const limes_plan *plan);

#endif
