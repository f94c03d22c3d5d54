#include "layers/finite.h"

#include <string.h>

#include "base/clones.h"
#include "math/linear.h"

/* The last key of a stream: the block in its lowest byte, the piece above, counted from 1; masks have a byte of their own. */
#define MASKS 0xff

limes_stream limes_mask_stream(const limes_call *call, uint64_t item) {
  limes_stream stream = call->stream;
  stream.key[2] = (item << 8) | MASKS;
  return stream;
}

void limes_draw_masks(const limes_call *call, double keep, double *factor) {
  const limes_units *in = call->in;
  for (size_t i = 0; i < in->items; i++) {
    limes_stream stream = limes_mask_stream(call, in->item[i]);
    limes_uniform(&stream, 0, in->grid[i].T * in->channels, factor + in->start[i] * in->channels);
  }
  for (size_t k = 0; k < limes_rows(in) * in->channels; k++)
    factor[k] = factor[k] < keep ? 1 / keep : 0;
}

uint64_t limes_position_key(uint32_t row, uint32_t column) {
  uint64_t r = row, c = column;
  return r < c ? c * c + r : r * r + r + c;
}

size_t limes_width_of(const limes_op *op, const char *name, size_t asked) {
  const limes_param *param = op->ops->params;
  for (uint32_t k = 0; param[k].name != NULL; k++)
    if (strcmp(param[k].name, name) == 0) {
      bool given = (op->given >> k) & 1;
      return given || asked == 0 ? *(const uint32_t *)((const char *)op->param + param[k].offset) : asked;
    }
  return 0;
}

limes_status limes_width_channels(limes_context *context, const limes_op *op, const limes_widths *widths, const size_t *in,
                                  const limes_grid *grid, size_t *out) {
  (void)context;
  (void)op;
  (void)in;
  (void)grid;
  *out = widths->width;
  return LIMES_OK;
}

double limes_forward_flops(const limes_call *call) {
  double in = (double)limes_rows(call->in), out = (double)limes_rows(call->out);
  double flops = LIMES_STEP_FLOPS * (in * (double)call->in->channels + out * (double)call->out->channels);
  for (unsigned k = 0; k < LIMES_MOST_WEIGHTS; k++) {
    const limes_weights *weights = &call->weights[k];
    double pieces = weights->piece == NULL ? 1 : (double)weights->pieces;
    if (weights->std > 0)
      flops += 2 * (in > out ? in : out) * (double)weights->rows / pieces * (double)weights->columns;
  }
  return call->op->ops->finite->flops == NULL ? flops : flops + call->op->ops->finite->flops(call);
}

/* Row-major [rows, columns] is column-major columns x rows. */
void limes_multiply_units(size_t rows, size_t inner, size_t columns, double factor, const double *x, const double *w, bool add,
                          double *y) {
  if (y == NULL || rows == 0)
    return;
  if (x == NULL || w == NULL) {
    if (!add)
      memset(y, 0, rows * columns * sizeof *y);
    return;
  }
  limes_gemm(false, false, columns, rows, inner, factor, w, columns, x, inner, add ? 1 : 0, y, columns);
}

void limes_multiply_back(size_t rows, size_t inner, size_t columns, double factor, const double *y, const double *w, double *x) {
  if (x == NULL || y == NULL || w == NULL || rows == 0)
    return;
  limes_gemm(true, false, inner, rows, columns, factor, w, columns, y, columns, 1, x, inner);
}

void limes_multiply_weights(size_t rows, size_t inner, size_t columns, double factor, const double *x, const double *y,
                            double *w) {
  if (x == NULL || y == NULL || w == NULL || rows == 0)
    return;
  limes_gemm(false, true, columns, inner, rows, factor, y, columns, x, inner, 1, w, columns);
}

LIMES_CLONES
void limes_add_multiple(size_t n, double w, const double *x, double *y) {
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++)
    y[i] += w * x[i];
}

void limes_add_bias(size_t rows, size_t columns, double factor, const double *b, double *y) {
  for (size_t row = 0; b != NULL && row < rows; row++)
    limes_add_multiple(columns, factor, b, y + row * columns);
}

void limes_sum_bias(size_t rows, size_t columns, double factor, const double *y, double *b) {
  for (size_t row = 0; b != NULL && row < rows; row++)
    limes_add_multiple(columns, factor, y + row * columns, b);
}

/* maps along positions */

static void map_items(const limes_call *call, const double *from, double *to, bool back) {
  const limes_units *in = call->in, *out = call->out;
  size_t C = in->channels;
  for (size_t i = 0; i < in->items; i++) {
    size_t first = in->start[i] * C, first_out = out->start[i] * C;
    limes_entries map = {
        .channels = C, .from = from + (back ? first_out : first), .to = to + (back ? first : first_out), .back = back};
    call->op->ops->finite->entries(call, i, &map);
  }
}

void limes_map_forward(const limes_call *call) {
  memset(call->out->unit, 0, limes_rows(call->out) * call->out->channels * sizeof(double));
  map_items(call, call->in->unit, call->out->unit, false);
}

void limes_map_tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent,
                       double *out_tangent) {
  (void)theta_tangent;
  memset(out_tangent, 0, limes_rows(call->out) * call->out->channels * sizeof(double));
  if (in_tangent[0] != NULL)
    map_items(call, in_tangent[0], out_tangent, false);
}

void limes_map_adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  (void)theta_adjoint;
  if (in_adjoint[0] != NULL)
    map_items(call, out_adjoint, in_adjoint[0], true);
}

/* elementwise layers */

static const char *unable(const limes_op *op) {
  return op->ops->elementwise->apply == NULL ? "its nonlinearity is known by its kernel alone" : NULL;
}

static size_t elements(const limes_call *call) { return limes_multiply_capped(limes_rows(call->in), call->in->channels); }

static void forward(const limes_call *call) {
  call->op->ops->elementwise->apply(call->op->param, elements(call), call->in->unit, call->out->unit, call->tape);
}

LIMES_CLONES
static void multiply(size_t n, const double *slope, const double *in, double *out, bool add) {
  if (add)
    LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++)
    out[i] += slope[i] * in[i];
  else LIMES_INDEPENDENT for (size_t i = 0; i < n; i++) out[i] = slope[i] * in[i];
}

static void tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent, double *out_tangent) {
  (void)theta_tangent;
  if (in_tangent[0] == NULL)
    memset(out_tangent, 0, elements(call) * sizeof *out_tangent);
  else
    multiply(elements(call), call->tape, in_tangent[0], out_tangent, false);
}

static void adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  (void)theta_adjoint;
  if (in_adjoint[0] != NULL)
    multiply(elements(call), call->tape, out_adjoint, in_adjoint[0], true);
}

const limes_finite limes_elementwise_finite = {
    .unable = unable, .tape = elements, .forward = forward, .tangent = tangent, .adjoint = adjoint};
