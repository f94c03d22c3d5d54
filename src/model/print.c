/* The printer: one line of text that parses to the same tree. */
#include "model/build.h"
#include "model/param.h"

static void print_chain(const limes_chain *chain, limes_text *text);

/* ", " between the arguments of one pair of brackets, "(" before the first */
static void separate(limes_text *text, bool *any) {
  limes_text_add(text, *any ? ", " : "(");
  *any = true;
}

/* Whether limes_lex_is_number would know the value of this parameter from a branch. */
static bool may_stand_bare(const limes_layer_ops *ops, const limes_param *param) {
  return param->required &&
         (!limes_has_branches(ops) || (param->kind != LIMES_PARAM_CHOICE && param->kind != LIMES_PARAM_SWITCH));
}

static void print_branches(const limes_node *node, limes_text *text) {
  for (size_t i = 0; i < node->n_branch; i++) {
    limes_text_add(text, "%s", i == 0 ? "" : " | ");
    print_chain(&node->branch[i], text);
  }
}

/* Required parameters at the table's head stand bare, then the branches, then key=value. */
static void print_node(const limes_node *node, limes_text *text) {
  const limes_layer_ops *ops = node->ops;
  size_t n = limes_param_count(ops), k = 0;
  bool any = false;
  limes_text_add(text, "%s", ops->word);
  for (; k < n && may_stand_bare(ops, &ops->params[k]); k++) {
    separate(text, &any);
    limes_param_print_bare(&ops->params[k], node->param, text);
  }
  if (node->n_branch > 0) {
    separate(text, &any);
    print_branches(node, text);
  }
  for (; k < n; k++)
    if (ops->params[k].required || !limes_param_is_default(&ops->params[k], node->param)) {
      separate(text, &any);
      limes_text_add(text, "%s=", ops->params[k].name);
      limes_param_print(&ops->params[k], node->param, text);
    }
  if (any)
    limes_text_add(text, ")");
}

static void print_chain(const limes_chain *chain, limes_text *text) {
  for (size_t i = 0; i < chain->n; i++) {
    limes_text_add(text, "%s", i == 0 ? "" : " ");
    print_node(&chain->node[i], text);
  }
}

limes_status limes_model_print(limes_context *context, const limes_model *model, char **out) {
  *out = NULL;
  limes_status status = limes_model_complete(context, model);
  if (status != LIMES_OK)
    return status;
  limes_text text = {.context = context};
  print_chain(&model->chain, &text);
  return limes_text_finish(&text, out);
}
