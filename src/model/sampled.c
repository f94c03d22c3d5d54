#include "model/model.h"

static bool chain_is_sampled(const limes_chain *chain) {
  for (size_t i = 0; i < chain->n; i++) {
    const limes_node *node = &chain->node[i];
    limes_op op = {.ops = node->ops, .param = node->param};
    if (node->ops->sampled != NULL && node->ops->sampled(&op))
      return true;
    for (size_t k = 0; k < node->n_branch; k++)
      if (chain_is_sampled(&node->branch[k]))
        return true;
  }
  return false;
}

bool limes_model_sampled(const limes_model *model) { return chain_is_sampled(&model->chain); }
