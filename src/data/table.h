/* A table of numbers that grows row by row; the readers of text files end in one. */
#ifndef LIMES_DATA_TABLE_H
#define LIMES_DATA_TABLE_H

#include "data/batch.h"
#include "data/name.h"

typedef struct limes_table {
  double *value;      /* [rows, columns] */
  size_t n, capacity; /* numbers in it */
  size_t columns;
  uint64_t limit; /* bytes it may take; 0: not asked yet */
} limes_table;

limes_status limes_table_add(limes_context *context, limes_table *table, double value) LIMES_MUST_USE;
size_t limes_table_rows(const limes_table *table);

/* Items without positions: columns features[C] of the given rows[N], targets[K] beside them (K = 0: none). One target of
 * whole numbers from 0 to 65535 makes labels too. */
limes_status limes_table_batch(limes_context *context, const limes_table *table, const size_t *rows, size_t items,
                               const size_t *features, size_t C, const size_t *targets, size_t K, limes_batch **batch)
    LIMES_MUST_USE;

#endif
