/* attention with scale=sqrt [Hron, Bahri, Sohl-Dickstein, Novak 2020, section 3, for zeta = identity].
 *
 * Infinite width (docs/mathematics.md, section 5): logits stay Gaussian, Cov(G_ac, G_bd) = s^2 K~_ab K~_cd, s = q_std k_std. With
 * K~_ab = v_ab rho_ab, v_ab = sqrt(K~_aa K~_bb), and the dual t(p) = line p + kink g(p), t'(p) = line + kink asin p of zeta,
 *     K     <- sigma^2 s^2 sum_cd K_cd v_ab v_cd t(rho_ab rho_cd) + b_std^2,                     sigma = v_std o_std,
 *     Theta <- b_std^2 + 2 (K_new - b_std^2) + sigma^2 s^2 sum_cd {Theta_cd v_ab v_cd t(rho_ab rho_cd)
 *              + K_cd t'(rho_ab rho_cd) (2 K~_ab K~_cd + Theta~_ab K~_cd + K~_ab Theta~_cd)},
 * with K~_cd, Theta~_cd in place of K_cd, Theta_cd where embeddings enter the values too. The parts with `line` are inner
 * products, those with `kink` the sums of kink_sums.h: g is even in rho and asin odd, so |rho| is enough. For zeta = erf, and
 * where logits have means besides (qk_correlation), they are the sums of hermite_sums.h.
 */
#include <math.h>
#include <string.h>

#include "layers/attention_sqrt_pair.h"
#include "layers/run.h"

#define TWO_PI 6.28318530717958648
#define ARRAYS 21       /* of n numbers a pair ... */
#define LINES 4         /* ... and of T */
#define ALIGNMENT 8     /* doubles */
#define USUAL_TERMS 28  /* of a series, for counting */
#define USUAL_POWERS 20 /* of erf, for counting ... */
#define USUAL_MEANS 60  /* ... and of logits with means, of which one key a position is left to a closed form ... */
#define ORTHANT 500     /* ... of so many operations */
#define ARCSINE 40      /* ... without means */

void limes_attention_sqrt_slopes(limes_attention_sqrt *p) {
  double bend = p->zeta.alpha - p->zeta.beta, sum = p->zeta.alpha + p->zeta.beta;
  p->kink = bend * bend / TWO_PI;
  p->line = 0.25 * sum * sum;
}

/* Whether the sums are those of hermite_sums.h */
static bool by_hermite(const limes_attention_sqrt *p) { return p->zeta.erf || p->zeta.tau > 0; }

limes_layout limes_attention_sqrt_asks(const limes_attention_sqrt *p, limes_layout out, bool own) {
  if (out != LIMES_ABSENT)
    return LIMES_FULL;
  return !own || p->features == 0 ? LIMES_ABSENT : p->zeta.tau > 0 ? LIMES_FULL : LIMES_DIAGONAL;
}

/* position[0]: K~_aa, 0 at hidden positions; position[1]: its root; with positions matrix[0]: embeddings R of the item with
 * itself, which all pairs of items of one size share; last, where logits have means: the correlations of K~ */
limes_trace_size limes_attention_sqrt_trace_size(const limes_attention_sqrt *p) {
  return (limes_trace_size){.positions = 2, .matrices = (p->positions ? 1 : 0) + (p->zeta.tau > 0 ? 1 : 0)};
}

/* rho_ac of one item, 1 at equal positions and 0 where a variance is */
static void trace_correlations(const limes_attention_sqrt *p, const limes_panel *own, limes_trace *kept) {
  size_t T = kept->grid->T;
  const double *deviation = kept->position[1];
  double *rho = kept->matrix[p->positions];
  for (size_t i = 0; i < T * T; i++) {
    double size = deviation[i % T] * deviation[i / T];
    double k = (p->features != 0 ? p->features * own->cov[i] : 0) + (p->positions ? kept->matrix[0][i] : 0);
    rho[i] = size > 0 ? fmax(-1, fmin(1, k / size)) : 0;
  }
  for (size_t a = 0; a < T; a++)
    rho[a * (T + 1)] = deviation[a] > 0;
}

