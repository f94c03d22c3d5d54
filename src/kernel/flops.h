/* Floating-point operations of a plan, by the true lengths of its items. */
#ifndef LIMES_KERNEL_FLOPS_H
#define LIMES_KERNEL_FLOPS_H

#include "kernel/plan.h"

/* Fills cross_flops, own_flops and step_flops. Pairs are counted by kinds of items (equal sizes), not one by one. */
limes_status limes_count_flops(limes_context *context, limes_plan *plan) LIMES_MUST_USE;

/* Of the input's covariance between two items. */
double limes_input_flops(const limes_batch *batch, limes_layout layout, const limes_grid *x, const limes_grid *y);

/* Of one item's self pass, its traces included. */
double limes_own_flops(const limes_plan *plan, const limes_side *side, size_t item);

/* Of one step of a pass, for one pair. */
double limes_step_flops(const limes_plan *plan, const limes_pass *pass, const limes_step *step, const limes_side *a, size_t i,
                        const limes_side *b, size_t j, bool ntk);

#endif
