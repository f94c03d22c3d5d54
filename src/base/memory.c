#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

bool limes_multiply(size_t a, size_t b, size_t *product) { return !__builtin_mul_overflow(a, b, product); }
bool limes_add(size_t a, size_t b, size_t *sum) { return !__builtin_add_overflow(a, b, sum); }

size_t limes_multiply_capped(size_t a, size_t b) {
  size_t product = 0;
  return limes_multiply(a, b, &product) ? product : SIZE_MAX;
}

size_t limes_add_capped(size_t a, size_t b) {
  size_t sum = 0;
  return limes_add(a, b, &sum) ? sum : SIZE_MAX;
}

static void *no_memory(limes_context *context, size_t bytes) {
  (void)limes_fail(context, LIMES_NO_MEMORY,
                   "out of memory: %zu bytes could not be had; use fewer items, or a machine with more memory", bytes);
  return NULL;
}

void *limes_allocate(limes_context *context, size_t count, size_t size) {
  size_t bytes = 0, padded = 0;
  if (!limes_multiply(count, size, &bytes) || !limes_add(bytes, ALIGNMENT, &padded))
    return no_memory(context, SIZE_MAX);
  padded -= padded % ALIGNMENT;
  void *memory = aligned_alloc(ALIGNMENT, padded);
  if (memory == NULL)
    return no_memory(context, padded);
  memset(memory, 0, padded);
  return memory;
}

char *limes_copy_text(limes_context *context, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = malloc(size);
  if (copy == NULL)
    return no_memory(context, size);
  memcpy(copy, text, size);
  return copy;
}

char *limes_format_text(limes_context *context, const char *format, ...) {
  va_list list;
  va_start(list, format);
  int length = vsnprintf(NULL, 0, format, list);
  va_end(list);
  size_t size = length < 0 ? 1 : (size_t)length + 1;
  char *text = malloc(size);
  if (text == NULL)
    return no_memory(context, size);
  va_start(list, format);
  vsnprintf(text, size, format, list);
  va_end(list);
  return text;
}

bool limes_grow(limes_context *context, void **array, size_t *capacity, size_t needed, size_t size) {
  if (needed <= *capacity)
    return true;
  size_t more = *capacity < 8 ? 8 : *capacity, bytes = 0;
  while (more < needed)
    if (!limes_multiply(more, 2, &more))
      return no_memory(context, SIZE_MAX) != NULL;
  if (!limes_multiply(more, size, &bytes))
    return no_memory(context, SIZE_MAX) != NULL;
  void *grown = realloc(*array, bytes);
  if (grown == NULL)
    return no_memory(context, bytes) != NULL;
  *array = grown;
  *capacity = more;
  return true;
}

void limes_free(void *memory) { free(memory); }
