#include "model/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void limes_text_add(limes_text *text, const char *format, ...) {
  if (text->failed)
    return;
  va_list list;
  va_start(list, format);
  int length = vsnprintf(NULL, 0, format, list);
  va_end(list);
  size_t more = length < 0 ? 0 : (size_t)length, needed = 0;
  if (!limes_add(text->length, more + 1, &needed) ||
      !limes_grow(text->context, (void **)&text->data, &text->capacity, needed, 1)) {
    text->failed = true;
    return;
  }
  va_start(list, format);
  vsnprintf(text->data + text->length, more + 1, format, list);
  va_end(list);
  text->length += more;
}

limes_status limes_text_finish(limes_text *text, char **out) {
  limes_text_add(text, "%s", "");
  *out = NULL;
  if (text->failed) {
    free(text->data);
    return LIMES_NO_MEMORY;
  }
  *out = text->data;
  return LIMES_OK;
}
