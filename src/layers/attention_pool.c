/* attention_pool: pools positions, or those of each segment, with attention weights of one query.
 *
 * Infinite width (docs/mathematics.md, section 5): the weights z(x) are zeta of the mean row of the logits of attention over
 * the visible positions a of the segment, z_c = zeta(q_std k_std mean_a K~_ac(x,x)), and
 *     K     <- sigma^2 z(x)^T K z(x') + b_std^2,                          sigma = v_std o_std,
 *     Theta <- sigma^2 z(x)^T Theta z(x') + b_std^2 + 2 (K_new - b_std^2).
 * A learned query is independent of the keys: its logits are zero, which for softmax is the mean over the positions. With
 * scale=sqrt they are random, N(0, (q_std k_std)^2 K~): closed forms are in attention_pool_sqrt.c, others are sampled
 * (sampled.c).
 */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/attention_finite.h"
#include "layers/attention_pool_sqrt.h"
#include "layers/elementwise.h"
#include "layers/sampled.h"

enum { MEAN, LEARNED };
static const char *const query_names[] = {"mean", "learned", NULL};

/* The trace's arrays: z [T]; where each segment ends [S <= T] */
enum { WEIGHTS, ENDS };

static const limes_param params[] = {
    LIMES_PARAM_CHOICES(limes_attention, query, MEAN, query_names,
                        "the mean of the positions' queries, or a vector of its own for all items"),
    LIMES_ATTENTION_ZETA("logits / key width with query and key weights tied, or, query=learned, / its root"),
    LIMES_ATTENTION_STDS,
    LIMES_ATTENTION_POSITIONS,
    LIMES_ATTENTION_SAMPLES,
    LIMES_ATTENTION_WIDTHS,
    LIMES_PARAM_END,
};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  if (in->axes == 0)
    return limes_fail(context, LIMES_WRONG_USE,
                      "attention_pool needs positions to pool, and behind %s there are none: leave it out%s", in->made_by,
                      strcmp(in->made_by, op->ops->word) == 0 ? ", or give the data segments" : "");
  limes_keep_shape(op, in, out);
  out->gaussian = out->zero_mean = true;
  out->axes = in->segments ? 1 : 0;
  out->segments = false;
  return LIMES_OK;
}

static limes_status grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out) {
  (void)op;
  if (in->segments > 0 && in->segment == NULL)
    return limes_fail(context, LIMES_WRONG_USE,
                      "a layer before attention_pool has moved the positions, so that their segments are lost: use padding=same "
                      "and stride=1 up to there");
  uint32_t S = in->segments == 0 ? 1 : in->segments;
  *out = (limes_grid){.axes = in->segments == 0 ? 0 : 1, .T = S, .size = {1, S}, .visible = S};
  return LIMES_OK;
}

static bool is_sqrt(const limes_attention *p) { return p->scale == LIMES_SCALE_SQRT; }
static bool random_weights(const limes_op *op) { return is_sqrt(op->param); }

/* Whether the random weights have no closed form */
static bool sampled(const limes_op *op) { return is_sqrt(op->param) && limes_sampled_zeta(op->param); }

static limes_sampled sampled_part(const limes_attention *p) {
  return (limes_sampled){.p = p, .part = limes_attention_random_part(p, 0), .one_query = true};
}

static limes_status check(limes_context *context, const void *param) {
  const limes_attention *p = param;
  limes_status status = limes_attention_check(context, param);
  if (status != LIMES_OK)
    return status;
  if (is_sqrt(p) && p->query != LEARNED)
    return limes_fail(context, LIMES_WRONG_USE,
                      "scale=sqrt of a pool is for a query of its own: give query=learned, or leave scale out");
  if (!is_sqrt(p) && p->query == LEARNED && p->zeta == LIMES_ZETA_TOPK)
    return limes_fail(
        context, LIMES_WRONG_USE,
        "the logits of a learned query vanish with scale=linear, and which of them are the largest stays a matter of "
        "chance: take zeta=softmax, or scale=sqrt");
  return limes_sampled_check(context, p);
}

