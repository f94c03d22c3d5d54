/* Five-fold cross-validation of gradient flow: a fold is predicted by a process that was trained on the other four. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "gp/gp.h"
#include "math/linear.h"

#define FOLDS 5

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
  double steps;         /* the same time on fewer items: the flow of a mean squared error is faster by n / n_in */
  double *square;       /* n_in x n_in: their kernel, then its eigenvectors V */
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

/* part (count x n_in) of a symmetric matrix N x N: the rows of items, the columns of the items to train on */
static void gather(const fold *f, size_t n, const double *matrix, size_t count, const size_t *items, double *part) {
  for (size_t j = 0; j < f->n_in; j++)
    for (size_t i = 0; i < count; i++)
      part[j * count + i] = matrix[f->in[j] * n + items[i]];
}

static void fold_gather(fold *f, const limes_gp_folds *all) {
  gather(f, all->n, all->kernel, f->n_in, f->in, f->square);
  for (size_t i = 0; i < f->n_out; i++)
    for (size_t j = 0; j < f->n_in; j++)
      f->cross[i * f->n_in + j] = all->kernel[f->out[i] * all->n + f->in[j]];
  for (size_t c = 0; c < all->outputs; c++)
    for (size_t j = 0; j < f->n_in; j++)
      f->target[c * f->n_in + j] = all->target[c * all->n + f->in[j]];
}

static double weight(const fold *f, size_t k, double noise, double steps) {
  return limes_gp_flow_weight(fmax(f->spectrum[k], 0) + noise, steps);
}

static void fold_predict(const fold *f, const limes_gp_folds *all, double noise, double *predictions) {
  for (size_t c = 0; c < all->outputs; c++)
    for (size_t k = 0; k < f->n_in; k++)
      f->scaled[c * f->n_in + k] = f->coefficients[c * f->n_in + k] * weight(f, k, noise, f->steps);
  limes_gemm(false, false, f->n_out, all->outputs, f->n_in, 1, f->reach, f->n_out, f->scaled, f->n_in, 0, f->predicted, f->n_out);
  for (size_t c = 0; c < all->outputs; c++)
    for (size_t i = 0; i < f->n_out; i++)
      predictions[c * all->n + f->out[i]] = f->predicted[c * f->n_out + i];
}

/* K_** - K_* A^-1 (I - E^2) K_*^T, its diagonal */
static void posterior_variance(const fold *f, double noise, double *variance) {
  for (size_t k = 0; k < f->n_in; k++) {
    double factor = weight(f, k, noise, 2 * f->steps);
    for (size_t i = 0; i < f->n_out; i++)
      variance[f->out[i]] -= factor * f->reach[k * f->n_out + i] * f->reach[k * f->n_out + i];
  }
  for (size_t i = 0; i < f->n_out; i++)
    variance[f->out[i]] = fmax(variance[f->out[i]], 0);
}

/* K_** + W K W^T - 2 W K_*^T, its diagonal, with W = Theta_* A^-1 (I - E), K the prior */
static limes_status ensemble_variance(limes_context *context, const fold *f, const limes_gp_folds *all, double noise,
                                      double *variance) {
  double *scaled = limes_matrix(context, f->n_out, f->n_in), *w = limes_matrix(context, f->n_out, f->n_in);
  double *change = limes_matrix(context, f->n_out, f->n_in), *prior = limes_matrix(context, f->n_in, f->n_in);
  limes_status status = scaled != NULL && w != NULL && change != NULL && prior != NULL ? LIMES_OK : LIMES_NO_MEMORY;
  if (status != LIMES_OK)
    goto done;
  for (size_t k = 0; k < f->n_in; k++)
    for (size_t i = 0; i < f->n_out; i++)
      scaled[k * f->n_out + i] = f->reach[k * f->n_out + i] * weight(f, k, noise, f->steps);
  limes_gemm(false, true, f->n_out, f->n_in, f->n_in, 1, scaled, f->n_out, f->square, f->n_in, 0, w, f->n_out);
  gather(f, all->n, all->prior, f->n_in, f->in, prior);
  gather(f, all->n, all->prior, f->n_out, f->out, change);
  limes_gemm(false, false, f->n_out, f->n_in, f->n_in, 1, w, f->n_out, prior, f->n_in, -2, change, f->n_out);
  for (size_t j = 0; j < f->n_in; j++)
    for (size_t i = 0; i < f->n_out; i++)
      variance[f->out[i]] += w[j * f->n_out + i] * change[j * f->n_out + i];
  for (size_t i = 0; i < f->n_out; i++)
    variance[f->out[i]] = fmax(variance[f->out[i]], 0);
done:
  free(scaled);
  free(w);
  free(change);
  free(prior);
  return status;
}

static limes_status fold_variance(limes_context *context, const fold *f, const limes_gp_folds *all, double noise,
                                  double *variance) {
  if (all->prior != all->kernel)
    return ensemble_variance(context, f, all, noise, variance);
  posterior_variance(f, noise, variance);
  return LIMES_OK;
}

static limes_status fold_run(limes_context *context, fold *f, const limes_gp_folds *all) {
  if (!fold_allocate(context, f, all->outputs))
    return LIMES_NO_MEMORY;
  fold_gather(f, all);
  limes_status status = limes_eigen(context, f->n_in, f->square, f->spectrum);
  if (status != LIMES_OK)
    return status;
  limes_gemm(true, false, f->n_out, f->n_in, f->n_in, 1, f->cross, f->n_in, f->square, f->n_in, 0, f->reach, f->n_out);
  limes_gemm(true, false, f->n_in, all->outputs, f->n_in, 1, f->square, f->n_in, f->target, f->n_in, 0, f->coefficients, f->n_in);
  for (size_t v = 0; v < all->values && status == LIMES_OK; v++) {
    fold_predict(f, all, all->noise[v], all->predictions + v * all->n * all->outputs);
    if (all->variance != NULL)
      status = fold_variance(context, f, all, all->noise[v], all->variance + v * all->n);
  }
  return status;
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

/* What is known of items before training: the mean zero, and the prior's variance. */
static void set_prior(const limes_gp_folds *all) {
  memset(all->predictions, 0, all->values * all->n * all->outputs * sizeof *all->predictions);
  for (size_t v = 0; v < all->values && all->variance != NULL; v++)
    for (size_t i = 0; i < all->n; i++)
      all->variance[v * all->n + i] = all->prior[i * all->n + i];
}

limes_status limes_gp_cross_validate(limes_context *context, const limes_gp_folds *all) {
  size_t n = all->n, *items = limes_allocate(context, n, 3 * sizeof *items);
  if (items == NULL)
    return LIMES_NO_MEMORY;
  shuffle(n, context->seed, items);
  set_prior(all);
  limes_status status = LIMES_OK;
  for (size_t number = 0; number < FOLDS && status == LIMES_OK; number++) {
    fold f = {.n_in = 0};
    fold_split(&f, n, number, items, items + n, items + 2 * n);
    if (f.n_in > 0 && f.n_out > 0) {
      f.steps = all->steps * (double)n / (double)f.n_in;
      status = fold_run(context, &f, all);
    }
    fold_free(&f);
  }
  free(items);
  return status;
}
