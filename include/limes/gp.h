/* limes: Gaussian processes on kernel matrices, wherever they come from. Knows matrices, no models. */
#ifndef LIMES_GP_H
#define LIMES_GP_H

#include "limes/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which process answers (docs/mathematics.md, section 8): the NNGP posterior; wide networks trained by gradient flow
 * (ensemble); the NTK as a GP's covariance. */
typedef enum { LIMES_WITH_NNGP, LIMES_WITH_NTK, LIMES_WITH_ENSEMBLE } limes_with;

/* Kernels of N training and M test items, all in C order: dd [N,N], td [M,N], tt [M,M] (or [M] where tt_is_diagonal).
 * Those the mode does not need may be NULL: nngp needs nngp_*, ntk needs ntk_*, ensemble needs all but ntk_tt
 * (without nngp_dd it is fitted all the same, and has a mean only). */
typedef struct limes_gp_kernels {
  size_t train, test;
  const double *nngp_dd, *nngp_td, *nngp_tt, *ntk_dd, *ntk_td, *ntk_tt;
  bool tt_is_diagonal;
} limes_gp_kernels;

typedef struct limes_gp_options {
  limes_with with;
  double noise;         /* absolute; NAN: not given */
  double diag_reg;      /* relative to the mean diagonal of the kernel that is solved; NAN: not given. Neither given: chosen
                         * by leave-one-out (time < infinity: by five-fold cross-validation); both given is an error */
  double time;          /* of gradient flow; INFINITY: trained to the end (the posterior) */
  double learning_rate; /* 1 by default */
  bool scaled;          /* where the noise is chosen: by the predictive density, together with the scale of the process, as
                         * regression with error bars needs it (the default); false: by squared error, at scale 1, as label
                         * regression does. Without effect where noise or diag_reg is given */
} limes_gp_options;

LIMES_API limes_gp_options limes_gp_defaults(void); /* nngp, noise by leave-one-out, time infinite, learning rate 1, scaled */

/* A fitted process. It keeps copies of what it needs; the kernels may go. */
typedef struct limes_gp limes_gp;

/* y [N,K] in C order, in the user's units; it is taken as it is (centre = false, the GP has mean zero) or centred by its column
 * means. */
LIMES_API limes_status limes_gp_fit(limes_context *context, const limes_gp_kernels *kernels, const double *y, size_t outputs,
                                    bool centre, const limes_gp_options *options, limes_gp **gp) LIMES_MUST_USE;
LIMES_API void limes_gp_destroy(limes_gp *gp); /* NULL is allowed */

/* Whether the process has a covariance. Only a mean have the NTK as a covariance at a finite time, and an ensemble fitted
 * without nngp_dd. */
LIMES_API bool limes_gp_has_variance(const limes_gp *gp);

/* mean [M,K]; covariance [M,M] or NULL; variance [M] or NULL (of the function, without noise), both times the scale. kernels: td
 * and, where covariance or variance is asked, tt as the mode needs; tt may be a diagonal where only variance is asked. A variance
 * below zero by rounding is set to 0 and counted in a warning. */
LIMES_API limes_status limes_gp_predict(limes_context *context, const limes_gp *gp, const limes_gp_kernels *kernels, double *mean,
                                        double *covariance, double *variance) LIMES_MUST_USE;

/* Leave-one-out predictions of the training targets: mean [N,K] in the user's units, variance [N] with noise; either may
 * be NULL. For time = infinity only. Centring stays that of all targets; ensemble: those of the NTK as a covariance. mu_i = y_i -
 * alpha_i / [A^-1]_ii, sigma_i^2 = 1 / [A^-1]_ii. [Rasmussen & Williams, 5.12] */
LIMES_API limes_status limes_gp_leave_one_out(limes_context *context, const limes_gp *gp, double *mean, double *variance)
    LIMES_MUST_USE;

/* Predictions [N,K] of the training targets that did not see them, in the user's units: leave-one-out; where time <
 * infinity, for which that has no closed form, five-fold cross-validation with training of the same time. Folds are drawn
 * by the context's seed. */
LIMES_API limes_status limes_gp_held_out(limes_context *context, const limes_gp *gp, double *mean) LIMES_MUST_USE;

/* With a scale s^2 the process has s^2 times the kernels that were given and s^2 times the noise that they were solved with:
 * the mean knows nothing of it, and all that is a variance (noise, noise_range, jitter) is given with it. */
typedef struct limes_gp_facts {
  double noise;          /* absolute, as used; in squared units of the targets */
  double diag_reg;       /* the same relative to the mean diagonal */
  double scale;          /* s^2; 1 where the noise was given, or the options said not to scale */
  bool finite_time;      /* what is held out is by cross-validation */
  bool noise_chosen;     /* by leave-one-out, or by cross-validation where time < infinity */
  bool noise_at_edge;    /* the best value was the first or the last of those tried (said in the log too) */
  double noise_range[2]; /* the first and the last value tried, absolute; NAN where the noise was given */
  double held_out_error; /* mean squared error of the held-out predictions at the noise chosen; NAN where it was given */
  double jitter;         /* added to the diagonal beyond the noise to make the factorization work; 0: none was needed */
  double log_evidence;   /* summed over outputs, of the (centred) targets; NAN for time < infinity and for ensemble */
} limes_gp_facts;
LIMES_API limes_gp_facts limes_gp_describe(const limes_gp *gp);

/* classification by label regression (docs/mathematics.md, section 9) */

/* One-hot targets less 1/classes for labels [N] in 0 ... classes-1: y [N,classes]. */
LIMES_API void limes_one_hot(size_t n, size_t classes, const int64_t *labels, double *y);

/* The temperature of softmax(mean / temperature) that minimizes the negative log likelihood of labels, between 1e-3 and
 * 1e3 times the size (root mean square) of the means. mean [N,classes] must be predictions that did not see their label.
 * Where they are no better than chance, it stops at the upper bound, and a warning says so. Where they separate the classes
 * perfectly, certainty would be best: then labels are taken as right with probability (N+1)/(N+classes) only (rule of
 * succession). */
LIMES_API limes_status limes_fit_temperature(limes_context *context, size_t n, size_t classes, const double *mean,
                                             const int64_t *labels, double *temperature) LIMES_MUST_USE;
/* probability [N,classes] = softmax(mean / temperature) */
LIMES_API void limes_softmax_probabilities(size_t n, size_t classes, const double *mean, double temperature, double *probability);

/* scores */

typedef struct limes_class_scores {
  double accuracy, nll, brier, ece; /* 0-1; nats an item; summed over classes; 10 bins */
} limes_class_scores;

#define LIMES_RELIABILITY_BINS 10
typedef struct limes_reliability_bin {
  size_t count;
  double confidence, accuracy; /* means over the bin */
} limes_reliability_bin;

/* confusion [classes,classes], row = true class, and bins [LIMES_RELIABILITY_BINS] may be NULL. */
LIMES_API limes_class_scores limes_score_classes(size_t n, size_t classes, const double *probability, const int64_t *labels,
                                                 size_t *confusion, limes_reliability_bin *bins);

typedef struct limes_regression_scores {
  double rmse, nll; /* over all outputs; nats a number, with the noise in the predictive variance */
  double within[3]; /* share of targets within the central 50, 80 and 95 % interval */
} limes_regression_scores;

/* y, mean [N,K]; variance [N] of the function, or NULL: then nll and within are NAN; noise absolute. */
LIMES_API limes_regression_scores limes_score_regression(size_t n, size_t outputs, const double *y, const double *mean,
                                                         const double *variance, double noise);

#ifdef __cplusplus
}
#endif
#endif
