/* A text that grows at its end. */
#ifndef LIMES_MODEL_TEXT_H
#define LIMES_MODEL_TEXT_H

#include "base/memory.h"

typedef struct limes_text {
  limes_context *context;
  char *data; /* NULL before the first addition */
  size_t length, capacity;
  bool failed; /* no memory: later additions do nothing */
} limes_text;

/* Appends by a printf format; what fails is told at the end. */
void limes_text_add(limes_text *text, const char *format, ...) LIMES_PRINTF(2, 3);

/* Hands the text over: *out belongs to the caller. LIMES_NO_MEMORY where any addition failed; then *out is NULL. */
limes_status limes_text_finish(limes_text *text, char **out) LIMES_MUST_USE;

#endif
