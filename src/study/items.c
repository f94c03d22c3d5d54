/* Training items: ragged arrays x [T_1 + T_2 + ..., C], the sizes [N,2] of the items, which positions are hidden, their
 * segments, and the edges between them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"
#include "study/fit.h"

/* Hidden positions of all items, one after another. */
static limes_status set_hidden(limes_context *context, limes_batch *batch, const uint8_t *hidden) {
  size_t positions = batch->start[batch->items];
  batch->hidden = limes_allocate(context, positions, sizeof *batch->hidden);
  if (batch->hidden == NULL)
    return LIMES_NO_MEMORY;
  memcpy(batch->hidden, hidden, positions);
  for (size_t i = 0; i < batch->items; i++) {
    limes_grid *grid = &batch->grid[i];
    const uint8_t *own = batch->hidden + batch->start[i];
    grid->visible = 0;
    for (size_t a = 0; a < grid->T; a++)
      grid->visible += own[a] == 0;
    grid->hidden = grid->visible < grid->T ? own : NULL;
    if (grid->visible == 0)
      return limes_fail(context, LIMES_BAD_INPUT,
                        "training item %zu of the fit has no visible position: the file is damaged, fit again", i);
  }
  return LIMES_OK;
}

static limes_status copy_segments(limes_context *context, const limes_batch *from, limes_batch *copy) {
  size_t positions = from->start[from->items];
  copy->segment = limes_allocate(context, positions, sizeof *copy->segment);
  if (copy->segment == NULL)
    return LIMES_NO_MEMORY;
  memcpy(copy->segment, from->segment, positions * sizeof *copy->segment);
  for (size_t i = 0; i < from->items; i++) {
    copy->grid[i].segment = copy->segment + copy->start[i];
    copy->grid[i].segments = from->grid[i].segments;
  }
  return LIMES_OK;
}

static limes_status copy_edges(limes_context *context, const limes_batch *from, limes_batch *copy) {
  size_t *count = limes_allocate(context, from->start[from->items], sizeof *count), at = 0;
  if (count == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < from->items; i++)
    for (size_t b = 0; b < from->grid[i].T; b++)
      count[copy->start[i] + b] = from->grid[i].edges->start[b + 1] - from->grid[i].edges->start[b];
  limes_status status = limes_batch_hold_edges(context, copy, count);
  free(count);
  for (size_t i = 0; i < from->items && status == LIMES_OK; i++) {
    const limes_csr *edges = from->grid[i].edges;
    size_t first = edges->start[0], n = edges->start[from->grid[i].T] - first;
    memcpy(copy->edge_from + at, edges->from + first, n * sizeof *edges->from);
    memcpy(copy->edge_weight + at, edges->weight + first, n * sizeof *edges->weight);
    at += n;
  }
  return status;
}

limes_status limes_items_copy(limes_context *context, const limes_batch *from, limes_batch **copy) {
  *copy = NULL;
  size_t(*size)[2] = limes_allocate(context, from->items, sizeof *size);
  if (size == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < from->items; i++) {
    size[i][0] = from->grid[i].size[0];
    size[i][1] = from->grid[i].size[1];
  }
  limes_status status = limes_batch_allocate(context, from->items, from->axes, (const size_t(*)[2])size, from->features, copy);
  free(size);
  if (status != LIMES_OK)
    return status;
  memcpy((*copy)->x, from->x, from->start[from->items] * from->features * sizeof *from->x);
  if (status == LIMES_OK && from->hidden != NULL)
    status = set_hidden(context, *copy, from->hidden);
  if (status == LIMES_OK && from->segment != NULL)
    status = copy_segments(context, from, *copy);
  if (status == LIMES_OK && from->edges != NULL)
    status = copy_edges(context, from, *copy);
  if (status != LIMES_OK) {
    limes_batch_destroy(*copy);
    *copy = NULL;
  }
  return status;
}

/* integers [positions + edges]. The edges of a copy stand side by side. */
static void edge_arrays(const limes_batch *batch, limes_named_array *arrays, size_t *count, int64_t *integers) {
  size_t positions = batch->start[batch->items], edges = batch->edge_start[positions];
  for (size_t b = 0; b < positions; b++)
    integers[b] = (int64_t)(batch->edge_start[b + 1] - batch->edge_start[b]);
  for (size_t e = 0; e < edges; e++)
    integers[positions + e] = batch->edge_from[e];
  arrays[(*count)++] = (limes_named_array){.name = "edge_count", .rank = 1, .size = {positions}, .integers = integers};
  if (edges == 0)
    return;
  arrays[(*count)++] = (limes_named_array){.name = "edge_from", .rank = 1, .size = {edges}, .integers = integers + positions};
  arrays[(*count)++] = (limes_named_array){.name = "edge_weight", .rank = 1, .size = {edges}, .data = batch->edge_weight};
}

