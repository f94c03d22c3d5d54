/* What fuzz targets share: the input as a file, in memory. */
#ifndef LIMES_FUZZ_H
#define LIMES_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/name.h"
#include "limes/data.h"
#include "limes/io.h"
#include "limes/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A context that plans for little memory: what asks for more must be refused, not tried. */
static inline limes_context *fuzz_context(void) {
  static limes_context *context;
  if (context == NULL) {
    if (limes_context_create(&context) != LIMES_OK)
      abort();
    limes_set_memory(context, 64 << 20);
  }
  return context;
}

/* A path to a file in memory; each slot is one file, made once. */
static inline const char *fuzz_file(unsigned slot, const uint8_t *data, size_t size) {
  static int descriptor[4];
  static char path[4][40];
  if (descriptor[slot] == 0) {
    descriptor[slot] = memfd_create("fuzz", 0);
    snprintf(path[slot], sizeof path[slot], "/proc/self/fd/%d", descriptor[slot]);
  }
  if (descriptor[slot] < 0 || ftruncate(descriptor[slot], 0) != 0 || pwrite(descriptor[slot], data, size, 0) != (ssize_t)size)
    abort();
  return path[slot];
}

/* Runs a reader on a path and drops what it makes. */
static inline void fuzz_read(limes_read *read, const char *path, limes_part part, const limes_read_options *options) {
  limes_batch *batch = NULL;
  limes_reader reader = {.read = read};
  limes_data_name name = {.reader = &reader, .path = (char *)path, .part = part};
  if (read(fuzz_context(), &name, options, &batch) != LIMES_OK && batch != NULL)
    abort();
  limes_batch_destroy(batch);
}

/* Opens a file of arrays, gets them all, and reads it as items. */
static inline void fuzz_arrays(const char *path) {
  const limes_read_options options = {.max_tokens = 0};
  limes_file *file = NULL;
  limes_named_array array;
  if (limes_file_open(fuzz_context(), path, &file) != LIMES_OK)
    return;
  for (size_t i = 0; limes_file_name(file, i) != NULL; i++)
    if (limes_file_get(fuzz_context(), file, limes_file_name(file, i), &array) != LIMES_OK)
      break;
  limes_file_close(file);
  fuzz_read(limes_read_npz, path, LIMES_PART_ALL, &options);
}

#endif
