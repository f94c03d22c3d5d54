/* The public builder: the steps of build.h on the layer added last, each checked for what must stand before it. */
#include <stdlib.h>
#include <string.h>

#include "model/build.h"
#include "model/param.h"

static void free_chain(limes_chain *chain) {
  for (size_t i = 0; i < chain->n; i++) {
    limes_node *node = &chain->node[i];
    for (size_t k = 0; k < node->n_branch; k++)
      free_chain(&node->branch[k]);
    free(node->branch);
    free(node->param);
  }
  free(chain->node);
}

limes_status limes_model_create(limes_context *context, limes_model **model) {
  *model = limes_allocate(context, 1, sizeof **model);
  if (*model == NULL)
    return LIMES_NO_MEMORY;
  (*model)->path[0] = &(*model)->chain;
  return LIMES_OK;
}

void limes_model_destroy(limes_model *model) {
  if (model == NULL)
    return;
  free_chain(&model->chain);
  free(model->text);
  free(model->name);
  free(model);
}

static limes_node *last_of(const limes_chain *chain) { return chain->n == 0 ? NULL : &chain->node[chain->n - 1]; }

/* The last layer of the open chain must be whole before anything can follow it. */
static limes_status check_last(limes_context *context, const limes_model *model) {
  const limes_node *last = last_of(model->path[model->n_open]);
  return last == NULL ? LIMES_OK : limes_build_check(context, last);
}

static limes_status append(limes_context *context, limes_model *model, const char *word, bool opens) {
  const limes_layer_ops *ops = NULL;
  limes_node *node = NULL;
  limes_status status = limes_build_find(context, word, strlen(word), &ops);
  if (status == LIMES_OK && opens && !limes_has_branches(ops))
    return limes_fail(context, LIMES_WRONG_USE, "%s has no branches: use limes_model_add", ops->word);
  if (status == LIMES_OK && !opens && limes_has_branches(ops))
    return limes_fail(context, LIMES_WRONG_USE, "%s has branches: use limes_model_open", ops->word);
  if (status == LIMES_OK)
    status = check_last(context, model);
  return status == LIMES_OK ? limes_build_append(context, model, ops, &node) : status;
}

limes_status limes_model_add(limes_context *context, limes_model *model, const char *word) {
  return append(context, model, word, false);
}

limes_status limes_model_open(limes_context *context, limes_model *model, const char *word) {
  return append(context, model, word, true);
}

static limes_status check_open(limes_context *context, const limes_model *model) {
  if (model->n_open == 0)
    return limes_fail(context, LIMES_WRONG_USE, "no layer with branches is open: limes_model_open begins one");
  return check_last(context, model);
}

limes_status limes_model_branch(limes_context *context, limes_model *model) {
  limes_status status = check_open(context, model);
  return status == LIMES_OK ? limes_build_branch(context, model) : status;
}

limes_status limes_model_close(limes_context *context, limes_model *model) {
  limes_status status = check_open(context, model);
  return status == LIMES_OK ? limes_build_close(context, model) : status;
}

/* The layer that a parameter goes to: the last of the open chain, or the one whose branch has just begun. */
static limes_status find_key(limes_context *context, const limes_model *model, const char *key, limes_node **node, size_t *k) {
  *node = last_of(model->path[model->n_open]);
  if (*node == NULL && model->n_open > 0)
    *node = last_of(model->path[model->n_open - 1]);
  if (*node == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "there is no layer yet to set %.40s of: limes_model_add comes first", key);
  return limes_build_key(context, *node, key, strlen(key), k);
}

limes_status limes_model_set(limes_context *context, limes_model *model, const char *key, const char *value) {
  limes_node *node = NULL;
  size_t k = 0;
  limes_status status = find_key(context, model, key, &node, &k);
  return status == LIMES_OK ? limes_build_value(context, node, k, value, strlen(value)) : status;
}

limes_status limes_model_set_number(limes_context *context, limes_model *model, const char *key, double value) {
  limes_node *node = NULL;
  size_t k = 0;
  limes_status status = find_key(context, model, key, &node, &k);
  if (status == LIMES_OK)
    status = limes_param_set_number(context, &node->ops->params[k], node->param, value);
  if (status == LIMES_OK)
    node->given |= UINT32_C(1) << k;
  return status;
}

limes_status limes_model_complete(limes_context *context, const limes_model *model) {
  if (model->n_open > 0)
    return limes_fail(context, LIMES_WRONG_USE, "%s is still open: limes_model_close ends it",
                      last_of(model->path[model->n_open - 1])->ops->word);
  if (model->chain.n == 0)
    return limes_fail(context, LIMES_WRONG_USE, "the model has no layer");
  return check_last(context, model);
}
