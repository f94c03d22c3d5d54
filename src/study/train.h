/* The inside of a training. */
#ifndef LIMES_STUDY_TRAIN_H
#define LIMES_STUDY_TRAIN_H

#include "base/context.h"
#include "limes/io.h"
#include "limes/train.h"
#include "study/pass.h"

struct limes_training {
  limes_network *network;           /* lent; theta is what it holds */
  const limes_batch *train, *test;  /* lent; test NULL: none */
  limes_train_settings asked, used; /* used: with what was chosen */
  size_t N, M, K, P;                /* items, test items, outputs, parameters */
  bool classes, scored;             /* scored: the test items have a truth */
  double *y[2];                     /* [N,K], [M,K] */
  double *start;                    /* [P] theta at time 0 */

  /* where it is */
  size_t step;
  double time, stride; /* of flow: the step that it will try next */
  double *moment[2];   /* [P] momentum: the velocity; adam: means of gradients and of their squares */

  size_t recorded;
  double *at;      /* [records] the times to be recorded */
  double *outputs; /* [records, N + M, K] */

  /* workspace */
  double *theta, *gradient, *part; /* [P], [P], [LIMES_PASS_PARTS - 1, P] */
  size_t *order;                   /* [N] of the epoch of now */
  size_t epoch;                    /* + 1; 0: none drawn yet */
  double loss;                     /* of the last step */
};

/* A pass over the items of a side, all of them, that wants nothing yet. */
limes_pass limes_training_pass(const limes_training *training, unsigned side);

/* A step of sgd, momentum or adam. */
limes_status limes_training_step(limes_context *context, limes_training *training) LIMES_MUST_USE;

/* Called after every step. */
typedef limes_status limes_step_callback(void *user);

/* Gradient flow from training->time to `until`. */
limes_status limes_training_flow(limes_context *context, limes_training *training, double until, limes_step_callback *step,
                                 void *user) LIMES_MUST_USE;

/* The sentence for a loss that has no bound. */
limes_status limes_training_diverges(limes_context *context, limes_training *training) LIMES_MUST_USE;

/* The largest eigenvalue of the network's tangent kernel [N K, N K] at the start. */
limes_status limes_training_eigenvalue(limes_context *context, limes_training *training, double *largest) LIMES_MUST_USE;

/* Where `used` says 0 for a rate or a time that is chosen */
limes_status limes_training_choose(limes_context *context, limes_training *training) LIMES_MUST_USE;

/* eta t / (N K) at a recorded time: the exponent of the flow by an eigenvalue */
double limes_training_exponent(const limes_training *training, double time);

/* The checkpoint at path; load: *found false where there is no such file. */
limes_status limes_training_save(limes_context *context, const limes_training *training, const char *path) LIMES_MUST_USE;
limes_status limes_training_load(limes_context *context, limes_training *training, const char *path, bool *found) LIMES_MUST_USE;

/* Curves of the same times and items, zeros; belongs to the caller. */
limes_status limes_curves_create(limes_context *context, const limes_training *training, limes_curves *curves) LIMES_MUST_USE;

#endif
