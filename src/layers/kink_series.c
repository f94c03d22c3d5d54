#include "layers/kink_series.h"

#include <math.h>

#include "base/clones.h"
#include "math/angle.h"
#include "math/chebyshev.h"
#include "math/linear.h"

#define TWO_PI 6.28318530717958648
#define TOLERANCE 1e-12
#define NEAR 1e-2 /* 1 - |rho|, below which the angle needs more terms than artanh */

size_t limes_kink_series_memory(void) { return 4 * LIMES_KINK_TERMS * LIMES_KINK_TERMS + 4 * LIMES_KINK_TERMS; }

/* Enough in the worst case of the range, by trial. */
static size_t first_guess(double left) {
  static const struct {
    double left;
    size_t terms;
  } guess[] = {{0.25, 16}, {0.08, 20}, {NEAR, 28}, {1e-3, 32}, {1e-4, 40}, {1e-6, 48}, {1e-10, 64}};
  for (size_t i = 0; i < sizeof guess / sizeof *guess; i++)
    if (left >= guess[i].left)
      return guess[i].terms;
  return 80;
}

/* g and h between all nodes with these |r| and sqrt(1 - r^2), M x M */
LIMES_CLONES
static void tabulate(size_t M, const double *cosine, const double *sine, double *g, double *h) {
  for (size_t k = 0; k < M; k++)
    for (size_t i = 0; i < M; i++) {
      double p = cosine[i] * cosine[k], square = sine[i] * sine[i] + sine[k] * sine[k] * (cosine[i] * cosine[i]);
      double root = sqrt(square), angle = TWO_PI * limes_arcsine_turns(p, root, 1);
      g[i + k * M] = root + p * angle;
      h[i + k * M] = angle;
    }
}

/* values <- transform values transform^T */
static void transform_both(size_t M, const double *transform, double *values, double *scratch) {
  limes_gemm(false, false, M, M, M, 1, transform, M, values, M, 0, scratch, M);
  limes_gemm(false, true, M, M, M, 1, scratch, M, transform, M, 0, values, M);
}

/* The last three coefficients in one variable, for each in the other: what follows them falls geometrically. */
static double tail(size_t M, const double *coefficients) {
  double most = 0;
  for (size_t k = 0; k < M; k++) {
    const double *last = coefficients + k * M + M - 3;
    most = fmax(most, fabs(last[0]) + fabs(last[1]) + fabs(last[2]));
  }
  return most / fmax(fabs(coefficients[0]), 1e-300);
}

static void expand(limes_kink_series *series, double *memory) {
  size_t M = series->terms, square = M * M;
  double *transform = memory + 2 * square, *scratch = transform + square, *cosine = scratch, *sine = scratch + M;
  series->g = memory;
  series->h = memory + square;
  limes_chebyshev_transform(M, transform, scratch + square);
  for (size_t k = 0; k < M; k++) {
    double at = 0.5 * (series->low + series->high) + 0.5 * (series->high - series->low) * limes_chebyshev_node(M, k);
    cosine[k] = series->by_artanh ? tanh(at) : sin(at);
    sine[k] = series->by_artanh ? 1 / cosh(at) : cos(at);
  }
  tabulate(M, cosine, sine, series->g, series->h);
  transform_both(M, transform, series->g, scratch);
  transform_both(M, transform, series->h, scratch);
  series->error = fmax(tail(M, series->g), tail(M, series->h));
}

static double coordinate(bool by_artanh, double cosine, double sine) {
  return by_artanh ? log((1 + cosine) / sine) : atan2(cosine, sine);
}

static double cosine_of(double sine) { return sqrt((1 - sine) * (1 + sine)); }

void limes_kink_series_choose(limes_kink_series *series, double least_sine, double most_sine, double *memory) {
  double cosine = cosine_of(least_sine), left = least_sine * least_sine / (1 + cosine);
  *series = (limes_kink_series){.by_artanh = left < NEAR, .terms = first_guess(left)};
  series->low = coordinate(series->by_artanh, cosine_of(most_sine), most_sine);
  series->high = coordinate(series->by_artanh, cosine, least_sine);
  expand(series, memory);
  while (series->error > TOLERANCE && series->terms < LIMES_KINK_TERMS) {
    size_t more = (series->terms + series->terms / 2 + 3) / 4 * 4;
    series->terms = more < LIMES_KINK_TERMS ? more : LIMES_KINK_TERMS;
    expand(series, memory);
  }
}

LIMES_CLONES
static void scale(size_t n, double middle, double inverse, double *x) {
  for (size_t i = 0; i < n; i++) {
    double at = (x[i] - middle) * inverse;
    at = at < 1 ? at : 1;
    x[i] = at > -1 ? at : -1;
  }
}

void limes_kink_coordinates(const limes_kink_series *series, size_t n, const double *cosine, const double *sine,
                            const double *angle, double *x) {
  for (size_t i = 0; i < n; i++)
    x[i] = !series->by_artanh ? angle[i] : sine[i] > 0 ? log((1 + cosine[i]) / sine[i]) : series->high;
  double half = 0.5 * (series->high - series->low);
  scale(n, 0.5 * (series->low + series->high), half > 0 ? 1 / half : 0, x);
}
