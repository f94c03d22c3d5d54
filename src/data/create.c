/* A batch from arrays in memory: strides, masks and lengths, and the cutting of items to what is visible (docs/mathematics.md
 * section 6). Positions behind the smallest box at the origin that holds all visible ones are cut off; holes inside stay. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"

typedef struct {
  limes_array array; /* with strides and sizes filled in */
  const uint8_t *mask;
  const int64_t *lengths;
  size_t first;     /* number of the first item, for errors */
  size_t (*box)[2]; /* [N] what is left of each item */
  bool holes;       /* somewhere */
} request;

static limes_status check_array(limes_context *context, const limes_array *array, const uint8_t *mask, const int64_t *lengths) {
  if (array->axes > 2)
    return limes_fail(context, LIMES_WRONG_USE, "an item has 0, 1 or 2 position axes, not %u", array->axes);
  if (array->items == 0)
    return limes_fail(context, LIMES_BAD_INPUT, "there are no items");
  if (array->features == 0)
    return limes_fail(context, LIMES_BAD_INPUT, "the items have no features");
  for (unsigned k = 0; k < array->axes; k++)
    if (array->size[k] == 0)
      return limes_fail(context, LIMES_BAD_INPUT, "the items have no positions");
  if (array->data == NULL || (array->dtype != LIMES_FLOAT64 && array->dtype != LIMES_FLOAT32))
    return limes_fail(context, LIMES_WRONG_USE, "an array needs data of float64 or float32");
  if (mask != NULL && lengths != NULL)
    return limes_fail(context, LIMES_WRONG_USE,
                      "mask and lengths are given together; give the one that says which positions are there");
  if (lengths != NULL && array->axes == 0)
    return limes_fail(context, LIMES_WRONG_USE, "items without positions have no lengths");
  return LIMES_OK;
}

/* size becomes {H, W}: {1, T} of a sequence, {1, 1} of a vector; stride {item, row, column, feature} */
static limes_status complete(limes_context *context, limes_array *array) {
  size_t T = array->axes == 1 ? array->size[0] : 1, positions = 0, count = 0;
  if (array->axes < 2) {
    array->size[0] = 1;
    array->size[1] = T;
  }
  if (!limes_multiply(array->size[0], array->size[1], &positions) || !limes_multiply(positions, array->features, &count) ||
      !limes_multiply(count, array->items, &count) || count > PTRDIFF_MAX / sizeof(double))
    return limes_fail(context, LIMES_REFUSED, "the array is too large for any machine");
  ptrdiff_t *stride = array->stride;
  if (stride[0] == 0 && stride[1] == 0 && stride[2] == 0 && stride[3] == 0) {
    stride[3] = 1;
    stride[2] = (ptrdiff_t)array->features;
    stride[1] = stride[2] * (ptrdiff_t)array->size[1];
    stride[0] = stride[1] * (ptrdiff_t)array->size[0];
  } else if (array->axes == 1) {
    stride[2] = stride[1];
    stride[1] = 0;
  }
  return LIMES_OK;
}

static bool is_hidden(const request *asked, size_t item, size_t row, size_t column) {
  const size_t *size = asked->array.size;
  return asked->mask != NULL && asked->mask[(item * size[0] + row) * size[1] + column] != 0;
}

static limes_status box_of_lengths(limes_context *context, const request *asked, size_t item) {
  unsigned axes = asked->array.axes;
  size_t *box = asked->box[item];
  box[0] = 1;
  for (unsigned k = 0; k < axes; k++) {
    int64_t n = asked->lengths[item * axes + k];
    size_t most = asked->array.size[2 - axes + k];
    if (n == 0)
      return limes_fail(context, LIMES_BAD_INPUT, "item %zu has no visible position (length 0); remove it", asked->first + item);
    if (n < 0 || (uint64_t)n > most)
      return limes_fail(context, LIMES_BAD_INPUT, "the length of item %zu is %lld, outside 1 to %zu; mend the lengths",
                        asked->first + item, (long long)n, most);
    box[2 - axes + k] = (size_t)n;
  }
  return LIMES_OK;
}

static limes_status box_of_mask(limes_context *context, request *asked, size_t item) {
  size_t *box = asked->box[item], visible = 0;
  for (size_t row = 0; row < asked->array.size[0]; row++)
    for (size_t column = 0; column < asked->array.size[1]; column++)
      if (!is_hidden(asked, item, row, column)) {
        visible++;
        box[0] = row + 1;
        box[1] = column + 1 > box[1] ? column + 1 : box[1];
      }
  if (visible == 0)
    return limes_fail(context, LIMES_BAD_INPUT, "item %zu has no visible position; remove it or mend its mask",
                      asked->first + item);
  asked->holes |= visible < box[0] * box[1];
  return LIMES_OK;
}

static limes_status find_boxes(limes_context *context, request *asked) {
  limes_status status = LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < asked->array.items; i++)
    if (asked->lengths != NULL)
      status = box_of_lengths(context, asked, i);
    else if (asked->mask != NULL)
      status = box_of_mask(context, asked, i);
    else
      memcpy(asked->box[i], asked->array.size, sizeof asked->array.size);
  return status;
}

