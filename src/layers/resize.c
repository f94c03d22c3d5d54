/* resize: positions interpolated to another size.
 *
 * Infinite width (docs/mathematics.md, section 2): K <- P K P'^T, Theta likewise, P the interpolation of each side, along its
 * rows and its columns. Position i of n covers the interval from i/n to (i+1)/n. linear: triangles around the centre of each
 * output, as wide as a position of the coarser side, their weights divided by their sum; nearest: the input under the centre.
 */
#include <math.h>

#include "layers/axis_map.h"
#include "layers/elementwise.h"

enum { LINEAR, NEAREST };
static const char *const method_names[] = {"linear", "nearest", NULL};

typedef struct {
  limes_size size;
  int method;
} resize;

static const limes_param params[] = {
    LIMES_PARAM_SIZES(resize, size, 0, true, "positions behind the layer, an axis"),
    LIMES_PARAM_CHOICES(resize, method, LINEAR, method_names, "how outputs are taken from inputs"),
    LIMES_PARAM_END,
};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  const resize *p = op->param;
  if (in->axes == 0)
    return limes_fail(context, LIMES_WRONG_USE,
                      "resize needs positions, and behind %s there are none: use it before pooling, on items [T,C] or [H,W,C]",
                      in->made_by);
  if (in->axes == 1 && p->size.each_axis)
    return limes_fail(context, LIMES_WRONG_USE,
                      "resize is given sizes for two axes, and the items are sequences with one: give one number");
  if (in->axes == 2 && (double)p->size.n[0] * p->size.n[1] > LIMES_MOST_POSITIONS)
    return limes_fail(context, LIMES_REFUSED, "%u x %u positions are more than can be handled: take a smaller size",
                      (unsigned)p->size.n[0], (unsigned)p->size.n[1]);
  limes_keep_shape(op, in, out);
  return LIMES_OK;
}

static limes_layout asks(const limes_op *op, limes_layout out, bool own) {
  (void)op;
  (void)own;
  return out == LIMES_ABSENT ? LIMES_ABSENT : LIMES_FULL;
}

/* The size along an axis; a sequence has one row */
static uint32_t target(const resize *p, const limes_grid *in, int axis) {
  return in->axes == 2 ? p->size.n[axis] : axis == 0 ? 1 : p->size.n[0];
}

static limes_status grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  if (in->hidden != NULL)
    return limes_fail(context, LIMES_WRONG_USE, "resize takes no items with holes in their mask: mask tails alone");
  *out = *in;
  for (int axis = 0; axis < 2; axis++)
    out->size[axis] = target(op->param, in, axis);
  out->T = out->visible = out->size[0] * out->size[1];
  return LIMES_OK;
}

/* the weights along one axis */

/* Inputs an output reads at most; the triangle reaches less than max(1, in/out) positions to either side. */
static uint32_t most_inputs(const resize *p, uint32_t in, uint32_t out) {
  double reach = fmax(1, (double)in / out);
  return p->method == NEAREST ? 1 : (uint32_t)fmin(in, ceil(2 * reach) + 1);
}

static void fill_nearest(double *row, uint32_t o, uint32_t in, uint32_t out) {
  row[0] = (double)((2 * (uint64_t)o + 1) * in / (2 * (uint64_t)out));
  row[1] = 1;
}

static void fill_linear(double *row, uint32_t o, uint32_t in, uint32_t out, uint32_t most) {
  double ratio = (double)in / out, width = fmax(1, ratio), centre = (o + 0.5) * ratio - 0.5, sum = 0;
  double first = fmin(fmax(0, floor(centre - width) + 1), (double)(in - most));
  row[0] = first;
  for (uint32_t k = 0; k < most; k++) {
    row[1 + k] = fmax(0, 1 - fabs(first + k - centre) / width);
    sum += row[1 + k];
  }
  for (uint32_t k = 0; k < most; k++)
    row[1 + k] /= sum;
}

/* Fills *rows and moves it on */
static limes_axis_map map_of(const resize *p, uint32_t in, uint32_t out, double **rows) {
  limes_axis_map map = {.in = in, .out = out, .most = most_inputs(p, in, out), .changes = in != out};
  if (!map.changes)
    return map;
  for (uint32_t o = 0; o < out; o++) {
    double *row = *rows + (size_t)o * (1 + map.most);
    if (p->method == NEAREST)
      fill_nearest(row, o, in, out);
    else
      fill_linear(row, o, in, out, map.most);
  }
  map.row = *rows;
  *rows += (size_t)out * (1 + map.most);
  return map;
}

static void maps_of(const resize *p, const limes_grid *in, double **rows, limes_axis_map map[2]) {
  for (int axis = 0; axis < 2; axis++)
    map[axis] = map_of(p, in->size[axis], target(p, in, axis), rows);
}

/* the pair */

typedef struct {
  limes_axis_map x[2], y[2];
} maps;

