/* One sentence about a batch: "1437 images 8x8, 1 feature, 10 classes". */
#include <stdio.h>

#include "data/batch.h"

typedef struct {
  uint32_t least[2], most[2]; /* of both sizes */
} extent;

static extent extent_of(const limes_batch *batch) {
  extent all = {.least = {UINT32_MAX, UINT32_MAX}, .most = {0, 0}};
  for (size_t i = 0; i < batch->items; i++)
    for (int k = 0; k < 2; k++) {
      uint32_t n = batch->grid[i].size[k];
      all.least[k] = n < all.least[k] ? n : all.least[k];
      all.most[k] = n > all.most[k] ? n : all.most[k];
    }
  return all;
}

static int put_size(char *text, size_t size, uint32_t least, uint32_t most) {
  return least == most ? snprintf(text, size, "%u", least) : snprintf(text, size, "%u to %u", least, most);
}

void limes_batch_summarize(limes_batch *batch) {
  static const char *const kinds[3][2] = {{"vector", "vectors"}, {"sequence", "sequences"}, {"image", "images"}};
  char *text = batch->summary;
  size_t room = sizeof batch->summary, end = 0;
  extent all = extent_of(batch);
  end += (size_t)snprintf(text, room, "%zu %s", batch->items, kinds[batch->axes][batch->items != 1]);
  if (batch->axes == 1)
    end += (size_t)snprintf(text + end, room - end, " of ");
  if (batch->axes == 2) {
    end += (size_t)snprintf(text + end, room - end, " ");
    end += (size_t)put_size(text + end, room - end, all.least[0], all.most[0]);
    end += (size_t)snprintf(text + end, room - end, all.least[0] == all.most[0] && all.least[1] == all.most[1] ? "x" : " x ");
  }
  if (batch->axes > 0)
    end += (size_t)put_size(text + end, room - end, all.least[1], all.most[1]);
  if (batch->axes == 1)
    end += (size_t)snprintf(text + end, room - end, " positions");
  end += (size_t)snprintf(text + end, room - end, ", %zu feature%s", batch->features, batch->features == 1 ? "" : "s");
  if (batch->labels != NULL)
    end += (size_t)snprintf(text + end, room - end, ", %zu class%s", batch->classes, batch->classes == 1 ? "" : "es");
  if (batch->targets != NULL)
    snprintf(text + end, room - end, ", %zu target%s", batch->outputs, batch->outputs == 1 ? "" : "s");
}
