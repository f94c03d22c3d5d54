/* Models with coins that are tossed once for the batch (residual with coins=shared): a mixture of 2^coins Gaussian processes. Its
 * mean kernel is the sum of theirs, each times the probability that the coins fall so (docs/mathematics.md, section 7). */
#ifndef LIMES_KERNEL_MIXTURE_H
#define LIMES_KERNEL_MIXTURE_H

#include "kernel/tiles.h"

#define LIMES_MOST_COINS 10 /* 1,024 kernels */

/* How many ops of the program toss such a coin. */
uint32_t limes_count_coins(const limes_program *program);

/* Refuses a program with more coins than are enumerated, and says of one with fewer that it is a mixture. */
limes_status limes_mixture_check(limes_context *context, const limes_program *program) LIMES_MUST_USE;

/* Lets the coins fall as the bits of `part` say (1: tails), and returns the probability of that. Part 0 has heads only. */
double limes_toss(limes_program *program, uint32_t part);

/* limes_run_tiles and limes_run_diagonal for any model; the coins show heads afterwards. */
limes_status limes_run_mixture(limes_context *context, limes_plan *plan, const char *what, limes_sink *sink) LIMES_MUST_USE;
limes_status limes_run_mixture_diagonal(limes_context *context, limes_plan *plan, double *nngp, double *ntk) LIMES_MUST_USE;

#endif
