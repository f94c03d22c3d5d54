/* limes: training of a network of finite width, beside what its limit predicts (docs/mathematics.md, section 11).
 *
 * With N items, K outputs and targets y, squared error is L = sum (f - y)^2 / (2 N K); cross-entropy is the mean over items of
 * -sum y log softmax(f). Time t and learning rate eta: gradient flow is dtheta/dt = -eta grad L; a step of gradient descent,
 * theta <- theta - eta grad L, counts as one unit of time. So a network in its linear regime follows
 * f_t = f_0 + Theta_* Theta^-1 (1 - exp(-eta t Theta / (N K))) (y - f_0).
 */
#ifndef LIMES_TRAIN_H
#define LIMES_TRAIN_H

#include "limes/network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* flow: all items, the differential equation, by Runge-Kutta-Fehlberg steps with error control; the others by steps:
 * sgd: theta -= eta g; momentum: v <- mu v + g, theta -= eta v; adam: [Kingma & Ba 2015], decays 0.9 and 0.999, epsilon 1e-8 */
typedef enum { LIMES_FLOW, LIMES_SGD, LIMES_MOMENTUM, LIMES_ADAM } limes_optimizer;
typedef enum { LIMES_SQUARED_ERROR, LIMES_CROSS_ENTROPY } limes_loss;

typedef struct limes_train_settings {
  limes_optimizer optimizer;
  limes_loss loss;
  double learning_rate; /* 0: chosen. flow: 1; sgd and momentum: half the largest stable one; adam: 0.01 */
  bool decay;           /* the rate falls in a straight line, to 0 behind the last step. Not for flow */
  double momentum;      /* mu, 0 <= mu < 1 */
  size_t batch;         /* items of a step; 0: all. Not for flow */
  size_t steps;         /* not for flow */
  double time;          /* flow: when it ends; 0: chosen, 300 N K / (eta times the largest eigenvalue of the tangent kernel) */
  double tolerance;     /* flow: the largest error of a parameter in a step, absolute and relative */
  size_t records;       /* how many times are recorded, the first and the last included: 2 or more */
  uint64_t seed;        /* of the order of items */
  double save_every;    /* seconds between checkpoints */
} limes_train_settings;

/* flow, squared error, momentum 0.9, all items, 1000 steps, tolerance 1e-4, 41 records, seed 0, 5 seconds */
LIMES_API limes_train_settings limes_train_defaults(void);

/* A network being trained. */
typedef struct limes_training limes_training;

/* network (for both batches; its parameters of now are the start) and batches are lent, and must outlive *training, which belongs
 * to the caller. train has labels (learnt as one-hot, less 1/classes for squared error) or targets; test may be NULL, and what it
 * says of itself is for scores only. The network's channels must be the number of classes or targets. */
LIMES_API limes_status limes_training_create(limes_context *context, limes_network *network, const limes_batch *train,
                                             const limes_batch *test, const limes_train_settings *settings,
                                             limes_training **training) LIMES_MUST_USE;
LIMES_API void limes_training_destroy(limes_training *training); /* NULL is allowed */

/* Trains to the end. The same numbers, bit by bit, on any number of threads. path (NULL: none): a checkpoint in HDF5, replaced
 * every few seconds and at the end; where one is there, training goes on from it and ends with the same bits as if it had never
 * stopped. LIMES_WRONG_USE where that file is another training's: it says what differs. LIMES_INTERRUPTED: the checkpoint
 * holds what was done. LIMES_OUT_OF_DOMAIN: it diverges, the learning rate is too large. */
LIMES_API limes_status limes_training_run(limes_context *context, limes_training *training, const char *path) LIMES_MUST_USE;

/* What is known of a training; learning_rate and time as they were chosen. */
typedef struct limes_training_facts {
  size_t train, test, outputs, parameters, step;
  bool classes; /* the targets are labels */
  double learning_rate, time;
} limes_training_facts;
LIMES_API limes_training_facts limes_training_describe(const limes_training *training);

/* The largest learning rate at which gradient descent on all items and squared error is stable at the start, 2 N K over the
 * largest eigenvalue of the network's tangent kernel. */
LIMES_API limes_status limes_training_stable_rate(limes_context *context, limes_training *training, double *rate) LIMES_MUST_USE;

/* Outputs over time. Those of the training items stand before those of the test items. */
typedef struct limes_curves {
  size_t times, train, test, outputs;
  double *time;      /* [times] */
  double *f;         /* [times, train + test, outputs] */
  double *deviation; /* [times, banded] of the ensemble around its mean, NULL where there is none */
  double *mean;      /* [times, banded, outputs] of the ensemble, at the first `banded` test items */
  size_t banded;
} limes_curves;
LIMES_API void limes_curves_clear(limes_curves *curves);

/* What was recorded so far. *curves belongs to the caller. */
LIMES_API limes_status limes_training_curves(limes_context *context, const limes_training *training, limes_curves *curves)
    LIMES_MUST_USE;

/* The prediction of the limit for the recorded times, by gradient flow on squared error with the network's own start, and the
 * ensemble's band at the first `banded` test items. momentum counts as learning_rate / (1 - mu). LIMES_WRONG_USE for adam and
 * cross-entropy, of which there is no such formula. */
LIMES_API limes_status limes_training_limit(limes_context *context, const limes_training *training, size_t banded,
                                            limes_curves *curves) LIMES_MUST_USE;

/* The same for the network linearized in its parameters around the start, by products with its Jacobian (Lanczos). */
LIMES_API limes_status limes_training_linearized(limes_context *context, limes_training *training, limes_curves *curves)
    LIMES_MUST_USE;

/* Scores of curves at one of their times: loss and, with labels, accuracy (else NAN); test ones NAN without truth. */
typedef struct limes_curve_scores {
  double train_loss, test_loss, train_accuracy, test_accuracy;
} limes_curve_scores;
LIMES_API limes_curve_scores limes_training_score(const limes_training *training, const limes_curves *curves, size_t time);

/* How far two curves are from each other over all times and items: root mean square of a - b over that of b. Without test
 * items test is NAN. */
typedef struct limes_curve_gap {
  double train, test;
} limes_curve_gap;
LIMES_API limes_curve_gap limes_curves_gap(const limes_curves *a, const limes_curves *b);

#ifdef __cplusplus
}
#endif
#endif
