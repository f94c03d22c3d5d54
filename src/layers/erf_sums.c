#include "layers/erf_sums.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "math/angle.h"
#include "math/linear.h"

#define MOST_POWERS 400
#define TINY 1e-290      /* powers below are taken for zero: denormal numbers are slow */
#define NEGLIGIBLE 1e-14 /* of the sums: powers below, twice in turn, end them */

/* One item's side of p: all [T x T], query a, key c at a + c T, 0 where the query does not see the key */
typedef struct {
  size_t T;
  double *square, *odd, *even; /* alpha^2; alpha^(2k+1); alpha^(2k) / n */
} side;

size_t limes_erf_memory(size_t T) { return 6 * T * T + LIMES_SERIES * T; }

static side side_of(size_t T, const double *deviation, double sharp2, bool causal, double *memory) {
  side s = {.T = T, .square = memory, .odd = memory + T * T, .even = memory + 2 * T * T};
  memset(memory, 0, 3 * T * T * sizeof *memory);
  for (size_t c = 0; c < T; c++)
    for (size_t a = causal ? c : 0; a < T; a++) {
      double root = sqrt(2 * sharp2) * deviation[a] * deviation[c], n = sqrt(1 + root * root);
      s.odd[a + c * T] = root / n;
      s.square[a + c * T] = (root / n) * (root / n);
      s.even[a + c * T] = 1 / n;
    }
  return s;
}

LIMES_CLONES
static void multiply(size_t n, const double *by, double *values) {
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    double value = values[i] * by[i];
    values[i] = fabs(value) > TINY ? value : 0;
  }
}

static void raise(side *s) {
  multiply(s->T * s->T, s->square, s->odd);
  multiply(s->T * s->T, s->square, s->even);
}

/* product = x w y^T, or its diagonal */
static void enclose(const limes_erf_pair *pair, const double *x, const double *w, const double *y) {
  size_t T = pair->T, T_y = pair->T_y;
  limes_gemm(false, false, T, T_y, T, 1, x, T, w, T, 0, pair->left, T);
  if (!pair->diagonal) {
    limes_gemm(false, true, T, T_y, T_y, 1, pair->left, T, y, T_y, 0, pair->product, T);
    return;
  }
  memset(pair->product, 0, T * sizeof *pair->product);
  for (size_t d = 0; d < T_y; d++)
    for (size_t a = 0; a < T; a++)
      pair->product[a] += pair->left[a + d * T] * y[a + d * T_y];
}

/* sum += factor power product; the largest term, relative to the largest sum */
static double add(const limes_erf_pair *pair, double factor, double *sum) {
  size_t n = pair->diagonal ? pair->T : pair->T * pair->T_y, step = pair->diagonal ? pair->T + 1 : 1;
  double most_term = 0, most = 0;
  for (size_t i = 0; i < n; i++) {
    double term = factor * pair->power[i * step] * pair->product[i];
    sum[i] += term;
    most_term = fmax(most_term, fabs(term));
    most = fmax(most, fabs(sum[i]));
  }
  return most > 0 ? most_term / most : 0;
}

/* Terms with p^(2k+1) of the sums with asin p and with p^(2k) of the others. power: rho^(2k), then rho^(2k+1); the weights
 * carry the same powers of rho_cd. */
static double add_terms(limes_erf_pair *pair, const side *x, const side *y, double of_even, double of_odd) {
  size_t n = pair->T * pair->T_y;
  double most = 0;
  for (size_t q = 2; q < pair->count; q++) {
    enclose(pair, x->even, pair->w[q], y->even);
    most = fmax(most, add(pair, of_even, pair->sum[q]));
  }
  multiply(n, pair->rho, pair->power);
  for (size_t q = 0; q < (pair->count < 2 ? pair->count : 2); q++) {
    enclose(pair, x->odd, pair->w[q], y->odd);
    most = fmax(most, add(pair, of_odd, pair->sum[q]));
  }
  multiply(n, pair->rho, pair->power);
  return most;
}

static double sum_powers(limes_erf_pair *pair, side *x, side *y) {
  size_t n = pair->T * pair->T_y, k = 0;
  for (size_t q = 0; q < pair->count && q < 2; q++)
    multiply(n, pair->rho, pair->w[q]);
  for (size_t i = 0; i < n; i++)
    pair->power[i] = 1;
  double binomial = 1, term = 1, before = 1; /* binomial: (2k - 1)!! / (2k)!! */
  for (; k < 2 * MOST_POWERS && (term > NEGLIGIBLE || before > NEGLIGIBLE); k++) {
    before = term;
    term = add_terms(pair, x, y, binomial, binomial / (2 * (double)k + 1));
    binomial *= (2 * (double)k + 1) / (2 * (double)k + 2);
    raise(x);
    raise(y);
    for (size_t q = 0; q < pair->count; q++) {
      multiply(n, pair->rho, pair->w[q]);
      multiply(n, pair->rho, pair->w[q]);
    }
  }
  return term;
}

