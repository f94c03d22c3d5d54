/* identity, sum, residual, repeat: composition (docs/mathematics.md, section 7).
 *
 * Branches have weights of their own, so covariances of a sum add: K <- sum_i w_i K_i, Theta likewise. residual(body) is
 * sum(body | identity); with alpha the weights are 1 - alpha and alpha. identity and repeat leave no op in the program.
 * Finite width: the weighted sum of the branches, sqrt(1 - alpha) body + sqrt(alpha) identity.
 */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/compose.h"
#include "layers/elementwise.h"

limes_status limes_branches_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  limes_keep_shape(op, in, out);
  for (uint32_t i = 1; i < op->n_in; i++) {
    if (in[i].axes != in[0].axes)
      return limes_fail(context, LIMES_WRONG_USE,
                        "the branches of %s end with different position axes (%s with %u, %s with %u): pool or flatten in all of "
                        "them or in none",
                        op->ops->word, in[0].made_by, in[0].axes, in[i].made_by, in[i].axes);
    out->gaussian = out->gaussian && in[i].gaussian;
    out->zero_mean = out->zero_mean && in[i].zero_mean;
  }
  return LIMES_OK;
}

LIMES_CLONES
static void scale(size_t n, double w, const double *in, double *out) {
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++)
    out[i] = w * in[i];
}

LIMES_CLONES
static void add(size_t n, double w, const double *in, double *out) {
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++)
    out[i] += w * in[i];
}

void limes_weighted_sum(const limes_op *op, const limes_panel *in, limes_panel *out, const double *weight, double factor,
                        limes_work *work) {
  size_t n = out->start[out->n];
  scale(n, factor * (weight == NULL ? 1 : weight[0]), in[0].cov, out->cov);
  if (out->ntk != NULL)
    scale(n, factor * (weight == NULL ? 1 : weight[0]), in[0].ntk, out->ntk);
  for (uint32_t i = 1; i < op->n_in; i++) {
    add(n, factor * (weight == NULL ? 1 : weight[i]), in[i].cov, out->cov);
    if (out->ntk != NULL)
      add(n, factor * (weight == NULL ? 1 : weight[i]), in[i].ntk, out->ntk);
  }
  work->flops += (out->ntk == NULL ? 2 : 4) * (double)op->n_in * (double)n;
}

double limes_branches_flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                            const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)out_x;
  (void)out_y;
  (void)out;
  return (ntk ? 4 : 2) * (double)op->n_in * (double)limes_elements(in, in_x, in_y);
}

/* finite: out = sum_k weight[k] in[k]; weight NULL: ones */

static size_t numbers_of(const limes_call *call) { return limes_rows(call->out) * call->out->channels; }

static void forward_sum(const limes_call *call, const double *weight) {
  size_t n = numbers_of(call);
  scale(n, weight == NULL ? 1 : weight[0], call->in[0].unit, call->out->unit);
  for (uint32_t k = 1; k < call->op->n_in; k++)
    add(n, weight == NULL ? 1 : weight[k], call->in[k].unit, call->out->unit);
}

static void tangent_sum(const limes_call *call, const double *weight, const double *const *in_tangent, double *out_tangent) {
  size_t n = numbers_of(call);
  memset(out_tangent, 0, n * sizeof *out_tangent);
  for (uint32_t k = 0; k < call->op->n_in; k++)
    if (in_tangent[k] != NULL)
      add(n, weight == NULL ? 1 : weight[k], in_tangent[k], out_tangent);
}

static void adjoint_sum(const limes_call *call, const double *weight, const double *out_adjoint, double *const *in_adjoint) {
  for (uint32_t k = 0; k < call->op->n_in; k++)
    if (in_adjoint[k] != NULL)
      add(numbers_of(call), weight == NULL ? 1 : weight[k], out_adjoint, in_adjoint[k]);
}

/* sum */

static const limes_param none[] = {LIMES_PARAM_END};

static void cross_sum(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                      limes_work *work) {
  (void)x;
  (void)y;
  limes_weighted_sum(op, in, out, NULL, 1, work);
}

static void sum_forward(const limes_call *call) { forward_sum(call, NULL); }

