/* attention whose logits are random and have means (qk_correlation), or go through erf. */
#include <math.h>

#include "layers/attention_sqrt_pair.h"
#include "layers/hermite_sums.h"

/* w = K S, Theta S and K Theta~, S_cd the product of the deviations */
static void weigh(const limes_sqrt_pair *z, const double *x, const double *y) {
  double *const *w = z->sums.w;
  for (size_t i = 0, b = 0; b < z->sums.T_y; b++)
    for (size_t a = 0; a < z->sums.T; a++, i++)
      w[0][i] = z->values[i] * (x[a] * y[b]);
  for (size_t i = 0, b = 0; b < z->sums.T_y && z->values_ntk != NULL; b++)
    for (size_t a = 0; a < z->sums.T; a++, i++) {
      w[1][i] = z->values_ntk[i] * (x[a] * y[b]);
      w[2][i] = z->values[i] * z->tilde_ntk[i];
    }
}

static double sum_all(limes_sqrt_pair *z, bool diagonal) {
  const limes_attention_sqrt *p = z->p;
  limes_kink_pair *arrays = &z->sums;
  limes_sqrt_measure(z);
  for (size_t i = 0; i < arrays->n; i++)
    arrays->cosine[i] = copysign(arrays->cosine[i], z->tilde[i]);
  limes_hermite_pair sums = {.zeta = p->zeta,
                             .T = arrays->T,
                             .T_y = arrays->T_y,
                             .causal = p->causal,
                             .diagonal = diagonal,
                             .ntk = z->values_ntk != NULL,
                             .rho = arrays->cosine,
                             .sine = arrays->sine,
                             .power = arrays->spare[0],
                             .left = arrays->spare[1],
                             .product = arrays->spare[2],
                             .mixed = arrays->spare[3],
                             .items = arrays->series};
  sums.deviation_x = z->trace_x->position[1];
  sums.deviation_y = z->trace_y->position[1];
  sums.own_x = p->zeta.tau > 0 ? z->trace_x->matrix[p->positions] : NULL;
  sums.own_y = p->zeta.tau > 0 ? z->trace_y->matrix[p->positions] : NULL;
  weigh(z, sums.deviation_x, sums.deviation_y);
  for (size_t q = 0; q < LIMES_HERMITE_SUMS; q++) {
    sums.w[q] = arrays->w[q];
    sums.sum[q] = arrays->sum[q];
  }
  double error = limes_hermite_sums(&sums);
  z->powers = sums.powers;
  z->near = sums.near;
  return error;
}

double limes_sqrt_with_means(limes_sqrt_pair *z, bool diagonal, double *cov, double *ntk) {
  const limes_attention_sqrt *p = z->p;
  double error = sum_all(z, diagonal), factor = p->sigma2 * p->zeta.sharp2, *const *sum = z->sums.sum;
  const double *x = z->trace_x->position[1], *y = z->trace_y->position[1];
  size_t T = z->sums.T, n = diagonal ? T : z->sums.n, step = diagonal ? T + 1 : 1;
  for (size_t i = 0; i < n; i++) {
    double size = x[i % T] * y[diagonal ? i : i / T], k = factor * size * sum[0][i];
    cov[i] = k + p->b2;
    if (ntk != NULL)
      ntk[i] = factor * (size * sum[1][i] + z->tilde_ntk[i * step] * sum[2][i]) + 2 * k + p->b2;
  }
  return error;
}
