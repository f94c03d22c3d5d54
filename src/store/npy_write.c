/* An array as the bytes of a .npy file, format 1.0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/npy.h"
#include "store/utf8.h"

#define ALIGNMENT 64 /* of the elements in the file, as numpy does */
#define ORDER (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? '>' : '<')

bool limes_array_count(const limes_named_array *array, size_t *count) {
  *count = 1;
  for (unsigned i = 0; i < array->rank; i++)
    if (!limes_multiply(*count, array->size[i], count))
      return false;
  return true;
}

/* The text as codes of four bytes; *n of them, at least one, as numpy has it. */
static uint32_t *codes_of(limes_context *context, const char *text, size_t *n) {
  size_t bytes = strlen(text);
  uint32_t *codes = limes_allocate(context, bytes + 1, sizeof *codes);
  *n = 0;
  for (size_t i = 0; codes != NULL && i < bytes;)
    i += limes_utf8_read(text + i, bytes - i, &codes[(*n)++]);
  *n = *n == 0 ? 1 : *n;
  return codes;
}

/* magic, version, length, dictionary, blanks, newline: a multiple of ALIGNMENT bytes */
static void make_header(limes_npy_image *image, const limes_named_array *array, const char *type) {
  char shape[LIMES_MAX_RANK * 24] = "";
  size_t end = 0;
  for (unsigned i = 0; i < array->rank; i++)
    end += (size_t)snprintf(shape + end, sizeof shape - end, i == 0 ? "%zu," : " %zu,", array->size[i]);
  if (array->rank > 1)
    shape[end - 1] = '\0';
  char *text = image->header + 10;
  int length =
      snprintf(text, sizeof image->header - 10, "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s), }", ORDER, type, shape);
  size_t total = (10 + (size_t)length + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  memset(text + length, ' ', total - 10 - (size_t)length);
  image->header[total - 1] = '\n';
  memcpy(image->header, "\x93NUMPY\x01\x00", 8);
  image->header[8] = (char)((total - 10) & 255);
  image->header[9] = (char)((total - 10) >> 8);
  image->header_bytes = total;
}

static limes_status make_text(limes_context *context, const limes_named_array *array, limes_npy_image *image) {
  size_t n = 0;
  uint32_t *codes = codes_of(context, array->text, &n);
  if (codes == NULL)
    return LIMES_NO_MEMORY;
  char type[32];
  snprintf(type, sizeof type, "U%zu", n);
  limes_named_array scalar = {.rank = 0};
  make_header(image, &scalar, type);
  image->owned = codes;
  image->values = codes;
  image->bytes = n * sizeof *codes;
  return LIMES_OK;
}

limes_status limes_npy_make(limes_context *context, const limes_named_array *array, limes_npy_image *image) {
  *image = (limes_npy_image){0};
  if (array->text != NULL)
    return make_text(context, array, image);
  size_t count = 0;
  if (!limes_array_count(array, &count) || !limes_multiply(count, sizeof(double), &image->bytes))
    return limes_fail(context, LIMES_WRONG_USE, "the array '%s' is too large for any machine", array->name);
  make_header(image, array, array->data != NULL ? "f8" : "i8");
  image->values = array->data != NULL ? (const void *)array->data : (const void *)array->integers;
  return LIMES_OK;
}
