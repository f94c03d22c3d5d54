#include "kernel/plan.h"

#include <stdlib.h>

#include "base/parallel.h"
#include "kernel/chain.h"
#include "kernel/diagonals.h"
#include "kernel/flops.h"
#include "model/place.h"

#define PANEL_ELEMENTS 16384     /* of the largest covariance in a panel: it stays in the second-level cache */
#define SCALAR_BLOCK 256         /* items without positions */
#define MOST_BLOCK 64            /* items with positions */
#define CACHED_TRACES (4u << 20) /* bytes of a block's traces that stay cached */
#define LEAST_BLOCK 16           /* below that, self passes cost too much beside pairs ... */
#define MOST_TRACES (128u << 20) /* ... unless their traces are larger than this */
#define LEAST_BLOCKS 8           /* of a batch, so that all cores have work */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static size_t most(size_t a, size_t b) { return a > b ? a : b; }

size_t limes_plan_blocks(const limes_plan *plan, const limes_side *side) {
  return (side->batch->items + plan->block - 1) / plan->block;
}

size_t limes_plan_block(const limes_plan *plan, const limes_side *side, size_t number, size_t *first) {
  *first = number * plan->block;
  return least(plan->block, side->batch->items - *first);
}

size_t limes_plan_tiles(const limes_plan *plan) {
  size_t blocks = limes_plan_blocks(plan, &plan->a);
  return plan->symmetric ? blocks * (blocks + 1) / 2 : blocks * limes_plan_blocks(plan, &plan->b);
}

/* what must hold before anything runs */

static limes_status check_batches(limes_context *context, const limes_batch *a, const limes_batch *b) {
  if (a->features != b->features)
    return limes_fail(
        context, LIMES_WRONG_USE,
        "the two data sets differ in width: items of the first have %zu feature%s, of the second %zu; give two of equal width",
        a->features, a->features == 1 ? "" : "s", b->features);
  if (a->axes != b->axes)
    return limes_fail(
        context, LIMES_WRONG_USE,
        "the two data sets differ in shape: items of the first have %u position axes, of the second %u; give two of one kind",
        a->axes, b->axes);
  return LIMES_OK;
}

static bool equal_sizes(const limes_grid *one, const limes_grid *other) {
  return one->size[0] == other->size[0] && one->size[1] == other->size[1];
}

/* Whether items of either side differ in their positions at this value. */
static bool is_uneven(const limes_plan *plan, uint32_t value) {
  const limes_side *sides[2] = {&plan->a, &plan->b};
  for (int s = 0; s < 2; s++)
    for (size_t i = 0; i < sides[s]->batch->items; i++)
      if (!equal_sizes(&sides[s]->grid[value][i], &plan->a.grid[value][0]))
        return true;
  return false;
}

static limes_status create_cross(limes_context *context, limes_plan *plan) {
  bool *uneven = limes_allocate(context, plan->program.n_value, sizeof *uneven);
  if (uneven == NULL)
    return LIMES_NO_MEMORY;
  for (size_t value = 0; value < plan->program.n_value; value++)
    uneven[value] = is_uneven(plan, (uint32_t)value);
  bool plain = !plan->a.holes && !plan->b.holes;
  limes_chain_rules chains = {uneven, plan->a.grid, plan->a.batch->features};
  limes_status status = limes_pass_create(context, &plan->program, plan->readout, uneven, plain ? &chains : NULL, &plan->cross);
  free(uneven);
  return status;
}

/* flatten, and a readout that keeps positions, pair position a of one item with position a of another. */
static limes_status check_equal(limes_context *context, const limes_plan *plan, const limes_op *op, uint32_t value) {
  const limes_side *sides[2] = {&plan->a, &plan->b};
  return limes_sides_equal(context, &plan->program, sides, 2, op, value);
}

