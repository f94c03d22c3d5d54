#include "layers/patches.h"

#include <math.h>
#include <string.h>

#include "math/linear.h"

#define PATCH_NUMBERS (1u << 17) /* of the patches of one matrix product, about: they stay in the second-level cache */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* The input position under tap (d, e) of output o; -1: padding */
static int64_t under(const limes_windows *w, uint32_t o, uint32_t d, uint32_t e) {
  int64_t row = limes_window_input(&w->axis[0], o / w->axis[1].out, d);
  int64_t column = limes_window_input(&w->axis[1], o % w->axis[1].out, e);
  return row < 0 || column < 0 ? -1 : row * w->axis[1].in + column;
}

void limes_take_patch(const limes_windows *windows, uint32_t o, size_t channels, const double *item, double *patch) {
  for (uint32_t d = 0; d < windows->axis[0].size; d++)
    for (uint32_t e = 0; e < windows->axis[1].size; e++, patch += channels) {
      int64_t a = under(windows, o, d, e);
      if (a < 0)
        memset(patch, 0, channels * sizeof *patch);
      else
        memcpy(patch, item + (size_t)a * channels, channels * sizeof *patch);
    }
}

void limes_add_patch(const limes_windows *windows, uint32_t o, size_t channels, const double *patch, double *item) {
  for (uint32_t d = 0; d < windows->axis[0].size; d++)
    for (uint32_t e = 0; e < windows->axis[1].size; e++, patch += channels) {
      int64_t a = under(windows, o, d, e);
      if (a >= 0)
        limes_add_multiple(channels, 1, patch, item + (size_t)a * channels);
    }
}

/* one filter for all positions */

void limes_conv_weights(const limes_call *call, limes_weights *weights) {
  const limes_conv *p = call->op->param;
  size_t C = call->in->channels, out = call->out->channels;
  size_t taps = (size_t)limes_taps(p, call->in->axes), rows = limes_multiply_capped(taps, C);
  weights[LIMES_CONV_WEIGHT] =
      (limes_weights){.name = "weight", .rows = rows, .columns = out, .std = p->w_std / sqrt((double)rows)};
  weights[LIMES_CONV_BIAS] = (limes_weights){.name = "bias", .rows = 1, .columns = out, .std = p->b_std};
}

/* A stretch of outputs, and where it begins */
typedef struct {
  const limes_call *call;
  limes_windows_function *windows;
  size_t patch;      /* |F| C */
  size_t rows;       /* of outputs at a time */
  size_t row, count; /* the stretch of now */
  size_t item;       /* of its first output */
} stretch;

static size_t rows_at_once(const limes_call *call, size_t patch) {
  return least(PATCH_NUMBERS / patch + 1, limes_rows(call->out));
}

static size_t patch_of(const limes_call *call) {
  return limes_multiply_capped((size_t)limes_taps(call->op->param, call->in->axes), call->in->channels);
}

size_t limes_conv_patches(const limes_call *call) {
  size_t patch = patch_of(call);
  return limes_multiply_capped(rows_at_once(call, patch), patch);
}

static stretch first_stretch(const limes_call *call, limes_windows_function *windows) {
  size_t patch = patch_of(call), rows = rows_at_once(call, patch);
  return (stretch){.call = call, .windows = windows, .patch = patch, .rows = rows};
}

static bool next_stretch(stretch *s) {
  const limes_units *out = s->call->out;
  s->row += s->count;
  if (s->row >= limes_rows(out))
    return false;
  while (out->start[s->item + 1] <= s->row)
    s->item++;
  s->count = least(s->rows, limes_rows(out) - s->row);
  return true;
}

/* Patches of the stretch from x [rows of in, C] into scratch; or, back, what stands there added to x. */
static void move_patches(const stretch *s, const double *from, double *back) {
  const limes_units *in = s->call->in, *out = s->call->out;
  size_t item = s->item, C = in->channels;
  double *patch = s->call->scratch;
  for (size_t row = s->row; row < s->row + s->count; item++) {
    const limes_windows w = s->windows(s->call->op->param, &in->grid[item]);
    size_t end = least(out->start[item + 1], s->row + s->count), first = in->start[item] * C;
    for (; row < end; row++, patch += s->patch) {
      uint32_t o = (uint32_t)(row - out->start[item]);
      if (back == NULL)
        limes_take_patch(&w, o, C, from + first, patch);
      else
        limes_add_patch(&w, o, C, patch, back + first);
    }
  }
}

