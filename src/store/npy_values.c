/* The elements of a .npy file, of any real type and either order, as float64 in C order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/npy.h"
#include "store/utf8.h"

#define CHUNK 16384 /* bytes read at a time; a multiple of every element size */

/* The element's bytes as one number. */
static uint64_t bits_of(const limes_npy *npy, const unsigned char *bytes) {
  uint64_t bits = 0;
  for (size_t i = 0; i < npy->bytes; i++)
    bits = bits << 8 | bytes[npy->big ? i : npy->bytes - 1 - i];
  return bits;
}

/* IEEE 754 half precision: sign, 5 bits of exponent, 10 of fraction */
static double half(uint64_t bits) {
  double fraction = (double)(bits & 1023);
  int exponent = (int)(bits >> 10 & 31);
  double value = exponent == 31  ? (fraction == 0 ? INFINITY : NAN)
                 : exponent == 0 ? ldexp(fraction, -24)
                                 : ldexp(fraction + 1024, exponent - 25);
  return bits >> 15 & 1 ? -value : value;
}

static double real_of(uint64_t bits, size_t bytes) {
  if (bytes == 2)
    return half(bits);
  if (bytes == 8) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  uint32_t word = (uint32_t)bits;
  float value;
  memcpy(&value, &word, sizeof value);
  return (double)value;
}

static int64_t signed_of(uint64_t bits, size_t bytes) {
  unsigned above = 64 - 8 * (unsigned)bytes;
  return (int64_t)(bits << above) >> above;
}

/* One element into place i; false where an unsigned number does not fit an int64 */
static bool put(const limes_npy *npy, const unsigned char *bytes, size_t i, double *data, int64_t *integers) {
  uint64_t bits = bits_of(npy, bytes);
  if (npy->kind == 'f') {
    data[i] = real_of(bits, npy->bytes);
    return true;
  }
  if (npy->kind == 'u' && bits > INT64_MAX) {
    data[i] = (double)bits;
    return false;
  }
  integers[i] = npy->kind == 'i' ? signed_of(bits, npy->bytes) : npy->kind == 'b' ? bits != 0 : (int64_t)bits;
  data[i] = (double)integers[i];
  return true;
}

/* Where the next element of the file belongs in C order. */
typedef struct {
  const limes_npy *npy;
  size_t step[LIMES_MAX_RANK], index[LIMES_MAX_RANK], place;
} walk;

static walk start_walk(const limes_npy *npy) {
  walk next = {.npy = npy};
  for (size_t i = npy->rank, step = 1; i-- > 0; step *= npy->size[i])
    next.step[i] = step;
  return next;
}

static void advance(walk *next) {
  const limes_npy *npy = next->npy;
  if (!npy->fortran) {
    next->place++;
    return;
  }
  for (unsigned i = 0; i < npy->rank; i++) {
    next->place += next->step[i];
    if (++next->index[i] < npy->size[i])
      return;
    next->place -= next->step[i] * npy->size[i];
    next->index[i] = 0;
  }
}

static limes_status cut_short(limes_context *context) {
  return limes_fail(context, LIMES_BAD_INPUT,
                    "its numbers cannot be read to the end: it is damaged or cut short; copy or save it again");
}

/* data and, where the array holds whole numbers, integers (NULL: not wanted); *fits: all of them fit an int64 */
static limes_status read_numbers(limes_context *context, limes_stream *stream, const limes_npy *npy, double *data,
                                 int64_t *integers, bool *fits) {
  unsigned char chunk[CHUNK];
  walk next = start_walk(npy);
  *fits = true;
  for (size_t left = npy->count; left > 0;) {
    size_t n = left < CHUNK / npy->bytes ? left : CHUNK / npy->bytes;
    if (stream->read(stream->self, chunk, n * npy->bytes) != n * npy->bytes)
      return cut_short(context);
    for (size_t i = 0; i < n; i++, advance(&next))
      *fits &= put(npy, chunk + i * npy->bytes, next.place, data, integers);
    left -= n;
  }
  return LIMES_OK;
}

