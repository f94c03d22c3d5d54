/* The header of a .npy file: a Python dictionary {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4)}. Formats 1.0,
 * 2.0 and 3.0 differ in the width of its length and in its encoding. [NumPy Enhancement Proposal 1] */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/npy.h"

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6
#define MOST_HEADER 65536 /* bytes; only structured arrays need more */
#define MOST_TYPE 32      /* characters of 'descr' */

typedef struct {
  const char *at; /* ends with a NUL */
  limes_context *context;
} parser;

static limes_status wrong(const parser *text, const char *what) {
  return limes_fail(text->context, LIMES_BAD_INPUT, "its .npy header %s; save the array again with numpy.save", what);
}

static void skip_blanks(parser *text) {
  while (isspace((unsigned char)*text->at))
    text->at++;
}

static bool take(parser *text, char wanted) {
  skip_blanks(text);
  if (*text->at != wanted)
    return false;
  text->at++;
  return true;
}

/* A quoted text without escapes into word[MOST_TYPE]. */
static bool take_quoted(parser *text, char *word) {
  skip_blanks(text);
  char quote = *text->at;
  if (quote != '\'' && quote != '"')
    return false;
  const char *end = strchr(text->at + 1, quote);
  if (end == NULL || end - text->at > MOST_TYPE)
    return false;
  size_t length = (size_t)(end - text->at - 1);
  memcpy(word, text->at + 1, length);
  word[length] = '\0';
  text->at = end + 1;
  return true;
}

static bool take_word(parser *text, const char *word) {
  skip_blanks(text);
  size_t length = strlen(word);
  if (strncmp(text->at, word, length) != 0)
    return false;
  text->at += length;
  return true;
}

static bool take_number(parser *text, size_t *number) {
  skip_blanks(text);
  if (!isdigit((unsigned char)*text->at))
    return false;
  *number = 0;
  for (; isdigit((unsigned char)*text->at); text->at++)
    if (!limes_multiply(*number, 10, number) || !limes_add(*number, (size_t)(*text->at - '0'), number))
      return false;
  if (*text->at == 'L') /* written by Python 2 */
    text->at++;
  return true;
}

static limes_status parse_shape(parser *text, limes_npy *npy) {
  if (!take(text, '('))
    return wrong(text, "has no shape in brackets");
  npy->rank = 0;
  while (!take(text, ')')) {
    if (npy->rank == LIMES_MAX_RANK)
      return limes_fail(text->context, LIMES_BAD_INPUT, "it has more than %d axes; reshape it", LIMES_MAX_RANK);
    if (!take_number(text, &npy->size[npy->rank++]))
      return wrong(text, "has a shape that is not made of whole numbers from 0");
    if (!take(text, ',') && *text->at != ')')
      return wrong(text, "has a broken shape");
  }
  npy->count = 1;
  for (unsigned i = 0; i < npy->rank; i++)
    if (!limes_multiply(npy->count, npy->size[i], &npy->count))
      return wrong(text, "has a shape too large for any machine");
  return LIMES_OK;
}

static bool known_size(char kind, size_t bytes) {
  switch (kind) {
  case 'f':
    return bytes == 2 || bytes == 4 || bytes == 8;
  case 'i':
  case 'u':
    return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
  case 'b':
    return bytes == 1;
  default:
    return kind == 'U' || kind == 'S';
  }
}

/* '<f8', '|b1', '>i4', '<U12' */
static limes_status parse_type(parser *text, limes_npy *npy) {
  char type[MOST_TYPE] = "";
  skip_blanks(text);
  if (*text->at == '[')
    return limes_fail(text->context, LIMES_BAD_INPUT,
                      "it is a structured array (a table of named fields); save its numbers as a plain array");
  if (!take_quoted(text, type) || strlen(type) < 2)
    return wrong(text, "has no readable 'descr'");
  parser digits = {.at = strchr("<>|=", type[0]) != NULL ? type + 1 : type, .context = text->context};
  npy->big = type[0] == '>';
  npy->kind = *digits.at++;
  if (npy->kind == 'O')
    return limes_fail(text->context, LIMES_BAD_INPUT,
                      "it holds Python objects (dtype 'O'), which can run code and are never read; save it as numbers");
  if (!take_number(&digits, &npy->bytes) || *digits.at != '\0' || npy->bytes > SIZE_MAX / 4)
    return limes_fail(text->context, LIMES_BAD_INPUT, "its dtype '%s' is not read; save it as float64", type);
  if (npy->kind == 'U')
    npy->bytes *= 4;
  if (!known_size(npy->kind, npy->bytes))
    return limes_fail(text->context, LIMES_BAD_INPUT, "its dtype '%s' is not read; save it as float64", type);
  return LIMES_OK;
}

