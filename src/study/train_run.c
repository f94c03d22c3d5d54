/* Training from where it is to the end: steps, records, checkpoints, progress. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "study/train.h"

#define FIRST_RECORD 1e-4 /* of flow behind the start, in its whole time: records are even in log time */
#define ASK_AFTER 0.1     /* seconds */
#define SAVING_SHARE 0.1  /* of the time that checkpoints may take */
#define MOST_GROWTH 1e6   /* of the loss: beyond that it has diverged */

typedef struct {
  limes_context *context;
  limes_training *training;
  const char *path; /* NULL: no checkpoints */
  double started, asked, saved;
  double pause; /* seconds to the next checkpoint */
  double first; /* share done when it started */
  double bound; /* of the loss */
} run;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double end_of(const limes_training *training) {
  return training->used.optimizer == LIMES_FLOW ? training->used.time : (double)training->used.steps;
}

static void plan_records(limes_training *training) {
  size_t last = training->used.records - 1;
  double end = end_of(training);
  for (size_t i = 1; i < last; i++)
    training->at[i] = training->used.optimizer == LIMES_FLOW ? end * pow(FIRST_RECORD, 1 - (double)(i - 1) / (double)(last - 1))
                                                             : floor(end * (double)i / (double)last);
  training->at[last] = end;
}

static limes_status record(limes_context *context, limes_training *training) {
  double *f = training->outputs + training->recorded * (training->N + training->M) * training->K;
  limes_status status = LIMES_OK;
  limes_network_set(training->network, training->theta);
  for (unsigned side = 0; side < 2 && status == LIMES_OK; side++) {
    limes_pass pass = limes_training_pass(training, side);
    pass.f = side == 0 ? f : f + training->N * training->K;
    if (pass.count > 0)
      status = limes_pass_run(context, &pass);
  }
  if (status == LIMES_OK)
    training->recorded++;
  return status;
}

static limes_status save(run *r) {
  double before = now();
  limes_status status = limes_training_save(r->context, r->training, r->path);
  r->saved = now();
  r->pause = fmax(r->training->used.save_every, (r->saved - before) / SAVING_SHARE);
  if (r->training->used.save_every == 0)
    r->pause = 0;
  return status;
}

static limes_status ask(run *r) {
  limes_context *context = r->context;
  const limes_training *training = r->training;
  double time = now(), done = training->time / end_of(training), gone = done - r->first;
  if (context->progress == NULL || time - r->asked < ASK_AFTER)
    return LIMES_OK;
  r->asked = time;
  double left = gone > 1e-4 ? (time - r->started) * (1 - done) / gone : -1;
  if (context->progress(context->progress_user, "training", done, left) == 0)
    return LIMES_OK;
  return limes_fail(context, LIMES_INTERRUPTED, "interrupted at time %.6g of %.6g%s%s%s", training->time, end_of(training),
                    r->path == NULL ? "" : "; ", r->path == NULL ? "" : r->path,
                    r->path == NULL ? "" : " holds what was done, and the same command goes on from there");
}

/* Behind every step */
static limes_status after_step(void *user) {
  run *r = user;
  if (!(r->training->loss <= r->bound))
    return limes_training_diverges(r->context, r->training);
  limes_status status = ask(r);
  if (status == LIMES_OK && r->path != NULL && now() - r->saved >= r->pause)
    status = save(r);
  return status;
}

static limes_status advance(run *r, double until) {
  limes_training *training = r->training;
  if (training->used.optimizer == LIMES_FLOW)
    return limes_training_flow(r->context, training, until, after_step, r);
  limes_status status = LIMES_OK;
  while (training->time < until && status == LIMES_OK) {
    status = limes_training_step(r->context, training);
    if (status == LIMES_OK)
      status = after_step(r);
  }
  return status;
}

static double first_loss(const limes_training *training) {
  double sum = 0;
  for (size_t i = 0; i < training->N; i++)
    sum += limes_loss_of(training->used.loss, training->K, training->outputs + i * training->K, training->y[0] + i * training->K,
                         NULL);
  return sum / (double)training->N;
}

static limes_status train(run *r) {
  limes_training *training = r->training;
  limes_status status = training->recorded == 0 ? record(r->context, training) : LIMES_OK;
  if (status == LIMES_OK && !isfinite(first_loss(training)))
    return limes_fail(r->context, LIMES_BAD_INPUT,
                      "the network's outputs overflow before training: normalize the data, or take smaller weights");
  r->bound = MOST_GROWTH * (first_loss(training) + 1);
  while (status == LIMES_OK && training->recorded < training->used.records) {
    status = advance(r, training->at[training->recorded]);
    if (status == LIMES_OK)
      status = record(r->context, training);
  }
  return status;
}

static limes_status begin(run *r) {
  limes_training *training = r->training;
  bool found = false;
  limes_status status = r->path == NULL ? LIMES_OK : limes_training_load(r->context, training, r->path, &found);
  if (status == LIMES_OK && !found && training->recorded == 0) {
    status = limes_training_choose(r->context, training);
    training->stride = FIRST_RECORD * training->used.time;
  }
  if (status == LIMES_OK)
    plan_records(training);
  r->first = status == LIMES_OK ? training->time / end_of(training) : 0;
  return status;
}

limes_status limes_training_run(limes_context *context, limes_training *training, const char *path) {
  run r = {.context = context, .training = training, .path = path, .started = now(), .pause = training->used.save_every};
  r.asked = r.saved = r.started;
  limes_status status = begin(&r);
  if (status != LIMES_OK || training->recorded == training->used.records)
    return status;
  status = train(&r);
  if (path == NULL || (status != LIMES_OK && status != LIMES_INTERRUPTED))
    return status;
  limes_status saved = limes_training_save(context, training, path);
  return saved == LIMES_OK ? status : saved;
}
