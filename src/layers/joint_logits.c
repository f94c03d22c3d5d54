#include "layers/joint_logits.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "math/linear.h"

#define PIVOT 1e-11 /* of the largest variance, that a pivot must have */

/* columns of the lower triangle below `column`, less what it explains of them */
static void eliminate(size_t T, size_t column, double *factor) {
  const double *own = factor + column * T;
  for (size_t j = column + 1; j < T; j++) {
    double share = own[j], *other = factor + j * T;
    for (size_t i = j; share != 0 && i < T; i++)
      other[i] -= share * own[i];
  }
}

void limes_semidefinite_factor(size_t T, const double *matrix, double *factor) {
  double largest = 0;
  for (size_t i = 0; i < T; i++)
    largest = fmax(largest, matrix[i * (T + 1)]);
  for (size_t j = 0; j < T; j++)
    for (size_t i = 0; i < T; i++)
      factor[i + j * T] = i < j ? 0 : matrix[i + j * T];
  for (size_t j = 0; j < T; j++) {
    double pivot = factor[j * (T + 1)], inverse = pivot > PIVOT * largest ? 1 / sqrt(pivot) : 0;
    for (size_t i = j; i < T; i++)
      factor[i + j * T] *= inverse;
    eliminate(T, j, factor);
  }
}

/* b [T x n] <- L^-1 b, zero where the factor's columns are */
static void forward(size_t T, const double *L, size_t n, double *b) {
  for (size_t k = 0; k < n; k++) {
    double *column = b + k * T;
    for (size_t j = 0; j < T; j++) {
      double pivot = L[j * (T + 1)], value = pivot > 0 ? column[j] / pivot : 0;
      column[j] = value;
      for (size_t i = j + 1; value != 0 && i < T; i++)
        column[i] -= value * L[i + j * T];
    }
  }
}

static void transpose(size_t rows, size_t columns, const double *in, double *out) {
  for (size_t j = 0; j < columns; j++)
    for (size_t i = 0; i < rows; i++)
      out[j + i * columns] = in[i + j * rows];
}

static void scale_columns(size_t rows, size_t columns, const double *by, double *matrix) {
  for (size_t j = 0; j < columns; j++)
    for (size_t i = 0; i < rows; i++)
      matrix[i + j * rows] *= by[j];
}

/* Eigenvalues and, in place, eigenvectors. Where LAPACK finds none (entries that are no numbers): zeros, and the unit matrix */
static void decompose(size_t n, double *matrix, double *values, double *work) {
  lapack_int order = (lapack_int)n;
  lapack_int info = LAPACKE_dsyev_work(LAPACK_COL_MAJOR, 'V', 'L', order, matrix, order, values, work, 3 * order);
  for (size_t i = 0; info != 0 && i < n * n; i++)
    matrix[i] = i % (n + 1) == 0;
  for (size_t i = 0; info != 0 && i < n; i++)
    values[i] = 0;
}

static void join_exactly(limes_joint_logits *joint, const double *tilde) {
  size_t T = joint->T, m = joint->T_y;
  double *C = joint->spare[0], *turned = joint->spare[1];
  memcpy(C, tilde, T * m * sizeof *C);
  forward(T, joint->L, m, C);
  transpose(T, m, C, turned);
  forward(m, joint->L_y, T, turned);
  transpose(m, T, turned, C);
  limes_gemm(true, false, m, m, T, 1, C, T, C, T, 0, joint->vectors, m);
  decompose(m, joint->vectors, joint->w, joint->spare[2]);
  limes_gemm(false, false, m, m, m, 1, joint->L_y, m, joint->vectors, m, 0, joint->apart, m);
  double *CQ = joint->spare[1], *shrink = joint->spare[2];
  limes_gemm(false, false, T, m, m, 1, C, T, joint->vectors, m, 0, CQ, T);
  for (size_t i = 0; i < m; i++) { /* rounding leaves eigenvalues just above 1 */
    shrink[i] = joint->w[i] > 1 ? 1 / sqrt(joint->w[i]) : 1;
    joint->w[i] = fmin(fmax(joint->w[i], 0), 1);
  }
  scale_columns(T, m, shrink, CQ);
  limes_gemm(false, true, T, m, m, 1, CQ, T, joint->apart, m, 0, joint->common, T);
}

/* block <- factor factor^T */
static void multiply_out(size_t T, const double *factor, double *block, size_t ld) {
  limes_gemm(false, true, T, T, T, 1, factor, T, factor, T, 0, block, ld);
}

