/* tanh, sigmoid, softplus, swish, mish: smooth nonlinearities without a closed form (quadrature.h).
 *
 *     sigmoid(u) = 1 / (1 + exp(-u)),   softplus(u) = log(1 + exp(u)),   swish(u) = u sigmoid(u),   mish(u) = u
 * tanh(softplus(u)). All by exp(-|u|), which never overflows.
 */
#include <math.h>

#include "layers/quadrature.h"

static const limes_param params[] = {
    {LIMES_FIELD(limes_quadrature, order), .kind = LIMES_PARAM_COUNT, .fallback = 64, .least = 1, .most = LIMES_MOST_TERMS,
     .help = "nodes of the quadrature along an axis: the Hermite polynomials kept; limes explain says what is left out"},
    LIMES_PARAM_END,
};

static double sigmoid(const void *none, double u, double *slope) {
  (void)none;
  double e = exp(-fabs(u)), inverse = 1 / (1 + e);
  *slope = e * inverse * inverse;
  return u > 0 ? inverse : e * inverse;
}

static double hyperbolic_tangent(const void *none, double u, double *slope) {
  (void)none;
  double e = exp(-2 * fabs(u)), inverse = 1 / (1 + e);
  *slope = 4 * e * inverse * inverse;
  return tanh(u);
}

static double softplus(const void *none, double u, double *slope) {
  (void)none;
  double e = exp(-fabs(u)), inverse = 1 / (1 + e);
  *slope = u > 0 ? inverse : e * inverse;
  return (u > 0 ? u : 0) + log1p(e);
}

static double swish(const void *none, double u, double *slope) {
  double rise, share = sigmoid(none, u, &rise);
  *slope = share + u * rise;
  return u * share;
}

/* tanh(softplus(u)) = (w^2 + 2 w) / (w^2 + 2 w + 2), w = exp(u), and its slope 4 w (1 + w) / (w^2 + 2 w + 2)^2 */
static double mish(const void *none, double u, double *slope) {
  (void)none;
  double e = exp(-fabs(u)), share, rise;
  if (u > 0) {
    double whole = 1 + 2 * e + 2 * e * e;
    share = (1 + 2 * e) / whole;
    rise = 4 * e * e * (1 + e) / (whole * whole);
  } else {
    double whole = e * e + 2 * e + 2;
    share = e * (e + 2) / whole;
    rise = 4 * e * (1 + e) / (whole * whole);
  }
  *slope = share + u * rise;
  return u * share;
}

static void apply(limes_nonlinearity *phi, const void *param, size_t n, const double *u, double *value, double *slope) {
  double unwanted;
  for (size_t i = 0; i < n; i++)
    value[i] = phi(param, u[i], slope == NULL ? &unwanted : &slope[i]);
}

/* tanh */

static void tanh_trace(const void *param, size_t n, const double *variance, double *kept) {
  limes_quadrature_trace(hyperbolic_tangent, param, n, variance, kept);
}

static void tanh_own(const void *param, double variance, double *value, double *slope) {
  limes_quadrature_own(hyperbolic_tangent, param, 1, variance, value, slope);
}

static void tanh_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  apply(hyperbolic_tangent, param, n, u, value, slope);
}

static const limes_elementwise tanh_dual = {.kept = limes_quadrature_kept,
                                            .trace = tanh_trace,
                                            .run = limes_quadrature_run,
                                            .own = tanh_own,
                                            .apply = tanh_apply,
                                            .flops_of = limes_quadrature_flops};

const limes_layer_ops limes_layer_tanh = {
    .word = "tanh",
    .summary = "the hyperbolic tangent, by quadrature",
    .section = "3",
    .param_size = sizeof(limes_quadrature),
    .params = params,
    .elementwise = &tanh_dual,
    .left_out = limes_quadrature_left_out,
    LIMES_ELEMENTWISE_FACE,
};

/* sigmoid */

static void sigmoid_trace(const void *param, size_t n, const double *variance, double *kept) {
  limes_quadrature_trace(sigmoid, param, n, variance, kept);
}