static limes_layout asks(const limes_op *op, limes_layout out, bool own) {
  const limes_attention *p = op->param;
  if (is_sqrt(p) && !sampled(op) && out == LIMES_ABSENT)
    return own && p->position != LIMES_POSITION_ONLY ? LIMES_DIAGONAL : LIMES_ABSENT;
  bool needed = own && (p->query == MEAN || sampled(op)) && p->position != LIMES_POSITION_ONLY;
  return out == LIMES_ABSENT && !needed ? LIMES_ABSENT : LIMES_FULL;
}

/* self: the weights z */

static limes_trace_size trace_size(const limes_op *op) {
  const limes_attention *p = op->param;
  limes_sampled s = sampled_part(p);
  if (sampled(op))
    return limes_sampled_trace_size(&s);
  bool embeddings = is_sqrt(p) && p->position != LIMES_POSITION_NONE;
  return (limes_trace_size){.positions = is_sqrt(p) ? 3 : 2, .matrices = embeddings ? 1 : 0};
}

static uint32_t segment_of(const limes_grid *grid, uint32_t a) { return grid->segment == NULL ? 0 : grid->segment[a]; }

/* Weights of the visible positions among [first, end) from logits [T x T], 1 where those are random; row: [2 T] numbers of
 * scratch */
static void weigh_segment(const limes_attention *p, const limes_grid *grid, uint32_t first, uint32_t end, const double *logits,
                          double *z, double *row) {
  limes_zeta zeta = limes_attention_zeta(p);
  const uint8_t *hidden = grid->hidden;
  size_t T = grid->T, n = 0;
  for (uint32_t c = first; c < end; c++)
    n += hidden == NULL || !hidden[c];
  for (uint32_t c = first, i = 0; c < end; c++) {
    if (hidden != NULL && hidden[c])
      continue;
    row[i] = 0;
    for (uint32_t a = first; a < end && logits != NULL; a++)
      row[i] += hidden == NULL || !hidden[a] ? logits[a + c * T] : 0;
    row[i++] /= (double)n;
  }
  if (is_sqrt(p))
    for (size_t i = 0; i < n; i++)
      row[i] = 1;
  else
    limes_zeta_weights(&zeta, n, row, row + T);
  for (uint32_t c = first, i = 0; c < end; c++)
    z[c] = hidden == NULL || !hidden[c] ? row[i++] : 0;
}

static void trace(const limes_op *op, const limes_panel *own, limes_trace *kept, limes_work *work) {
  const limes_attention *p = op->param;
  if (sampled(op)) {
    limes_sampled s = sampled_part(p);
    limes_sampled_trace(&s, own, kept, work);
    return;
  }
  const limes_grid *grid = kept->grid;
  uint32_t T = grid->T, S = 0;
  bool mean = p->query == MEAN;
  double *row = work->scratch, *logits = row + 2 * (size_t)T;
  if (mean)
    limes_attention_logits(p, own, logits);
  if (is_sqrt(p))
    limes_pool_sqrt_trace(p, own, kept);
  for (uint32_t first = 0, end; first < T; first = end) {
    for (end = first + 1; end < T && segment_of(grid, end) == segment_of(grid, first);)
      end++;
    weigh_segment(p, grid, first, end, mean ? logits : NULL, kept->position[WEIGHTS], row);
    kept->position[ENDS][S++] = end;
  }
}

/* cross */

LIMES_CLONES
static double weighted_sum(size_t n, const double *z, const double *column) {
  double lane[8] = {0}, rest = 0;
  size_t whole = n - n % 8;
  for (size_t i = 0; i < whole; i += 8)
    for (size_t k = 0; k < 8; k++)
      lane[k] += z[i + k] * column[i + k];
  for (size_t i = whole; i < n; i++)
    rest += z[i] * column[i];
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7])) + rest;
}

/* z(x)^T column over segment s */
static double pool_column(const limes_trace *x, uint32_t s, const double *column) {
  size_t first = s == 0 ? 0 : (size_t)x->position[ENDS][s - 1], end = (size_t)x->position[ENDS][s];
  return weighted_sum(end - first, x->position[WEIGHTS] + first, column + first);
}

