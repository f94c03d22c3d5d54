/* attention with scale=sqrt [Hron, Bahri, Sohl-Dickstein, Novak 2020, section 3, for zeta = identity].
 *
 * Infinite width (docs/mathematics.md, section 5): logits stay Gaussian, Cov(G_ac, G_bd) = s^2 K~_ab K~_cd, s = q_std k_std. With
 * K~_ab = v_ab rho_ab, v_ab = sqrt(K~_aa K~_bb), and the dual t(p) = line p + kink g(p), t'(p) = line + kink asin p of zeta,
 *     K     <- sigma^2 s^2 sum_cd K_cd v_ab v_cd t(rho_ab rho_cd) + b_std^2,                     sigma = v_std o_std,
 *     Theta <- b_std^2 + 2 (K_new - b_std^2) + sigma^2 s^2 sum_cd {Theta_cd v_ab v_cd t(rho_ab rho_cd)
 *              + K_cd t'(rho_ab rho_cd) (2 K~_ab K~_cd + Theta~_ab K~_cd + K~_ab Theta~_cd)},
 * with K~_cd, Theta~_cd in place of K_cd, Theta_cd where embeddings enter the values too. The parts with `line` are inner
 * products, those with `kink` the sums of kink_sums.h: g is even in rho and asin odd, so |rho| is enough. For zeta = erf T and T'
 * are those of docs/mathematics.md, section 3, and the sums those of erf_sums.h.
 */
#include "layers/attention_sqrt.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/erf_sums.h"
#include "layers/kink_sums.h"
#include "layers/run.h"
#include "math/angle.h"

#define TWO_PI 6.28318530717958648
#define SAME 1.8e-15    /* 1 - rho^2 below which rounding makes it: taken for 0 */
#define ARRAYS 21       /* of n numbers a pair ... */
#define LINES 4         /* ... and of T */
#define ALIGNMENT 8     /* doubles */
#define USUAL_TERMS 28  /* of a series, for counting */
#define USUAL_POWERS 20 /* of erf, for counting */

enum { OF_COV, OF_NTK, OF_EMBEDDED_NTK, PRODUCTS }; /* <V, K~>, <V_ntk, K~>, <V, Theta~> */

/* One item against one partner */
typedef struct {
  const limes_attention_sqrt *p;
  const limes_trace *trace_x, *trace_y;
  double *tilde, *tilde_ntk;         /* [n] K~, Theta~ */
  const double *values, *values_ntk; /* [n] V, V_ntk: K, Theta, or K~, Theta~ */
  double *product[PRODUCTS];         /* one number, or [n] where causal */
  double *least, *most, *nearest;    /* [T] sines of each row, see measure */
  double *line;                      /* [T] */
  limes_kink_pair sums;
} pair;

void limes_attention_sqrt_slopes(limes_attention_sqrt *p, double alpha, double beta) {
  p->kink = (alpha - beta) * (alpha - beta) / TWO_PI;
  p->line = 0.25 * (alpha + beta) * (alpha + beta);
}

limes_layout limes_attention_sqrt_asks(const limes_attention_sqrt *p, limes_layout out, bool own) {
  if (out != LIMES_ABSENT)
    return LIMES_FULL;
  return own && p->features != 0 ? LIMES_DIAGONAL : LIMES_ABSENT;
}

/* position[0]: K~_aa, 0 at hidden positions; position[1]: its root; matrix[0]: embeddings R of the item with itself, which
 * all pairs of items of one size share */
limes_trace_size limes_attention_sqrt_trace_size(const limes_attention_sqrt *p) {
  return (limes_trace_size){.positions = 2, .matrices = p->positions ? 1 : 0};
}

