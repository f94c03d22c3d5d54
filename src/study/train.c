#include "study/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "limes/gp.h"
#include "math/linear.h"

limes_train_settings limes_train_defaults(void) {
  return (limes_train_settings){
      .optimizer = LIMES_FLOW, .momentum = 0.9, .steps = 1000, .tolerance = 1e-4, .records = 41, .save_every = 5};
}

/* targets */

static limes_status one_hot(limes_context *context, const limes_training *training, const limes_batch *batch, double *y) {
  size_t classes = 0, n = limes_batch_items(batch);
  const int64_t *labels = limes_batch_labels(batch, &classes);
  for (size_t i = 0; i < n; i++)
    if ((uint64_t)labels[i] >= training->K)
      return limes_fail(
          context, LIMES_BAD_INPUT,
          "item %zu (counted from 0) of the test data is of class %lld, and the training data have the classes 0 to "
          "%zu only",
          i, (long long)labels[i], training->K - 1);
  limes_one_hot(n, training->K, labels, y);
  for (size_t i = 0; training->used.loss == LIMES_CROSS_ENTROPY && i < n * training->K; i++)
    y[i] += 1 / (double)training->K;
  return LIMES_OK;
}

/* y[which] of a batch that has labels or targets as the training data do; *has false where it has none */
static limes_status read_truth(limes_context *context, limes_training *training, const limes_batch *batch, unsigned which,
                               bool *has) {
  size_t outputs = 0, n = limes_batch_items(batch);
  const int64_t *labels = limes_batch_labels(batch, &outputs);
  const double *targets = labels == NULL ? limes_batch_targets(batch, &outputs) : NULL;
  *has = training->classes ? labels != NULL : targets != NULL;
  if (!*has)
    return LIMES_OK;
  if (!training->classes && outputs != training->K)
    return limes_fail(context, LIMES_BAD_INPUT, "the test items have %zu targets each, and the training items %zu", outputs,
                      training->K);
  training->y[which] = limes_matrix(context, n, training->K);
  if (training->y[which] == NULL)
    return LIMES_NO_MEMORY;
  if (training->classes)
    return one_hot(context, training, batch, training->y[which]);
  memcpy(training->y[which], targets, n * training->K * sizeof *targets);
  return LIMES_OK;
}

static limes_status read_truths(limes_context *context, limes_training *training) {
  bool has = false;
  training->classes = limes_batch_labels(training->train, &training->K) != NULL;
  if (!training->classes && limes_batch_targets(training->train, &training->K) == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "the training data have neither labels nor targets to learn");
  if (!training->classes && training->used.loss == LIMES_CROSS_ENTROPY)
    return limes_fail(context, LIMES_WRONG_USE,
                      "cross-entropy is for classes, and the training data have targets: take squared error");
  limes_status status = read_truth(context, training, training->train, 0, &has);
  if (status == LIMES_OK && training->test != NULL)
    status = read_truth(context, training, training->test, 1, &training->scored);
  return status;
}

/* creation */

static limes_status check_settings(limes_context *context, const limes_train_settings *s) {
  bool flow = s->optimizer == LIMES_FLOW;
  if (!(s->learning_rate >= 0) || !isfinite(s->learning_rate))
    return limes_fail(context, LIMES_WRONG_USE, "the learning rate is %g; it must be positive", s->learning_rate);
  if (!(s->momentum >= 0 && s->momentum < 1))
    return limes_fail(context, LIMES_WRONG_USE, "the momentum is %g; it must be at least 0 and less than 1", s->momentum);
  if (!(s->time >= 0) || !isfinite(s->time) || (flow && !(s->tolerance > 0)) || !(s->save_every >= 0))
    return limes_fail(context, LIMES_WRONG_USE, "time, tolerance and the seconds between checkpoints must be positive numbers");
  if (s->records < 2 || (!flow && s->steps == 0))
    return limes_fail(context, LIMES_WRONG_USE, "training needs one step and two records at least");
  if (flow && s->decay)
    return limes_fail(context, LIMES_WRONG_USE, "the learning rate of gradient flow does not decay: take sgd, momentum or adam");
  if (flow && s->batch != 0)
    return limes_fail(context, LIMES_WRONG_USE, "gradient flow goes by all items: take sgd, momentum or adam for batches of %zu",
                      s->batch);
  return LIMES_OK;
}

