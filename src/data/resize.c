/* Area mean: each new pixel is the mean over the part of the old image that it covers. */
#include <math.h>
#include <stdlib.h>

#include "data/batch.h"

/* Which old pixels a new one covers, along one axis: their weights sum to 1. */
typedef struct {
  size_t first, n;
  double from, to; /* in old pixels */
} span;

static span span_of(size_t i, size_t old, size_t new) {
  span part = {.from = (double)i * (double)old / (double)new, .to = (double)(i + 1) * (double)old / (double)new};
  part.first = (size_t)part.from;
  size_t last = (size_t)ceil(part.to);
  last = last > old ? old : last;
  part.n = last > part.first ? last - part.first : 1;
  return part;
}

static double weight(const span *part, size_t k) {
  double from = fmax((double)(part->first + k), part->from), to = fmin((double)(part->first + k + 1), part->to);
  return fmax(to - from, 0) / (part->to - part->from);
}

/* x [h,w,C] -> y [H,W,C] */
static void resize_image(const double *x, const uint32_t old[2], double *y, const size_t new[2], size_t C) {
  for (size_t a = 0; a < new[0]; a++)
    for (size_t b = 0; b < new[1]; b++, y += C) {
      span rows = span_of(a, old[0], new[0]), columns = span_of(b, old[1], new[1]);
      for (size_t k = 0; k < rows.n; k++)
        for (size_t l = 0; l < columns.n; l++) {
          double part = weight(&rows, k) * weight(&columns, l);
          const double *pixel = x + ((rows.first + k) * old[1] + columns.first + l) * C;
          for (size_t c = 0; c < C; c++)
            y[c] += part * pixel[c];
        }
    }
}

static limes_status check_images(limes_context *context, const limes_batch *batch, const size_t size[2]) {
  if (batch->axes != 2)
    return limes_fail(context, LIMES_WRONG_USE, "only images can be resized, these are %s", batch->summary);
  if (size[0] == 0 || size[1] == 0)
    return limes_fail(context, LIMES_WRONG_USE, "a size to resize to needs two numbers from 1, as 16x16");
  if (batch->hidden != NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "images with hidden positions cannot be resized");
  if (batch->edges != NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "images with edges between their positions cannot be resized");
  return LIMES_OK;
}

limes_status limes_batch_resize(limes_context *context, limes_batch *batch, const size_t size[2]) {
  limes_status status = check_images(context, batch, size);
  limes_batch *small = NULL;
  if (status == LIMES_OK)
    status = limes_batch_allocate_equal(context, batch->items, 2, size[0], size[1], batch->features, &small);
  if (status != LIMES_OK)
    return status;
  for (size_t i = 0; i < batch->items; i++)
    resize_image(limes_batch_item(batch, i), batch->grid[i].size, small->x + small->start[i] * small->features, size,
                 batch->features);
  limes_batch old = *batch;
  batch->grid = small->grid;
  batch->start = small->start;
  batch->x = small->x;
  small->grid = old.grid;
  small->start = old.start;
  small->x = old.x;
  limes_batch_destroy(small);
  limes_batch_summarize(batch);
  return LIMES_OK;
}
