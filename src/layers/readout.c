/* flatten, global_avg_pool and global_sum_pool: what ends the positions.
 *
 * Infinite width (docs/mathematics.md, section 2): flatten K <- 1/T sum_a K_aa, items of equal T only; global_avg_pool the mean
 * of K_ab over all visible positions of both, global_sum_pool their sum. Theta likewise.
 * Finite width: the T C numbers of an item side by side; the mean and the sum of its visible positions.
 */
#include "layers/readout.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/elementwise.h"
#include "layers/run.h"

static const limes_param none[] = {LIMES_PARAM_END};

limes_status limes_readout_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  if (in->axes == 0)
    return limes_fail(context, LIMES_WRONG_USE, "%s needs positions, and behind %s there are none: leave it out", op->ops->word,
                      in->made_by);
  limes_keep_shape(op, in, out);
  out->axes = 0;
  return LIMES_OK;
}

limes_status limes_readout_grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  (void)context;
  (void)op;
  (void)in;
  *out = (limes_grid){.axes = 0, .T = 1, .size = {1, 1}, .visible = 1};
  return LIMES_OK;
}

/* out has one number a partner: the sum of its elements over `divisor` */
static void mean_into(const limes_panel *in, size_t j, double divisor, limes_panel *out) {
  size_t first = in->start[j], n = in->start[j + 1] - first;
  out->cov[j] = limes_sum_of(n, in->cov + first) / divisor;
  if (in->ntk != NULL)
    out->ntk[j] = limes_sum_of(n, in->ntk + first) / divisor;
}

/* flatten */

limes_status limes_flattened_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  limes_status status = limes_readout_infer(context, op, in, out);
  out->gaussian = false; /* channels of different positions have different variances: a mixture */
  return status;
}

static limes_layout asks_diagonal(const limes_op *op, limes_layout out, bool own) {
  (void)op;
  (void)own;
  return out == LIMES_ABSENT ? LIMES_ABSENT : LIMES_DIAGONAL;
}

static limes_status grid_flatten(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  if (in->hidden != NULL)
    return limes_fail(context, LIMES_WRONG_USE,
                      "flatten takes no items with hidden positions: use global_avg_pool, or mask tails alone");
  return limes_readout_grid(context, op, in, out);
}

static void cross_flatten(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                          limes_work *work) {
  (void)op;
  (void)x;
  (void)y;
  for (size_t j = 0; j < in->n; j++)
    mean_into(in, j, in->x->T, out);
  work->flops += (in->ntk == NULL ? 1 : 2) * (double)in->start[in->n];
}

/* finite: the numbers of an item stay where they are. */

static limes_status channels_flatten(limes_context *context, const limes_op *op, const limes_widths *widths, const size_t *in,
                                     const limes_grid *grid, size_t *out) {
  (void)context;
  (void)op;
  (void)widths;
  *out = limes_multiply_capped(in[0], grid->T);
  return LIMES_OK;
}

static size_t numbers_of(const limes_call *call) { return limes_rows(call->in) * call->in->channels; }

static void forward_flatten(const limes_call *call) {
  memcpy(call->out->unit, call->in->unit, numbers_of(call) * sizeof(double));
}

static void tangent_flatten(const limes_call *call, const double *const *in_tangent, const double *theta_tangent,
                            double *out_tangent) {
  (void)theta_tangent;
  if (in_tangent[0] == NULL)
    memset(out_tangent, 0, numbers_of(call) * sizeof *out_tangent);
  else
    memcpy(out_tangent, in_tangent[0], numbers_of(call) * sizeof *out_tangent);
}

static void adjoint_flatten(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  (void)theta_adjoint;
  if (in_adjoint[0] != NULL)
    limes_add_multiple(numbers_of(call), 1, out_adjoint, in_adjoint[0]);
}

static const limes_finite flatten_finite = {
    .channels = channels_flatten, .forward = forward_flatten, .tangent = tangent_flatten, .adjoint = adjoint_flatten};