void limes_attention_sqrt_trace(const limes_attention_sqrt *p, const limes_panel *own, limes_trace *kept) {
  const limes_grid *grid = kept->grid;
  for (uint32_t a = 0; a < grid->T; a++) {
    double variance = p->embeddings + (p->features != 0 ? p->features * own->cov[limes_own_element(own, a)] : 0);
    bool hidden = grid->hidden != NULL && grid->hidden[a];
    kept->position[0][a] = hidden || !(variance > 0) ? 0 : variance;
    kept->position[1][a] = sqrt(kept->position[0][a]);
  }
  if (!p->positions)
    return;
  memset(kept->matrix[0], 0, (size_t)grid->T * grid->T * sizeof *kept->matrix[0]);
  limes_add_positions(&p->decay, grid, grid, 1, p->embeddings, kept->matrix[0], kept->matrix[0]);
}

/* memory */

static double *take(double **memory, size_t n) {
  double *taken = *memory;
  *memory += limes_chebyshev_padded(n);
  return taken;
}

size_t limes_attention_sqrt_scratch(const limes_attention_sqrt *p, size_t in_elements, const limes_grid *largest) {
  size_t T = largest->T, n = in_elements < T * T ? in_elements : T * T;
  size_t arrays = ALIGNMENT + ARRAYS * limes_chebyshev_padded(n) + LINES * limes_chebyshev_padded(T);
  return arrays + (p->erf ? limes_erf_memory(T) : limes_kink_series_memory() + (p->causal ? limes_kink_line_memory(T) : 0));
}

/* Zeros behind the n elements of arrays that are read in whole blocks */
static void clear_ends(limes_kink_pair *sums) {
  for (size_t i = sums->n; i < limes_chebyshev_padded(sums->n); i++) {
    sums->x[i] = 0;
    for (size_t q = 0; q < LIMES_SERIES; q++)
      sums->w[q][i] = sums->spare[q][i] = 0;
  }
}

static pair new_pair(const limes_attention_sqrt *p, size_t T, size_t T_y, bool ntk, double *scratch) {
  size_t n = T * T_y, off = (uintptr_t)scratch / sizeof *scratch % ALIGNMENT;
  double *memory = scratch + (off == 0 ? 0 : ALIGNMENT - off);
  pair made = {.p = p, .sums = {.T = T, .T_y = T_y, .n = n, .count = ntk ? LIMES_SERIES : 1}};
  limes_kink_pair *sums = &made.sums;
  double **lines[LINES] = {&made.least, &made.most, &made.nearest, &made.line};
  double **arrays[] = {&made.tilde,
                       &made.tilde_ntk,
                       &made.product[OF_COV],
                       &made.product[OF_NTK],
                       &made.product[OF_EMBEDDED_NTK],
                       &sums->cosine,
                       &sums->sine,
                       &sums->angle,
                       &sums->x};
  for (size_t i = 0; i < LINES; i++)
    *lines[i] = take(&memory, T);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    *arrays[i] = take(&memory, n);
  for (size_t q = 0; q < LIMES_SERIES; q++) {
    sums->w[q] = take(&memory, n);
    sums->sum[q] = take(&memory, n);
    sums->spare[q] = take(&memory, n);
  }
  clear_ends(sums);
  sums->series = memory;
  sums->line = memory + limes_kink_series_memory();
  return made;
}

/* K~ and Theta~ */

static void hide(const limes_grid *x, const limes_grid *y, double *values) {
  if (x->hidden == NULL && y->hidden == NULL)
    return;
  for (size_t b = 0; b < y->T; b++)
    for (size_t a = 0; a < x->T; a++)
      if ((x->hidden != NULL && x->hidden[a]) || (y->hidden != NULL && y->hidden[b]))
        values[a + b * x->T] = 0;
}

