#include "data/lines.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "store/draft.h"

#define READ_AHEAD 65536
#define MOST_LINE (64U << 20) /* bytes */

limes_status limes_lines_fail(const limes_lines *lines, const char *format, ...) {
  char text[LIMES_ERROR_SIZE / 2];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  return limes_fail(lines->context, LIMES_BAD_INPUT, "%s, line %zu: %s", lines->path, lines->number, text);
}

limes_status limes_lines_open(limes_context *context, const char *path, limes_lines *lines) {
  *lines = (limes_lines){.context = context, .path = path};
  struct stat about;
  if (stat(path, &about) != 0)
    return limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read: %s", path, limes_system_text(errno));
  if (S_ISDIR(about.st_mode))
    return limes_fail(context, LIMES_BAD_INPUT, "%s is a folder, a file is needed", path);
  lines->buffer = limes_allocate(context, READ_AHEAD, 1);
  lines->plain = lines->buffer == NULL ? (locale_t)0 : newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (lines->plain == (locale_t)0)
    return lines->buffer == NULL ? LIMES_NO_MEMORY : limes_fail(context, LIMES_NO_MEMORY, "out of memory for reading %s", path);
  lines->file = gzopen(path, "rbe");
  if (lines->file == NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read: %s", path, limes_system_text(errno));
  return LIMES_OK;
}

void limes_lines_close(limes_lines *lines) {
  if (lines->file != NULL)
    gzclose(lines->file);
  if (lines->plain != (locale_t)0)
    freelocale(lines->plain);
  free(lines->line);
  free(lines->buffer);
  *lines = (limes_lines){0};
}

static limes_status fill(limes_lines *lines) {
  int got = gzread(lines->file, lines->buffer, READ_AHEAD), code = Z_OK;
  const char *text = gzerror(lines->file, &code);
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
    return limes_fail(lines->context, LIMES_BAD_INPUT, "%s is damaged or cut short behind line %zu: %s; copy it again",
                      lines->path, lines->number, code == Z_ERRNO ? limes_system_text(errno) : text);
  lines->at = 0;
  lines->end = (size_t)got;
  return LIMES_OK;
}

static limes_status append(limes_lines *lines, size_t bytes) {
  const char *from = lines->buffer + lines->at;
  void *line = lines->line;
  if (lines->length + bytes > MOST_LINE)
    return limes_lines_fail(lines, "it is longer than %u MB; is this a text file?", MOST_LINE >> 20);
  if (!limes_grow(lines->context, &line, &lines->capacity, lines->length + bytes + 1, 1))
    return LIMES_NO_MEMORY;
  lines->line = line;
  memcpy(lines->line + lines->length, from, bytes);
  lines->length += bytes;
  lines->line[lines->length] = '\0';
  lines->at += bytes;
  return LIMES_OK;
}

static limes_status finish_line(limes_lines *lines) {
  if (memchr(lines->line, '\0', lines->length) != NULL)
    return limes_lines_fail(lines, "it holds a NUL byte; is this a text file?");
  if (lines->length > 0 && lines->line[lines->length - 1] == '\r')
    lines->line[--lines->length] = '\0';
  return LIMES_OK;
}

limes_status limes_lines_next(limes_lines *lines, bool *more) {
  bool any = false;
  lines->length = 0;
  lines->number++;
  for (;;) {
    limes_status status = lines->at < lines->end ? LIMES_OK : fill(lines);
    if (status != LIMES_OK)
      return status;
    if (lines->at == lines->end)
      break;
    const char *from = lines->buffer + lines->at, *end = memchr(from, '\n', lines->end - lines->at);
    any = true;
    status = append(lines, end == NULL ? lines->end - lines->at : (size_t)(end - from));
    if (status != LIMES_OK)
      return status;
    if (end != NULL) {
      lines->at++;
      break;
    }
  }
  *more = any;
  return any ? finish_line(lines) : LIMES_OK;
}

limes_text_kind limes_text_number(const limes_lines *lines, const char *text, double *number) {
  while (isspace((unsigned char)*text))
    text++;
  const char *digits = text + (*text == '-' || *text == '+');
  bool named = strncasecmp(digits, "nan", 3) == 0 || strncasecmp(digits, "inf", 3) == 0;
  if (!named && strspn(digits, "0123456789.eE+-") == 0)
    return LIMES_TEXT_OTHER;
  if (!named && (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')))
    return LIMES_TEXT_OTHER;
  char *end = NULL;
  *number = strtod_l(text, &end, lines->plain);
  if (end == text)
    return LIMES_TEXT_OTHER;
  while (isspace((unsigned char)*end))
    end++;
  if (*end != '\0')
    return LIMES_TEXT_OTHER;
  return isfinite(*number) ? LIMES_TEXT_NUMBER : LIMES_TEXT_NOT_FINITE;
}
