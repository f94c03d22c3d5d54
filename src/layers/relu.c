/* relu, leaky_relu, abrelu, abs: phi(u) = a min(u, 0) + b max(u, 0).
 *
 * Infinite width (docs/mathematics.md, section 3), with s = sqrt(K_aa K_bb), theta = arccos(K/s):
 *     kappa = (a^2 + b^2)/2 - (a - b)^2 theta / 2 pi        E[phi' phi']
 *     K <- (a - b)^2 / 2 pi * sqrt(s^2 - K^2) + kappa K,    Theta <- kappa Theta.
 * [Cho & Saul 2009; Tsuchida et al. 2018] At s = 0 theta is pi/2 and K is 0. sqrt(s^2 - K^2) is taken as
 * s sqrt((1 - rho)(1 + rho)), where 1 - rho is exact near rho = 1.
 */
#include <float.h>

#include "base/clones.h"
#include "layers/elementwise.h"
#include "math/angle.h"
#include "math/root.h"

/* one run */

typedef struct {
  double a, b;
} slopes;

#define CHUNK 128 /* elements: two short loops over a buffer keep the processor busier than a long one */

/* |rho|: 0 where a variance is too small to divide by. */
LIMES_INLINE void correlations(size_t n, const limes_run *run, size_t first, size_t y_step, double *restrict size) {
  const double *k = run->cov_in + first;
  if (run->x_inverse != NULL) {
    const double *x = run->x_inverse + first, *y = run->y_inverse + first * y_step;
    LIMES_INDEPENDENT
    for (size_t i = 0; i < n; i++)
      size[i] = fabs(k[i]) * (x[i] * y[i * y_step]);
    return;
  }
  const double *x = run->x + first, *y = run->y + first * y_step;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    double s = x[i] * y[i * y_step];
    size[i] = s >= DBL_MIN ? fabs(k[i]) / s : 0;
  }
}

/* sqrt(1 - rho^2) */
LIMES_INLINE void roots(size_t n, const double *restrict size, double *restrict root) {
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    double square = (1 - size[i]) * (1 + size[i]);
    root[i] = limes_root(square > 0 ? square : 0);
  }
}

LIMES_INLINE double kappa_of(double k, double size, double root, double mean, double spread) {
  return mean +
         spread * copysign(limes_arcsine_turns(size, root), k); /* (a^2 + b^2)/2 - (a - b)^2/4 + (a - b)^2 asin(rho)/2 pi */
}

LIMES_INLINE void slopes_loop(slopes p, const limes_run *run, size_t y_step) {
  double spread = (p.a - p.b) * (p.a - p.b), mean = 0.5 * (p.a * p.a + p.b * p.b) - 0.25 * spread;
  double edge = spread * 0.15915494309189535; /* 1 / 2 pi */
  double size[CHUNK], root[CHUNK];
  for (size_t first = 0; first < run->length; first += CHUNK) {
    size_t n = run->length - first < CHUNK ? run->length - first : CHUNK;
    const double *k = run->cov_in + first, *x = run->x + first, *y = run->y + first * y_step;
    double *cov = run->cov + first;
    correlations(n, run, first, y_step, size);
    roots(n, size, root);
    if (run->ntk != NULL) {
      const double *ntk_in = run->ntk_in + first;
      double *ntk = run->ntk + first;
      LIMES_INDEPENDENT
      for (size_t i = 0; i < n; i++) {
        double kappa = kappa_of(k[i], size[i], root[i], mean, spread);
        cov[i] = edge * (x[i] * y[i * y_step]) * root[i] + kappa * k[i];
        ntk[i] = kappa * ntk_in[i];
      }
    } else {
      LIMES_INDEPENDENT
      for (size_t i = 0; i < n; i++)
        cov[i] = edge * (x[i] * y[i * y_step]) * root[i] + kappa_of(k[i], size[i], root[i], mean, spread) * k[i];
    }
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
    .trace = limes_keep_deviation, .run = relu_run, .inverse = true, .own = relu_own, .apply = relu_apply, .flops = FLOPS};

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
    .trace = limes_keep_deviation, .run = leaky_run, .inverse = true, .own = leaky_own, .apply = leaky_apply, .flops = FLOPS};

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
    .trace = limes_keep_deviation, .run = abrelu_run, .inverse = true, .own = abrelu_own, .apply = abrelu_apply, .flops = FLOPS};

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
    .trace = limes_keep_deviation, .run = abs_run, .inverse = true, .own = abs_own, .apply = abs_apply, .flops = FLOPS};

const limes_layer_ops limes_layer_abs = {
    .word = "abs",
    .summary = "|u|",
    .section = "3",
    .params = none,
    .elementwise = &abs_dual,
    LIMES_ELEMENTWISE_FACE,
};
