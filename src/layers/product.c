/* product: the product of its branches, channel by channel.
 *
 * Infinite width (docs/mathematics.md, section 7): branches have weights of their own, so covariances multiply, and by the rule
 * of products Theta <- sum_i Theta_i prod_{j != i} K_j. Products of Gaussian channels are not Gaussian.
 */
#include <string.h>

#include "base/clones.h"
#include "layers/compose.h"
#include "layers/elementwise.h"
#include "layers/finite.h"

static const limes_param none[] = {LIMES_PARAM_END};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  limes_status status = limes_branches_infer(context, op, in, out);
  out->gaussian = out->zero_mean = false;
  return status;
}

/* (cov, ntk) <- (cov k, ntk k + cov theta) */
LIMES_CLONES
static void multiply(size_t n, const double *k, const double *theta, double *cov, double *ntk) {
  if (ntk != NULL) {
    LIMES_INDEPENDENT
    for (size_t i = 0; i < n; i++)
      ntk[i] = ntk[i] * k[i] + cov[i] * theta[i];
  }
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++)
    cov[i] *= k[i];
}

static double flops_of(const limes_op *op, size_t n, bool ntk) { return (ntk ? 4 : 1) * (double)(op->n_in - 1) * (double)n; }

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  size_t n = out->start[out->n];
  if (out->cov != in[0].cov) {
    memcpy(out->cov, in[0].cov, n * sizeof *out->cov);
    if (out->ntk != NULL)
      memcpy(out->ntk, in[0].ntk, n * sizeof *out->ntk);
  }
  for (uint32_t i = 1; i < op->n_in; i++)
    multiply(n, in[i].cov, in[i].ntk, out->cov, out->ntk);
  work->flops += flops_of(op, n, out->ntk != NULL);
}

static double flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                    const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)out_x;
  (void)out_y;
  (void)out;
  return flops_of(op, limes_elements(in, in_x, in_y), ntk);
}

/* finite width: y = prod_i x_i, dy = sum_i dx_i prod_{j != i} x_j */

static size_t elements(const limes_call *call) { return limes_rows(call->out) * call->out->channels; }

/* y *= every input but number `but` */
static void multiply_others(const limes_call *call, uint32_t but, size_t k, double *y) {
  for (uint32_t j = 0; j < call->op->n_in; j++)
    *y *= j == but ? 1 : call->in[j].unit[k];
}

static void finite_forward(const limes_call *call) {
  for (size_t k = 0; k < elements(call); k++) {
    call->out->unit[k] = 1;
    multiply_others(call, call->op->n_in, k, &call->out->unit[k]);
  }
}

static void finite_tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent,
                           double *out_tangent) {
  (void)theta_tangent;
  memset(out_tangent, 0, elements(call) * sizeof *out_tangent);
  for (uint32_t i = 0; i < call->op->n_in; i++)
    for (size_t k = 0; in_tangent[i] != NULL && k < elements(call); k++) {
      double part = in_tangent[i][k];
      multiply_others(call, i, k, &part);
      out_tangent[k] += part;
    }
}

static void finite_adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  (void)theta_adjoint;
  for (uint32_t i = 0; i < call->op->n_in; i++)
    for (size_t k = 0; in_adjoint[i] != NULL && k < elements(call); k++) {
      double part = out_adjoint[k];
      multiply_others(call, i, k, &part);
      in_adjoint[i][k] += part;
    }
}

static const limes_finite face = {.forward = finite_forward, .tangent = finite_tangent, .adjoint = finite_adjoint};

const limes_layer_ops limes_layer_product = {
    .word = "product",
    .summary = "the product of its branches, channel by channel: product(A | B | ...)",
    .section = "7",
    .params = none,
    .infer = infer,
    .asks = limes_asks_the_same,
    .cross = cross,
    .kind = LIMES_WORD_SUM,
    .any_means = true,
    .least_branches = 1,
    .most_branches = 1 << 10,
    .in_place = true,
    .flops = flops,
    .finite = &face,
};
