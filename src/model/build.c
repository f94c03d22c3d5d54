#include "model/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/defined.h"
#include "model/param.h"
#include "model/suggest.h"

#define LONGEST_WORD 63

bool limes_has_branches(const limes_layer_ops *ops) { return ops->least_branches > 0 || ops->most_branches > 0; }

static limes_status unknown_word(limes_context *context, const char *text, size_t length) {
  char quote[LIMES_QUOTE_SIZE];
  limes_closest closest = limes_closest_to(text, length);
  const char *word = NULL;
  for (size_t i = 0; (word = limes_word(i)) != NULL; i++)
    limes_closest_try(&closest, word);
  for (size_t i = 0; limes_defined(context, i) != NULL; i++)
    limes_closest_try(&closest, limes_defined(context, i)->word);
  limes_quote(text, length, quote);
  if (closest.best == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "unknown word %s; 'limes layers' lists the words", quote);
  return limes_fail(context, LIMES_WRONG_USE, "unknown word %s: did you mean '%s'? 'limes layers' lists the words", quote,
                    closest.best);
}

limes_status limes_build_find(limes_context *context, const char *text, size_t length, const limes_layer_ops **ops) {
  char word[LONGEST_WORD + 1] = "";
  if (length <= LONGEST_WORD)
    memcpy(word, text, length);
  *ops = limes_layer_known(context, word);
  return *ops == NULL ? unknown_word(context, text, length) : LIMES_OK;
}

const char *limes_list_keys(const limes_layer_ops *ops, char *out, size_t size) {
  size_t used = 0;
  out[0] = '\0';
  for (size_t k = 0; k < limes_param_count(ops) && used < size; k++)
    used += (size_t)snprintf(out + used, size - used, "%s%s", k == 0 ? "" : ", ", ops->params[k].name);
  return out;
}

static limes_status unknown_key(limes_context *context, const limes_layer_ops *ops, const char *text, size_t length) {
  limes_closest closest = limes_closest_to(text, length);
  size_t n = limes_param_count(ops);
  char quote[LIMES_QUOTE_SIZE], keys[1024];
  for (size_t k = 0; k < n; k++)
    limes_closest_try(&closest, ops->params[k].name);
  limes_quote(text, length, quote);
  if (n == 0)
    return limes_fail(context, LIMES_WRONG_USE, "%s has no parameter %s; it takes none", ops->word, quote);
  limes_list_keys(ops, keys, sizeof keys);
  if (closest.best == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "%s has no parameter %s; it takes %s", ops->word, quote, keys);
  return limes_fail(context, LIMES_WRONG_USE, "%s has no parameter %s: did you mean '%s'? It takes %s", ops->word, quote,
                    closest.best, keys);
}

limes_status limes_build_key(limes_context *context, const limes_node *node, const char *text, size_t length, size_t *k) {
  size_t n = limes_param_count(node->ops);
  *k = limes_param_find(node->ops, text, length);
  if (*k == n)
    return unknown_key(context, node->ops, text, length);
  if ((node->given >> *k & 1) != 0)
    return limes_fail(context, LIMES_WRONG_USE, "%s of %s is given twice", node->ops->params[*k].name, node->ops->word);
  return LIMES_OK;
}

limes_status limes_build_value(limes_context *context, limes_node *node, size_t k, const char *text, size_t length) {
  limes_status status = limes_param_read(context, &node->ops->params[k], node->param, text, length);
  if (status == LIMES_OK)
    node->given |= UINT32_C(1) << k;
  return status;
}

limes_status limes_build_more(limes_context *context, limes_node *node, size_t k, const char *text, size_t length) {
  return limes_param_append(context, &node->ops->params[k], node->param, text, length);
}