static void embed(const limes_attention_sqrt *p, const limes_trace *x, const limes_trace *y, const double *from, double *to) {
  size_t n = (size_t)x->grid->T * y->grid->T;
  if (!p->positions || p->features == 0)
    memset(to, 0, n * sizeof *to);
  if (!p->positions) {
    memcpy(to, from, n * sizeof *to);
    return;
  }
  bool equal = y->grid->size[0] == x->grid->size[0] && y->grid->size[1] == x->grid->size[1];
  const double *source = p->features != 0 ? from : to;
  if (!equal)
    limes_add_positions(&p->decay, x->grid, y->grid, p->features, p->embeddings, source, to);
  for (size_t i = 0; i < n && equal; i++)
    to[i] = p->features * source[i] + x->matrix[0][i];
  hide(x->grid, y->grid, to);
}

/* rho */

/* |rho|, its sine and angle for one column; 1 - rho^2 from K~_aa K~_bb - K~_ab^2 without cancellation. Where a variance is zero,
 * so is rho. */
LIMES_CLONES
static void measure(size_t T, const double *tilde, const double *variance, const double *deviation, double variance_y,
                    double deviation_y, double *cosine, double *sine, double *angle) {
  LIMES_INDEPENDENT
  for (size_t a = 0; a < T; a++) {
    double k = tilde[a], square = k * k, product = variance[a] * variance_y, size = deviation[a] * deviation_y;
    double left = fma(variance[a], variance_y, -square) - fma(k, k, -square);
    double y2 = product > 0 ? left / product : 1, r = size > 0 ? fabs(k) / size : 0;
    y2 = y2 > SAME ? y2 : 0;
    y2 = y2 < 1 ? y2 : 1;
    r = y2 > 0 ? r : 1;
    cosine[a] = r < 1 ? r : 1;
    sine[a] = sqrt(y2);
  }
  for (size_t a = 0; a < T; a++)
    angle[a] = TWO_PI * limes_arcsine_turns(cosine[a], sine[a], 1);
}

/* The sines of each row so far: least and most of those that count, and the least of all. */
LIMES_CLONES
static void bound(size_t T, const double *sine, const double *variance, double variance_y, double *least, double *most,
                  double *nearest) {
  LIMES_INDEPENDENT
  for (size_t a = 0; a < T; a++) {
    double y = sine[a], counted = y * (variance[a] * variance_y); /* 0 where |rho| = 1, or has no meaning */
    double low = counted > 0 ? y : 2, high = counted > 0 ? y : -1;
    least[a] = low < least[a] ? low : least[a];
    most[a] = high > most[a] ? high : most[a];
    nearest[a] = y < nearest[a] ? y : nearest[a];
  }
}

static void measure_all(pair *z) {
  limes_kink_pair *sums = &z->sums;
  size_t T = sums->T;
  const limes_trace *x = z->trace_x, *y = z->trace_y;
  for (size_t a = 0; a < T; a++) {
    z->least[a] = z->nearest[a] = 2;
    z->most[a] = -1;
  }
  for (size_t b = 0; b < sums->T_y; b++) {
    measure(T, z->tilde + b * T, x->position[0], x->position[1], y->position[0][b], y->position[1][b], sums->cosine + b * T,
            sums->sine + b * T, sums->angle + b * T);
    bound(T, sums->sine + b * T, x->position[0], y->position[0][b], z->least, z->most, z->nearest);
  }
  double nearest = 2;
  sums->least = 2;
  sums->most = -1;
  for (size_t a = 0; a < T; a++) {
    sums->least = fmin(sums->least, z->least[a]);
    sums->most = fmax(sums->most, z->most[a]);
    nearest = fmin(nearest, z->nearest[a]);
  }
  sums->ones = !(nearest > 0);
}

/* the weights of the sums */

LIMES_CLONES
static void weigh(size_t T, const double *tilde, const double *tilde_ntk, const double *value, const double *value_ntk,
                  const double *deviation, double deviation_y, double *const *w) {
  double *cov = w[0], *ntk = w[1], *slope = w[2], *slope_ntk = w[3];
  if (value_ntk == NULL) {
    LIMES_INDEPENDENT
    for (size_t a = 0; a < T; a++)
      cov[a] = value[a] * (deviation[a] * deviation_y);
    return;
  }
  LIMES_INDEPENDENT
  for (size_t a = 0; a < T; a++) {
    double size = deviation[a] * deviation_y, k = tilde[a], sign = k > 0 ? 1 : k < 0 ? -1 : 0;
    cov[a] = value[a] * size;
    ntk[a] = value_ntk[a] * size;
    slope[a] = value[a] * fabs(k);
    slope_ntk[a] = value[a] * tilde_ntk[a] * sign;
  }
}

