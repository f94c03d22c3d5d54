/* Segments of sequences: which positions belong together, as words to sentences. */
#include <stdlib.h>

#include "data/batch.h"

static limes_status falls(limes_context *context, size_t item, uint32_t position, int64_t before, int64_t segment) {
  return limes_fail(context, LIMES_BAD_INPUT,
                    "the segment of position %u of item %zu is %lld behind %lld (all counted from 0): positions of one segment "
                    "stand side by side, with numbers that rise",
                    position, item, (long long)segment, (long long)before);
}

/* Numbers the segments of one item from 0; hidden positions go with those before them. */
static limes_status number_segments(limes_context *context, limes_grid *grid, const int64_t *given, size_t item,
                                    uint32_t *segment) {
  const int64_t *last = NULL;
  uint32_t count = 0;
  for (uint32_t a = 0; a < grid->T; a++) {
    if (grid->hidden == NULL || !grid->hidden[a]) {
      if (last != NULL && given[a] < *last)
        return falls(context, item, a, *last, given[a]);
      count += last == NULL || given[a] > *last;
      last = &given[a];
    }
    segment[a] = count == 0 ? 0 : count - 1;
  }
  grid->segments = count;
  return LIMES_OK;
}

limes_status limes_batch_set_segments_from(limes_context *context, limes_batch *batch, const int64_t *segments, size_t first) {
  if (batch->axes != 1)
    return limes_fail(context, LIMES_WRONG_USE, "only sequences have segments, these are %s", batch->summary);
  uint32_t *made = limes_allocate(context, batch->start[batch->items], sizeof *made);
  limes_status status = made == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < batch->items; i++)
    status = number_segments(context, &batch->grid[i], segments + batch->start[i], first + i, made + batch->start[i]);
  for (size_t i = 0; i < batch->items; i++) {
    batch->grid[i].segment = status == LIMES_OK ? made + batch->start[i] : NULL;
    batch->grid[i].segments = status == LIMES_OK ? batch->grid[i].segments : 0;
  }
  free(batch->segment);
  batch->segment = status == LIMES_OK ? made : NULL;
  if (status != LIMES_OK)
    free(made);
  return status;
}

limes_status limes_batch_set_segments(limes_context *context, limes_batch *batch, const int64_t *segments) {
  return limes_batch_set_segments_from(context, batch, segments, 0);
}

const uint32_t *limes_batch_segments(const limes_batch *batch, size_t item, size_t *segments) {
  if (segments != NULL)
    *segments = batch->grid[item].segments;
  return batch->grid[item].segment;
}
