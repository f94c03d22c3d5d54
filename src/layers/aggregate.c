/* aggregate: at every position the weighted sum over the positions that have an edge to it.
 *
 * Infinite width (docs/mathematics.md, section 2): out_b = sum_a P_ab x_a with the weight P_ab of the edge a -> b, so
 * K <- P^T K P', Theta likewise. The edges come with the batch and are few: a row of P^T has the edges into one position.
 */
#include <string.h>

#include "base/clones.h"
#include "layers/elementwise.h"

static const limes_param none[] = {LIMES_PARAM_END};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  if (in->axes == 0)
    return limes_fail(context, LIMES_WRONG_USE,
                      "aggregate needs positions with edges between them, and behind %s there are none: use it before pooling",
                      in->made_by);
  limes_keep_shape(op, in, out);
  return LIMES_OK;
}

static limes_layout asks(const limes_op *op, limes_layout out, bool own) {
  (void)op;
  (void)own;
  return out == LIMES_ABSENT ? LIMES_ABSENT : LIMES_FULL;
}

static limes_status grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  (void)op;
  if (in->edges == NULL)
    return limes_fail(context, LIMES_WRONG_USE,
                      "aggregate has no edges between these positions: give the data a pattern (NAME_pattern beside NAME), and "
                      "use aggregate before layers that change the positions");
  *out = *in;
  return LIMES_OK;
}

LIMES_CLONES
static void add(size_t n, double w, const double *restrict in, double *restrict out) {
  for (size_t i = 0; i < n; i++)
    out[i] += w * in[i];
}

/* Column b of K P': [T_x] */
static void sum_columns(const limes_csr *edges, uint32_t b, size_t T, const double *in, double *column) {
  memset(column, 0, T * sizeof *column);
  for (size_t e = edges->start[b]; e < edges->start[b + 1]; e++)
    add(T, edges->weight[e], in + edges->from[e] * T, column);
}

static double sum_rows(const limes_csr *edges, uint32_t a, const double *column) {
  double sum = 0;
  for (size_t e = edges->start[a]; e < edges->start[a + 1]; e++)
    sum += edges->weight[e] * column[edges->from[e]];
  return sum;
}

/* column [T_x] is scratch */
static void aggregate(const limes_panel *in, const limes_panel *out, size_t j, const double *from, double *to, double *column) {
  const limes_grid *x = in->x, *y = &in->y[j];
  for (uint32_t b = 0; b < y->T; b++) {
    sum_columns(y->edges, b, x->T, from, column);
    if (out->layout == LIMES_DIAGONAL) {
      to[b] = sum_rows(x->edges, b, column);
      continue;
    }
    for (uint32_t a = 0; a < x->T; a++)
      to[(size_t)b * x->T + a] = sum_rows(x->edges, a, column);
  }
}

static double edges_of(const limes_grid *grid) { return (double)(grid->edges->start[grid->T] - grid->edges->start[0]); }

static double flops_of(const limes_grid *x, const limes_grid *y, limes_layout out) {
  return 2 * edges_of(y) * x->T + 2 * edges_of(x) * (out == LIMES_FULL ? y->T : 1);
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)op;
  (void)x;
  (void)y;
  for (size_t j = 0; j < in->n; j++) {
    aggregate(in, out, j, in->cov + in->start[j], out->cov + out->start[j], work->scratch);
    if (in->ntk != NULL)
      aggregate(in, out, j, in->ntk + in->start[j], out->ntk + out->start[j], work->scratch);
    work->flops += (in->ntk == NULL ? 1 : 2) * flops_of(in->x, &in->y[j], out->layout);
  }
}

static size_t scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  (void)op;
  (void)in_elements;
  (void)out_elements;
  return largest->T;
}

/* By the edges of the two items at hand: others of their sizes may have more or fewer. */
static double flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                    const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)op;
  (void)out_x;
  (void)out_y;
  (void)in;
  return (ntk ? 2 : 1) * flops_of(in_x, in_y, out);
}

/* finite */

static void entries(const limes_call *call, size_t item, limes_entries *to) {
  const limes_csr *edges = call->in->grid[item].edges;
  for (uint32_t b = 0; b < call->in->grid[item].T; b++)
    for (size_t e = edges->start[b]; e < edges->start[b + 1]; e++)
      limes_add_entry(to, b, edges->from[e], edges->weight[e]);
}

static const limes_finite face = {.entries = entries, LIMES_MAP_FACE};

const limes_layer_ops limes_layer_aggregate = {
    .word = "aggregate",
    .summary = "at every position of a graph the weighted sum over the positions that have an edge to it",
    .section = "2",
    .params = none,
    .infer = infer,
    .asks = asks,
    .cross = cross,
    .grid = grid,
    .scratch = scratch,
    .flops = flops,
    .finite = &face,
};
