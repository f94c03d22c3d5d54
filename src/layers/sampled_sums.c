#include "layers/sampled_sums.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "math/linear.h"

/* slopes */

/* Relative to the others of its row: d zeta_c / d logit_e = u_c ([c = e] - u_e / sum u) [Peters, Niculae, Martins 2019] */
static double slope_of(int kind, double weight) {
  return kind == LIMES_ZETA_SPARSEMAX ? (double)(weight > 0) : kind == LIMES_ZETA_ENTMAX15 ? sqrt(weight) : weight;
}

void limes_weight_slopes(const limes_zeta *zeta, limes_drawn_weights *weights) {
  size_t Q = weights->Q, n = Q * weights->T;
  for (size_t a = 0; a < Q; a++)
    weights->m[a] = 1;
  if (weights->U == weights->S)
    return;
  memset(weights->m, 0, Q * sizeof *weights->m);
  for (size_t i = 0; i < n; i++) {
    weights->U[i] = slope_of(zeta->kind, weights->S[i]);
    weights->m[i % Q] += weights->U[i];
  }
  for (size_t i = 0; i < n; i++)
    weights->U[i] /= weights->m[i % Q] > 0 ? weights->m[i % Q] : 1; /* a hidden query has no weights */
}

/* sums */

/* out [Q x T'] = S in [T x T'] */
static void from_left(const limes_drawn_weights *x, const double *S, size_t columns, const double *in, double *out) {
  limes_gemm(false, false, x->Q, columns, x->T, 1, S, x->Q, in, x->T, 0, out, x->Q);
}

/* out [rows x Q'] = keep out + in [rows x T'] S'^T */
static void from_right(size_t rows, const double *in, const limes_drawn_weights *y, const double *S, double keep, double *out) {
  limes_gemm(false, true, rows, y->Q, y->T, 1, in, rows, S, y->Q, keep, out, rows);
}

LIMES_CLONES
static void subtract_product(size_t n, const double *a, const double *b, double *out) {
  for (size_t i = 0; i < n; i++)
    out[i] -= a[i] * b[i];
}

LIMES_CLONES
static void multiply(size_t n, const double *a, const double *b, double *out) {
  for (size_t i = 0; i < n; i++)
    out[i] = a[i] * b[i];
}

/* What B of all A have in common: U V, V U'^T, U V U'^T */
typedef struct {
  double *UV, *VU, *UVU;
} common;

static void add_slopes(limes_sampled_sums *sums, size_t k, const limes_drawn_weights *x, const limes_drawn_weights *y,
                       const common *of_values) {
  double *UA = sums->spare[3], *inner = sums->spare[4], *AU = sums->spare[5], *UAU = sums->spare[6], *made = sums->spare[7],
         *rest = sums->spare[8];
  from_left(x, x->U, y->T, sums->A[k], UA);
  from_left(x, x->U, y->T, sums->VA[k], inner);
  subtract_product(x->Q * y->T, of_values->UV, UA, inner);
  from_right(x->Q, inner, y, y->U, 0, made);
  from_right(x->T, sums->A[k], y, y->U, 0, AU);
  multiply(x->T * y->Q, of_values->VU, AU, AU);
  from_left(x, x->U, y->Q, AU, rest);
  from_right(x->Q, UA, y, y->U, 0, UAU);
  for (size_t b = 0; b < y->Q; b++)
    for (size_t a = 0; a < x->Q; a++) {
      size_t i = a + b * x->Q;
      sums->B[k][i] += x->m[a] * y->m[b] * (made[i] - rest[i] + of_values->UVU[i] * UAU[i]);
    }
}

void limes_add_draw(limes_sampled_sums *sums, const limes_drawn_weights *x, const limes_drawn_weights *y) {
  double *product = sums->spare[0];
  from_left(x, x->S, y->T, sums->V, product);
  from_right(x->Q, product, y, y->S, 1, sums->cov);
  if (sums->V_ntk == NULL)
    return;
  from_left(x, x->S, y->T, sums->V_ntk, product);
  from_right(x->Q, product, y, y->S, 1, sums->ntk);
  common of_values = {.UV = sums->spare[0], .VU = sums->spare[1], .UVU = sums->spare[2]};
  from_left(x, x->U, y->T, sums->V, of_values.UV);
  from_right(x->T, sums->V, y, y->U, 0, of_values.VU);
  from_right(x->Q, of_values.UV, y, y->U, 0, of_values.UVU);
  for (size_t k = 0; k < LIMES_SLOPE_SUMS; k++)
    if (sums->A[k] != NULL)
      add_slopes(sums, k, x, y, &of_values);
}

double limes_draw_flops(double Q, double T, double Q_y, double T_y, bool ntk) {
  double left = 2 * Q * T * T_y, right = 2 * Q * T_y * Q_y, across = 2 * T * T_y * Q_y, last = 2 * Q * T * Q_y;
  double slopes = 2 * (2 * left + 2 * right + across + last);
  return left + right + (ntk ? 2 * (left + right) + across + slopes : 0);
}
