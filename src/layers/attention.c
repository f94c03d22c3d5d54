/* attention: multi-head attention, here with logits / d and tied query and key weights (scale=linear).
 *
 * Infinite width (docs/mathematics.md, section 5.1) [Hron, Bahri, Sohl-Dickstein, Novak 2020, sections 2 and 3]: the logits
 * become deterministic, Z(x) = zeta(q_std k_std K~(x,x)) row by row over the visible keys, K~ = K + position_std^2 R with
 * positions (concat: (1 - share) K + share position_std^2 R; only: position_std^2 R), and
 *     K     <- sigma^2 Z(x) K Z(x')^T + b_std^2,                         sigma = v_std o_std,
 *     Theta <- sigma^2 Z(x) Theta Z(x')^T + b_std^2 + 2 (K_new - b_std^2),
 * with K~, Theta~ in place of K, Theta where embeddings enter the values too. scale=sqrt: see attention_sqrt.c.
 */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/attention_sqrt.h"
#include "layers/elementwise.h"
#include "layers/positions.h"
#include "layers/run.h"
#include "math/linear.h"

enum { LINEAR, SQRT };
enum { SOFTMAX, IDENTITY, RELU, ABS, ERF };
enum { NO_POSITIONS, SUM, CONCAT, ONLY };
static const char *const scale_names[] = {"linear", "sqrt", NULL};
static const char *const zeta_names[] = {"softmax", "identity", "relu", "abs", "erf", NULL};
static const char *const position_names[] = {"none", "sum", "concat", "only", NULL};

typedef struct {
  int scale, zeta;
  double qk_correlation;
  double q_std, k_std, v_std, o_std, b_std;
  int position;
  double position_std, position_share;
  uint32_t position_width, input_width;
  int decay;
  double decay_rate, decay_power, position_norm;
  bool in_values, causal;
  uint32_t heads, key_width, value_width, width;
} attention;

static const limes_param params[] = {
    LIMES_PARAM_CHOICES(attention, scale, LINEAR, scale_names,
                        "logits / key width with query and key weights tied, or / its root with independent ones"),
    LIMES_PARAM_CHOICES(attention, zeta, SOFTMAX, zeta_names, "what makes weights of logits"),
    {LIMES_FIELD(attention, qk_correlation), .kind = LIMES_PARAM_REAL, .fallback = NAN, .least = 0, .most = 1,
     .help = "zeta=identity, in place of scale: between scale=sqrt (0) and scale=linear (1)"},
    LIMES_PARAM_STD(attention, q_std, 1, "standard deviation of the query weights"),
    LIMES_PARAM_STD(attention, k_std, 1, "standard deviation of the key weights"),
    LIMES_PARAM_STD(attention, v_std, 1, "standard deviation of the value weights"),
    LIMES_PARAM_STD(attention, o_std, 1, "standard deviation of the output weights"),
    LIMES_PARAM_STD(attention, b_std, 0, "standard deviation of the output bias"),
    LIMES_PARAM_CHOICES(attention, position, NO_POSITIONS, position_names,
                        "how positional embeddings join queries and keys; only: alone"),
    LIMES_PARAM_STD(attention, position_std, 1, "standard deviation of the embeddings"),
    LIMES_PARAM_SHARE(attention, position_share, 0.5, "concat: share of the channels that are embeddings"),
    {LIMES_FIELD(attention, position_width), .kind = LIMES_PARAM_COUNT, .fallback = NAN, .least = 1, .most = 1 << 30,
     .help = "concat, with input_width: channels of the embeddings, in place of position_share"},
    {LIMES_FIELD(attention, input_width), .kind = LIMES_PARAM_COUNT, .fallback = NAN, .least = 1, .most = 1 << 30,
     .help = "concat, with position_width: channels of the features"},
    LIMES_PARAM_CHOICES(attention, decay, LIMES_DECAY_NONE, limes_decay_names, "covariance of two embeddings by their distance"),
    LIMES_PARAM_STD(attention, decay_rate, NAN, "factor of the distance; when left out: 1, or 5 for decay=relative"),
    LIMES_PARAM_POSITIVE(attention, decay_power, 1, "power of rate times distance"),
    LIMES_PARAM_POSITIVE(attention, position_norm, 2, "distance = sum over axes of |a - b| to this power"),
    LIMES_PARAM_YES_NO(attention, in_values, 0, "whether embeddings enter the values too"),
    LIMES_PARAM_YES_NO(attention, causal, 0, "whether a position sees only those up to itself"),
    LIMES_PARAM_WIDTH(attention, heads, 8, "heads of a finite network"),
    LIMES_PARAM_WIDTH(attention, key_width, 64, "channels of a key in a finite network"),
    LIMES_PARAM_WIDTH(attention, value_width, 64, "channels of a value in a finite network"),
    LIMES_PARAM_WIDTH(attention, width, 512, "channels of a finite network"),
    LIMES_PARAM_END,
};

