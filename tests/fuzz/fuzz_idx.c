/* MNIST's pair of idx files: one byte, the length of the labels' file; the labels' file; the images' file */
#include "fuzz.h"

#include <string.h>

static char folder[] = "/tmp/limes-fuzz-XXXXXX";

static void remove_folder(void) {
  char path[80];
  snprintf(path, sizeof path, "%s/t10k-images-idx3-ubyte", folder);
  unlink(path);
  snprintf(path, sizeof path, "%s/t10k-labels-idx1-ubyte", folder);
  unlink(path);
  rmdir(folder);
}

/* The reader finds the files by their names: links to the files in memory. */
static void make_folder(const char *images, const char *labels) {
  static bool made;
  char path[80];
  if (made)
    return;
  made = mkdtemp(folder) != NULL && atexit(remove_folder) == 0;
  snprintf(path, sizeof path, "%s/t10k-images-idx3-ubyte", folder);
  made = made && symlink(images, path) == 0;
  snprintf(path, sizeof path, "%s/t10k-labels-idx1-ubyte", folder);
  if (!made || symlink(labels, path) != 0)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const limes_read_options options = {.max_tokens = 0};
  if (size == 0 || data[0] > size - 1)
    return 0;
  size_t labels = data[0];
  make_folder(fuzz_file(0, data + 1 + labels, size - 1 - labels), fuzz_file(1, data + 1, labels));
  fuzz_read(limes_read_mnist, folder, LIMES_PART_TEST, &options);
  return 0;
}
