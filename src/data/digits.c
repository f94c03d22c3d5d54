/* The embedded sample: 1,797 handwritten digits of 8 x 8 pixels from 0 to 16. */
#include <stdlib.h>

#include "data/batch.h"
#include "data/name.h"
#include "datasets/digits.h"

#define TRAIN 1437 /* the first ones; the last 360 are for testing */
#define SIDE 8
#define CLASSES 10

static limes_status fill(limes_context *context, size_t first, limes_batch *batch) {
  int64_t *labels = limes_allocate(context, batch->items, sizeof *labels);
  if (labels == NULL)
    return LIMES_NO_MEMORY;
  double *x = batch->x;
  for (size_t i = 0; i < batch->items; i++) {
    const char *row = limes_digits[first + i];
    for (size_t k = 0; k < SIDE * SIDE; k++)
      *x++ = (double)(row[k] - 'a');
    labels[i] = row[SIDE * SIDE] - '0';
  }
  limes_status status = limes_batch_set_labels(context, batch, labels);
  if (status == LIMES_OK)
    limes_batch_raise_classes(batch, CLASSES);
  free(labels);
  return status;
}

limes_status limes_read_digits(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                               limes_batch **batch) {
  (void)options;
  size_t from = name->part == LIMES_PART_TEST ? TRAIN : 0, to = name->part == LIMES_PART_TRAIN ? TRAIN : LIMES_DIGITS, first = 0,
         count = 0;
  limes_status status = limes_range_resolve(context, &name->range, "digits", to - from, &first, &count);
  if (status == LIMES_OK)
    status = limes_batch_allocate_equal(context, count, 2, SIDE, SIDE, 1, batch);
  if (status != LIMES_OK)
    return status;
  (*batch)->maximum = 16;
  (*batch)->normalization = "unit";
  status = fill(context, from + first, *batch);
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}