static limes_status check(limes_context *context, const void *param) {
  const attention *p = param;
  if ((p->position_width == 0) != (p->input_width == 0))
    return limes_fail(context, LIMES_WRONG_USE, "position_width and input_width go together: give both, or position_share");
  if (p->in_values && p->position != SUM && p->position != CONCAT)
    return limes_fail(context, LIMES_WRONG_USE,
                      "in_values=yes needs embeddings beside features: give position=sum or position=concat");
  if (!isnan(p->qk_correlation) && (p->scale != LINEAR || p->zeta != IDENTITY))
    return limes_fail(context, LIMES_WRONG_USE, "qk_correlation is for zeta=identity and stands in place of scale: %s",
                      p->scale != LINEAR ? "leave scale out" : "give zeta=identity");
  if (p->scale == SQRT && p->zeta != IDENTITY && p->zeta != RELU && p->zeta != ABS && p->zeta != ERF)
    return limes_fail(
        context, LIMES_WRONG_USE,
        "zeta=%s has no closed form with scale=sqrt, where logits stay random: give zeta=identity, relu, abs or erf, or "
        "scale=linear",
        zeta_names[p->zeta]);
  return LIMES_OK;
}

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

static limes_decay decay_of(const attention *p) {
  double rate = !isnan(p->decay_rate) ? p->decay_rate : p->decay == LIMES_DECAY_RELATIVE ? 5 : 1;
  return (limes_decay){.kind = p->decay, .rate = rate, .power = p->decay_power, .norm = p->position_norm};
}

/* K~ = features * K + embeddings * R */
static void mixture(const attention *p, double *features, double *embeddings) {
  double share = p->input_width == 0 ? p->position_share : p->position_width / ((double)p->position_width + p->input_width);
  double square = p->position_std * p->position_std;
  *features = p->position == CONCAT ? 1 - share : p->position == ONLY ? 0 : 1;
  *embeddings = p->position == NO_POSITIONS ? 0 : p->position == CONCAT ? share * square : square;
}

/* The part of scale=sqrt */
static limes_attention_sqrt random_part(const attention *p) {
  double sharp = p->q_std * p->k_std, sigma = p->v_std * p->o_std;
  limes_attention_sqrt part = {.sharp2 = sharp * sharp,
                               .sigma2 = sigma * sigma,
                               .b2 = p->b_std * p->b_std,
                               .positions = p->position != NO_POSITIONS,
                               .in_values = p->in_values,
                               .causal = p->causal,
                               .decay = decay_of(p)};
  mixture(p, &part.features, &part.embeddings);
  part.erf = p->zeta == ERF;
  limes_attention_sqrt_slopes(&part, p->zeta == IDENTITY ? 1 : p->zeta == ABS ? -1 : 0, 1);
  return part;
}

/* How much of scale=sqrt there is beside scale=linear (qk_correlation) */
static double random_share(const attention *p) {
  return isnan(p->qk_correlation) ? 0 : 1 - p->qk_correlation * p->qk_correlation;
}

static bool is_sqrt(const limes_op *op) { return ((const attention *)op->param)->scale == SQRT; }

static bool random_weights(const limes_op *op) { return is_sqrt(op) || random_share(op->param) > 0; }

static limes_layout asks(const limes_op *op, limes_layout out, bool own) {
  const attention *p = op->param;
  if (p->scale == SQRT) {
    limes_attention_sqrt part = random_part(p);
    return limes_attention_sqrt_asks(&part, out, own);
  }
  if (out == LIMES_ABSENT && (!own || p->position == ONLY))
    return LIMES_ABSENT;
  return LIMES_FULL;
}

/* self: the attention matrix Z */

static limes_trace_size trace_size(const limes_op *op) {
  const attention *p = op->param;
  limes_attention_sqrt part = random_part(p);
  if (p->scale == SQRT)
    return limes_attention_sqrt_trace_size(&part);
  bool mixed = random_share(p) > 0;
  return (limes_trace_size){.positions = mixed ? 2 : 0, .matrices = p->in_values || (mixed && part.positions) ? 2 : 1};
}

static bool sees(const attention *p, const limes_grid *grid, uint32_t a, uint32_t c) {
  return (!p->causal || c <= a) && (grid->hidden == NULL || (!grid->hidden[a] && !grid->hidden[c]));
}

static double zeta(int kind, double logit) {
  return kind == IDENTITY ? logit : kind == RELU ? fmax(logit, 0) : kind == ERF ? erf(logit) : fabs(logit);
}

