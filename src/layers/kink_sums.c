#include "layers/kink_sums.h"

#include "base/clones.h"

/* Where queries are: all elements of the pair, or those of equal positions */
typedef struct {
  size_t n;
  const double *cosine, *sine, *angle, *x;
} queries;

LIMES_CLONES
double limes_dot(size_t n, const double *a, const double *b) {
  double sum[8] = {0};
  size_t whole = n - n % 8;
  for (size_t i = 0; i < whole; i += 8)
    for (size_t k = 0; k < 8; k++)
      sum[k] += a[i + k] * b[i + k];
  for (size_t i = whole; i < n; i++)
    sum[0] += a[i] * b[i];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* out = w g or w h */
LIMES_CLONES
static void weigh(const limes_kink_pair *pair, size_t q, double *out) {
  const double *w = pair->w[q], *cosine = pair->cosine, *sine = pair->sine, *angle = pair->angle;
  if (q < 2)
    for (size_t i = 0; i < pair->n; i++)
      out[i] = w[i] * (sine[i] + cosine[i] * angle[i]);
  else
    for (size_t i = 0; i < pair->n; i++)
      out[i] = w[i] * angle[i];
}

/* sum = one where |rho| = 1, else sum + group g or h: the keys that are not in the series */
LIMES_CLONES
static void add_group(const queries *at, size_t q, double one, double group, double *sum) {
  for (size_t i = 0; i < at->n; i++) {
    double function = q < 2 ? at->sine[i] + at->cosine[i] * at->angle[i] : at->angle[i];
    sum[i] = at->sine[i] > 0 ? sum[i] + group * function : one;
  }
}

/* Takes the keys with |rho| = 1 out of w[q]; their sum. */
static double take_group(const limes_kink_pair *pair, size_t q) {
  double group = 0;
  for (size_t i = 0; i < pair->n; i++)
    if (!(pair->sine[i] > 0)) {
      group += pair->w[q][i];
      pair->w[q][i] = 0;
    }
  return group;
}

static queries all_queries(const limes_kink_pair *pair) {
  return (queries){.n = pair->n, .cosine = pair->cosine, .sine = pair->sine, .angle = pair->angle, .x = pair->x};
}

static queries equal_positions(const limes_kink_pair *pair) {
  size_t T = pair->T;
  for (size_t a = 0; a < T; a++) {
    pair->spare[0][a] = pair->cosine[a * (T + 1)];
    pair->spare[1][a] = pair->sine[a * (T + 1)];
    pair->spare[2][a] = pair->angle[a * (T + 1)];
    pair->spare[3][a] = pair->x[a * (T + 1)];
  }
  return (queries){.n = T, .cosine = pair->spare[0], .sine = pair->spare[1], .angle = pair->spare[2], .x = pair->spare[3]};
}

/* c = C mu: coefficients of the sums, [M] a function */
static void series_of_sums(const limes_kink_series *series, size_t count, const double *mu, double *c) {
  size_t M = series->terms, first = count < 2 ? count : 2;
  for (size_t q = 0; q < count; q++) {
    const double *matrix = q < first ? series->g : series->h;
    for (size_t m = 0; m < M; m++)
      c[m + q * M] = limes_dot(M, matrix + m * M, mu + q * M); /* symmetric */
  }
}

double limes_kink_sums(limes_kink_pair *pair, bool diagonal) {
  bool spread = pair->least <= pair->most;
  limes_kink_series series = {0};
  double mu[LIMES_SERIES * LIMES_KINK_TERMS], c[LIMES_SERIES * LIMES_KINK_TERMS], one[LIMES_SERIES] = {0},
                                                                                  group[LIMES_SERIES] = {0};
  for (size_t q = 0; q < pair->count && pair->ones; q++) {
    weigh(pair, q, pair->spare[q]);
    for (size_t i = 0; i < pair->n; i++)
      one[q] += pair->spare[q][i];
    group[q] = take_group(pair, q);
  }
  if (spread) {
    limes_kink_series_choose(&series, pair->least, pair->most, pair->series);
    limes_kink_coordinates(&series, pair->n, pair->cosine, pair->sine, pair->angle, pair->x);
    limes_chebyshev_moments(pair->n, pair->x, pair->count, pair->w, series.terms, mu);
    series_of_sums(&series, pair->count, mu, c);
  }
  queries at = diagonal ? equal_positions(pair) : all_queries(pair);
  limes_chebyshev_values(at.n, at.x, pair->count, c, spread ? series.terms : 0, pair->sum);
  for (size_t q = 0; q < pair->count && pair->ones; q++)
    add_group(&at, q, one[q], group[q], pair->sum[q]);
  return series.error;
}
