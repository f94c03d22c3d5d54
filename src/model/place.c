#include "model/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WINDOW 100 /* characters of a line that are shown */
#define NAME_SHOWN 200

/* The first byte of a line, counted from 1; the end of the text where there are fewer. */
static const char *line_start(const char *text, uint32_t line) {
  for (; line > 1; line--) {
    const char *end = strchr(text, '\n');
    if (end == NULL)
      return text + strlen(text);
    text = end + 1;
  }
  return text;
}

static bool starts_character(char byte) { return ((unsigned char)byte & 0xC0) != 0x80; }

/* What is shown of a character: one column each, so that the caret stands below its own. */
static char shown(char byte) {
  if (byte == '\t')
    return ' ';
  return byte >= ' ' && byte <= '~' ? byte : '?';
}

static size_t line_characters(const char *line) {
  size_t n = 0;
  for (; *line != '\0' && *line != '\n' && !(line[0] == '\r' && (line[1] == '\n' || line[1] == '\0')); line++)
    n += starts_character(*line);
  return n;
}

/* The line, or a window of it around the column, and a caret in the next line. */
static void show_line(const char *line, uint32_t column, char *out, size_t size) {
  char window[WINDOW + 1];
  size_t n = line_characters(line), place = column - 1, first = 0, kept = 0;
  if (n > WINDOW) {
    first = place > WINDOW / 2 ? place - WINDOW / 2 : 0;
    first = first > n - WINDOW ? n - WINDOW : first;
  }
  for (size_t i = 0; kept < WINDOW && i < n; line++)
    if (starts_character(*line)) {
      if (i++ >= first)
        window[kept++] = shown(*line);
    }
  window[kept] = '\0';
  const char *before = first > 0 ? "..." : "", *behind = first + kept < n ? "..." : "";
  snprintf(out, size, "\n  %s%s%s\n  %*s", before, window, behind, (int)(strlen(before) + place - first + 1), "^");
}

limes_status limes_place_error(limes_context *context, const limes_model *model, uint32_t line, uint32_t column,
                               limes_status status) {
  if (line == 0 || model->text == NULL || status == LIMES_NO_MEMORY)
    return status;
  char sentence[LIMES_ERROR_SIZE - 1024], lines[2 * WINDOW + 32], name[NAME_SHOWN + 8] = "";
  snprintf(sentence, sizeof sentence, "%s", limes_error(context));
  show_line(line_start(model->text, line), column, lines, sizeof lines);
  if (model->name != NULL)
    snprintf(name, sizeof name, "%.*s, ", NAME_SHOWN, model->name);
  return limes_fail(context, status, "%sline %u, column %u: %s%s", name, line, column, sentence, lines);
}

limes_status limes_fail_at(limes_context *context, const limes_model *model, uint32_t line, uint32_t column, const char *format,
                           ...) {
  char sentence[LIMES_ERROR_SIZE];
  va_list list;
  va_start(list, format);
  vsnprintf(sentence, sizeof sentence, format, list);
  va_end(list);
  return limes_place_error(context, model, line, column, limes_fail(context, LIMES_WRONG_USE, "%s", sentence));
}
