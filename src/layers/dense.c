/* dense: W x + b at every position, NTK parameterization.
 *
 * Infinite width (docs/mathematics.md, section 2): K <- w_std^2 K + b_std^2, Theta <- w_std^2 Theta + K_new.
 * Finite width: y = w_std / sqrt(C) x W + b_std b.
 */
#include <math.h>

#include "layers/elementwise.h"
#include "layers/run.h"
#include "math/linear.h"

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

/* finite: x [P, C], W [C, width], b [width] */

enum { WEIGHT, BIAS };

static void weights(const limes_call *call, limes_weights *weights) {
  const dense *p = call->op->param;
  size_t in = call->in->channels, out = call->out->channels;
  weights[WEIGHT] = (limes_weights){.name = "weight", .rows = in, .columns = out, .std = p->w_std / sqrt((double)in)};
  weights[BIAS] = (limes_weights){.name = "bias", .rows = 1, .columns = out, .std = p->b_std};
}

static void forward(const limes_call *call) {
  size_t P = limes_rows(call->in), in = call->in->channels, out = call->out->channels;
  limes_multiply_units(P, in, out, call->weights[WEIGHT].factor, call->in->unit, limes_part(call, call->theta, WEIGHT), false,
                       call->out->unit);
  limes_add_bias(P, out, call->weights[BIAS].factor, limes_part(call, call->theta, BIAS), call->out->unit);
}

static void tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent, double *out_tangent) {
  size_t P = limes_rows(call->in), in = call->in->channels, out = call->out->channels;
  double factor = call->weights[WEIGHT].factor;
  limes_multiply_units(P, in, out, factor, in_tangent[0], limes_part(call, call->theta, WEIGHT), false, out_tangent);
  limes_multiply_units(P, in, out, factor, call->in->unit, limes_part(call, theta_tangent, WEIGHT), true, out_tangent);
  limes_add_bias(P, out, call->weights[BIAS].factor, limes_part(call, theta_tangent, BIAS), out_tangent);
}

static void adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  size_t P = limes_rows(call->in), in = call->in->channels, out = call->out->channels;
  double factor = call->weights[WEIGHT].factor;
  limes_multiply_back(P, in, out, factor, out_adjoint, limes_part(call, call->theta, WEIGHT), in_adjoint[0]);
  limes_multiply_weights(P, in, out, factor, call->in->unit, out_adjoint, limes_part_of(call, theta_adjoint, WEIGHT));
  limes_sum_bias(P, out, call->weights[BIAS].factor, out_adjoint, limes_part_of(call, theta_adjoint, BIAS));
}

/* Items are taken so many at a time that the products of their positions stay cached. */

#define GRAM_NUMBERS (1u << 18)

static size_t items_at_once(const limes_units *x, const limes_units *y) {
  size_t of_one = 1, P = limes_rows(y);
  for (size_t i = 0; i < x->items; i++)
    of_one = x->grid[i].T > of_one ? x->grid[i].T : of_one;
  of_one = limes_multiply_capped(of_one, P);
  size_t items = GRAM_NUMBERS / of_one + 1;
  return items < x->items ? items : x->items;
}

static size_t gram_scratch(const limes_call *x, const limes_call *y) {
  size_t items = items_at_once(x->in, y->in), most = 0;
  for (size_t i = 0; i < x->in->items; i++)
    most = x->in->grid[i].T > most ? x->in->grid[i].T : most;
  return limes_multiply_capped(2 * most * items, limes_rows(y->in));
}

/* products [rows, P] of the numbers at some rows of x with all rows of y */
static void products(size_t rows, size_t P, size_t channels, const double *x, const double *y, double *products) {
  limes_gemm(true, false, P, rows, channels, 1, y, channels, x, channels, 0, products, P);
}

/* One item: its rows of both products, [T, P] */
static void add_item(const limes_units *y, uint32_t T, double w, double b, const double *inputs, const double *adjoints,
                     double *ntk) {
  size_t P = limes_rows(y);
  for (uint32_t p = 0; p < T; p++, inputs += P, adjoints += P)
    for (size_t j = 0; j < y->items; j++)
      for (size_t q = y->start[j]; q < y->start[j + 1]; q++)
        ntk[j] += adjoints[q] * (w * inputs[q] + b);
}

/* sum_pq (x_p . x'_q)(d_p . d'_q) w^2 + (d_p . d'_q) b^2 over the positions p, q of two items, d the adjoints of the output */
static void gram(const limes_call *x, const limes_call *y, const double *x_adjoint, const double *y_adjoint, double *ntk,
                 double *scratch) {
  double w = x->weights[WEIGHT].factor, b = x->weights[BIAS].factor;
  w = x->weights[WEIGHT].std > 0 ? w * w : 0;
  b = x->weights[BIAS].std > 0 ? b * b : 0;
  const limes_units *in = x->in;
  size_t step = items_at_once(in, y->in), P = limes_rows(y->in), C = in->channels, width = x->out->channels;
  for (size_t i = 0; i < in->items; i += step) {
    size_t end = i + step < in->items ? i + step : in->items, first = in->start[i], rows = in->start[end] - first;
    double *inputs = scratch, *adjoints = scratch + rows * P;
    products(rows, P, C, in->unit + first * C, y->in->unit, inputs);
    products(rows, P, width, x_adjoint + first * width, y_adjoint, adjoints);
    for (size_t k = i; k < end; k++) {
      size_t at = (in->start[k] - first) * P;
      add_item(y->in, in->grid[k].T, w, b, inputs + at, adjoints + at, ntk + k * y->in->items);
    }
  }
}

static double gram_flops(const limes_call *x, const limes_call *y) {
  double pairs = (double)limes_rows(x->in) * (double)limes_rows(y->in);
  return pairs * (2.0 * (double)(x->in->channels + x->out->channels) + LIMES_STEP_FLOPS);
}

static const limes_finite face = {.channels = limes_width_channels,
                                  .weights = weights,
                                  .forward = forward,
                                  .tangent = tangent,
                                  .adjoint = adjoint,
                                  .gram = gram,
                                  .gram_scratch = gram_scratch,
                                  .gram_flops = gram_flops};

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
    .finite = &face,
};
