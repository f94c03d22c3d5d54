/* One item's heads: G = sum_p scale_p Q_p K_p^T, S = zeta(G) row by row (shaped), O = S V, for each head.
 *
 * With the Jacobian J of zeta at G (zeta_slope.c, symmetric):
 *   tangent:  dG = sum_p scale_p (dQ_p K_p^T + Q_p dK_p^T),   dO = (J dG) V + S dV;
 *   adjoint:  V' += S^T O',   G' = J (O' V^T),   Q_p' += scale_p G' K_p,   K_p' += scale_p G'^T Q_p.
 * All matrices are row-major; those with rows of all heads side by side have that row length.
 */
#include "layers/attention_heads.h"

#include <string.h>

#include "math/linear.h"

/* C (m x n) = alpha op(A) op(B) + beta C for row-major matrices: a column-major product of the transposed ones */
static void multiply(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                     const double *b, size_t ldb, double beta, double *c, size_t ldc) {
  limes_gemm(transpose_b, transpose_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc);
}

bool limes_heads_see(const limes_heads *heads, const limes_grid *grid, uint32_t s, uint32_t c) {
  if (heads->pools)
    return (grid->segment == NULL ? 0 : grid->segment[c]) == s && (grid->hidden == NULL || !grid->hidden[c]);
  return limes_attention_sees(heads->p, grid, s, c);
}

/* matrix += sum over the parts of scale * queries keys^T of one head */
static void add_logits(const limes_head_item *item, size_t head, const limes_head_units *query, const limes_head_units *key,
                       double *matrix) {
  const limes_heads *heads = item->heads;
  size_t d = heads->key_width, row = heads->heads * d, T = item->grid->T;
  for (int part = 0; part < LIMES_LOGIT_PARTS; part++)
    if (heads->scale[part] != 0)
      multiply(false, true, item->queries, T, d, heads->scale[part], query->query[part] + head * d, row,
               key->key[part] + head * d, row, 1, matrix, T);
}

/* weights: logits in, weights out; the keys that the query sees stand side by side while zeta works on them. */
static void weigh_row(const limes_head_item *item, uint32_t s, double *weights, double *slopes) {
  const limes_heads *heads = item->heads;
  limes_zeta zeta = limes_attention_zeta(heads->p);
  uint32_t T = item->grid->T;
  size_t n = 0;
  double *row = item->row, *heap = row + T;
  for (uint32_t c = 0; c < T; c++)
    if (limes_heads_see(heads, item->grid, s, c))
      row[n++] = slopes[c] = weights[c];
  limes_zeta_weights(&zeta, n, row, heap);
  double shift = heads->p->center && n > 0 ? 1 / (double)n : 0;
  for (uint32_t c = 0, i = 0; c < T; c++) {
    bool seen = limes_heads_see(heads, item->grid, s, c);
    if (seen)
      limes_zeta_slopes(&zeta, 1, &row[i], &slopes[c]);
    else
      slopes[c] = 0;
    weights[c] = seen ? row[i++] - shift + (c == s ? heads->p->skip : 0) : 0;
  }
}

void limes_heads_forward(const limes_head_item *item, const limes_head_units *unit) {
  const limes_heads *heads = item->heads;
  size_t T = item->grid->T, n = item->queries * T, v = heads->value_width, row = heads->heads * v;
  for (size_t head = 0; head < heads->heads; head++) {
    double *weights = item->weights + head * n, *slopes = item->slopes + head * n;
    memset(weights, 0, n * sizeof *weights);
    add_logits(item, head, unit, unit, weights);
    for (uint32_t s = 0; s < item->queries; s++)
      weigh_row(item, s, weights + s * T, slopes + s * T);
    multiply(false, false, item->queries, v, T, 1, weights, T, unit->value + head * v, row, 0, unit->mixed + head * v, row);
  }
}

/* matrix <- J matrix, row by row */
static void derive(const limes_head_item *item, size_t head) {
  limes_zeta zeta = limes_attention_zeta(item->heads->p);
  size_t T = item->grid->T;
  const double *slopes = item->slopes + head * item->queries * T;
  for (size_t s = 0; s < item->queries; s++)
    limes_zeta_derive(&zeta, T, slopes + s * T, item->matrix + s * T);
}

void limes_heads_tangent(const limes_head_item *item, const limes_head_units *unit, const limes_head_units *tangent) {
  const limes_heads *heads = item->heads;
  size_t T = item->grid->T, n = item->queries * T, v = heads->value_width, row = heads->heads * v;
  for (size_t head = 0; head < heads->heads; head++) {
    memset(item->matrix, 0, n * sizeof *item->matrix);
    add_logits(item, head, tangent, unit, item->matrix);
    add_logits(item, head, unit, tangent, item->matrix);
    derive(item, head);
    multiply(false, false, item->queries, v, T, 1, item->matrix, T, unit->value + head * v, row, 0, tangent->mixed + head * v,
             row);
    multiply(false, false, item->queries, v, T, 1, item->weights + head * n, T, tangent->value + head * v, row, 1,
             tangent->mixed + head * v, row);
  }
}

void limes_heads_adjoint(const limes_head_item *item, const limes_head_units *unit, const limes_head_units *adjoint) {
  const limes_heads *heads = item->heads;
  size_t T = item->grid->T, n = item->queries * T, d = heads->key_width, v = heads->value_width;
  size_t row = heads->heads * v, key_row = heads->heads * d;
  for (size_t head = 0; head < heads->heads; head++) {
    const double *mixed = adjoint->mixed + head * v;
    multiply(true, false, T, v, item->queries, 1, item->weights + head * n, T, mixed, row, 1, adjoint->value + head * v, row);
    multiply(false, true, item->queries, T, v, 1, mixed, row, unit->value + head * v, row, 0, item->matrix, T);
    derive(item, head);
    for (int part = 0; part < LIMES_LOGIT_PARTS; part++) {
      if (heads->scale[part] == 0)
        continue;
      multiply(false, false, item->queries, d, T, heads->scale[part], item->matrix, T, unit->key[part] + head * d, key_row, 1,
               adjoint->query[part] + head * d, key_row);
      multiply(true, false, T, d, item->queries, heads->scale[part], item->matrix, T, unit->query[part] + head * d, key_row, 1,
               adjoint->key[part] + head * d, key_row);
    }
  }
}
