#include "model/program.h"

#include <stdlib.h>

#include "model/place.h"

static limes_status add_value(limes_context *context, limes_program *program, limes_shape shape, uint32_t *value) {
  if (!limes_grow(context, (void **)&program->value, &program->value_capacity, program->n_value + 1, sizeof *program->value))
    return LIMES_NO_MEMORY;
  *value = (uint32_t)program->n_value;
  program->value[program->n_value++] = shape;
  return LIMES_OK;
}

static limes_status infer(limes_context *context, const limes_program *program, const limes_op *op, limes_shape *shape) {
  limes_shape *in = limes_allocate(context, op->n_in, sizeof *in);
  if (in == NULL)
    return LIMES_NO_MEMORY;
  for (uint32_t i = 0; i < op->n_in; i++)
    in[i] = program->value[op->in[i]];
  limes_status status = op->ops->infer(context, op, in, shape);
  shape->affine = in[0].affine;
  for (uint32_t i = 1; i < op->n_in; i++)
    shape->affine = in[i].affine < shape->affine ? in[i].affine : shape->affine;
  shape->affine += op->ops->affine;
  free(in);
  return status == LIMES_OK ? LIMES_OK : limes_place_error(context, program->model, op->line, op->column, status);
}

/* Appends the op of a node over the values in[n_in], which it takes over; *value becomes its result. */
static limes_status add_op(limes_context *context, limes_program *program, const limes_node *node, uint32_t *in, size_t n_in,
                           uint32_t *value) {
  limes_op op = {.ops = node->ops,
                 .param = node->param,
                 .in = in,
                 .n_in = (uint32_t)n_in,
                 .given = node->given,
                 .line = node->line,
                 .column = node->column};
  limes_shape shape = {0};
  if (program->n_op >= LIMES_MOST_OPS) {
    free(in);
    return limes_fail_at(context, program->model, node->line, node->column,
                         "the model has more than %d layers, repeats unfolded: repeat less", LIMES_MOST_OPS);
  }
  if (!limes_grow(context, (void **)&program->op, &program->op_capacity, program->n_op + 1, sizeof *program->op)) {
    free(in);
    return LIMES_NO_MEMORY;
  }
  if (op.ops->coin != NULL && op.ops->coin(&op) < 1)
    op.coin = ++program->coins;
  program->op[program->n_op++] = op; /* from here on the program frees in */
  limes_status status = infer(context, program, &op, &shape);
  if (status == LIMES_OK)
    status = add_value(context, program, shape, &program->op[program->n_op - 1].out);
  *value = program->op[program->n_op - 1].out;
  return status;
}

static limes_status add_chain(limes_context *context, limes_program *program, const limes_chain *chain, uint32_t *value);

/* A repeated layer is warned of once. */
static bool stands_already(const limes_program *program, const limes_node *node) {
  for (size_t i = 0; i < program->n_op; i++)
    if (program->op[i].ops == node->ops && program->op[i].line == node->line && program->op[i].column == node->column)
      return true;
  return false;
}

/* Covariances of branches add where the branches are uncorrelated: of any two, one has weights of its own behind the value
 * `shared` that they begin with, and one has mean zero (docs/mathematics.md, section 7). They multiply where one has weights
 * of its own. Other branches are taken for independent, as the literature does, and the user hears of it. */
static void warn_of_correlation(limes_context *context, const limes_program *program, const limes_node *node, uint32_t shared,
                                const uint32_t *in, size_t n_in) {
  const limes_shape *value = program->value;
  if (node->ops->any_branches || stands_already(program, node))
    return;
  for (size_t i = 0; i < n_in; i++)
    for (size_t k = 0; k < i; k++) {
      bool own = value[in[i]].affine > value[shared].affine || value[in[k]].affine > value[shared].affine;
      if (own && (node->ops->any_means || value[in[i]].zero_mean || value[in[k]].zero_mean))
        continue;
      limes_log(
          context, LIMES_LOG_WARNING,
          "line %u, column %u: branches %zu and %zu of %s are correlated in a network (they end with %s and %s), and the kernel "
          "takes them for independent: end one of them with dense",
          node->line, node->column, k + 1, i + 1, node->ops->word, value[in[k]].made_by, value[in[i]].made_by);
      return;
    }
}

/* sum(A | B | ...) and residual(A), whose second branch is its input */
static limes_status add_branches(limes_context *context, limes_program *program, const limes_node *node, uint32_t *value) {
  size_t n_in = node->n_branch + (node->ops->kind == LIMES_WORD_RESIDUAL ? 1 : 0);
  uint32_t *in = limes_allocate(context, n_in, sizeof *in);
  if (in == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = LIMES_OK;
  for (size_t i = 0; i < n_in && status == LIMES_OK; i++) {
    in[i] = *value;
    if (i < node->n_branch)
      status = add_chain(context, program, &node->branch[i], &in[i]);
  }
  if (status != LIMES_OK) {
    free(in);
    return status;
  }
  warn_of_correlation(context, program, node, *value, in, n_in);
  return add_op(context, program, node, in, n_in, value);
}

static limes_status add_repeat(limes_context *context, limes_program *program, const limes_node *node, uint32_t *value) {
  uint32_t times = ((const limes_repeat *)node->param)->n;
  limes_status status = LIMES_OK;
  for (uint32_t i = 0; i < times && status == LIMES_OK; i++) {
    size_t before = program->n_op;
    status = add_chain(context, program, &node->branch[0], value);
    if (program->n_op == before) /* nothing but identities */
      break;
  }
  return status;
}

static limes_status add_layer(limes_context *context, limes_program *program, const limes_node *node, uint32_t *value) {
  uint32_t *in = limes_allocate(context, 1, sizeof *in);
  if (in == NULL)
    return LIMES_NO_MEMORY;
  in[0] = *value;
  return add_op(context, program, node, in, 1, value);
}

static limes_status add_chain(limes_context *context, limes_program *program, const limes_chain *chain, uint32_t *value) {
  limes_status status = LIMES_OK;
  for (size_t i = 0; i < chain->n && status == LIMES_OK; i++) {
    const limes_node *node = &chain->node[i];
    switch (node->ops->kind) {
    case LIMES_WORD_IDENTITY:
      break;
    case LIMES_WORD_REPEAT:
      status = add_repeat(context, program, node, value);
      break;
    case LIMES_WORD_SUM:
    case LIMES_WORD_RESIDUAL:
      status = add_branches(context, program, node, value);
      break;
    case LIMES_WORD_LAYER:
      status = add_layer(context, program, node, value);
      break;
    }
  }
  return status;
}

limes_status limes_program_create(limes_context *context, const limes_model *model, uint32_t axes, bool segments,
                                  limes_program *program) {
  *program = (limes_program){.model = model};
  limes_status status = limes_model_complete(context, model);
  uint32_t value = 0;
  if (status == LIMES_OK)
    status = add_value(context, program, (limes_shape){.axes = axes, .segments = segments, .made_by = "the input"}, &value);
  if (status == LIMES_OK)
    status = add_chain(context, program, &model->chain, &value);
  program->readout = value;
  if (status != LIMES_OK)
    limes_program_clear(program);
  return status;
}

void limes_program_clear(limes_program *program) {
  for (size_t i = 0; i < program->n_op; i++)
    free((void *)program->op[i].in);
  free(program->op);
  free(program->value);
  *program = (limes_program){0};
}
