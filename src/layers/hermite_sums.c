#include "layers/hermite_sums.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/hermite_side.h"
#include "math/linear.h"

#define MOST_POWERS 400
#define TINY 1e-290      /* powers below are taken for zero: denormal numbers are slow */
#define NEGLIGIBLE 1e-15 /* of the sums: powers below, three times in turn, end them */

enum { COV, NTK, SLOPE };

size_t limes_hermite_memory(size_t T) { return 2 * LIMES_HERMITE_MATRICES * T * T + (LIMES_HERMITE_ROWS + 2) * T; }

/* which keys are summed by powers */

/* Keys with |rho_cd| above `bound` are summed in closed form; what that costs, in nanoseconds or so */
typedef struct {
  double bound, nearest; /* the largest |rho_cd| below */
  size_t above;
  double powers, cost;
} split;

static const double bounds[] = {2, 0.9995, 0.998, 0.995, 0.99, 0.98, 0.96, 0.93, 0.88, 0.8, 0.6, -1};
enum { BOUNDS = sizeof bounds / sizeof *bounds };

static double largest(size_t n, size_t step, const double *values) {
  double most = 0;
  for (size_t i = 0; i < n; i++)
    most = fmax(most, fabs(values[i * step]));
  return most;
}

static double queries(const limes_hermite_pair *pair) {
  return pair->diagonal ? (double)pair->T : (double)pair->T * (double)pair->T_y;
}

/* of one power, and of one pair of keys in closed form */
static double cost_of_power(const limes_hermite_pair *pair) {
  double T = (double)pair->T, T_y = (double)pair->T_y, products = T * T * T_y + T_y * queries(pair);
  bool half = pair->zeta.erf && pair->zeta.tau == 0;
  return (half ? 0.5 : 1) * ((pair->ntk ? 2 : 1) * (0.12 * products + 2 * T * T_y) + 2 * (T * T + T_y * T_y));
}

static double cost_of_keys(const limes_hermite_pair *pair) {
  return (pair->zeta.erf && pair->zeta.tau == 0 ? 5 : 40) * (pair->causal ? 0.25 : 1) * queries(pair);
}

/* Powers until |p|^n, with all that multiplies it, is below the last digit */
static double powers_below(double p) {
  return p >= 1 ? 2 * MOST_POWERS : p > 1e-8 ? fmin(2 * MOST_POWERS, 3 + log(NEGLIGIBLE * (1 - p)) / log(p)) : 4;
}

static split split_at(const limes_hermite_pair *pair, double bound, double factor) {
  split s = {.bound = bound};
  for (size_t i = 0; i < pair->T * pair->T_y; i++) {
    double rho = fabs(pair->rho[i]);
    bool above = rho > bound;
    s.above += above;
    s.nearest = !above && rho > s.nearest ? rho : s.nearest;
  }
  bool all = s.above == pair->T * pair->T_y;
  s.powers = all ? 0 : powers_below(factor * s.nearest);
  s.cost = s.powers * cost_of_power(pair) + (double)s.above * cost_of_keys(pair);
  return s;
}

static split choose_split(const limes_hermite_pair *pair, const limes_hermite_side *x, const limes_hermite_side *y) {
  size_t n = pair->T * pair->T_y;
  double rho = pair->diagonal ? largest(pair->T, pair->T + 1, pair->rho) : largest(n, 1, pair->rho);
  double factor = rho * largest(x->T * x->T, 1, x->factor) * largest(y->T * y->T, 1, y->factor);
  split best = split_at(pair, bounds[BOUNDS - 1], factor);
  for (size_t i = 0; i < BOUNDS; i++) {
    split next = split_at(pair, bounds[i], factor);
    best = next.powers <= MOST_POWERS && next.cost < best.cost ? next : best;
  }
  return best;
}

/* in closed form */

LIMES_CLONES
static void add_keys(const limes_hermite_row *row, bool ntk, double cov, double theta, double rest, double *const *into) {
  const double *F = row->value, *slope = row->slope, *rho = row->rho;
  double *to_cov = into[COV], *to_ntk = into[NTK], *to_slope = into[SLOPE], key = row->rho_key;
  LIMES_INDEPENDENT
  for (size_t a = row->from; a < row->end; a++)
    to_cov[a] += cov * F[a];
  if (!ntk)
    return;
  LIMES_INDEPENDENT
  for (size_t a = row->from; a < row->end; a++) {
    to_ntk[a] += theta * F[a] + (2 * cov * key + rest) * rho[a] * slope[a];
    to_slope[a] += cov * key * slope[a];
  }
}

/* One pair of keys for all queries that see them; on a diagonal one query a column */
static void sum_keys(const limes_hermite_pair *pair, const limes_hermite_side *x, const limes_hermite_side *y, size_t c,
                     size_t d) {
  size_t T = pair->T, i = c + d * T;
  double *memory = pair->items + LIMES_HERMITE_MATRICES * (T * T + pair->T_y * pair->T_y);
  limes_hermite_row row = {.x = x, .y = y, .c = c, .d = d, .rho_key = pair->rho[i], .sine_key = pair->sine[i]};
  row.value = memory;
  row.slope = memory + T;
  for (size_t b = pair->causal ? d : 0; b < pair->T_y; b++) {
    double *into[LIMES_HERMITE_SUMS];
    for (size_t q = 0; q < LIMES_HERMITE_SUMS; q++)
      into[q] = pair->sum[q] + (pair->diagonal ? 0 : b * T);
    row.b = b;
    row.from = pair->diagonal ? b : pair->causal ? c : 0;
    row.end = pair->diagonal ? b + 1 : T;
    row.rho = pair->rho + b * T;
    row.sine = pair->sine + b * T;
    if (pair->causal && row.from < c)
      continue;
    limes_hermite_evaluate(&pair->zeta, &row, memory + 2 * T);
    add_keys(&row, pair->ntk, pair->w[COV][i], pair->ntk ? pair->w[NTK][i] : 0, pair->ntk ? pair->w[SLOPE][i] : 0, into);
  }
}

