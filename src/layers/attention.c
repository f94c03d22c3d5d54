/* attention: multi-head attention with logits / d and tied query and key weights (scale=linear).
 *
 * Infinite width (docs/mathematics.md, section 5.1) [Hron, Bahri, Sohl-Dickstein, Novak 2020, sections 2 and 3]: the logits
 * become deterministic, Z(x) = zeta(q_std k_std K~(x,x)) row by row over the visible keys, K~ = K + position_std^2 R with
 * positions (concat: (1 - share) K + share position_std^2 R; only: position_std^2 R), and
 *     K     <- sigma^2 Z(x) K Z(x')^T + b_std^2,                         sigma = v_std o_std,
 *     Theta <- sigma^2 Z(x) Theta Z(x')^T + b_std^2 + 2 (K_new - b_std^2),
 * with K~, Theta~ in place of K, Theta where embeddings enter the values too. scale=sqrt: attention_sqrt.c. center and skip:
 * shaped attention [Noci et al. 2023]. What makes Z is in attention_weights.c and zeta.c.
 */
#include "layers/attention.h"

#include <math.h>
#include <string.h>

#include "layers/attention_finite.h"
#include "layers/attention_sqrt.h"
#include "layers/elementwise.h"
#include "layers/sampled.h"
#include "layers/sandwich.h"

/* The trace's matrices: Z, the embeddings' covariance where it enters values, Z by rows where zeta makes zeros. */
enum { WEIGHTS, EMBEDDINGS };

static const limes_param params[] = {
    LIMES_ATTENTION_ZETA("logits / key width with query and key weights tied, or / its root with independent ones"),
    {LIMES_FIELD(limes_attention, qk_correlation), .kind = LIMES_PARAM_REAL, .fallback = NAN, .least = 0, .most = 1,
     .help = "in place of scale: between scale=sqrt (0) and scale=linear (1)"},
    LIMES_PARAM_YES_NO(limes_attention, center, 0, "whether 1 / (visible keys) is taken from every weight"),
    LIMES_PARAM_NUMBER(limes_attention, skip, 0, "added to the weight of a position on itself"),
    LIMES_ATTENTION_STDS,
    LIMES_ATTENTION_POSITIONS,
    LIMES_PARAM_YES_NO(limes_attention, in_values, 0, "whether embeddings enter the values too"),
    LIMES_PARAM_YES_NO(limes_attention, causal, 0, "whether a position sees only those up to itself"),
    LIMES_ATTENTION_SAMPLES,
    LIMES_ATTENTION_WIDTHS,
    LIMES_PARAM_END,
};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  if (in->axes == 0)
    return limes_fail(
        context, LIMES_WRONG_USE,
        "attention needs positions to attend to, and behind %s there are none: use it before pooling, on items [T,C] or [H,W,C]",
        in->made_by);
  limes_keep_shape(op, in, out);
  out->gaussian = out->zero_mean = true;
  return LIMES_OK;
}

/* r of qk_correlation; 0: scale decides */
static double correlation(const limes_attention *p) { return isnan(p->qk_correlation) ? 0 : p->qk_correlation; }

/* Whether all is the part of scale=sqrt, with means where qk_correlation is not 0. For zeta=identity the two scales add. */
static bool is_sqrt(const limes_attention *p) {
  bool between = !isnan(p->qk_correlation) && p->qk_correlation < 1 && p->zeta != LIMES_ZETA_IDENTITY;
  return p->scale == LIMES_SCALE_SQRT || between;
}

/* Whether its weights have no closed form */
static bool is_sampled(const limes_attention *p) { return is_sqrt(p) && limes_sampled_zeta(p); }

static bool sampled(const limes_op *op) { return is_sampled(op->param); }

static limes_attention_sqrt random_part(const limes_attention *p) {
  return limes_attention_random_part(p, is_sqrt(p) ? correlation(p) : 0);
}

static limes_sampled sampled_part(const limes_attention *p) { return (limes_sampled){.p = p, .part = random_part(p)}; }

/* How much of scale=sqrt there is beside scale=linear (zeta=identity with qk_correlation) */
static double random_share(const limes_attention *p) {
  return isnan(p->qk_correlation) || is_sqrt(p) ? 0 : 1 - p->qk_correlation * p->qk_correlation;
}

static bool random_weights(const limes_op *op) { return is_sqrt(op->param) || random_share(op->param) > 0; }

