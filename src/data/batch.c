#include "data/batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define MOST_POSITIONS INT32_MAX /* of one item */

void limes_batch_destroy(limes_batch *batch) {
  if (batch == NULL)
    return;
  free(batch->grid);
  free(batch->start);
  free(batch->x);
  free(batch->hidden);
  free(batch->segment);
  free(batch->edges);
  free(batch->edge_start);
  free(batch->edge_from);
  free(batch->edge_weight);
  free(batch->labels);
  free(batch->targets);
  free(batch->names);
  free(batch);
}

/* Grids and starts of the items; where their positions are too many, a sentence. */
static limes_status place_items(limes_context *context, limes_batch *batch, const size_t (*size)[2]) {
  for (size_t i = 0; i < batch->items; i++) {
    size_t positions = 0;
    if (!limes_multiply(size[i][0], size[i][1], &positions) || positions > MOST_POSITIONS ||
        !limes_add(batch->start[i], positions, &batch->start[i + 1]))
      return limes_fail(context, LIMES_REFUSED, "item %zu has %zu x %zu positions, more than can be handled", i, size[i][0],
                        size[i][1]);
    uint32_t T = (uint32_t)positions;
    batch->grid[i] =
        (limes_grid){.axes = batch->axes, .T = T, .size = {(uint32_t)size[i][0], (uint32_t)size[i][1]}, .visible = T};
  }
  return LIMES_OK;
}

