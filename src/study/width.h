/* The inside of the width study: draws of networks, and the numbers made of them. */
#ifndef LIMES_STUDY_WIDTH_H
#define LIMES_STUDY_WIDTH_H

#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "limes/width.h"

/* The two kernels, and what is kept of each */
enum { LIMES_WIDTH_NNGP, LIMES_WIDTH_NTK, LIMES_WIDTH_KERNELS };

/* Errors E = K_draw - K of one kernel at one size, relative to the norm of K */
typedef struct limes_width_sums {
  double *square; /* [capacity] |E|^2 of each draw */
  double *total;  /* [N, N] sum of E over the draws */
} limes_width_sums;

typedef struct limes_width_work {
  limes_context *context;
  const limes_model *model;
  const limes_batch *batch;
  const limes_width_options *options;
  const size_t *size; /* [n] */
  size_t n;
  const double *limit[LIMES_WIDTH_KERNELS]; /* [N, N]; NULL: not compared */
  limes_width_sums *sums;                   /* [n, LIMES_WIDTH_KERNELS] */
  size_t draws;                             /* so far */
} limes_width_work;

/* The study against a limit given as [N, N] (ntk NULL: not compared) of the batch, whose items all take part. */
limes_status limes_width_against(limes_context *context, const limes_model *model, const limes_batch *batch,
                                 const limes_width_options *options, const double *nngp, const double *ntk,
                                 limes_width_report **report) LIMES_MUST_USE;

/* What a network of the i-th size is asked to be; outputs as in limes_network_settings. */
limes_network_settings limes_width_settings(const limes_width_work *work, size_t i, size_t outputs);

/* Draws `more` further networks of each size and adds their errors to the sums. */
limes_status limes_width_draw(limes_width_work *work, size_t more) LIMES_MUST_USE;

/* Outputs of options->output_draws networks of each size into output[n]; heads[n] is filled. */
limes_status limes_width_outputs_of(limes_width_work *work, limes_width_outputs *output, size_t *heads) LIMES_MUST_USE;

/* Networks of every size for every worker of a parallel loop, each worker with a context of its own. */
typedef struct limes_width_crew {
  limes_width_work *work;
  unsigned workers;
  limes_context **context; /* [workers] */
  limes_network **network; /* [workers, n] */
} limes_width_crew;

/* outputs: wanted of each network; where the model's end does not allow so many, as many as it has. tasks: of the loop */
limes_status limes_width_crew_create(limes_width_work *work, size_t outputs, size_t tasks, limes_width_crew *crew) LIMES_MUST_USE;
void limes_width_crew_clear(limes_width_crew *crew);
/* What one draw of the i-th size costs in units of limes_job_advance */
double limes_width_cost(const limes_width_crew *crew, size_t i);
/* Runs the loop on as many threads as the crew has workers. */
limes_status limes_width_crew_run(const limes_width_crew *crew, const char *what, size_t tasks, double cost, limes_task *task,
                                  void *shared) LIMES_MUST_USE;

/* Statistics */

/* The slope of 0.5 log(mean of square[i]) over log(size[i]) with its interval, and the error of each size with its own, from
 * [draws] squares of each size: resampled with replacement, from a stream of this seed. at[n]: error and interval are filled. */
limes_status limes_width_slope(limes_context *context, size_t n, const size_t *size, size_t draws, const double *const *square,
                               uint64_t seed, limes_width_kernel *kernel) LIMES_MUST_USE;

/* Fills bias and variance from the sums over draws; the limit's norm is 1. */
void limes_width_parts(size_t numbers, size_t draws, const limes_width_sums *sums, limes_width_error *error);

/* Anderson and Darling's A^2 of ascending z[n] against the standard normal law, and its p [Marsaglia & Marsaglia 2004]. */
double limes_anderson_darling(size_t n, const double *z, double *p);

/* Excess kurtosis of values with mean 0 from their moments[draws, items, 2] (mean square, mean fourth power), mean over the
 * items, with its interval. */
limes_status limes_width_kurtosis(limes_context *context, size_t draws, size_t items, const double *moments, uint64_t seed,
                                  limes_width_outputs *output) LIMES_MUST_USE;

/* The bounds of the middle 95 % of value[n], which is sorted. */
void limes_middle(size_t n, double *value, double interval[2]);

/* The excess kurtosis that one head of the model's random attention leaves at infinite width, mean over the items, and its
 * standard error; NAN where the model gives no prediction. variance [N]: the limit's, of every item. mean [N], or NULL: the same
 * variances as they were sampled, without the part of biases. */
limes_status limes_width_predict(limes_width_work *work, const double *variance, double *mean, double *kurtosis, double *noise)
    LIMES_MUST_USE;

#endif
