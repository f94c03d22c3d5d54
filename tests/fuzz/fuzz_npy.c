/* .npy files */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_arrays(fuzz_file(0, data, size));
  return 0;
}