static void weigh_all(pair *z) {
  size_t T = z->sums.T;
  for (size_t b = 0; b < z->sums.T_y; b++) {
    double *w[LIMES_SERIES];
    for (size_t q = 0; q < LIMES_SERIES; q++)
      w[q] = z->sums.w[q] + b * T;
    bool ntk = z->values_ntk != NULL;
    weigh(T, z->tilde + b * T, z->tilde_ntk + b * T, z->values + b * T, ntk ? z->values_ntk + b * T : NULL,
          z->trace_x->position[1], z->trace_y->position[1][b], w);
  }
}

static void multiply(pair *z, const double *left, const double *right, double *product) {
  if (!z->p->causal) {
    product[0] = limes_dot(z->sums.n, left, right);
    return;
  }
  for (size_t i = 0; i < z->sums.n; i++)
    product[i] = left[i] * right[i];
  limes_prefix_sums(z->sums.T, z->sums.T_y, product, product, z->line);
}

/* all together */

/* Queries that stand `step` elements apart in arrays of all elements */
typedef struct {
  size_t length, step, sum_step, product_step;
  const double *tilde, *tilde_ntk, *x, *y; /* K~, Theta~, deviations */
  const double *sum[LIMES_SERIES], *product[PRODUCTS];
} queries;

LIMES_INLINE double finish_cov(const limes_attention_sqrt *p, const queries *at, size_t i, size_t step, size_t sum_step,
                               size_t product_step, size_t y_step) {
  double size = at->x[i] * at->y[i * y_step] * p->kink, line = p->line * at->tilde[i * step];
  return p->sharp2 * p->sigma2 * (size * at->sum[0][i * sum_step] + line * at->product[OF_COV][i * product_step]);
}

LIMES_INLINE double finish_ntk(const limes_attention_sqrt *p, const queries *at, size_t i, size_t step, size_t sum_step,
                               size_t product_step, size_t y_step) {
  size_t s = i * sum_step, l = i * product_step;
  double k = at->tilde[i * step], e = at->tilde_ntk[i * step], size = at->x[i] * at->y[i * y_step] * p->kink;
  double signed_kink = copysign(p->kink, k); /* at k = 0 its sums are 0 */
  double value = size * at->sum[1][s] + p->line * k * at->product[OF_NTK][l];
  double logits = (2 * k + e) * (signed_kink * at->sum[2][s] + p->line * at->product[OF_COV][l]) +
                  k * (signed_kink * at->sum[3][s] + p->line * at->product[OF_EMBEDDED_NTK][l]);
  return p->sharp2 * p->sigma2 * (value + logits);
}

LIMES_INLINE void finish(const limes_attention_sqrt *p, const queries *at, size_t step, size_t sum_step, size_t product_step,
                         size_t y_step, double *cov, double *ntk) {
  double b2 = p->b2;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < at->length; i++)
    cov[i] = finish_cov(p, at, i, step, sum_step, product_step, y_step) + b2;
  if (ntk == NULL)
    return;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < at->length; i++)
    ntk[i] = finish_ntk(p, at, i, step, sum_step, product_step, y_step) + 2 * (cov[i] - b2) + b2;
}

LIMES_CLONES
static void finish_column(const limes_attention_sqrt *p, const queries *at, double *cov, double *ntk) {
  finish(p, at, 1, 1, 0, 0, cov, ntk);
}

