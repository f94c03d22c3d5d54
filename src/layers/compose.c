/* identity, sum, residual, repeat: composition (docs/mathematics.md, section 7).
 *
 * Branches have weights of their own, so covariances of a sum add: K <- sum_i w_i K_i, Theta likewise. residual(body) is
 * sum(body | identity); with alpha the weights are 1 - alpha and alpha. identity and repeat leave no op in the program.
 *
 * Stochastic depth: a coin shows heads with probability `survive`, and the body is divided by it or dropped. With a coin for
 * every item, position and channel, covariances keep their expectation but for an activation with itself, where K_body and
 * Theta_body are divided by `survive`. With one coin for the batch the body counts 1 / survive^2 times or not at all.
 * Finite width: the weighted sum of the branches, sqrt(1 - alpha) body + sqrt(alpha) identity.
 */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/compose.h"
#include "layers/elementwise.h"
#include "layers/run.h"

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

enum { OWN, SHARED };
static const char *const coin_names[] = {"own", "shared", NULL};

typedef struct {
  double alpha;   /* NAN: body + identity */
  double survive; /* NAN: no coin is tossed */
  int coins;
} residual;

static const limes_param residual_params[] = {
    LIMES_PARAM_SHARE(residual, alpha, NAN, "sqrt(1 - alpha) body + sqrt(alpha) identity; when left out: body + identity"),
    {LIMES_FIELD(residual, survive), .kind = LIMES_PARAM_REAL, .fallback = NAN, .least = 0, .most = 1, .open = true,
     .help = "probability that the body is kept, and divided by it: stochastic depth; when left out: it always is"},
    LIMES_PARAM_CHOICES(residual, coins, OWN, coin_names,
                        "a coin for each item, position and channel, or one for the batch: the mean kernel of a mixture"),
    LIMES_PARAM_END,
};

static bool tosses(const residual *p, int coins) { return p->coins == coins && p->survive < 1; }

static double coin(const limes_op *op) {
  const residual *p = op->param;
  return tosses(p, SHARED) ? p->survive : 1;
}

static limes_status check_residual(limes_context *context, const void *param) {
  const residual *p = param;
  if (p->coins == SHARED && isnan(p->survive))
    return limes_fail(context, LIMES_WRONG_USE, "coins=shared tosses no coin without survive: write survive=0.9");
  return LIMES_OK;
}

static limes_status infer_residual(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  limes_status status = limes_branches_infer(context, op, in, out);
  out->gaussian = out->gaussian && !tosses(op->param, OWN);
  return status;
}

static size_t residual_scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  (void)in_elements;
  (void)out_elements;
  return tosses(op->param, OWN) ? 2 * (size_t)largest->T : 0;
}

/* What the body has more where an activation meets itself: own[T], own[T + a] of Theta, times (1 / survive - 1) and its weight */
static void keep_own(const limes_panel *body, double factor, double *own) {
  for (uint32_t a = 0; a < body->x->T; a++) {
    own[a] = factor * body->cov[limes_own_element(body, a)];
    own[body->x->T + a] = body->ntk == NULL ? 0 : factor * body->ntk[limes_own_element(body, a)];
  }
}

static void add_own(limes_panel *out, const double *own) {
  for (uint32_t a = 0; a < out->x->T; a++) {
    out->cov[limes_own_element(out, a)] += own[a];
    if (out->ntk != NULL)
      out->ntk[limes_own_element(out, a)] += own[out->x->T + a];
  }
}

static void cross_residual(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x,
                           const limes_trace *y, limes_work *work) {
  (void)x;
  (void)y;
  const residual *p = op->param;
  limes_list weight = {2, {1, 1}}; /* body, identity */
  bool own = in->same >= 0 && tosses(p, OWN);
  if (!isnan(p->alpha))
    weight = (limes_list){2, {1 - p->alpha, p->alpha}};
  if (own) /* the body is overwritten where the op works in place */
    keep_own(in, weight.value[0] * (1 / p->survive - 1), work->scratch);
  if (tosses(p, SHARED))
    weight.value[0] *= (work->part >> (op->coin - 1) & 1) != 0 ? 0 : 1 / (p->survive * p->survive);
  limes_weighted_sum(op, in, out, weight.value[0] == 1 && weight.value[1] == 1 ? NULL : weight.value, 1, work);
  if (own)
    add_own(out, work->scratch);
}