/* Rows of z, column-major T x T, from logits in place */
static void softmax_row(const attention *p, const limes_grid *grid, uint32_t a, double *z) {
  size_t T = grid->T;
  double largest = -INFINITY, sum = 0;
  for (uint32_t c = 0; c < T; c++)
    if (sees(p, grid, a, c))
      largest = fmax(largest, z[a + c * T]);
  for (uint32_t c = 0; c < T; c++) {
    z[a + c * T] = sees(p, grid, a, c) ? exp(z[a + c * T] - largest) : 0;
    sum += z[a + c * T];
  }
  for (uint32_t c = 0; c < T; c++)
    z[a + c * T] = sum > 0 ? z[a + c * T] / sum : 0;
}

static void weights(const attention *p, const limes_grid *grid, double *z) {
  size_t T = grid->T;
  if (p->zeta == SOFTMAX) {
    for (uint32_t a = 0; a < T; a++)
      softmax_row(p, grid, a, z);
    return;
  }
  for (uint32_t c = 0; c < T; c++)
    for (uint32_t a = 0; a < T; a++)
      z[a + c * T] = sees(p, grid, a, c) ? zeta(p->zeta, z[a + c * T]) : 0;
}

static void trace(const limes_op *op, const limes_panel *own, limes_trace *kept, limes_work *work) {
  (void)work;
  const attention *p = op->param;
  if (p->scale == SQRT) {
    limes_attention_sqrt part = random_part(p);
    limes_attention_sqrt_trace(&part, own, kept);
    return;
  }
  if (random_share(p) > 0) {
    limes_attention_sqrt part = random_part(p);
    limes_trace beside = *kept;
    beside.matrix[0] = kept->matrix[1];
    limes_attention_sqrt_trace(&part, own, &beside);
  }
  limes_decay decay = decay_of(p);
  double features, embeddings, *z = kept->matrix[0];
  const limes_grid *grid = kept->grid;
  mixture(p, &features, &embeddings);
  size_t n = (size_t)grid->T * grid->T;
  if (features != 0)
    memcpy(z, own->cov, n * sizeof *z);
  else
    memset(z, 0, n * sizeof *z);
  double sharp = p->q_std * p->k_std;
  if (p->position == NO_POSITIONS)
    for (size_t i = 0; i < n; i++)
      z[i] *= sharp;
  else
    limes_add_positions(&decay, grid, grid, sharp * features, sharp * embeddings, z, z);
  weights(p, grid, z);
  if (p->in_values) {
    memset(kept->matrix[1], 0, n * sizeof *z);
    limes_add_positions(&decay, grid, grid, 1, embeddings, kept->matrix[1], kept->matrix[1]);
  }
}

/* cross */

/* K~ of the values of one panel: in -> out. Items of one size share x's own R. */
static void enter_values(const attention *p, const limes_panel *in, const limes_trace *x, const double *from, double *to) {
  limes_decay decay = decay_of(p);
  double features, embeddings;
  mixture(p, &features, &embeddings);
  for (size_t j = 0; j < in->n; j++) {
    const limes_grid *y = &in->y[j];
    const double *source = from + in->start[j];
    double *target = to + in->start[j];
    if (y->size[0] != in->x->size[0] || y->size[1] != in->x->size[1])
      limes_add_positions(&decay, in->x, y, features, embeddings, source, target);
    else
      for (size_t i = 0; i < (size_t)y->T * y->T; i++)
        target[i] = features * source[i] + x->matrix[1][i];
  }
}

/* diagonal[a] = sum_b q[a + b T] z[a + b T] */
LIMES_CLONES
static void row_products(size_t T, const double *q, const double *z, double *diagonal) {
  memset(diagonal, 0, T * sizeof *diagonal);
  for (size_t b = 0; b < T; b++)
    for (size_t a = 0; a < T; a++)
      diagonal[a] += q[a + b * T] * z[a + b * T];
}

/* out = Z(x) values Z(y)^T for the panel, or its diagonals; scratch [elements of the panel] holds Z(x) values */
static void sandwich(const limes_panel *in, const limes_panel *out, const double *values, const limes_trace *x,
                     const limes_trace *y, double *result, double *scratch) {
  size_t T = in->x->T, columns = in->start[in->n] / T;
  limes_gemm(false, false, T, columns, T, 1, x->matrix[0], T, values, T, 0, scratch, T);
  for (size_t j = 0; j < in->n; j++) {
    size_t T_y = in->y[j].T;
    const double *q = scratch + in->start[j], *z = y[j].matrix[0];
    if (out->layout == LIMES_FULL)
      limes_gemm(false, true, T, T_y, T_y, 1, q, T, z, T_y, 0, result + out->start[j], T);
    else
      row_products(T, q, z, result + out->start[j]);
  }
}

