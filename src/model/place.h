/* Errors about a place in a model's text. */
#ifndef LIMES_MODEL_PLACE_H
#define LIMES_MODEL_PLACE_H

#include "model/model.h"

/* Keeps the sentence as the context's error, with line and column before it and the line of text and a caret behind it,
 * and returns LIMES_WRONG_USE. Line and column count from 1, columns in characters; line 0: the model was built by calls,
 * the sentence stands alone. */
limes_status limes_fail_at(limes_context *context, const limes_model *model, uint32_t line, uint32_t column, const char *format,
                           ...) LIMES_PRINTF(5, 6);

/* The same to the sentence that a failed call has left in the context; returns status. LIMES_NO_MEMORY has no place and
 * stays as it is. */
limes_status limes_place_error(limes_context *context, const limes_model *model, uint32_t line, uint32_t column,
                               limes_status status);

#endif
