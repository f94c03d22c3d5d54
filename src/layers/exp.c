/* exp: phi(u) = a exp(b u); exp_normalized: the nonlinearity whose kernel is sqrt(K_aa K_bb) exp(gamma (rho + shift)).
 *
 * Infinite width (docs/mathematics.md, section 3):
 *     exp: K <- a^2 exp(b^2 (K_aa + K_bb + 2 K) / 2),                          Theta <- Theta b^2 K_new
 *     exp_normalized: K <- s exp(gamma (rho + shift)), s = sqrt(K_aa K_bb),    Theta <- Theta gamma exp(gamma (rho + shift)).
 * rho = 0 where s = 0. At gamma = 1, shift = -1 exp_normalized keeps variances and is close to relu, but smooth.
 */
#include <math.h>

#include "layers/elementwise.h"

/* exp */

typedef struct {
  double a, b;
} exponential;

static const limes_param exp_params[] = {
    LIMES_PARAM_NUMBER(exponential, a, 1, "height"),
    LIMES_PARAM_NUMBER(exponential, b, 1, "factor of u"),
    LIMES_PARAM_END,
};

static void keep_variance(const void *param, size_t n, const double *variance, double *kept) {
  (void)param;
  for (size_t i = 0; i < n; i++)
    kept[i] = variance[i] > 0 ? variance[i] : 0;
}

static void exp_run(const void *param, const limes_run *run) {
  const exponential *f = param;
  double height = f->a * f->a, factor = f->b * f->b;
  for (size_t i = 0; i < run->length; i++) {
    double sum = 0.5 * (run->x[i] + run->y[run->y_is_one ? 0 : i]) + run->cov_in[i];
    double value = height * exp(factor * sum);
    run->cov[i] = value;
    if (run->ntk != NULL)
      run->ntk[i] = run->ntk_in[i] * (factor * value);
  }
}

static void exp_own(const void *param, double variance, double *value, double *slope) {
  const exponential *f = param;
  *value = f->a * f->a * exp(2 * f->b * f->b * variance);
  *slope = f->b * f->b * *value;
}

static void exp_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  const exponential *f = param;
  for (size_t i = 0; i < n; i++)
    value[i] = f->a * exp(f->b * u[i]);
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = f->b * value[i];
}

static const limes_elementwise exp_dual = {
    .trace = keep_variance, .run = exp_run, .own = exp_own, .apply = exp_apply, .flops = 30};

const limes_layer_ops limes_layer_exp = {
    .word = "exp",
    .summary = "a exp(b u)",
    .section = "3",
    .param_size = sizeof(exponential),
    .params = exp_params,
    .elementwise = &exp_dual,
    LIMES_ELEMENTWISE_FACE,
};

/* exp_normalized */

typedef struct {
  double gamma, shift;
} normalized;

static const limes_param normalized_params[] = {
    LIMES_PARAM_STD(normalized, gamma, 1, "factor of rho"),
    LIMES_PARAM_NUMBER(normalized, shift, -1, "added to rho"),
    LIMES_PARAM_END,
};

static void normalized_run(const void *param, const limes_run *run) {
  const normalized *f = param;
  for (size_t i = 0; i < run->length; i++) {
    double s = run->x[i] * run->y[run->y_is_one ? 0 : i], rho = s > 0 ? run->cov_in[i] / s : 0;
    rho = rho > 1 ? 1 : rho < -1 ? -1 : rho;
    double e = exp(f->gamma * (rho + f->shift));
    run->cov[i] = s * e;
    if (run->ntk != NULL)
      run->ntk[i] = run->ntk_in[i] * (f->gamma * e);
  }
}

static void normalized_own(const void *param, double variance, double *value, double *slope) {
  const normalized *f = param;
  double e = exp(f->gamma * ((variance > 0 ? 1 : 0) + f->shift));
  *value = variance > 0 ? variance * e : 0;
  *slope = f->gamma * e;
}

static const limes_elementwise normalized_dual = {
    .trace = limes_keep_deviation, .run = normalized_run, .own = normalized_own, .flops = 35};

const limes_layer_ops limes_layer_exp_normalized = {
    .word = "exp_normalized",
    .summary = "the nonlinearity with the kernel sqrt(K_aa K_bb) exp(gamma (rho + shift))",
    .section = "3",
    .param_size = sizeof(normalized),
    .params = normalized_params,
    .elementwise = &normalized_dual,
    LIMES_ELEMENTWISE_FACE,
};
