/* The finite face of attention and attention_pool [Vaswani et al. 2017; Hron, Bahri, Sohl-Dickstein, Novak 2020, section 2].
 *
 * With X~ what queries and keys see (attention_positions.c), X or X~ in the values, d = key_width and H heads side by side:
 *   tied parts         A = sqrt(q_std k_std / C~) X~ W,                  logits A A^T / d           (scale=linear)
 *   independent parts  Q = q_std / sqrt(C~) X~ W_Q,  K likewise,         logits Q K^T / sqrt(d)     (scale=sqrt)
 *   values             V = v_std / sqrt(C) X W_V,     O_h = zeta(logits_h) V_h,     Y = o_std / sqrt(H d_v) O W_O + b_std b.
 * qk_correlation r: r times the first logits plus sqrt(1 - r^2) times the second. attention_pool: one query a segment, the mean
 * of A over its visible positions, or a learned one, q_std w for all segments with logits over d.
 *
 * In the limit at scale=linear the logits carry no gradient: theirs is a sum over the d channels of a key of terms of size 1/d
 * with random signs. At finite width it is there, and so it is here.
 */
#include "layers/attention_finite.h"

#include <math.h>
#include <string.h>

#include "layers/attention_positions.h"

enum { TIED, QUERY, KEY, VALUE, OUTPUT, BIAS, EMBEDDINGS };
enum { MEAN }; /* of limes_attention.query; the other is learned */

/* Sizes of one call */
typedef struct {
  limes_heads heads;
  limes_encoding encoding;
  size_t rows, queries; /* P; rows of the output */
  size_t keys_row, values_row;
  size_t channels_of_values;
} sizes;

/* Arrays of all items: values of the forward pass, or their tangents, or adjoints. joined: X~; NULL where that is the input. */
typedef struct {
  double *joined;
  limes_head_units units;
} arrays;

static sizes sizes_of(const limes_call *call) {
  const limes_attention *p = call->op->param;
  sizes made = {.heads = call->op->ops->pools_segments ? limes_attention_pool_heads(p, call->widths)
                                                       : limes_attention_heads(p, call->widths),
                .encoding = limes_encoding_of(p, call->widths, call->in->channels)};
  made.keys_row = made.heads.heads * made.heads.key_width;
  made.values_row = made.heads.heads * made.heads.value_width;
  made.channels_of_values = p->in_values ? made.encoding.joined : call->in->channels;
  if (call->in->items > 0) {
    made.rows = limes_rows(call->in);
    made.queries = limes_rows(call->out);
  }
  return made;
}

limes_heads limes_attention_heads(const limes_attention *p, const limes_widths *widths) {
  limes_heads made = {.p = p, .heads = widths->heads, .key_width = widths->key_width, .value_width = widths->value_width};
  double d = (double)made.key_width;
  double r = !isnan(p->qk_correlation) ? p->qk_correlation : p->scale == LIMES_SCALE_LINEAR ? 1 : 0;
  made.scale[LIMES_TIED] = r / d;
  made.scale[LIMES_INDEPENDENT_QK] = sqrt((1 - r * r) / d);
  return made;
}

limes_heads limes_attention_pool_heads(const limes_attention *p, const limes_widths *widths) {
  limes_heads made = {
      .p = p, .pools = true, .heads = widths->heads, .key_width = widths->key_width, .value_width = widths->value_width};
  double d = (double)made.key_width;
  made.scale[p->query == MEAN ? LIMES_TIED : LIMES_INDEPENDENT_QK] = p->scale == LIMES_SCALE_SQRT ? 1 / sqrt(d) : 1 / d;
  return made;
}

/* parameters */