/* One partner: in T x T_y -> out S x S_y, or its diagonal */
static void pool_pair(const limes_trace *x, const limes_trace *y, uint32_t S, limes_layout layout, size_t n, const double *in,
                      double *out) {
  memset(out, 0, n * sizeof *out);
  for (uint32_t b = 0; b < y->grid->T; b++) {
    const double *column = in + (size_t)b * x->grid->T;
    double weight = y->position[WEIGHTS][b];
    uint32_t t = segment_of(y->grid, b);
    if (weight == 0)
      continue;
    if (layout == LIMES_DIAGONAL)
      out[t] += weight * pool_column(x, t, column);
    else
      for (uint32_t s = 0; s < S; s++)
        out[s + (size_t)t * S] += weight * pool_column(x, s, column);
  }
}

static double pair_flops(const limes_attention *p, const limes_grid *x, const limes_grid *y, limes_layout out, bool ntk) {
  double pairs = (double)x->T * y->T, summed = out == LIMES_DIAGONAL && x->segments > 0 ? pairs / x->segments : pairs;
  return (ntk ? 2 : 1) * 2 * summed + (is_sqrt(p) ? LIMES_POOL_SQRT_FLOPS * pairs : 0);
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  const limes_attention *p = op->param;
  bool ntk = in->ntk != NULL;
  if (sampled(op)) {
    limes_sampled s = sampled_part(p);
    limes_sampled_cross(&s, op, in, out, x, y, work);
    return;
  }
  for (size_t j = 0; j < in->n; j++) {
    size_t from = in->start[j], to = out->start[j], n = out->start[j + 1] - to, elements = in->start[j + 1] - from;
    const double *cov = in->cov + from, *theta = ntk ? in->ntk + from : NULL;
    if (is_sqrt(p)) {
      double *weighed = work->scratch, *weighed_ntk = ntk ? work->scratch + elements : NULL;
      limes_pool_sqrt_pair(p, in, j, x, &y[j], weighed, weighed_ntk);
      cov = weighed;
      theta = weighed_ntk;
    }
    pool_pair(x, &y[j], out->x->T, out->layout, n, cov, out->cov + to);
    if (ntk)
      pool_pair(x, &y[j], out->x->T, out->layout, n, theta, out->ntk + to);
    work->flops += pair_flops(p, in->x, &in->y[j], out->layout, ntk);
  }
  limes_attention_finish(p, out->start[out->n], out->cov, out->ntk);
}

static size_t scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  (void)in_elements;
  (void)out_elements;
  size_t T = largest->T;
  if (sampled(op))
    return limes_sampled_scratch(largest);
  return is_sqrt(op->param) ? 2 * T * T + 2 * T : T * T + 2 * T;
}

static double flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                    const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)out_x;
  (void)out_y;
  (void)in;
  limes_sampled s = sampled_part(op->param);
  if (sampled(op))
    return limes_sampled_flops(&s, in_x, in_y, ntk);
  return pair_flops(op->param, in_x, in_y, out, ntk);
}

static double trace_flops(const limes_op *op, const limes_grid *in) {
  return sampled(op) ? limes_sampled_trace_flops(in) : 2 * (double)in->T * in->T;
}

static limes_status examine(limes_context *context, const limes_op *op, const limes_grid *largest) {
  return limes_attention_examine(context, op, largest, is_sqrt(op->param) ? "scale=sqrt" : NULL);
}

const limes_layer_ops limes_layer_attention_pool = {
    .word = "attention_pool",
    .summary = "pools positions with attention weights: those of each segment where the data has segments",
    .section = "5",
    .param_size = sizeof(limes_attention),
    .params = params,
    .infer = infer,
    .asks = asks,
    .cross = cross,
    .check = check,
    .grid = grid,
    .affine = true,
    .pools_segments = true,
    .trace_size = trace_size,
    .trace = trace,
    .scratch = scratch,
    .flops = flops,
    .trace_flops = trace_flops,
    .sampled = sampled,
    .examine = examine,
    .random_weights = random_weights,
    .finite = &limes_attention_pool_finite,
};
