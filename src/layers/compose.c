/* identity, sum, residual, repeat: composition (docs/mathematics.md, section 7).
 *
 * Branches have weights of their own, so covariances of a sum add: K <- sum_i w_i K_i, Theta likewise. residual(body) is
 * sum(body | identity); with alpha the weights are 1 - alpha and alpha. identity and repeat leave no op in the program.
 */
#include <math.h>

#include "base/clones.h"
#include "layers/elementwise.h"

static limes_status infer_sum(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
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

/* first * in[0] + rest * each other input. out may stand on in[0], never on another one */
static void weighted_sum(const limes_op *op, const limes_panel *in, limes_panel *out, double first, double rest,
                         limes_work *work) {
  size_t n = out->start[out->n];
  scale(n, first, in[0].cov, out->cov);
  if (out->ntk != NULL)
    scale(n, first, in[0].ntk, out->ntk);
  for (uint32_t i = 1; i < op->n_in; i++) {
    add(n, rest, in[i].cov, out->cov);
    if (out->ntk != NULL)
      add(n, rest, in[i].ntk, out->ntk);
  }
  work->flops += (out->ntk == NULL ? 2 : 4) * (double)op->n_in * (double)n;
}

static double flops_sum(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                        const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)out_x;
  (void)out_y;
  (void)out;
  return (ntk ? 4 : 2) * (double)op->n_in * (double)limes_elements(in, in_x, in_y);
}

/* sum */

static const limes_param none[] = {LIMES_PARAM_END};

static void cross_sum(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                      limes_work *work) {
  (void)x;
  (void)y;
  weighted_sum(op, in, out, 1, 1, work);
}

const limes_layer_ops limes_layer_sum = {
    .word = "sum",
    .summary = "the sum of its branches: sum(A | B | ...)",
    .section = "7",
    .params = none,
    .infer = infer_sum,
    .asks = limes_asks_the_same,
    .cross = cross_sum,
    .kind = LIMES_WORD_SUM,
    .least_branches = 1,
    .most_branches = 1 << 10,
    .in_place = true,
    .flops = flops_sum,
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
  bool plain = isnan(alpha);
  weighted_sum(op, in, out, plain ? 1 : 1 - alpha, plain ? 1 : alpha, work); /* body, identity */
}

const limes_layer_ops limes_layer_residual = {
    .word = "residual",
    .summary = "its branch beside a shortcut: residual(A) is sum(A | identity)",
    .section = "7",
    .param_size = sizeof(residual),
    .params = residual_params,
    .infer = infer_sum,
    .asks = limes_asks_the_same,
    .cross = cross_residual,
    .kind = LIMES_WORD_RESIDUAL,
    .least_branches = 1,
    .most_branches = 1,
    .in_place = true,
    .flops = flops_sum,
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
