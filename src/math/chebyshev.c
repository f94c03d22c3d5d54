#include "math/chebyshev.h"

#include <math.h>

#include "math/lanes.h"

#define BLOCK 32 /* vectors: a block's recurrence stays in the first-level cache */
#define PAIR (2 * LIMES_LANES)
#define PI 3.14159265358979323846

size_t limes_chebyshev_padded(size_t n) { return (n + PAIR - 1) / PAIR * PAIR; }

double limes_chebyshev_node(size_t M, size_t k) { return cos(PI * ((double)k + 0.5) / (double)M); }

void limes_chebyshev_transform(size_t M, double *matrix, double *scratch) {
  for (size_t j = 0; j < 4 * M; j++)
    scratch[j] = cos(PI * (double)j / (2 * (double)M)) * 2 / (double)M;
  for (size_t k = 0; k < M; k++) {
    matrix[k * M] = 1 / (double)M;
    for (size_t m = 1; m < M; m++)
      // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the loop runs for M > 1 only
      matrix[m + k * M] = scratch[m * (2 * k + 1) % (4 * M)];
  }
}

/* One block: older and newer hold T_(m-2) and T_(m-1), and change places with every degree. */
LIMES_INLINE void moments_block(size_t vectors, const double *x, size_t count, double *const *w, size_t first, size_t M,
                                double *mu) {
  limes_lanes at[BLOCK], one[BLOCK], other[BLOCK], *older = one, *newer = other;
  for (size_t v = 0; v < vectors; v++) {
    LIMES_LOAD(at[v], x + first + v * LIMES_LANES);
    newer[v] = (limes_lanes){0} + 1;
    older[v] = at[v];
  }
  for (size_t m = 0; m < M; m++) {
    limes_lanes sum[LIMES_SERIES] = {{0}};
    for (size_t v = 0; v < vectors; v++) {
      for (size_t q = 0; q < count; q++) {
        limes_lanes weight;
        LIMES_LOAD(weight, w[q] + first + v * LIMES_LANES);
        sum[q] += weight * newer[v];
      }
      older[v] = 2 * at[v] * newer[v] - older[v];
    }
    for (size_t q = 0; q < count; q++)
      mu[m + q * M] += limes_sum_lanes(&sum[q]);
    limes_lanes *next = older;
    older = newer;
    newer = next;
  }
}

LIMES_INLINE void moments(size_t n, const double *x, size_t count, double *const *w, size_t M, double *mu) {
  memset(mu, 0, count * M * sizeof *mu);
  size_t vectors = limes_chebyshev_padded(n) / LIMES_LANES;
  for (size_t v = 0; v < vectors; v += BLOCK)
    moments_block(vectors - v < BLOCK ? vectors - v : BLOCK, x, count, w, v * LIMES_LANES, M, mu);
}

LIMES_CLONES
static void moments_of_one(size_t n, const double *x, double *const *w, size_t M, double *mu) { moments(n, x, 1, w, M, mu); }

LIMES_CLONES
static void moments_of_four(size_t n, const double *x, double *const *w, size_t M, double *mu) { moments(n, x, 4, w, M, mu); }

void limes_chebyshev_moments(size_t n, const double *x, size_t count, double *const *w, size_t M, double *mu) {
  if (count == LIMES_SERIES) {
    moments_of_four(n, x, w, M, mu);
    return;
  }
  for (size_t q = 0; q < count; q++)
    moments_of_one(n, x, w + q, M, mu + q * M);
}

/* Two vectors at a time hide the latency of the recurrence. */
LIMES_INLINE void values(size_t n, const double *x, size_t count, const double *c, size_t M, double *const *f) {
  for (size_t i = 0; i < n; i += PAIR) {
    limes_lanes at[2], older[2], newer[2], sum[LIMES_SERIES][2] = {{{0}}};
    for (size_t u = 0; u < 2; u++) {
      LIMES_LOAD(at[u], x + i + u * LIMES_LANES);
      newer[u] = (limes_lanes){0} + 1;
      older[u] = at[u];
      at[u] *= 2;
    }
    for (size_t m = 0; m < M; m++)
      for (size_t u = 0; u < 2; u++) {
        for (size_t q = 0; q < count; q++)
          sum[q][u] += c[m + q * M] * newer[u];
        limes_lanes next = at[u] * newer[u] - older[u];
        older[u] = newer[u];
        newer[u] = next;
      }
    for (size_t q = 0; q < count; q++)
      for (size_t u = 0; u < 2; u++)
        LIMES_STORE(f[q] + i + u * LIMES_LANES, sum[q][u]);
  }
}

LIMES_CLONES
static void values_of_one(size_t n, const double *x, const double *c, size_t M, double *const *f) { values(n, x, 1, c, M, f); }

LIMES_CLONES
static void values_of_four(size_t n, const double *x, const double *c, size_t M, double *const *f) { values(n, x, 4, c, M, f); }

void limes_chebyshev_values(size_t n, const double *x, size_t count, const double *c, size_t M, double *const *f) {
  if (count == LIMES_SERIES) {
    values_of_four(n, x, c, M, f);
    return;
  }
  for (size_t q = 0; q < count; q++)
    values_of_one(n, x, c + q * M, M, f + q);
}
