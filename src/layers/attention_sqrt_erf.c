/* attention with scale=sqrt and zeta = erf. */
#include "layers/attention_sqrt_pair.h"
#include "layers/erf_sums.h"

#define TWO_BY_PI 0.63661977236758134

static double sum_erfs(limes_sqrt_pair *z, bool diagonal) {
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

static void finish_erf(const limes_sqrt_pair *z, bool diagonal, double *cov, double *ntk) {
  const limes_attention_sqrt *p = z->p;
  size_t n = diagonal ? z->sums.T : z->sums.n, step = diagonal ? z->sums.T + 1 : 1;
  double factor = p->sigma2 * TWO_BY_PI, *const *sum = z->sums.sum;
  for (size_t i = 0; i < n; i++)
    cov[i] = factor * sum[0][i] + p->b2;
  for (size_t i = 0; i < n && ntk != NULL; i++) {
    double k = z->tilde[i * step], e = z->tilde_ntk[i * step];
    double logits = 2 * p->sharp2 * ((2 * k + e) * sum[2][i] + k * sum[3][i]);
    ntk[i] = factor * (sum[1][i] + logits + 2 * sum[0][i]) + p->b2;
  }
}

double limes_sqrt_erf(limes_sqrt_pair *z, bool diagonal, double *cov, double *ntk) {
  double error = sum_erfs(z, diagonal);
  finish_erf(z, diagonal, cov, ntk);
  return error;
}
