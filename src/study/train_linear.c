/* The network linearized in its parameters around the start (docs/mathematics.md, section 11): its outputs depend on the start's
 * tangent kernel A = J J^T [N K, N K] only through exp(-s A) r with r = y - f_0, which Lanczos vectors give to rounding from
 * products with J and J^T, without A. [Golub & Van Loan, 10.1] */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "gp/gp.h"
#include "math/linear.h"
#include "study/train.h"

#define MOST_VECTORS 1000
#define EIGENVALUE_VECTORS 16 /* enough for the largest eigenvalue to some digits */
#define CHECK_EVERY 10
#define ACCURACY 1e-9 /* of the last vector's share in the outputs */

typedef struct {
  limes_context *context;
  limes_training *training;
  size_t n, m, most;         /* N K; vectors there are, and room for */
  double *vector;            /* [most + 1, n] orthonormal */
  double *image;             /* [most, n + M K] J and J_test along J^T v */
  double *diagonal, *beside; /* [most] of the tridiagonal matrix */
  double norm;               /* of r */
} krylov;

static void clear(krylov *k) {
  free(k->vector);
  free(k->image);
  free(k->diagonal);
  free(k->beside);
}

static size_t width_of(const krylov *k) { return k->n + k->training->M * k->training->K; }

static limes_status allocate(krylov *k, size_t most) {
  k->n = k->training->N * k->training->K;
  k->most = most < k->n ? most : k->n;
  k->vector = limes_matrix(k->context, k->most + 1, k->n);
  k->image = limes_matrix(k->context, k->most, width_of(k));
  k->diagonal = limes_matrix(k->context, k->most, 1);
  k->beside = limes_matrix(k->context, k->most, 1);
  return k->vector != NULL && k->image != NULL && k->diagonal != NULL && k->beside != NULL ? LIMES_OK : LIMES_NO_MEMORY;
}

/* image = J J^T v, and J_test J^T v where `test` */
static limes_status multiply(krylov *k, const double *v, double *image, bool test) {
  limes_training *training = k->training;
  limes_pass back = limes_training_pass(training, 0);
  back.adjoint = v;
  back.gradient = training->gradient;
  limes_status status = limes_pass_run(k->context, &back);
  for (unsigned side = 0; side < 2 && status == LIMES_OK; side++) {
    limes_pass along = limes_training_pass(training, side);
    along.tangent = training->gradient;
    along.f_tangent = side == 0 ? image : image + k->n;
    if (along.count > 0 && (side == 0 || test))
      status = limes_pass_run(k->context, &along);
  }
  return status;
}

static double dot(size_t n, const double *a, const double *b) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

/* next -= its parts along all vectors so far, twice: once leaves rounding of the size of what was taken away */
static void orthogonalize(const krylov *k, double *next) {
  for (int again = 0; again < 2; again++)
    for (size_t j = 0; j <= k->m; j++) {
      const double *v = k->vector + j * k->n;
      double part = dot(k->n, v, next);
      for (size_t i = 0; i < k->n; i++)
        next[i] -= part * v[i];
    }
}

static limes_status extend(krylov *k, bool test) {
  const double *v = k->vector + k->m * k->n;
  double *image = k->image + k->m * width_of(k), *next = k->vector + (k->m + 1) * k->n;
  limes_status status = multiply(k, v, image, test);
  if (status != LIMES_OK)
    return status;
  k->diagonal[k->m] = dot(k->n, v, image);
  memcpy(next, image, k->n * sizeof *next);
  orthogonalize(k, next);
  double norm = k->beside[k->m] = sqrt(dot(k->n, next, next));
  for (size_t i = 0; norm > 0 && i < k->n; i++)
    next[i] /= norm;
  k->m++;
  return LIMES_OK;
}

/* Eigenvalues [m] and eigenvectors [m,m] of the tridiagonal matrix; *vectors belongs to the caller. */
static limes_status decompose(const krylov *k, double **values, double **vectors) {
  size_t m = k->m;
  *values = limes_matrix(k->context, m, 1);
  *vectors = limes_matrix(k->context, m, m);
  if (*values == NULL || *vectors == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < m; i++) {
    (*vectors)[i * m + i] = k->diagonal[i];
    if (i + 1 < m)
      (*vectors)[i * m + i + 1] = k->beside[i];
  }
  return limes_eigen(k->context, m, *vectors, *values);
}

/* c [m]: J J^T (sum c_j v_j) is what the outputs have gained when the exponent of the flow is s */
static void weigh(const krylov *k, const double *values, const double *vectors, double s, double *c) {
  size_t m = k->m;
  memset(c, 0, m * sizeof *c);
  for (size_t e = 0; e < m; e++) {
    double weight = k->norm * vectors[e * m] * limes_gp_flow_weight(fmax(values[e], 0), s);
    for (size_t j = 0; j < m; j++)
      c[j] += weight * vectors[e * m + j];
  }
}

