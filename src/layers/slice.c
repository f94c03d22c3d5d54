/* slice: some of the positions.
 *
 * Infinite width (docs/mathematics.md, section 2): K_ab <- K_{from+a, from+b}, along each axis, Theta likewise.
 */
#include <math.h>
#include <string.h>

#include "layers/elementwise.h"

typedef struct {
  limes_interval first, second;
} slice;

static const limes_param params[] = {
    LIMES_PARAM_RANGES(slice, first, true, "positions to keep, from:to without the last, along the first axis"),
    LIMES_PARAM_RANGES(slice, second, false, "the same along the second axis of images"),
    LIMES_PARAM_END,
};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  const slice *p = op->param;
  if (in->axes == 0)
    return limes_fail(context, LIMES_WRONG_USE,
                      "slice needs positions to choose from, and behind %s there are none: use it before pooling, on items [T,C] "
                      "or [H,W,C]",
                      in->made_by);
  if ((in->axes == 2) != (p->second.to > 0))
    return limes_fail(context, LIMES_WRONG_USE,
                      "slice is given %s, and the items are %s: give a range an axis, such as slice(%s)",
                      in->axes == 2 ? "one range" : "ranges for two axes",
                      in->axes == 2 ? "images with two" : "sequences with one", in->axes == 2 ? "0:4, :" : "0:4");
  limes_keep_shape(op, in, out);
  return LIMES_OK;
}

/* The range along an axis of a grid; all of the first one of a sequence */
static limes_interval along(const slice *p, const limes_grid *in, int axis) {
  limes_interval range = in->axes < 2 ? (axis == 0 ? (limes_interval){0, 1} : p->first) : axis == 0 ? p->first : p->second;
  range.to = range.to == LIMES_TO_THE_END ? in->size[axis] : range.to;
  return range;
}

static limes_status grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  const slice *p = op->param;
  if (in->hidden != NULL)
    return limes_fail(context, LIMES_WRONG_USE, "slice takes no items with holes in their mask: mask tails alone");
  *out = *in;
  for (int axis = 0; axis < 2; axis++) {
    limes_interval range = along(p, in, axis);
    if (range.from >= range.to || range.to > in->size[axis])
      return limes_fail(context, LIMES_WRONG_USE,
                        "slice keeps positions %u to %u along an axis of %u: take a smaller range, or leave such items out",
                        range.from, range.to > range.from ? range.to - 1 : range.from, in->size[axis]);
    out->size[axis] = range.to - range.from;
  }
  out->T = out->visible = out->size[0] * out->size[1];
  return LIMES_OK;
}

/* Where position 0 of the slice stood */
static size_t first_position(const slice *p, const limes_grid *in) {
  return (size_t)along(p, in, 0).from * in->size[1] + along(p, in, 1).from;
}

/* The rows of a column that are kept: in [T_in] -> out [T_out] */
static void keep_rows(size_t from, const limes_grid *in, const limes_grid *out, const double *column, double *kept) {
  for (uint32_t r = 0; r < out->size[0]; r++)
    memcpy(kept + (size_t)r * out->size[1], column + from + (size_t)r * in->size[1], out->size[1] * sizeof *kept);
}

static void keep_matrix(const slice *p, const limes_panel *in, const limes_panel *out, size_t j, const double *from, double *to) {
  const limes_grid *y = &in->y[j], *y_out = &out->y[j];
  size_t rows = first_position(p, in->x), columns = first_position(p, y);
  for (uint32_t b = 0; b < y_out->T; b++) {
    size_t column = columns + (size_t)(b / y_out->size[1]) * y->size[1] + b % y_out->size[1];
    keep_rows(rows, in->x, out->x, from + column * in->x->T, to + (size_t)b * out->x->T);
  }
}

/* The diagonal of what is kept of a matrix, between items whose sizes differed before */
static void keep_diagonal(const slice *p, const limes_panel *in, const limes_panel *out, size_t j, const double *from,
                          double *to) {
  const limes_grid *x = in->x, *y = &in->y[j];
  for (uint32_t o = 0; o < out->x->T; o++) {
    size_t row = o / out->x->size[1], column = o % out->x->size[1];
    size_t a = first_position(p, x) + row * x->size[1] + column, b = first_position(p, y) + row * y->size[1] + column;
    to[o] = from[b * x->T + a];
  }
}

static void keep(const slice *p, const limes_panel *in, const limes_panel *out, const double *from, double *to) {
  for (size_t j = 0; j < in->n; j++) {
    const double *source = from + in->start[j];
    double *target = to + out->start[j];
    if (out->layout == LIMES_FULL)
      keep_matrix(p, in, out, j, source, target);
    else if (in->layout == LIMES_FULL)
      keep_diagonal(p, in, out, j, source, target);
    else
      keep_rows(first_position(p, in->x), in->x, out->x, source, target);
  }
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  (void)work;
  keep(op->param, in, out, in->cov, out->cov);
  if (in->ntk != NULL)
    keep(op->param, in, out, in->ntk, out->ntk);
}

/* finite */

static void entries(const limes_call *call, size_t item, limes_entries *to) {
  const limes_grid *in = &call->in->grid[item], *out = &call->out->grid[item];
  size_t first = first_position(call->op->param, in);
  for (uint32_t r = 0; r < out->size[0]; r++)
    for (uint32_t c = 0; c < out->size[1]; c++)
      limes_add_entry(to, (size_t)r * out->size[1] + c, first + (size_t)r * in->size[1] + c, 1);
}

static const limes_finite face = {.entries = entries, LIMES_MAP_FACE};

const limes_layer_ops limes_layer_slice = {
    .word = "slice",
    .summary = "some of the positions: slice(0:4), of images slice(0:4, :)",
    .section = "2",
    .param_size = sizeof(slice),
    .params = params,
    .infer = infer,
    .asks = limes_asks_the_same,
    .cross = cross,
    .grid = grid,
    .finite = &face,
};
