/* Eight doubles at a time, for loops that compilers don't vectorize by themselves because they sum. */
#ifndef LIMES_MATH_LANES_H
#define LIMES_MATH_LANES_H

#include <string.h>

#include "base/clones.h"

#define LIMES_LANES 8

typedef double limes_lanes __attribute__((vector_size(LIMES_LANES * sizeof(double))));

/* By memory: a vector as an argument or result would be passed differently on different processors. */
#define LIMES_LOAD(lanes, from) memcpy(&(lanes), (from), sizeof(lanes))
#define LIMES_STORE(to, lanes) memcpy((to), &(lanes), sizeof(lanes))

LIMES_INLINE double limes_sum_lanes(const limes_lanes *lanes) {
  double sum = 0;
  for (int i = 0; i < LIMES_LANES; i++)
    sum += (*lanes)[i];
  return sum;
}

#endif
