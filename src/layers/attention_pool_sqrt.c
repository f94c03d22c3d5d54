/* attention_pool(query=learned, scale=sqrt).
 *
 * Infinite width (docs/mathematics.md, section 5): the logits g of one query vector of its own a head are Gaussian with
 * covariance s^2 K~_cd, s = q_std k_std, so that T_cd = E[zeta(g_c) zeta(g_d)] and T'_cd = E[zeta'(g_c) zeta'(g_d)] are the dual
 * of zeta, and K     <- sigma^2 sum_cd K_cd T_cd + b_std^2,                          sigma = v_std o_std, Theta <- b_std^2 + 2
 * (K_new - b_std^2) + sigma^2 sum_cd {Theta_cd T_cd + K_cd T'_cd s^2 (2 K~_cd + Theta~_cd)}.
 */
#include "layers/attention_pool_sqrt.h"

#include <math.h>

#include "base/clones.h"
#include "layers/erf.h"
#include "layers/run.h"

extern const limes_layer_ops limes_layer_relu, limes_layer_abs, limes_layer_erf;

static const limes_erf plain_erf = {1, 1, 0};

/* NULL: identity */
static const limes_elementwise *dual_of(const limes_attention *p) {
  switch (p->zeta) {
  case LIMES_ZETA_RELU:
    return limes_layer_relu.elementwise;
  case LIMES_ZETA_ABS:
    return limes_layer_abs.elementwise;
  case LIMES_ZETA_ERF:
    return limes_layer_erf.elementwise;
  default:
    return NULL;
  }
}

void limes_pool_sqrt_trace(const limes_attention *p, const limes_panel *own, limes_trace *kept) {
  limes_attention_sqrt part = limes_attention_random_part(p, 0);
  limes_trace beside = *kept;
  beside.position[1] = kept->position[LIMES_POOL_DEVIATIONS];
  limes_attention_sqrt_trace(&part, own, &beside);
  for (uint32_t a = 0; a < kept->grid->T; a++)
    kept->position[LIMES_POOL_DEVIATIONS][a] *= p->q_std * p->k_std;
}

/* cov: K~ -> s^2 K~; ntk: Theta~ -> s^2 (2 K~ + Theta~) */
LIMES_CLONES
static void sharpen(size_t n, double sharp2, double *cov, double *ntk) {
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    double k = sharp2 * cov[i];
    if (ntk != NULL)
      ntk[i] = sharp2 * ntk[i] + 2 * k;
    cov[i] = k;
  }
}

/* cov <- T, ntk <- ntk T' */
static void apply_dual(const limes_elementwise *dual, const limes_trace *x, const limes_trace *y, bool same, double *cov,
                       double *ntk) {
  size_t T = x->grid->T;
  const double *left = x->position[LIMES_POOL_DEVIATIONS], *right = y->position[LIMES_POOL_DEVIATIONS];
  for (size_t b = 0; b < y->grid->T; b++) {
    double *column = cov + b * T, *column_ntk = ntk == NULL ? NULL : ntk + b * T,
           own = same && ntk != NULL ? ntk[b * (T + 1)] : 0;
    dual->run(&plain_erf, &(limes_run){.length = T,
                                       .cov_in = column,
                                       .ntk_in = column_ntk,
                                       .cov = column,
                                       .ntk = column_ntk,
                                       .x = left,
                                       .y = right + b,
                                       .y_is_one = true});
    if (!same)
      continue;
    double slope;
    dual->own(&plain_erf, right[b] * right[b], &column[b], &slope);
    if (ntk != NULL)
      column_ntk[b] = own * slope;
  }
}

LIMES_CLONES
static void weigh(size_t n, const double *k, const double *theta, double *cov, double *ntk) {
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    if (ntk != NULL)
      ntk[i] = theta[i] * cov[i] + k[i] * ntk[i];
    cov[i] *= k[i];
  }
}

void limes_pool_sqrt_pair(const limes_attention *p, const limes_panel *in, size_t j, const limes_trace *x, const limes_trace *y,
                          double *cov, double *ntk) {
  limes_attention_sqrt part = limes_attention_random_part(p, 0);
  const limes_elementwise *dual = dual_of(p);
  size_t n = (size_t)x->grid->T * y->grid->T;
  const double *k = in->cov + in->start[j], *theta = ntk == NULL ? NULL : in->ntk + in->start[j];
  limes_attention_sqrt_embed(&part, x, y, k, cov);
  if (ntk != NULL)
    limes_attention_sqrt_embed(&part, x, y, theta, ntk);
  sharpen(n, part.zeta.sharp2, cov, ntk);
  if (dual != NULL)
    apply_dual(dual, x, y, in->same == (ptrdiff_t)j, cov, ntk);
  weigh(n, k, theta, cov, ntk);
}