/* Both data sets or neither: else one would be pooled to segments and the other to a point. */
static limes_status check_segments(limes_context *context, const limes_plan *plan, const limes_op *op) {
  bool first = plan->a.batch->segment != NULL, second = plan->b.batch->segment != NULL;
  if (first == second)
    return LIMES_OK;
  return limes_fail_at(context, plan->program.model, op->line, op->column,
                       "%s pools segments, and only the %s data set has them: give segments to both or to neither", op->ops->word,
                       first ? "first" : "second");
}

/* A repeated layer is examined once. */
static bool examined(const limes_program *program, size_t index) {
  for (size_t k = 0; k < index; k++)
    if (program->op[k].param == program->op[index].param)
      return true;
  return false;
}

/* As many positions along each axis as any item of either side has. */
static limes_grid largest_of_both(const limes_plan *plan, uint32_t value) {
  limes_grid largest = plan->a.largest[value];
  const limes_grid *b = &plan->b.largest[value];
  for (int axis = 0; axis < 2; axis++)
    largest.size[axis] = largest.size[axis] > b->size[axis] ? largest.size[axis] : b->size[axis];
  largest.T = largest.size[0] * largest.size[1];
  return largest;
}

static limes_status examine(limes_context *context, const limes_plan *plan, const limes_op *op) {
  limes_grid largest = largest_of_both(plan, op->in[0]);
  return limes_place_error(context, plan->program.model, op->line, op->column, op->ops->examine(context, op, &largest));
}

static limes_status check_program(limes_context *context, const limes_plan *plan) {
  const limes_program *program = &plan->program;
  limes_status status = LIMES_OK;
  for (size_t i = 0; i < program->n_op && status == LIMES_OK; i++) {
    const limes_op *op = &program->op[i];
    if (op->ops->equal_positions)
      status = check_equal(context, plan, op, op->in[0]);
    if (op->ops->pools_segments)
      status = check_segments(context, plan, op);
    if (status == LIMES_OK && op->ops->examine != NULL && !examined(program, i))
      status = examine(context, plan, op);
  }
  if (status != LIMES_OK || plan->readout == LIMES_ABSENT || program->value[program->readout].axes == 0)
    return status;
  if (plan->readout == LIMES_FULL)
    return check_equal(context, plan, NULL, program->readout);
  return limes_fail(
      context, LIMES_WRONG_USE,
      "the model keeps positions to its end (%s): end it with flatten or global_avg_pool, begin it with flatten, or ask for the "
      "kernel of all positions (--positions)",
      program->value[program->readout].made_by);
}

/* sizes */

/* Doubles of an op's trace of one item */
static size_t trace_doubles(const limes_op *op, size_t T) {
  limes_trace_size size = op->ops->trace_size(op);
  size_t numbers = (size_t)size.positions * most(size.numbers, 1);
  return limes_add_capped(numbers * T, limes_multiply_capped(size.matrices, T * T));
}

/* Bytes of the traces of one item of the largest size. */
static size_t trace_bytes(const limes_plan *plan) {
  size_t bytes = 0;
  for (size_t i = 0; i < plan->program.n_op; i++) {
    const limes_op *op = &plan->program.op[i];
    if (!limes_op_keeps(op))
      continue;
    size_t T = most(plan->a.largest[op->in[0]].T, plan->b.largest[op->in[0]].T);
    bytes = limes_add_capped(bytes, limes_multiply_capped(trace_doubles(op, T), sizeof(double)));
  }
  return bytes;
}

static size_t largest_pair(const limes_plan *plan) {
  size_t elements = 1;
  for (size_t i = 0; i < plan->cross.n_held; i++) {
    const limes_held *held = &plan->cross.held[i];
    if (!held->inside)
      elements = most(elements, limes_elements(held->layout, &plan->a.largest[held->value], &plan->b.largest[held->value]));
  }
  return elements;
}

