/* erf: phi(u) = a erf(b u) + c; sigmoid_like: (erf(u / 2.4020563531719796) + 1) / 2.
 *
 * Infinite width (docs/mathematics.md, section 3), with r = 1 / sqrt(1 + 2 b^2 K_aa) of both sides:
 *     K <- 2 a^2/pi asin(2 b^2 K r_a r_b) + c^2,
 *     Theta <- Theta * 4 a^2 b^2/pi / sqrt((1 + 2 b^2 K_aa)(1 + 2 b^2 K_bb) - 4 b^4 K^2).          [Williams 1997]
 */
#include "layers/erf.h"

#include <math.h>

#include "base/clones.h"
#include "layers/elementwise.h"
#include "math/angle.h"

static const limes_param params[] = {
    LIMES_PARAM_NUMBER(limes_erf, a, 1, "height"),
    LIMES_PARAM_NUMBER(limes_erf, b, 1, "factor of u"),
    LIMES_PARAM_NUMBER(limes_erf, c, 0, "added to the result"),
    LIMES_PARAM_END,
};

#define INVERSE_PI 0.31830988618379067

/* x and y: deviations. D = (1 + q K_aa)(1 + q K_bb) - q^2 K^2 is a sum of terms without cancellation, and 1 - rho^2 = D / ab. */
LIMES_INLINE void erf_loop(const limes_erf *p, const limes_run *run, size_t y_step) {
  double q = 2 * p->b * p->b, height = 2 * p->a * p->a * INVERSE_PI, steep = height * q, lift = p->c * p->c;
  const double *cov_in = run->cov_in, *ntk_in = run->ntk_in, *x = run->x, *y = run->y;
  double *cov = run->cov, *ntk = run->ntk;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < run->length; i++) {
    double k = cov_in[i], size = fabs(k), s = x[i] * y[i * y_step];
    double a = 1 + q * x[i] * x[i], b = 1 + q * y[i * y_step] * y[i * y_step], scale = 1 / (sqrt(a) * sqrt(b));
    double apart = (s - size) * (s + size), D = a + b - 1 + q * q * (apart > 0 ? apart : 0);
    double rho = q * k * scale;
    rho = rho > 1 ? 1 : rho < -1 ? -1 : rho;
    cov[i] = height * limes_arcsine_left(rho, D * scale * scale / (1 + fabs(rho))) + lift;
    if (ntk != NULL)
      ntk[i] = ntk_in[i] * (steep / sqrt(D));
  }
}

LIMES_CLONES
static void run(const void *param, const limes_run *run) {
  if (run->y_is_one)
    erf_loop(param, run, 0);
  else
    erf_loop(param, run, 1);
}

/* asin(q/(1+q)) as atan(q / sqrt(1 + 2 q)), which keeps its digits for large and small q */
static void own(const void *param, double variance, double *value, double *slope) {
  const limes_erf *p = param;
  double q = 2 * p->b * p->b * variance, height = 2 * p->a * p->a * INVERSE_PI;
  *value = height * atan2(q, sqrt(1 + 2 * q)) + p->c * p->c;
  *slope = height * 2 * p->b * p->b / sqrt(1 + 2 * q);
}

static void apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  const limes_erf *p = param;
  for (size_t i = 0; i < n; i++)
    value[i] = p->a * erf(p->b * u[i]) + p->c;
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = p->a * p->b * M_2_SQRTPI * exp(-p->b * p->b * u[i] * u[i]);
}

static const limes_elementwise erf_dual = {.trace = limes_keep_deviation, .run = run, .own = own, .apply = apply, .flops = 50};

const limes_layer_ops limes_layer_erf = {
    .word = "erf",
    .summary = "a erf(b u) + c",
    .section = "3",
    .param_size = sizeof(limes_erf),
    .params = params,
    .elementwise = &erf_dual,
    LIMES_ELEMENTWISE_FACE,
};

/* sigmoid_like: the scale that comes closest to 1 / (1 + exp(-u)) */

static const limes_erf sigmoid_like = {0.5, 1 / 2.4020563531719796, 0.5};

static void sigmoid_like_run(const void *param, const limes_run *pairs) {
  (void)param;
  run(&sigmoid_like, pairs);
}

static void sigmoid_like_own(const void *param, double variance, double *value, double *slope) {
  (void)param;
  own(&sigmoid_like, variance, value, slope);
}

static void sigmoid_like_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  (void)param;
  apply(&sigmoid_like, n, u, value, slope);
}

static const limes_param no_params[] = {LIMES_PARAM_END};

static const limes_elementwise sigmoid_like_dual = {
    .trace = limes_keep_deviation, .run = sigmoid_like_run, .own = sigmoid_like_own, .apply = sigmoid_like_apply, .flops = 50};

const limes_layer_ops limes_layer_sigmoid_like = {
    .word = "sigmoid_like",
    .summary = "(erf(u / 2.40206) + 1) / 2, close to 1 / (1 + exp(-u))",
    .section = "3",
    .params = no_params,
    .elementwise = &sigmoid_like_dual,
    LIMES_ELEMENTWISE_FACE,
};