static void weights(const limes_call *call, limes_weights *w) {
  const limes_attention *p = call->op->param;
  sizes s = sizes_of(call);
  double joined = (double)s.encoding.joined;
  if (s.heads.scale[LIMES_TIED] > 0)
    w[TIED] = (limes_weights){
        .name = "query_key", .rows = s.encoding.joined, .columns = s.keys_row, .std = sqrt(p->q_std * p->k_std / joined)};
  if (s.heads.scale[LIMES_INDEPENDENT_QK] > 0) {
    w[QUERY] = (limes_weights){.name = "query",
                               .rows = s.heads.pools ? 1 : s.encoding.joined,
                               .columns = s.keys_row,
                               .std = p->q_std / (s.heads.pools ? 1 : sqrt(joined))};
    w[KEY] = (limes_weights){.name = "key", .rows = s.encoding.joined, .columns = s.keys_row, .std = p->k_std / sqrt(joined)};
  }
  w[VALUE] = (limes_weights){.name = "value",
                             .rows = s.channels_of_values,
                             .columns = s.values_row,
                             .std = p->v_std / sqrt((double)s.channels_of_values)};
  w[OUTPUT] = (limes_weights){
      .name = "output", .rows = s.values_row, .columns = call->out->channels, .std = p->o_std / sqrt((double)s.values_row)};
  w[BIAS] = (limes_weights){.name = "bias", .rows = 1, .columns = call->out->channels, .std = p->b_std};
  limes_encoding_block(p, &s.encoding, call->state, &w[EMBEDDINGS]);
}

/* memory */

static double *take(double **memory, size_t rows, size_t row) {
  double *taken = *memory;
  *memory += rows * row;
  return taken;
}

static bool has_positions(const limes_call *call) {
  return ((const limes_attention *)call->op->param)->position != LIMES_POSITION_NONE;
}

/* Tied queries are the keys, but for pools, which take means of them. */
static bool is_one_array(const sizes *s, int part) { return part == LIMES_TIED && !s->heads.pools; }

static arrays lay_out(const limes_call *call, const sizes *s, double *memory) {
  arrays made = {0};
  if (has_positions(call))
    made.joined = take(&memory, s->rows, s->encoding.joined);
  for (int part = 0; part < LIMES_LOGIT_PARTS; part++) {
    if (s->heads.scale[part] == 0)
      continue;
    made.units.key[part] = take(&memory, s->rows, s->keys_row);
    made.units.query[part] = is_one_array(s, part) ? made.units.key[part] : take(&memory, s->queries, s->keys_row);
  }
  made.units.value = take(&memory, s->rows, s->values_row);
  made.units.mixed = take(&memory, s->queries, s->values_row);
  return made;
}

static size_t arrays_size(const limes_call *call, const sizes *s) {
  size_t n = has_positions(call) ? limes_multiply_capped(s->rows, s->encoding.joined) : 0;
  for (int part = 0; part < LIMES_LOGIT_PARTS; part++)
    if (s->heads.scale[part] != 0)
      n = limes_add_capped(n, limes_multiply_capped(s->rows + (is_one_array(s, part) ? 0 : s->queries), s->keys_row));
  return limes_add_capped(n, limes_multiply_capped(s->rows + s->queries, s->values_row));
}

static size_t queries_of(const limes_call *call, size_t item) { return call->out->start[item + 1] - call->out->start[item]; }

/* Numbers of one item's weights; slopes are as many */
static size_t weights_size(const limes_call *call, const sizes *s, size_t item) {
  return limes_multiply_capped(s->heads.heads, limes_multiply_capped(queries_of(call, item), call->in->grid[item].T));
}

static size_t tape(const limes_call *call) {
  sizes s = sizes_of(call);
  size_t n = arrays_size(call, &s);
  for (size_t i = 0; i < call->in->items; i++)
    n = limes_add_capped(n, limes_multiply_capped(2, weights_size(call, &s, i)));
  return n;
}

/* Behind the arrays of tangents or adjoints, or of a forward pass without a tape: weights and slopes of one item, one matrix of
 * its queries and keys, a row, what embeddings need */
static size_t scratch(const limes_call *call) {
  sizes s = sizes_of(call);
  size_t largest = 0, row = 0;
  for (size_t i = 0; i < call->in->items; i++) {
    size_t weights = limes_multiply_capped(2, weights_size(call, &s, i)), T = call->in->grid[i].T;
    size_t n = limes_add_capped(weights, limes_multiply_capped(queries_of(call, i), T));
    largest = n > largest ? n : largest;
    row = T > row ? T : row;
  }
  size_t beside = limes_add_capped(limes_multiply_capped(2, row), limes_encoding_scratch(call, &s.encoding));
  return limes_add_capped(arrays_size(call, &s), limes_add_capped(largest, beside));
}

