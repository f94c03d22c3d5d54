/* As many items of each class as the rarest one has, in the order they stand in. */
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"

/* The count of the rarest class; classes without items do not count. */
static size_t rarest(const limes_batch *batch, size_t *count) {
  for (size_t i = 0; i < batch->items; i++)
    count[batch->labels[i]]++;
  size_t least = batch->items;
  for (size_t c = 0; c < batch->classes; c++)
    least = count[c] > 0 && count[c] < least ? count[c] : least;
  return least;
}

/* Moves item `from` to place `to` <= from. */
static void move_item(limes_batch *batch, size_t from, size_t to) {
  size_t C = batch->features, T = batch->grid[from].T, old = batch->start[from], new = batch->start[to];
  memmove(batch->x + new *C, batch->x + old * C, T * C * sizeof *batch->x);
  batch->grid[to] = batch->grid[from];
  if (batch->hidden != NULL) {
    memmove(batch->hidden + new, batch->hidden + old, T);
    batch->grid[to].hidden = batch->grid[to].hidden == NULL ? NULL : batch->hidden + new;
  }
  if (batch->segment != NULL) {
    memmove(batch->segment + new, batch->segment + old, T * sizeof *batch->segment);
    batch->grid[to].segment = batch->segment + new;
  }
  batch->labels[to] = batch->labels[from];
  if (batch->targets != NULL)
    memmove(batch->targets + to * batch->outputs, batch->targets + from * batch->outputs,
            batch->outputs * sizeof *batch->targets);
}

static void keep_first(limes_batch *batch, size_t each, size_t *count) {
  size_t kept = 0;
  memset(count, 0, batch->classes * sizeof *count);
  for (size_t i = 0; i < batch->items; i++) {
    if (count[batch->labels[i]]++ >= each)
      continue;
    size_t T = batch->grid[i].T;
    move_item(batch, i, kept++);
    /* starts behind i are still the old ones: kept <= i + 1, and item i has been moved */
    if (kept <= i)
      batch->start[kept] = batch->start[kept - 1] + T;
  }
  batch->start[kept] = kept == 0 ? 0 : batch->start[kept - 1] + batch->grid[kept - 1].T;
  batch->items = kept;
}

limes_status limes_batch_balance(limes_context *context, limes_batch *batch) {
  if (batch->labels == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "only data with classes can be balanced; these have none");
  size_t *count = limes_allocate(context, batch->classes, sizeof *count);
  if (count == NULL)
    return LIMES_NO_MEMORY;
  keep_first(batch, rarest(batch, count), count);
  free(count);
  limes_batch_summarize(batch);
  return LIMES_OK;
}
