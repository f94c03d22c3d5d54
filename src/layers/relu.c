/* relu, leaky_relu, abrelu, abs: phi(u) = a min(u, 0) + b max(u, 0).
 *
 * Infinite width (docs/mathematics.md, section 3), with s = sqrt(K_aa K_bb), theta = arccos(K/s):
 *     kappa = (a^2 + b^2)/2 - (a - b)^2 theta / 2 pi        E[phi' phi']
 *     K <- (a - b)^2 / 2 pi * sqrt(s^2 - K^2) + kappa K,    Theta <- kappa Theta.
 * [Cho & Saul 2009; Tsuchida et al. 2018] At s = 0 theta is pi/2 and K is 0. sqrt(s^2 - K^2) is taken as
 * s sqrt((1 - rho)(1 + rho)) with 1 - rho = (s - K)/s, which keeps its digits near rho = 1.
 */
#include <float.h>

#include "base/clones.h"
#include "layers/elementwise.h"
#include "math/angle.h"

/* one run */

typedef struct {
  double a, b;
} slopes;

/* All in units of s, so that nothing over- or underflows before a variance itself does. */
LIMES_INLINE void dual(double k, double s, double mean, double spread, double *root, double *kappa) {
  double size = fabs(k), inverse = s >= DBL_MIN ? 1 / s : 0;
  double x = size * inverse, square = (s - size) * inverse * (1 + x);
  double y = sqrt(square > 0 ? square : 0);
  double turns = s >= DBL_MIN ? limes_arcsine_turns(x, y) : 0; /* asin|rho| / 2 pi */
  *root = s * y;
  *kappa = mean + spread * copysign(turns, k); /* (a^2 + b^2)/2 - (a - b)^2/4 + (a - b)^2 asin(rho)/2 pi */
}

LIMES_INLINE void slopes_loop(slopes p, const limes_run *run, size_t y_step) {
  double spread = (p.a - p.b) * (p.a - p.b), mean = 0.5 * (p.a * p.a + p.b * p.b) - 0.25 * spread;
  double edge = spread * 0.15915494309189535; /* 1 / 2 pi */
  const double *cov_in = run->cov_in, *ntk_in = run->ntk_in, *x = run->x, *y = run->y;
  double *cov = run->cov, *ntk = run->ntk;
  if (ntk != NULL)
    LIMES_INDEPENDENT
  for (size_t i = 0; i < run->length; i++) {
    double root, kappa;
    dual(cov_in[i], x[i] * y[i * y_step], mean, spread, &root, &kappa);
    cov[i] = edge * root + kappa * cov_in[i];
    ntk[i] = kappa * ntk_in[i];
  }
  else LIMES_INDEPENDENT for (size_t i = 0; i < run->length; i++) {
    double root, kappa;
    dual(cov_in[i], x[i] * y[i * y_step], mean, spread, &root, &kappa);
    cov[i] = edge * root + kappa * cov_in[i];
  }
}

LIMES_CLONES
static void run_slopes(slopes p, const limes_run *run) {
  if (run->y_is_one)
    slopes_loop(p, run, 0);
  else
    slopes_loop(p, run, 1);
}

/* The slope at 0 itself is the mean of both: what the kernel has at variance 0 */
LIMES_CLONES
static void apply_slopes(slopes p, size_t n, const double *u, double *value, double *slope) {
  double mean = 0.5 * (p.a + p.b);
  for (size_t i = 0; i < n; i++)
    value[i] = u[i] > 0 ? p.b * u[i] : p.a * u[i];
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = u[i] > 0 ? p.b : u[i] < 0 ? p.a : mean;
}

/* At zero variance the angle is pi/2, with everything. */
static void own_slopes(slopes p, double variance, double *value, double *slope) {
  double square = 0.5 * (p.a * p.a + p.b * p.b);
  *value = square * variance;
  *slope = variance > 0 ? square : 0.25 * (p.a + p.b) * (p.a + p.b);
}

#define FLOPS 40

/* relu */