/* The whole matrix; of a diagonal that is asked for, `whole` [T_out x T_out] holds the rest. */
static void map_one(const maps *m, const limes_panel *out, const double *from, double *to, double *whole, double *scratch) {
  size_t T = out->x->T;
  if (out->layout == LIMES_FULL) {
    limes_map_axes(m->x, m->y, from, to, scratch);
    return;
  }
  limes_map_axes(m->x, m->y, from, whole, scratch);
  for (size_t a = 0; a < T; a++)
    to[a] = whole[a * (T + 1)];
}

static size_t whole_elements(const resize *p, const limes_grid *in) {
  size_t T = (size_t)target(p, in, 0) * target(p, in, 1);
  return T * T;
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  const resize *p = op->param;
  double *whole = work->scratch, *rows_x = whole + whole_elements(p, in->x), *rows_y = rows_x;
  maps m;
  maps_of(p, in->x, &rows_y, m.x);
  for (size_t j = 0; j < in->n; j++) {
    double *scratch = rows_y;
    maps_of(p, &in->y[j], &scratch, m.y);
    map_one(&m, out, in->cov + in->start[j], out->cov + out->start[j], whole, scratch);
    if (in->ntk != NULL)
      map_one(&m, out, in->ntk + in->start[j], out->ntk + out->start[j], whole, scratch);
    work->flops += (in->ntk == NULL ? 1 : 2) * limes_map_flops(m.x, m.y);
  }
}

/* An axis has out rows of at most 2 max(1, in/out) + 3 numbers. */
static size_t scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  const resize *p = op->param;
  size_t whole = whole_elements(p, largest), rows = 0;
  (void)out_elements;
  for (int axis = 0; axis < 2; axis++) {
    size_t out = target(p, largest, axis), of_axis = 2 * (size_t)largest->T + 5 * out;
    rows += 2 * of_axis; /* of both sides */
  }
  return whole + rows + 2 * (in_elements > whole ? in_elements : whole);
}

static double flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                    const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  const resize *p = op->param;
  const limes_grid *in_grid[2] = {in_x, in_y}, *out_grid[2] = {out_x, out_y};
  limes_axis_map map[2][2];
  (void)in;
  (void)out;
  for (int side = 0; side < 2; side++)
    for (int axis = 0; axis < 2; axis++) {
      uint32_t n = in_grid[side]->size[axis], m = out_grid[side]->size[axis];
      map[side][axis] = (limes_axis_map){.in = n, .out = m, .most = most_inputs(p, n, m), .changes = n != m};
    }
  return (ntk ? 2 : 1) * limes_map_flops(map[0], map[1]);
}

/* finite: the product of both axes' weights; scratch holds them */

typedef struct {
  uint32_t first, most;
  const double *weight; /* [most]; NULL: the one input, as it is */
} band;

static band band_of(const limes_axis_map *map, uint32_t o) {
  if (!map->changes)
    return (band){o, 1, NULL};
  const double *row = map->row + (size_t)o * (1 + map->most);
  return (band){(uint32_t)row[0], map->most, row + 1};
}

static double weight_at(band b, uint32_t k) { return b.weight == NULL ? 1 : b.weight[k]; }

static void entries(const limes_call *call, size_t item, limes_entries *to) {
  const limes_grid *in = &call->in->grid[item], *out = &call->out->grid[item];
  limes_axis_map map[2];
  double *rows_of_maps = call->scratch;
  maps_of(call->op->param, in, &rows_of_maps, map);
  for (uint32_t o = 0; o < out->T; o++) {
    band rows = band_of(&map[0], o / out->size[1]), columns = band_of(&map[1], o % out->size[1]);
    for (uint32_t r = 0; r < rows.most && rows.first + r < in->size[0]; r++)
      for (uint32_t c = 0; c < columns.most && columns.first + c < in->size[1]; c++) {
        double weight = weight_at(rows, r) * weight_at(columns, c);
        if (weight != 0)
          limes_add_entry(to, o, (size_t)(rows.first + r) * in->size[1] + columns.first + c, weight);
      }
  }
}

static size_t map_numbers(const limes_call *call) {
  size_t most = 0;
  for (size_t i = 0; i < call->in->items; i++) {
    size_t n = 0;
    for (int axis = 0; axis < 2; axis++) {
      uint32_t in = call->in->grid[i].size[axis], out = call->out->grid[i].size[axis];
      n += (size_t)out * (1 + most_inputs(call->op->param, in, out));
    }
    most = n > most ? n : most;
  }
  return most;
}

static const limes_finite face = {.entries = entries, .scratch = map_numbers, LIMES_MAP_FACE};

const limes_layer_ops limes_layer_resize = {
    .word = "resize",
    .summary = "positions interpolated to another size",
    .section = "2",
    .param_size = sizeof(resize),
    .params = params,
    .infer = infer,
    .asks = asks,
    .cross = cross,
    .grid = grid,
    .scratch = scratch,
    .flops = flops,
    .finite = &face,
};
