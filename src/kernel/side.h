/* The positions of a batch's items at every value of a program. */
#ifndef LIMES_KERNEL_SIDE_H
#define LIMES_KERNEL_SIDE_H

#include "kernel/plan.h"

limes_status limes_side_create(limes_context *context, const limes_program *program, const limes_batch *batch, limes_side *side)
    LIMES_MUST_USE;
/* Fills identity: a fingerprint of each item's positions, features, segments and edges. */
limes_status limes_side_identify(limes_context *context, limes_side *side) LIMES_MUST_USE;

void limes_side_clear(limes_side *side);

#endif
