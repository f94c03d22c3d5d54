/* The sums of kink_sums.h over the keys that a causal query sees. Moments of the keys up to (a, b) are prefix sums; the
 * series' coefficients are one product a column: O(M T + M^2) a query. */
#include <string.h>

#include "base/clones.h"
#include "layers/kink_sums.h"
#include "math/linear.h"

/* One column of a pair at a time */
typedef struct {
  double *basis;                 /* [M x T] T_m(x_ab) */
  double *running;               /* [M] moments of this column's keys up to a */
  double *moments[LIMES_SERIES]; /* [M x T] of the keys up to (a, b) */
  double *coefficients;          /* [M x T] */
} column;

size_t limes_kink_line_memory(size_t T) { return LIMES_KINK_TERMS * ((LIMES_SERIES + 2) * T + 1); }

void limes_prefix_sums(size_t T, size_t T_y, const double *in, double *out, double *line) {
  memset(line, 0, T * sizeof *line);
  for (size_t b = 0; b < T_y; b++) {
    double sum = 0;
    for (size_t a = 0; a < T; a++) {
      sum += in[a + b * T];
      line[a] += sum;
      out[a + b * T] = line[a];
    }
  }
}

static column lay_out(const limes_kink_pair *pair, size_t M) {
  column at = {.basis = pair->line, .running = pair->line + M * pair->T};
  double *memory = at.running + M;
  at.coefficients = memory;
  memory += M * pair->T;
  for (size_t q = 0; q < pair->count; q++, memory += M * pair->T)
    at.moments[q] = memory;
  memset(pair->line, 0, (size_t)(memory - pair->line) * sizeof *memory);
  return at;
}

static void fill_basis(size_t T, size_t M, const double *x, double *basis) {
  for (size_t a = 0; a < T; a++) {
    double *t = basis + a * M;
    t[0] = 1;
    t[1] = x[a];
    for (size_t m = 2; m < M; m++)
      t[m] = 2 * x[a] * t[m - 1] - t[m - 2];
  }
}

LIMES_CLONES
static void add_moments(size_t T, size_t M, const double *w, const double *basis, double *running, double *moments) {
  memset(running, 0, M * sizeof *running);
  for (size_t a = 0; a < T; a++) {
    LIMES_INDEPENDENT
    for (size_t m = 0; m < M; m++) {
      running[m] += w[a] * basis[m + a * M];
      moments[m + a * M] += running[m];
    }
  }
}

static void sum_columns(limes_kink_pair *pair, const limes_kink_series *series) {
  size_t T = pair->T, M = series->terms;
  column at = lay_out(pair, M);
  for (size_t b = 0; b < pair->T_y; b++) {
    fill_basis(T, M, pair->x + b * T, at.basis);
    for (size_t q = 0; q < pair->count; q++) {
      add_moments(T, M, pair->w[q] + b * T, at.basis, at.running, at.moments[q]);
      limes_gemm(false, false, M, T, M, 1, q < 2 ? series->g : series->h, M, at.moments[q], M, 0, at.coefficients, M);
      for (size_t a = 0; a < T; a++)
        pair->sum[q][a + b * T] = limes_dot(M, at.coefficients + a * M, at.basis + a * M);
    }
  }
}

/* What keys with |rho| = 1 add, and all of what queries with |rho| = 1 get; their weights are zero from here on. */
static void sum_group(limes_kink_pair *pair, size_t q, double *one, double *group) {
  for (size_t i = 0; i < pair->n; i++) {
    double function = q < 2 ? pair->sine[i] + pair->cosine[i] * pair->angle[i] : pair->angle[i];
    bool single = !(pair->sine[i] > 0);
    one[i] = pair->w[q][i] * function;
    group[i] = single ? pair->w[q][i] : 0;
    pair->w[q][i] = single ? 0 : pair->w[q][i];
  }
  limes_prefix_sums(pair->T, pair->T_y, one, one, pair->line);
  limes_prefix_sums(pair->T, pair->T_y, group, group, pair->line);
  for (size_t i = 0; i < pair->n; i++) {
    double function = q < 2 ? pair->sine[i] + pair->cosine[i] * pair->angle[i] : pair->angle[i];
    pair->spare[q][i] = pair->sine[i] > 0 ? group[i] * function : one[i];
  }
}

double limes_kink_causal_sums(limes_kink_pair *pair) {
  limes_kink_series series = {0};
  for (size_t q = 0; q < pair->count && pair->ones; q++)
    sum_group(pair, q, pair->x, pair->sum[q]);
  for (size_t q = 0; q < pair->count; q++)
    memset(pair->sum[q], 0, pair->n * sizeof *pair->sum[q]);
  if (pair->least <= pair->most) {
    limes_kink_series_choose(&series, pair->least, pair->most, pair->series);
    limes_kink_coordinates(&series, pair->n, pair->cosine, pair->sine, pair->angle, pair->x);
    sum_columns(pair, &series);
  }
  for (size_t q = 0; q < pair->count && pair->ones; q++)
    for (size_t i = 0; i < pair->n; i++)
      pair->sum[q][i] = pair->sine[i] > 0 ? pair->sum[q][i] + pair->spare[q][i] : pair->spare[q][i];
  return series.error;
}
