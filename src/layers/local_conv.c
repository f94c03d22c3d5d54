/* local_conv: a convolution whose weights and biases are not shared between positions.
 *
 * Infinite width (docs/mathematics.md, section 2): at equal positions the same as conv; K = Theta = 0 between different ones,
 * b_std^2 included. These zeros are known, which is not the same as not asked for: a later bias fills them again. In an item
 * larger than its partner, the positions that only one of them has are covariant with none.
 */
#include <string.h>

#include "layers/elementwise.h"
#include "layers/local_conv.h"
#include "layers/taps.h"

static limes_status grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  const limes_conv *p = op->param;
  if (in->hidden != NULL)
    return limes_fail(context, LIMES_WRONG_USE,
                      "local_conv takes no items with holes in their mask: mask tails alone, or use conv");
  return limes_window_grid(context, "local_conv", p->filter, p->stride, p->padding, in, out);
}

static limes_layout asks(const limes_op *op, limes_layout out, bool own) {
  (void)op;
  (void)own;
  return out == LIMES_ABSENT ? LIMES_ABSENT : LIMES_DIAGONAL;
}

/* One partner's matrix, zeros but where positions are equal */
static void fill(const limes_conv *p, const limes_panel *in, const limes_panel *out, size_t j) {
  limes_windows x = limes_conv_windows(p, in->x), y = limes_conv_windows(p, &in->y[j]);
  const limes_grid *left = out->x, *right = &out->y[j];
  double w = p->w_std * p->w_std / limes_taps(p, in->x->axes), b = p->b_std * p->b_std;
  size_t elements = out->start[j + 1] - out->start[j];
  memset(out->cov + out->start[j], 0, elements * sizeof *out->cov);
  if (out->ntk != NULL)
    memset(out->ntk + out->start[j], 0, elements * sizeof *out->ntk);
  for (uint32_t r = 0; r < left->size[0] && r < right->size[0]; r++)
    for (uint32_t c = 0; c < left->size[1] && c < right->size[1]; c++) {
      uint32_t o_x = r * left->size[1] + c, o_y = r * right->size[1] + c;
      size_t at = out->start[j] + (size_t)o_y * left->T + o_x;
      out->cov[at] = w * limes_tap_sum(&x, o_x, &y, o_y, in->layout, in->x->T, in->cov + in->start[j]) + b;
      if (out->ntk != NULL)
        out->ntk[at] = w * limes_tap_sum(&x, o_x, &y, o_y, in->layout, in->x->T, in->ntk + in->start[j]) + out->cov[at];
    }
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  const limes_conv *p = op->param;
  if (out->layout == LIMES_DIAGONAL) {
    limes_convolve(p, limes_conv_windows, in, out, work);
    return;
  }
  for (size_t j = 0; j < in->n; j++)
    fill(p, in, out, j);
  work->flops += (in->ntk == NULL ? 1 : 2) * (limes_taps(p, in->x->axes) + 2) * (double)out->x->T * (double)in->n;
}

static double flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                    const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  if (out == LIMES_DIAGONAL)
    return limes_conv_flops(op, in_x, in_y, out_x, out_y, in, out, ntk);
  return (ntk ? 2 : 1) * (limes_taps(op->param, in_x->axes) + 2) * out_x->T;
}

const limes_layer_ops limes_layer_local_conv = {
    .word = "local_conv",
    .summary = "a convolution with weights and biases of its own at every position",
    .section = "2",
    .param_size = sizeof(limes_conv),
    .params = limes_conv_params,
    .infer = limes_conv_infer,
    .affine = true,
    .asks = asks,
    .cross = cross,
    .grid = grid,
    .scratch = limes_conv_scratch,
    .flops = flops,
    .finite = &limes_local_conv_finite,
};
