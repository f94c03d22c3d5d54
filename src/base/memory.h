/* Memory: every size is checked for overflow, every failure leaves a sentence in the context. */
#ifndef LIMES_BASE_MEMORY_H
#define LIMES_BASE_MEMORY_H

#include "base/context.h"

/* count * size zeroed bytes, aligned to 64; NULL with the context's error set where there is no memory (then return
 * LIMES_NO_MEMORY). count = 0 gives a pointer that may be freed. Free with free(). */
void *limes_allocate(limes_context *context, size_t count, size_t size) LIMES_MUST_USE;

/* A copy of the text, to be freed with free(); NULL as above. */
char *limes_copy_text(limes_context *context, const char *text) LIMES_MUST_USE;

/* A new text by a printf format, to be freed with free(); NULL as above. */
char *limes_format_text(limes_context *context, const char *format, ...) LIMES_PRINTF(2, 3) LIMES_MUST_USE;

/* Makes room for at least `needed` elements in *array of *capacity ones (doubling; *array may be NULL with capacity 0).
 * False with the error set, and *array untouched, where there is no memory. */
bool limes_grow(limes_context *context, void **array, size_t *capacity, size_t needed, size_t size) LIMES_MUST_USE;

/* a * b and a + b; false where they do not fit a size_t */
bool limes_multiply(size_t a, size_t b, size_t *product) LIMES_MUST_USE;
bool limes_add(size_t a, size_t b, size_t *sum) LIMES_MUST_USE;

/* The same, and SIZE_MAX, which no allocation can have, where they do not fit */
size_t limes_multiply_capped(size_t a, size_t b);
size_t limes_add_capped(size_t a, size_t b);

#endif
