/* dense: W x + b at every position, NTK parameterization.
 *
 * Infinite width (docs/mathematics.md, section 2): K <- w_std^2 K + b_std^2, Theta <- w_std^2 Theta + K_new.
 */
#include "layers/elementwise.h"
#include "layers/run.h"

typedef struct {
  uint32_t width;
  double w_std, b_std;
} dense;

static const limes_param params[] = {
    LIMES_PARAM_WIDTH(dense, width, 512, "channels of a finite network"),
    LIMES_PARAM_STD(dense, w_std, 1, "standard deviation of the weights"),
    LIMES_PARAM_STD(dense, b_std, 0, "standard deviation of the biases"),
    LIMES_PARAM_END,
};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  (void)context;
  limes_keep_shape(op, in, out);
  out->gaussian = out->zero_mean = true;
  return LIMES_OK;
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  const dense *p = op->param;
  limes_affine(in, out, p->w_std * p->w_std, p->b_std * p->b_std);
  work->flops += (out->ntk == NULL ? 2 : 4) * (double)in->start[in->n];
}

const limes_layer_ops limes_layer_dense = {
    .word = "dense",
    .summary = "a fully connected layer on the features of every position",
    .section = "2",
    .param_size = sizeof(dense),
    .params = params,
    .infer = infer,
    .affine = true,
    .asks = limes_asks_the_same,
    .cross = cross,
    .in_place = true,
    .flops_each = {2, 4},
};
