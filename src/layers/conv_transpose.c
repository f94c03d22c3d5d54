/* conv_transpose: a transposed convolution, NTK parameterization.
 *
 * Infinite width (docs/mathematics.md, section 2): a convolution of stride 1 over inputs with s - 1 zeros between them,
 *     out[o] = sum_d w[d] z[o + d - before],
 * always divided by the full filter size |F|. same: T s outputs, before = |F| - 1 where s > |F| - 1, else
 * ceil((|F| + s - 2) / 2); circular: the full result (before = |F| - 1), floor(max(|F| - s, 0) / 2) positions cropped in front,
 * what sticks out on either side added modulo T s.
 * Finite width: the same sum, with w[d] = w_std / sqrt(|F| C) W_d, and b_std b (patches.c).
 */
#include "layers/elementwise.h"
#include "layers/patches.h"

enum { SAME, CIRCULAR };
static const char *const padding_names[] = {"same", "circular", NULL};

static const limes_param params[] = {
    LIMES_PARAM_SIZES(limes_conv, filter, 0, true, "taps of the filter, an axis"),
    LIMES_PARAM_SIZES(limes_conv, stride, 1, false, "outputs for every input"),
    LIMES_PARAM_CHOICES(limes_conv, padding, SAME, padding_names,
                        "what sticks out at the edges: cropped, or added at the other end"),
    LIMES_PARAM_WIDTH(limes_conv, width, 512, "channels of a finite network"),
    LIMES_PARAM_STD(limes_conv, w_std, 1, "standard deviation of the weights"),
    LIMES_PARAM_STD(limes_conv, b_std, 0, "standard deviation of the biases"),
    LIMES_PARAM_END,
};

static limes_window window_of(uint32_t size, uint32_t s, int padding, uint32_t in) {
  limes_window w = {.size = size, .stride = 1, .spread = s, .in = in, .out = in * s, .wrap = padding == CIRCULAR};
  if (padding == CIRCULAR)
    w.before = size - 1 - (size > s ? (size - s) / 2 : 0);
  else
    w.before = s > size - 1 ? size - 1 : (size + s - 1) / 2;
  return w;
}

static limes_windows windows(const limes_conv *p, const limes_grid *in) {
  limes_windows w = {.axis = {{.size = 1, .stride = 1, .spread = 1, .in = 1, .out = 1}}};
  for (int axis = in->axes < 2 ? 1 : 0; axis < 2; axis++) {
    int which = in->axes < 2 ? 0 : axis;
    w.axis[axis] = window_of(p->filter.n[which], p->stride.n[which], p->padding, in->size[axis]);
  }
  return w;
}

static limes_status grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  const limes_conv *p = op->param;
  if (in->hidden != NULL)
    return limes_fail(context, LIMES_WRONG_USE, "conv_transpose takes no items with holes in their mask: mask tails alone");
  size_t positions = 1;
  for (int axis = in->axes < 2 ? 1 : 0; axis < 2; axis++)
    if (!limes_multiply(positions, (size_t)in->size[axis] * p->stride.n[in->axes < 2 ? 0 : axis], &positions) ||
        positions > LIMES_MOST_POSITIONS)
      return limes_fail(context, LIMES_REFUSED,
                        "conv_transpose makes more positions of it than can be handled: take a smaller stride");
  limes_windows w = windows(p, in);
  *out = *in;
  for (int axis = 0; axis < 2; axis++)
    out->size[axis] = w.axis[axis].out;
  out->T = out->visible = out->size[0] * out->size[1];
  return LIMES_OK;
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  limes_convolve(op->param, windows, in, out, work);
}

/* finite */

static void forward(const limes_call *call) { limes_conv_forward(call, windows); }

static void tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent, double *out_tangent) {
  limes_conv_tangent(call, windows, in_tangent, theta_tangent, out_tangent);
}

static void adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  limes_conv_adjoint(call, windows, out_adjoint, in_adjoint, theta_adjoint);
}

static void gram(const limes_call *x, const limes_call *y, const double *x_adjoint, const double *y_adjoint, double *ntk,
                 double *scratch) {
  limes_conv_gram(x, y, windows, x_adjoint, y_adjoint, ntk, scratch);
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

const limes_layer_ops limes_layer_conv_transpose = {
    .word = "conv_transpose",
    .summary = "a transposed convolution: stride times as many positions",
    .section = "2",
    .param_size = sizeof(limes_conv),
    .params = params,
    .infer = limes_conv_infer,
    .affine = true,
    .asks = limes_asks_the_same,
    .cross = cross,
    .grid = grid,
    .scratch = limes_conv_scratch,
    .flops = limes_conv_flops,
    .finite = &face,
};
