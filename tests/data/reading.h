/* A context and a folder of files for all tests of a program. */
#ifndef LIMES_TESTS_READING_H
#define LIMES_TESTS_READING_H

#include "data/files.h"
#include "fixture.h"
#include "limes/data.h"

static inline int begin_with_files(void **state) { return begin(state) != 0 || files_begin(state); }

static inline int end_with_files(void **state) {
  (void)end(state);
  return files_end(state);
}

#endif
