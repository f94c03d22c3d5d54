#include "kernel/input.h"

#include <string.h>

#include "math/linear.h"

static const double *features_of(const limes_batch *batch, size_t item) {
  return batch->x + batch->start[item] * batch->features;
}

static double inner_product(size_t C, const double *x, const double *y) {
  double sum = 0;
  for (size_t c = 0; c < C; c++)
    sum += x[c] * y[c];
  return sum;
}

/* Positions one by one: K_aa of each partner */
static void diagonals(const limes_batch *a, size_t i, const limes_batch *b, size_t first, limes_panel *panel) {
  size_t C = a->features, T = panel->layout == LIMES_SCALAR ? 1 : panel->x->T;
  for (size_t j = 0; j < panel->n; j++)
    for (size_t t = 0; t < T; t++)
      panel->cov[panel->start[j] + t] =
          inner_product(C, features_of(a, i) + t * C, features_of(b, first + j) + t * C) / (double)C;
}

void limes_input_panel(const limes_batch *a, size_t i, const limes_batch *b, size_t first, limes_panel *panel) {
  size_t C = a->features, elements = panel->start[panel->n];
  if (panel->layout == LIMES_FULL) {
    size_t T = panel->x->T; /* partners' features stand one after another: one product for all of them */
    limes_gemm(true, false, T, elements / T, C, 1 / (double)C, features_of(a, i), C, features_of(b, first), C, 0, panel->cov, T);
  } else {
    diagonals(a, i, b, first, panel);
  }
  if (panel->ntk != NULL)
    memset(panel->ntk, 0, elements * sizeof *panel->ntk);
}

void limes_input_gram(const limes_batch *a, size_t first_a, size_t n_a, const limes_batch *b, size_t first_b, size_t n_b,
                      double *gram) {
  size_t C = a->features;
  limes_gemm(true, false, n_b, n_a, C, 1 / (double)C, features_of(b, first_b), C, features_of(a, first_a), C, 0, gram, n_b);
}
