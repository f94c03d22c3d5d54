/* Tables as text; the first byte chooses: CSV, CSV with a target, libsvm, word vectors */
#include "data/vectors.h"
#include "fuzz.h"

static void read_vectors(const char *path) {
  limes_words words = {0};
  limes_vectors vectors;
  size_t number;
  if (limes_words_add(fuzz_context(), &words, "the", &number) == LIMES_OK &&
      limes_words_add(fuzz_context(), &words, "a", &number) == LIMES_OK &&
      limes_vectors_read(fuzz_context(), path, &words, &vectors) == LIMES_OK)
    limes_vectors_free(&vectors);
  limes_words_free(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  const limes_read_options options = {.target = data[0] % 4 == 1 ? "2" : NULL};
  const char *path = fuzz_file(0, data + 1, size - 1);
  if (data[0] % 4 < 2)
    fuzz_read(limes_read_csv, path, LIMES_PART_ALL, &options);
  else if (data[0] % 4 == 2)
    fuzz_read(limes_read_svm, path, LIMES_PART_ALL, &options);
  else
    read_vectors(path);
  return 0;
}
