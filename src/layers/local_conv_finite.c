/* The finite face of local_conv: at every position the sum of patches.h with weights and a bias of its own. */
#include "layers/local_conv.h"

#include <string.h>

#include "layers/patches.h"
#include "math/linear.h"

/* The parameters of output (r, c) stand at row r * columns + c of the arrays, of as many positions as the largest item has
 * along each axis. */

typedef struct {
  uint32_t rows, columns; /* outputs along each axis that have parameters */
  uint64_t key[];         /* [rows * columns] */
} places;

static limes_status prepare(limes_context *context, const limes_op *op, const limes_widths *widths, size_t items,
                            const limes_grid *const *grid, void **state) {
  (void)widths;
  uint32_t size[2] = {1, 1};
  for (size_t i = 0; i < items; i++) {
    limes_windows w = limes_conv_windows(op->param, grid[i]);
    for (int axis = 0; axis < 2; axis++)
      size[axis] = w.axis[axis].out > size[axis] ? w.axis[axis].out : size[axis];
  }
  size_t n = (size_t)size[0] * size[1];
  places *all = limes_allocate(context, 1, sizeof *all + n * sizeof *all->key);
  *state = all;
  if (all == NULL)
    return LIMES_NO_MEMORY;
  all->rows = size[0];
  all->columns = size[1];
  for (size_t o = 0; o < n; o++)
    all->key[o] = limes_position_key((uint32_t)(o / size[1]), (uint32_t)(o % size[1]));
  return LIMES_OK;
}

static void weights(const limes_call *call, limes_weights *weights) {
  const places *all = call->state;
  size_t n = (size_t)all->rows * all->columns;
  limes_conv_weights(call, weights);
  for (int k = 0; k < 2; k++) {
    weights[k].rows = limes_multiply_capped(weights[k].rows, n);
    weights[k].piece = all->key;
    weights[k].pieces = n;
  }
}

/* All items that have one output: their patches [items, |F| C] and what stands there [items, width], in scratch */
typedef struct {
  const limes_call *call;
  uint32_t row, column;
  size_t patch, width, items;
  double *patches, *rows;
} place;

static size_t patch_of(const limes_call *call) {
  return (size_t)limes_taps(call->op->param, call->in->axes) * call->in->channels;
}

static size_t face_scratch(const limes_call *call) {
  return limes_multiply_capped(call->in->items, limes_add_capped(patch_of(call), call->out->channels));
}

static bool has(const place *at, const limes_grid *out) { return at->row < out->size[0] && at->column < out->size[1]; }

static uint32_t number_in(const place *at, const limes_grid *out) { return at->row * out->size[1] + at->column; }

static place place_of(const limes_call *call, size_t o) {
  const places *all = call->state;
  place at = {.call = call,
              .row = (uint32_t)(o / all->columns),
              .column = (uint32_t)(o % all->columns),
              .patch = patch_of(call),
              .width = call->out->channels};
  for (size_t i = 0; i < call->out->items; i++)
    at.items += has(&at, &call->out->grid[i]);
  at.patches = call->scratch;
  at.rows = call->scratch + at.items * at.patch;
  return at;
}

/* Numbers of array k that belong to one output */
static size_t numbers_at(const limes_call *call, unsigned k) {
  return call->weights[k].rows / call->weights[k].pieces * call->weights[k].columns;
}

/* The weights or the bias of output o among numbers like theta; NULL where there are none */
static const double *part_at(const limes_call *call, const double *vector, unsigned k, size_t o) {
  const double *part = limes_part(call, vector, k);
  return part == NULL ? NULL : part + o * numbers_at(call, k);
}

static double *part_of_at(const limes_call *call, double *vector, unsigned k, size_t o) {
  double *part = limes_part_of(call, vector, k);
  return part == NULL ? NULL : part + o * numbers_at(call, k);
}

static void take_patches(const place *at, const double *x) {
  const limes_units *in = at->call->in, *out = at->call->out;
  double *patch = at->patches;
  for (size_t i = 0; i < in->items; i++)
    if (has(at, &out->grid[i])) {
      limes_windows w = limes_conv_windows(at->call->op->param, &in->grid[i]);
      limes_take_patch(&w, number_in(at, &out->grid[i]), in->channels, x + in->start[i] * in->channels, patch);
      patch += at->patch;
    }
}

static void add_patches(const place *at, double *x) {
  const limes_units *in = at->call->in, *out = at->call->out;
  const double *patch = at->patches;
  for (size_t i = 0; i < in->items; i++)
    if (has(at, &out->grid[i])) {
      limes_windows w = limes_conv_windows(at->call->op->param, &in->grid[i]);
      limes_add_patch(&w, number_in(at, &out->grid[i]), in->channels, patch, x + in->start[i] * in->channels);
      patch += at->patch;
    }
}

/* Rows of the items at the output, from y [rows of out, width] to scratch or back */
static void move_rows(const place *at, const double *from, double *to) {
  const limes_units *out = at->call->out;
  double *row = at->rows;
  for (size_t i = 0; i < out->items; i++)
    if (has(at, &out->grid[i])) {
      size_t y = (out->start[i] + number_in(at, &out->grid[i])) * at->width;
      if (to == NULL)
        memcpy(row, from + y, at->width * sizeof *row);
      else
        memcpy(to + y, row, at->width * sizeof *row);
      row += at->width;
    }
}

