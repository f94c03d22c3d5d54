/* The inside of a fitted Gaussian process. All matrices are column-major. */
#ifndef LIMES_GP_GP_H
#define LIMES_GP_GP_H

#include <math.h>

#include "base/context.h"
#include "limes/gp.h"
#include "limes/io.h"

/* "Solved" is the kernel whose A = kernel + noise I is inverted: nngp, or ntk for ntk and ensemble. */
struct limes_gp {
  limes_with with;
  double steps; /* learning_rate * time / (N K), the exponent of gradient flow by eigenvalue; INFINITY: the posterior */
  size_t train, outputs;
  limes_gp_facts facts; /* variances in it without the scale: they go with `square`. limes_gp_describe puts it in */
  double *offset;       /* [K] column means of y, zero where it was not centred */
  double *target;       /* N x K, y - offset */
  double *alpha;        /* N x K, A^-1 (I - E) target */
  /* N x N. Posterior: L of A = L L^T in the lower triangle, the solved kernel in the strict upper one. Flow: eigenvectors. */
  double *square;
  double *spectrum; /* [N] posterior: the solved kernel's diagonal; flow: its eigenvalues, without noise */
  double *prior;    /* N x N nngp_dd; ensemble only, and there NULL where it was not given */
};

static inline bool limes_gp_is_flow(const limes_gp *gp) { return gp->steps < HUGE_VAL; }

/* input */

limes_status limes_gp_check_options(limes_context *context, const limes_gp_options *options) LIMES_MUST_USE;

/* Refuses a kernel [N,N] that holds a number that is not finite, a negative variance, or two different numbers at mirrored
 * places. */
limes_status limes_gp_check_symmetric(limes_context *context, const char *name, size_t n, const double *kernel) LIMES_MUST_USE;

/* Refuses an array [rows,columns] that is NULL or holds a number that is not finite. */
limes_status limes_gp_check_array(limes_context *context, const char *name, size_t rows, size_t columns, const double *array)
    LIMES_MUST_USE;

/* fitting */

/* limes_gp_fit on matrices that it takes over, in success and failure: solved [N,N], prior [N,N] (ensemble only, else NULL). */
limes_status limes_gp_fit_owning(limes_context *context, size_t train, double *solved, double *prior, const double *y,
                                 size_t outputs, bool centre, const limes_gp_options *options, limes_gp **gp) LIMES_MUST_USE;

/* The solved kernel, [N,N], made again from what the process keeps (flow: up to rounding). */
limes_status limes_gp_solved_kernel(limes_context *context, const limes_gp *gp, double *kernel) LIMES_MUST_USE;

/* (I - E) / m with E = exp(-steps m), at an eigenvalue m of A; the limit 1 / m at infinite steps, and steps at m = 0. */
double limes_gp_flow_weight(double eigenvalue, double steps);

#define LIMES_NOISE_VALUES 40
/* 40 noises, evenly spaced in their logarithm from 1e-8 to 10 times scale, the mean diagonal. */
void limes_gp_noise_values(double scale, double values[LIMES_NOISE_VALUES]);

/* One of the noises tried */
typedef struct {
  double error; /* mean squared error of held-out predictions */
  double scale; /* s^2 under which these predictions' squared errors are as large as their variances, on average; 0: unknown */
  double score; /* the smallest one is best: twice the negative log density at that scale, or the error */
} limes_gp_trial;

/* All the noises by leave-one-out, from one eigendecomposition of the kernel [N,N], which stays as it is. */
limes_status limes_gp_sweep(limes_context *context, const limes_gp *gp, const double *kernel, bool scaled, const double *noise,
                            limes_gp_trial trials[LIMES_NOISE_VALUES]) LIMES_MUST_USE;

/* The best noise of limes_gp_noise_values: by limes_gp_sweep, or by cross-validation where steps are finite; scaled: with the
 * scale. Fills these members of gp->facts; kernel [N,N] stays as it is. */
limes_status limes_gp_choose_noise(limes_context *context, limes_gp *gp, const double *kernel, bool scaled) LIMES_MUST_USE;

/* The scale of a solved posterior of an ensemble, by the leave-one-out variances of the ensemble itself; to gp->facts. */
limes_status limes_gp_ensemble_scale(limes_context *context, limes_gp *gp) LIMES_MUST_USE;

/* Takes over a scale. One of 0 (the targets are all the same) becomes 1; one that overflowed is refused. */
limes_status limes_gp_set_scale(limes_context *context, limes_gp *gp, double scale) LIMES_MUST_USE;

/* Five-fold cross-validation of gradient flow: what processes predict of target that were trained without the item's fold,
 * for the same time. Folds are drawn by the context's seed. */
typedef struct {
  size_t n, outputs;
  const double *kernel; /* N x N, the one that is solved */
  const double *prior;  /* N x N, of the functions at time 0: an ensemble's nngp_dd; else the kernel */
  const double *target; /* N x K */
  double steps;         /* of all N items */
  size_t values;
  const double *noise; /* [values] */
  double *predictions; /* N x K for each of the noises */
  double *variance;    /* [N] for each of the noises, of the function; NULL: not wanted */
} limes_gp_folds;
limes_status limes_gp_cross_validate(limes_context *context, const limes_gp_folds *all) LIMES_MUST_USE;

/* files */

#define LIMES_GP_ARRAYS 16
/* The process as named arrays, for limes_file_write; they point into gp. Returns how many. */
size_t limes_gp_arrays(const limes_gp *gp, limes_named_array arrays[LIMES_GP_ARRAYS]);
/* The same back; a sentence about the first array that is missing or does not fit. */
limes_status limes_gp_restore(limes_context *context, limes_file *file, limes_gp **gp) LIMES_MUST_USE;

/* An array of the file with this rank and, where size[k] is not 0, these sizes, filled with finite numbers; the sizes
 * that were 0 are learnt. A sentence where it is missing or does not fit. */
limes_status limes_gp_find_array(limes_context *context, limes_file *file, const char *name, unsigned rank, size_t size[2],
                                 limes_named_array *array) LIMES_MUST_USE;

#endif
