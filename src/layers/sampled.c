#include "layers/sampled.h"

#include <math.h>
#include <string.h>

#include "layers/joint_logits.h"
#include "layers/sampled_sums.h"
#include "math/normal_points.h"

#define ARRAYS (34 + LIMES_SUM_SPARES) /* of T^2 + 3 T numbers, ... */
#define LARGE_ARRAYS 3                 /* ... twice as many, ... */
#define LINES 6                        /* ... and T */

bool limes_sampled_zeta(const limes_attention *p) {
  return p->zeta == LIMES_ZETA_SOFTMAX || p->zeta == LIMES_ZETA_SPARSEMAX || p->zeta == LIMES_ZETA_ENTMAX15 ||
         p->zeta == LIMES_ZETA_TOPK;
}

limes_status limes_sampled_check(limes_context *context, const limes_attention *p) {
  bool sampled = p->scale == LIMES_SCALE_SQRT && limes_sampled_zeta(p);
  if (!sampled && (p->samples != LIMES_SAMPLES || !isnan(p->seed)))
    return limes_fail(context, LIMES_WRONG_USE,
                      "samples and seed are for weights that have no closed form: leave them out, or give scale=sqrt and "
                      "zeta=softmax");
  if (!isnan(p->seed) && (p->seed != floor(p->seed) || p->seed > 0x1p53))
    return limes_fail(context, LIMES_WRONG_USE, "seed is a whole number from 0 to 2^53: seed=%.17g is not", p->seed);
  return LIMES_OK;
}

/* trace */

/* The trace's matrices: embeddings R of the item with itself where there are any, then the factor L of its K~. */
static size_t factor_at(const limes_sampled *s) { return s->part.positions ? 1 : 0; }

limes_trace_size limes_sampled_trace_size(const limes_sampled *s) {
  return (limes_trace_size){.matrices = (uint32_t)factor_at(s) + 1};
}

void limes_sampled_trace(const limes_sampled *s, const limes_panel *own, limes_trace *kept, limes_work *work) {
  limes_attention_sqrt_keep_positions(&s->part, kept);
  limes_attention_sqrt_embed(&s->part, kept, kept, own->cov, work->scratch);
  limes_semidefinite_factor(kept->grid->T, work->scratch, kept->matrix[factor_at(s)]);
}

double limes_sampled_trace_flops(const limes_grid *grid) { return (double)grid->T * grid->T * grid->T / 3; }

/* One item against one partner, in the order of their contents: a pair has one estimate, whichever of the two comes first. */

typedef struct {
  const limes_sampled *s;
  const limes_trace *x, *y; /* in that order */
  bool turned;              /* the panel has them the other way round */
  size_t Q, Q_y, n;         /* queries; elements of a pair's output */
  double *tilde, *tilde_ntk;
  limes_joint_logits joint;
  limes_sampled_sums sums;
  limes_drawn_weights left, right;
  double *logits, *logits_y; /* [T x T], [T' x T'], or of one query [T], [T'] */
  double *row;               /* [2 T], T the larger */
  double *z;                 /* normal numbers of a point */
  double *axis;              /* what each axis of the design has at random */
} pair;

static double *take(double **memory, size_t n) {
  double *taken = *memory;
  *memory += n;
  return taken;
}

/* Everything is sized by the larger item: one query has no more segments than positions either. */
static size_t square_of(size_t T) { return T * T + 3 * T; }

size_t limes_sampled_scratch(const limes_grid *largest) {
  size_t T = largest->T, square = square_of(T);
  return limes_add_capped(limes_multiply_capped(ARRAYS + 2 * LARGE_ARRAYS, square), LINES * T);
}

