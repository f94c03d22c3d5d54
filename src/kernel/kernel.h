/* What kernels in memory and kernels in a file share. */
#ifndef LIMES_KERNEL_KERNEL_H
#define LIMES_KERNEL_KERNEL_H

#include "kernel/plan.h"
#include "limes/kernel.h"

/* limes_plan_create, and whether it fits; what layers leave out is said. b = NULL: a. */
limes_status limes_plan_kernel(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                               bool ntk, limes_layout readout, limes_plan *plan) LIMES_MUST_USE;

/* A sentence where an entry is not finite; kernel NULL is allowed. first, first_column: of the whole kernel,
 * for the sentence, which counts `cell` columns as one. */
limes_status limes_check_matrix(limes_context *context, const char *name, const double *kernel, size_t rows, size_t columns,
                                size_t stride, size_t first, size_t first_column, size_t cell) LIMES_MUST_USE;

#endif