limes_status limes_items_arrays(limes_context *context, const limes_batch *batch, limes_named_array arrays[LIMES_ITEM_ARRAYS],
                                size_t *count, int64_t **memory) {
  size_t n = batch->items, positions = batch->start[n], edges = batch->edges == NULL ? 0 : batch->edge_start[positions];
  int64_t *integers = *memory = limes_allocate(context, 2 * n + 3 * positions + edges, sizeof *integers);
  if (integers == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < n; i++) {
    integers[2 * i] = batch->grid[i].size[0];
    integers[2 * i + 1] = batch->grid[i].size[1];
  }
  static const char *const axes[] = {"vectors", "sequences", "images"};
  *count = 0;
  arrays[(*count)++] = (limes_named_array){.name = "items", .text = axes[batch->axes]};
  arrays[(*count)++] = (limes_named_array){.name = "x", .rank = 2, .size = {positions, batch->features}, .data = batch->x};
  arrays[(*count)++] = (limes_named_array){.name = "size", .rank = 2, .size = {n, 2}, .integers = integers};
  integers += 2 * n;
  if (batch->hidden != NULL)
    arrays[(*count)++] = (limes_named_array){.name = "hidden", .rank = 1, .size = {positions}, .integers = integers};
  for (size_t a = 0; batch->hidden != NULL && a < positions; a++)
    *integers++ = batch->hidden[a];
  if (batch->segment != NULL)
    arrays[(*count)++] = (limes_named_array){.name = "segment", .rank = 1, .size = {positions}, .integers = integers};
  for (size_t a = 0; batch->segment != NULL && a < positions; a++)
    *integers++ = batch->segment[a];
  if (batch->edges != NULL)
    edge_arrays(batch, arrays, count, integers);
  return LIMES_OK;
}

static limes_status find_axes(limes_context *context, limes_file *file, unsigned *axes) {
  limes_named_array array = {0};
  limes_status status = limes_file_get(context, file, "items", &array);
  if (status != LIMES_OK)
    return status;
  const char *text = array.text == NULL ? "" : array.text;
  *axes = strcmp(text, "vectors") == 0 ? 0 : strcmp(text, "sequences") == 0 ? 1 : strcmp(text, "images") == 0 ? 2 : 3;
  if (*axes == 3)
    return limes_fail(context, LIMES_BAD_INPUT,
                      "the fit does not say whether its items are vectors, sequences or images: the file is damaged, fit again");
  return LIMES_OK;
}

/* size [n,2] from numbers of the file, whose products must add up to the positions of x. */
static limes_status read_sizes(limes_context *context, const limes_named_array *array, unsigned axes, size_t positions,
                               size_t (*size)[2]) {
  size_t sum = 0;
  for (size_t i = 0; i < array->size[0]; i++) {
    double height = array->data[2 * i], width = array->data[2 * i + 1];
    if (!(height >= 1 && width >= 1 && height * width <= (double)(positions - sum)) || (axes < 2 && height > 1) ||
        (axes < 1 && width > 1))
      return limes_fail(
          context, LIMES_BAD_INPUT,
          "training item %zu of the fit has the size %g x %g, which does not fit the others: the file is damaged, fit again", i,
          height, width);
    size[i][0] = (size_t)height;
    size[i][1] = (size_t)width;
    sum += size[i][0] * size[i][1];
  }
  if (sum != positions)
    return limes_fail(context, LIMES_BAD_INPUT,
                      "the training items of the fit have %zu positions, but x has %zu: the file is damaged, fit again", sum,
                      positions);
  return LIMES_OK;
}

/* What belongs to positions: the array of this name, one number a position, if the file has it; a fit of items without such has
 * none. `set` takes the numbers over. */
typedef limes_status position_setter(limes_context *context, limes_file *file, const double *number, limes_batch *batch);

static limes_status restore(limes_context *context, limes_file *file, const char *name, position_setter *set,
                            limes_batch *batch) {
  limes_named_array array = {0};
  limes_status status = limes_file_get(context, file, name, &array);
  if (status != LIMES_OK || array.data == NULL)
    return status;
  size_t size[2] = {batch->start[batch->items], 0};
  status = limes_gp_find_array(context, file, name, 1, size, &array);
  return status == LIMES_OK ? set(context, file, array.data, batch) : status;
}

