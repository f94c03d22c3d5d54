#include "base/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

const char *limes_version(void) { return LIMES_VERSION; }

const char *limes_status_text(limes_status status) {
  switch (status) {
#define STATUS_TEXT(name, value, text)                                                                                           \
  case name:                                                                                                                     \
    return text;
    LIMES_STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
  }
  return "unknown status";
}

limes_status limes_context_create(limes_context **context) {
  *context = calloc(1, sizeof **context);
  if (*context == NULL)
    return LIMES_NO_MEMORY;
  if (pthread_mutex_init(&(*context)->error_lock, NULL) != 0) {
    free(*context);
    *context = NULL;
    return LIMES_NO_MEMORY;
  }
  return LIMES_OK;
}

void limes_context_destroy(limes_context *context) {
  if (context == NULL)
    return;
  while (context->words != NULL) {
    limes_context_part *part = context->words;
    context->words = part->next;
    free(part);
  }
  pthread_mutex_destroy(&context->error_lock);
  free(context);
}

const char *limes_error(const limes_context *context) { return context->error; }

void limes_set_log(limes_context *context, limes_log_callback *callback, void *user) {
  context->log = callback;
  context->log_user = user;
}

void limes_set_progress(limes_context *context, limes_progress_callback *callback, void *user) {
  context->progress = callback;
  context->progress_user = user;
}

void limes_set_threads(limes_context *context, unsigned threads) { context->threads = threads; }
void limes_set_memory(limes_context *context, uint64_t bytes) { context->memory = bytes; }
void limes_set_seed(limes_context *context, uint64_t seed) { context->seed = seed; }

limes_status limes_fail(limes_context *context, limes_status status, const char *format, ...) {
  va_list list;
  va_start(list, format);
  pthread_mutex_lock(&context->error_lock);
  vsnprintf(context->error, sizeof context->error, format, list);
  pthread_mutex_unlock(&context->error_lock);
  va_end(list);
  return status;
}

limes_status limes_fail_in(limes_context *context, limes_status status, const char *format, ...) {
  char text[LIMES_ERROR_SIZE];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  pthread_mutex_lock(&context->error_lock);
  if (length >= 0 && (size_t)length < sizeof text)
    snprintf(text + length, sizeof text - (size_t)length, "%s", context->error);
  memcpy(context->error, text, sizeof text);
  pthread_mutex_unlock(&context->error_lock);
  return status;
}

void limes_log(limes_context *context, limes_log_level level, const char *format, ...) {
  if (context->log == NULL)
    return;
  char text[LIMES_ERROR_SIZE];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  context->log(context->log_user, level, text);
}