/* Logits, weights and values of every query with every key */
static double flops(const limes_call *call) {
  sizes s = sizes_of(call);
  double n = 0;
  for (size_t i = 0; i < call->in->items; i++)
    n += (double)weights_size(call, &s, i);
  return n * (2 * (double)(s.heads.key_width + s.heads.value_width) + LIMES_STEP_FLOPS);
}

/* items */

static limes_head_units of_item(const limes_call *call, const sizes *s, const limes_head_units *all, size_t item) {
  size_t row = call->in->start[item], query = call->out->start[item];
  limes_head_units one = *all;
  for (int part = 0; part < LIMES_LOGIT_PARTS; part++)
    if (s->heads.scale[part] != 0) {
      one.key[part] += row * s->keys_row;
      one.query[part] += query * s->keys_row;
    }
  one.value += row * s->values_row;
  one.mixed += query * s->values_row;
  return one;
}

/* weights: of the item, behind them its slopes; work: a matrix and a row */
static limes_head_item item_of(const limes_call *call, const sizes *s, size_t item, double *weights, double *work) {
  size_t n = queries_of(call, item);
  return (limes_head_item){.heads = &s->heads,
                           .grid = &call->in->grid[item],
                           .queries = n,
                           .weights = weights,
                           .slopes = weights + weights_size(call, s, item),
                           .matrix = work,
                           .row = work + n * call->in->grid[item].T};
}

/* projections: linear in X~ and X, and in the parameters */

/* to (+)= what theta makes of joined = X~ and features = X; NULL: zero */
static void project(const limes_call *call, const sizes *s, const double *joined, const double *features, const double *theta,
                    bool add, const limes_head_units *to) {
  const limes_weights *w = call->weights;
  const double *values = ((const limes_attention *)call->op->param)->in_values ? joined : features;
  limes_multiply_units(s->rows, s->encoding.joined, s->keys_row, w[TIED].factor, joined, limes_part(call, theta, TIED), add,
                       to->key[LIMES_TIED]);
  limes_multiply_units(s->rows, s->encoding.joined, s->keys_row, w[KEY].factor, joined, limes_part(call, theta, KEY), add,
                       to->key[LIMES_INDEPENDENT_QK]);
  if (!s->heads.pools)
    limes_multiply_units(s->rows, s->encoding.joined, s->keys_row, w[QUERY].factor, joined, limes_part(call, theta, QUERY), add,
                         to->query[LIMES_INDEPENDENT_QK]);
  limes_multiply_units(s->rows, s->channels_of_values, s->values_row, w[VALUE].factor, values, limes_part(call, theta, VALUE),
                       add, to->value);
}

static void project_adjoint(const limes_call *call, const sizes *s, const double *joined, const limes_head_units *from,
                            double *joined_adjoint, double *features_adjoint, double *theta_adjoint) {
  const limes_attention *p = call->op->param;
  const struct {
    unsigned block;
    size_t inner, row;
    const double *in, *from;
    double *to;
  } part[] = {
      {TIED, s->encoding.joined, s->keys_row, joined, from->key[LIMES_TIED], joined_adjoint},
      {KEY, s->encoding.joined, s->keys_row, joined, from->key[LIMES_INDEPENDENT_QK], joined_adjoint},
      {QUERY, s->encoding.joined, s->keys_row, joined, s->heads.pools ? NULL : from->query[LIMES_INDEPENDENT_QK], joined_adjoint},
      {VALUE, s->channels_of_values, s->values_row, p->in_values ? joined : call->in->unit, from->value,
       p->in_values ? joined_adjoint : features_adjoint},
  };
  for (size_t k = 0; k < sizeof part / sizeof *part; k++) {
    double factor = call->weights[part[k].block].factor;
    limes_multiply_weights(s->rows, part[k].inner, part[k].row, factor, part[k].in, part[k].from,
                           limes_part_of(call, theta_adjoint, part[k].block));
    limes_multiply_back(s->rows, part[k].inner, part[k].row, factor, part[k].from, limes_part(call, call->theta, part[k].block),
                        part[k].to);
  }
}

/* queries of a pool */

