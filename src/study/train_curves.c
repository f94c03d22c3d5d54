/* Outputs over time, and what is measured of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "math/linear.h"
#include "study/train.h"

static size_t width_of(const limes_curves *curves) { return (curves->train + curves->test) * curves->outputs; }

static limes_status allocate(limes_context *context, const limes_training *training, limes_curves *curves) {
  *curves = (limes_curves){.times = training->recorded, .train = training->N, .test = training->M, .outputs = training->K};
  curves->time = limes_matrix(context, curves->times, 1);
  curves->f = limes_matrix(context, curves->times, width_of(curves));
  if (curves->time == NULL || curves->f == NULL) {
    limes_curves_clear(curves);
    return LIMES_NO_MEMORY;
  }
  memcpy(curves->time, training->at, curves->times * sizeof *curves->time);
  return LIMES_OK;
}

void limes_curves_clear(limes_curves *curves) {
  free(curves->time);
  free(curves->f);
  free(curves->deviation);
  free(curves->mean);
  *curves = (limes_curves){0};
}

limes_status limes_curves_create(limes_context *context, const limes_training *training, limes_curves *curves) {
  *curves = (limes_curves){0};
  if (training->recorded == 0)
    return limes_fail(context, LIMES_WRONG_USE, "nothing has been trained yet: run the training first");
  if (training->used.optimizer == LIMES_ADAM || training->used.loss != LIMES_SQUARED_ERROR)
    return limes_fail(context, LIMES_WRONG_USE,
                      "there is no prediction for %s: it is for gradient flow or descent on squared error",
                      training->used.optimizer == LIMES_ADAM ? "adam" : "cross-entropy");
  return allocate(context, training, curves);
}

limes_status limes_training_curves(limes_context *context, const limes_training *training, limes_curves *curves) {
  limes_status status = allocate(context, training, curves);
  if (status == LIMES_OK)
    memcpy(curves->f, training->outputs, curves->times * width_of(curves) * sizeof *curves->f);
  return status;
}

static size_t largest(size_t n, const double *numbers) {
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    best = numbers[i] > numbers[best] ? i : best;
  return best;
}

static void score(const limes_training *training, unsigned side, const double *f, double *loss, double *accuracy) {
  size_t n = side == 0 ? training->N : training->M, K = training->K, right = 0;
  const double *y = training->y[side];
  *loss = *accuracy = NAN;
  if (y == NULL)
    return;
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    sum += limes_loss_of(training->used.loss, K, f + i * K, y + i * K, NULL);
    right += largest(K, f + i * K) == largest(K, y + i * K);
  }
  *loss = sum / (double)n;
  if (training->classes)
    *accuracy = (double)right / (double)n;
}

limes_curve_scores limes_training_score(const limes_training *training, const limes_curves *curves, size_t time) {
  limes_curve_scores scores;
  const double *f = curves->f + time * width_of(curves);
  score(training, 0, f, &scores.train_loss, &scores.train_accuracy);
  score(training, 1, f + training->N * training->K, &scores.test_loss, &scores.test_accuracy);
  return scores;
}

static double gap(const limes_curves *a, const limes_curves *b, size_t from, size_t n) {
  double apart = 0, size = 0;
  for (size_t t = 0; t < b->times; t++)
    for (size_t i = t * width_of(b) + from; i < t * width_of(b) + from + n; i++) {
      apart += (a->f[i] - b->f[i]) * (a->f[i] - b->f[i]);
      size += b->f[i] * b->f[i];
    }
  return n == 0 ? NAN : sqrt(apart / size);
}

limes_curve_gap limes_curves_gap(const limes_curves *a, const limes_curves *b) {
  size_t train = b->train * b->outputs;
  return (limes_curve_gap){gap(a, b, 0, train), gap(a, b, train, b->test * b->outputs)};
}
