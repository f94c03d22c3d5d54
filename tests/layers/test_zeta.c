/* Rows of attention weights against independent solvers, and Z K Z'^T by sparse rows against dense products. */
#include "kernel/laws.h"

#include "layers/sandwich.h"
#include "layers/zeta.h"

#define MOST 300

/* sum over the keys of max(z scale - tau, 0)^power */
static double mass(size_t n, const double *z, double scale, double power, double tau) {
  double sum = 0;
  for (size_t c = 0; c < n; c++)
    sum += pow(fmax(z[c] * scale - tau, 0), power);
  return sum;
}

/* The weights max(z scale - tau, 0)^power, tau by bisection: power 1 is sparsemax, power 2 at half the logits entmax15 */
static void bisect(size_t n, const double *z, double scale, double power, double *weights) {
  double high = -INFINITY;
  for (size_t c = 0; c < n; c++)
    high = fmax(high, z[c] * scale);
  double low = high - 1;
  for (unsigned step = 0; step < 100; step++) {
    double middle = (low + high) / 2;
    *(mass(n, z, scale, power, middle) > 1 ? &low : &high) = middle;
  }
  for (size_t c = 0; c < n; c++)
    weights[c] = pow(fmax(z[c] * scale - low, 0), power);
}

static double total(size_t n, const double *weights) {
  double sum = 0;
  for (size_t c = 0; c < n; c++)
    sum += weights[c];
  return sum;
}

/* Logits of all kinds: wide and narrow, with ties, all equal */
static size_t random_row(random_stream *stream, unsigned trial, double *z) {
  size_t n = trial < 20 ? trial + 1 : random_count(stream, 1, MOST);
  double scale = pow(10, random_between(stream, -3, 3));
  for (size_t c = 0; c < n; c++)
    z[c] = trial % 7 == 0 ? scale : trial % 5 == 0 ? scale * (double)random_count(stream, 0, 3) : scale * random_normal(stream);
  return n;
}

static void weigh(int kind, uint32_t k, double prune, size_t n, const double *z, double *weights) {
  double heap[MOST];
  memcpy(weights, z, n * sizeof *z);
  limes_zeta_weights(&(limes_zeta){.kind = kind, .k = k, .prune = prune}, n, weights, heap);
}

static void sparsemax_and_entmax15_are_what_bisection_finds(void **state) {
  (void)state;
  random_stream stream = {1};
  double z[MOST], weights[MOST], expected[MOST];
  for (unsigned trial = 0; trial < 1000; trial++) {
    size_t n = random_row(&stream, trial, z);
    for (int kind = LIMES_ZETA_SPARSEMAX; kind <= LIMES_ZETA_ENTMAX15; kind++) {
      bool sparsemax = kind == LIMES_ZETA_SPARSEMAX;
      double largest = 1;
      for (size_t c = 0; c < n; c++)
        largest = fmax(largest, fabs(z[c]));
      weigh(kind, 0, 0, n, z, weights);
      bisect(n, z, sparsemax ? 1 : 0.5, sparsemax ? 1 : 2, expected);
      assert_close_at(total(n, weights), 1, 1e-13, trial);
      for (size_t c = 0; c < n; c++)
        assert_close_at(weights[c], expected[c], 1e-14 * largest, c);
    }
  }
}

/* Whether key c is among the k largest, ties to the earlier key */
static bool among_largest(size_t n, const double *z, size_t c, uint32_t k) {
  size_t before = 0;
  for (size_t d = 0; d < n; d++)
    before += z[d] > z[c] || (z[d] == z[c] && d < c);
  return before < k;
}