/* The mean over the visible positions of each segment: query[S] from key[T], or back: key += from query */
static void average(const limes_call *call, const sizes *s, size_t item, double *query, double *key, bool back) {
  const limes_grid *grid = &call->in->grid[item];
  size_t n = queries_of(call, item), row = s->keys_row;
  if (!back)
    memset(query, 0, n * row * sizeof *query);
  for (uint32_t segment = 0; segment < n; segment++) {
    uint32_t count = 0;
    for (uint32_t a = 0; a < grid->T; a++)
      count += limes_heads_see(&s->heads, grid, segment, a);
    for (uint32_t a = 0; a < grid->T; a++)
      if (limes_heads_see(&s->heads, grid, segment, a))
        limes_add_multiple(row, 1.0 / count, back ? query + segment * row : key + a * row,
                           back ? key + a * row : query + segment * row);
  }
}

static void pool_queries(const limes_call *call, const sizes *s, const double *learned, const limes_head_units *units) {
  double *query = units->query[LIMES_INDEPENDENT_QK];
  if (!s->heads.pools)
    return;
  if (query != NULL) {
    memset(query, 0, s->queries * s->keys_row * sizeof *query);
    limes_add_bias(s->queries, s->keys_row, call->weights[QUERY].factor, learned, query);
  }
  for (size_t i = 0; i < call->in->items && units->query[LIMES_TIED] != NULL; i++) {
    limes_head_units one = of_item(call, s, units, i);
    average(call, s, i, one.query[LIMES_TIED], one.key[LIMES_TIED], false);
  }
}

static void pool_queries_adjoint(const limes_call *call, const sizes *s, const limes_head_units *units, double *learned) {
  if (!s->heads.pools)
    return;
  if (units->query[LIMES_INDEPENDENT_QK] != NULL)
    limes_sum_bias(s->queries, s->keys_row, call->weights[QUERY].factor, units->query[LIMES_INDEPENDENT_QK], learned);
  for (size_t i = 0; i < call->in->items && units->query[LIMES_TIED] != NULL; i++) {
    limes_head_units one = of_item(call, s, units, i);
    average(call, s, i, one.query[LIMES_TIED], one.key[LIMES_TIED], true);
  }
}

/* the three passes */

/* out (+)= mixed W_O + b */
static void mix_heads(const limes_call *call, const sizes *s, const double *mixed, const double *theta, bool add, double *out) {
  size_t channels = call->out->channels;
  limes_multiply_units(s->queries, s->values_row, channels, call->weights[OUTPUT].factor, mixed, limes_part(call, theta, OUTPUT),
                       add, out);
}

static void forward(const limes_call *call) {
  sizes s = sizes_of(call);
  bool keeps = call->tape != NULL;
  arrays kept = lay_out(call, &s, keeps ? call->tape : call->scratch);
  double *work = call->scratch + (keeps ? 0 : arrays_size(call, &s));
  double *weights = keeps ? call->tape + arrays_size(call, &s) : work;
  if (kept.joined != NULL)
    limes_encode(call, &s.encoding, EMBEDDINGS, call->in->unit, call->theta, work, kept.joined);
  project(call, &s, kept.joined != NULL ? kept.joined : call->in->unit, call->in->unit, call->theta, false, &kept.units);
  pool_queries(call, &s, limes_part(call, call->theta, QUERY), &kept.units);
  for (size_t i = 0; i < call->in->items; i++) {
    size_t n = 2 * weights_size(call, &s, i);
    limes_head_units one = of_item(call, &s, &kept.units, i);
    limes_head_item item = item_of(call, &s, i, weights, keeps ? work : work + n);
    limes_heads_forward(&item, &one);
    weights += keeps ? n : 0;
  }
  mix_heads(call, &s, kept.units.mixed, call->theta, false, call->out->unit);
  limes_add_bias(s.queries, call->out->channels, call->weights[BIAS].factor, limes_part(call, call->theta, BIAS),
                 call->out->unit);
}

