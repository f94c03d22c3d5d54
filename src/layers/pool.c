/* avg_pool and sum_pool: the mean and the sum over a sliding window of positions.
 *
 * Infinite width (docs/mathematics.md, section 2): K <- P K P'^T, Theta likewise, P the window means or sums of each side. Padded
 * zeros count in the mean unless normalize_edges=yes. Along each axis of each side in turn; where only the diagonal is asked for,
 * each window's block is summed directly.
 * Finite width: those means and sums.
 */
#include <string.h>

#include "layers/elementwise.h"
#include "layers/window.h"

typedef struct {
  limes_size window, stride;
  int padding;
  bool normalize_edges; /* of avg_pool */
} pool;

static const limes_param avg_params[] = {
    LIMES_PARAM_SIZES(pool, window, 0, true, "positions under the window, an axis"),
    LIMES_PARAM_SIZES(pool, stride, 0, false, "positions from one output to the next; when left out: the window"),
    LIMES_PARAM_CHOICES(pool, padding, LIMES_VALID, limes_padding_names, "at the edges: zeros, none, or the other end"),
    LIMES_PARAM_YES_NO(pool, normalize_edges, 0, "whether a window at the edge divides by the positions it has"),
    LIMES_PARAM_END,
};

static const limes_param sum_params[] = {
    LIMES_PARAM_SIZES(pool, window, 0, true, "positions under the window, an axis"),
    LIMES_PARAM_SIZES(pool, stride, 0, false, "positions from one output to the next; when left out: the window"),
    LIMES_PARAM_CHOICES(pool, padding, LIMES_VALID, limes_padding_names, "at the edges: zeros, none, or the other end"),
    LIMES_PARAM_END,
};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  const pool *p = op->param;
  limes_keep_shape(op, in, out);
  return limes_window_infer(context, op->ops->word, p->window, p->stride, in);
}

static limes_layout asks(const limes_op *op, limes_layout out, bool own) {
  (void)op;
  (void)own;
  return out == LIMES_ABSENT ? LIMES_ABSENT : LIMES_FULL;
}

static limes_status grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  const pool *p = op->param;
  if (in->hidden != NULL)
    return limes_fail(context, LIMES_WRONG_USE, "%s takes no items with holes in their mask: mask tails alone, or use global_%s",
                      op->ops->word, op->ops->word);
  return limes_window_grid(context, op->ops->word, p->window, p->stride, p->padding, in, out);
}

/* Of every input under the window of output o, along one axis */
static double weight(const pool *p, bool mean, const limes_window *w, uint32_t o) {
  if (!mean)
    return 1;
  if (!p->normalize_edges || w->wrap)
    return 1 / (double)w->size;
  uint32_t first, end;
  limes_window_taps(w, o, &first, &end);
  return 1 / ((double)end - first);
}

/* in [outer][n][inner] -> out [outer][m][inner] */
static void pool_axis(const pool *p, bool mean, const limes_window *w, size_t outer, size_t inner, const double *in,
                      double *out) {
  uint32_t first, end, unused;
  limes_window_taps(w, w->out - 1, &first, &unused);
  limes_window_taps(w, 0, &unused, &end);
  memset(out, 0, outer * w->out * inner * sizeof *out);
  for (size_t i = 0; i < outer; i++)
    for (uint32_t d = first; d < end; d++)
      limes_window_add(w, d, inner, in + i * w->in * inner, out + i * w->out * inner);
  for (size_t i = 0; i < outer; i++)
    for (uint32_t o = 0; o < w->out; o++) {
      double scale = weight(p, mean, w, o);
      for (size_t k = 0; k < inner; k++)
        out[(i * w->out + o) * inner + k] *= scale;
    }
}

/* One partner's matrix: x's inner axis, x's outer, y's inner, y's outer; two halves of scratch take turns */
static void pool_matrix(const pool *p, bool mean, const limes_windows *x, const limes_windows *y, size_t elements,
                        const double *in, double *out, double *scratch) {
  const limes_window *x0 = &x->axis[0], *x1 = &x->axis[1], *y0 = &y->axis[0], *y1 = &y->axis[1];
  double *first = scratch, *second = scratch + elements;
  size_t columns = (size_t)y0->in * y1->in, rows = (size_t)x0->out * x1->out;
  pool_axis(p, mean, x1, columns * x0->in, 1, in, first);
  pool_axis(p, mean, x0, columns, x1->out, first, second);
  pool_axis(p, mean, y1, y0->in, rows, second, first);
  pool_axis(p, mean, y0, 1, y1->out * rows, first, out);
}

/* The sum of what the window of output o covers in a column of one number a position */
static double sum_under(const limes_windows *w, uint32_t o, const double *column) {
  const limes_window *rows = &w->axis[0], *columns = &w->axis[1];
  uint32_t first[2], end[2];
  double sum = 0;
  limes_window_taps(rows, o / columns->out, &first[0], &end[0]);
  limes_window_taps(columns, o % columns->out, &first[1], &end[1]);
  for (uint32_t d = first[0]; d < end[0]; d++)
    for (uint32_t e = first[1]; e < end[1]; e++)
      sum +=
          column[limes_window_input(rows, o / columns->out, d) * columns->in + limes_window_input(columns, o % columns->out, e)];
  return sum;
}