static limes_status check_network(limes_context *context, const limes_training *training) {
  const limes_network *network = training->network;
  if (network->program.value[network->program.readout[0]].axes != 0)
    return limes_fail(context, LIMES_WRONG_USE,
                      "the model keeps positions to its end (%s): end it with flatten or global_avg_pool",
                      network->program.value[network->program.readout[0]].made_by);
  if (limes_network_side(network, training->train) == network->n_side ||
      (training->test != NULL && limes_network_side(network, training->test) == network->n_side))
    return limes_fail(context, LIMES_WRONG_USE, "the network was not made for these data: give both to limes_network_create");
  if (limes_network_channels(network) != training->K)
    return limes_fail(context, LIMES_WRONG_USE, "the network has %zu outputs, and there are %zu %s to learn",
                      limes_network_channels(network), training->K, training->classes ? "classes" : "targets");
  return LIMES_OK;
}

/* Recorded times of the same number as steps, at most */
static void clip(limes_training *training) {
  limes_train_settings *s = &training->used;
  if (s->optimizer == LIMES_FLOW)
    return;
  if (s->records > s->steps + 1)
    s->records = s->steps + 1;
  if (s->batch == 0 || s->batch > training->N)
    s->batch = training->N;
}

static limes_status allocate(limes_context *context, limes_training *training) {
  size_t P = training->P, records = training->used.records;
  size_t numbers = limes_multiply_capped(training->N + training->M, training->K);
  unsigned moments = training->used.optimizer == LIMES_ADAM ? 2 : training->used.optimizer == LIMES_MOMENTUM;
  training->start = limes_matrix(context, P, 1);
  training->theta = limes_matrix(context, P, 1);
  training->gradient = limes_matrix(context, P, 1);
  training->part = limes_matrix(context, P, LIMES_PASS_PARTS - 1);
  training->at = limes_allocate(context, records, sizeof *training->at);
  training->outputs = limes_matrix(context, records, numbers);
  training->order = limes_allocate(context, training->N, sizeof *training->order);
  bool all = training->start != NULL && training->theta != NULL && training->gradient != NULL && training->part != NULL &&
             training->at != NULL && training->outputs != NULL && training->order != NULL;
  for (unsigned k = 0; k < moments && all; k++) {
    training->moment[k] = limes_matrix(context, P, 1);
    all = training->moment[k] != NULL;
  }
  return all ? LIMES_OK : LIMES_NO_MEMORY;
}

static limes_status build(limes_context *context, limes_training *training) {
  limes_status status = check_settings(context, &training->used);
  if (status == LIMES_OK)
    status = read_truths(context, training);
  if (status == LIMES_OK)
    status = check_network(context, training);
  if (status != LIMES_OK)
    return status;
  clip(training);
  status = allocate(context, training);
  if (status != LIMES_OK)
    return status;
  memcpy(training->start, limes_network_get(training->network), training->P * sizeof(double));
  memcpy(training->theta, training->start, training->P * sizeof(double));
  return LIMES_OK;
}

limes_status limes_training_create(limes_context *context, limes_network *network, const limes_batch *train,
                                   const limes_batch *test, const limes_train_settings *settings, limes_training **training) {
  *training = limes_allocate(context, 1, sizeof **training);
  if (*training == NULL)
    return LIMES_NO_MEMORY;
  **training = (limes_training){.network = network,
                                .train = train,
                                .test = test,
                                .asked = *settings,
                                .used = *settings,
                                .N = limes_batch_items(train),
                                .M = test == NULL ? 0 : limes_batch_items(test),
                                .P = limes_network_parameters(network)};
  limes_status status = build(context, *training);
  if (status != LIMES_OK) {
    limes_training_destroy(*training);
    *training = NULL;
  }
  return status;
}

void limes_training_destroy(limes_training *training) {
  if (training == NULL)
    return;
  double *const owned[] = {training->y[0], training->y[1],    training->start, training->moment[0], training->moment[1],
                           training->at,   training->outputs, training->theta, training->gradient,  training->part};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
    free(owned[i]);
  free(training->order);
  free(training);
}

/* what others ask */

limes_training_facts limes_training_describe(const limes_training *training) {
  return (limes_training_facts){.train = training->N,
                                .test = training->M,
                                .outputs = training->K,
                                .parameters = training->P,
                                .step = training->step,
                                .classes = training->classes,
                                .learning_rate = training->used.learning_rate,
                                .time = training->time};
}

limes_pass limes_training_pass(const limes_training *training, unsigned side) {
  const limes_batch *batch = side == 0 ? training->train : training->test;
  return (limes_pass){.network = training->network,
                      .side = limes_network_side(training->network, batch),
                      .count = side == 0 ? training->N : training->M,
                      .outputs = training->K,
                      .kind = training->used.loss,
                      .part = training->part};
}

double limes_training_exponent(const limes_training *training, double time) {
  double rate = training->used.learning_rate / (double)(training->N * training->K);
  if (training->used.decay)
    time -= time * (time - 1) / (2 * (double)training->used.steps);
  return training->used.optimizer == LIMES_MOMENTUM ? rate * time / (1 - training->used.momentum) : rate * time;
}
