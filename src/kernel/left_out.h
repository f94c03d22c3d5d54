/* What layers by quadrature leave out, at the variances of the data. */
#ifndef LIMES_KERNEL_LEFT_OUT_H
#define LIMES_KERNEL_LEFT_OUT_H

#include "kernel/plan.h"

/* The largest relative errors of one op over the items looked at; both 0 where the op has a closed form. */
typedef struct limes_left_out {
  double value, slope; /* of the covariances, of the factor of Theta */
} limes_left_out;

/* *errors [n_op] belongs to the caller (free), NULL where no op is by quadrature. Self passes of some items of either side. */
limes_status limes_find_left_out(limes_context *context, const limes_plan *plan, limes_left_out **errors) LIMES_MUST_USE;

/* A line of the log for each such layer: a warning where the error is larger than kernels should have. */
limes_status limes_log_left_out(limes_context *context, const limes_plan *plan) LIMES_MUST_USE;

/* The line of one layer; ntk: whether the factor of Theta counts. */
limes_status limes_log_one_left_out(limes_context *context, const limes_op *op, limes_left_out error, bool ntk) LIMES_MUST_USE;

/* "tanh (line 1, column 7): ..." for a layer's error; to be freed with free(), NULL with the context's error set. */
char *limes_left_out_text(limes_context *context, const limes_op *op, limes_left_out error) LIMES_MUST_USE;

#endif