/* The sum of K over the pairs of positions in two windows, one of each side; columns of `in` have x's T rows */
static double pool_block(const limes_windows *x, const limes_windows *y, size_t T, uint32_t o, const double *in) {
  const limes_window *rows = &y->axis[0], *columns = &y->axis[1];
  uint32_t first[2], end[2];
  double sum = 0;
  limes_window_taps(rows, o / columns->out, &first[0], &end[0]);
  limes_window_taps(columns, o % columns->out, &first[1], &end[1]);
  for (uint32_t d = first[0]; d < end[0]; d++)
    for (uint32_t e = first[1]; e < end[1]; e++) {
      int64_t row = limes_window_input(rows, o / columns->out, d), column = limes_window_input(columns, o % columns->out, e);
      sum += sum_under(x, o, in + (size_t)(row * columns->in + column) * T);
    }
  return sum;
}

static double weight_of(const pool *p, bool mean, const limes_windows *w, uint32_t o) {
  return weight(p, mean, &w->axis[0], o / w->axis[1].out) * weight(p, mean, &w->axis[1], o % w->axis[1].out);
}

static void pool_panel(const pool *p, bool mean, const limes_panel *in, const limes_panel *out, const double *from, double *to,
                       double *scratch) {
  limes_windows x = limes_windows_of(p->window, p->stride, p->padding, in->x);
  for (size_t j = 0; j < in->n; j++) {
    limes_windows y = limes_windows_of(p->window, p->stride, p->padding, &in->y[j]);
    size_t elements = in->start[in->n] + out->start[out->n];
    if (out->layout == LIMES_FULL)
      pool_matrix(p, mean, &x, &y, elements, from + in->start[j], to + out->start[j], scratch);
    else
      for (uint32_t o = 0; o < out->x->T; o++)
        to[out->start[j] + o] =
            weight_of(p, mean, &x, o) * weight_of(p, mean, &y, o) * pool_block(&x, &y, in->x->T, o, from + in->start[j]);
  }
}

static double flops_of(const pool *p, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                       const limes_grid *out_y, limes_layout out) {
  double taps = in_x->axes < 2 ? p->window.n[0] : (double)p->window.n[0] * p->window.n[1];
  if (out != LIMES_FULL)
    return taps * taps * out_x->T;
  return ((double)in_x->T * in_y->T + (double)out_x->T * out_y->T) * (p->window.n[0] + 1);
}

static void cross_pool(const limes_op *op, bool mean, const limes_panel *in, limes_panel *out, limes_work *work) {
  const pool *p = op->param;
  pool_panel(p, mean, in, out, in->cov, out->cov, work->scratch);
  if (in->ntk != NULL)
    pool_panel(p, mean, in, out, in->ntk, out->ntk, work->scratch);
  for (size_t j = 0; j < in->n; j++)
    work->flops += (in->ntk == NULL ? 1 : 2) * flops_of(p, in->x, &in->y[j], out->x, &out->y[j], out->layout);
}

static size_t scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  (void)op;
  (void)largest;
  return 2 * (in_elements + out_elements);
}

static double flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                    const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)in;
  return (ntk ? 2 : 1) * flops_of(op->param, in_x, in_y, out_x, out_y, out);
}

/* finite */

static void window_entries(const limes_call *call, size_t item, bool mean, limes_entries *to) {
  const pool *p = call->op->param;
  const limes_windows w = limes_windows_of(p->window, p->stride, p->padding, &call->in->grid[item]);
  const limes_window *rows = &w.axis[0], *columns = &w.axis[1];
  for (uint32_t o = 0; o < rows->out * columns->out; o++) {
    double weight = weight_of(p, mean, &w, o);
    uint32_t first[2], end[2];
    limes_window_taps(rows, o / columns->out, &first[0], &end[0]);
    limes_window_taps(columns, o % columns->out, &first[1], &end[1]);
    for (uint32_t d = first[0]; d < end[0]; d++)
      for (uint32_t e = first[1]; e < end[1]; e++) {
        int64_t row = limes_window_input(rows, o / columns->out, d), column = limes_window_input(columns, o % columns->out, e);
        limes_add_entry(to, o, (size_t)(row * columns->in + column), weight);
      }
  }
}

/* avg_pool */

static void cross_mean(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                       limes_work *work) {
  (void)x;
  (void)y;
  cross_pool(op, true, in, out, work);
}

static void mean_entries(const limes_call *call, size_t item, limes_entries *to) { window_entries(call, item, true, to); }

static const limes_finite mean_face = {.entries = mean_entries, LIMES_MAP_FACE};

const limes_layer_ops limes_layer_avg_pool = {
    .word = "avg_pool",
    .summary = "the mean over a window that slides over the positions",
    .section = "2",
    .param_size = sizeof(pool),
    .params = avg_params,
    .infer = infer,
    .asks = asks,
    .cross = cross_mean,
    .grid = grid,
    .scratch = scratch,
    .flops = flops,
    .finite = &mean_face,
};

/* sum_pool */

static void cross_sum(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                      limes_work *work) {
  (void)x;
  (void)y;
  cross_pool(op, false, in, out, work);
}

static void sum_entries(const limes_call *call, size_t item, limes_entries *to) { window_entries(call, item, false, to); }

static const limes_finite sum_face = {.entries = sum_entries, LIMES_MAP_FACE};

const limes_layer_ops limes_layer_sum_pool = {
    .word = "sum_pool",
    .summary = "the sum over a window that slides over the positions",
    .section = "2",
    .param_size = sizeof(pool),
    .params = sum_params,
    .infer = infer,
    .asks = asks,
    .cross = cross_sum,
    .grid = grid,
    .scratch = scratch,
    .flops = flops,
    .finite = &sum_face,
};
