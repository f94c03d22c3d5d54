#include "layers/patches.h"

#include <math.h>
#include <string.h>

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
  return (stretch){.call = call, .windows = windows, .patch = patch, .rows = rows, .count = rows};
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
