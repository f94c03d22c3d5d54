/* Weighted edges between the positions of items. Given as matrices, held sparsely: most graphs are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"

/* A pattern as it was given: positions along both axes of its matrices, H x W, and their product. */
typedef struct {
  const double *weight; /* [N, positions, positions] */
  size_t width, positions;
} pattern;

limes_status limes_batch_hold_edges(limes_context *context, limes_batch *batch, const size_t *count) {
  size_t positions = batch->start[batch->items], edges = 0;
  for (size_t b = 0; b < positions; b++)
    if (!limes_add(edges, count[b], &edges))
      return limes_fail(context, LIMES_REFUSED, "the items have more edges than can be counted");
  limes_batch_drop_edges(batch);
  batch->edges = limes_allocate(context, batch->items, sizeof *batch->edges);
  batch->edge_start = limes_allocate(context, positions + 1, sizeof *batch->edge_start);
  batch->edge_from = limes_allocate(context, edges, sizeof *batch->edge_from);
  batch->edge_weight = limes_allocate(context, edges, sizeof *batch->edge_weight);
  if (batch->edges == NULL || batch->edge_start == NULL || batch->edge_from == NULL || batch->edge_weight == NULL) {
    limes_batch_drop_edges(batch);
    return LIMES_NO_MEMORY;
  }
  for (size_t b = 0; b < positions; b++)
    batch->edge_start[b + 1] = batch->edge_start[b] + count[b];
  for (size_t i = 0; i < batch->items; i++) {
    batch->edges[i] = (limes_csr){batch->edge_start + batch->start[i], batch->edge_from, batch->edge_weight};
    batch->grid[i].edges = &batch->edges[i];
  }
  return LIMES_OK;
}

void limes_batch_drop_edges(limes_batch *batch) {
  for (size_t i = 0; i < batch->items; i++)
    batch->grid[i].edges = NULL;
  free(batch->edges);
  free(batch->edge_start);
  free(batch->edge_from);
  free(batch->edge_weight);
  batch->edges = NULL;
  batch->edge_start = NULL;
  batch->edge_from = NULL;
  batch->edge_weight = NULL;
}

static limes_status check(limes_context *context, const limes_batch *batch, const size_t *size) {
  if (batch->axes == 0)
    return limes_fail(context, LIMES_WRONG_USE, "items without positions have no edges between them");
  for (size_t i = 0; i < batch->items; i++)
    for (unsigned k = 0; k < batch->axes; k++)
      if (batch->grid[i].size[2 - batch->axes + k] > size[k])
        return limes_fail(context, LIMES_BAD_INPUT,
                          "the pattern has %zu positions along an axis where item %zu has %u: it needs all of them", size[k], i,
                          batch->grid[i].size[2 - batch->axes + k]);
  return LIMES_OK;
}

static bool visible(const limes_grid *grid, size_t a) { return grid->hidden == NULL || grid->hidden[a] == 0; }

/* The weight of the edge a -> b of item i; 0: none */
static double weight_of(const pattern *p, const limes_grid *grid, size_t i, size_t a, size_t b) {
  if (!visible(grid, a) || !visible(grid, b))
    return 0;
  size_t from = a / grid->size[1] * p->width + a % grid->size[1], to = b / grid->size[1] * p->width + b % grid->size[1];
  return p->weight[(i * p->positions + from) * p->positions + to];
}

/* The number of edges into each position of item i */
static limes_status count_edges(limes_context *context, const pattern *p, const limes_grid *grid, size_t i, size_t *count) {
  for (size_t a = 0; a < grid->T; a++)
    for (size_t b = 0; b < grid->T; b++) {
      double weight = weight_of(p, grid, i, a, b);
      if (!isfinite(weight))
        return limes_fail(
            context, LIMES_BAD_INPUT,
            "the edge from position %zu to position %zu of item %zu has a weight that is %s (all counted from 0); mend it", a, b,
            i, isnan(weight) ? "not a number" : "infinite");
      count[b] += weight != 0;
    }
  return LIMES_OK;
}

static void fill_edges(const pattern *p, limes_batch *batch, size_t i) {
  const limes_grid *grid = &batch->grid[i];
  for (size_t b = 0; b < grid->T; b++) {
    size_t at = batch->edge_start[batch->start[i] + b];
    for (size_t a = 0; a < grid->T; a++) {
      double weight = weight_of(p, grid, i, a, b);
      if (weight == 0)
        continue;
      batch->edge_from[at] = (uint32_t)a;
      batch->edge_weight[at++] = weight;
    }
  }
}

limes_status limes_batch_set_pattern(limes_context *context, limes_batch *batch, const double *weight, const size_t *size) {
  limes_status status = check(context, batch, size);
  size_t *count = status == LIMES_OK ? limes_allocate(context, batch->start[batch->items], sizeof *count) : NULL;
  if (count == NULL)
    return status == LIMES_OK ? LIMES_NO_MEMORY : status;
  pattern p = {.weight = weight, .width = size[batch->axes - 1]};
  p.positions = batch->axes == 2 ? size[0] * size[1] : size[0];
  for (size_t i = 0; i < batch->items && status == LIMES_OK; i++)
    status = count_edges(context, &p, &batch->grid[i], i, count + batch->start[i]);
  if (status == LIMES_OK)
    status = limes_batch_hold_edges(context, batch, count);
  free(count);
  for (size_t i = 0; i < batch->items && status == LIMES_OK; i++)
    fill_edges(&p, batch, i);
  return status;
}
