/* Closed forms against integration in polar coordinates: rays from the origin meet no kink of piecewise linear functions. */
#include <math.h>
#include <string.h>

#include "check.h"

#define ANGLES 8192
#define RADII 600
#define FARTHEST 12.0

static double relu(double u) { return u > 0 ? u : 0; }
static double leaky(double u) { return u > 0 ? u : 0.01 * u; }
static double bent(double u) { return u > 0 ? 2 * u : -0.5 * u; }

static const struct {
  const char *word;
  double (*phi)(double);
} cases[] = {{"relu", relu}, {"leaky_relu", leaky}, {"abrelu(-0.5, 2)", bent}, {"abs", fabs}, {"erf", erf}};
#define CASES (sizeof cases / sizeof *cases)

static const double k12[] = {0.3, -0.4, 0.95, 0}, k11[] = {1, 0.5, 1, 2}, k22[] = {1.5, 0.8, 1, 0.3};
#define TRIPLES (sizeof k12 / sizeof *k12)

/* E[phi(u) phi(v)], Simpson's rule along each ray. */
static double integrate(double (*phi)(double), double c, double a, double b) {
  double u = sqrt(a), v = c / u, rest = sqrt(b - v * v), sum = 0, step = FARTHEST / RADII;
  for (int i = 0; i < ANGLES; i++) {
    double angle = 2 * M_PI * (i + 0.5) / ANGLES, x = cos(angle), y = sin(angle);
    for (int j = 1; j <= RADII; j++) {
      double r = j * step, weight = j == RADII ? 1 : j % 2 == 1 ? 4 : 2;
      sum += weight * r * exp(-r * r / 2) * phi(u * r * x) * phi(r * (v * x + rest * y));
    }
  }
  return sum * step / 3 / ANGLES;
}

limes_status limes_cli_check_duals(cli_session *session, bool *right, char *says) {
  double worst = 0;
  for (size_t i = 0; i < CASES; i++) {
    double value[TRIPLES], slope[TRIPLES];
    limes_status status = limes_dual(session->context, cases[i].word, TRIPLES, k12, k11, k22, value, slope);
    if (status == LIMES_OK)
      status = limes_cli_check_interrupt(session);
    if (status != LIMES_OK)
      return status;
    for (size_t j = 0; j < TRIPLES; j++)
      worst = fmax(worst, fabs(value[j] - integrate(cases[i].phi, k12[j], k11[j], k22[j])));
  }
  *right = worst < 1e-6;
  snprintf(says, SAYS_SIZE, "%zu nonlinearities, largest difference %.1e", CASES, worst);
  return LIMES_OK;
}

/* E[phi' phi'] is the derivative of E[phi phi] by k12 [Price 1958]. */
limes_status limes_cli_check_slopes(cli_session *session, bool *right, char *says) {
  double worst = 0, step = 1e-5;
  for (size_t i = 0; i < CASES; i++) {
    double above[TRIPLES], below[TRIPLES], value[2][TRIPLES], slope[TRIPLES], unused[TRIPLES];
    for (size_t j = 0; j < TRIPLES; j++) {
      above[j] = k12[j] + step;
      below[j] = k12[j] - step;
    }
    limes_status status = limes_dual(session->context, cases[i].word, TRIPLES, above, k11, k22, value[0], unused);
    if (status == LIMES_OK)
      status = limes_dual(session->context, cases[i].word, TRIPLES, below, k11, k22, value[1], unused);
    if (status == LIMES_OK)
      status = limes_dual(session->context, cases[i].word, TRIPLES, k12, k11, k22, unused, slope);
    if (status != LIMES_OK)
      return status;
    for (size_t j = 0; j < TRIPLES; j++)
      worst = fmax(worst, fabs((value[0][j] - value[1][j]) / (2 * step) - slope[j]));
  }
  *right = worst < 1e-7;
  snprintf(says, SAYS_SIZE, "largest difference %.1e", worst);
  return LIMES_OK;
}