/* y (+)= factor patches(x) w on all outputs */
static void multiply(const limes_call *call, limes_windows_function *windows, const double *x, const double *w, bool add,
                     double *y) {
  size_t columns = call->out->channels;
  double factor = call->weights[LIMES_CONV_WEIGHT].factor;
  if (x == NULL || w == NULL) {
    limes_multiply_units(limes_rows(call->out), 1, columns, factor, NULL, NULL, add, y);
    return;
  }
  for (stretch s = first_stretch(call, windows); next_stretch(&s);) {
    move_patches(&s, x, NULL);
    limes_multiply_units(s.count, s.patch, columns, factor, call->scratch, w, add, y + s.row * columns);
  }
}

void limes_conv_forward(const limes_call *call, limes_windows_function *windows) {
  multiply(call, windows, call->in->unit, limes_part(call, call->theta, LIMES_CONV_WEIGHT), false, call->out->unit);
  limes_add_bias(limes_rows(call->out), call->out->channels, call->weights[LIMES_CONV_BIAS].factor,
                 limes_part(call, call->theta, LIMES_CONV_BIAS), call->out->unit);
}

void limes_conv_tangent(const limes_call *call, limes_windows_function *windows, const double *const *in_tangent,
                        const double *theta_tangent, double *out_tangent) {
  multiply(call, windows, in_tangent[0], limes_part(call, call->theta, LIMES_CONV_WEIGHT), false, out_tangent);
  multiply(call, windows, call->in->unit, limes_part(call, theta_tangent, LIMES_CONV_WEIGHT), true, out_tangent);
  limes_add_bias(limes_rows(call->out), call->out->channels, call->weights[LIMES_CONV_BIAS].factor,
                 limes_part(call, theta_tangent, LIMES_CONV_BIAS), out_tangent);
}

void limes_conv_adjoint(const limes_call *call, limes_windows_function *windows, const double *out_adjoint,
                        double *const *in_adjoint, double *theta_adjoint) {
  size_t columns = call->out->channels;
  double factor = call->weights[LIMES_CONV_WEIGHT].factor;
  const double *w = limes_part(call, call->theta, LIMES_CONV_WEIGHT);
  double *w_adjoint = limes_part_of(call, theta_adjoint, LIMES_CONV_WEIGHT);
  for (stretch s = first_stretch(call, windows); next_stretch(&s);) {
    const double *y = out_adjoint + s.row * columns;
    if (w_adjoint != NULL) {
      move_patches(&s, call->in->unit, NULL);
      limes_multiply_weights(s.count, s.patch, columns, factor, call->scratch, y, w_adjoint);
    }
    if (w != NULL && in_adjoint[0] != NULL) {
      memset(call->scratch, 0, s.count * s.patch * sizeof(double));
      limes_multiply_back(s.count, s.patch, columns, factor, y, w, call->scratch);
      move_patches(&s, NULL, in_adjoint[0]);
    }
  }
  limes_sum_bias(limes_rows(call->out), columns, call->weights[LIMES_CONV_BIAS].factor, out_adjoint,
                 limes_part_of(call, theta_adjoint, LIMES_CONV_BIAS));
}

/* the NTK's part, pair by pair */

static size_t most_positions(const limes_units *units) {
  size_t most = 0;
  for (size_t i = 0; i < units->items; i++)
    most = units->grid[i].T > most ? units->grid[i].T : most;
  return most;
}

size_t limes_conv_gram_scratch(const limes_call *x, const limes_call *y) {
  size_t taps = (size_t)limes_taps(x->op->param, x->in->axes), out_x = most_positions(x->out), out_y = most_positions(y->out);
  size_t products = limes_add_capped(limes_multiply_capped(most_positions(x->in), limes_rows(y->in)),
                                     limes_multiply_capped(out_x, limes_rows(y->out)));
  return limes_add_capped(products, limes_multiply_capped(taps, out_x + out_y));
}