static void lay_out(pair *p, double *memory) {
  size_t T = p->x->grid->T > p->y->grid->T ? p->x->grid->T : p->y->grid->T, square = square_of(T);
  double **arrays[] = {&p->tilde,    &p->tilde_ntk, &p->sums.VA[0], &p->sums.VA[1], &p->joint.common, &p->joint.apart,
                       &p->logits,   &p->logits_y,  &p->left.S,     &p->left.U,     &p->right.S,      &p->right.U,
                       &p->sums.cov, &p->sums.ntk,  &p->sums.B[0],  &p->sums.B[1]};
  double **of_both[] = {&p->joint.vectors, &p->joint.root, &p->z, &p->axis}; /* positions of either item */
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    *arrays[i] = take(&memory, square);
  for (size_t i = 0; i < sizeof of_both / sizeof *of_both; i++)
    *of_both[i] = take(&memory, 4 * square);
  for (size_t i = 0; i < sizeof p->joint.spare / sizeof *p->joint.spare; i++)
    p->joint.spare[i] = take(&memory, LIMES_JOINT_SPARE(T));
  for (size_t i = 0; i < LIMES_SUM_SPARES; i++)
    p->sums.spare[i] = take(&memory, square);
  p->left.m = take(&memory, T);
  p->right.m = take(&memory, T);
  p->joint.w = take(&memory, 2 * T);
  p->row = take(&memory, 2 * T);
}

/* K or Theta of the panel's pair, rows being positions of the first in order: in place, or turned into `spare` */
static const double *in_order(const pair *p, const double *in, double *spare) {
  if (!p->turned)
    return in;
  size_t T = p->x->grid->T, T_y = p->y->grid->T;
  for (size_t b = 0; b < T_y; b++)
    for (size_t a = 0; a < T; a++)
      spare[a + b * T] = in[b + a * T_y];
  return spare;
}

static void prepare(pair *p, const double *cov, const double *ntk, double *turned, double *turned_ntk) {
  const limes_attention_sqrt *part = &p->s->part;
  const double *K = in_order(p, cov, turned), *Theta = ntk == NULL ? NULL : in_order(p, ntk, turned_ntk);
  size_t n = (size_t)p->x->grid->T * p->y->grid->T;
  limes_attention_sqrt_embed(part, p->x, p->y, K, p->tilde);
  p->sums.V = part->in_values ? p->tilde : K;
  if (ntk != NULL) {
    limes_attention_sqrt_embed(part, p->x, p->y, Theta, p->tilde_ntk);
    p->sums.V_ntk = part->in_values ? p->tilde_ntk : Theta;
    const double *V = p->sums.V;
    for (size_t i = 0; p->s->one_query && i < n; i++)
      p->tilde_ntk[i] += 2 * p->tilde[i];
    p->sums.A[0] = p->s->one_query ? NULL : p->tilde;
    p->sums.A[1] = p->tilde_ntk;
    for (size_t k = 0; k < LIMES_SLOPE_SUMS; k++)
      for (size_t i = 0; p->sums.A[k] != NULL && V != NULL && i < n; i++)
        p->sums.VA[k][i] = V[i] * p->sums.A[k][i];
  }
  p->joint.T = p->x->grid->T;
  p->joint.T_y = p->y->grid->T;
  p->joint.L = p->x->matrix[factor_at(p->s)];
  p->joint.L_y = p->y->matrix[factor_at(p->s)];
  limes_join_logits(&p->joint, p->tilde);
}

/* weights */

static bool is_hidden(const limes_grid *grid, size_t c) { return grid->hidden != NULL && grid->hidden[c]; }

static size_t segment_of(const limes_grid *grid, size_t c) { return grid->segment == NULL ? 0 : grid->segment[c]; }

