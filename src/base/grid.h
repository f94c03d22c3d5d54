/* Positions of one item: what data, layers and kernels share. */
#ifndef LIMES_BASE_GRID_H
#define LIMES_BASE_GRID_H

#include <stddef.h>
#include <stdint.h>

/* Weighted edges between the positions of one item, by where they end: those into position b are start[b] ... start[b + 1] - 1,
 * from[e] -> b with weight[e]. */
typedef struct limes_csr {
  const size_t *start; /* [T + 1] */
  const uint32_t *from;
  const double *weight;
} limes_csr;

/* Positions of one item at one value. size[0] x size[1], row-major; a sequence is 1 x T, an item without positions 1 x 1. */
typedef struct limes_grid {
  uint32_t axes; /* 0, 1, 2 */
  uint32_t T, size[2];
  uint32_t visible;        /* T less the hidden ones */
  const uint8_t *hidden;   /* [T], 1 = hidden; NULL where nothing is. Tails have been cut off: only holes are left */
  const uint32_t *segment; /* [T] the segment (sentence) of each position, rising from 0; NULL: none, or lost on the way */
  uint32_t segments;       /* how many; 0: none */
  const limes_csr *edges;  /* of a graph; NULL: the items have none, or a layer has changed the positions */
} limes_grid;

#endif