static void join_estimates(limes_joint_logits *joint, const double *tilde) {
  size_t T = joint->T, m = joint->T_y, n = T + m;
  double *all = joint->vectors;
  multiply_out(T, joint->L, all, n);
  multiply_out(m, joint->L_y, all + T * (n + 1), n);
  for (size_t b = 0; b < m; b++)
    for (size_t a = 0; a < T; a++)
      all[T + b + a * n] = tilde[a + b * T];
  decompose(n, all, joint->w, joint->spare[0]);
  for (size_t i = 0; i < n; i++)
    joint->w[i] = sqrt(sqrt(fmax(joint->w[i], 0)));
  scale_columns(n, n, joint->w, all);
  multiply_out(n, all, joint->root, n);
}

void limes_join_logits(limes_joint_logits *joint, const double *tilde) {
  if (!joint->same)
    (joint->estimated ? join_estimates : join_exactly)(joint, tilde);
}

size_t limes_joint_normals(const limes_joint_logits *joint, bool one_query) {
  size_t T = joint->T, m = joint->same ? 0 : joint->T_y, n = T + m;
  return one_query ? n : joint->estimated ? n * n : T * T + m * m;
}

/* What multiplies E from the left: [n x k], or the transpose of a matrix [k x n] */
typedef struct {
  size_t n, k, ld;
  bool transposed;
  const double *matrix;
} left_factor;

/* out <- s left E left^T + keep out, E [k x k] */
static void sandwich(left_factor left, double s, const double *E, double *spare, double keep, double *out) {
  size_t n = left.n, k = left.k;
  limes_gemm(left.transposed, false, n, k, k, s, left.matrix, left.ld, E, k, 0, spare, n);
  limes_gemm(false, !left.transposed, n, n, k, 1, spare, n, left.matrix, left.ld, keep, out, n);
}

/* out <- s left e + keep out */
static void apply(left_factor left, double s, const double *e, double keep, double *out) {
  limes_gemm(left.transposed, false, left.n, 1, left.k, s, left.matrix, left.ld, e, left.k, keep, out, left.n);
}

static left_factor plain(size_t n, const double *matrix) { return (left_factor){.n = n, .k = n, .ld = n, .matrix = matrix}; }

static left_factor turned(size_t k, size_t n, const double *matrix) {
  return (left_factor){.n = n, .k = k, .ld = k, .transposed = true, .matrix = matrix};
}

/* Rows of R: those of x, those of x' */
static left_factor root_of(const limes_joint_logits *joint, bool second) {
  size_t n = joint->T + joint->T_y;
  return (left_factor){.n = second ? joint->T_y : joint->T, .k = n, .ld = n, .matrix = joint->root + (second ? joint->T : 0)};
}

/* H <- sqrt(1 - w w^T) o Q^T H Q */
static void set_apart(const limes_joint_logits *joint, const double *H, double *spare, double *out) {
  size_t m = joint->T_y;
  sandwich(turned(m, m, joint->vectors), 1, H, spare, 0, out);
  for (size_t j = 0; j < m; j++)
    for (size_t i = 0; i < m; i++)
      out[i + j * m] *= sqrt(1 - joint->w[i] * joint->w[j]);
}

static void draw_matrices(const limes_joint_logits *joint, double s, const double *z, double *x, double *y) {
  size_t T = joint->T, m = joint->T_y;
  double *spare = joint->spare[0], *H = joint->spare[1];
  if (joint->estimated && !joint->same) {
    sandwich(root_of(joint, false), s, z, spare, 0, x);
    sandwich(root_of(joint, true), s, z, spare, 0, y);
    return;
  }
  sandwich(plain(T, joint->L), s, z, spare, 0, x);
  if (joint->same)
    return;
  set_apart(joint, z + T * T, spare, H);
  sandwich(plain(m, joint->apart), s, H, spare, 0, y);
  sandwich(turned(T, m, joint->common), s, z, spare, 1, y);
}

static void draw_vectors(const limes_joint_logits *joint, double s, const double *z, double *x, double *y) {
  size_t T = joint->T, m = joint->T_y;
  double *h = joint->spare[0];
  if (joint->estimated && !joint->same) {
    apply(root_of(joint, false), s, z, 0, x);
    apply(root_of(joint, true), s, z, 0, y);
    return;
  }
  apply(plain(T, joint->L), s, z, 0, x);
  if (joint->same)
    return;
  apply(turned(m, m, joint->vectors), 1, z + T, 0, h);
  for (size_t i = 0; i < m; i++)
    h[i] *= sqrt(1 - joint->w[i]);
  apply(plain(m, joint->apart), s, h, 0, y);
  apply(turned(T, m, joint->common), s, z, 1, y);
}

void limes_draw_logits(const limes_joint_logits *joint, double s, bool one_query, const double *z, double *x, double *y) {
  (one_query ? draw_vectors : draw_matrices)(joint, s, z, x, y);
}
