/* limes: what joins data, kernels and Gaussian processes: a fit of a model to a data set, kept in a file and used again;
 * functions drawn from the prior. */
#ifndef LIMES_STUDY_H
#define LIMES_STUDY_H

#include "limes/gp.h"
#include "limes/kernel.h"
#include "limes/network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A model fitted to training data: a GP, and what predicting on new items needs (model, training items, normalization). */
typedef struct limes_fit limes_fit;

typedef enum { LIMES_REGRESSION, LIMES_CLASSIFICATION } limes_task_kind;

/* Fits to the batch's labels (classification) or targets (regression). train must have been normalized by normalization,
 * which is copied (NULL: none). *fit belongs to the caller. nngp_dd/ntk_dd [N,N] are computed here. Of several length scales
 * (limes_model_readouts) the best is taken, see limes_fit_readouts. */
LIMES_API limes_status limes_fit_create(limes_context *context, const limes_model *model, const limes_batch *train,
                                        const limes_normalization *normalization, limes_task_kind kind,
                                        const limes_gp_options *options, limes_fit **fit) LIMES_MUST_USE;
LIMES_API void limes_fit_destroy(limes_fit *fit); /* NULL is allowed */

/* Predictions for the items of test, normalized as the training data were. probability [M,classes] is NULL for regression. All
 * arrays belong to the caller (limes_predictions_clear). */
typedef struct limes_predictions {
  size_t items, outputs; /* outputs: K targets, or the number of classes */
  double *mean;          /* [M,outputs] */
  double *variance;      /* [M], of the function; NULL where the process has none (limes_gp_has_variance) */
  double *probability;   /* [M,outputs] or NULL */
} limes_predictions;
LIMES_API limes_status limes_fit_predict(limes_context *context, const limes_fit *fit, const limes_batch *test,
                                         limes_predictions *predictions) LIMES_MUST_USE;
LIMES_API void limes_predictions_clear(limes_predictions *predictions);

LIMES_API limes_gp_facts limes_fit_facts(const limes_fit *fit);
LIMES_API double limes_fit_temperature_used(const limes_fit *fit); /* NAN for regression */
/* A length scale of a model that had several, and how well it predicts training targets that it has not seen: by leave-one-out,
 * at a finite time by five-fold cross-validation. */
typedef struct limes_fit_readout {
  double length_scale;
  double noise;             /* of its fit, as limes_gp_facts has it */
  double held_out_error;    /* mean squared error, of one-hot targets where classes are learnt */
  double held_out_accuracy; /* share of items whose class is right; NAN for regression */
} limes_fit_readout;
/* The length scales tried [*count], in the model's order: the fit is that of number *chosen, which has the least error, and its
 * model has that one alone. They live with the fit. NULL and 0 where the model had one readout, or the fit was loaded. */
LIMES_API const limes_fit_readout *limes_fit_readouts(const limes_fit *fit, size_t *count, size_t *chosen);
LIMES_API limes_task_kind limes_fit_kind(const limes_fit *fit);
LIMES_API size_t limes_fit_outputs(const limes_fit *fit);
LIMES_API const limes_normalization *limes_fit_normalization(const limes_fit *fit);
LIMES_API limes_with limes_fit_with(const limes_fit *fit);
LIMES_API const char *limes_fit_model_text(const limes_fit *fit); /* lives with the fit */
LIMES_API size_t limes_fit_items(const limes_fit *fit);
/* The training kernel that was solved (without noise), [N,N]: *kernel belongs to the caller (limes_free). For pictures; the
 * fit keeps no copy of it beside the factorization it is made from. */
LIMES_API limes_status limes_fit_training_kernel(limes_context *context, const limes_fit *fit, double **kernel, size_t *items)
    LIMES_MUST_USE;

/* A fit on disk (HDF5): model text, training items, solution, normalization. A file from elsewhere, or a broken one, is refused
 * with a clear sentence. */
LIMES_API limes_status limes_fit_save(limes_context *context, const limes_fit *fit, const char *path) LIMES_MUST_USE;
LIMES_API limes_status limes_fit_load(limes_context *context, const char *path, limes_fit **fit) LIMES_MUST_USE;

/* Functions drawn by chance before any training, at the items of a batch: function [draws, N] in C order, which the caller has
 * taken. Function d depends on the seed and on d alone, not on how many are drawn. Models that keep positions are refused.
 *
 * Prior: Gaussian with mean zero and the NNGP as covariance, what infinitely wide networks are that end in weights (docs/
 * mathematics.md, section 10), drawn by its Cholesky factor, so that the first items do not depend on those behind them; the seed
 * is the context's. variance [N]: that of the function at each item, or NULL. Where the kernel is singular to rounding, a jitter
 * is added to its diagonal and a warning says so; LIMES_OUT_OF_DOMAIN where that does not help, LIMES_REFUSED where [N, N] does
 * not fit. */
LIMES_API limes_status limes_sample_prior(limes_context *context, const limes_model *model, const limes_batch *batch,
                                          size_t draws, double *function, double *variance) LIMES_MUST_USE;

/* Networks of the width that settings say, each with one output, draws settings->draw and following of settings->seed (NULL: draw
 * 0 of seed 0, at the words' widths). Statuses as limes_network_create and limes_network_forward; LIMES_INTERRUPTED: the content
 * of function is undefined. */
LIMES_API limes_status limes_sample_networks(limes_context *context, const limes_model *model, const limes_batch *batch,
                                             const limes_network_settings *settings, size_t draws, double *function)
    LIMES_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