LIMES_CLONES
static void finish(size_t n, double sigma2, double b2, double *cov, double *ntk) {
  for (size_t i = 0; i < n; i++) {
    double k = sigma2 * cov[i];
    cov[i] = k + b2;
    if (ntk != NULL)
      ntk[i] = sigma2 * ntk[i] + b2 + 2 * k;
  }
}

static double sandwich_flops(const limes_grid *x, const limes_grid *y, limes_layout out) {
  double T = x->T, T_y = y->T;
  return 2 * T * T * T_y + (out == LIMES_FULL ? 2 * T * T_y * T_y : 2 * T * T_y);
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  const attention *p = op->param;
  if (p->scale == SQRT) {
    limes_attention_sqrt part = random_part(p);
    limes_attention_sqrt_cross(&part, in, out, x, y, work);
    return;
  }
  size_t n = in->start[in->n];
  double *product = work->scratch, *values = work->scratch + n;
  if (p->in_values)
    enter_values(p, in, x, in->cov, values);
  sandwich(in, out, p->in_values ? values : in->cov, x, y, out->cov, product);
  if (in->ntk != NULL) {
    if (p->in_values)
      enter_values(p, in, x, in->ntk, values);
    sandwich(in, out, p->in_values ? values : in->ntk, x, y, out->ntk, product);
  }
  double sigma = p->v_std * p->o_std;
  finish(out->start[out->n], sigma * sigma, p->b_std * p->b_std, out->cov, out->ntk);
  for (size_t j = 0; j < in->n; j++)
    work->flops += (in->ntk == NULL ? 1 : 2) * sandwich_flops(in->x, &in->y[j], out->layout);
  if (random_share(p) > 0) {
    limes_attention_sqrt part = random_part(p);
    limes_attention_sqrt_mix(&part, random_share(p), in, out, x, y, work);
  }
}

static size_t scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  (void)out_elements;
  if (is_sqrt(op)) {
    limes_attention_sqrt part = random_part(op->param);
    return limes_attention_sqrt_scratch(&part, in_elements, largest);
  }
  size_t linear = (((const attention *)op->param)->in_values ? 2 : 1) * in_elements, mixed = 0;
  if (random_weights(op)) {
    limes_attention_sqrt part = random_part(op->param);
    mixed = limes_attention_sqrt_mix_scratch(&part, in_elements, largest);
  }
  return linear > mixed ? linear : mixed;
}

static double flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                    const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)out_x;
  (void)out_y;
  (void)in;
  if (is_sqrt(op)) {
    limes_attention_sqrt part = random_part(op->param);
    return limes_attention_sqrt_flops(&part, in_x, in_y, out, ntk);
  }
  double linear = (ntk ? 2 : 1) * sandwich_flops(in_x, in_y, out);
  if (!random_weights(op))
    return linear;
  limes_attention_sqrt part = random_part(op->param);
  return linear + limes_attention_sqrt_flops(&part, in_x, in_y, out, ntk);
}

static double trace_flops(const limes_op *op, const limes_grid *in) {
  if (is_sqrt(op))
    return 3 * (double)in->T;
  return 20 * (double)in->T * in->T; /* an exponential is worth about that */
}

/* A decay may have negative eigenvalues. Where embeddings only shape Z that is a warning; in the values they would make
 * kernels that are no covariances. */
static limes_status examine(limes_context *context, const limes_op *op, const limes_grid *largest) {
  const attention *p = op->param;
  limes_decay decay = decay_of(p);
  double smallest = 0;
  if (p->position == NO_POSITIONS || limes_positions_sure(&decay, largest->axes))
    return LIMES_OK;
  limes_status status = limes_positions_smallest(context, &decay, largest, &smallest);
  if (status != LIMES_OK || smallest > -1e-10)
    return status;
  if (p->in_values || random_weights(op))
    return limes_fail(context, LIMES_WRONG_USE,
                      "this decay is not a covariance (smallest eigenvalue %.3g over %u positions) and %s needs one: "
                      "take a smaller decay_power, or decay=relative",
                      smallest, largest->T,
                      p->in_values       ? "in_values=yes"
                      : p->scale == SQRT ? "scale=sqrt"
                                         : "qk_correlation");
  limes_log(context, LIMES_LOG_WARNING, "attention: this decay is not a covariance (smallest eigenvalue %.3g over %u positions)",
            smallest, largest->T);
  return LIMES_OK;
}

const limes_layer_ops limes_layer_attention = {
    .word = "attention",
    .summary = "multi-head attention, its heads and channels without number",
    .section = "5",
    .param_size = sizeof(attention),
    .params = params,
    .infer = infer,
    .asks = asks,
    .cross = cross,
    .check = check,
    .trace_size = trace_size,
    .trace = trace,
    .scratch = scratch,
    .flops = flops,
    .trace_flops = trace_flops,
    .random_weights = random_weights,
    .examine = examine,
};
