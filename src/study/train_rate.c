/* Learning rates and times by the largest eigenvalue of the tangent kernel (docs/mathematics.md, section 11). */
#include <math.h>

#include "study/train.h"

#define FLOW_LENGTH 300.0 /* of N K / (eta eigenvalue) */
#define ADAM_RATE 0.01

/* Three digits are enough, and do not depend on rounding. */
static double round_off(double value) {
  double unit = pow(10, floor(log10(value)) - 2);
  return floor(value / unit) * unit;
}

limes_status limes_training_stable_rate(limes_context *context, limes_training *training, double *rate) {
  double largest = 0, n = (double)training->N;
  limes_status status = limes_training_eigenvalue(context, training, &largest);
  /* the curvature of a loss in an output: 1 / (N K); at most 1 / (2 N) */
  double curvature = training->used.loss == LIMES_SQUARED_ERROR ? 1 / (n * (double)training->K) : 0.5 / n;
  if (status == LIMES_OK && !(largest > 0 && isfinite(largest)))
    return limes_fail(context, LIMES_BAD_INPUT, "no output of the network depends on its parameters: there is nothing to train");
  *rate = 2 / (largest * curvature);
  return status;
}

limes_status limes_training_choose(limes_context *context, limes_training *training) {
  limes_train_settings *s = &training->used;
  double rate = 0;
  bool flow = s->optimizer == LIMES_FLOW;
  if (s->learning_rate == 0 && s->optimizer == LIMES_ADAM)
    s->learning_rate = ADAM_RATE;
  if (s->learning_rate == 0 && flow)
    s->learning_rate = 1;
  if (flow ? s->time == 0 : s->learning_rate == 0) {
    limes_status status = limes_training_stable_rate(context, training, &rate);
    if (status != LIMES_OK)
      return status;
    if (flow)
      s->time = round_off(FLOW_LENGTH * rate / 2 / s->learning_rate);
    else
      s->learning_rate = round_off(rate / 2);
  }
  if (!flow)
    s->time = (double)s->steps;
  return LIMES_OK;
}

limes_status limes_training_diverges(limes_context *context, limes_training *training) {
  double rate = 0;
  limes_status status = limes_training_stable_rate(context, training, &rate);
  if (status != LIMES_OK)
    return status;
  return limes_fail(
      context, LIMES_OUT_OF_DOMAIN,
      "training diverges at time %.6g (loss %g): the learning rate %.3g is too large; with these data, plain gradient "
      "descent of this network is stable up to %.3g, 2 over the largest eigenvalue of its tangent kernel in units of the "
      "loss",
      training->time, training->loss, training->used.learning_rate, rate);
}