static void sum_tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent,
                        double *out_tangent) {
  (void)theta_tangent;
  tangent_sum(call, NULL, in_tangent, out_tangent);
}

static void sum_adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  (void)theta_adjoint;
  adjoint_sum(call, NULL, out_adjoint, in_adjoint);
}

static const limes_finite sum_face = {.forward = sum_forward, .tangent = sum_tangent, .adjoint = sum_adjoint, .linear = true};

const limes_layer_ops limes_layer_sum = {
    .word = "sum",
    .summary = "the sum of its branches: sum(A | B | ...)",
    .section = "7",
    .params = none,
    .infer = limes_branches_infer,
    .asks = limes_asks_the_same,
    .cross = cross_sum,
    .kind = LIMES_WORD_SUM,
    .least_branches = 1,
    .most_branches = 1 << 10,
    .in_place = true,
    .flops = limes_branches_flops,
    .finite = &sum_face,
};

/* residual */

typedef struct {
  double alpha; /* NAN: body + identity */
} residual;

static const limes_param residual_params[] = {
    LIMES_PARAM_SHARE(residual, alpha, NAN, "sqrt(1 - alpha) body + sqrt(alpha) identity; when left out: body + identity"),
    LIMES_PARAM_END,
};

static void cross_residual(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x,
                           const limes_trace *y, limes_work *work) {
  (void)x;
  (void)y;
  double alpha = ((const residual *)op->param)->alpha;
  limes_list weight = {2, {1 - alpha, alpha}}; /* body, identity */
  limes_weighted_sum(op, in, out, isnan(alpha) ? NULL : weight.value, 1, work);
}

/* Of body and identity */
static void residual_weights(const limes_call *call, double weight[2]) {
  double alpha = ((const residual *)call->op->param)->alpha;
  weight[0] = isnan(alpha) ? 1 : sqrt(1 - alpha);
  weight[1] = isnan(alpha) ? 1 : sqrt(alpha);
}

static void residual_forward(const limes_call *call) {
  double weight[2];
  residual_weights(call, weight);
  forward_sum(call, weight);
}

static void residual_tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent,
                             double *out_tangent) {
  (void)theta_tangent;
  double weight[2];
  residual_weights(call, weight);
  tangent_sum(call, weight, in_tangent, out_tangent);
}

static void residual_adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint,
                             double *theta_adjoint) {
  (void)theta_adjoint;
  double weight[2];
  residual_weights(call, weight);
  adjoint_sum(call, weight, out_adjoint, in_adjoint);
}

static const limes_finite residual_face = {
    .forward = residual_forward, .tangent = residual_tangent, .adjoint = residual_adjoint, .linear = true};

const limes_layer_ops limes_layer_residual = {
    .word = "residual",
    .summary = "its branch beside a shortcut: residual(A) is sum(A | identity)",
    .section = "7",
    .param_size = sizeof(residual),
    .params = residual_params,
    .infer = limes_branches_infer,
    .asks = limes_asks_the_same,
    .cross = cross_residual,
    .kind = LIMES_WORD_RESIDUAL,
    .least_branches = 1,
    .most_branches = 1,
    .in_place = true,
    .flops = limes_branches_flops,
    .finite = &residual_face,
};

/* repeat and identity: words without an op */

static const limes_param repeat_params[] = {
    {LIMES_FIELD(limes_repeat, n), .kind = LIMES_PARAM_COUNT, .required = true, .least = 1, .most = 1 << 20,
     .help = "how many times"},
    LIMES_PARAM_END,
};

const limes_layer_ops limes_layer_repeat = {
    .word = "repeat",
    .summary = "its branch n times, one after the other, each time with weights of its own",
    .section = "7",
    .param_size = sizeof(limes_repeat),
    .params = repeat_params,
    .kind = LIMES_WORD_REPEAT,
    .least_branches = 1,
    .most_branches = 1,
};

const limes_layer_ops limes_layer_identity = {
    .word = "identity",
    .summary = "its input as it is",
    .section = "7",
    .params = none,
    .kind = LIMES_WORD_IDENTITY,
};