/* Neither depends on the number of threads: kernels have the same bits on any machine of one kind. */
static void choose_block(limes_plan *plan) {
  size_t bytes = most(trace_bytes(plan), 1), items = most(plan->a.batch->items, plan->b.batch->items);
  bool scalar = plan->program.value[0].axes == 0;
  size_t cached = most(CACHED_TRACES / bytes, least(LEAST_BLOCK, most(MOST_TRACES / bytes, 1)));
  plan->block = least(scalar ? SCALAR_BLOCK : MOST_BLOCK, cached);
  plan->block = most(1, least(plan->block, (items + LEAST_BLOCKS - 1) / LEAST_BLOCKS));
  plan->panel = scalar ? plan->block : least(plan->block, most(1, PANEL_ELEMENTS / largest_pair(plan)));
}

static limes_status size_slots(limes_context *context, limes_plan *plan) {
  plan->own_slot = limes_allocate(context, plan->own.n_slot, sizeof *plan->own_slot);
  plan->cross_slot = limes_allocate(context, plan->cross.n_slot, sizeof *plan->cross_slot);
  if (plan->own_slot == NULL || plan->cross_slot == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < plan->own.n_held; i++) {
    const limes_held *held = &plan->own.held[i];
    const limes_grid *a = &plan->a.largest[held->value], *b = &plan->b.largest[held->value];
    const limes_grid *largest = a->T > b->T ? a : b;
    plan->own_slot[held->slot] = most(plan->own_slot[held->slot], limes_elements(held->layout, largest, largest));
  }
  for (size_t i = 0; i < plan->cross.n_held; i++) {
    const limes_held *held = &plan->cross.held[i];
    if (held->inside)
      continue;
    size_t elements = limes_elements(held->layout, &plan->a.largest[held->value], &plan->b.largest[held->value]);
    plan->cross_slot[held->slot] = most(plan->cross_slot[held->slot], limes_multiply_capped(elements, plan->panel));
  }
  for (size_t i = 0; i < plan->own.n_slot; i++)
    plan->own_total = limes_add_capped(plan->own_total, plan->own_slot[i]);
  for (size_t i = 0; i < plan->cross.n_slot; i++)
    plan->cross_total = limes_add_capped(plan->cross_total, plan->cross_slot[i]);
  return LIMES_OK;
}

static void size_scratch_of(limes_plan *plan, const limes_pass *pass, const size_t *slot) {
  for (size_t i = 0; i < pass->n_step; i++) {
    const limes_step *step = &pass->step[i];
    if (step->narrow)
      continue;
    const limes_op *op = &plan->program.op[step->op];
    plan->most_inputs = op->n_in > plan->most_inputs ? op->n_in : plan->most_inputs;
    if (op->ops->scratch == NULL)
      continue;
    if (step->chain > 0 || pass->held[step->in[0]].inside) {
      plan->scratch = most(plan->scratch, (size_t)plan->a.largest[op->in[0]].T);
      continue;
    }
    const limes_grid *a = &plan->a.largest[op->in[0]], *b = &plan->b.largest[op->in[0]];
    size_t in = slot[pass->held[step->in[0]].slot], out = step->out == LIMES_NO_VALUE ? 0 : slot[pass->held[step->out].slot];
    plan->scratch = most(plan->scratch, op->ops->scratch(op, in, out, a->T > b->T ? a : b));
  }
}

/* Doubles that the traces of any one block of the side need. */
static size_t block_traces(const limes_plan *plan, const limes_side *side) {
  size_t largest = 0;
  for (size_t number = 0; number < limes_plan_blocks(plan, side); number++) {
    size_t first, count = limes_plan_block(plan, side, number, &first), total = 0;
    for (size_t i = 0; i < plan->program.n_op; i++) {
      const limes_op *op = &plan->program.op[i];
      if (!limes_op_keeps(op))
        continue;
      const limes_grid *grid = side->grid[op->in[0]] + first;
      for (size_t k = 0; k < count; k++)
        total = limes_add_capped(total, trace_doubles(op, grid[k].T));
    }
    largest = most(largest, total);
  }
  return largest;
}