/* Of body and identity */
static limes_list residual_weights(const limes_call *call) {
  double alpha = ((const residual *)call->op->param)->alpha;
  return isnan(alpha) ? (limes_list){2, {1, 1}} : (limes_list){2, {sqrt(1 - alpha), sqrt(alpha)}};
}

static const char *residual_unable(const limes_op *op) {
  return tosses(op->param, SHARED) ? "coins=shared makes a mixture of networks, each with its own limit" : NULL;
}

static bool has_coins(const limes_call *call) { return tosses(call->op->param, OWN); }

/* What the body's activations are multiplied with: 0 or 1 / survive */
static size_t residual_tape(const limes_call *call) { return has_coins(call) ? numbers_of(call) : 0; }

static void multiply(size_t n, const double *factor, double *values) {
  for (size_t i = 0; i < n; i++)
    values[i] *= factor[i];
}

/* out += w factor in */
static void add_product(size_t n, double w, const double *factor, const double *in, double *out) {
  for (size_t i = 0; i < n; i++)
    out[i] += w * factor[i] * in[i];
}

static void residual_forward(const limes_call *call) {
  const limes_list weights = residual_weights(call);
  const double *weight = weights.value;
  double *out = call->out->unit;
  size_t n = numbers_of(call);
  if (!has_coins(call)) {
    forward_sum(call, weight);
    return;
  }
  limes_draw_masks(call, ((const residual *)call->op->param)->survive, out);
  if (call->tape != NULL)
    memcpy(call->tape, out, n * sizeof *out);
  multiply(n, call->in[0].unit, out);
  scale(n, weight[0], out, out);
  add(n, weight[1], call->in[1].unit, out);
}

static void residual_tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent,
                             double *out_tangent) {
  (void)theta_tangent;
  const limes_list weights = residual_weights(call);
  const double *weight = weights.value;
  if (!has_coins(call)) {
    tangent_sum(call, weight, in_tangent, out_tangent);
    return;
  }
  memset(out_tangent, 0, numbers_of(call) * sizeof *out_tangent);
  if (in_tangent[0] != NULL)
    add_product(numbers_of(call), weight[0], call->tape, in_tangent[0], out_tangent);
  if (in_tangent[1] != NULL)
    add(numbers_of(call), weight[1], in_tangent[1], out_tangent);
}

static void residual_adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint,
                             double *theta_adjoint) {
  (void)theta_adjoint;
  const limes_list weights = residual_weights(call);
  const double *weight = weights.value;
  if (!has_coins(call)) {
    adjoint_sum(call, weight, out_adjoint, in_adjoint);
    return;
  }
  if (in_adjoint[0] != NULL)
    add_product(numbers_of(call), weight[0], call->tape, out_adjoint, in_adjoint[0]);
  if (in_adjoint[1] != NULL)
    add(numbers_of(call), weight[1], out_adjoint, in_adjoint[1]);
}

static const limes_finite residual_face = {.unable = residual_unable,
                                           .tape = residual_tape,
                                           .forward = residual_forward,
                                           .tangent = residual_tangent,
                                           .adjoint = residual_adjoint,
                                           .linear = true};

const limes_layer_ops limes_layer_residual = {
    .word = "residual",
    .summary = "its branch beside a shortcut: residual(A) is sum(A | identity)",
    .section = "7",
    .param_size = sizeof(residual),
    .params = residual_params,
    .infer = infer_residual,
    .check = check_residual,
    .asks = limes_asks_the_same,
    .cross = cross_residual,
    .scratch = residual_scratch,
    .coin = coin,
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