void limes_attention_sqrt_keep_positions(const limes_attention_sqrt *p, limes_trace *kept) {
  const limes_grid *grid = kept->grid;
  if (!p->positions)
    return;
  memset(kept->matrix[0], 0, (size_t)grid->T * grid->T * sizeof *kept->matrix[0]);
  limes_add_positions(&p->decay, grid, grid, 1, p->embeddings, kept->matrix[0], kept->matrix[0]);
}

void limes_attention_sqrt_trace(const limes_attention_sqrt *p, const limes_panel *own, limes_trace *kept) {
  const limes_grid *grid = kept->grid;
  for (uint32_t a = 0; a < grid->T; a++) {
    double variance = p->embeddings + (p->features != 0 ? p->features * own->cov[limes_own_element(own, a)] : 0);
    bool hidden = grid->hidden != NULL && grid->hidden[a];
    kept->position[0][a] = hidden || !(variance > 0) ? 0 : variance;
    kept->position[1][a] = sqrt(kept->position[0][a]);
  }
  limes_attention_sqrt_keep_positions(p, kept);
  if (p->zeta.tau > 0)
    trace_correlations(p, own, kept);
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
  if (by_hermite(p))
    return arrays + limes_hermite_memory(T);
  return arrays + limes_kink_series_memory() + (p->causal ? limes_kink_line_memory(T) : 0);
}

/* Zeros behind the n elements of arrays that are read in whole blocks */
static void clear_ends(limes_kink_pair *sums) {
  for (size_t i = sums->n; i < limes_chebyshev_padded(sums->n); i++) {
    sums->x[i] = 0;
    for (size_t q = 0; q < LIMES_SERIES; q++)
      sums->w[q][i] = sums->spare[q][i] = 0;
  }
}

