#include "model/program.h"

#include <stdlib.h>
#include <string.h>

#include "layers/readout.h"
#include "model/place.h"

/* What a chain hands on: one value, or behind a list of length scales one for each readout */
typedef struct {
  uint32_t n, value[LIMES_MOST_LISTED];
} values;

static uint32_t value_of(const values *all, uint32_t readout) { return all->value[all->n > 1 ? readout : 0]; }

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

/* Appends the op, whose in[n_in] the program takes over; *value becomes its result. */
static limes_status add_op(limes_context *context, limes_program *program, limes_op op, uint32_t *value) {
  limes_shape shape = {0};
  if (program->n_op >= LIMES_MOST_OPS) {
    free((void *)op.in);
    return limes_fail_at(context, program->model, op.line, op.column,
                         "the model has more than %d layers, repeats unfolded: repeat less", LIMES_MOST_OPS);
  }
  if (!limes_grow(context, (void **)&program->op, &program->op_capacity, program->n_op + 1, sizeof *program->op)) {
    free((void *)op.in);
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

/* The ops of a node over its inputs in[n_in]: one, or one for each of `readouts` readouts; *out becomes their results. */
static limes_status add_ops(limes_context *context, limes_program *program, const limes_node *node, const values *in, size_t n_in,
                            uint32_t readouts, values *out) {
  limes_status status = LIMES_OK;
  out->n = readouts;
  for (uint32_t r = 0; r < readouts && status == LIMES_OK; r++) {
    uint32_t *from = limes_allocate(context, n_in, sizeof *from);
    if (from == NULL)
      return LIMES_NO_MEMORY;
    for (size_t i = 0; i < n_in; i++)
      from[i] = value_of(&in[i], r);
    limes_op op = {.ops = node->ops,
                   .param = node->param,
                   .in = from,
                   .n_in = (uint32_t)n_in,
                   .given = node->given,
                   .line = node->line,
                   .column = node->column,
                   .readout = r,
                   .readouts = readouts > 1 ? readouts : 0};
    status = add_op(context, program, op, &out->value[r]);
  }
  return status;
}

static limes_status add_chain(limes_context *context, limes_program *program, const limes_chain *chain, values *value);

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
                                const values *branch, size_t n_in) {
  const limes_shape *value = program->value;
  if (node->ops->any_branches || stands_already(program, node))
    return;
  for (size_t i = 0; i < n_in; i++)
    for (size_t k = 0; k < i; k++) {
      const limes_shape *one = &value[branch[i].value[0]],
                        *other = &value[branch[k].value[0]]; /* readouts differ in numbers only */
      bool own = one->affine > value[shared].affine || other->affine > value[shared].affine;
      if (own && (node->ops->any_means || one->zero_mean || other->zero_mean))
        continue;
      limes_log(
          context, LIMES_LOG_WARNING,
          "line %u, column %u: branches %zu and %zu of %s are correlated in a network (they end with %s and %s), and the kernel "
          "takes them for independent: end one of them with dense",
          node->line, node->column, k + 1, i + 1, node->ops->word, other->made_by, one->made_by);
      return;
    }
}

/* sum(A | B | ...) and residual(A), whose second branch is its input */
static limes_status add_branches(limes_context *context, limes_program *program, const limes_node *node, values *value) {
  size_t n_in = node->n_branch + (node->ops->kind == LIMES_WORD_RESIDUAL ? 1 : 0);
  values *in = limes_allocate(context, n_in, sizeof *in);
  if (in == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = LIMES_OK;
  uint32_t readouts = 1;
  for (size_t i = 0; i < n_in && status == LIMES_OK; i++) {
    in[i] = *value;
    if (i < node->n_branch)
      status = add_chain(context, program, &node->branch[i], &in[i]);
    readouts = in[i].n > readouts ? in[i].n : readouts;
  }
  if (status == LIMES_OK) {
    warn_of_correlation(context, program, node, value->value[0], in, n_in);
    status = add_ops(context, program, node, in, n_in, readouts, value);
  }
  free(in);
  return status;
}

static limes_status add_repeat(limes_context *context, limes_program *program, const limes_node *node, values *value) {
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

static limes_status add_layer(limes_context *context, limes_program *program, const limes_node *node, values *value) {
  const limes_list *list = limes_node_readouts(node);
  values in = *value;
  return add_ops(context, program, node, &in, 1, list == NULL || list->n < in.n ? in.n : list->n, value);
}

static limes_status add_chain(limes_context *context, limes_program *program, const limes_chain *chain, values *value) {
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

static limes_status set_readouts(limes_context *context, limes_program *program, const uint32_t *value, size_t n) {
  uint32_t *readout = limes_allocate(context, n, sizeof *readout);
  if (readout == NULL)
    return LIMES_NO_MEMORY;
  memcpy(readout, value, n * sizeof *readout);
  free(program->readout);
  program->readout = readout;
  program->n_readout = n;
  return LIMES_OK;
}

limes_status limes_program_create(limes_context *context, const limes_model *model, uint32_t axes, bool segments,
                                  limes_program *program) {
  *program = (limes_program){.model = model};
  limes_status status = limes_model_complete(context, model);
  values value = {.n = 1};
  if (status == LIMES_OK)
    status = limes_model_check_readouts(context, model);
  if (status == LIMES_OK)
    status =
        add_value(context, program, (limes_shape){.axes = axes, .segments = segments, .made_by = "the input"}, &value.value[0]);
  if (status == LIMES_OK)
    status = add_chain(context, program, &model->chain, &value);
  if (status == LIMES_OK)
    status = set_readouts(context, program, value.value, value.n);
  if (status != LIMES_OK)
    limes_program_clear(program);
  return status;
}

/* The op over one more value, which is the kernel shown of the value before it */
static limes_status show(limes_context *context, limes_program *program, limes_op behind, uint32_t *value) {
  uint32_t *in = limes_allocate(context, 1, sizeof *in);
  if (in == NULL)
    return LIMES_NO_MEMORY;
  in[0] = behind.out;
  behind.ops = &limes_layer_shown;
  behind.param = NULL;
  behind.in = in;
  behind.n_in = 1;
  return add_op(context, program, behind, value);
}

/* The ops in the order first[n_op], each writing the value behind its own number again; readout [n] follows. */
static limes_status reorder(limes_context *context, limes_program *program, const size_t *first, uint32_t *readout, size_t n) {
  limes_op *op = limes_allocate(context, program->n_op, sizeof *op);
  limes_shape *value = limes_allocate(context, program->n_value, sizeof *value);
  uint32_t *number = limes_allocate(context, program->n_value, sizeof *number); /* of a value, from then on */
  if (op == NULL || value == NULL || number == NULL) {
    free(op);
    free(value);
    free(number);
    return LIMES_NO_MEMORY;
  }
  value[0] = program->value[0];
  for (size_t i = 0; i < program->n_op; i++) {
    op[i] = program->op[first[i]];
    number[op[i].out] = (uint32_t)i + 1;
    value[i + 1] = program->value[op[i].out];
    op[i].out = (uint32_t)i + 1;
    for (uint32_t k = 0; k < op[i].n_in; k++)
      ((uint32_t *)op[i].in)[k] = number[op[i].in[k]];
  }
  for (size_t r = 0; r < n; r++)
    readout[r] = number[readout[r]];
  free(program->op);
  free(program->value);
  free(number);
  program->op = op;
  program->value = value;
  program->op_capacity = program->n_op;
  program->value_capacity = program->n_value;
  return LIMES_OK;
}

/* Each op of the first n, and straight behind it the one that shows it, where it has one: these stand behind the first n. */
static limes_status bring_together(limes_context *context, limes_program *program, uint32_t *readout, size_t n) {
  size_t *first = limes_allocate(context, program->n_op, sizeof *first), to = 0, next = n;
  if (first == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < n; i++) {
    first[to++] = i;
    if (next < program->n_op && program->op[next].in[0] == program->op[i].out)
      first[to++] = next++;
  }
  limes_status status = reorder(context, program, first, readout, n);
  free(first);
  return status;
}

limes_status limes_program_show_layers(limes_context *context, limes_program *program) {
  size_t n = program->n_op;
  if (n == 0)
    return limes_fail(context, LIMES_WRONG_USE, "the model has no layer but identity: there is no kernel behind a layer");
  uint32_t *readout = limes_allocate(context, n, sizeof *readout);
  limes_status status = readout == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t i = 0; i < n && status == LIMES_OK; i++) {
    readout[i] = program->op[i].out;
    if (program->value[readout[i]].axes > 0)
      status = show(context, program, program->op[i], &readout[i]);
  }
  if (status == LIMES_OK)
    status = bring_together(context, program, readout, n);
  if (status == LIMES_OK)
    status = set_readouts(context, program, readout, n);
  free(readout);
  return status;
}

void limes_program_clear(limes_program *program) {
  for (size_t i = 0; i < program->n_op; i++)
    free((void *)program->op[i].in);
  free(program->op);
  free(program->value);
  free(program->readout);
  *program = (limes_program){0};
}