/* rows (+)= patches of x times the weights, and the bias; x NULL, theta NULL: nothing is added */
static void multiply(const place *at, size_t o, const double *x, const double *theta, bool bias, bool add) {
  const limes_call *call = at->call;
  if (x != NULL)
    take_patches(at, x);
  limes_multiply_units(at->items, at->patch, at->width, call->weights[LIMES_CONV_WEIGHT].factor, x == NULL ? NULL : at->patches,
                       part_at(call, theta, LIMES_CONV_WEIGHT, o), add, at->rows);
  if (bias)
    limes_add_bias(at->items, at->width, call->weights[LIMES_CONV_BIAS].factor, part_at(call, theta, LIMES_CONV_BIAS, o),
                   at->rows);
}

static size_t places_of(const limes_call *call) { return call->weights[LIMES_CONV_WEIGHT].pieces; }

static void forward(const limes_call *call) {
  for (size_t o = 0; o < places_of(call); o++) {
    place at = place_of(call, o);
    multiply(&at, o, call->in->unit, call->theta, true, false);
    move_rows(&at, NULL, call->out->unit);
  }
}

static void tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent, double *out_tangent) {
  for (size_t o = 0; o < places_of(call); o++) {
    place at = place_of(call, o);
    multiply(&at, o, in_tangent[0], call->theta, false, false);
    if (theta_tangent != NULL)
      multiply(&at, o, call->in->unit, theta_tangent, true, true);
    move_rows(&at, NULL, out_tangent);
  }
}

static void adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  double factor = call->weights[LIMES_CONV_WEIGHT].factor;
  for (size_t o = 0; o < places_of(call); o++) {
    place at = place_of(call, o);
    const double *w = part_at(call, call->theta, LIMES_CONV_WEIGHT, o);
    move_rows(&at, out_adjoint, NULL);
    if (theta_adjoint != NULL) {
      take_patches(&at, call->in->unit);
      limes_multiply_weights(at.items, at.patch, at.width, factor, at.patches, at.rows,
                             part_of_at(call, theta_adjoint, LIMES_CONV_WEIGHT, o));
      limes_sum_bias(at.items, at.width, call->weights[LIMES_CONV_BIAS].factor, at.rows,
                     part_of_at(call, theta_adjoint, LIMES_CONV_BIAS, o));
    }
    if (w == NULL || in_adjoint[0] == NULL)
      continue;
    memset(at.patches, 0, at.items * at.patch * sizeof *at.patches);
    limes_multiply_back(at.items, at.patch, at.width, factor, at.rows, w, at.patches);
    add_patches(&at, in_adjoint[0]);
  }
}

/* the NTK's part: sum_o (d_o . d'_o) (w^2 P_o . P'_o + b^2) over the outputs that both items have, P_o the patch under output o,
 * d the adjoints; both products are matrices for all pairs */

static size_t gram_scratch(const limes_call *x, const limes_call *y) {
  size_t row = limes_add_capped(patch_of(x), x->out->channels), items = limes_add_capped(x->in->items, y->in->items);
  return limes_add_capped(limes_multiply_capped(row, items), limes_multiply_capped(2 * x->in->items, y->in->items));
}

static double gram_flops(const limes_call *x, const limes_call *y) {
  double pairs = (double)limes_rows(x->out) * (double)y->in->items;
  return pairs * (2 * (double)(patch_of(x) + x->out->channels) + LIMES_STEP_FLOPS);
}

/* Patches and adjoints of the items that have output o, in scratch */
static place gather(limes_call *call, size_t o, const double *adjoint, double *scratch) {
  call->scratch = scratch;
  place at = place_of(call, o);
  take_patches(&at, call->in->unit);
  move_rows(&at, adjoint, NULL);
  return at;
}

/* ntk[i, j] += what stands at one output, for the pairs of items that have it */
static void add_place(const place *x, const place *y, double w, double b, const double *patches, const double *rows,
                      double *ntk) {
  const limes_units *x_out = x->call->out, *y_out = y->call->out;
  for (size_t i = 0; i < x_out->items; i++)
    for (size_t j = 0; has(x, &x_out->grid[i]) && j < y_out->items; j++)
      if (has(y, &y_out->grid[j]))
        ntk[i * y_out->items + j] += *rows++ * (w * *patches++ + b);
}

static void gram(const limes_call *x, const limes_call *y, const double *x_adjoint, const double *y_adjoint, double *ntk,
                 double *scratch) {
  const limes_weights *weight = &x->weights[LIMES_CONV_WEIGHT], *bias = &x->weights[LIMES_CONV_BIAS];
  double w = weight->std > 0 ? weight->factor * weight->factor : 0, b = bias->std > 0 ? bias->factor * bias->factor : 0;
  limes_call from = *x, to = *y;
  size_t row = patch_of(x) + x->out->channels;
  double *of_y = scratch + row * x->in->items, *patches = of_y + row * y->in->items,
         *rows = patches + x->in->items * y->in->items;
  const places *all = x->state;
  for (size_t o = 0; o < (size_t)all->rows * all->columns; o++) {
    place a = gather(&from, o, x_adjoint, scratch), c = gather(&to, o, y_adjoint, of_y);
    if (a.items == 0 || c.items == 0)
      continue;
    limes_gemm(true, false, c.items, a.items, a.patch, 1, c.patches, a.patch, a.patches, a.patch, 0, patches, c.items);
    limes_gemm(true, false, c.items, a.items, a.width, 1, c.rows, a.width, a.rows, a.width, 0, rows, c.items);
    add_place(&a, &c, w, b, patches, rows, ntk);
  }
}

const limes_finite limes_local_conv_finite = {.channels = limes_width_channels,
                                              .prepare = prepare,
                                              .weights = weights,
                                              .scratch = face_scratch,
                                              .forward = forward,
                                              .tangent = tangent,
                                              .adjoint = adjoint,
                                              .gram = gram,
                                              .gram_scratch = gram_scratch,
                                              .gram_flops = gram_flops};