static limes_status not_finite(limes_context *context, const request *asked, size_t item, size_t row, size_t column,
                               size_t feature, double x) {
  char place[64] = "";
  if (asked->array.axes == 1)
    snprintf(place, sizeof place, " at position %zu", column);
  if (asked->array.axes == 2)
    snprintf(place, sizeof place, " at position (%zu, %zu)", row, column);
  return limes_fail(context, LIMES_BAD_INPUT,
                    "feature %zu of item %zu%s is %s (all counted from 0); mend it, mask the position or remove the item",
                    feature, asked->first + item, place, isnan(x) ? "not a number" : "infinite");
}

/* The features of one position, x[C]; -0 becomes 0, so that equal data have equal bits */
static limes_status copy_position(limes_context *context, const request *asked, size_t item, size_t row, size_t column,
                                  double *x) {
  const limes_array *array = &asked->array;
  const ptrdiff_t *stride = array->stride;
  ptrdiff_t at = (ptrdiff_t)item * stride[0] + (ptrdiff_t)row * stride[1] + (ptrdiff_t)column * stride[2];
  for (size_t c = 0; c < array->features; c++, at += stride[3]) {
    double value = array->dtype == LIMES_FLOAT64 ? ((const double *)array->data)[at] : (double)((const float *)array->data)[at];
    if (!isfinite(value))
      return not_finite(context, asked, item, row, column, c, value);
    x[c] = value + 0.0;
  }
  return LIMES_OK;
}

static limes_status copy_item(limes_context *context, const request *asked, limes_batch *batch, size_t item) {
  limes_grid *grid = &batch->grid[item];
  uint8_t *hidden = batch->hidden == NULL ? NULL : batch->hidden + batch->start[item];
  double *x = batch->x + batch->start[item] * batch->features;
  limes_status status = LIMES_OK;
  for (size_t row = 0; row < grid->size[0]; row++)
    for (size_t column = 0; status == LIMES_OK && column < grid->size[1]; column++, x += batch->features)
      if (!is_hidden(asked, item, row, column))
        status = copy_position(context, asked, item, row, column, x);
      else if (hidden != NULL) {
        hidden[row * grid->size[1] + column] = 1;
        grid->visible--;
      }
  grid->hidden = grid->visible < grid->T ? hidden : NULL;
  return status;
}

static limes_status make(limes_context *context, request *asked, limes_batch **batch) {
  asked->box = limes_allocate(context, asked->array.items, sizeof *asked->box);
  limes_status status = asked->box == NULL ? LIMES_NO_MEMORY : find_boxes(context, asked);
  if (status == LIMES_OK)
    status = limes_batch_allocate(context, asked->array.items, asked->array.axes, (const size_t(*)[2])asked->box,
                                  asked->array.features, batch);
  if (status == LIMES_OK && asked->holes) {
    (*batch)->hidden = limes_allocate(context, (*batch)->start[asked->array.items], 1);
    status = (*batch)->hidden == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  }
  for (size_t i = 0; status == LIMES_OK && i < asked->array.items; i++)
    status = copy_item(context, asked, *batch, i);
  free(asked->box);
  return status;
}

limes_status limes_batch_create_from(limes_context *context, const limes_array *array, const uint8_t *mask,
                                     const int64_t *lengths, size_t first, limes_batch **batch) {
  request asked = {.array = *array, .mask = mask, .lengths = lengths, .first = first};
  *batch = NULL;
  limes_status status = check_array(context, array, mask, lengths);
  if (status == LIMES_OK)
    status = complete(context, &asked.array);
  if (status == LIMES_OK)
    status = make(context, &asked, batch);
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}

limes_status limes_batch_create(limes_context *context, const limes_array *array, const uint8_t *mask, const int64_t *lengths,
                                limes_batch **batch) {
  return limes_batch_create_from(context, array, mask, lengths, 0, batch);
}

static limes_status copy_sequence(limes_context *context, limes_batch *batch, size_t item, const double *x) {
  size_t C = batch->features, from = batch->start[item] * C, to = batch->start[item + 1] * C;
  for (size_t k = from; k < to; k++) {
    if (!isfinite(x[k]))
      return limes_fail(context, LIMES_BAD_INPUT,
                        "feature %zu of item %zu at position %zu is %s (all counted from 0); mend it or remove the item",
                        (k - from) % C, item, (k - from) / C, isnan(x[k]) ? "not a number" : "infinite");
    batch->x[k] = x[k] + 0.0;
  }
  return LIMES_OK;
}

limes_status limes_batch_create_ragged(limes_context *context, size_t items, size_t features, const size_t *lengths,
                                       const double *x, limes_batch **batch) {
  *batch = NULL;
  if (items == 0 || features == 0)
    return limes_fail(context, LIMES_BAD_INPUT, "there are no items, or they have no features");
  size_t(*size)[2] = limes_allocate(context, items, sizeof *size);
  limes_status status = size == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < items; i++) {
    size[i][0] = 1;
    size[i][1] = lengths[i];
    if (lengths[i] == 0)
      status = limes_fail(context, LIMES_BAD_INPUT, "item %zu has no visible position (length 0); remove it", i);
  }
  if (status == LIMES_OK)
    status = limes_batch_allocate(context, items, 1, (const size_t(*)[2])size, features, batch);
  free(size);
  for (size_t i = 0; status == LIMES_OK && i < items; i++)
    status = copy_sequence(context, *batch, i, x);
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}