static void finish_causal_column(const limes_attention_sqrt *p, const queries *at, double *cov, double *ntk) {
  finish(p, at, 1, 1, 1, 0, cov, ntk);
}

static void finish_diagonal(const limes_attention_sqrt *p, const queries *at, double *cov, double *ntk) {
  finish(p, at, at->step, at->sum_step, at->product_step, 1, cov, ntk);
}

static queries queries_from(const pair *z, size_t b, bool diagonal) {
  size_t T = z->sums.T, first = b * T;
  bool causal = z->p->causal;
  queries at = {.length = T, .step = diagonal ? T + 1 : 1, .sum_step = diagonal && causal ? T + 1 : 1};
  at.product_step = causal ? at.step : 0;
  at.tilde = z->tilde + first;
  at.tilde_ntk = z->tilde_ntk + first;
  at.x = z->trace_x->position[1];
  at.y = z->trace_y->position[1] + b;
  for (size_t q = 0; q < LIMES_SERIES; q++)
    at.sum[q] = z->sums.sum[q] + first;
  for (size_t k = 0; k < PRODUCTS; k++)
    at.product[k] = z->product[k] + (causal ? first : 0);
  return at;
}

static void finish_all(const pair *z, bool diagonal, double *cov, double *ntk) {
  size_t T = z->sums.T;
  if (diagonal) {
    queries at = queries_from(z, 0, true);
    finish_diagonal(z->p, &at, cov, ntk);
    return;
  }
  for (size_t b = 0; b < z->sums.T_y; b++) {
    queries at = queries_from(z, b, false);
    (z->p->causal ? finish_causal_column : finish_column)(z->p, &at, cov + b * T, ntk == NULL ? NULL : ntk + b * T);
  }
}

static double sum_kinks(pair *z, bool diagonal) {
  if (z->p->kink == 0) {
    for (size_t q = 0; q < z->sums.count; q++)
      memset(z->sums.sum[q], 0, z->sums.n * sizeof(double));
    return 0;
  }
  measure_all(z);
  weigh_all(z);
  return z->p->causal ? limes_kink_causal_sums(&z->sums) : limes_kink_sums(&z->sums, diagonal);
}

/* zeta = erf */

static double sum_erfs(pair *z, bool diagonal) {
  const limes_kink_pair *arrays = &z->sums;
  size_t T = arrays->T, n = arrays->n;
  limes_erf_pair sums = {.T = T, .T_y = arrays->T_y, .count = arrays->count, .causal = z->p->causal, .diagonal = diagonal};
  sums.sharp2 = z->p->sharp2;
  sums.deviation_x = z->trace_x->position[1];
  sums.deviation_y = z->trace_y->position[1];
  sums.rho = arrays->cosine;
  sums.power = arrays->sine;
  sums.left = arrays->angle;
  sums.product = arrays->x;
  sums.items = arrays->series;
  for (size_t i = 0; i < n; i++) {
    double size = sums.deviation_x[i % T] * sums.deviation_y[i / T], rho = size > 0 ? z->tilde[i] / size : 0;
    sums.rho[i] = rho > 1 ? 1 : rho < -1 ? -1 : rho;
  }
  for (size_t q = 0; q < arrays->count; q++) {
    sums.w[q] = arrays->w[q];
    sums.sum[q] = arrays->sum[q];
    const double *value = q == 1 ? z->values_ntk : z->values, *by = q == 2 ? z->tilde : z->tilde_ntk;
    for (size_t i = 0; i < n; i++)
      sums.w[q][i] = q < 2 ? value[i] : value[i] * by[i];
  }
  return limes_erf_sums(&sums);
}