/* The learned query's weights within each segment: row s of S [Q x T] has those of segment s. */
static void weigh_segments(const limes_zeta *zeta, const limes_grid *grid, const double *logits, double sign, double *row,
                           limes_drawn_weights *weights) {
  size_t T = grid->T;
  memset(weights->S, 0, weights->Q * T * sizeof *weights->S);
  for (size_t first = 0, end; first < T; first = end) {
    size_t n = 0, s = segment_of(grid, first);
    for (end = first; end < T && segment_of(grid, end) == s; end++)
      if (!is_hidden(grid, end))
        row[n++] = sign * logits[end];
    limes_zeta_weights(zeta, n, row, row + T);
    for (size_t c = first, i = 0; c < end; c++)
      if (!is_hidden(grid, c))
        weights->S[s + c * weights->Q] = row[i++];
  }
}

static void weigh(const pair *p, const limes_grid *grid, const double *logits, double sign, limes_drawn_weights *weights) {
  limes_zeta zeta = limes_attention_zeta(p->s->p);
  if (p->s->one_query) {
    weigh_segments(&zeta, grid, logits, sign, p->row, weights);
  } else {
    for (size_t i = 0; i < (size_t)grid->T * grid->T; i++)
      weights->S[i] = sign * logits[i];
    limes_attention_weights(p->s->p, grid, weights->S, p->row);
  }
  if (p->sums.V_ntk != NULL)
    limes_weight_slopes(&zeta, weights);
}

static void set_weights(limes_drawn_weights *weights, const limes_zeta *zeta, size_t Q, size_t T) {
  weights->Q = Q;
  weights->T = T;
  if (zeta->kind != LIMES_ZETA_SPARSEMAX && zeta->kind != LIMES_ZETA_ENTMAX15)
    weights->U = weights->S;
}

/* One pair of points, z and -z: the logits are linear in it */
static void add_points(pair *p, size_t k, const limes_normal_points *points, size_t normals, double sharp) {
  limes_normal_point(points, k, normals, p->axis, p->z);
  limes_draw_logits(&p->joint, sharp, p->s->one_query, p->z, p->logits, p->logits_y);
  for (int sign = 1; sign >= -1; sign -= 2) {
    weigh(p, p->x->grid, p->logits, sign, &p->left);
    if (!p->joint.same)
      weigh(p, p->y->grid, p->logits_y, sign, &p->right);
    limes_add_draw(&p->sums, &p->left, p->joint.same ? &p->left : &p->right);
  }
}

/* the layer */

static size_t pairs_of_points(const limes_sampled *s) {
  size_t all = 2 * (size_t)LIMES_REPLICATES;
  return (s->p->samples + all - 1) / all;
}

/* out_ab of the pair from the sums over `points` points, or of equal queries alone */
static void finish(const pair *p, double points, limes_layout layout, double *cov, double *ntk) {
  const limes_attention_sqrt *part = &p->s->part;
  double scale = part->sigma2 / points, slope = part->zeta.sharp2;
  size_t Q = p->Q, Q_y = p->Q_y, step = layout == LIMES_FULL ? 1 : Q + 1;
  for (size_t i = 0, k = 0; i < Q * Q_y; i += step, k++) {
    size_t a = i % Q, b = i / Q, to = layout != LIMES_FULL ? k : p->turned ? b + a * Q_y : i;
    double value = scale * p->sums.cov[i];
    cov[to] = value + part->b2;
    if (ntk == NULL)
      continue;
    double logits =
        p->s->one_query ? p->sums.B[1][i] : (2 * p->tilde[i] + p->tilde_ntk[i]) * p->sums.B[0][i] + p->tilde[i] * p->sums.B[1][i];
    ntk[to] = part->b2 + 2 * value + scale * (p->sums.ntk[i] + slope * logits);
  }
}

static void clear_sums(pair *p) {
  size_t n = p->Q * p->Q_y;
  memset(p->sums.cov, 0, n * sizeof *p->sums.cov);
  memset(p->sums.ntk, 0, n * sizeof *p->sums.ntk);
  for (size_t k = 0; k < LIMES_SLOPE_SUMS; k++)
    memset(p->sums.B[k], 0, n * sizeof *p->sums.B[k]);
}

