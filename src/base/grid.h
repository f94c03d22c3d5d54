/* Positions of one item: what data, layers and kernels share. */
#ifndef LIMES_BASE_GRID_H
#define LIMES_BASE_GRID_H

#include <stdint.h>

/* Positions of one item at one value. size[0] x size[1], row-major; a sequence is 1 x T, an item without positions 1 x 1. */
typedef struct limes_grid {
  uint32_t axes; /* 0, 1, 2 */
  uint32_t T, size[2];
  uint32_t visible;        /* T less the hidden ones */
  const uint8_t *hidden;   /* [T], 1 = hidden; NULL where nothing is. Tails have been cut off: only holes are left */
  const uint32_t *segment; /* [T] the segment (sentence) of each position, rising from 0; NULL: none, or lost on the way */
  uint32_t segments;       /* how many; 0: none */
} limes_grid;

#endif
