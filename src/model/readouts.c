/* Several readouts of one model: lists of length scales. */
#include <string.h>

#include "limes/model.h"
#include "model/model.h"
#include "model/param.h"
#include "model/place.h"

limes_list *limes_node_readouts(const limes_node *node) {
  for (size_t k = 0; k < limes_param_count(node->ops); k++)
    if (node->ops->params[k].readouts)
      return (limes_list *)(void *)((char *)node->param + node->ops->params[k].offset);
  return NULL;
}

/* What is done with each list of several numbers; false stops */
typedef bool visitor(limes_node *node, limes_list *list, void *user);

static bool visit(const limes_chain *chain, visitor *each, void *user) {
  for (size_t i = 0; i < chain->n; i++) {
    limes_list *list = limes_node_readouts(&chain->node[i]);
    if (list != NULL && list->n > 1 && !each(&chain->node[i], list, user))
      return false;
    for (size_t k = 0; k < chain->node[i].n_branch; k++)
      if (!visit(&chain->node[i].branch[k], each, user))
        return false;
  }
  return true;
}

static bool take_first(limes_node *node, limes_list *list, void *user) {
  (void)node;
  *(const limes_list **)user = list;
  return false;
}

static const limes_list *first_list(const limes_model *model) {
  const limes_list *first = NULL;
  (void)visit(&model->chain, take_first, &first);
  return first;
}

size_t limes_model_readouts(const limes_model *model, const double **length_scale) {
  const limes_list *list = first_list(model);
  if (length_scale != NULL)
    *length_scale = list == NULL ? NULL : list->value;
  return list == NULL ? 1 : list->n;
}

typedef struct {
  const limes_list *first;
  const limes_node *other; /* a layer with another list */
} difference;

static bool compare(limes_node *node, limes_list *list, void *user) {
  difference *found = user;
  bool same = list->n == found->first->n && memcmp(list->value, found->first->value, list->n * sizeof *list->value) == 0;
  found->other = same ? NULL : node;
  return same;
}

limes_status limes_model_check_readouts(limes_context *context, const limes_model *model) {
  difference found = {.first = first_list(model)};
  (void)visit(&model->chain, compare, &found);
  if (found.other == NULL)
    return LIMES_OK;
  return limes_fail_at(
      context, model, found.other->line, found.other->column,
      "%s has another list of length scales than the one before it, and a model has one list: give both the same",
      found.other->ops->word);
}

static bool leave_one(limes_node *node, limes_list *list, void *user) {
  (void)node;
  *list = (limes_list){1, {list->value[*(const size_t *)user]}};
  return true;
}

void limes_model_choose_readout(limes_model *model, size_t readout) { (void)visit(&model->chain, leave_one, &readout); }
