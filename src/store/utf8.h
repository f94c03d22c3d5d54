/* Text in UTF-8, one code at a time. */
#ifndef LIMES_STORE_UTF8_H
#define LIMES_STORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The code at text[0 ... bytes-1], bytes >= 1, and how many bytes it takes; U+FFFD and 1 where the bytes are not UTF-8. */
size_t limes_utf8_read(const char *text, size_t bytes, uint32_t *code);

/* Writes the code (U+FFFD for what is none) and returns how many bytes that took: 1 to 4. No NUL behind it. */
size_t limes_utf8_write(uint32_t code, char *text);

#endif
