/* elu: phi(u) = u where u > 0, exp(u) - 1 elsewhere.
 *
 * Its kink stops Gauss-Hermite quadrature. In polar coordinates of two independent normals, u = sigma r cos t and
 * v = sigma' r cos(t - theta), theta = arccos rho, the plane falls into sectors in which phi(u) phi(v) is smooth. The integral
 * along a ray has a closed form, by the Mills ratio m(a) = exp(a^2/2) int_a^inf exp(-x^2/2) dx:
 *     E exp(-r a) = G(a) = 1 - a m(a),
 *     E r (1 - exp(-r a)) = H(a) = m(0) - (1 + a^2) m(a) + a,
 *     E (1 - exp(-r a))(1 - exp(-r b)) = J(a, b) = a (m(a) - m(a+b)) + b (m(b) - m(a+b)),
 * E over the density r exp(-r^2/2) on r > 0. The angle is left to a tanh-sinh rule of `order` nodes a sector. Where u and v are
 * both positive the integral is that of relu.
 */
#include <gsl/gsl_sf_erf.h>
#include <math.h>

#include "layers/quadrature.h"

#define HALF_PI 1.5707963267948966
#define INVERSE_TWO_PI 0.15915494309189535
#define ROOT_HALF_PI 1.2533141373155003
#define SMALL 0.25 /* below, power series */
#define TERMS 18
#define REACH 3.1 /* of the rule: its weights are 1e-15 there */

/* Nodes of (0, 1) as shares from both ends, and weights */
typedef struct {
  uint32_t n;
  double from[LIMES_MOST_TERMS * 3 / 2], to[LIMES_MOST_TERMS * 3 / 2], weight[LIMES_MOST_TERMS * 3 / 2];
} sector_rule;

static void make_rule(uint32_t order, sector_rule *rule) {
  double step = 2 * REACH / order;
  rule->n = order;
  for (uint32_t i = 0; i < order; i++) {
    double t = (i + 0.5) * step - REACH, e = exp(-M_PI * fabs(sinh(t))), near = e / (1 + e), far = 1 / (1 + e);
    rule->from[i] = t < 0 ? near : far;
    rule->to[i] = t < 0 ? far : near;
    rule->weight[i] = step * M_PI * cosh(t) * near * far;
  }
}

static double mills(double a) {
  gsl_sf_result hazard;
  return gsl_sf_hazard_e(a, &hazard) == 0 ? 1 / hazard.val : 0; /* it fails where a is beyond any number */
}

static double ray_of_slope(double a, double m) { return 1 - a * m; }

/* The power series, where digits would be lost, have the moments E r^j = j E r^(j-2), from E r^0 = 1, E r = sqrt(pi/2). */
static double ray_of_mixed(double a, double m) {
  if (a > SMALL)
    return ROOT_HALF_PI - (1 + a * a) * m + a;
  double sum = 0, power = a, moment[2] = {ROOT_HALF_PI, 2}; /* E r^(j+1), j even and odd */
  for (int j = 1; j <= TERMS; j++) {
    moment[j % 2] *= j > 1 ? j + 1 : 1;
    sum += power * moment[j % 2];
    power *= -a / (j + 1);
  }
  return sum;
}

/* (a+b)^j - a^j - b^j grows from each j to the next by sums of positive terms. */
static double ray_of_both(double a, double b, double m_a, double m_b, double m_sum) {
  if (a + b > SMALL)
    return a * (m_a - m_sum) + b * (m_b - m_sum);
  double sum = 0, cross = 2 * a * b, power_a = a, power_b = b, factorial = 2, moment[2] = {2, ROOT_HALF_PI}; /* E r^j */
  for (int j = 2; j <= TERMS; j++) {
    moment[j % 2] *= j > 2 ? j : 1;
    sum += (j % 2 == 0 ? 1 : -1) * cross * moment[j % 2] / factorial;
    power_a *= a;
    power_b *= b;
    cross = (a + b) * cross + power_a * b + a * power_b;
    factorial *= j + 1;
  }
  return sum;
}

/* Both signs differ (twice, as u and v change roles): the sector has the width theta. */
static void add_mixed(const sector_rule *rule, double sigma_x, double sigma_y, double theta, double *value, double *slope) {
  for (uint32_t i = 0; i < rule->n; i++) {
    double a = sigma_x * sin(theta * rule->from[i]), b = sigma_y * sin(theta * rule->to[i]), m_a = mills(a), m_b = mills(b);
    double weight = INVERSE_TWO_PI * theta * rule->weight[i];
    *value -= weight * (a * ray_of_mixed(b, m_b) + b * ray_of_mixed(a, m_a));
    *slope += weight * (ray_of_slope(a, m_a) + ray_of_slope(b, m_b));
  }
}