static limes_status restore_hidden(limes_context *context, limes_file *file, const double *number, limes_batch *batch) {
  (void)file;
  size_t positions = batch->start[batch->items];
  uint8_t *hidden = limes_allocate(context, positions, sizeof *hidden);
  for (size_t a = 0; hidden != NULL && a < positions; a++)
    hidden[a] = number[a] != 0;
  limes_status status = hidden == NULL ? LIMES_NO_MEMORY : set_hidden(context, batch, hidden);
  free(hidden);
  return status;
}

static limes_status restore_segments(limes_context *context, limes_file *file, const double *number, limes_batch *batch) {
  (void)file;
  size_t positions = batch->start[batch->items];
  int64_t *segment = limes_allocate(context, positions, sizeof *segment);
  for (size_t a = 0; segment != NULL && a < positions; a++)
    segment[a] = number[a] >= 0 && number[a] < UINT32_MAX ? (int64_t)number[a] : 0;
  limes_status status = segment == NULL ? LIMES_NO_MEMORY : limes_batch_set_segments(context, batch, segment);
  free(segment);
  return status;
}

static limes_status damaged_edges(limes_context *context, size_t position) {
  return limes_fail(context, LIMES_BAD_INPUT, "the edges into position %zu of the fit are none: the file is damaged, fit again",
                    position);
}

/* count [positions] edges, which the arrays of the file must have */
static limes_status read_edges(limes_context *context, limes_file *file, const size_t *count, limes_batch *batch) {
  size_t size[2] = {0, 0};
  limes_named_array from = {0}, weight = {0};
  for (size_t b = 0; b < batch->start[batch->items]; b++)
    size[0] += count[b];
  if (size[0] == 0)
    return limes_batch_hold_edges(context, batch, count);
  limes_status status = limes_gp_find_array(context, file, "edge_from", 1, size, &from);
  if (status == LIMES_OK)
    status = limes_gp_find_array(context, file, "edge_weight", 1, size, &weight);
  if (status == LIMES_OK)
    status = limes_batch_hold_edges(context, batch, count);
  for (size_t i = 0; i < batch->items && status == LIMES_OK; i++)
    for (size_t b = batch->start[i]; b < batch->start[i + 1]; b++)
      for (size_t e = batch->edge_start[b]; e < batch->edge_start[b + 1]; e++) {
        if (!(from.data[e] >= 0 && from.data[e] < batch->grid[i].T && isfinite(weight.data[e])))
          return damaged_edges(context, b);
        batch->edge_from[e] = (uint32_t)from.data[e];
        batch->edge_weight[e] = weight.data[e];
      }
  return status;
}

static limes_status restore_edges(limes_context *context, limes_file *file, const double *number, limes_batch *batch) {
  size_t positions = batch->start[batch->items], *count = limes_allocate(context, positions, sizeof *count);
  limes_status status = count == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t b = 0; b < positions && status == LIMES_OK; b++) {
    if (!(number[b] >= 0 && number[b] <= UINT32_MAX))
      status = damaged_edges(context, b);
    else
      count[b] = (size_t)number[b];
  }
  if (status == LIMES_OK)
    status = read_edges(context, file, count, batch);
  free(count);
  return status;
}

limes_status limes_items_restore(limes_context *context, limes_file *file, limes_batch **batch) {
  limes_named_array x = {0}, sizes = {0};
  size_t x_size[2] = {0, 0}, sizes_size[2] = {0, 2}, (*size)[2] = NULL;
  unsigned axes = 0;
  *batch = NULL;
  limes_status status = find_axes(context, file, &axes);
  if (status == LIMES_OK)
    status = limes_gp_find_array(context, file, "x", 2, x_size, &x);
  if (status == LIMES_OK)
    status = limes_gp_find_array(context, file, "size", 2, sizes_size, &sizes);
  if (status != LIMES_OK)
    return status;
  size = limes_allocate(context, sizes_size[0], sizeof *size);
  if (size == NULL)
    return LIMES_NO_MEMORY;
  status = read_sizes(context, &sizes, axes, x_size[0], size);
  if (status == LIMES_OK)
    status = limes_batch_allocate(context, sizes_size[0], axes, (const size_t(*)[2])size, x_size[1], batch);
  free(size);
  if (status != LIMES_OK)
    return status;
  memcpy((*batch)->x, x.data, x_size[0] * x_size[1] * sizeof *x.data);
  status = restore(context, file, "hidden", restore_hidden, *batch);
  if (status == LIMES_OK)
    status = restore(context, file, "segment", restore_segments, *batch);
  if (status == LIMES_OK)
    status = restore(context, file, "edge_count", restore_edges, *batch);
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}
