#include "network/evaluation.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_NUMBERS (1u << 22) /* activations of a block of items, about: 32 MB */

/* positions of the items at every value */

static limes_status copy_positions(limes_context *context, limes_evaluation *e, uint32_t value, const size_t *item,
                                   size_t first) {
  limes_grid *grid = limes_allocate(context, e->items, sizeof *grid);
  size_t *start = limes_allocate(context, e->items + 1, sizeof *start);
  e->owned[2 * value] = grid;
  e->owned[2 * value + 1] = start;
  if (grid == NULL || start == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < e->items; i++) {
    grid[i] = e->side->grid[value][item == NULL ? first + i : item[i]];
    start[i + 1] = start[i] + grid[i].T;
  }
  e->value[value].grid = grid;
  e->value[value].start = start;
  return LIMES_OK;
}

/* Values between which positions stay share them. */
static limes_status find_positions(limes_context *context, limes_evaluation *e, const size_t *item, size_t first) {
  const limes_program *program = &e->network->program;
  limes_status status = copy_positions(context, e, 0, item, first);
  for (size_t i = 0; i < program->n_op && status == LIMES_OK; i++) {
    const limes_op *op = &program->op[i];
    if (e->side->grid[op->out] != e->side->grid[op->in[0]]) {
      status = copy_positions(context, e, op->out, item, first);
      continue;
    }
    e->value[op->out].grid = e->value[op->in[0]].grid;
    e->value[op->out].start = e->value[op->in[0]].start;
  }
  return status;
}

static limes_status find_keys(limes_context *context, limes_evaluation *e, const size_t *item, size_t first) {
  size_t n_value = e->network->program.n_value;
  uint64_t *key = limes_allocate(context, e->items, sizeof *key);
  e->owned[2 * n_value] = key;
  if (key == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < e->items; i++)
    key[i] = e->network->item_key[e->side - e->network->side] + (item == NULL ? first + i : item[i]);
  for (size_t v = 0; v < n_value; v++) {
    e->value[v].items = e->items;
    e->value[v].channels = e->network->channels[v];
    e->value[v].axes = e->network->program.value[v].axes;
    e->value[v].item = key;
  }
  return LIMES_OK;
}

/* memory: activations, tapes, tangents, adjoints, scratch */

static size_t numbers_at(const limes_evaluation *e, size_t value) {
  return limes_multiply_capped(limes_rows(&e->value[value]), e->value[value].channels);
}

static void make_calls(limes_evaluation *e) {
  limes_units *input = e->input;
  for (size_t i = 0; i < e->network->program.n_op; i++) {
    const limes_op *op = &e->network->program.op[i];
    e->call[i] = limes_network_call(e->network, i);
    e->call[i].in = input;
    e->call[i].out = &e->value[op->out];
    for (uint32_t k = 0; k < op->n_in; k++)
      *input++ = e->value[op->in[k]];
  }
}

static size_t tape_of(const limes_call *call) {
  return call->op->ops->finite->tape == NULL ? 0 : call->op->ops->finite->tape(call);
}

static size_t scratch_of(const limes_call *call) {
  return call->op->ops->finite->scratch == NULL ? 0 : call->op->ops->finite->scratch(call);
}

size_t limes_evaluation_numbers(const limes_evaluation *e, unsigned with) {
  size_t n = 0, scratch = 0, copies = 1 + ((with & LIMES_WITH_TANGENT) != 0) + ((with & LIMES_WITH_ADJOINT) != 0);
  for (size_t v = 0; v < e->network->program.n_value; v++)
    n = limes_add_capped(n, limes_multiply_capped(copies, numbers_at(e, v)));
  for (size_t i = 0; i < e->network->program.n_op; i++) {
    size_t needed = scratch_of(&e->call[i]);
    scratch = needed > scratch ? needed : scratch;
    if (with != 0)
      n = limes_add_capped(n, tape_of(&e->call[i]));
  }
  return limes_add_capped(n, scratch);
}

static double *take(double **memory, size_t n) {
  double *taken = *memory;
  *memory += n;
  return taken;
}

