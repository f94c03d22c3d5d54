/* gabor: phi(u) = a exp(b u^2) sin(c u), b <= 0.
 *
 * Infinite width (docs/mathematics.md, section 3). With B = -2 b, Delta = K_aa K_bb - K^2 and D = 1 + B (K_aa + K_bb) + B^2
 * Delta, the determinant of 1 + B Sigma, the Gaussian factors turn Sigma into Sigma (1 + B Sigma)^-1, and e(+-) = exp(-c^2 (K_aa
 * + K_bb -+ 2 K + 2 B Delta) / (2 D)), K <- a^2 (e(+) - e(-)) / (2 sqrt D), Theta <- Theta * a^2 (c^2 (e(+) (1 + B (K_aa + K)) (1
 * + B (K_bb + K)) + e(-) (1 + B (K_aa - K)) (1 + B (K_bb - K))) / D^2
 *                           + B^2 K (e(+) - e(-)) / D) / (2 sqrt D).
 * The difference is taken by expm1 from the larger of the two.
 */
#include <math.h>

#include "layers/elementwise.h"

typedef struct {
  double a, b, c;
} gabor;

static const limes_param params[] = {
    LIMES_PARAM_NUMBER(gabor, a, 1, "height"),
    {LIMES_FIELD(gabor, b), .kind = LIMES_PARAM_REAL, .fallback = -1, .least = -1e100, .most = 0, .help = "factor of u^2"},
    LIMES_PARAM_NUMBER(gabor, c, 1, "frequency: the factor of u in the sine"),
    LIMES_PARAM_END,
};

/* x, y: deviations */
static void expectations(const gabor *f, double x, double y, double k, double *value, double *slope) {
  double twice = -2 * f->b, square = f->c * f->c, p = x * x, q = y * y, s = x * y, r = fabs(k);
  double apart = s > r ? s - r : 0, delta = apart * (s + r), d = 1 + twice * (p + q) + twice * twice * delta;
  double larger = exp(-0.5 * square * ((x - y) * (x - y) + 2 * apart + 2 * twice * delta) / d);
  double difference = -larger * expm1(-2 * square * r / d), smaller = larger - difference; /* of e(+) and e(-) where k > 0 */
  double along = larger * (1 + twice * (p + r)) * (1 + twice * (q + r));
  double across = smaller * (1 + twice * (p - r)) * (1 + twice * (q - r));
  double half = f->a * f->a / (2 * sqrt(d));
  *value = half * copysign(difference, k);
  *slope = half * (square * (along / d + across / d) / d + twice * twice * r * difference / d);
}

static void run(const void *param, const limes_run *run) {
  for (size_t i = 0; i < run->length; i++) {
    double value, slope;
    expectations(param, run->x[i], run->y[run->y_is_one ? 0 : i], run->cov_in[i], &value, &slope);
    run->cov[i] = value;
    if (run->ntk != NULL)
      run->ntk[i] = slope * run->ntk_in[i];
  }
}

static void own(const void *param, double variance, double *value, double *slope) {
  double deviation = sqrt(variance > 0 ? variance : 0);
  expectations(param, deviation, deviation, variance, value, slope);
}

static void apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  const gabor *p = param;
  for (size_t i = 0; i < n; i++) {
    double envelope = p->a * exp(p->b * u[i] * u[i]), sine = sin(p->c * u[i]);
    value[i] = envelope * sine;
    if (slope != NULL)
      slope[i] = envelope * (2 * p->b * u[i] * sine + p->c * cos(p->c * u[i]));
  }
}

static const limes_elementwise gabor_dual = {.trace = limes_keep_deviation, .run = run, .own = own, .apply = apply, .flops = 90};

const limes_layer_ops limes_layer_gabor = {
    .word = "gabor",
    .summary = "a exp(b u^2) sin(c u), a wave under a Gaussian",
    .section = "3",
    .param_size = sizeof(gabor),
    .params = params,
    .elementwise = &gabor_dual,
    LIMES_ELEMENTWISE_FACE,
};
