/* libsvm text: a line is `label index:value index:value ...`, indices from 1 and rising, what is left out is 0. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/lines.h"
#include "data/table.h"

#define MOST_FEATURES 10000000

typedef struct {
  limes_table y;     /* one number an item */
  limes_table entry; /* [n,3]: item, feature from 0, value */
  size_t features;
} sparse;

/* index:value into *feature and *value */
static limes_status parse_pair(const limes_lines *lines, char *word, double *feature, double *value) {
  char *colon = strchr(word, ':');
  if (colon != NULL) {
    *colon = '\0';
    if (limes_text_number(lines, word, feature) == LIMES_TEXT_NUMBER && *feature >= 1 && *feature <= MOST_FEATURES &&
        *feature == floor(*feature) && limes_text_number(lines, colon + 1, value) == LIMES_TEXT_NUMBER)
      return LIMES_OK;
    *colon = ':';
  }
  return limes_lines_fail(lines, "'%.40s' is no index:value with a whole index from 1 and a finite value", word);
}

static limes_status add_pair(const limes_lines *lines, sparse *all, char *word, double *before) {
  double feature = 0, value = 0;
  limes_status status = parse_pair(lines, word, &feature, &value);
  if (status == LIMES_OK && feature <= *before)
    status = limes_lines_fail(lines, "index %g stands behind index %g; indices must rise", feature, *before);
  double entry[3] = {(double)(all->y.n - 1), feature - 1, value};
  for (size_t k = 0; status == LIMES_OK && k < 3; k++)
    status = limes_table_add(lines->context, &all->entry, entry[k]);
  if (status != LIMES_OK)
    return status;
  all->features = feature > (double)all->features ? (size_t)feature : all->features;
  *before = feature;
  return LIMES_OK;
}

static limes_status add_line(limes_lines *lines, sparse *all) {
  char *rest = NULL, *word = strtok_r(lines->line, " \t", &rest);
  double y = 0, before = 0;
  if (word == NULL || word[0] == '#')
    return LIMES_OK;
  if (limes_text_number(lines, word, &y) != LIMES_TEXT_NUMBER)
    return limes_lines_fail(lines, "it begins with '%.40s', not with a label", word);
  limes_status status = limes_table_add(lines->context, &all->y, y);
  while (status == LIMES_OK && (word = strtok_r(NULL, " \t", &rest)) != NULL && word[0] != '#')
    status = add_pair(lines, all, word, &before);
  return status;
}

/* The dense table [items, features + 1] with y in the last column, of items first ... first+count-1. */
static limes_status spread(limes_context *context, const sparse *all, size_t first, size_t count, limes_table *dense) {
  size_t n = 0, columns = all->features + 1;
  if (!limes_multiply(count, columns, &n) || n > limes_memory_limit(context) / sizeof(double))
    return limes_fail(context, LIMES_REFUSED,
                      "%zu items of %zu features are more than fit the memory that may be used; take fewer items", count,
                      all->features);
  dense->value = limes_allocate(context, n, sizeof *dense->value);
  if (dense->value == NULL)
    return LIMES_NO_MEMORY;
  dense->columns = columns;
  dense->n = n;
  for (size_t i = 0; all->y.value != NULL && i < count; i++)
    dense->value[i * columns + all->features] = all->y.value[first + i];
  for (size_t k = 0; k < all->entry.n; k += 3) {
    size_t item = (size_t)all->entry.value[k];
    if (item >= first && item < first + count)
      dense->value[(item - first) * columns + (size_t)all->entry.value[k + 1]] = all->entry.value[k + 2];
  }
  return LIMES_OK;
}

static limes_status make_batch(limes_context *context, const limes_table *dense, size_t count, limes_batch **batch) {
  size_t target = dense->columns - 1, most = count > dense->columns ? count : dense->columns;
  size_t *numbers = limes_allocate(context, most, sizeof *numbers);
  if (numbers == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < most; i++)
    numbers[i] = i;
  limes_status status = limes_table_batch(context, dense, numbers, count, numbers, target, &target, 1, batch);
  free(numbers);
  return status;
}

limes_status limes_read_svm(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                            limes_batch **batch) {
  (void)options;
  limes_lines lines;
  sparse all = {.y.columns = 1, .entry.columns = 3};
  limes_table dense = {0};
  size_t first = 0, count = 0;
  bool more = true;
  limes_status status = limes_lines_open(context, name->path, &lines);
  while (status == LIMES_OK && more) {
    status = limes_lines_next(&lines, &more);
    if (status == LIMES_OK && more)
      status = add_line(&lines, &all);
  }
  limes_lines_close(&lines);
  if (status == LIMES_OK)
    status = limes_range_resolve(context, &name->range, name->path, all.y.n, &first, &count);
  if (status == LIMES_OK && all.features == 0)
    status = limes_fail(context, LIMES_BAD_INPUT, "%s has no features", name->path);
  if (status == LIMES_OK)
    status = spread(context, &all, first, count, &dense);
  if (status == LIMES_OK)
    status = make_batch(context, &dense, count, batch);
  free(all.y.value);
  free(all.entry.value);
  free(dense.value);
  return status;
}