double limes_conv_gram_flops(const limes_call *x, const limes_call *y) {
  double inputs = (double)limes_rows(x->in) * (double)limes_rows(y->in),
         outputs = (double)limes_rows(x->out) * (double)limes_rows(y->out);
  return 2 * inputs * (double)x->in->channels +
         outputs * (2 * (double)x->out->channels + LIMES_STEP_FLOPS * (double)limes_taps(x->op->param, x->in->axes));
}

/* under[tap * outputs + o]: the input under each tap of each output, -1 in padding */
static void find_under(const limes_windows *w, size_t outputs, int64_t *under_tap) {
  for (uint32_t d = 0; d < w->axis[0].size; d++)
    for (uint32_t e = 0; e < w->axis[1].size; e++)
      for (uint32_t o = 0; o < outputs; o++)
        *under_tap++ = under(w, o, d, e);
}

/* products [x's rows, y's rows] column-major: the rows of one item with those of others */
static void products(size_t x_rows, size_t y_rows, size_t channels, const double *x, const double *y, double *products) {
  limes_gemm(true, false, x_rows, y_rows, channels, 1, x, channels, y, channels, 0, products, x_rows);
}

/* sum_op adjoints[o, p] (b + w sum_d inputs[i(o,d), i(p,d)]) */
static double pair_sum(size_t taps, const int64_t *x_under, size_t x_out, size_t x_in, const int64_t *y_under, size_t y_out,
                       double w, double b, const double *inputs, const double *adjoints) {
  double sum = 0, all = 0;
  for (size_t k = 0; k < x_out * y_out; k++)
    all += adjoints[k];
  for (size_t d = 0; d < taps; d++, x_under += x_out, y_under += y_out)
    for (size_t p = 0; p < y_out; p++) {
      if (y_under[p] < 0)
        continue;
      const double *column = inputs + (size_t)y_under[p] * x_in;
      for (size_t o = 0; o < x_out; o++)
        sum += x_under[o] < 0 ? 0 : adjoints[p * x_out + o] * column[x_under[o]];
    }
  return w * sum + b * all;
}

void limes_conv_gram(const limes_call *x, const limes_call *y, limes_windows_function *windows, const double *x_adjoint,
                     const double *y_adjoint, double *ntk, double *scratch) {
  const limes_weights *weight = &x->weights[LIMES_CONV_WEIGHT], *bias = &x->weights[LIMES_CONV_BIAS];
  double w = weight->std > 0 ? weight->factor * weight->factor : 0, b = bias->std > 0 ? bias->factor * bias->factor : 0;
  size_t C = x->in->channels, width = x->out->channels, taps = (size_t)limes_taps(x->op->param, x->in->axes);
  int64_t *x_under = (int64_t *)(void *)scratch, *y_under = x_under + taps * most_positions(x->out);
  double *inputs = (double *)(void *)(y_under + taps * most_positions(y->out));
  double *adjoints = inputs + most_positions(x->in) * limes_rows(y->in);
  const limes_grid *seen = NULL; /* what y_under is of */
  for (size_t i = 0; i < x->in->items; i++) {
    size_t x_in = x->in->grid[i].T, x_out = x->out->grid[i].T;
    limes_windows x_windows = windows(x->op->param, &x->in->grid[i]);
    find_under(&x_windows, x_out, x_under);
    products(x_in, limes_rows(y->in), C, x->in->unit + x->in->start[i] * C, y->in->unit, inputs);
    products(x_out, limes_rows(y->out), width, x_adjoint + x->out->start[i] * width, y_adjoint, adjoints);
    for (size_t j = 0; j < y->in->items; j++) {
      const limes_grid *grid = &y->in->grid[j];
      if (seen == NULL || seen->size[0] != grid->size[0] || seen->size[1] != grid->size[1]) {
        limes_windows y_windows = windows(y->op->param, grid);
        find_under(&y_windows, y->out->grid[j].T, y_under);
        seen = grid;
      }
      ntk[i * y->in->items + j] += pair_sum(taps, x_under, x_out, x_in, y_under, y->out->grid[j].T, w, b,
                                            inputs + y->in->start[j] * x_in, adjoints + y->out->start[j] * x_out);
    }
  }
}