static limes_sqrt_pair new_pair(const limes_attention_sqrt *p, size_t T, size_t T_y, bool ntk, double *scratch) {
  size_t n = T * T_y, off = (uintptr_t)scratch / sizeof *scratch % ALIGNMENT;
  double *memory = scratch + (off == 0 ? 0 : ALIGNMENT - off);
  limes_sqrt_pair made = {.p = p, .sums = {.T = T, .T_y = T_y, .n = n, .count = ntk ? LIMES_SERIES : 1}};
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

void limes_attention_sqrt_embed(const limes_attention_sqrt *p, const limes_trace *x, const limes_trace *y, const double *from,
                                double *to) {
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

/* Where x meets itself rho = 1 at equal positions, whatever rounding made of K there. */
static void meet_itself(limes_sqrt_pair *z) {
  for (size_t a = 0; a < z->sums.T; a++)
    z->tilde[a * (z->sums.T + 1)] = z->trace_x->position[0][a];
}

/* cov, ntk: K and Theta of the pair, in and out; ntk NULL: not wanted. Returns the relative error of the sums. */
static double cross_pair(limes_sqrt_pair *z, bool same, bool diagonal, const double *in_cov, const double *in_ntk, double *cov,
                         double *ntk) {
  const limes_attention_sqrt *p = z->p;
  limes_attention_sqrt_embed(p, z->trace_x, z->trace_y, in_cov, z->tilde);
  if (same)
    meet_itself(z);
  if (in_ntk != NULL)
    limes_attention_sqrt_embed(p, z->trace_x, z->trace_y, in_ntk, z->tilde_ntk);
  z->values = p->in_values ? z->tilde : in_cov;
  z->values_ntk = in_ntk != NULL && p->in_values ? z->tilde_ntk : in_ntk;
  return (by_hermite(p) ? limes_sqrt_with_means : limes_sqrt_kinked)(z, diagonal, cov, ntk);
}

/* So many powers, and pairs of keys in closed form; without means every other power is zero */
static double hermite_flops(const limes_attention_sqrt *p, const limes_grid *x, const limes_grid *y, limes_layout out, bool ntk,
                            double powers, double near) {
  double T = x->T, T_y = y->T, n = T * T_y, queries = out == LIMES_FULL ? n : T, there = p->zeta.tau > 0 ? 1 : 0.5;
  double power = (ntk ? 2 : 1) * (there * (2 * n * T + 2 * queries * T_y) + 8 * n) + 10 * (T * T + T_y * T_y);
  return powers * power + (p->zeta.tau > 0 ? ORTHANT : ARCSINE) * (p->causal ? 0.25 : 1) * queries * near;
}

void limes_attention_sqrt_cross(const limes_attention_sqrt *p, const limes_panel *in, limes_panel *out, const limes_trace *x,
                                const limes_trace *y, limes_work *work) {
  for (size_t j = 0; j < in->n; j++) {
    limes_sqrt_pair z = new_pair(p, in->x->T, in->y[j].T, in->ntk != NULL, work->scratch);
    z.trace_x = x;
    z.trace_y = &y[j];
    bool ntk = in->ntk != NULL;
    double error =
        cross_pair(&z, in->same == (ptrdiff_t)j, out->layout == LIMES_DIAGONAL, in->cov + in->start[j],
                   ntk ? in->ntk + in->start[j] : NULL, out->cov + out->start[j], ntk ? out->ntk + out->start[j] : NULL);
    work->error = error > work->error ? error : work->error;
    double promised = limes_attention_sqrt_flops(p, in->x, &in->y[j], out->layout, ntk);
    work->flops += promised;
    if (by_hermite(p))
      work->more += hermite_flops(p, in->x, &in->y[j], out->layout, ntk, (double)z.powers, (double)z.near) - promised;
  }
}

static void mix(size_t n, double share, const double *part, double *into) {
  for (size_t i = 0; i < n; i++)
    into[i] += share * (part[i] - into[i]);
}

void limes_attention_sqrt_mix(const limes_attention_sqrt *p, double share, const limes_panel *in, limes_panel *out,
                              const limes_trace *x, const limes_trace *y, limes_work *work) {
  limes_work inner = *work;
  for (size_t j = 0; j < in->n; j++) {
    size_t n = out->start[j + 1] - out->start[j], start[2] = {0, n};
    limes_trace left = *x, right = y[j];
    left.matrix[0] = left.matrix[1];
    right.matrix[0] = right.matrix[1];
    limes_panel one = *in, part = *out;
    one.n = part.n = 1;
    one.start = in->start + j;
    one.y = &in->y[j];
    one.same = in->same == (ptrdiff_t)j ? 0 : -1;
    part.start = start;
    part.cov = work->scratch;
    part.ntk = out->ntk == NULL ? NULL : work->scratch + n;
    inner.scratch = work->scratch + 2 * n;
    limes_attention_sqrt_cross(p, &one, &part, &left, &right, &inner);
    mix(n, share, part.cov, out->cov + out->start[j]);
    if (out->ntk != NULL)
      mix(n, share, part.ntk, out->ntk + out->start[j]);
  }
  work->flops = inner.flops;
  work->error = inner.error;
}

size_t limes_attention_sqrt_mix_scratch(const limes_attention_sqrt *p, size_t in_elements, const limes_grid *largest) {
  size_t square = (size_t)largest->T * largest->T, n = in_elements < square ? in_elements : square;
  return 2 * n + limes_attention_sqrt_scratch(p, in_elements, largest);
}

double limes_attention_sqrt_flops(const limes_attention_sqrt *p, const limes_grid *x, const limes_grid *y, limes_layout out,
                                  bool ntk) {
  double n = (double)x->T * y->T, M = USUAL_TERMS, functions = ntk ? LIMES_SERIES : 1, products = ntk ? PRODUCTS : 1;
  double flops = n * (ntk ? 30 : 8) + 2 * n * products, T = x->T, T_y = y->T;
  if (by_hermite(p))
    return hermite_flops(p, x, y, out, ntk, p->zeta.tau > 0 ? USUAL_MEANS : USUAL_POWERS, p->zeta.tau > 0 ? fmin(T, T_y) : 0);
  if (p->kink == 0)
    return flops;
  flops += 70 * n + 8 * M * M * M;
  if (p->causal)
    return flops + functions * n * M * (2 * M + 8);
  return flops + (2 * functions + 3) * M * (n + (out == LIMES_FULL ? n : T));
}