static void lay_out(limes_evaluation *e, unsigned with) {
  double *memory = e->memory;
  for (size_t v = 0; v < e->network->program.n_value; v++) {
    size_t n = numbers_at(e, v);
    e->value[v].unit = take(&memory, n);
    e->tangent[v] = with & LIMES_WITH_TANGENT ? take(&memory, n) : NULL;
    e->adjoint[v] = with & LIMES_WITH_ADJOINT ? take(&memory, n) : NULL;
  }
  make_calls(e);
  for (size_t i = 0; with != 0 && i < e->network->program.n_op; i++)
    e->call[i].tape = take(&memory, tape_of(&e->call[i]));
  for (size_t i = 0; i < e->network->program.n_op; i++)
    e->call[i].scratch = memory;
}

static limes_status allocate_memory(limes_context *context, limes_evaluation *e, unsigned with) {
  make_calls(e);
  if (with & LIMES_SIZES_ALONE)
    return LIMES_OK;
  size_t doubles = limes_evaluation_numbers(e, with);
  uint64_t limit = limes_memory_limit(context);
  if (limit > 0 && limes_multiply_capped(doubles, sizeof(double)) > limit)
    return limes_fail(context, LIMES_REFUSED,
                      "the activations of %zu items would take %.3g GB, and %.3g GB may be planned for: take fewer items or a "
                      "smaller width, or allow more memory",
                      e->items, 8e-9 * (double)doubles, (double)limit / 1e9);
  e->memory = limes_allocate(context, doubles, sizeof *e->memory);
  if (e->memory == NULL)
    return LIMES_NO_MEMORY;
  lay_out(e, with);
  return LIMES_OK;
}

static limes_status allocate_tables(limes_context *context, limes_evaluation *e) {
  const limes_program *program = &e->network->program;
  size_t inputs = 0, most = 1;
  for (size_t i = 0; i < program->n_op; i++) {
    inputs += program->op[i].n_in;
    most = program->op[i].n_in > most ? program->op[i].n_in : most;
  }
  e->value = limes_allocate(context, program->n_value, sizeof *e->value);
  e->call = limes_allocate(context, program->n_op, sizeof *e->call);
  e->tangent = limes_allocate(context, program->n_value, sizeof *e->tangent);
  e->adjoint = limes_allocate(context, program->n_value, sizeof *e->adjoint);
  e->in_tangent = limes_allocate(context, most, sizeof *e->in_tangent);
  e->in_adjoint = limes_allocate(context, most, sizeof *e->in_adjoint);
  e->input = limes_allocate(context, inputs, sizeof *e->input);
  e->owned = limes_allocate(context, 2 * program->n_value + 1, sizeof *e->owned);
  bool all = e->value != NULL && e->call != NULL && e->tangent != NULL && e->adjoint != NULL && e->in_tangent != NULL &&
             e->in_adjoint != NULL && e->input != NULL && e->owned != NULL;
  return all ? LIMES_OK : LIMES_NO_MEMORY;
}

/* The features of the items */
static void read_features(limes_evaluation *e, const size_t *item, size_t first) {
  const limes_batch *batch = e->side->batch;
  const limes_units *input = &e->value[0];
  for (size_t i = 0; i < e->items; i++) {
    size_t from = batch->start[item == NULL ? first + i : item[i]], rows = input->start[i + 1] - input->start[i];
    memcpy(input->unit + input->start[i] * input->channels, batch->x + from * batch->features,
           rows * batch->features * sizeof(double));
  }
}

limes_status limes_evaluation_create(limes_context *context, const limes_network *network, size_t side, const size_t *item,
                                     size_t first, size_t n, unsigned with, limes_evaluation *evaluation) {
  *evaluation = (limes_evaluation){.network = network, .side = &network->side[side], .items = n};
  limes_status status = allocate_tables(context, evaluation);
  if (status == LIMES_OK)
    status = find_positions(context, evaluation, item, first);
  if (status == LIMES_OK)
    status = find_keys(context, evaluation, item, first);
  if (status == LIMES_OK)
    status = allocate_memory(context, evaluation, with);
  if (status != LIMES_OK)
    limes_evaluation_clear(evaluation);
  else if (evaluation->memory != NULL)
    read_features(evaluation, item, first);
  return status;
}

