/* The steps of building a model, taken by the parser with places and by the public builder without. A step that fails
 * leaves a sentence without a place, and the model as it was. */
#ifndef LIMES_MODEL_BUILD_H
#define LIMES_MODEL_BUILD_H

#include "model/model.h"

/* Whether the word holds branches. */
bool limes_has_branches(const limes_layer_ops *ops);

/* The layer of the word text[length]; an unknown one offers the closest. */
limes_status limes_build_find(limes_context *context, const char *text, size_t length, const limes_layer_ops **ops)
    LIMES_MUST_USE;

/* Appends a layer with its defaults to the open chain. One with branches is opened, with an empty first branch. *node
 * stays where it is until the next layer is appended to its chain. */
limes_status limes_build_append(limes_context *context, limes_model *model, const limes_layer_ops *ops, limes_node **node)
    LIMES_MUST_USE;

/* Number *k of the parameter with the key text[length], refused where it was given before. */
limes_status limes_build_key(limes_context *context, const limes_node *node, const char *text, size_t length, size_t *k)
    LIMES_MUST_USE;

/* Gives parameter k the value text[length]. */
limes_status limes_build_value(limes_context *context, limes_node *node, size_t k, const char *text, size_t length)
    LIMES_MUST_USE;

/* Adds text[length] to the list that is parameter k. */
limes_status limes_build_more(limes_context *context, limes_node *node, size_t k, const char *text, size_t length) LIMES_MUST_USE;

/* Begins the next branch of the layer opened last; ends that layer. Neither leaves an empty branch behind. */
limes_status limes_build_branch(limes_context *context, limes_model *model) LIMES_MUST_USE;
limes_status limes_build_close(limes_context *context, limes_model *model) LIMES_MUST_USE;

/* Whether the layer has the parameters that it needs and they go together. */
limes_status limes_build_check(limes_context *context, const limes_node *node) LIMES_MUST_USE;

/* "filter, stride, padding" into out */
const char *limes_list_keys(const limes_layer_ops *ops, char *out, size_t size);

#endif
