/* Factors F of the covariance of positional embeddings, R = F F^T.
 *
 * Most decays are functions of a distance between whole numbers: F is the lower Cholesky factor of R over a box of positions,
 * counted in growing squares, so that the rows of a smaller box stand in front. Pivots that are zero to rounding are left out: R
 * may be semidefinite.
 * decay=relative has no box, because a / n takes other values for every length n. Its factor is a series: with u = a / n - 1/2 on
 * each axis and g = rate / axes,
 *     exp(-g |u - v|^2) = sum_{ij} f_i(u_0) f_j(u_1) f_i(v_0) f_j(v_1),     f_i(u) = exp(-g u^2) sqrt((2g)^i / i!) u^i,
 * over all i + j <= the degree behind which less than 1e-15 is left.
 */
#include "layers/positions_basis.h"

#include <math.h>
#include <string.h>

#include "layers/finite.h"

#define SINGULAR 1e-13    /* a pivot of R, whose diagonal is 1 */
#define LEFT_OUT 1e-15    /* of the series, whose sum is 1 at most */
#define MOST_DEGREES 1000 /* beyond, exp(-g u^2) comes close to the smallest numbers */

/* the series of decay=relative */

/* What stands behind degree k of the series is at most P(Poisson(rate / 2) > k) < p_{k+1} / (1 - mean / (k + 2)). */
static uint32_t degree_of(double rate) {
  double mean = rate / 2;
  for (uint32_t k = 0; k < MOST_DEGREES; k++)
    if (mean == 0 || (k + 2 > mean && exp((k + 1) * log(mean) - mean - lgamma(k + 2.0)) < LEFT_OUT * (1 - mean / (k + 2))))
      return k;
  return MOST_DEGREES;
}

static size_t series_size(double rate, uint32_t axes) {
  size_t degree = degree_of(rate);
  if (degree == MOST_DEGREES)
    return SIZE_MAX;
  return axes < 2 ? degree + 1 : (degree + 1) * (degree + 2) / 2;
}

/* f_i(u), i = 0 ... degree */
static void series_line(double g, uint32_t degree, double u, double *f) {
  f[0] = exp(-g * u * u);
  for (uint32_t i = 1; i <= degree; i++)
    f[i] = f[i - 1] * u * sqrt(2 * g / i);
}

static void series_row(double rate, const limes_grid *grid, uint32_t a, double *row) {
  double line[2][MOST_DEGREES + 1], g = grid->axes < 2 ? rate : rate / 2;
  uint32_t degree = degree_of(rate), n = 0;
  series_line(g, degree, (double)(a % grid->size[1]) / grid->size[1] - 0.5, line[1]);
  if (grid->axes < 2) {
    memcpy(row, line[1], (degree + 1) * sizeof *row);
    return;
  }
  series_line(g, degree, (double)(a / grid->size[1]) / grid->size[0] - 0.5, line[0]);
  for (uint32_t i = 0; i <= degree; i++)
    for (uint32_t j = 0; i + j <= degree; j++)
      row[n++] = line[0][i] * line[1][j];
}

/* the box of the others */

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* How many positions of the box have a smaller limes_position_key: they count in growing squares [0, s) x [0, s), first column s,
 * then row s. */
size_t limes_box_number(const uint32_t box[2], uint32_t row, uint32_t column) {
  uint32_t s = row > column ? row : column;
  size_t before = (size_t)smaller(s, box[0]) * smaller(s, box[1]);
  return row < column ? before + row : before + (s < box[1] ? s : 0) + column;
}

/* R at (number, number), its lower triangle */
static void covariance_of_box(const uint32_t box[2], limes_position_function *covariance, const void *user, size_t n,
                              double *matrix) {
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t j = 0; j < n; j++) {
      uint32_t rows[2] = {i / box[1], j / box[1]}, columns[2] = {i % box[1], j % box[1]};
      size_t p = limes_box_number(box, rows[0], columns[0]), q = limes_box_number(box, rows[1], columns[1]);
      if (q <= p)
        matrix[p * n + q] = covariance(user, (double)rows[0] - (double)rows[1], (double)columns[0] - (double)columns[1]);
    }
}

static double dot(size_t n, const double *x, const double *y) {
  double lane[4] = {0}, rest = 0;
  size_t whole = n - n % 4;
  for (size_t i = 0; i < whole; i += 4)
    for (size_t k = 0; k < 4; k++)
      lane[k] += x[i + k] * y[i + k];
  for (size_t i = whole; i < n; i++)
    rest += x[i] * y[i];
  return (lane[0] + lane[1]) + (lane[2] + lane[3]) + rest;
}

/* Row by row, in place; zeros above the diagonal. */
static void factorize(size_t n, double *matrix) {
  for (size_t i = 0; i < n; i++) {
    double *row = matrix + i * n;
    for (size_t j = 0; j < i; j++) {
      const double *other = matrix + j * n;
      row[j] = other[j] > 0 ? (row[j] - dot(j, row, other)) / other[j] : 0;
    }
    double pivot = row[i] - dot(i, row, row);
    row[i] = pivot > SINGULAR ? sqrt(pivot) : 0;
    memset(row + i + 1, 0, (n - i - 1) * sizeof *row);
  }
}

void limes_box_factorize(const uint32_t box[2], limes_position_function *covariance, const void *user, double *factor) {
  size_t n = (size_t)box[0] * box[1];
  covariance_of_box(box, covariance, user, n, factor);
  factorize(n, factor);
}

void limes_box_of(size_t items, const limes_grid *const *grid, uint32_t box[2]) {
  box[0] = box[1] = 0;
  for (size_t i = 0; i < items; i++)
    for (int axis = 0; axis < 2; axis++)
      box[axis] = grid[i]->size[axis] > box[axis] ? grid[i]->size[axis] : box[axis];
}

static double covariance_of_embeddings(const void *decay, double rows, double columns) {
  return limes_position_covariance(decay, rows, columns);
}

size_t limes_basis_size(const limes_decay *decay, uint32_t axes, const uint32_t box[2]) {
  return decay->kind == LIMES_DECAY_RELATIVE ? series_size(decay->rate, axes) : (size_t)box[0] * box[1];
}

size_t limes_basis_factor_size(const limes_decay *decay, const uint32_t box[2]) {
  size_t n = (size_t)box[0] * box[1];
  return decay->kind == LIMES_DECAY_RELATIVE ? 0 : limes_multiply_capped(n, n);
}

void limes_basis_prepare(const limes_decay *decay, const uint32_t box[2], double *factor) {
  if (decay->kind != LIMES_DECAY_RELATIVE)
    limes_box_factorize(box, covariance_of_embeddings, decay, factor);
}

void limes_basis_keys(const uint32_t box[2], uint64_t *key) {
  for (uint32_t row = 0; row < box[0]; row++)
    for (uint32_t column = 0; column < box[1]; column++)
      key[limes_box_number(box, row, column)] = limes_position_key(row, column);
}

void limes_basis_rows(const limes_decay *decay, const uint32_t box[2], const double *factor, const limes_grid *grid,
                      double *rows) {
  size_t n = limes_basis_size(decay, grid->axes, box);
  for (uint32_t a = 0; a < grid->T; a++)
    if (decay->kind == LIMES_DECAY_RELATIVE)
      series_row(decay->rate, grid, a, rows + a * n);
    else
      memcpy(rows + a * n, factor + n * limes_box_number(box, a / grid->size[1], a % grid->size[1]), n * sizeof *rows);
}
