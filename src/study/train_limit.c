/* What the limit predicts of a training (docs/mathematics.md, section 11): from the network's own start, and the band of the
 * ensemble. One eigendecomposition Theta = Q Lambda Q^T serves all times. Matrices are column-major. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "gp/gp.h"
#include "math/linear.h"
#include "study/train.h"

typedef struct {
  limes_context *context;
  const limes_training *training;
  size_t N, M, K, B;        /* items, test items, outputs, test items with a band */
  double *vectors, *values; /* N x N, Q; [N] */
  double *test;             /* N x M: the tangent kernel of test item i in column i */
  double *residual, *aim;   /* N x K: Q^T (y - f_0), Q^T y */
  double *work;             /* N x max(N, M, K) */

  /* of the band */
  double *nngp;                   /* N x N: Q^T K Q */
  double *cross_ntk, *cross_nngp; /* N x M, the first B columns of which are Q^T Theta_*^T, Q^T K_*^T */
  double *variance;               /* [M] of test items at the start */
} limit;

static limes_status allocate(limit *l) {
  size_t N = l->N, M = l->M, K = l->K, widest = M > K ? M : K;
  bool band = l->B > 0;
  struct {
    double **array;
    size_t columns;
  } const all[] = {{&l->vectors, N},
                   {&l->values, 1},
                   {&l->test, M},
                   {&l->residual, K},
                   {&l->aim, K},
                   {&l->work, N > widest ? N : widest},
                   {&l->nngp, band ? N : 0},
                   {&l->cross_ntk, band ? M : 0},
                   {&l->cross_nngp, band ? M : 0}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if ((*all[i].array = limes_matrix(l->context, N, all[i].columns)) == NULL)
      return LIMES_NO_MEMORY;
  l->variance = limes_matrix(l->context, M, 1);
  return l->variance == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

static void clear(limit *l) {
  double *const all[] = {l->vectors, l->values,    l->test,       l->residual, l->aim,
                         l->nngp,    l->cross_ntk, l->cross_nngp, l->variance, l->work};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free(all[i]);
}

/* a <- Q^T a, N x columns */
static void rotate(const limit *l, size_t columns, double *a) {
  limes_gemm(true, false, l->N, columns, l->N, 1, l->vectors, l->N, a, l->N, 0, l->work, l->N);
  memcpy(a, l->work, l->N * columns * sizeof *a);
}

static limes_status find_kernels(const limit *l) {
  const limes_training *t = l->training;
  const limes_model *model = t->network->program.model;
  bool band = l->B > 0;
  limes_kernel_output own = {.ntk = l->vectors, .nngp = band ? l->nngp : NULL};
  limes_kernel_output test = {.ntk = l->test, .nngp = band ? l->cross_nngp : NULL};
  limes_status status = limes_kernel(l->context, model, t->train, NULL, &own);
  if (status == LIMES_OK && l->M > 0)
    status = limes_kernel(l->context, model, t->test, t->train, &test);
  if (status == LIMES_OK && band)
    status = limes_kernel_diagonal(l->context, model, t->test, l->variance, NULL);
  return status == LIMES_OK ? limes_eigen(l->context, l->N, l->vectors, l->values) : status;
}

/* Everything into the basis of the eigenvectors. C order [N,K] is K x N: transposed on the way */
static void turn(const limit *l) {
  const limes_training *t = l->training;
  for (size_t i = 0; i < l->N; i++)
    for (size_t k = 0; k < l->K; k++) {
      l->aim[k * l->N + i] = t->y[0][i * l->K + k];
      l->residual[k * l->N + i] = t->y[0][i * l->K + k] - t->outputs[i * l->K + k];
    }
  rotate(l, l->K, l->aim);
  rotate(l, l->K, l->residual);
  if (l->B == 0)
    return;
  memcpy(l->cross_ntk, l->test, l->N * l->B * sizeof(double));
  rotate(l, l->B, l->cross_ntk);
  rotate(l, l->B, l->cross_nngp);
  rotate(l, l->N, l->nngp);
  limes_gemm(false, false, l->N, l->N, l->N, 1, l->nngp, l->N, l->vectors, l->N, 0, l->work, l->N);
  memcpy(l->nngp, l->work, l->N * l->N * sizeof(double));
}

/* Q diag(weight) residual [N, K] */
static void pull(const limit *l, const double *weight, double *u) {
  for (size_t k = 0; k < l->K; k++)
    for (size_t j = 0; j < l->N; j++)
      l->work[k * l->N + j] = weight[j] * l->residual[k * l->N + j];
  limes_gemm(false, false, l->N, l->K, l->N, 1, l->vectors, l->N, l->work, l->N, 0, u, l->N);
}

/* f = f_0 + Theta u, u = Theta^-1 (1 - E) (y - f_0); Theta u = Q (Lambda w) residual for the training items */
static void fill_outputs(const limit *l, const double *weight, double *scaled, double *u, double *f) {
  memcpy(f, l->training->outputs, (l->N + l->M) * l->K * sizeof *f);
  for (size_t j = 0; j < l->N; j++)
    scaled[j] = weight[j] * fmax(l->values[j], 0);
  pull(l, scaled, u);
  for (size_t i = 0; i < l->N; i++)
    for (size_t k = 0; k < l->K; k++)
      f[i * l->K + k] += u[k * l->N + i];
  pull(l, weight, u);
  if (l->M > 0)
    limes_gemm(true, false, l->K, l->M, l->N, 1, u, l->N, l->test, l->N, 1, f + l->N * l->K, l->K);
}

/* Of one test item: W = Theta_* Theta^-1 (1 - E); mean W y, variance K_** + W K W^T - 2 W K_*^T */
static void fill_band(const limit *l, const double *weight, size_t item, double *row, double *mean, double *deviation) {
  const double *ntk = l->cross_ntk + item * l->N, *nngp = l->cross_nngp + item * l->N;
  double variance = l->variance[item];
  for (size_t j = 0; j < l->N; j++)
    row[j] = ntk[j] * weight[j];
  limes_gemm(false, false, l->N, 1, l->N, 1, l->nngp, l->N, row, l->N, 0, l->work, l->N);
  for (size_t j = 0; j < l->N; j++)
    variance += row[j] * (l->work[j] - 2 * nngp[j]);
  for (size_t k = 0; k < l->K; k++) {
    mean[k] = 0;
    for (size_t j = 0; j < l->N; j++)
      mean[k] += row[j] * l->aim[k * l->N + j];
  }
  *deviation = sqrt(fmax(variance, 0));
}

static limes_status fill(const limit *l, limes_curves *curves) {
  double *weight = limes_matrix(l->context, l->N, 3), *u = limes_matrix(l->context, l->N, l->K);
  limes_status status = weight == NULL || u == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t t = 0; t < curves->times && status == LIMES_OK; t++) {
    double s = limes_training_exponent(l->training, curves->time[t]);
    for (size_t j = 0; j < l->N; j++)
      weight[j] = limes_gp_flow_weight(fmax(l->values[j], 0), s);
    fill_outputs(l, weight, weight + l->N, u, curves->f + t * (l->N + l->M) * l->K);
    for (size_t i = 0; i < l->B; i++)
      fill_band(l, weight, i, weight + 2 * l->N, curves->mean + (t * l->B + i) * l->K, &curves->deviation[t * l->B + i]);
  }
  free(weight);
  free(u);
  return status;
}

static limes_status make_band(limes_context *context, const limit *l, limes_curves *curves) {
  curves->banded = l->B;
  if (l->B == 0)
    return LIMES_OK;
  curves->mean = limes_matrix(context, curves->times, l->B * l->K);
  curves->deviation = limes_matrix(context, curves->times, l->B);
  return curves->mean == NULL || curves->deviation == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

limes_status limes_training_limit(limes_context *context, const limes_training *training, size_t banded, limes_curves *curves) {
  limit l = {.context = context, .training = training, .N = training->N, .M = training->M, .K = training->K};
  l.B = banded < l.M ? banded : l.M;
  limes_status status = limes_curves_create(context, training, curves);
  if (status == LIMES_OK)
    status = make_band(context, &l, curves);
  if (status == LIMES_OK)
    status = allocate(&l);
  if (status == LIMES_OK)
    status = find_kernels(&l);
  if (status == LIMES_OK) {
    turn(&l);
    status = fill(&l, curves);
  }
  clear(&l);
  if (status != LIMES_OK)
    limes_curves_clear(curves);
  return status;
}