static limes_status parse_entry(parser *text, limes_npy *npy, unsigned *seen) {
  char key[MOST_TYPE];
  if (!take_quoted(text, key) || !take(text, ':'))
    return wrong(text, "is not a dictionary");
  if (strcmp(key, "descr") == 0) {
    *seen |= 1;
    return parse_type(text, npy);
  }
  if (strcmp(key, "shape") == 0) {
    *seen |= 2;
    return parse_shape(text, npy);
  }
  if (strcmp(key, "fortran_order") != 0)
    return wrong(text, "has an unknown key");
  *seen |= 4;
  npy->fortran = take_word(text, "True");
  return npy->fortran || take_word(text, "False") ? LIMES_OK
                                                  : wrong(text, "has a 'fortran_order' that is neither True nor False");
}

static limes_status parse_header(parser *text, limes_npy *npy) {
  unsigned seen = 0;
  if (!take(text, '{'))
    return wrong(text, "is not a dictionary");
  while (!take(text, '}')) {
    limes_status status = parse_entry(text, npy, &seen);
    if (status != LIMES_OK)
      return status;
    if (!take(text, ',') && *text->at != '}')
      return wrong(text, "is not a dictionary");
  }
  return seen == 7 ? LIMES_OK : wrong(text, "lacks 'descr', 'fortran_order' or 'shape'");
}

static bool read_all(limes_stream *stream, void *buffer, size_t bytes) {
  if (bytes > stream->bytes || stream->read(stream->self, buffer, bytes) != bytes)
    return false;
  stream->bytes -= bytes;
  return true;
}

/* The length of the dictionary behind magic, version and length; 0 where there is none. */
static size_t read_length(limes_stream *stream) {
  unsigned char start[MAGIC_BYTES + 2], length[4] = {0};
  if (!read_all(stream, start, sizeof start) || memcmp(start, MAGIC, MAGIC_BYTES) != 0)
    return 0;
  unsigned major = start[MAGIC_BYTES];
  if (major < 1 || major > 3 || !read_all(stream, length, major == 1 ? 2 : 4))
    return 0;
  return (size_t)length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
}

static limes_status check_bytes(limes_context *context, const limes_stream *stream, const limes_npy *npy) {
  size_t bytes = 0;
  if (npy->bytes == 0 && npy->count > 1)
    return limes_fail(context, LIMES_BAD_INPUT, "it holds %zu texts without characters; leave it out", npy->count);
  if (!limes_multiply(npy->count, npy->bytes, &bytes))
    return limes_fail(context, LIMES_BAD_INPUT,
                      "its .npy header has a shape too large for any machine; save the array again with numpy.save");
  if (bytes > stream->bytes)
    return limes_fail(context, LIMES_BAD_INPUT,
                      "it is cut short: its header promises %zu bytes of numbers, %llu are there; copy or save it again", bytes,
                      (unsigned long long)stream->bytes);
  if (bytes < stream->bytes)
    return limes_fail(context, LIMES_BAD_INPUT,
                      "it is longer than its header says: %zu bytes of numbers are promised, %llu are there; save it again",
                      bytes, (unsigned long long)stream->bytes);
  return LIMES_OK;
}

limes_status limes_npy_read_header(limes_context *context, limes_stream *stream, limes_npy *npy) {
  *npy = (limes_npy){0};
  size_t length = read_length(stream);
  if (length == 0)
    return limes_fail(
        context, LIMES_BAD_INPUT,
        "it has no .npy header of format 1.0, 2.0 or 3.0, or is cut short in it; save the array again with numpy.save");
  if (length > MOST_HEADER || length > stream->bytes)
    return limes_fail(context, LIMES_BAD_INPUT,
                      "its .npy header claims %zu bytes, which is longer than %s; save the array again with numpy.save", length,
                      length > MOST_HEADER ? "a header of a plain array" : "what is there");
  char *header = limes_allocate(context, length + 1, 1);
  if (header == NULL)
    return LIMES_NO_MEMORY;
  parser text = {.at = header, .context = context};
  limes_status status = read_all(stream, header, length) ? parse_header(&text, npy) : wrong(&text, "is cut short");
  free(header);
  return status != LIMES_OK ? status : check_bytes(context, stream, npy);
}
