/* The batch that a test has read last. */
#ifndef LIMES_TESTS_READ_BATCH_H
#define LIMES_TESTS_READ_BATCH_H

#include "data/reading.h"

static limes_batch *batch;

static inline int end_with_batch(void **state) {
  limes_batch_destroy(batch);
  return end_with_files(state);
}

#endif
