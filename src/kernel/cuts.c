#include "kernel/cuts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TILE_FLOPS 2e10 /* some seconds of one core */
#define MOST_EDGE 512   /* items: 2 MB of a kernel */
#define LEAST_CUTS 12   /* of the longer side, so that all cores have work */

size_t limes_cuts_edge(const limes_plan *plan) {
  double pairs = (double)plan->a.batch->items * (double)plan->b.batch->items * (plan->symmetric ? 0.5 : 1);
  double edge = sqrt(TILE_FLOPS * pairs / (1 + plan->cross_flops));
  size_t rows = plan->a.batch->items, columns = plan->b.batch->items, longer = rows > columns ? rows : columns;
  edge = edge < MOST_EDGE ? edge : MOST_EDGE;
  edge = edge < (double)longer / LEAST_CUTS ? edge : (double)longer / LEAST_CUTS;
  size_t blocks = (size_t)edge / plan->block;
  return (blocks == 0 ? 1 : blocks) * plan->block;
}

/* The cuts of one side: those that are there, then every `edge` items. */
static size_t *cut(limes_context *context, size_t items, size_t edge, const size_t *before, size_t stretches, size_t *count) {
  size_t first = before == NULL ? 0 : before[stretches], more = (items - first + edge - 1) / edge;
  size_t *at = limes_allocate(context, stretches + more + 1, sizeof *at);
  if (at == NULL)
    return NULL;
  if (before != NULL)
    memcpy(at, before, (stretches + 1) * sizeof *at);
  for (size_t i = 1; i <= more; i++)
    at[stretches + i] = i == more ? items : first + i * edge;
  *count = stretches + more;
  return at;
}

limes_status limes_cuts_create(limes_context *context, size_t rows, size_t columns, bool symmetric, size_t edge,
                               const limes_cuts *before, limes_cuts *cuts) {
  const limes_cuts none = {0}, *old = before == NULL ? &none : before;
  *cuts = (limes_cuts){.symmetric = symmetric};
  cuts->row = cut(context, rows, edge, old->row, old->rows, &cuts->rows);
  cuts->column = symmetric ? cuts->row : cut(context, columns, edge, old->column, old->columns, &cuts->columns);
  if (symmetric)
    cuts->columns = cuts->rows;
  if (cuts->row != NULL && cuts->column != NULL)
    return LIMES_OK;
  limes_cuts_clear(cuts);
  return LIMES_NO_MEMORY;
}

void limes_cuts_clear(limes_cuts *cuts) {
  if (cuts->column != cuts->row)
    free(cuts->column);
  free(cuts->row);
  *cuts = (limes_cuts){0};
}

/* Where tiles of the first column (or row) begin, and the end of the last one. */
static size_t *cuts_along(limes_context *context, const limes_tiled *file, bool rows, size_t *count) {
  size_t *at = limes_allocate(context, limes_tiled_tiles(file) + 1, sizeof *at);
  *count = 0;
  for (size_t i = 0; at != NULL && i < limes_tiled_tiles(file); i++) {
    limes_tile tile = limes_tiled_tile(file, i);
    if ((rows ? tile.column : tile.row) != 0)
      continue;
    at[(*count)++] = rows ? tile.row : tile.column;
    at[*count] = rows ? tile.row + tile.rows : tile.column + tile.columns;
  }
  return at;
}

static bool same_tile(const limes_tile *a, const limes_tile *b) {
  return a->row == b->row && a->rows == b->rows && a->column == b->column && a->columns == b->columns;
}

/* Whether the tiles of the file are the ones that its cuts make: else somebody else wrote it. */
static limes_status check_tiles(limes_context *context, const limes_tiled *file, const limes_cuts *cuts) {
  limes_tile *tile = NULL;
  size_t tiles = 0;
  limes_status status = limes_cuts_tiles(context, cuts, &tile, &tiles);
  bool same = tiles == limes_tiled_tiles(file);
  for (size_t i = 0; status == LIMES_OK && same && i < tiles; i++) {
    limes_tile is = limes_tiled_tile(file, i);
    same = same_tile(&is, &tile[i]);
  }
  free(tile);
  return status != LIMES_OK ? status : same ? LIMES_OK : limes_fail(context, LIMES_BAD_INPUT, "its list of tiles has gaps");
}

limes_status limes_cuts_of(limes_context *context, const limes_tiled *file, limes_cuts *cuts) {
  size_t rows, columns, edge;
  *cuts = (limes_cuts){0};
  limes_tiled_size(file, &rows, &columns, &edge, &cuts->symmetric);
  cuts->row = cuts_along(context, file, true, &cuts->rows);
  cuts->column = cuts->symmetric ? cuts->row : cuts_along(context, file, false, &cuts->columns);
  if (cuts->symmetric)
    cuts->columns = cuts->rows;
  limes_status status = cuts->row == NULL || cuts->column == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK && (cuts->row[cuts->rows] != rows || cuts->column[cuts->columns] != columns))
    status = limes_fail(context, LIMES_BAD_INPUT, "its list of tiles has gaps");
  if (status == LIMES_OK)
    status = check_tiles(context, file, cuts);
  if (status != LIMES_OK)
    limes_cuts_clear(cuts);
  return status;
}

limes_status limes_cuts_tiles(limes_context *context, const limes_cuts *cuts, limes_tile **tile, size_t *tiles) {
  size_t most = 0, count = 0;
  *tile = limes_multiply(cuts->rows, cuts->columns, &most) ? limes_allocate(context, most, sizeof **tile) : NULL;
  if (*tile == NULL)
    return LIMES_NO_MEMORY;
  for (size_t p = 0; p < cuts->rows; p++)
    for (size_t q = 0; q < (cuts->symmetric ? p + 1 : cuts->columns); q++)
      (*tile)[count++] = (limes_tile){.row = cuts->row[p],
                                      .rows = cuts->row[p + 1] - cuts->row[p],
                                      .column = cuts->column[q],
                                      .columns = cuts->column[q + 1] - cuts->column[q]};
  *tiles = count;
  return LIMES_OK;
}

size_t limes_cuts_moved(const limes_cuts *before, const limes_cuts *cuts, size_t tile) {
  return cuts->symmetric ? tile : tile / before->columns * cuts->columns + tile % before->columns;
}