static limes_status refuse_between(limes_context *context, const limes_attention *p) {
  return limes_fail(
      context, LIMES_WRONG_USE,
      "zeta=%.*s has no closed form with qk_correlation, where logits stay random: give zeta=identity, relu, abs or "
      "erf, or scale=sqrt or scale=linear in place of qk_correlation",
      (int)strcspn(limes_zeta_names[p->zeta], "("), limes_zeta_names[p->zeta]);
}

static limes_status check_random(limes_context *context, const limes_attention *p) {
  bool given = !isnan(p->qk_correlation), random = is_sqrt(p) || random_share(p) > 0;
  if (given && p->scale == LIMES_SCALE_SQRT)
    return limes_fail(context, LIMES_WRONG_USE, "qk_correlation stands in place of scale: leave scale out");
  if (given && random && !limes_zeta_is_elementwise(p->zeta))
    return refuse_between(context, p);
  if (random && (p->center || p->skip != 0))
    return limes_fail(context, LIMES_WRONG_USE, "center and skip shape the weights of scale=linear: leave them out with %s",
                      given ? "qk_correlation" : "scale=sqrt");
  return limes_sampled_check(context, p);
}

static limes_status check(limes_context *context, const void *param) {
  limes_status status = limes_attention_check(context, param);
  return status == LIMES_OK ? check_random(context, param) : status;
}

static limes_status examine(limes_context *context, const limes_op *op, const limes_grid *largest) {
  const limes_attention *p = op->param;
  const char *needs = p->in_values               ? "in_values=yes"
                      : !random_weights(op)      ? NULL
                      : isnan(p->qk_correlation) ? "scale=sqrt"
                                                 : "qk_correlation";
  return limes_attention_examine(context, op, largest, needs);
}

static limes_layout asks(const limes_op *op, limes_layout out, bool own) {
  const limes_attention *p = op->param;
  if (is_sqrt(p) && !(is_sampled(p) && own)) {
    limes_attention_sqrt part = random_part(p);
    return limes_attention_sqrt_asks(&part, out, own);
  }
  if (out == LIMES_ABSENT && (!own || p->position == LIMES_POSITION_ONLY))
    return LIMES_ABSENT;
  return LIMES_FULL;
}

/* Centred weights are zero nowhere. */
static bool may_be_sparse(const limes_attention *p) {
  limes_zeta zeta = limes_attention_zeta(p);
  return !p->center && limes_zeta_is_sparse(&zeta);
}

static uint32_t rows_at(const limes_attention *p) { return p->in_values ? EMBEDDINGS + 1 : EMBEDDINGS; }

static limes_trace_size trace_size(const limes_op *op) {
  const limes_attention *p = op->param;
  limes_sampled s = sampled_part(p);
  if (is_sampled(p))
    return limes_sampled_trace_size(&s);
  if (is_sqrt(p))
    return limes_attention_sqrt_trace_size(&s.part);
  if (random_share(p) > 0)
    return (limes_trace_size){.positions = 2, .matrices = p->in_values || s.part.positions ? 2 : 1};
  return (limes_trace_size){.matrices = rows_at(p) + may_be_sparse(p)};
}

static void trace(const limes_op *op, const limes_panel *own, limes_trace *kept, limes_work *work) {
  const limes_attention *p = op->param;
  const limes_grid *grid = kept->grid;
  limes_sampled s = sampled_part(p);
  if (is_sampled(p)) {
    limes_sampled_trace(&s, own, kept, work);
    return;
  }
  if (is_sqrt(p)) {
    limes_attention_sqrt_trace(&s.part, own, kept);
    return;
  }
  if (random_share(p) > 0) {
    limes_trace beside = *kept;
    beside.matrix[0] = kept->matrix[EMBEDDINGS];
    limes_attention_sqrt_trace(&s.part, own, &beside);
  }
  limes_attention_logits(p, own, kept->matrix[WEIGHTS]);
  limes_attention_weights(p, grid, kept->matrix[WEIGHTS], work->scratch);
  if (may_be_sparse(p))
    limes_store_rows(grid->T, kept->matrix[WEIGHTS], kept->matrix[rows_at(p)]);
  if (p->in_values) {
    double features, embeddings, *r = kept->matrix[EMBEDDINGS];
    limes_decay decay = limes_attention_decay(p);
    limes_attention_mixture(p, &features, &embeddings);
    memset(r, 0, (size_t)grid->T * grid->T * sizeof *r);
    limes_add_positions(&decay, grid, grid, 1, embeddings, r, r);
  }
}