size_t limes_plan_doubles(const limes_plan *plan) {
  const size_t parts[] = {plan->own_total,   limes_multiply_capped(plan->cross_total, plan->ntk ? 2 : 1),
                          plan->trace_total, plan->trace_total,
                          plan->scratch,     plan->gram,
                          plan->chain};
  size_t total = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    total = limes_add_capped(total, parts[i]);
  return total;
}

uint64_t limes_plan_bytes(const limes_plan *plan, unsigned workers) {
  size_t traces = limes_multiply_capped(2 * sizeof(limes_trace) * plan->block, plan->program.n_op);
  size_t worker = limes_add_capped(limes_multiply_capped(limes_plan_doubles(plan), sizeof(double)), traces);
  return limes_multiply_capped(worker, workers);
}

static limes_status build(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                          limes_plan *plan) {
  limes_status status = check_batches(context, a, b);
  if (status == LIMES_OK)
    status = limes_program_create(context, model, a->axes, a->segment != NULL || b->segment != NULL, &plan->program);
  if (status == LIMES_OK)
    status = limes_side_create(context, &plan->program, a, &plan->a);
  if (status != LIMES_OK)
    return status;
  plan->symmetric = a == b;
  if (plan->symmetric)
    plan->b = plan->a;
  else
    status = limes_side_create(context, &plan->program, b, &plan->b);
  if (status == LIMES_OK)
    status = check_program(context, plan);
  if (status == LIMES_OK)
    status = plan->every ? limes_pass_create_every(context, &plan->program, &plan->own)
                         : limes_pass_create(context, &plan->program, LIMES_ABSENT, NULL, NULL, &plan->own);
  if (status == LIMES_OK && plan->readout != LIMES_ABSENT)
    status = create_cross(context, plan);
  return status;
}

/* plan: says what is wanted */
static limes_status create(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                           limes_plan *plan) {
  limes_status status = build(context, model, a, b, plan);
  if (status == LIMES_OK) {
    choose_block(plan);
    status = size_slots(context, plan);
  }
  if (status == LIMES_OK) {
    size_scratch_of(plan, &plan->own, plan->own_slot);
    size_scratch_of(plan, &plan->cross, plan->cross_slot);
    plan->trace_total = most(block_traces(plan, &plan->a), block_traces(plan, &plan->b));
    plan->chain = limes_chain_doubles(plan);
    plan->gram = plan->cross.n_held > 0 && plan->cross.held[0].layout == LIMES_SCALAR ? plan->block * plan->block : 0;
    status = limes_count_flops(context, plan);
  }
  if (status != LIMES_OK)
    limes_plan_clear(plan);
  return status;
}

limes_status limes_plan_create(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                               bool ntk, limes_layout readout, limes_plan *plan) {
  *plan = (limes_plan){.ntk = ntk, .readout = readout};
  return create(context, model, a, b, plan);
}

limes_status limes_plan_create_every(limes_context *context, const limes_model *model, const limes_batch *a, limes_plan *plan) {
  *plan = (limes_plan){.every = true, .readout = LIMES_ABSENT};
  return create(context, model, a, a, plan);
}

limes_status limes_plan_check_memory(limes_context *context, const limes_plan *plan, size_t tasks) {
  uint64_t bytes = limes_plan_bytes(plan, limes_workers(context, tasks)), limit = limes_memory_limit(context);
  if (bytes <= limit)
    return LIMES_OK;
  return limes_fail(context, LIMES_REFUSED,
                    "the work would take %.3g GB beside its result, and %.3g GB may be planned for: use fewer threads, smaller "
                    "items, or allow more memory",
                    (double)bytes / 1e9, (double)limit / 1e9);
}

void limes_plan_clear(limes_plan *plan) {
  limes_pass_clear(&plan->own);
  limes_pass_clear(&plan->cross);
  if (!plan->symmetric)
    limes_side_clear(&plan->b);
  limes_side_clear(&plan->a);
  limes_program_clear(&plan->program);
  free(plan->own_slot);
  free(plan->cross_slot);
  free(plan->step_flops);
  *plan = (limes_plan){0};
}
