/* Words that a user has defined: nonlinearities of their own, known in one context. */
#ifndef LIMES_LAYERS_DEFINED_H
#define LIMES_LAYERS_DEFINED_H

#include "layers/layer.h"
#include "limes/model.h"

/* Makes the word known in the context, which owns it. The word is new, and name such as the language has them. */
limes_status limes_defined_add(limes_context *context, const char *name, limes_nonlinearity_callback *value,
                               limes_nonlinearity_callback *slope, void *user) LIMES_MUST_USE;

/* Word i of those defined in the context, counted from 0 in the order in which they came; NULL past the last one. */
const limes_layer_ops *limes_defined(const limes_context *context, size_t i);

#endif