/* K~ of the values of one panel: in -> out. Items of one size share x's own R. */
static void enter_values(const limes_attention *p, const limes_panel *in, const limes_trace *x, const double *from, double *to) {
  limes_decay decay = limes_attention_decay(p);
  double features, embeddings;
  limes_attention_mixture(p, &features, &embeddings);
  for (size_t j = 0; j < in->n; j++) {
    const limes_grid *y = &in->y[j];
    const double *source = from + in->start[j];
    double *target = to + in->start[j];
    if (y->size[0] != in->x->size[0] || y->size[1] != in->x->size[1])
      limes_add_positions(&decay, in->x, y, features, embeddings, source, target);
    else
      for (size_t i = 0; i < (size_t)y->T * y->T; i++)
        target[i] = features * source[i] + x->matrix[EMBEDDINGS][i];
  }
}

/* scale=linear */
static void linear_cross(const limes_attention *p, const limes_panel *in, limes_panel *out, const limes_trace *x,
                         const limes_trace *y, limes_work *work) {
  size_t n = in->start[in->n];
  int rows = may_be_sparse(p) ? (int)rows_at(p) : LIMES_NEVER_SPARSE;
  double *values = work->scratch, *product = work->scratch + (p->in_values ? n : 0);
  if (p->in_values)
    enter_values(p, in, x, in->cov, values);
  limes_sandwich(in, out, p->in_values ? values : in->cov, x, y, rows, out->cov, product);
  if (in->ntk != NULL) {
    if (p->in_values)
      enter_values(p, in, x, in->ntk, values);
    limes_sandwich(in, out, p->in_values ? values : in->ntk, x, y, rows, out->ntk, product);
  }
  limes_attention_finish(p, out->start[out->n], out->cov, out->ntk);
  for (size_t j = 0; j < in->n; j++)
    work->flops += (in->ntk == NULL ? 1 : 2) * limes_sandwich_flops(in->x, &in->y[j], out->layout);
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  const limes_attention *p = op->param;
  limes_sampled s = sampled_part(p);
  if (is_sampled(p)) {
    limes_sampled_cross(&s, op, in, out, x, y, work);
    return;
  }
  if (is_sqrt(p)) {
    limes_attention_sqrt_cross(&s.part, in, out, x, y, work);
    return;
  }
  linear_cross(p, in, out, x, y, work);
  if (random_share(p) > 0)
    limes_attention_sqrt_mix(&s.part, random_share(p), in, out, x, y, work);
}

static size_t scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  (void)out_elements;
  const limes_attention *p = op->param;
  limes_attention_sqrt part = random_part(p);
  if (is_sampled(p))
    return limes_sampled_scratch(largest);
  if (is_sqrt(p))
    return limes_attention_sqrt_scratch(&part, in_elements, largest);
  size_t linear = (p->in_values ? in_elements : 0) + limes_sandwich_scratch(in_elements, largest);
  size_t mixed = random_share(p) > 0 ? limes_attention_sqrt_mix_scratch(&part, in_elements, largest) : 0;
  return linear > mixed ? linear : mixed;
}

static double flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                    const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)out_x;
  (void)out_y;
  (void)in;
  const limes_attention *p = op->param;
  limes_sampled s = sampled_part(p);
  if (is_sampled(p))
    return limes_sampled_flops(&s, in_x, in_y, ntk);
  double linear = is_sqrt(p) ? 0 : (ntk ? 2 : 1) * limes_sandwich_flops(in_x, in_y, out);
  return linear + (random_weights(op) ? limes_attention_sqrt_flops(&s.part, in_x, in_y, out, ntk) : 0);
}

static double trace_flops(const limes_op *op, const limes_grid *in) {
  if (sampled(op))
    return limes_sampled_trace_flops(in);
  if (is_sqrt(op->param))
    return 3 * (double)in->T;
  return 20 * (double)in->T * in->T; /* an exponential is worth about that */
}

const limes_layer_ops limes_layer_attention = {
    .word = "attention",
    .summary = "multi-head attention, its heads and channels without number",
    .section = "5",
    .param_size = sizeof(limes_attention),
    .params = params,
    .infer = infer,
    .affine = true,
    .asks = asks,
    .cross = cross,
    .check = check,
    .trace_size = trace_size,
    .trace = trace,
    .scratch = scratch,
    .flops = flops,
    .trace_flops = trace_flops,
    .random_weights = random_weights,
    .sampled = sampled,
    .examine = examine,
    .finite = &limes_attention_finite,
};