/* Both negative: the sector has the width pi - theta. */
static void add_negative(const sector_rule *rule, double sigma_x, double sigma_y, double theta, double *value, double *slope) {
  double width = M_PI - theta;
  for (uint32_t i = 0; i < rule->n; i++) {
    double a = sigma_x * sin(width * rule->from[i]), b = sigma_y * sin(width * rule->to[i]);
    double m_sum = mills(a + b), weight = INVERSE_TWO_PI * width * rule->weight[i];
    *value += weight * ray_of_both(a, b, mills(a), mills(b), m_sum);
    *slope += weight * ray_of_slope(a + b, m_sum);
  }
}

static void evaluate(const sector_rule *rule, double sigma_x, double sigma_y, double k, double *value, double *slope) {
  double s = sigma_x * sigma_y, square = (s - fabs(k)) * (s + fabs(k)), root = sqrt(square > 0 ? square : 0);
  double theta = s > 0 ? atan2(root, k) : HALF_PI;
  *slope = 0.5 - INVERSE_TWO_PI * theta;
  *value = INVERSE_TWO_PI * root + *slope * k;
  add_mixed(rule, sigma_x, sigma_y, theta, value, slope);
  add_negative(rule, sigma_x, sigma_y, theta, value, slope);
}

static void run(const void *param, const limes_run *run) {
  sector_rule rule;
  make_rule(((const limes_quadrature *)param)->order, &rule);
  for (size_t i = 0; i < run->length; i++) {
    double value, slope;
    evaluate(&rule, run->x[i], run->y[run->y_is_one ? 0 : i], run->cov_in[i], &value, &slope);
    run->cov[i] = value;
    if (run->ntk != NULL)
      run->ntk[i] = slope * run->ntk_in[i];
  }
}

static void own(const void *param, double variance, double *value, double *slope) {
  double sigma = sqrt(variance > 0 ? variance : 0);
  sector_rule rule;
  make_rule(((const limes_quadrature *)param)->order, &rule);
  evaluate(&rule, sigma, sigma, variance, value, slope);
}

/* Against half as many nodes again, at the item's own variances and a correlation of 1/2 */
static void left_out(const limes_op *op, const limes_trace *trace, double *value, double *slope) {
  uint32_t order = ((const limes_quadrature *)op->param)->order;
  sector_rule rule, finer;
  make_rule(order, &rule);
  make_rule(order + order / 2, &finer);
  for (size_t a = 0; a < trace->grid->T; a++) {
    double sigma = trace->position[0][a], k = 0.5 * sigma * sigma, coarse[2], fine[2];
    evaluate(&rule, sigma, sigma, k, &coarse[0], &coarse[1]);
    evaluate(&finer, sigma, sigma, k, &fine[0], &fine[1]);
    *value = fmax(*value, fine[0] != 0 ? fabs(coarse[0] / fine[0] - 1) : 0);
    *slope = fmax(*slope, fabs(coarse[1] / fine[1] - 1));
  }
}

static void apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  (void)param;
  for (size_t i = 0; i < n; i++)
    value[i] = u[i] > 0 ? u[i] : expm1(u[i]);
  for (size_t i = 0; slope != NULL && i < n; i++)
    slope[i] = u[i] > 0 ? 1 : exp(u[i]);
}

static const limes_param params[] = {
    {LIMES_FIELD(limes_quadrature, order), .kind = LIMES_PARAM_COUNT, .fallback = 64, .least = 1, .most = LIMES_MOST_TERMS,
     .help = "nodes of the quadrature in the angle; the other integral has a closed form"},
    LIMES_PARAM_END,
};

/* A node has four sines, five Mills ratios and four series or sums. */
static double flops_of(const void *param) { return 310.0 * ((const limes_quadrature *)param)->order; }

static const limes_elementwise elu_dual = {
    .trace = limes_keep_deviation, .run = run, .own = own, .apply = apply, .flops_of = flops_of};

const limes_layer_ops limes_layer_elu = {
    .word = "elu",
    .summary = "u where u > 0, exp(u) - 1 elsewhere, by quadrature",
    .section = "3",
    .param_size = sizeof(limes_quadrature),
    .params = params,
    .elementwise = &elu_dual,
    .left_out = left_out,
    LIMES_ELEMENTWISE_FACE,
};
