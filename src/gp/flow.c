/* Gradient flow at a finite time (docs/mathematics.md, section 8), by eigenvalues, and its cross-validation. */
#include <math.h>
#include <stdlib.h>

#include "base/blas_threads.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "gp/gp.h"
#include "math/linear.h"

#define FOLDS 5

double limes_gp_flow_weight(double eigenvalue, double steps) {
  return eigenvalue > 0 ? -expm1(-steps * eigenvalue) / eigenvalue : steps;
}

/* The finalizer of a 64-bit mixer: equal bits on every machine. */
static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/* A permutation of 0 ... n-1: the items of fold f are every FOLDS-th of it from f on. */
static void shuffle(size_t n, uint64_t seed, size_t *order) {
  for (size_t i = 0; i < n; i++)
    order[i] = i;
  for (size_t i = n; i > 1; i--) {
    size_t j = (size_t)(mix(seed * 0x2545f4914f6cdd1du + i) % i), kept = order[i - 1];
    order[i - 1] = order[j];
    order[j] = kept;
  }
}

/* One fold: `in` are the n_in items to train on, `out` the n_out held out. */
typedef struct {
  const size_t *in, *out;
  size_t n_in, n_out;
  double *square;       /* n_in x n_in: their kernel, then its eigenvectors */
  double *spectrum;     /* [n_in] */
  double *cross;        /* n_in x n_out: the kernel between the two */
  double *reach;        /* n_out x n_in: cross^T V */
  double *coefficients; /* n_in x outputs: V^T target */
  double *scaled;       /* n_in x outputs */
  double *predicted;    /* n_out x outputs */
  double *target;       /* n_in x outputs */
} fold;

static void fold_free(fold *f) {
  free(f->square);
  free(f->spectrum);
  free(f->cross);
  free(f->reach);
  free(f->coefficients);
  free(f->scaled);
  free(f->predicted);
  free(f->target);
}

static bool fold_allocate(limes_context *context, fold *f, size_t outputs) {
  return (f->square = limes_matrix(context, f->n_in, f->n_in)) != NULL &&
         (f->spectrum = limes_matrix(context, f->n_in, 1)) != NULL &&
         (f->cross = limes_matrix(context, f->n_in, f->n_out)) != NULL &&
         (f->reach = limes_matrix(context, f->n_out, f->n_in)) != NULL &&
         (f->coefficients = limes_matrix(context, f->n_in, outputs)) != NULL &&
         (f->scaled = limes_matrix(context, f->n_in, outputs)) != NULL &&
         (f->predicted = limes_matrix(context, f->n_out, outputs)) != NULL &&
         (f->target = limes_matrix(context, f->n_in, outputs)) != NULL;
}

static void fold_gather(fold *f, size_t n, size_t outputs, const double *kernel, const double *target) {
  for (size_t j = 0; j < f->n_in; j++) {
    const double *column = kernel + f->in[j] * n;
    for (size_t i = 0; i < f->n_in; i++)
      f->square[j * f->n_in + i] = column[f->in[i]];
    for (size_t i = 0; i < f->n_out; i++)
      f->cross[i * f->n_in + j] = column[f->out[i]];
    for (size_t c = 0; c < outputs; c++)
      f->target[c * f->n_in + j] = target[c * n + f->in[j]];
  }
}

static void fold_predict(const fold *f, size_t n, size_t outputs, double steps, double noise, double *predictions) {
  for (size_t c = 0; c < outputs; c++)
    for (size_t k = 0; k < f->n_in; k++)
      f->scaled[c * f->n_in + k] =
          f->coefficients[c * f->n_in + k] * limes_gp_flow_weight(fmax(f->spectrum[k], 0) + noise, steps);
  limes_gemm(false, false, f->n_out, outputs, f->n_in, 1, f->reach, f->n_out, f->scaled, f->n_in, 0, f->predicted, f->n_out);
  for (size_t c = 0; c < outputs; c++)
    for (size_t i = 0; i < f->n_out; i++)
      predictions[c * n + f->out[i]] = f->predicted[c * f->n_out + i];
}

static limes_status fold_run(limes_context *context, fold *f, size_t n, size_t outputs, const double *kernel,
                             const double *target, double steps, size_t values, const double *noise, double *predictions) {
  if (!fold_allocate(context, f, outputs))
    return LIMES_NO_MEMORY;
  fold_gather(f, n, outputs, kernel, target);
  limes_status status = limes_eigen(context, f->n_in, f->square, f->spectrum);
  if (status != LIMES_OK)
    return status;
  limes_gemm(true, false, f->n_out, f->n_in, f->n_in, 1, f->cross, f->n_in, f->square, f->n_in, 0, f->reach, f->n_out);
  limes_gemm(true, false, f->n_in, outputs, f->n_in, 1, f->square, f->n_in, f->target, f->n_in, 0, f->coefficients, f->n_in);
  for (size_t v = 0; v < values; v++)
    fold_predict(f, n, outputs, steps, noise[v], predictions + v * n * outputs);
  return LIMES_OK;
}

/* Splits a shuffled order into the fold's own items, in `out`, and the others, in `in`. */
static void fold_split(fold *f, size_t n, size_t number, const size_t *order, size_t *in, size_t *out) {
  f->in = in;
  f->out = out;
  for (size_t i = 0; i < n; i++)
    if (i % FOLDS == number)
      out[f->n_out++] = order[i];
    else
      in[f->n_in++] = order[i];
}

limes_status limes_gp_cross_validate(limes_context *context, size_t n, size_t outputs, const double *kernel, const double *target,
                                     double steps, size_t values, const double *noise, double *predictions) {
  size_t *items = limes_allocate(context, n, 3 * sizeof *items);
  if (items == NULL)
    return LIMES_NO_MEMORY;
  shuffle(n, context->seed, items);
  limes_status status = LIMES_OK;
  for (size_t number = 0; number < FOLDS && status == LIMES_OK; number++) {
    fold f = {.n_in = 0};
    fold_split(&f, n, number, items, items + n, items + 2 * n);
    /* the same time on fewer items: the flow of a mean squared error is faster by n / n_in */
    if (f.n_in > 0 && f.n_out > 0)
      status = fold_run(context, &f, n, outputs, kernel, target, steps * (double)n / (double)f.n_in, values, noise, predictions);
    fold_free(&f);
  }
  free(items);
  return status;
}
