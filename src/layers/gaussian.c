/* gaussian: phi(u) = a exp(b u^2).
 *
 * Infinite width (docs/mathematics.md, section 3), with D = (1 - 2 b K_aa)(1 - 2 b K_bb) - 4 b^2 K^2, the determinant of
 * 1 - 2 b Sigma:
 *     K <- a^2 / sqrt(D),    Theta <- Theta * 4 a^2 b^2 K / D^(3/2).
 * For b > 0 the expectation is finite only where 1 - 2 b Sigma is positive definite. An item with variances below 1/(4 b) has a
 * finite covariance with itself and so with all such items; others are refused.
 */
#include <math.h>

#include "base/clones.h"
#include "layers/elementwise.h"

typedef struct {
  double a, b;
} gaussian;

static const limes_param params[] = {
    LIMES_PARAM_NUMBER(gaussian, a, 1, "height"),
    LIMES_PARAM_NUMBER(gaussian, b, -1, "factor of u^2; above 0 only small variances have an expectation"),
    LIMES_PARAM_END,
};

LIMES_INLINE void gaussian_loop(const gaussian *f, const limes_run *run, size_t y_step) {
  double twice = -2 * f->b, fourfold = twice * twice, height = f->a * f->a;
  const double *cov_in = run->cov_in, *ntk_in = run->ntk_in, *x = run->x, *y = run->y;
  double *cov = run->cov, *ntk = run->ntk;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < run->length; i++) {
    double deviation = y[i * y_step], k = cov_in[i], s = x[i] * deviation, p = x[i] * x[i], q = deviation * deviation;
    double square = (s - fabs(k)) * (s + fabs(k)), apart = square > 0 ? square : 0;
    double d = 1 + twice * (p + q) + fourfold * apart;
    double least = 1 + twice * (p > q ? p : q); /* with d, whether the matrix is positive definite */
    d = least > 0 && d > 0 ? d : 0;
    double value = height / sqrt(d);
    cov[i] = value;
    if (ntk != NULL)
      ntk[i] = ntk_in[i] * (fourfold * k * value / d);
  }
}

LIMES_CLONES
static void run(const void *param, const limes_run *run) {
  if (run->y_is_one)
    gaussian_loop(param, run, 0);
  else
    gaussian_loop(param, run, 1);
}

static void own(const void *param, double variance, double *value, double *slope) {
  const gaussian *f = param;
  double d = 1 - 4 * f->b * variance;
  d = d > 0 ? d : 0;
  *value = f->a * f->a / sqrt(d);
  *slope = 4 * f->b * f->b * variance * *value / d;
}

static void apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  const gaussian *f = param;
  for (size_t i = 0; i < n; i++)
    value[i] = f->a * exp(f->b * u[i] * u[i]);
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = 2 * f->b * u[i] * value[i];
}

static limes_status accept(limes_context *context, const limes_op *op, const limes_trace *trace, const char *where) {
  double b = ((const gaussian *)op->param)->b, most = 0.25 / b;
  for (uint32_t a = 0; b > 0 && a < trace->grid->T; a++) {
    double deviation = trace->position[0][a], variance = deviation * deviation;
    if (!(variance < most))
      return limes_fail(
          context, LIMES_OUT_OF_DOMAIN,
          "%s, %s: at position %u the variance is %g, and exp(b u^2) with b = %g has a finite one only below 1/(4 b) = "
          "%g: put layer_norm or dense with a smaller w_std before it, or take a smaller b",
          where, op->ops->word, (unsigned)a, variance, b, most);
  }
  return LIMES_OK;
}

static const limes_elementwise gaussian_dual = {
    .trace = limes_keep_deviation, .run = run, .own = own, .apply = apply, .flops = 25};

const limes_layer_ops limes_layer_gaussian = {
    .word = "gaussian",
    .summary = "a exp(b u^2)",
    .section = "3",
    .param_size = sizeof(gaussian),
    .params = params,
    .elementwise = &gaussian_dual,
    .accept = accept,
    LIMES_ELEMENTWISE_FACE,
};