/* Tangents of X~ and of queries, keys and values */
static void project_tangent(const limes_call *call, const sizes *s, const arrays *kept, const double *in, const double *theta,
                            double *work, const arrays *change) {
  const double *joined = in, *kept_joined = call->in->unit;
  if (kept->joined != NULL) {
    limes_encode(call, &s->encoding, EMBEDDINGS, in, theta, work, change->joined);
    joined = change->joined;
    kept_joined = kept->joined;
  }
  project(call, s, joined, in, call->theta, false, &change->units);
  project(call, s, kept_joined, call->in->unit, theta, true, &change->units);
  pool_queries(call, s, limes_part(call, theta, QUERY), &change->units);
}

static void tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent, double *out_tangent) {
  sizes s = sizes_of(call);
  arrays kept = lay_out(call, &s, call->tape), change = lay_out(call, &s, call->scratch);
  double *work = call->scratch + arrays_size(call, &s), *weights = call->tape + arrays_size(call, &s);
  project_tangent(call, &s, &kept, in_tangent[0], theta_tangent, work, &change);
  for (size_t i = 0; i < call->in->items; i++) {
    limes_head_units one = of_item(call, &s, &kept.units, i), moved = of_item(call, &s, &change.units, i);
    limes_head_item item = item_of(call, &s, i, weights, work);
    limes_heads_tangent(&item, &one, &moved);
    weights += 2 * weights_size(call, &s, i);
  }
  mix_heads(call, &s, change.units.mixed, call->theta, false, out_tangent);
  mix_heads(call, &s, kept.units.mixed, theta_tangent, true, out_tangent);
  limes_add_bias(s.queries, call->out->channels, call->weights[BIAS].factor, limes_part(call, theta_tangent, BIAS), out_tangent);
}

/* Adjoints of mixed, and of output weights and bias */
static void mix_adjoint(const limes_call *call, const sizes *s, const double *mixed, const double *out_adjoint,
                        double *mixed_adjoint, double *theta_adjoint) {
  size_t channels = call->out->channels;
  const limes_weights *w = call->weights;
  limes_multiply_back(s->queries, s->values_row, channels, w[OUTPUT].factor, out_adjoint, limes_part(call, call->theta, OUTPUT),
                      mixed_adjoint);
  limes_multiply_weights(s->queries, s->values_row, channels, w[OUTPUT].factor, mixed, out_adjoint,
                         limes_part_of(call, theta_adjoint, OUTPUT));
  limes_sum_bias(s->queries, channels, w[BIAS].factor, out_adjoint, limes_part_of(call, theta_adjoint, BIAS));
}

static void adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  sizes s = sizes_of(call);
  size_t n = arrays_size(call, &s);
  arrays kept = lay_out(call, &s, call->tape), change = lay_out(call, &s, call->scratch);
  double *work = call->scratch + n, *weights = call->tape + n;
  memset(call->scratch, 0, n * sizeof *call->scratch);
  mix_adjoint(call, &s, kept.units.mixed, out_adjoint, change.units.mixed, theta_adjoint);
  for (size_t i = 0; i < call->in->items; i++) {
    limes_head_units one = of_item(call, &s, &kept.units, i), moved = of_item(call, &s, &change.units, i);
    limes_head_item item = item_of(call, &s, i, weights, work);
    limes_heads_adjoint(&item, &one, &moved);
    weights += 2 * weights_size(call, &s, i);
  }
  pool_queries_adjoint(call, &s, &change.units, limes_part_of(call, theta_adjoint, QUERY));
  bool joins = kept.joined != NULL;
  project_adjoint(call, &s, joins ? kept.joined : call->in->unit, &change.units, joins ? change.joined : in_adjoint[0],
                  in_adjoint[0], theta_adjoint);
  if (joins)
    limes_encode_adjoint(call, &s.encoding, EMBEDDINGS, change.joined, work, in_adjoint[0], theta_adjoint);
}

const limes_finite limes_attention_finite = {
    .channels = limes_width_channels,
    .prepare = limes_encoding_prepare,
    .weights = weights,
    .tape = tape,
    .scratch = scratch,
    .forward = forward,
    .tangent = tangent,
    .adjoint = adjoint,
    .flops = flops,
};

const limes_finite limes_attention_pool_finite = {
    .channels = limes_width_channels,
    .prepare = limes_encoding_prepare,
    .weights = weights,
    .tape = tape,
    .scratch = scratch,
    .forward = forward,
    .tangent = tangent,
    .adjoint = adjoint,
    .flops = flops,
};
