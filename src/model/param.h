/* What the parameter table of a layer says, applied to its parameter struct. */
#ifndef LIMES_MODEL_PARAM_H
#define LIMES_MODEL_PARAM_H

#include "layers/layer.h"
#include "model/text.h"

size_t limes_param_count(const limes_layer_ops *ops);

/* The number of the parameter with the name text[length]; limes_param_count where there is none. */
size_t limes_param_find(const limes_layer_ops *ops, const char *text, size_t length);

/* Fills ops->param_size zeroed bytes with the defaults. "Decided by the others" is NAN for a real number, 0 for a count or a
 * size, -1 for a choice, no for a switch, none for a list. */
void limes_param_defaults(const limes_layer_ops *ops, void *params);

bool limes_param_is_default(const limes_param *param, const void *params);

/* Sets the parameter from a text as it is written in a model, or from a number; LIMES_WRONG_USE with a sentence that has
 * no place and *params untouched where it is not one of its values. */
limes_status limes_param_read(limes_context *context, const limes_param *param, void *params, const char *text, size_t length)
    LIMES_MUST_USE;
limes_status limes_param_set_number(limes_context *context, const limes_param *param, void *params, double value) LIMES_MUST_USE;

/* Adds the numbers of the text to those that a list has. */
limes_status limes_param_append(limes_context *context, const limes_param *param, void *params, const char *text, size_t length)
    LIMES_MUST_USE;

/* Appends the value as limes_param_read takes it. */
void limes_param_print(const limes_param *param, const void *params, limes_text *text);

/* The same without its key: a list that takes the rest of the bare values is written as those. */
void limes_param_print_bare(const limes_param *param, const void *params, limes_text *text);

/* Appends the default as it would be written, "-" where the others decide. */
void limes_param_print_default(const limes_param *param, limes_text *text);

/* What it takes, in words: "a number above 0", "same, valid or circular". Upper bounds that only keep nonsense out are left
 * away unless all are wanted. */
void limes_param_range(const limes_param *param, bool all_bounds, limes_text *text);

#endif