static void topk_is_the_softmax_of_the_k_largest_logits(void **state) {
  (void)state;
  random_stream stream = {2};
  double z[MOST], weights[MOST];
  for (unsigned trial = 0; trial < 500; trial++) {
    size_t n = random_row(&stream, trial, z);
    uint32_t k = (uint32_t)random_count(&stream, 1, n + 3);
    double largest = -INFINITY, sum = 0;
    weigh(LIMES_ZETA_TOPK, k, 0, n, z, weights);
    for (size_t c = 0; c < n; c++)
      largest = fmax(largest, z[c]);
    for (size_t c = 0; c < n; c++)
      sum += among_largest(n, z, c, k) ? exp(z[c] - largest) : 0;
    for (size_t c = 0; c < n; c++)
      assert_close_at(weights[c], among_largest(n, z, c, k) ? exp(z[c] - largest) / sum : 0, 1e-14, c);
  }
}

/* The k largest do not change when sums in another order move their last digits. */
static void ties_are_ties_within_rounding(void **state) {
  (void)state;
  double z[] = {3 * (1 - 2e-15), 1, 3, 3 * (1 + 2e-15), 2}, weights[5];
  weigh(LIMES_ZETA_TOPK, 2, 0, 5, z, weights);
  assert_close(weights[0], 0.5, 1e-14);
  assert_close(weights[2], 0.5, 1e-14);
  assert_close(weights[3], 0, 0);
}

static void topk_of_all_keys_and_no_pruning_are_softmax(void **state) {
  (void)state;
  random_stream stream = {3};
  double z[MOST], softmax[MOST], weights[MOST];
  for (unsigned trial = 0; trial < 200; trial++) {
    size_t n = random_row(&stream, trial, z);
    weigh(LIMES_ZETA_SOFTMAX, 0, 0, n, z, softmax);
    weigh(LIMES_ZETA_TOPK, (uint32_t)n, 0, n, z, weights);
    assert_same_bits(weights, softmax, n, "topk(n)");
    weigh(LIMES_ZETA_SOFTMAX, 0, 1e-300, n, z, weights);
    assert_near(weights, softmax, n, 1e-14, "prune=1e-300");
    assert_close_at(total(n, softmax), 1, 1e-13, trial);
  }
}

/* Where no weight reaches the threshold the largest ones stay. */
static void pruning_drops_small_weights_and_keeps_their_proportions(void **state) {
  (void)state;
  random_stream stream = {4};
  double z[MOST], softmax[MOST], weights[MOST];
  for (unsigned trial = 0; trial < 300; trial++) {
    size_t n = random_row(&stream, trial, z);
    double least = random_between(&stream, 0, 1), kept = 0, largest = 0;
    weigh(LIMES_ZETA_SOFTMAX, 0, 0, n, z, softmax);
    weigh(LIMES_ZETA_SOFTMAX, 0, least, n, z, weights);
    for (size_t c = 0; c < n; c++)
      largest = fmax(largest, softmax[c]);
    least = fmin(least, largest);
    for (size_t c = 0; c < n; c++)
      kept += softmax[c] >= least ? softmax[c] : 0;
    for (size_t c = 0; c < n; c++)
      assert_close_at(weights[c], softmax[c] >= least ? softmax[c] / kept : 0, 1e-14, c);
  }
}

static void elementwise_zetas_are_their_functions(void **state) {
  (void)state;
  double z[] = {-1.5, -0.2, 0, 0.3, 2}, weights[5];
  for (int kind = LIMES_ZETA_IDENTITY; kind <= LIMES_ZETA_ERF; kind++) {
    weigh(kind, 0, 0, 5, z, weights);
    for (size_t c = 0; c < 5; c++) {
      double expected[] = {z[c], fmax(z[c], 0), fabs(z[c]), erf(z[c])};
      assert_close_at(weights[c], expected[kind - LIMES_ZETA_IDENTITY], 0, c);
    }
  }
}

/* sandwich */

enum { PARTNERS = 3, ELEMENTS = 64 * 64 };

typedef struct {
  limes_grid grid;
  limes_trace trace;
  double z[ELEMENTS], rows[ELEMENTS];
} weighted_item;