const limes_layer_ops limes_layer_flatten = {
    .word = "flatten",
    .summary = "all positions side by side as features; items of equal size only",
    .section = "2",
    .params = none,
    .infer = limes_flattened_infer,
    .asks = asks_diagonal,
    .cross = cross_flatten,
    .equal_positions = true,
    .grid = grid_flatten,
    .flops_each = {1, 2},
    .finite = &flatten_finite,
};

/* finite: what the two global pools share */

static void entries_of(const limes_grid *grid, double weight, limes_entries *to) {
  for (uint32_t a = 0; a < grid->T; a++)
    if (grid->hidden == NULL || !grid->hidden[a])
      limes_add_entry(to, 0, a, weight);
}

/* global_avg_pool */

static void mean_entries(const limes_call *call, size_t item, limes_entries *to) {
  const limes_grid *grid = &call->in->grid[item];
  entries_of(grid, 1.0 / grid->visible, to);
}

static const limes_finite mean_finite = {.entries = mean_entries, LIMES_MAP_FACE};

limes_layout limes_asks_matrix(const limes_op *op, limes_layout out, bool own) {
  (void)op;
  (void)own;
  return out == LIMES_ABSENT ? LIMES_ABSENT : LIMES_FULL;
}

static void cross_mean(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                       limes_work *work) {
  (void)op;
  (void)x;
  (void)y;
  for (size_t j = 0; j < in->n; j++)
    mean_into(in, j, (double)in->x->visible * in->y[j].visible, out);
  work->flops += (in->ntk == NULL ? 1 : 2) * (double)in->start[in->n];
}

static double weight_of_mean(const limes_grid *x, const limes_grid *y) { return 1 / ((double)x->visible * y->visible); }

const limes_layer_ops limes_layer_global_avg_pool = {
    .word = "global_avg_pool",
    .summary = "the mean over all visible positions",
    .section = "2",
    .params = none,
    .infer = limes_readout_infer,
    .asks = limes_asks_matrix,
    .cross = cross_mean,
    .grid = limes_readout_grid,
    .sum_weight = weight_of_mean,
    .flops_each = {1, 2},
    .finite = &mean_finite,
};

/* global_sum_pool */

static void sum_entries(const limes_call *call, size_t item, limes_entries *to) { entries_of(&call->in->grid[item], 1, to); }

static const limes_finite sum_finite = {.entries = sum_entries, LIMES_MAP_FACE};

static void cross_sum(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                      limes_work *work) {
  (void)op;
  (void)x;
  (void)y;
  for (size_t j = 0; j < in->n; j++)
    mean_into(in, j, 1, out);
  work->flops += (in->ntk == NULL ? 1 : 2) * (double)in->start[in->n];
}

static double weight_of_sum(const limes_grid *x, const limes_grid *y) {
  (void)x;
  (void)y;
  return 1;
}

const limes_layer_ops limes_layer_global_sum_pool = {
    .word = "global_sum_pool",
    .summary = "the sum over all visible positions",
    .section = "2",
    .params = none,
    .infer = limes_readout_infer,
    .asks = limes_asks_matrix,
    .cross = cross_sum,
    .grid = limes_readout_grid,
    .sum_weight = weight_of_sum,
    .flops_each = {1, 2},
    .finite = &sum_finite,
};

/* what limes_kernel_layers shows of a value with positions */

static void cross_shown(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                        limes_work *work) {
  (void)op;
  (void)x;
  (void)y;
  for (size_t j = 0; j < in->n; j++) {
    double pairs = (double)in->x->visible * in->y[j].visible;
    mean_into(in, j, in->layout == LIMES_FULL ? pairs : sqrt(pairs), out);
  }
  work->flops += (in->ntk == NULL ? 1 : 2) * (double)in->start[in->n];
}

const limes_layer_ops limes_layer_shown = {
    .word = "the kernel behind a layer",
    .summary = "flatten where all items have the same positions, global_avg_pool elsewhere",
    .section = "2",
    .params = none,
    .infer = limes_readout_infer,
    .asks = asks_diagonal,
    .cross = cross_shown,
    .grid = limes_readout_grid,
    .flops_each = {1, 2},
};