static void finish_erf(const pair *z, bool diagonal, double *cov, double *ntk) {
  const limes_attention_sqrt *p = z->p;
  size_t n = diagonal ? z->sums.T : z->sums.n, step = diagonal ? z->sums.T + 1 : 1;
  double factor = p->sigma2 * 4 / TWO_PI, *const *sum = z->sums.sum;
  for (size_t i = 0; i < n; i++)
    cov[i] = factor * sum[0][i] + p->b2;
  for (size_t i = 0; i < n && ntk != NULL; i++) {
    double k = z->tilde[i * step], e = z->tilde_ntk[i * step];
    double logits = 2 * p->sharp2 * ((2 * k + e) * sum[2][i] + k * sum[3][i]);
    ntk[i] = factor * (sum[1][i] + logits + 2 * sum[0][i]) + p->b2;
  }
}

/* Where x meets itself rho = 1 at equal positions, whatever rounding made of K there. */
static void meet_itself(pair *z) {
  for (size_t a = 0; a < z->sums.T; a++)
    z->tilde[a * (z->sums.T + 1)] = z->trace_x->position[0][a];
}

/* cov, ntk: K and Theta of the pair, in and out; ntk NULL: not wanted. Returns the relative error of the sums. */
static double cross_pair(pair *z, bool same, bool diagonal, const double *in_cov, const double *in_ntk, double *cov,
                         double *ntk) {
  const limes_attention_sqrt *p = z->p;
  embed(p, z->trace_x, z->trace_y, in_cov, z->tilde);
  if (same)
    meet_itself(z);
  if (in_ntk != NULL)
    embed(p, z->trace_x, z->trace_y, in_ntk, z->tilde_ntk);
  z->values = p->in_values ? z->tilde : in_cov;
  z->values_ntk = in_ntk != NULL && p->in_values ? z->tilde_ntk : in_ntk;
  if (p->erf) {
    double left_out = sum_erfs(z, diagonal);
    finish_erf(z, diagonal, cov, ntk);
    return left_out;
  }
  multiply(z, z->values, z->tilde, z->product[OF_COV]);
  if (in_ntk != NULL) {
    multiply(z, z->values_ntk, z->tilde, z->product[OF_NTK]);
    multiply(z, z->values, z->tilde_ntk, z->product[OF_EMBEDDED_NTK]);
  }
  double error = sum_kinks(z, diagonal);
  finish_all(z, diagonal, cov, ntk);
  return error;
}

void limes_attention_sqrt_cross(const limes_attention_sqrt *p, const limes_panel *in, limes_panel *out, const limes_trace *x,
                                const limes_trace *y, limes_work *work) {
  for (size_t j = 0; j < in->n; j++) {
    pair z = new_pair(p, in->x->T, in->y[j].T, in->ntk != NULL, work->scratch);
    z.trace_x = x;
    z.trace_y = &y[j];
    bool ntk = in->ntk != NULL;
    double error =
        cross_pair(&z, in->same == (ptrdiff_t)j, out->layout == LIMES_DIAGONAL, in->cov + in->start[j],
                   ntk ? in->ntk + in->start[j] : NULL, out->cov + out->start[j], ntk ? out->ntk + out->start[j] : NULL);
    work->error = error > work->error ? error : work->error;
    work->flops += limes_attention_sqrt_flops(p, in->x, &in->y[j], out->layout, ntk);
  }
}

double limes_attention_sqrt_flops(const limes_attention_sqrt *p, const limes_grid *x, const limes_grid *y, limes_layout out,
                                  bool ntk) {
  double n = (double)x->T * y->T, M = USUAL_TERMS, functions = ntk ? LIMES_SERIES : 1, products = ntk ? PRODUCTS : 1;
  double flops = n * (ntk ? 30 : 8) + 2 * n * products, T = x->T, T_y = y->T;
  if (p->erf)
    return USUAL_POWERS * functions * (2 * n * T + (out == LIMES_FULL ? 2 * n * T_y : 2 * n) + 8 * n);
  if (p->kink == 0)
    return flops;
  flops += 70 * n + 8 * M * M * M;
  if (p->causal)
    return flops + functions * n * M * (2 * M + 8);
  return flops + (2 * functions + 3) * M * (n + (out == LIMES_FULL ? n : T));
}
