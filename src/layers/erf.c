/* erf: phi(u) = a erf(b u) + c; sigmoid_like: (erf(u / 2.4020563531719796) + 1) / 2.
 *
 * Infinite width (docs/mathematics.md, section 3), with r = 1 / sqrt(1 + 2 b^2 K_aa) of both sides:
 *     K <- 2 a^2/pi asin(2 b^2 K r_a r_b) + c^2,
 *     Theta <- Theta * 4 a^2 b^2/pi / sqrt((1 + 2 b^2 K_aa)(1 + 2 b^2 K_bb) - 4 b^4 K^2).          [Williams 1997]
 */
#include "layers/erf.h"

#include <math.h>
#include <stdbool.h>

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
#define HALF_PI 1.5707963267948966
#define ROOT_TWO 1.4142135623730951

#define SATURATED 1e100 /* from such a root of q K_aa on, 1 beside q K_aa is nothing, and q K_aa itself may be no number */

/* r = 1 / sqrt(1 + t^2) */
LIMES_INLINE double inverse_root(double t) {
  double moderate = t < SATURATED ? t : 1;
  return t < SATURATED ? 1 / sqrt(1 + moderate * moderate) : 1 / t;
}

/* x and y: deviations; q = root^2. With r = 1 / sqrt(1 + q K_aa) of both sides and g = root r, whose products with deviations are
 * at most 1, nothing overflows: rho = g_a g_b K, and 1 - rho^2 is a sum of terms without cancellation. */
LIMES_INLINE void erf_loop(const limes_erf *p, const limes_run *run, size_t y_step) {
  double root = ROOT_TWO * fabs(p->b), height = 2 * p->a * p->a * INVERSE_PI, lift = p->c * p->c;
  const double *cov_in = run->cov_in, *ntk_in = run->ntk_in, *x = run->x, *y = run->y;
  double *cov = run->cov, *ntk = run->ntk;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < run->length; i++) {
    double k = cov_in[i], size = fabs(k), s = x[i] * y[i * y_step];
    double r_x = inverse_root(root * x[i]), r_y = inverse_root(root * y[i * y_step]), g_x = root * r_x, g_y = root * r_y;
    double apart = (s - size) * g_x * g_y * ((s + size) * g_x * g_y);
    double rest = r_x * r_x + r_y * r_y * (1 - r_x * r_x) + (apart > 0 ? apart : 0);
    double rho = k * g_x * g_y;
    rho = rho > 1 ? 1 : rho < -1 ? -1 : rho;
    cov[i] = height * limes_arcsine_left(rho, rest / (1 + fabs(rho))) + lift;
    if (ntk != NULL)
      ntk[i] = ntk_in[i] * (height * g_x * g_y / sqrt(rest));
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
  double root = ROOT_TWO * fabs(p->b), t = root * sqrt(variance > 0 ? variance : 0), height = 2 * p->a * p->a * INVERSE_PI;
  bool saturated = t >= SATURATED;
  *value = height * (saturated ? HALF_PI : atan2(t * t, sqrt(1 + 2 * t * t))) + p->c * p->c;
  *slope = height * root * (root / (saturated ? ROOT_TWO * t : sqrt(1 + 2 * t * t)));
}

static void apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  const limes_erf *p = param;
  for (size_t i = 0; i < n; i++)
    value[i] = p->a * erf(p->b * u[i]) + p->c;
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = p->a * p->b * M_2_SQRTPI * exp(-p->b * p->b * u[i] * u[i]);
}

static const limes_elementwise erf_dual = {.trace = limes_keep_deviation, .run = run, .own = own, .apply = apply, .flops = 75};

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
    .trace = limes_keep_deviation, .run = sigmoid_like_run, .own = sigmoid_like_own, .apply = sigmoid_like_apply, .flops = 75};

const limes_layer_ops limes_layer_sigmoid_like = {
    .word = "sigmoid_like",
    .summary = "(erf(u / 2.40206) + 1) / 2, close to 1 / (1 + exp(-u))",
    .section = "3",
    .params = no_params,
    .elementwise = &sigmoid_like_dual,
    LIMES_ELEMENTWISE_FACE,
};