static size_t queries(const limes_sampled *s, const limes_grid *grid) {
  return !s->one_query ? grid->T : grid->segments > 0 ? grid->segments : 1;
}

static pair new_pair(const limes_sampled *s, const limes_trace *x, const limes_trace *y, bool turned, double *memory) {
  pair p = {.s = s, .x = turned ? y : x, .y = turned ? x : y, .turned = turned};
  limes_zeta zeta = limes_attention_zeta(s->p);
  lay_out(&p, memory);
  p.Q = queries(s, p.x->grid);
  p.Q_y = queries(s, p.y->grid);
  set_weights(&p.left, &zeta, p.Q, p.x->grid->T);
  set_weights(&p.right, &zeta, p.Q_y, p.y->grid->T);
  clear_sums(&p);
  return p;
}

/* The key of a pair's stream: the contents of both in their order, the op, the randomization. */
static limes_normal_points design(const limes_sampled *s, const limes_op *op, const limes_draw *draw, uint64_t y) {
  uint64_t first = draw->x < y ? draw->x : y, second = draw->x < y ? y : draw->x;
  uint64_t seed = isnan(s->p->seed) ? draw->seed : (uint64_t)s->p->seed;
  return (limes_normal_points){.stream = {.seed = seed, .key = {first, second, ((uint64_t)op->out << 32) + draw->replicate}},
                               .pairs = pairs_of_points(s)};
}

void limes_sampled_cross(const limes_sampled *s, const limes_op *op, const limes_panel *in, limes_panel *out,
                         const limes_trace *x, const limes_trace *y, limes_work *work) {
  size_t T = in->x->T;
  for (size_t j = 0; j < in->n; j++) {
    size_t T_y = in->y[j].T, square = square_of(T > T_y ? T : T_y);
    uint64_t other = work->draw.y[j];
    pair p = new_pair(s, x, &y[j], work->draw.x > other, work->scratch + 2 * square);
    p.joint.same = in->same == (ptrdiff_t)j || (work->draw.x == other && T == T_y);
    p.joint.estimated = work->draw.estimated;
    limes_normal_points points = design(s, op, &work->draw, other);
    prepare(&p, in->cov + in->start[j], in->ntk == NULL ? NULL : in->ntk + in->start[j], work->scratch, work->scratch + square);
    size_t normals = limes_joint_normals(&p.joint, s->one_query);
    limes_normal_axes(&points, normals, p.axis);
    for (size_t k = 0; k < points.pairs; k++)
      add_points(&p, k, &points, normals, sqrt(s->part.zeta.sharp2));
    finish(&p, 2 * (double)points.pairs, out->layout, out->cov + out->start[j],
           out->ntk == NULL ? NULL : out->ntk + out->start[j]);
    work->flops += limes_sampled_flops(s, in->x, &in->y[j], in->ntk != NULL);
  }
}

#define NORMAL_FLOPS 60 /* that a normal number is worth */
#define WEIGHT_FLOPS 20 /* that a weight is worth: an exponential */

double limes_sampled_flops(const limes_sampled *s, const limes_grid *x, const limes_grid *y, bool ntk) {
  double T = x->T, T_y = y->T, Q = (double)queries(s, x), Q_y = (double)queries(s, y), n = T * T, m = T_y * T_y;
  double joint = T * T * T_y + T * T_y * T_y + 9 * m * T_y + 8 * n * T_y;
  double logits = s->one_query ? 2 * n + 6 * m + 2 * T * T_y + NORMAL_FLOPS * (T + T_y)
                               : 4 * n * T + 8 * m * T_y + 2 * T * T_y * (T + T_y) + NORMAL_FLOPS * (n + m);
  double weights = WEIGHT_FLOPS * (Q * T + Q_y * T_y) + limes_draw_flops(Q, T, Q_y, T_y, ntk);
  return joint + (double)pairs_of_points(s) * (logits + 2 * weights);
}
