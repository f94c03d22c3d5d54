/* Dense linear algebra in long double, by another route than the library's: LU with pivoting, series for exponentials. */
#ifndef LIMES_TESTS_GP_DENSE_H
#define LIMES_TESTS_GP_DENSE_H

#include "fixture.h"

typedef struct {
  size_t rows, columns;
  long double *at; /* row-major */
} dense;

typedef struct dense_block {
  struct dense_block *next;
  long double at[];
} dense_block;

static dense_block *dense_blocks;

/* Matrices live until dense_free_all: formulas may be nested. */
static inline dense dense_new(size_t rows, size_t columns) {
  dense_block *block = calloc(1, sizeof *block + rows * columns * sizeof block->at[0]);
  assert_non_null(block);
  block->next = dense_blocks;
  dense_blocks = block;
  return (dense){rows, columns, block->at};
}

static inline void dense_free_all(void) {
  while (dense_blocks != NULL) {
    dense_block *next = dense_blocks->next;
    free(dense_blocks);
    dense_blocks = next;
  }
}

static inline dense dense_from(size_t rows, size_t columns, const double *values) {
  dense a = dense_new(rows, columns);
  for (size_t i = 0; i < rows * columns; i++)
    a.at[i] = values[i];
  return a;
}

static inline dense dense_product(dense a, dense b) {
  dense c = dense_new(a.rows, b.columns);
  for (size_t i = 0; i < a.rows; i++)
    for (size_t k = 0; k < a.columns; k++)
      for (size_t j = 0; j < b.columns; j++)
        c.at[i * b.columns + j] += a.at[i * a.columns + k] * b.at[k * b.columns + j];
  return c;
}

static inline dense dense_transpose(dense a) {
  dense t = dense_new(a.columns, a.rows);
  for (size_t i = 0; i < a.rows; i++)
    for (size_t j = 0; j < a.columns; j++)
      t.at[j * a.rows + i] = a.at[i * a.columns + j];
  return t;
}

/* a + factor * b */
static inline dense dense_sum(dense a, long double factor, dense b) {
  dense c = dense_new(a.rows, a.columns);
  for (size_t i = 0; i < a.rows * a.columns; i++)
    c.at[i] = a.at[i] + factor * b.at[i];
  return c;
}

static inline dense dense_identity(size_t n) {
  dense a = dense_new(n, n);
  for (size_t i = 0; i < n; i++)
    a.at[i * n + i] = 1;
  return a;
}

static inline void dense_swap(long double *a, long double *b) {
  long double kept = *a;
  *a = *b;
  *b = kept;
}

/* Gauss-Jordan with row pivoting; *log_determinant of the absolute value, where wanted */
static inline dense dense_inverse(dense a, long double *log_determinant) {
  size_t n = a.rows;
  dense left = dense_sum(a, 0, a), right = dense_identity(n);
  long double log_det = 0;
  for (size_t k = 0; k < n; k++) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; i++)
      if (fabsl(left.at[i * n + k]) > fabsl(left.at[pivot * n + k]))
        pivot = i;
    for (size_t j = 0; j < n; j++) {
      dense_swap(&left.at[k * n + j], &left.at[pivot * n + j]);
      dense_swap(&right.at[k * n + j], &right.at[pivot * n + j]);
    }
    long double value = left.at[k * n + k];
    log_det += logl(fabsl(value));
    for (size_t j = 0; j < n; j++) {
      left.at[k * n + j] /= value;
      right.at[k * n + j] /= value;
    }
    for (size_t i = 0; i < n; i++) {
      long double factor = left.at[i * n + k];
      for (size_t j = 0; j < n && i != k; j++) {
        left.at[i * n + j] -= factor * left.at[k * n + j];
        right.at[i * n + j] -= factor * right.at[k * n + j];
      }
    }
  }
  if (log_determinant != NULL)
    *log_determinant = log_det;
  return right;
}

/* phi = (I - exp(-scale a)) a^-1 = int_0^scale exp(-u a) du: its series at scale / 2^40, then phi(2 s) = phi(s) (2 I - a phi(s))
 */
static inline dense dense_flow(dense a, long double scale) {
  long double start = scale / 0x1p40L;
  dense unit = dense_identity(a.rows), two = dense_sum(unit, 1, unit);
  dense phi = dense_sum(dense_sum(dense_new(a.rows, a.rows), start, unit), -start * start / 2, a);
  for (int k = 0; k < 40; k++)
    phi = dense_product(phi, dense_sum(two, -1, dense_product(a, phi)));
  return phi;
}

/* Joint kernels of n training and m test items, C order: features of the given rank, a ridge on every item of its own */
typedef struct {
  size_t n, m;
  double *dd, *td, *tt;
} joint_kernel;

static inline joint_kernel joint_kernel_new(size_t n, size_t m, size_t rank, double ridge, uint64_t seed) {
  size_t all = n + m;
  joint_kernel k = {n, m, calloc(n * n, sizeof(double)), calloc(m * n, sizeof(double)), calloc(m * m, sizeof(double))};
  double *x = malloc(all * rank * sizeof *x);
  for (size_t i = 0; i < all * rank; i++)
    x[i] = uniform(&seed);
  for (size_t i = 0; i < all; i++)
    for (size_t j = 0; j < all; j++) {
      double sum = i == j ? ridge : 0;
      for (size_t c = 0; c < rank; c++)
        sum += x[i * rank + c] * x[j * rank + c];
      if (i < n && j < n)
        k.dd[i * n + j] = sum;
      else if (i >= n && j < n)
        k.td[(i - n) * n + j] = sum;
      else if (i >= n)
        k.tt[(i - n) * m + j - n] = sum;
    }
  free(x);
  return k;
}

static inline void joint_kernel_free(joint_kernel k) {
  free(k.dd);
  free(k.td);
  free(k.tt);
}

static inline double *random_targets(size_t n, size_t outputs, uint64_t seed) {
  double *y = malloc(n * outputs * sizeof *y);
  for (size_t i = 0; i < n * outputs; i++)
    y[i] = 3 * uniform(&seed) + 1;
  return y;
}

#endif
