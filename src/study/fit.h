/* The inside of a fit, and its training items in a file. */
#ifndef LIMES_STUDY_FIT_H
#define LIMES_STUDY_FIT_H

#include "base/context.h"
#include "gp/gp.h"
#include "limes/study.h"

struct limes_fit {
  limes_task_kind kind;
  char *text; /* the model's, on one line */
  limes_model *model;
  limes_batch *train;                 /* features only, normalized */
  limes_normalization *normalization; /* NULL: none */
  limes_gp *gp;
  double temperature;         /* NAN for regression */
  limes_fit_readout *readout; /* [readouts] the length scales tried; NULL: the model had one, or the fit comes from a file */
  size_t readouts, chosen;
};

/* An empty fit of a model's text: parses it. */
limes_status limes_fit_begin(limes_context *context, limes_task_kind kind, const char *text, limes_fit **fit) LIMES_MUST_USE;

/* Fits each of the training kernels [R,N,N] of a model with R length scales (prior: of an ensemble, else NULL), and keeps the
 * best: fills the fit's gp, model, text and readouts. */
limes_status limes_fit_best(limes_context *context, limes_fit *fit, const double *solved, const double *prior, const double *y,
                            size_t outputs, const limes_gp_options *options) LIMES_MUST_USE;

/* A copy of the batch's positions and features, without labels and targets. */
limes_status limes_items_copy(limes_context *context, const limes_batch *from, limes_batch **copy) LIMES_MUST_USE;

#define LIMES_ITEM_ARRAYS 8
/* The items of a batch as named arrays. They point into the batch and into *memory, which belongs to the caller. */
limes_status limes_items_arrays(limes_context *context, const limes_batch *batch, limes_named_array arrays[LIMES_ITEM_ARRAYS],
                                size_t *count, int64_t **memory) LIMES_MUST_USE;
limes_status limes_items_restore(limes_context *context, limes_file *file, limes_batch **batch) LIMES_MUST_USE;

#endif