/* T positions, about `share` of Z not zero */
static void make_item(random_stream *stream, size_t T, double share, weighted_item *item) {
  item->grid = (limes_grid){.axes = 1, .T = (uint32_t)T, .size = {1, (uint32_t)T}, .visible = (uint32_t)T};
  for (size_t i = 0; i < T * T; i++)
    item->z[i] = random_between(stream, 0, 1) < share ? random_normal(stream) : 0;
  limes_store_rows(T, item->z, item->rows);
  item->trace = (limes_trace){.grid = &item->grid, .matrix = {item->z, item->rows}};
}

/* sum_cd Z(x)_ac K_cd Z(y)_bd */
static double literal(const weighted_item *x, const weighted_item *y, const double *k, size_t a, size_t b) {
  size_t T = x->grid.T;
  double sum = 0;
  for (size_t c = 0; c < T; c++)
    for (size_t d = 0; d < y->grid.T; d++)
      sum += x->z[a + c * T] * k[c + d * T] * y->z[b + d * y->grid.T];
  return sum;
}

static void compare_panel(const limes_panel *out, const weighted_item *x, const weighted_item *y, const double *k,
                          const size_t *start) {
  for (size_t j = 0; j < PARTNERS; j++) {
    size_t T = x->grid.T, n = out->start[j + 1] - out->start[j];
    for (size_t i = 0; i < n; i++) {
      size_t a = i % T, b = out->layout == LIMES_FULL ? i / T : i;
      assert_close_at(out->cov[out->start[j] + i], literal(x, &y[j], k + start[j], a, b), 1e-11, i);
    }
  }
}

/* Items with and without few elements, of equal and of different T, the whole matrix and its diagonal */
static void sparse_products_equal_their_sums(void **state) {
  (void)state;
  static weighted_item x, y[PARTNERS];
  static double k[PARTNERS * ELEMENTS], out[PARTNERS * ELEMENTS], scratch[PARTNERS * ELEMENTS + 8 * 64];
  static const double shares[] = {0, 0.02, 0.1, 0.9};
  random_stream stream = {5};
  for (unsigned trial = 0; trial < 64; trial++) {
    bool full = trial % 2 == 0;
    size_t T = random_count(&stream, 1, 24), start[PARTNERS + 1] = {0}, begin[PARTNERS + 1] = {0};
    limes_grid grid[PARTNERS];
    limes_trace trace[PARTNERS];
    make_item(&stream, T, shares[trial / 2 % 4], &x);
    for (size_t j = 0; j < PARTNERS; j++) {
      make_item(&stream, full ? random_count(&stream, 1, 24) : T, shares[random_count(&stream, 0, 3)], &y[j]);
      grid[j] = y[j].grid;
      trace[j] = y[j].trace;
      start[j + 1] = start[j] + T * grid[j].T;
      begin[j + 1] = begin[j] + (full ? T * grid[j].T : T);
    }
    for (size_t i = 0; i < start[PARTNERS]; i++)
      k[i] = random_normal(&stream);
    limes_panel in = {.layout = LIMES_FULL, .n = PARTNERS, .same = -1, .x = &x.grid, .y = grid, .start = start, .cov = k};
    limes_panel made = in;
    made.layout = full ? LIMES_FULL : LIMES_DIAGONAL;
    made.start = begin;
    made.cov = out;
    limes_sandwich(&in, &made, k, &x.trace, trace, 1, out, scratch);
    compare_panel(&made, &x, y, k, start);
    limes_sandwich(&in, &made, k, &x.trace, trace, LIMES_NEVER_SPARSE, out, scratch);
    compare_panel(&made, &x, y, k, start);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sparsemax_and_entmax15_are_what_bisection_finds),
      cmocka_unit_test(topk_is_the_softmax_of_the_k_largest_logits),
      cmocka_unit_test(ties_are_ties_within_rounding),
      cmocka_unit_test(topk_of_all_keys_and_no_pruning_are_softmax),
      cmocka_unit_test(pruning_drops_small_weights_and_keeps_their_proportions),
      cmocka_unit_test(elementwise_zetas_are_their_functions),
      cmocka_unit_test(sparse_products_equal_their_sums),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