static bool as_in_memory(const limes_npy *npy) {
  return npy->kind == 'f' && npy->bytes == 8 && (!npy->fortran || npy->rank < 2) &&
         npy->big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

static limes_status load_numbers(limes_context *context, limes_stream *stream, const limes_npy *npy, limes_named_array *array) {
  double *data = limes_allocate(context, npy->count, sizeof *data);
  int64_t *integers = npy->kind == 'f' || data == NULL ? NULL : limes_allocate(context, npy->count, sizeof *integers);
  bool fits = true;
  limes_status status = LIMES_OK;
  if (data == NULL || (npy->kind != 'f' && integers == NULL))
    status = LIMES_NO_MEMORY;
  else if (!as_in_memory(npy))
    status = read_numbers(context, stream, npy, data, integers, &fits);
  else if (stream->read(stream->self, data, npy->count * sizeof *data) != npy->count * sizeof *data)
    status = cut_short(context);
  if (status != LIMES_OK || !fits) {
    free(integers);
    integers = NULL;
  }
  if (status != LIMES_OK) {
    free(data);
    return status;
  }
  array->data = data;
  array->integers = integers;
  return LIMES_OK;
}

/* One text of the array behind the others; trailing NULs are padding. Returns its end. */
static char *put_text(const limes_npy *npy, const unsigned char *bytes, char *text) {
  if (npy->kind == 'S') {
    memcpy(text, bytes, npy->bytes);
    return text + strnlen(text, npy->bytes);
  }
  limes_npy unit = {.bytes = 4, .big = npy->big};
  for (size_t i = 0; i < npy->bytes; i += 4) {
    uint32_t code = (uint32_t)bits_of(&unit, bytes + i);
    if (code == 0)
      break;
    text += limes_utf8_write(code, text);
  }
  return text;
}

/* All texts of the array, one on each line. */
static limes_status load_text(limes_context *context, limes_stream *stream, const limes_npy *npy, limes_named_array *array) {
  size_t bytes = npy->count * npy->bytes, room = 0; /* a code of four bytes never needs more in UTF-8 */
  if (!limes_add(bytes, npy->count, &room) || !limes_add(room, 1, &room))
    return limes_fail(context, LIMES_BAD_INPUT, "its texts are too large for any machine");
  unsigned char *raw = limes_allocate(context, bytes, 1);
  char *text = raw == NULL ? NULL : limes_allocate(context, room, 1);
  limes_status status = text == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK && stream->read(stream->self, raw, bytes) != bytes)
    status = cut_short(context);
  char *end = text;
  for (size_t i = 0; status == LIMES_OK && i < npy->count; i++) {
    if (i > 0)
      *end++ = '\n';
    end = put_text(npy, raw + i * npy->bytes, end);
  }
  free(raw);
  if (status != LIMES_OK) {
    free(text);
    return status;
  }
  *end = '\0';
  array->text = text;
  return LIMES_OK;
}

limes_status limes_npy_read_values(limes_context *context, limes_stream *stream, const limes_npy *npy, limes_named_array *array) {
  array->rank = npy->rank;
  memcpy(array->size, npy->size, sizeof npy->size);
  uint64_t limit = limes_memory_limit(context), most = limit / (npy->kind == 'f' ? sizeof(double) : 2 * sizeof(double));
  bool text = npy->kind == 'U' || npy->kind == 'S';
  if (npy->count > (text ? limit / (npy->bytes == 0 ? 1 : 2 * npy->bytes) : most))
    return limes_fail(context, LIMES_REFUSED,
                      "it holds %zu values, more than fit the %.3g GB that may be used; take a part of it or allow more memory",
                      npy->count, (double)limit / 1e9);
  return text ? load_text(context, stream, npy, array) : load_numbers(context, stream, npy, array);
}

void limes_array_free(limes_named_array *array) {
  free((void *)array->data);
  free((void *)array->integers);
  free((void *)array->text);
  array->data = NULL;
  array->integers = NULL;
  array->text = NULL;
}