static void relu_run(const void *param, const limes_run *run) {
  (void)param;
  run_slopes((slopes){0, 1}, run);
}

static void relu_own(const void *param, double variance, double *value, double *slope) {
  (void)param;
  own_slopes((slopes){0, 1}, variance, value, slope);
}

static const limes_param none[] = {LIMES_PARAM_END};

static void relu_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  (void)param;
  apply_slopes((slopes){0, 1}, n, u, value, slope);
}

static const limes_elementwise relu_dual = {
    .trace = limes_keep_deviation, .run = relu_run, .own = relu_own, .apply = relu_apply, .flops = FLOPS};

const limes_layer_ops limes_layer_relu = {
    .word = "relu",
    .summary = "max(u, 0)",
    .section = "3",
    .params = none,
    .elementwise = &relu_dual,
    LIMES_ELEMENTWISE_FACE,
};

/* leaky_relu */

typedef struct {
  double alpha;
} leaky;

static const limes_param leaky_params[] = {
    LIMES_PARAM_NUMBER(leaky, alpha, 0.01, "slope where u < 0"),
    LIMES_PARAM_END,
};

static void leaky_run(const void *param, const limes_run *run) { run_slopes((slopes){((const leaky *)param)->alpha, 1}, run); }

static void leaky_own(const void *param, double variance, double *value, double *slope) {
  own_slopes((slopes){((const leaky *)param)->alpha, 1}, variance, value, slope);
}

static void leaky_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  apply_slopes((slopes){((const leaky *)param)->alpha, 1}, n, u, value, slope);
}

static const limes_elementwise leaky_dual = {
    .trace = limes_keep_deviation, .run = leaky_run, .own = leaky_own, .apply = leaky_apply, .flops = FLOPS};

const limes_layer_ops limes_layer_leaky_relu = {
    .word = "leaky_relu",
    .summary = "max(u, 0) + alpha min(u, 0)",
    .section = "3",
    .param_size = sizeof(leaky),
    .params = leaky_params,
    .elementwise = &leaky_dual,
    LIMES_ELEMENTWISE_FACE,
};

/* abrelu */

static const limes_param abrelu_params[] = {
    LIMES_PARAM_NEEDED(slopes, a, "slope where u < 0"),
    LIMES_PARAM_NEEDED(slopes, b, "slope where u > 0"),
    LIMES_PARAM_END,
};

static void abrelu_run(const void *param, const limes_run *run) { run_slopes(*(const slopes *)param, run); }

static void abrelu_own(const void *param, double variance, double *value, double *slope) {
  own_slopes(*(const slopes *)param, variance, value, slope);
}

static void abrelu_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  apply_slopes(*(const slopes *)param, n, u, value, slope);
}

static const limes_elementwise abrelu_dual = {
    .trace = limes_keep_deviation, .run = abrelu_run, .own = abrelu_own, .apply = abrelu_apply, .flops = FLOPS};

const limes_layer_ops limes_layer_abrelu = {
    .word = "abrelu",
    .summary = "a min(u, 0) + b max(u, 0)",
    .section = "3",
    .param_size = sizeof(slopes),
    .params = abrelu_params,
    .elementwise = &abrelu_dual,
    LIMES_ELEMENTWISE_FACE,
};

/* abs */

static void abs_run(const void *param, const limes_run *run) {
  (void)param;
  run_slopes((slopes){-1, 1}, run);
}

static void abs_own(const void *param, double variance, double *value, double *slope) {
  (void)param;
  own_slopes((slopes){-1, 1}, variance, value, slope);
}

static void abs_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  (void)param;
  apply_slopes((slopes){-1, 1}, n, u, value, slope);
}

static const limes_elementwise abs_dual = {
    .trace = limes_keep_deviation, .run = abs_run, .own = abs_own, .apply = abs_apply, .flops = FLOPS};

const limes_layer_ops limes_layer_abs = {
    .word = "abs",
    .summary = "|u|",
    .section = "3",
    .params = none,
    .elementwise = &abs_dual,
    LIMES_ELEMENTWISE_FACE,
};
