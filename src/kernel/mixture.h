/* Models with coins that are tossed once for the batch (residual with coins=shared): a mixture of 2^coins Gaussian processes. Its
 * mean kernel is the sum of theirs, each times the probability that the coins fall so (docs/mathematics.md, section 7). A walker
 * walks one part at a time. */
#ifndef LIMES_KERNEL_MIXTURE_H
#define LIMES_KERNEL_MIXTURE_H

#include "kernel/walk.h"

#define LIMES_MOST_COINS 10 /* 1,024 kernels */

/* Refuses a program with more coins than are enumerated, and says of one with fewer that it is a mixture. */
limes_status limes_mixture_check(limes_context *context, const limes_program *program) LIMES_MUST_USE;

/* How many parts the mixture has: 1 where it is none. At most 2^LIMES_MOST_COINS, also of programs that are refused. */
uint32_t limes_parts(const limes_program *program);

/* From here on the walker walks this part; part 0 has heads only. Its blocks are emptied where there are others. */
void limes_begin_part(limes_walker *walker, uint32_t part);

#endif
