/* Training kernels of models with sampled layers: estimates, whose eigenvalues may be below zero. */
#ifndef LIMES_STUDY_SAMPLED_H
#define LIMES_STUDY_SAMPLED_H

#include "base/context.h"

/* Compares the smallest eigenvalue of the kernel [n, n] with what its standard errors may do to it. Where it is below zero, adds
 * so much to the diagonal that it is not, and says so. what: "the training kernel (nngp)". Takes memory for one more matrix. */
limes_status limes_mend_sampled(limes_context *context, const char *what, size_t n, double *kernel, const double *error)
    LIMES_MUST_USE;

#endif
