#include "layers/kink_series.h"

#include <complex.h>
#include <math.h>

#include "base/clones.h"
#include "math/angle.h"
#include "math/chebyshev.h"
#include "math/linear.h"

#define TWO_PI 6.28318530717958648
#define PI 3.14159265358979324
#define TOLERANCE 3e-12
#define LEAST_TERMS 8
#define WORTH_LOGARITHMS 24 /* terms that cost as much as the logarithms of artanh */

size_t limes_kink_series_memory(void) { return 4 * LIMES_KINK_TERMS * LIMES_KINK_TERMS + 4 * LIMES_KINK_TERMS; }

/* Terms that leave out about e^-27 (1e-12) on [low, high], from the Bernstein ellipse through the nearest singularity: of
 * asin r asin rho that is at pi/2 +- i arcosh(1/sin high), of the artanh i pi/2 from any point. The singularity is weak, so
 * somewhat fewer do. */
static double guess_terms(bool by_artanh, double low, double high) {
  double half = 0.5 * (high - low), complete;
  if (!(half > 0))
    return LEAST_TERMS;
  if (by_artanh) {
    complete = 27 / asinh(0.5 * PI / half);
  } else {
    double complex z = (0.5 * PI - 0.5 * (low + high) + I * acosh(1 / sin(high))) / half;
    complete = 27 / fabs(log(cabs(z + csqrt(z * z - 1))));
  }
  return LEAST_TERMS + 0.72 * fmin(complete, 45) + 0.48 * fmax(complete - 45, 0);
}

static size_t whole_terms(double terms) {
  size_t M = ((size_t)fmin(terms, LIMES_KINK_TERMS) + 3) / 4 * 4;
  return M < LIMES_KINK_TERMS ? M : LIMES_KINK_TERMS;
}

/* g and h between all nodes with these |r| and sqrt(1 - r^2), M x M */
LIMES_CLONES
static void tabulate(size_t M, const double *cosine, const double *sine, double *g, double *h) {
  for (size_t k = 0; k < M; k++)
    for (size_t i = 0; i < M; i++) {
      double p = cosine[i] * cosine[k], square = sine[i] * sine[i] + sine[k] * sine[k] * (cosine[i] * cosine[i]);
      double root = sqrt(square), angle = TWO_PI * limes_arcsine_turns(p, root);
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
  double low[2], high[2], terms[2];
  for (int way = 0; way < 2; way++) {
    low[way] = coordinate(way == 1, cosine_of(most_sine), most_sine);
    high[way] = coordinate(way == 1, cosine_of(least_sine), least_sine);
    terms[way] = guess_terms(way == 1, low[way], high[way]);
  }
  bool by_artanh = terms[0] > terms[1] + WORTH_LOGARITHMS;
  *series = (limes_kink_series){.by_artanh = by_artanh, .low = low[by_artanh], .high = high[by_artanh]};
  series->terms = whole_terms(terms[by_artanh]);
  expand(series, memory);
  while (series->error > TOLERANCE && series->terms < LIMES_KINK_TERMS) {
    series->terms = whole_terms(1.25 * (double)series->terms);
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
