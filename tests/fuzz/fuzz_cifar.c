/* CIFAR-10 batches: the input, and the input filled up to whole records */
#include "fuzz.h"

#include <string.h>

#define RECORD 3073

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t records[4 * RECORD];
  const limes_read_options options = {.max_tokens = 0};
  fuzz_read(limes_read_cifar, fuzz_file(0, data, size), LIMES_PART_ALL, &options);
  size = size < sizeof records ? size : sizeof records;
  memset(records, 0, sizeof records);
  if (size > 0)
    memcpy(records, data, size);
  fuzz_read(limes_read_cifar, fuzz_file(0, records, (size / RECORD + (size % RECORD != 0)) * RECORD), LIMES_PART_ALL, &options);
  return 0;
}
