#include "store/utf8.h"

#include <stdbool.h>

#define REPLACEMENT 0xFFFD

static bool is_code(uint32_t code) { return code < 0xD800 || (code > 0xDFFF && code <= 0x10FFFF); }

size_t limes_utf8_read(const char *text, size_t bytes, uint32_t *code) {
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000}; /* shorter forms exist below these */
  unsigned char first = (unsigned char)text[0];
  *code = first;
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  uint32_t value = first & (0x7FU >> length);
  bool good = first >= 0xC0 && first < 0xF8 && length <= bytes;
  for (size_t i = 1; good && i < length; i++) {
    unsigned char next = (unsigned char)text[i];
    good = (next & 0xC0) == 0x80;
    value = value << 6 | (next & 0x3FU);
  }
  if (!good || value < least[length] || !is_code(value)) {
    *code = REPLACEMENT;
    return 1;
  }
  *code = value;
  return length;
}

size_t limes_utf8_write(uint32_t code, char *text) {
  if (!is_code(code))
    code = REPLACEMENT;
  if (code < 0x80) {
    text[0] = (char)code;
    return 1;
  }
  size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = length; i-- > 1; code >>= 6)
    text[i] = (char)(0x80 | (code & 0x3F));
  text[0] = (char)((0xF00U >> length & 0xF0U) | code);
  return length;
}
