/* Points for the mean of a function of many independent standard normal variables: a randomized design, each point of which is
 * distributed as the variables are, with less spread of the mean than as many independent points have.
 *
 * Points come in pairs z, -z, so that what is odd in all variables together cancels. Along each axis the |z| of the n pairs fall
 * into n strata of equal probability, one into each: a Latin hypercube [McKay, Beckman, Conover 1979] whose permutations, places
 * within the strata and signs are random. It goes to any number of axes, and asks for nothing but the axes' random numbers. */
#ifndef LIMES_MATH_NORMAL_POINTS_H
#define LIMES_MATH_NORMAL_POINTS_H

#include "base/random.h"

typedef struct limes_normal_points {
  limes_stream stream; /* what is random about the design */
  size_t pairs;        /* n */
} limes_normal_points;

/* axis[n_axes]: what each axis of the design has at random. */
void limes_normal_axes(const limes_normal_points *points, size_t n_axes, double *axis);

/* z[n_axes]: the first point of pair k < pairs. */
void limes_normal_point(const limes_normal_points *points, size_t k, size_t n_axes, const double *axis, double *z);

#endif