/* Whether more vectors would change nothing at exponent s */
static limes_status is_enough(const krylov *k, double s, bool *enough) {
  double *values = NULL, *vectors = NULL, *c = limes_matrix(k->context, k->m, 1);
  limes_status status = c == NULL ? LIMES_NO_MEMORY : decompose(k, &values, &vectors);
  if (status == LIMES_OK) {
    weigh(k, values, vectors, s, c);
    *enough = fabs(c[k->m - 1]) * (k->diagonal[k->m - 1] + k->beside[k->m - 1]) <= ACCURACY * k->norm;
  }
  free(values);
  free(vectors);
  free(c);
  return status;
}

static limes_status start_from(krylov *k, const double *r) {
  k->norm = sqrt(dot(k->n, r, r));
  for (size_t i = 0; i < k->n; i++)
    k->vector[i] = k->norm > 0 ? r[i] / k->norm : 0;
  limes_network_set(k->training->network, k->training->start);
  return LIMES_OK;
}

static limes_status ask(const krylov *k, double done) {
  limes_context *context = k->context;
  if (context->progress == NULL || context->progress(context->progress_user, "linearized network", done, -1) == 0)
    return LIMES_OK;
  return limes_fail(context, LIMES_INTERRUPTED, "interrupted");
}

static limes_status grow(krylov *k, double s) {
  bool enough = k->norm == 0;
  limes_status status = LIMES_OK;
  while (!enough && status == LIMES_OK && k->m < k->most) {
    status = extend(k, true);
    if (status == LIMES_OK && (k->m % CHECK_EVERY == 0 || k->m == k->most))
      status = is_enough(k, s, &enough);
    if (status == LIMES_OK && k->beside[k->m - 1] <= 1e-14 * k->diagonal[0])
      enough = true;
    if (status == LIMES_OK)
      status = ask(k, (double)k->m / (double)k->most);
  }
  if (status == LIMES_OK && !enough && k->m < k->n)
    limes_log(k->context, LIMES_LOG_WARNING,
              "the linearized network is not exact at late times: %zu Lanczos vectors are not enough", k->m);
  return status;
}

static limes_status fill(const krylov *k, limes_curves *curves) {
  size_t width = width_of(k);
  double *values = NULL, *vectors = NULL, *c = limes_matrix(k->context, k->m + 1, 1);
  limes_status status = c == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK && k->m > 0)
    status = decompose(k, &values, &vectors);
  for (size_t t = 0; t < curves->times && status == LIMES_OK; t++) {
    double *f = curves->f + t * width;
    memcpy(f, k->training->outputs, width * sizeof *f);
    weigh(k, values, vectors, limes_training_exponent(k->training, curves->time[t]), c);
    for (size_t j = 0; j < k->m; j++)
      for (size_t i = 0; i < width; i++)
        f[i] += c[j] * k->image[j * width + i];
  }
  free(values);
  free(vectors);
  free(c);
  return status;
}

limes_status limes_training_linearized(limes_context *context, limes_training *training, limes_curves *curves) {
  krylov k = {.context = context, .training = training};
  double *r = NULL;
  limes_status status = limes_curves_create(context, training, curves);
  if (status == LIMES_OK)
    status = allocate(&k, MOST_VECTORS);
  if (status == LIMES_OK && (r = limes_matrix(context, k.n, 1)) == NULL)
    status = LIMES_NO_MEMORY;
  for (size_t i = 0; status == LIMES_OK && i < k.n; i++)
    r[i] = training->y[0][i] - training->outputs[i];
  if (status == LIMES_OK)
    status = start_from(&k, r);
  if (status == LIMES_OK)
    status = grow(&k, limes_training_exponent(training, curves->time[curves->times - 1]));
  if (status == LIMES_OK)
    status = fill(&k, curves);
  limes_network_set(training->network, training->theta);
  free(r);
  clear(&k);
  if (status != LIMES_OK)
    limes_curves_clear(curves);
  return status;
}

limes_status limes_training_eigenvalue(limes_context *context, limes_training *training, double *largest) {
  krylov k = {.context = context, .training = training};
  const limes_stream stream = {0, {0, 0, 0}};
  double *values = NULL, *vectors = NULL;
  limes_status status = allocate(&k, EIGENVALUE_VECTORS);
  if (status == LIMES_OK) {
    limes_normal(&stream, 0, k.n, k.image);
    status = start_from(&k, k.image);
  }
  while (status == LIMES_OK && k.m < k.most && (k.m == 0 || k.beside[k.m - 1] > 1e-10 * k.diagonal[0]))
    status = extend(&k, false);
  if (status == LIMES_OK)
    status = decompose(&k, &values, &vectors);
  if (status == LIMES_OK)
    *largest = values[k.m - 1];
  limes_network_set(training->network, training->theta);
  free(values);
  free(vectors);
  clear(&k);
  return status;
}
