/* The columns of a table by the names of its header. */
#ifndef LIMES_DATA_COLUMNS_H
#define LIMES_DATA_COLUMNS_H

#include "data/batch.h"

typedef struct limes_columns {
  limes_context *context;
  const char *path;  /* of the table, for sentences */
  char *const *name; /* [named] of the header; named = 0: it has none */
  size_t named, count;
} limes_columns;

/* The column of that name, or of that number from 1. A name that two columns have is refused. */
limes_status limes_columns_find(const limes_columns *columns, const char *target, size_t *column) LIMES_MUST_USE;

/* Puts the features[C], which are numbers of columns, in the order of the names that the batch `like` keeps; where either has
 * no names they stay as they are. Refuses a name that only one of the two has. */
limes_status limes_columns_arrange(const limes_columns *columns, const limes_batch *like, size_t *features, size_t C)
    LIMES_MUST_USE;

/* Keeps the names of the features[C] in their batch. */
limes_status limes_columns_keep(const limes_columns *columns, const size_t *features, size_t C, limes_batch *batch)
    LIMES_MUST_USE;

#endif