/* The keys above the bound; their weights are zero from here on. */
static void sum_near_keys(const limes_hermite_pair *pair, const split *s, const limes_hermite_side *x,
                          const limes_hermite_side *y) {
  for (size_t d = 0; d < pair->T_y; d++)
    for (size_t c = 0; c < pair->T; c++) {
      size_t i = c + d * pair->T;
      if (!(fabs(pair->rho[i]) > s->bound))
        continue;
      sum_keys(pair, x, y, c, d);
      for (size_t q = 0; q < (pair->ntk ? LIMES_HERMITE_SUMS : 1); q++)
        pair->w[q][i] = 0;
    }
}

/* by powers */

/* values <- values by */
LIMES_CLONES
static void multiply(size_t n, const double *by, double *values) {
  LIMES_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    double value = values[i] * by[i];
    values[i] = fabs(value) > TINY ? value : 0;
  }
}

/* product = D w D'^T, or its diagonal */
static void enclose(const limes_hermite_pair *pair, const double *x, const double *w, const double *y) {
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
LIMES_CLONES
static double add(const limes_hermite_pair *pair, double factor, const double *power, double *sum) {
  size_t n = pair->diagonal ? pair->T : pair->T * pair->T_y, step = pair->diagonal ? pair->T + 1 : 1;
  double most_term = 0, most = 0;
  for (size_t i = 0; i < n; i++) {
    double term = factor * power[i * step] * pair->product[i], size = fabs(term), total = fabs(sum[i] += term);
    most_term = size > most_term ? size : most_term;
    most = total > most ? total : most;
  }
  return most > 0 ? most_term / most : 0;
}

/* mixed = w[NTK] + n w[SLOPE], which have rho^n and rho^(n-1) in them */
LIMES_CLONES
static void mix(const limes_hermite_pair *pair, double n) {
  const double *theta = pair->w[NTK], *rest = pair->w[SLOPE];
  double *mixed = pair->mixed;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < pair->T * pair->T_y; i++)
    mixed[i] = theta[i] + n * rest[i];
}

/* All terms with p^n; power: rho_ab^(n-1), then rho_ab^n. Returns the largest, relative to its sum. */
static double add_power(const limes_hermite_pair *pair, const limes_hermite_side *x, const limes_hermite_side *y, size_t n) {
  double most = 0, factor = (double)n;
  bool odd = pair->zeta.erf && pair->zeta.tau == 0, there = !odd || n % 2 == 1;
  if (there)
    enclose(pair, x->now, pair->w[COV], y->now);
  if (there && pair->ntk && n > 0)
    most = add(pair, factor, pair->power, pair->sum[SLOPE]);
  if (n > 0)
    multiply(pair->T * pair->T_y, pair->rho, pair->power);
  if (!there)
    return 0;
  most = fmax(most, add(pair, 1, pair->power, pair->sum[COV]));
  if (!pair->ntk)
    return most;
  most = fmax(most, add(pair, 2 * factor, pair->power, pair->sum[NTK]));
  mix(pair, factor);
  enclose(pair, x->now, pair->mixed, y->now);
  return fmax(most, add(pair, 1, pair->power, pair->sum[NTK]));
}

static double sum_powers(limes_hermite_pair *pair, limes_hermite_side *x, limes_hermite_side *y) {
  size_t n = pair->T * pair->T_y, small = 0;
  double term = 0;
  for (size_t i = 0; i < n; i++)
    pair->power[i] = 1;
  for (size_t k = 0; k < 2 * MOST_POWERS && small < 3; k++) {
    term = add_power(pair, x, y, k);
    pair->powers++;
    small = term > NEGLIGIBLE ? 0 : small + 1;
    limes_hermite_next(&pair->zeta, x, k);
    limes_hermite_next(&pair->zeta, y, k);
    multiply(n, pair->rho, pair->w[COV]);
    if (pair->ntk)
      multiply(n, pair->rho, pair->w[NTK]);
    if (pair->ntk && k > 0)
      multiply(n, pair->rho, pair->w[SLOPE]);
  }
  return term;
}

double limes_hermite_sums(limes_hermite_pair *pair) {
  size_t T = pair->T, T_y = pair->T_y;
  limes_hermite_side x = limes_hermite_begin(&pair->zeta, T, pair->deviation_x, pair->own_x, pair->causal, pair->items);
  limes_hermite_side y = limes_hermite_begin(&pair->zeta, T_y, pair->deviation_y, pair->own_y, pair->causal,
                                             pair->items + LIMES_HERMITE_MATRICES * T * T);
  for (size_t q = 0; q < (pair->ntk ? LIMES_HERMITE_SUMS : 1); q++)
    memset(pair->sum[q], 0, (pair->diagonal ? T : T * T_y) * sizeof(double));
  split s = choose_split(pair, &x, &y);
  pair->powers = 0;
  pair->near = s.above;
  if (s.above > 0)
    sum_near_keys(pair, &s, &x, &y);
  return s.powers > 0 ? sum_powers(pair, &x, &y) : 0;
}
