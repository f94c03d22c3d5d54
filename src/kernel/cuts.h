/* How a kernel in a file is cut into tiles: rows and columns are cut at some places, and every cell between cuts is a tile; of a
 * symmetric kernel those on and below the diagonal. Cuts are never moved: items that come later get cuts of their own. */
#ifndef LIMES_KERNEL_CUTS_H
#define LIMES_KERNEL_CUTS_H

#include "kernel/plan.h"
#include "store/tiled.h"

typedef struct limes_cuts {
  size_t *row, *column; /* [rows + 1], [columns + 1] rising from 0; column = row where symmetric */
  size_t rows, columns; /* stretches */
  bool symmetric;
} limes_cuts;

/* What a tile measures along each side: whole blocks of the plan, some seconds of work. */
size_t limes_cuts_edge(const limes_plan *plan);

/* Cuts of a kernel of so many items, each `edge` items wide, behind the cuts of `before` (NULL: none). */
limes_status limes_cuts_create(limes_context *context, size_t rows, size_t columns, bool symmetric, size_t edge,
                               const limes_cuts *before, limes_cuts *cuts) LIMES_MUST_USE;

/* The cuts of a file. */
limes_status limes_cuts_of(limes_context *context, const limes_tiled *file, limes_cuts *cuts) LIMES_MUST_USE;
void limes_cuts_clear(limes_cuts *cuts);

/* All tiles, in their order: *tiles of them, to be freed. */
limes_status limes_cuts_tiles(limes_context *context, const limes_cuts *cuts, limes_tile **tile, size_t *tiles) LIMES_MUST_USE;

/* The number of a tile of `before` among those of `cuts`, which begin with them. */
size_t limes_cuts_moved(const limes_cuts *before, const limes_cuts *cuts, size_t tile);

#endif
