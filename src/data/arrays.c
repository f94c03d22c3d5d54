/* .npy, .npz and .h5: an array of items, with NAME_mask, NAME_lengths, NAME_segments, NAME_pattern and NAME_y beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"
#include "data/name.h"
#include "limes/io.h"

typedef struct {
  limes_named_array x, mask, lengths, segments, pattern, y; /* data NULL: not there */
} arrays;

/* The array NAME_suffix, if there is one. */
static limes_status get_beside(limes_context *context, limes_file *file, const char *name, const char *suffix,
                               limes_named_array *array) {
  char *full = limes_format_text(context, "%s_%s", name, suffix);
  if (full == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = limes_file_get(context, file, full, array);
  free(full);
  return status;
}

static bool is_beside(const char *name) {
  static const char *const suffixes[] = {"_mask", "_lengths", "_segments", "_y", "_pattern"};
  size_t length = strlen(name);
  for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
    if (length > strlen(suffixes[i]) && strcmp(name + length - strlen(suffixes[i]), suffixes[i]) == 0)
      return true;
  return false;
}

/* The only array that is none of another's. */
static limes_status only_name(limes_context *context, const char *path, const limes_file *file, const char **name) {
  *name = NULL;
  for (size_t i = 0; limes_file_name(file, i) != NULL; i++) {
    if (is_beside(limes_file_name(file, i)))
      continue;
    if (*name != NULL)
      return limes_fail(context, LIMES_WRONG_USE, "%s holds several arrays; say which one, as %s:%s", path, path, *name);
    *name = limes_file_name(file, i);
  }
  return *name != NULL ? LIMES_OK : limes_fail(context, LIMES_BAD_INPUT, "%s holds no array of items", path);
}

static limes_status no_such_array(limes_context *context, const char *path, const limes_file *file, const char *name) {
  char list[400] = "";
  for (size_t i = 0, end = 0; limes_file_name(file, i) != NULL && end + 40 < sizeof list; i++)
    end += (size_t)snprintf(list + end, 40, "%s%.36s", i == 0 ? "" : ", ", limes_file_name(file, i));
  return limes_fail(context, LIMES_BAD_INPUT, "%s has no array '%s'; it holds %s", path, name, list[0] == '\0' ? "none" : list);
}

/* size of `array` must be {items, ...x's positions} */
static limes_status check_mask(limes_context *context, const limes_named_array *x, const limes_named_array *mask) {
  bool fits = mask->rank + 1 == x->rank;
  for (unsigned k = 0; fits && k < mask->rank; k++)
    fits = mask->size[k] == x->size[k];
  return fits ? LIMES_OK
              : limes_fail(context, LIMES_BAD_INPUT,
                           "the mask does not fit: it needs the shape of the items without their features");
}

static limes_status check_lengths(limes_context *context, const limes_named_array *x, const limes_named_array *lengths) {
  unsigned axes = x->rank - 2;
  bool fits = lengths->integers != NULL && lengths->size[0] == x->size[0] &&
              ((axes == 1 && lengths->rank == 1) || (lengths->rank == 2 && lengths->size[1] == axes && axes > 0));
  return fits ? LIMES_OK
              : limes_fail(context, LIMES_BAD_INPUT,
                           "the lengths do not fit: they need whole numbers, [N] for sequences, [N,2] for images");
}

static limes_status check_segments(limes_context *context, const limes_named_array *x, const limes_named_array *segments) {
  bool fits = x->rank == 3 && segments->integers != NULL && segments->rank == 2 && segments->size[0] == x->size[0] &&
              segments->size[1] == x->size[1];
  return fits ? LIMES_OK
              : limes_fail(context, LIMES_BAD_INPUT,
                           "the segments do not fit: they need whole numbers [N,T], for sequences [N,T,C]");
}

/* {items, positions..., positions...} */
static limes_status check_pattern(limes_context *context, const limes_named_array *x, const limes_named_array *pattern) {
  unsigned axes = x->rank - 2;
  bool fits = axes > 0 && pattern->rank == 1 + 2 * axes && pattern->size[0] == x->size[0];
  for (unsigned k = 0; fits && k < 2 * axes; k++)
    fits = pattern->size[1 + k] == x->size[1 + k % axes];
  return fits ? LIMES_OK
              : limes_fail(context, LIMES_BAD_INPUT,
                           "the pattern does not fit: it needs the shape [N,T,T] for sequences, [N,H,W,H,W] for images");
}

static limes_status check_y(limes_context *context, const limes_named_array *x, const limes_named_array *y) {
  bool fits = (y->rank == 1 || y->rank == 2) && y->size[0] == x->size[0] && (y->rank == 1 || y->size[1] > 0);
  return fits ? LIMES_OK
              : limes_fail(context, LIMES_BAD_INPUT, "y does not fit: it needs labels [N] or targets [N,K] for N = %zu items",
                           x->size[0]);
}

static limes_status check(limes_context *context, const arrays *all) {
  const limes_named_array *x = &all->x;
  if (x->data == NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "it holds text, not numbers");
  if (x->rank < 2 || x->rank > 4)
    return limes_fail(context, LIMES_BAD_INPUT, "it has %u axes; items are [N,C], [N,T,C] or [N,H,W,C]: reshape it%s", x->rank,
                      x->rank == 1 ? ", to [N,1] for one feature" : "");
  limes_status status = LIMES_OK;
  if (all->mask.data != NULL && all->lengths.data != NULL)
    status = limes_fail(context, LIMES_BAD_INPUT, "it has both a mask and lengths; leave one of them out");
  if (status == LIMES_OK && all->mask.data != NULL)
    status = check_mask(context, x, &all->mask);
  if (status == LIMES_OK && all->lengths.data != NULL)
    status = check_lengths(context, x, &all->lengths);
  if (status == LIMES_OK && all->segments.data != NULL)
    status = check_segments(context, x, &all->segments);
  if (status == LIMES_OK && all->pattern.data != NULL)
    status = check_pattern(context, x, &all->pattern);
  if (status == LIMES_OK && all->y.data != NULL)
    status = check_y(context, x, &all->y);
  return status;
}

/* The mask of the items as bytes, or NULL. */
static limes_status mask_of(limes_context *context, const arrays *all, size_t first, size_t count, uint8_t **mask) {
  *mask = NULL;
  if (all->mask.data == NULL)
    return LIMES_OK;
  size_t each = 1;
  for (unsigned k = 1; k < all->mask.rank; k++)
    each *= all->mask.size[k];
  *mask = limes_allocate(context, count * each, 1);
  if (*mask == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < count * each; i++)
    (*mask)[i] = all->mask.data[first * each + i] != 0;
  return LIMES_OK;
}

/* The segments of the positions that the batch has kept. */
static limes_status set_segments(limes_context *context, const limes_named_array *segments, size_t first, limes_batch *batch) {
  if (segments->data == NULL)
    return LIMES_OK;
  int64_t *kept = limes_allocate(context, batch->start[batch->items], sizeof *kept);
  if (kept == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < batch->items; i++)
    memcpy(kept + batch->start[i], segments->integers + (first + i) * segments->size[1], batch->grid[i].T * sizeof *kept);
  limes_status status = limes_batch_set_segments_from(context, batch, kept, first);
  free(kept);
  return status;
}

/* Whole numbers from 0, one an item, are classes; and every y is a target. */
static limes_status set_y(limes_context *context, const limes_named_array *y, size_t first, limes_batch *batch) {
  if (y->data == NULL)
    return LIMES_OK;
  bool classes = y->rank == 1 && y->integers != NULL;
  for (size_t i = 0; classes && i < batch->items; i++)
    classes = y->integers[first + i] >= 0;
  limes_status status = classes ? limes_batch_set_labels(context, batch, y->integers + first) : LIMES_OK;
  size_t outputs = y->rank == 1 ? 1 : y->size[1];
  return status != LIMES_OK ? status : limes_batch_set_targets(context, batch, y->data + first * outputs, outputs);
}

static limes_status set_pattern(limes_context *context, const limes_named_array *pattern, size_t first, limes_batch *batch) {
  if (pattern->data == NULL)
    return LIMES_OK;
  size_t each = 1;
  for (unsigned k = 1; k < pattern->rank; k++)
    each *= pattern->size[k];
  return limes_batch_set_pattern(context, batch, pattern->data + first * each, pattern->size + 1);
}

static limes_status make(limes_context *context, const arrays *all, const limes_range *range, const char *what,
                         limes_batch **batch) {
  const limes_named_array *x = &all->x;
  size_t first = 0, count = 0, each = 1;
  limes_status status = limes_range_resolve(context, range, what, x->size[0], &first, &count);
  if (status != LIMES_OK)
    return status;
  for (unsigned k = 1; k < x->rank; k++)
    each *= x->size[k];
  limes_array array = {.data = x->data + first * each,
                       .dtype = LIMES_FLOAT64,
                       .axes = x->rank - 2,
                       .items = count,
                       .features = x->size[x->rank - 1]};
  for (unsigned k = 0; k < array.axes; k++)
    array.size[k] = x->size[1 + k];
  uint8_t *mask = NULL;
  status = mask_of(context, all, first, count, &mask);
  size_t per_item = all->lengths.rank == 2 ? all->lengths.size[1] : 1;
  if (status == LIMES_OK)
    status = limes_batch_create_from(
        context, &array, mask, all->lengths.integers == NULL ? NULL : all->lengths.integers + first * per_item, first, batch);
  free(mask);
  if (status == LIMES_OK)
    status = set_segments(context, &all->segments, first, *batch);
  if (status == LIMES_OK)
    status = set_pattern(context, &all->pattern, first, *batch);
  if (status == LIMES_OK)
    status = set_y(context, &all->y, first, *batch);
  return status == LIMES_OK || status == LIMES_NO_MEMORY ? status : limes_fail_in(context, status, "%s: ", what);
}

static limes_status read_from(limes_context *context, limes_file *file, const char *array, const limes_data_name *name,
                              limes_batch **batch) {
  arrays all = {0};
  limes_status status = limes_file_get(context, file, array, &all.x);
  if (status == LIMES_OK && all.x.data == NULL && all.x.text == NULL)
    return no_such_array(context, name->path, file, array);
  if (status == LIMES_OK)
    status = get_beside(context, file, array, "mask", &all.mask);
  if (status == LIMES_OK)
    status = get_beside(context, file, array, "lengths", &all.lengths);
  if (status == LIMES_OK)
    status = get_beside(context, file, array, "segments", &all.segments);
  if (status == LIMES_OK)
    status = get_beside(context, file, array, "pattern", &all.pattern);
  if (status == LIMES_OK)
    status = get_beside(context, file, array, "y", &all.y);
  if (status != LIMES_OK)
    return status;
  char *what =
      name->reader->inner ? limes_format_text(context, "%s:%s", name->path, array) : limes_copy_text(context, name->path);
  if (what == NULL)
    return LIMES_NO_MEMORY;
  status = check(context, &all);
  if (status != LIMES_OK)
    (void)limes_fail_in(context, status, "%s: ", what);
  else
    status = make(context, &all, &name->range, what, batch);
  free(what);
  return status;
}

limes_status limes_read_npz(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                            limes_batch **batch) {
  (void)options;
  limes_file *file = NULL;
  limes_status status = limes_file_open(context, name->path, &file);
  if (status != LIMES_OK)
    return status;
  const char *array = name->inner;
  if (array == NULL)
    status = only_name(context, name->path, file, &array);
  if (status == LIMES_OK)
    status = read_from(context, file, array, name, batch);
  limes_file_close(file);
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}

limes_status limes_read_npy(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                            limes_batch **batch) {
  return limes_read_npz(context, name, options, batch);
}