/* One query (a, b) and one key d; c: the keys of x, whose sums stand in row. */
LIMES_CLONES
static void add_row(size_t keys, double factor, double inverse, const double *alpha, const double *over_n, const double *rho,
                    size_t count, double *const *w, double *const *row) {
  for (size_t c = 0; c < keys; c++)
    row[0][c] += w[0][c] * limes_arcsine(factor * alpha[c] * rho[c]);
  if (count < LIMES_SERIES)
    return;
  const double *ntk = w[1], *slope = w[2], *slope_ntk = w[3];
  double *to_ntk = row[1], *to_slope = row[2], *to_slope_ntk = row[3];
  LIMES_INDEPENDENT
  for (size_t c = 0; c < keys; c++) {
    double p = factor * alpha[c] * rho[c], root = inverse * over_n[c] / sqrt((1 - p) * (1 + p));
    to_ntk[c] += ntk[c] * limes_arcsine(p);
    to_slope[c] += slope[c] * root;
    to_slope_ntk[c] += slope_ntk[c] * root;
  }
}

static void sum_query(const limes_erf_pair *pair, const side *x, const side *y, size_t a, size_t b, double *const *row,
                      size_t at) {
  size_t T = pair->T, T_y = pair->T_y, keys = pair->causal ? a + 1 : T, keys_y = pair->causal ? b + 1 : T_y;
  for (size_t q = 0; q < pair->count; q++)
    memset(row[q], 0, T * sizeof *row[q]);
  for (size_t d = 0; d < keys_y; d++) {
    double *w[LIMES_SERIES];
    for (size_t q = 0; q < LIMES_SERIES; q++)
      w[q] = pair->w[q] + d * T;
    add_row(keys, pair->rho[a + b * T] * y->odd[d + b * T_y], y->even[d + b * T_y], x->odd + a * T, x->even + a * T,
            pair->rho + d * T, pair->count, w, row);
  }
  for (size_t q = 0; q < pair->count; q++)
    for (size_t c = 0; c < keys; c++)
      pair->sum[q][at] += row[q][c];
}

/* Query by query and key by key: T^2 T_y^2 terms */
static void sum_directly(limes_erf_pair *pair, const side *x, const side *y) {
  double *row[LIMES_SERIES], *memory = pair->items + 3 * (pair->T * pair->T + pair->T_y * pair->T_y);
  for (size_t q = 0; q < LIMES_SERIES; q++)
    row[q] = memory + q * pair->T;
  for (size_t b = 0; b < pair->T_y; b++)
    for (size_t a = pair->diagonal ? b : 0; a < (pair->diagonal ? b + 1 : pair->T); a++)
      sum_query(pair, x, y, a, b, row, pair->diagonal ? a : a + b * pair->T);
}

static double largest(size_t n, const double *values) {
  double most = 0;
  for (size_t i = 0; i < n; i++)
    most = fmax(most, fabs(values[i]));
  return most;
}

/* How many powers leave out less than NEGLIGIBLE by the largest p that could be */
static double powers_needed(const limes_erf_pair *pair, const side *x, const side *y) {
  double rho = largest(pair->T * pair->T_y, pair->rho);
  double p = largest(x->T * x->T, x->odd) * largest(y->T * y->T, y->odd) * rho * rho;
  return p > 0 ? log(NEGLIGIBLE) / (2 * log(fmin(p, 1 - 1e-15))) : 0;
}

double limes_erf_sums(limes_erf_pair *pair) {
  size_t T = pair->T, T_y = pair->T_y;
  double *memory = pair->items, *memory_y = pair->items + 3 * T * T;
  side x = side_of(T, pair->deviation_x, pair->sharp2, pair->causal, memory);
  side y = side_of(T_y, pair->deviation_y, pair->sharp2, pair->causal, memory_y);
  for (size_t q = 0; q < pair->count; q++)
    memset(pair->sum[q], 0, (pair->diagonal ? T : T * T_y) * sizeof(double));
  if (powers_needed(pair, &x, &y) <= MOST_POWERS)
    return sum_powers(pair, &x, &y);
  x = side_of(T, pair->deviation_x, pair->sharp2, false, memory); /* symmetric: a row is a column */
  y = side_of(T_y, pair->deviation_y, pair->sharp2, false, memory_y);
  sum_directly(pair, &x, &y);
  return 0;
}
