/* Text files line by line, plain or gzipped, and the numbers in them, whatever the locale. */
#ifndef LIMES_DATA_LINES_H
#define LIMES_DATA_LINES_H

#include <locale.h>
#include <zlib.h>

#include "base/context.h"

typedef struct limes_lines {
  limes_context *context;
  const char *path;
  gzFile file;
  locale_t plain; /* the "C" locale */
  size_t number;  /* of the line, from 1 */
  char *line;     /* without its end; may be written to */
  size_t length, capacity;
  char *buffer; /* what was read ahead */
  size_t at, end;
} limes_lines;

/* path must stay until limes_lines_close, which is to be called whatever open returned. */
limes_status limes_lines_open(limes_context *context, const char *path, limes_lines *lines) LIMES_MUST_USE;
/* The next line into lines->line; *more = false at the end. Refuses NUL bytes, lines over 64 MB and damaged .gz files. */
limes_status limes_lines_next(limes_lines *lines, bool *more) LIMES_MUST_USE;
void limes_lines_close(limes_lines *lines);

typedef enum { LIMES_TEXT_NUMBER, LIMES_TEXT_NOT_FINITE, LIMES_TEXT_OTHER } limes_text_kind;

/* The number a text is, blanks around it allowed: 2, -0.5, 1e-3; NaN and infinities are told apart from other texts. */
limes_text_kind limes_text_number(const limes_lines *lines, const char *text, double *number);

/* LIMES_BAD_INPUT "PATH, line N: ..." */
limes_status limes_lines_fail(const limes_lines *lines, const char *format, ...) LIMES_PRINTF(2, 3);

#endif
