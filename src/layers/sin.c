/* sin: a sin(b u + c); cos: a cos(b u + c); rbf: sqrt(2) sin(sqrt(2 gamma) u + pi/4), the random features of a Gaussian kernel.
 *
 * Infinite width (docs/mathematics.md, section 3), with P = b^2 K_aa, Q = b^2 K_bb, R = b^2 K and e(x) = exp(x - (P + Q)/2):
 *     E[sin(U + c) sin(V + c)] = (e(R) - e(-R))/2 + sin^2 c e(-R)
 *     E[cos(U + c) cos(V + c)] = (e(R) - e(-R))/2 + cos^2 c e(-R),
 * each the other's slope; for rbf, sin^2 c = 1/2, this is e(R). The larger exponent, |R| - (P + Q)/2, is written as
 * -(sqrt P - sqrt Q)^2/2 - (sqrt(P Q) - |R|), and the difference is taken by expm1: no digits are lost where variances are tiny
 * or huge.
 */
#include <math.h>

#include "layers/elementwise.h"

typedef struct {
  double a, b, c;
} wave;

/* What the function comes to: height^2 (difference + share e(-R)), and the same with the other share for the slope */
typedef struct {
  double height, factor; /* a^2, b^2 */
  double value, slope;   /* sin^2 c and cos^2 c, or the other way round */
} mixture;

static void expectations(const mixture *m, double deviation_x, double deviation_y, double k, double *value, double *slope) {
  double difference = deviation_x - deviation_y, r = m->factor * k;
  double apart = m->factor * (deviation_x * deviation_y - fabs(k));
  double larger = exp(-0.5 * m->factor * difference * difference - (apart > 0 ? apart : 0));
  double less = expm1(-2 * fabs(r)); /* e(-|R|) / e(|R|) - 1 */
  double half = copysign(-0.5 * less * larger, r), minus = r > 0 ? larger * (1 + less) : larger;
  *value = m->height * (half + m->value * minus);
  *slope = m->height * m->factor * (half + m->slope * minus);
}

static void run_mixture(const mixture *m, const limes_run *run) {
  for (size_t i = 0; i < run->length; i++) {
    double value, slope;
    expectations(m, run->x[i], run->y[run->y_is_one ? 0 : i], run->cov_in[i], &value, &slope);
    run->cov[i] = value;
    if (run->ntk != NULL)
      run->ntk[i] = slope * run->ntk_in[i];
  }
}

static void own_mixture(const mixture *m, double variance, double *value, double *slope) {
  double deviation = sqrt(variance > 0 ? variance : 0);
  expectations(m, deviation, deviation, variance, value, slope);
}

#define FLOPS 80

/* sin */

static const limes_param wave_params[] = {
    LIMES_PARAM_NUMBER(wave, a, 1, "height"),
    LIMES_PARAM_NUMBER(wave, b, 1, "factor of u"),
    LIMES_PARAM_NUMBER(wave, c, 0, "phase, in radians"),
    LIMES_PARAM_END,
};

static mixture of_sin(const wave *p) {
  double sine = sin(p->c), cosine = cos(p->c);
  return (mixture){p->a * p->a, p->b * p->b, sine * sine, cosine * cosine};
}

static void sin_run(const void *param, const limes_run *run) {
  mixture m = of_sin(param);
  run_mixture(&m, run);
}

static void sin_own(const void *param, double variance, double *value, double *slope) {
  mixture m = of_sin(param);
  own_mixture(&m, variance, value, slope);
}

static void sin_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  const wave *p = param;
  for (size_t i = 0; i < n; i++)
    value[i] = p->a * sin(p->b * u[i] + p->c);
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = p->a * p->b * cos(p->b * u[i] + p->c);
}

static const limes_elementwise sin_dual = {
    .trace = limes_keep_deviation, .run = sin_run, .own = sin_own, .apply = sin_apply, .flops = FLOPS};

const limes_layer_ops limes_layer_sin = {
    .word = "sin",
    .summary = "a sin(b u + c)",
    .section = "3",
    .param_size = sizeof(wave),
    .params = wave_params,
    .elementwise = &sin_dual,
    LIMES_ELEMENTWISE_FACE,
};

/* cos */

static mixture of_cos(const wave *p) {
  double sine = sin(p->c), cosine = cos(p->c);
  return (mixture){p->a * p->a, p->b * p->b, cosine * cosine, sine * sine};
}

static void cos_run(const void *param, const limes_run *run) {
  mixture m = of_cos(param);
  run_mixture(&m, run);
}

static void cos_own(const void *param, double variance, double *value, double *slope) {
  mixture m = of_cos(param);
  own_mixture(&m, variance, value, slope);
}

static void cos_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  const wave *p = param;
  for (size_t i = 0; i < n; i++)
    value[i] = p->a * cos(p->b * u[i] + p->c);
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = -p->a * p->b * sin(p->b * u[i] + p->c);
}

static const limes_elementwise cos_dual = {
    .trace = limes_keep_deviation, .run = cos_run, .own = cos_own, .apply = cos_apply, .flops = FLOPS};

const limes_layer_ops limes_layer_cos = {
    .word = "cos",
    .summary = "a cos(b u + c)",
    .section = "3",
    .param_size = sizeof(wave),
    .params = wave_params,
    .elementwise = &cos_dual,
    LIMES_ELEMENTWISE_FACE,
};

/* rbf */

typedef struct {
  double gamma;
} rbf;

static const limes_param rbf_params[] = {
    LIMES_PARAM_STD(rbf, gamma, 1, "the kernel is exp(-gamma (K_aa + K_bb - 2 K))"),
    LIMES_PARAM_END,
};

static void gaussian_kernel(double gamma, double deviation_x, double deviation_y, double k, double *value, double *slope) {
  double difference = deviation_x - deviation_y, apart = deviation_x * deviation_y - k;
  *value = exp(-gamma * (difference * difference + 2 * (apart > 0 ? apart : 0)));
  *slope = 2 * gamma * *value;
}

static void rbf_run(const void *param, const limes_run *run) {
  double gamma = ((const rbf *)param)->gamma;
  for (size_t i = 0; i < run->length; i++) {
    double value, slope;
    gaussian_kernel(gamma, run->x[i], run->y[run->y_is_one ? 0 : i], run->cov_in[i], &value, &slope);
    run->cov[i] = value;
    if (run->ntk != NULL)
      run->ntk[i] = slope * run->ntk_in[i];
  }
}

static void rbf_own(const void *param, double variance, double *value, double *slope) {
  (void)variance;
  *value = 1;
  *slope = 2 * ((const rbf *)param)->gamma;
}

static void rbf_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  wave w = {M_SQRT2, sqrt(2 * ((const rbf *)param)->gamma), M_PI_4};
  sin_apply(&w, n, u, value, slope);
}

static const limes_elementwise rbf_dual = {
    .trace = limes_keep_deviation, .run = rbf_run, .own = rbf_own, .apply = rbf_apply, .flops = 40};

const limes_layer_ops limes_layer_rbf = {
    .word = "rbf",
    .summary = "sqrt(2) sin(sqrt(2 gamma) u + pi/4): a Gaussian kernel",
    .section = "3",
    .param_size = sizeof(rbf),
    .params = rbf_params,
    .elementwise = &rbf_dual,
    LIMES_ELEMENTWISE_FACE,
};
