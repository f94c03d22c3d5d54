/* conv: a convolution over one or two position axes, NTK parameterization.
 *
 * Infinite width (docs/mathematics.md, section 2): K_ab <- w_std^2 / |F| sum_d K_{sa+d, sb+d} + b_std^2 (the taps of both sides
 * move together), Theta <- w_std^2 / |F| sum_d Theta_{sa+d, sb+d} + K_new. Always divided by the full filter size |F|.
 * Finite width: y_a = w_std / sqrt(|F| C) sum_d x_{sa+d} W_d + b_std b (patches.c).
 */
#include "layers/elementwise.h"
#include "layers/patches.h"

const limes_param limes_conv_params[] = {
    LIMES_PARAM_SIZES(limes_conv, filter, 0, true, "positions under the filter, an axis"),
    LIMES_PARAM_SIZES(limes_conv, stride, 1, false, "positions from one output to the next"),
    LIMES_PARAM_CHOICES(limes_conv, padding, LIMES_SAME, limes_padding_names, "at the edges: zeros, none, or the other end"),
    LIMES_PARAM_WIDTH(limes_conv, width, 512, "channels of a finite network"),
    LIMES_PARAM_STD(limes_conv, w_std, 1, "standard deviation of the weights"),
    LIMES_PARAM_STD(limes_conv, b_std, 0, "standard deviation of the biases"),
    LIMES_PARAM_END,
};

static limes_status grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  const limes_conv *p = op->param;
  return limes_window_grid(context, "conv", p->filter, p->stride, p->padding, in, out);
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  limes_convolve(op->param, limes_conv_windows, in, out, work);
}

/* Stride 1 over zeros: each diagonal by itself. */
static bool slide(const limes_op *op, const limes_grid *in, limes_slide *out) {
  const limes_conv *p = op->param;
  limes_windows windows = limes_conv_windows(p, in);
  *out = (limes_slide){.weight = p->w_std * p->w_std / limes_taps(p, in->axes), .bias = p->b_std * p->b_std};
  for (int axis = 0; axis < 2; axis++) {
    const limes_window *w = &windows.axis[axis];
    if (w->wrap || w->stride != 1 || w->spread != 1 || w->in != w->out)
      return false;
    out->taps[axis] = w->size;
    out->before[axis] = w->before;
  }
  return true;
}

/* finite */

static void forward(const limes_call *call) { limes_conv_forward(call, limes_conv_windows); }

static void tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent, double *out_tangent) {
  limes_conv_tangent(call, limes_conv_windows, in_tangent, theta_tangent, out_tangent);
}

static void adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  limes_conv_adjoint(call, limes_conv_windows, out_adjoint, in_adjoint, theta_adjoint);
}

static void gram(const limes_call *x, const limes_call *y, const double *x_adjoint, const double *y_adjoint, double *ntk,
                 double *scratch) {
  limes_conv_gram(x, y, limes_conv_windows, x_adjoint, y_adjoint, ntk, scratch);
}

static const limes_finite face = {.channels = limes_width_channels,
                                  .weights = limes_conv_weights,
                                  .scratch = limes_conv_patches,
                                  .forward = forward,
                                  .tangent = tangent,
                                  .adjoint = adjoint,
                                  .gram = gram,
                                  .gram_scratch = limes_conv_gram_scratch,
                                  .gram_flops = limes_conv_gram_flops};

const limes_layer_ops limes_layer_conv = {
    .word = "conv",
    .summary = "a convolution over the positions of a sequence or an image",
    .section = "2",
    .param_size = sizeof(limes_conv),
    .params = limes_conv_params,
    .infer = limes_conv_infer,
    .affine = true,
    .asks = limes_asks_the_same,
    .cross = cross,
    .grid = grid,
    .scratch = limes_conv_scratch,
    .slide = slide,
    .flops = limes_conv_flops,
    .finite = &face,
};
