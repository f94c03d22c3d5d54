/* Optimizers that go by steps (docs/mathematics.md, section 11), and the order in which they see the items. */
#include <math.h>

#include "study/train.h"

#define DECAY 0.9
#define SQUARE_DECAY 0.999
#define EPSILON 1e-8
#define ORDER UINT64_MAX /* what tells the stream of an order from those of parameters, which have an op there */

/* A new order for each epoch [Fisher & Yates], a function of the seed and the epoch's number alone. */
static void shuffle(limes_training *training, size_t epoch) {
  const limes_stream stream = {training->used.seed, {epoch, ORDER, 0}};
  if (training->epoch == epoch + 1)
    return;
  for (size_t i = 0; i < training->N; i++)
    training->order[i] = i;
  for (size_t i = training->N - 1; i > 0; i--) {
    size_t other = (size_t)limes_choose(&stream, training->N - 1 - i, i + 1), kept = training->order[i];
    training->order[i] = training->order[other];
    training->order[other] = kept;
  }
  training->epoch = epoch + 1;
}

/* The items of step number training->step; the last batch of an epoch has what is left. */
static void choose_items(limes_training *training, limes_pass *pass) {
  size_t batch = training->used.batch, of_epoch = (training->N + batch - 1) / batch;
  size_t first = training->step % of_epoch * batch;
  if (batch == training->N)
    return;
  shuffle(training, training->step / of_epoch);
  pass->item = training->order + first;
  pass->count = training->N - first < batch ? training->N - first : batch;
}

/* Of this step */
static double rate_of(const limes_training *training) {
  double left = 1 - (double)training->step / (double)training->used.steps;
  return training->used.learning_rate * (training->used.decay ? left : 1);
}

static void descend(limes_training *training) {
  double rate = rate_of(training);
  for (size_t p = 0; p < training->P; p++)
    training->theta[p] -= rate * training->gradient[p];
}

static void roll(limes_training *training) {
  double *velocity = training->moment[0], rate = rate_of(training);
  for (size_t p = 0; p < training->P; p++) {
    velocity[p] = training->used.momentum * velocity[p] + training->gradient[p];
    training->theta[p] -= rate * velocity[p];
  }
}

/* [Kingma & Ba 2015], with the corrections of both means for their start at zero */
static void adapt(limes_training *training) {
  double *mean = training->moment[0], *square = training->moment[1], n = (double)(training->step + 1);
  double rate = rate_of(training) / (1 - pow(DECAY, n)), correction = 1 / (1 - pow(SQUARE_DECAY, n));
  for (size_t p = 0; p < training->P; p++) {
    double g = training->gradient[p];
    mean[p] = DECAY * mean[p] + (1 - DECAY) * g;
    square[p] = SQUARE_DECAY * square[p] + (1 - SQUARE_DECAY) * g * g;
    training->theta[p] -= rate * mean[p] / (sqrt(correction * square[p]) + EPSILON);
  }
}

limes_status limes_training_step(limes_context *context, limes_training *training) {
  limes_pass pass = limes_training_pass(training, 0);
  pass.y = training->y[0];
  pass.gradient = training->gradient;
  choose_items(training, &pass);
  limes_network_set(training->network, training->theta);
  limes_status status = limes_pass_run(context, &pass);
  if (status != LIMES_OK)
    return status;
  training->loss = pass.loss;
  if (training->used.optimizer == LIMES_SGD)
    descend(training);
  else if (training->used.optimizer == LIMES_MOMENTUM)
    roll(training);
  else
    adapt(training);
  training->step++;
  training->time = (double)training->step;
  return LIMES_OK;
}