void limes_evaluation_clear(limes_evaluation *e) {
  for (size_t k = 0; e->owned != NULL && k < 2 * e->network->program.n_value + 1; k++)
    free(e->owned[k]);
  free(e->owned);
  free(e->value);
  free(e->call);
  free(e->tangent);
  free(e->adjoint);
  free(e->in_tangent);
  free(e->in_adjoint);
  free(e->input);
  free(e->memory);
  *e = (limes_evaluation){0};
}

/* A bias or a constant fills hidden positions: they are emptied again behind every op, and so are their derivatives. */
static void hide(const limes_evaluation *e, uint32_t value, double *numbers) {
  const limes_units *units = &e->value[value];
  if (!e->side->holes)
    return;
  for (size_t i = 0; i < units->items; i++)
    for (uint32_t a = 0; units->grid[i].hidden != NULL && a < units->grid[i].T; a++)
      if (units->grid[i].hidden[a])
        memset(numbers + (units->start[i] + a) * units->channels, 0, units->channels * sizeof *numbers);
}

void limes_evaluate(limes_evaluation *e) {
  for (size_t i = 0; i < e->network->program.n_op; i++) {
    limes_call *call = &e->call[i];
    call->stream.key[0] = e->network->settings.draw;
    call->op->ops->finite->forward(call);
    hide(e, call->op->out, call->out->unit);
  }
}

void limes_evaluate_tangent(limes_evaluation *e, const double *input, const double *theta) {
  if (input == NULL)
    memset(e->tangent[0], 0, numbers_at(e, 0) * sizeof(double));
  else
    memcpy(e->tangent[0], input, numbers_at(e, 0) * sizeof(double));
  hide(e, 0, e->tangent[0]);
  for (size_t i = 0; i < e->network->program.n_op; i++) {
    const limes_call *call = &e->call[i];
    const limes_op *op = call->op;
    for (uint32_t k = 0; k < op->n_in; k++)
      e->in_tangent[k] = op->in[k] == 0 && input == NULL ? NULL : e->tangent[op->in[k]];
    op->ops->finite->tangent(call, e->in_tangent, theta == NULL ? NULL : theta + e->network->member[i].first,
                             e->tangent[op->out]);
    hide(e, op->out, e->tangent[op->out]);
  }
}

void limes_evaluate_adjoint(limes_evaluation *e, double *theta, bool input) {
  const limes_program *program = &e->network->program;
  for (size_t v = 0; v < program->n_value; v++)
    if (v != program->readout)
      memset(e->adjoint[v], 0, numbers_at(e, v) * sizeof(double));
  for (size_t i = program->n_op; i-- > 0;) {
    const limes_call *call = &e->call[i];
    const limes_op *op = call->op;
    for (uint32_t k = 0; k < op->n_in; k++)
      e->in_adjoint[k] = op->in[k] == 0 && !input ? NULL : e->adjoint[op->in[k]];
    hide(e, op->out, e->adjoint[op->out]);
    bool wanted = theta != NULL && (e->left_out == NULL || !e->left_out[i]);
    op->ops->finite->adjoint(call, e->adjoint[op->out], e->in_adjoint, wanted ? theta + e->network->member[i].first : NULL);
  }
  hide(e, 0, e->adjoint[0]);
}

/* Numbers of all values of the largest item */
static size_t numbers_of_one(const limes_network *network, size_t side) {
  size_t n = 1;
  for (size_t v = 0; v < network->program.n_value; v++)
    n = limes_add_capped(n, limes_multiply_capped(network->channels[v], network->side[side].largest[v].T));
  return n;
}

size_t limes_evaluation_block(const limes_network *network, size_t side) {
  return BLOCK_NUMBERS / numbers_of_one(network, side) + 1;
}
