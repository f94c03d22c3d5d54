/* Maps that are linear in the positions, along each axis by itself: K <- P K P'^T, P and P' products over the axes of sparse
 * matrices whose rows are bands (docs/mathematics.md, section 2). */
#ifndef LIMES_LAYERS_AXIS_MAP_H
#define LIMES_LAYERS_AXIS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Along one axis: output o is the sum of weight * input over inputs first ... first + most - 1. row [out][1 + most]: first,
 * then the weights; those behind the last input are 0. */
typedef struct limes_axis_map {
  uint32_t in, out, most;
  bool changes; /* false: the identity, without rows */
  const double *row;
} limes_axis_map;

/* in [T' x T], T' = y[0].in * y[1].in and T = x[0].in * x[1].in, x's axis 1 innermost -> out likewise. Axes that shrink come
 * first, so that nothing between is larger than in and out. scratch: twice the larger of the two. */
void limes_map_axes(const limes_axis_map x[2], const limes_axis_map y[2], const double *in, double *out, double *scratch);

/* Multiplications and additions of it */
double limes_map_flops(const limes_axis_map x[2], const limes_axis_map y[2]);

#endif
