/* limes: networks of growing size against their limit: how fast the kernels come near, and how Gaussian the outputs are. */
#ifndef LIMES_WIDTH_H
#define LIMES_WIDTH_H

#include "limes/network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What grows: everything (heads, key and value width are max(4, n / 16) of a width n, unless they are given), the channels alone,
 * the heads alone, the key width alone. What does not grow and is not given has 256 channels, 8 heads, and 64 channels of keys
 * and values. */
typedef enum { LIMES_VARY_ALL, LIMES_VARY_WIDTH, LIMES_VARY_HEADS, LIMES_VARY_KEY_WIDTH } limes_vary;

/* Zero-initialized: everything grows, over default sizes, until the slopes are known to +-0.05; outputs are not looked at. */
typedef struct limes_width_options {
  limes_vary vary;
  const size_t *sizes;                         /* [n_sizes], at least 2, rising */
  size_t n_sizes;                              /* 0: three to five, doubled from a start of at least 64 and 16 times the depth */
  size_t width, heads, key_width, value_width; /* what does not grow; 0: as said above */
  limes_parameterization parameterization;     /* standard: the NTK is not compared, it grows with the width */
  size_t items;                                /* only so many items of the batch, its first ones; 0: all */
  size_t draws;        /* networks of each size, at least 2; 0: as many as the slopes need, at most 2,000 */
  double most_seconds; /* where draws = 0: about how long draws go on; 0: no such limit */
  size_t output_draws; /* networks of each size whose outputs are looked at, at least 2; 0: none */
} limes_width_options;

/* One kernel at one size. Errors are Frobenius norms relative to that of the limit. */
typedef struct limes_width_error {
  double error, interval[2];             /* of one network, root mean square over the draws; 95 % */
  double bias_squared, variance_squared; /* add up to error^2: of the mean over all draws, free of its own noise (which may leave
                                            a number below 0), and of one draw around that mean */
  double bias_noise;                     /* the part of the mean's error that is noise: a bias well below it is not seen */
} limes_width_error;

typedef struct limes_width_kernel {
  double slope, interval[2]; /* of log error over log size; 95 %, bootstrap over draws */
  limes_width_error *at;     /* [n]; NULL: not compared */
} limes_width_kernel;

#define LIMES_WIDTH_QUANTILES 61

/* Outputs at one size, standardized by the limit's variances. */
typedef struct limes_width_outputs {
  double kurtosis, interval[2];      /* excess kurtosis, mean over the items; 95 %, bootstrap over draws */
  double predicted, predicted_noise; /* what so many heads of random attention leave at any width, and the standard error of that
                                        number; NAN: no prediction */
  double distance, p;                /* Anderson and Darling's A^2 of all outputs for the first item against the standard normal
                                        law, and how likely a larger one is if that law holds */
  double quantile[LIMES_WIDTH_QUANTILES]; /* where the standard normal law has -3, -2.9 ... 3 */
} limes_width_outputs;

typedef struct limes_width_report {
  size_t n, items, draws, output_draws;
  size_t *size;  /* [n] */
  size_t *heads; /* [n] of the attention that a prediction is made for; 0: there is none */
  limes_width_kernel nngp, ntk;
  limes_width_outputs *output; /* [n]; NULL: not looked at */
  bool enough;                 /* the slopes' intervals are narrower than +-0.05 */
} limes_width_report;

/* Samples networks of the model on the batch's items and compares them with limes_kernel. Equal seeds of the context give equal
 * reports on any number of threads (unless most_seconds ends the work). *report belongs to the caller. LIMES_UNABLE where a layer
 * has no finite form, LIMES_WRONG_USE where the options do not go together or the model keeps positions, LIMES_INTERRUPTED.
 * (docs/mathematics.md, section 10) */
LIMES_API limes_status limes_width_study(limes_context *context, const limes_model *model, const limes_batch *batch,
                                         const limes_width_options *options, limes_width_report **report) LIMES_MUST_USE;
LIMES_API void limes_width_report_destroy(limes_width_report *report); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
