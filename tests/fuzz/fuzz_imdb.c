/* Archives of reviews, and texts: the first byte chooses */
#include "data/tokens.h"
#include "fuzz.h"

static void cut(const uint8_t *data, size_t size) {
  limes_tokens tokens = {.text = (const char *)data, .bytes = size};
  size_t before = 0;
  while (limes_tokens_next(&tokens)) {
    if (tokens.at <= before || tokens.at > size || tokens.length == 0 || tokens.token[tokens.length] != '\0')
      abort();
    before = tokens.at;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char vectors[] = "a 1 2\nfilm 3 4\n";
  if (size == 0)
    return 0;
  if (data[0] % 2 == 0) {
    cut(data + 1, size - 1);
    return 0;
  }
  const limes_read_options options = {.vectors = fuzz_file(1, (const uint8_t *)vectors, sizeof vectors - 1)};
  fuzz_read(limes_read_imdb, fuzz_file(0, data + 1, size - 1), LIMES_PART_ALL, &options);
  return 0;
}
