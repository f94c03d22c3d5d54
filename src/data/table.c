#include "data/table.h"

#include <math.h>
#include <stdlib.h>

#define MOST_CLASS 65535

limes_status limes_table_add(limes_context *context, limes_table *table, double value) {
  if (table->limit == 0)
    table->limit = limes_memory_limit(context);
  if (table->n >= table->limit / sizeof(double))
    return limes_fail(context, LIMES_REFUSED, "the table is larger than the %.3g GB that may be used",
                      (double)table->limit / 1e9);
  void *values = table->value;
  if (!limes_grow(context, &values, &table->capacity, table->n + 1, sizeof value))
    return LIMES_NO_MEMORY;
  table->value = values;
  table->value[table->n++] = value;
  return LIMES_OK;
}

size_t limes_table_rows(const limes_table *table) { return table->columns == 0 ? 0 : table->n / table->columns; }

static limes_status set_labels(limes_context *context, limes_batch *batch) {
  for (size_t i = 0; i < batch->items; i++) {
    double y = batch->targets[i];
    if (!(y >= 0 && y <= MOST_CLASS && y == floor(y)))
      return LIMES_OK;
  }
  int64_t *labels = limes_allocate(context, batch->items, sizeof *labels);
  if (labels == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < batch->items; i++)
    labels[i] = (int64_t)batch->targets[i];
  limes_status status = limes_batch_set_labels(context, batch, labels);
  free(labels);
  return status;
}

static limes_status set_targets(limes_context *context, const limes_table *table, const size_t *rows, const size_t *targets,
                                size_t K, limes_batch *batch) {
  double *y = limes_allocate(context, batch->items * K, sizeof *y);
  if (y == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < batch->items; i++)
    for (size_t k = 0; k < K; k++)
      y[i * K + k] = table->value[rows[i] * table->columns + targets[k]];
  limes_status status = limes_batch_set_targets(context, batch, y, K);
  free(y);
  return status != LIMES_OK || K > 1 ? status : set_labels(context, batch);
}

limes_status limes_table_batch(limes_context *context, const limes_table *table, const size_t *rows, size_t items,
                               const size_t *features, size_t C, const size_t *targets, size_t K, limes_batch **batch) {
  limes_status status = limes_batch_allocate_equal(context, items, 0, 1, 1, C, batch);
  if (status != LIMES_OK)
    return status;
  for (size_t i = 0; i < items; i++)
    for (size_t c = 0; c < C; c++)
      (*batch)->x[i * C + c] = table->value[rows[i] * table->columns + features[c]] + 0.0;
  if (K > 0)
    status = set_targets(context, table, rows, targets, K, *batch);
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}