static void sigmoid_own(const void *param, double variance, double *value, double *slope) {
  limes_quadrature_own(sigmoid, param, 1, variance, value, slope);
}

static void sigmoid_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  apply(sigmoid, param, n, u, value, slope);
}

static const limes_elementwise sigmoid_dual = {.kept = limes_quadrature_kept,
                                               .trace = sigmoid_trace,
                                               .run = limes_quadrature_run,
                                               .own = sigmoid_own,
                                               .apply = sigmoid_apply,
                                               .flops_of = limes_quadrature_flops};

const limes_layer_ops limes_layer_sigmoid = {
    .word = "sigmoid",
    .summary = "1 / (1 + exp(-u)), by quadrature",
    .section = "3",
    .param_size = sizeof(limes_quadrature),
    .params = params,
    .elementwise = &sigmoid_dual,
    .left_out = limes_quadrature_left_out,
    LIMES_ELEMENTWISE_FACE,
};

/* softplus */

static void softplus_trace(const void *param, size_t n, const double *variance, double *kept) {
  limes_quadrature_trace(softplus, param, n, variance, kept);
}

static void softplus_own(const void *param, double variance, double *value, double *slope) {
  limes_quadrature_own(softplus, param, 1, variance, value, slope);
}

static void softplus_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  apply(softplus, param, n, u, value, slope);
}

static const limes_elementwise softplus_dual = {.kept = limes_quadrature_kept,
                                                .trace = softplus_trace,
                                                .run = limes_quadrature_run,
                                                .own = softplus_own,
                                                .apply = softplus_apply,
                                                .flops_of = limes_quadrature_flops};

const limes_layer_ops limes_layer_softplus = {
    .word = "softplus",
    .summary = "log(1 + exp(u)), by quadrature",
    .section = "3",
    .param_size = sizeof(limes_quadrature),
    .params = params,
    .elementwise = &softplus_dual,
    .left_out = limes_quadrature_left_out,
    LIMES_ELEMENTWISE_FACE,
};

/* swish */

static void swish_trace(const void *param, size_t n, const double *variance, double *kept) {
  limes_quadrature_trace(swish, param, n, variance, kept);
}

static void swish_own(const void *param, double variance, double *value, double *slope) {
  limes_quadrature_own(swish, param, 1, variance, value, slope);
}

static void swish_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  apply(swish, param, n, u, value, slope);
}

static const limes_elementwise swish_dual = {.kept = limes_quadrature_kept,
                                             .trace = swish_trace,
                                             .run = limes_quadrature_run,
                                             .own = swish_own,
                                             .apply = swish_apply,
                                             .flops_of = limes_quadrature_flops};

const limes_layer_ops limes_layer_swish = {
    .word = "swish",
    .summary = "u / (1 + exp(-u)), by quadrature",
    .section = "3",
    .param_size = sizeof(limes_quadrature),
    .params = params,
    .elementwise = &swish_dual,
    .left_out = limes_quadrature_left_out,
    LIMES_ELEMENTWISE_FACE,
};

/* mish */

static void mish_trace(const void *param, size_t n, const double *variance, double *kept) {
  limes_quadrature_trace(mish, param, n, variance, kept);
}

static void mish_own(const void *param, double variance, double *value, double *slope) {
  limes_quadrature_own(mish, param, 1, variance, value, slope);
}

static void mish_apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  apply(mish, param, n, u, value, slope);
}

static const limes_elementwise mish_dual = {.kept = limes_quadrature_kept,
                                            .trace = mish_trace,
                                            .run = limes_quadrature_run,
                                            .own = mish_own,
                                            .apply = mish_apply,
                                            .flops_of = limes_quadrature_flops};

const limes_layer_ops limes_layer_mish = {
    .word = "mish",
    .summary = "u tanh(log(1 + exp(u))), by quadrature",
    .section = "3",
    .param_size = sizeof(limes_quadrature),
    .params = params,
    .elementwise = &mish_dual,
    .left_out = limes_quadrature_left_out,
    LIMES_ELEMENTWISE_FACE,
};
