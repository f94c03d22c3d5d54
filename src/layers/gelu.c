/* gelu: phi(u) = u Phi(u), Phi the standard normal distribution function.
 *
 * Infinite width (docs/mathematics.md, section 3), with A = 1 + K_aa, B = 1 + K_bb, D = A B - K^2, F = E[Phi(u) Phi(v)]:
 *     F = 1/4 + asin(K / sqrt(A B)) / 2 pi
 *     K <- K F + (K_aa K_bb - K^2 + K^2 (1/A + 1/B)) / (2 pi sqrt(D))
 *     Theta <- Theta (F + K (1/A + 1/B + 1/D) / (2 pi sqrt(D))).
 * By Stein's lemma, term by term. D is 1 + K_aa + K_bb + (s - K)(s + K), s = sqrt(K_aa K_bb), which keeps its digits.
 */
#include <math.h>

#include "base/clones.h"
#include "layers/elementwise.h"
#include "math/angle.h"

#define INVERSE_TWO_PI 0.15915494309189535
#define INVERSE_ROOT_TWO_PI 0.3989422804014327

LIMES_INLINE void gelu_loop(const limes_run *run, size_t y_step) {
  const double *cov_in = run->cov_in, *ntk_in = run->ntk_in, *x = run->x, *y = run->y;
  double *cov = run->cov, *ntk = run->ntk;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < run->length; i++) {
    double deviation = y[i * y_step], k = cov_in[i], s = x[i] * deviation;
    double p = x[i] * x[i], q = deviation * deviation, a = 1 + p, b = 1 + q;
    double square = (s - fabs(k)) * (s + fabs(k)), apart = square > 0 ? square : 0;
    double d = 1 + p + q + apart, root = sqrt(d), inverse = 1 / sqrt(a * b), halves = (a + b) * inverse * inverse;
    double f = 0.25 + copysign(limes_arcsine_turns(fabs(k) * inverse, root * inverse), k), g = INVERSE_TWO_PI / root;
    cov[i] = k * f + g * (apart + k * k * halves);
    if (ntk != NULL)
      ntk[i] = ntk_in[i] * (f + g * k * (halves + 1 / d));
  }
}

LIMES_CLONES
static void run(const void *param, const limes_run *run) {
  (void)param;
  if (run->y_is_one)
    gelu_loop(run, 0);
  else
    gelu_loop(run, 1);
}

static void own(const void *param, double variance, double *value, double *slope) {
  (void)param;
  double p = variance > 0 ? variance : 0, a = 1 + p, d = 1 + 2 * p, root = sqrt(d);
  double f = 0.25 + INVERSE_TWO_PI * atan2(p, root), g = INVERSE_TWO_PI / root;
  *value = p * (f + 2 * g * p / a);
  *slope = f + g * p * (2 / a + 1 / d);
}

static void apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  (void)param;
  for (size_t i = 0; i < n; i++)
    value[i] = 0.5 * u[i] * erfc(-u[i] * M_SQRT1_2);
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = 0.5 * erfc(-u[i] * M_SQRT1_2) + u[i] * INVERSE_ROOT_TWO_PI * exp(-0.5 * u[i] * u[i]);
}

static const limes_param params[] = {LIMES_PARAM_END};

static const limes_elementwise gelu_dual = {.trace = limes_keep_deviation, .run = run, .own = own, .apply = apply, .flops = 60};

const limes_layer_ops limes_layer_gelu = {
    .word = "gelu",
    .summary = "u Phi(u), Phi the normal distribution function",
    .section = "3",
    .params = params,
    .elementwise = &gelu_dual,
    LIMES_ELEMENTWISE_FACE,
};
