#include "layers/sandwich.h"

#include <string.h>

#include "base/clones.h"
#include "math/linear.h"

#define LANES 8            /* columns that sparse rows are applied to at a time */
#define MOST_DENSITY 0.125 /* of elements that are not zero; with more, dense products are as quick */

/* Sparse rows lie in one array of numbers: where each row begins [T + 1], values, columns. The first beginning is 0, or
 * DENSE where nothing is stored. */
#define DENSE (-1.0)

typedef struct {
  const double *begin, *value, *column; /* begin NULL: dense */
} sparse_rows;

static sparse_rows rows_of(const limes_trace *trace, int rows) {
  const double *begin = rows == LIMES_NEVER_SPARSE ? NULL : trace->matrix[rows];
  if (begin == NULL || begin[0] == DENSE)
    return (sparse_rows){0};
  size_t T = trace->grid->T;
  return (sparse_rows){.begin = begin, .value = begin + T + 1, .column = begin + T + 1 + (size_t)begin[T]};
}

void limes_store_rows(size_t T, const double *z, double *rows) {
  size_t count = 0;
  for (size_t i = 0; i < T * T; i++)
    count += z[i] != 0;
  if ((double)count > MOST_DENSITY * (double)(T * T) || T + 1 + 2 * count > T * T) {
    rows[0] = DENSE;
    return;
  }
  double *value = rows + T + 1, *column = value + count, filled = 0;
  for (size_t a = 0; a < T; a++) {
    rows[a] = filled;
    for (size_t c = 0; c < T; c++)
      if (z[a + c * T] != 0) {
        value[(size_t)filled] = z[a + c * T];
        column[(size_t)filled] = (double)c;
        filled++;
      }
  }
  rows[T] = filled;
}

/* out = Z in for LANES columns of T numbers or fewer; lanes [T x LANES] holds them side by side */
LIMES_CLONES
static void rows_times(const sparse_rows *z, size_t T, size_t columns, const double *in, double *out, double *lanes) {
  memset(lanes, 0, T * LANES * sizeof *lanes);
  for (size_t k = 0; k < columns; k++)
    for (size_t c = 0; c < T; c++)
      lanes[c * LANES + k] = in[c + k * T];
  for (size_t a = 0; a < T; a++) {
    double sum[LANES] = {0};
    for (size_t i = (size_t)z->begin[a]; i < (size_t)z->begin[a + 1]; i++) {
      const double *lane = lanes + (size_t)z->column[i] * LANES;
      for (size_t k = 0; k < LANES; k++)
        sum[k] += z->value[i] * lane[k];
    }
    for (size_t k = 0; k < columns; k++)
      out[a + k * T] = sum[k];
  }
}

/* out = q Z^T, q n x T: columns of q add up to columns of out */
LIMES_CLONES
static void times_rows(const sparse_rows *z, size_t T, size_t n, const double *q, double *out) {
  for (size_t b = 0; b < T; b++) {
    double *restrict sum = out + b * n;
    memset(sum, 0, n * sizeof *sum);
    for (size_t i = (size_t)z->begin[b]; i < (size_t)z->begin[b + 1]; i++) {
      const double *restrict column = q + (size_t)z->column[i] * n;
      for (size_t a = 0; a < n; a++)
        sum[a] += z->value[i] * column[a];
    }
  }
}

/* diagonal[a] = sum_b q[a + b T] z[a + b T] */
LIMES_CLONES
static void row_products(size_t T, const double *q, const double *z, double *diagonal) {
  memset(diagonal, 0, T * sizeof *diagonal);
  for (size_t b = 0; b < T; b++)
    for (size_t a = 0; a < T; a++)
      diagonal[a] += q[a + b * T] * z[a + b * T];
}

/* diagonal[a] = sum over both rows a of Z(x) K Z(y) */
static void sparse_diagonal(const sparse_rows *x, const sparse_rows *y, size_t T, const double *values, double *diagonal) {
  for (size_t a = 0; a < T; a++) {
    double sum = 0;
    for (size_t j = (size_t)y->begin[a]; j < (size_t)y->begin[a + 1]; j++) {
      const double *column = values + (size_t)y->column[j] * T;
      double part = 0;
      for (size_t i = (size_t)x->begin[a]; i < (size_t)x->begin[a + 1]; i++)
        part += x->value[i] * column[(size_t)x->column[i]];
      sum += y->value[j] * part;
    }
    diagonal[a] = sum;
  }
}

/* product [T x columns] = Z(x) values */
static void first_product(const limes_trace *x, const sparse_rows *rows, size_t columns, const double *values, double *product,
                          double *lanes) {
  size_t T = x->grid->T;
  if (rows->begin == NULL)
    limes_gemm(false, false, T, columns, T, 1, x->matrix[0], T, values, T, 0, product, T);
  else
    for (size_t k = 0; k < columns; k += LANES)
      rows_times(rows, T, columns - k < LANES ? columns - k : LANES, values + k * T, product + k * T, lanes);
}

void limes_sandwich(const limes_panel *in, const limes_panel *out, const double *values, const limes_trace *x,
                    const limes_trace *y, int rows, double *result, double *scratch) {
  size_t T = in->x->T, n = in->start[in->n];
  sparse_rows rows_x = rows_of(x, rows);
  bool sparse = rows_x.begin != NULL;
  double *lanes = scratch + n;
  if (!sparse)
    first_product(x, &rows_x, n / T, values, scratch, lanes);
  for (size_t j = 0; j < in->n; j++) {
    size_t T_y = in->y[j].T;
    double *product = scratch + in->start[j], *made = result + out->start[j];
    const double *own = values + in->start[j];
    sparse_rows rows_y = rows_of(&y[j], rows);
    if (out->layout != LIMES_FULL && sparse && rows_y.begin != NULL) {
      sparse_diagonal(&rows_x, &rows_y, T, own, made);
      continue;
    }
    if (sparse)
      first_product(x, &rows_x, T_y, own, product, lanes);
    if (out->layout != LIMES_FULL)
      row_products(T, product, y[j].matrix[0], made);
    else if (rows_y.begin != NULL)
      times_rows(&rows_y, T_y, T, product, made);
    else
      limes_gemm(false, true, T, T_y, T_y, 1, product, T, y[j].matrix[0], T_y, 0, made, T);
  }
}

size_t limes_sandwich_scratch(size_t in_elements, const limes_grid *largest) { return in_elements + LANES * (size_t)largest->T; }

double limes_sandwich_flops(const limes_grid *x, const limes_grid *y, limes_layout out) {
  double T = x->T, T_y = y->T;
  return 2 * T * T * T_y + (out == LIMES_FULL ? 2 * T * T_y * T_y : 2 * T * T_y);
}
