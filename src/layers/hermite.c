/* hermite: phi = He_n / sqrt(n!), the probabilists' Hermite polynomial, of channels with variance 1.
 *
 * Infinite width (docs/mathematics.md, section 3): K <- K^n, Theta <- Theta n K^(n-1).
 */
#include <math.h>

#include "base/clones.h"
#include "layers/elementwise.h"

typedef struct {
  uint32_t degree;
} hermite;

static const limes_param params[] = {
    {LIMES_FIELD(hermite, degree), .kind = LIMES_PARAM_COUNT, .required = true, .least = 0, .most = 256,
     .help = "of the polynomial"},
    LIMES_PARAM_END,
};

LIMES_INLINE double power(double k, uint32_t n) {
  double result = 1;
  for (; n > 0; n >>= 1, k *= k)
    result = n & 1 ? result * k : result;
  return result;
}

static void trace(const void *param, size_t n, const double *variance, double *kept) {
  (void)param;
  for (size_t i = 0; i < n; i++)
    kept[i] = variance[i];
}

static void evaluate(uint32_t degree, double k, double *value, double *slope) {
  double before = degree > 0 ? power(k, degree - 1) : 0;
  *value = degree > 0 ? before * k : 1;
  *slope = degree * before;
}

static void run(const void *param, const limes_run *run) {
  uint32_t degree = ((const hermite *)param)->degree;
  for (size_t i = 0; i < run->length; i++) {
    double value, slope;
    evaluate(degree, run->cov_in[i], &value, &slope);
    run->cov[i] = value;
    if (run->ntk != NULL)
      run->ntk[i] = slope * run->ntk_in[i];
  }
}

static void own(const void *param, double variance, double *value, double *slope) {
  evaluate(((const hermite *)param)->degree, variance, value, slope);
}

static void apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  uint32_t degree = ((const hermite *)param)->degree;
  for (size_t i = 0; i < n; i++) {
    double before = 0, at = 1; /* He_(k-1) and He_k over the roots of their factorials */
    for (uint32_t k = 0; k < degree; k++) {
      double next = (u[i] * at - sqrt(k) * before) / sqrt(k + 1.0);
      before = at;
      at = next;
    }
    value[i] = at;
    if (slope != NULL)
      slope[i] = sqrt(degree) * before;
  }
}

static const limes_elementwise hermite_dual = {
    .trace = trace, .run = run, .own = own, .apply = apply, .unit_variance = true, .flops = 12};

const limes_layer_ops limes_layer_hermite = {
    .word = "hermite",
    .summary = "He_n(u) / sqrt(n!), of channels with variance 1: put layer_norm before it",
    .section = "3",
    .param_size = sizeof(hermite),
    .params = params,
    .elementwise = &hermite_dual,
    LIMES_ELEMENTWISE_FACE,
};