limes_status limes_build_check(limes_context *context, const limes_node *node) {
  const limes_layer_ops *ops = node->ops;
  for (size_t k = 0; k < limes_param_count(ops); k++)
    if (ops->params[k].required && (node->given >> k & 1) == 0)
      return limes_fail(context, LIMES_WRONG_USE, "%s needs the parameter %s (%s): write %s(%s=...)", ops->word,
                        ops->params[k].name, ops->params[k].help, ops->word, ops->params[k].name);
  if (ops->check == NULL)
    return LIMES_OK;
  limes_status status = ops->check(context, node->param);
  return status == LIMES_OK || status == LIMES_NO_MEMORY ? status : limes_fail_in(context, status, "%s: ", ops->word);
}

/* Makes room for one more chain and counts it in. */
static limes_status add_branch(limes_context *context, limes_node *node) {
  if (!limes_grow(context, (void **)&node->branch, &node->branch_capacity, node->n_branch + 1, sizeof *node->branch))
    return LIMES_NO_MEMORY;
  node->branch[node->n_branch++] = (limes_chain){.node = NULL};
  return LIMES_OK;
}

static limes_status make_node(limes_context *context, const limes_layer_ops *ops, limes_node *node) {
  *node = (limes_node){.ops = ops, .param = limes_allocate(context, 1, ops->param_size)};
  if (node->param == NULL)
    return LIMES_NO_MEMORY;
  limes_param_defaults(ops, node->param);
  if (ops->prepare != NULL)
    ops->prepare(ops, node->param);
  if (!limes_has_branches(ops) || add_branch(context, node) == LIMES_OK)
    return LIMES_OK;
  free(node->param);
  return LIMES_NO_MEMORY;
}

limes_status limes_build_append(limes_context *context, limes_model *model, const limes_layer_ops *ops, limes_node **node) {
  limes_chain *chain = model->path[model->n_open];
  bool opens = limes_has_branches(ops);
  limes_node made;
  if (opens && model->n_open == LIMES_MAX_DEPTH)
    return limes_fail(context, LIMES_WRONG_USE, "layers are nested more than %d deep", LIMES_MAX_DEPTH);
  if (!limes_grow(context, (void **)&chain->node, &chain->capacity, chain->n + 1, sizeof *chain->node) ||
      make_node(context, ops, &made) != LIMES_OK)
    return LIMES_NO_MEMORY;
  *node = &chain->node[chain->n++];
  **node = made;
  if (opens)
    model->path[++model->n_open] = &(*node)->branch[0];
  return LIMES_OK;
}

/* The layer opened last; there is one. */
static limes_node *open_node(const limes_model *model) {
  const limes_chain *chain = model->path[model->n_open - 1];
  return &chain->node[chain->n - 1];
}

static limes_status check_branch(limes_context *context, const limes_model *model) {
  if (model->path[model->n_open]->n == 0)
    return limes_fail(context, LIMES_WRONG_USE, "a branch of %s is empty: write 'identity' for one that changes nothing",
                      open_node(model)->ops->word);
  return LIMES_OK;
}

limes_status limes_build_branch(limes_context *context, limes_model *model) {
  limes_node *node = open_node(model);
  limes_status status = check_branch(context, model);
  if (status != LIMES_OK)
    return status;
  if (node->ops->most_branches > 0 && node->n_branch == node->ops->most_branches)
    return limes_fail(context, LIMES_WRONG_USE, "%s takes %u %s, not more", node->ops->word, (unsigned)node->ops->most_branches,
                      node->ops->most_branches == 1 ? "branch" : "branches");
  status = add_branch(context, node);
  model->path[model->n_open] = &node->branch[node->n_branch - 1];
  return status;
}

limes_status limes_build_close(limes_context *context, limes_model *model) {
  const limes_node *node = open_node(model);
  limes_status status = check_branch(context, model);
  if (status != LIMES_OK)
    return status;
  if (node->n_branch < node->ops->least_branches)
    return limes_fail(context, LIMES_WRONG_USE, "%s needs at least %u branches, separated by '|'", node->ops->word,
                      (unsigned)node->ops->least_branches);
  model->n_open--;
  return LIMES_OK;
}
