/* A network on some items of one of its batches, in a fixed number of parts that run side by side: sums over items are taken in
 * the same order on any number of threads. */
#ifndef LIMES_STUDY_PASS_H
#define LIMES_STUDY_PASS_H

#include "limes/train.h"
#include "network/evaluation.h"

#define LIMES_PASS_PARTS 4

typedef struct limes_pass {
  const limes_network *network;
  size_t side;
  const size_t *item; /* [count] of the side; NULL: all of them, in order */
  size_t count, outputs;

  /* what is wanted; NULL: not */
  double *f;         /* [count, outputs] */
  double *f_tangent; /* [count, outputs] along tangent [parameters] */
  const double *tangent;
  double *gradient;      /* [parameters] (df/dtheta)^T adjoint; of the loss where adjoint is NULL and y is there */
  double *part;          /* [LIMES_PASS_PARTS - 1, parameters] workspace of gradient */
  const double *adjoint; /* [count, outputs] */
  limes_loss kind;
  const double *y; /* [items of the side, outputs] */

  double loss; /* mean over the items, where y is there */
  double part_loss[LIMES_PASS_PARTS];
} limes_pass;

limes_status limes_pass_run(limes_context *context, limes_pass *pass) LIMES_MUST_USE;

/* The loss of one item: f and y [outputs]; adjoint (NULL: not wanted) = d loss / df. */
double limes_loss_of(limes_loss kind, size_t outputs, const double *f, const double *y, double *adjoint);

#endif