static limes_status allocate_features(limes_context *context, limes_batch *batch) {
  size_t count = 0, bytes = 0;
  uint64_t limit = limes_memory_limit(context);
  if (!limes_multiply(batch->start[batch->items], batch->features, &count) || !limes_multiply(count, sizeof(double), &bytes) ||
      bytes > limit)
    return limes_fail(
        context, LIMES_REFUSED,
        "%zu items with %zu positions of %zu features are more than fit the %.3g GB that may be used; take fewer items",
        batch->items, batch->start[batch->items], batch->features, (double)limit / 1e9);
  batch->x = limes_allocate(context, count, sizeof *batch->x);
  return batch->x == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

limes_status limes_batch_allocate(limes_context *context, size_t items, unsigned axes, const size_t (*size)[2], size_t features,
                                  limes_batch **batch) {
  limes_batch *made = *batch = limes_allocate(context, 1, sizeof *made);
  if (made == NULL)
    return LIMES_NO_MEMORY;
  *made = (limes_batch){.items = items, .features = features, .axes = axes, .maximum = 1, .normalization = "none"};
  made->grid = limes_allocate(context, items, sizeof *made->grid);
  made->start = made->grid == NULL ? NULL : limes_allocate(context, items + 1, sizeof *made->start);
  limes_status status = made->start == NULL ? LIMES_NO_MEMORY : place_items(context, made, size);
  if (status == LIMES_OK)
    status = allocate_features(context, made);
  if (status != LIMES_OK) {
    limes_batch_destroy(made);
    *batch = NULL;
    return status;
  }
  limes_batch_summarize(made);
  return LIMES_OK;
}

limes_status limes_batch_allocate_equal(limes_context *context, size_t items, unsigned axes, size_t height, size_t width,
                                        size_t features, limes_batch **batch) {
  *batch = NULL;
  size_t(*size)[2] = limes_allocate(context, items, sizeof *size);
  if (size == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < items; i++) {
    size[i][0] = height;
    size[i][1] = width;
  }
  limes_status status = limes_batch_allocate(context, items, axes, (const size_t(*)[2])size, features, batch);
  free(size);
  return status;
}

size_t limes_batch_items(const limes_batch *batch) { return batch->items; }
size_t limes_batch_features(const limes_batch *batch) { return batch->features; }
unsigned limes_batch_axes(const limes_batch *batch) { return batch->axes; }
const double *limes_batch_item(const limes_batch *batch, size_t item) { return batch->x + batch->start[item] * batch->features; }
const uint8_t *limes_batch_hidden(const limes_batch *batch, size_t item) { return batch->grid[item].hidden; }
const char *limes_batch_summary(const limes_batch *batch) { return batch->summary; }

size_t limes_batch_positions(const limes_batch *batch, size_t item, size_t *size) {
  const limes_grid *grid = &batch->grid[item];
  for (uint32_t k = 0; size != NULL && k < batch->axes; k++)
    size[k] = grid->size[2 - batch->axes + k];
  return grid->T;
}

const int64_t *limes_batch_labels(const limes_batch *batch, size_t *classes) {
  if (classes != NULL)
    *classes = batch->classes;
  return batch->labels;
}

const double *limes_batch_targets(const limes_batch *batch, size_t *outputs) {
  if (outputs != NULL)
    *outputs = batch->outputs;
  return batch->targets;
}

limes_status limes_batch_set_labels(limes_context *context, limes_batch *batch, const int64_t *labels) {
  int64_t most = 0;
  for (size_t i = 0; i < batch->items; i++) {
    if (labels[i] < 0)
      return limes_fail(context, LIMES_BAD_INPUT, "the label of item %zu is %lld; classes are numbered from 0", i,
                        (long long)labels[i]);
    most = labels[i] > most ? labels[i] : most;
  }
  int64_t *copy = limes_allocate(context, batch->items, sizeof *copy);
  if (copy == NULL)
    return LIMES_NO_MEMORY;
  memcpy(copy, labels, batch->items * sizeof *copy);
  free(batch->labels);
  batch->labels = copy;
  batch->classes = (size_t)most + 1;
  limes_batch_summarize(batch);
  return LIMES_OK;
}

void limes_batch_raise_classes(limes_batch *batch, size_t classes) {
  batch->classes = batch->classes < classes ? classes : batch->classes;
  limes_batch_summarize(batch);
}

limes_status limes_batch_set_targets(limes_context *context, limes_batch *batch, const double *targets, size_t outputs) {
  size_t count = 0;
  if (outputs == 0 || !limes_multiply(batch->items, outputs, &count))
    return limes_fail(context, LIMES_WRONG_USE, "targets need at least one number an item");
  for (size_t i = 0; i < count; i++)
    if (!isfinite(targets[i]))
      return limes_fail(context, LIMES_BAD_INPUT, "target %zu of item %zu is %s; remove the item or mend the number", i % outputs,
                        i / outputs, isnan(targets[i]) ? "not a number" : "infinite");
  double *copy = limes_allocate(context, count, sizeof *copy);
  if (copy == NULL)
    return LIMES_NO_MEMORY;
  memcpy(copy, targets, count * sizeof *copy);
  free(batch->targets);
  batch->targets = copy;
  batch->outputs = outputs;
  limes_batch_summarize(batch);
  return LIMES_OK;
}

static uint64_t hash_edges(const limes_grid *grid, uint64_t hash) {
  const limes_csr *edges = grid->edges;
  for (size_t b = 0; b < grid->T; b++) {
    size_t first = edges->start[b], n = edges->start[b + 1] - first;
    hash = XXH3_64bits_withSeed(&n, sizeof n, hash);
    hash = XXH3_64bits_withSeed(edges->from + first, n * sizeof *edges->from, hash);
    hash = XXH3_64bits_withSeed(edges->weight + first, n * sizeof *edges->weight, hash);
  }
  return hash;
}

static bool any_hidden(const limes_batch *batch, size_t positions) {
  return batch->hidden != NULL && memchr(batch->hidden, 1, positions) != NULL;
}

/* Each part is hashed with the hash of those before it as its seed. */
uint64_t limes_batch_fingerprint_first(const limes_batch *batch, size_t items) {
  uint64_t about[3] = {items, batch->features, batch->axes}, hash = XXH3_64bits(about, sizeof about);
  size_t positions = batch->start[items];
  for (size_t i = 0; i < items; i++)
    hash = XXH3_64bits_withSeed(batch->grid[i].size, sizeof batch->grid[i].size, hash);
  if (any_hidden(batch, positions))
    hash = XXH3_64bits_withSeed(batch->hidden, positions, hash);
  if (batch->segment != NULL)
    hash = XXH3_64bits_withSeed(batch->segment, positions * sizeof *batch->segment, hash);
  for (size_t i = 0; i < items && batch->edges != NULL; i++)
    hash = hash_edges(&batch->grid[i], hash);
  return XXH3_64bits_withSeed(batch->x, positions * batch->features * sizeof *batch->x, hash);
}

uint64_t limes_batch_fingerprint(const limes_batch *batch) { return limes_batch_fingerprint_first(batch, batch->items); }
