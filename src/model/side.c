#include "model/side.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/place.h"

static bool same_positions(const limes_grid *one, const limes_grid *other) {
  return one->size[0] == other->size[0] && one->size[1] == other->size[1];
}

static limes_status check_branches(limes_context *context, const limes_program *program, const limes_side *side,
                                   const limes_op *op, size_t item) {
  const limes_grid *first = &side->grid[op->in[0]][item];
  for (uint32_t k = 1; k < op->n_in; k++) {
    const limes_grid *other = &side->grid[op->in[k]][item];
    if (!same_positions(first, other))
      return limes_fail_at(context, program->model, op->line, op->column,
                           "the branches of %s leave different positions of item %zu: %" PRIu32 "x%" PRIu32 " and %" PRIu32
                           "x%" PRIu32 "; give them equal strides and padding",
                           op->ops->word, item, first->size[0], first->size[1], other->size[0], other->size[1]);
  }
  return LIMES_OK;
}

/* Segments go with the positions, as long as these stay where they are. */
static void carry_segments(const limes_shape *shape, const limes_grid *in, limes_grid *out) {
  bool stay = in->axes == out->axes && same_positions(in, out);
  out->segments = shape->segments ? in->segments : 0;
  out->segment = shape->segments && stay ? in->segment : NULL;
}

static limes_status move_grid(limes_context *context, const limes_program *program, limes_side *side, size_t index) {
  const limes_op *op = &program->op[index];
  size_t N = side->batch->items;
  limes_grid *grid = limes_allocate(context, N, sizeof *grid);
  if (grid == NULL)
    return LIMES_NO_MEMORY;
  side->owned[index] = grid;
  side->grid[op->out] = grid;
  for (size_t i = 0; i < N; i++) {
    limes_status status = op->ops->grid(context, op, &side->grid[op->in[0]][i], &grid[i]);
    if (status != LIMES_OK)
      return limes_place_error(context, program->model, op->line, op->column, limes_fail_in(context, status, "item %zu: ", i));
    carry_segments(&program->value[op->out], &side->grid[op->in[0]][i], &grid[i]);
    if (!same_positions(&side->grid[op->in[0]][i], &grid[i]))
      grid[i].edges = NULL;
  }
  return LIMES_OK;
}

static limes_grid largest_of(const limes_grid *grid, size_t N) {
  limes_grid largest = grid[0];
  for (size_t i = 1; i < N; i++) {
    for (int axis = 0; axis < 2; axis++)
      largest.size[axis] = grid[i].size[axis] > largest.size[axis] ? grid[i].size[axis] : largest.size[axis];
    largest.T = grid[i].T > largest.T ? grid[i].T : largest.T;
  }
  return largest;
}

static limes_status walk_grids(limes_context *context, const limes_program *program, limes_side *side) {
  size_t N = side->batch->items;
  for (size_t i = 0; i < program->n_op; i++) {
    const limes_op *op = &program->op[i];
    for (size_t item = 0; op->n_in > 1 && item < N; item++) {
      limes_status status = check_branches(context, program, side, op, item);
      if (status != LIMES_OK)
        return status;
    }
    side->grid[op->out] = side->grid[op->in[0]];
    side->largest[op->out] = side->largest[op->in[0]];
    if (op->ops->grid == NULL)
      continue;
    limes_status status = move_grid(context, program, side, i);
    if (status != LIMES_OK)
      return status;
    side->largest[op->out] = largest_of(side->grid[op->out], N);
  }
  return LIMES_OK;
}

limes_status limes_side_create(limes_context *context, const limes_program *program, const limes_batch *batch, limes_side *side) {
  *side = (limes_side){.batch = batch, .n_op = program->n_op};
  side->grid = limes_allocate(context, program->n_value, sizeof *side->grid);
  side->owned = limes_allocate(context, program->n_op, sizeof *side->owned);
  side->largest = limes_allocate(context, program->n_value, sizeof *side->largest);
  limes_status status = side->grid == NULL || side->owned == NULL || side->largest == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK) {
    side->grid[0] = batch->grid;
    side->largest[0] = largest_of(batch->grid, batch->items);
    for (size_t i = 0; i < batch->items; i++)
      side->holes = side->holes || batch->grid[i].hidden != NULL;
    status = walk_grids(context, program, side);
  }
  if (status != LIMES_OK)
    limes_side_clear(side);
  return status;
}

/* Multiplications by odd numbers and shifts mix all bits of what has come so far with the next one's [Steele, Lea, Flood 2014].
 */
static uint64_t mix(uint64_t hash, uint64_t next) {
  hash = (hash ^ next) * UINT64_C(0xbf58476d1ce4e5b9);
  hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
  return hash ^ (hash >> 31);
}

static uint64_t mix_numbers(uint64_t hash, size_t n, const double *values) {
  for (size_t i = 0; i < n; i++) {
    double value = values[i] + 0.0; /* -0 is 0 */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    hash = mix(hash, bits + 1);
  }
  return hash;
}

static uint64_t fingerprint(const limes_batch *batch, size_t item) {
  const limes_grid *grid = &batch->grid[item];
  uint64_t hash = mix(mix(1, grid->size[0]), grid->size[1]);
  hash = mix_numbers(hash, (size_t)grid->T * batch->features, batch->x + batch->start[item] * batch->features);
  for (uint32_t a = 0; a < grid->T; a++) {
    bool hidden = grid->hidden != NULL && grid->hidden[a];
    hash = mix(hash, 2 * (uint64_t)(grid->segment == NULL ? 0 : grid->segment[a]) + hidden);
  }
  for (uint32_t b = 0; grid->edges != NULL && b < grid->T; b++)
    for (size_t e = grid->edges->start[b]; e < grid->edges->start[b + 1]; e++)
      hash = mix_numbers(mix(mix(hash, b), grid->edges->from[e]), 1, &grid->edges->weight[e]);
  return hash;
}

limes_status limes_side_identify(limes_context *context, limes_side *side) {
  size_t N = side->batch->items;
  side->identity = limes_allocate(context, N, sizeof *side->identity);
  for (size_t i = 0; side->identity != NULL && i < N; i++)
    side->identity[i] = fingerprint(side->batch, i);
  return side->identity == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

void limes_side_clear(limes_side *side) {
  for (size_t i = 0; side->owned != NULL && i < side->n_op; i++)
    free(side->owned[i]);
  free(side->grid);
  free(side->owned);
  free(side->largest);
  free(side->identity);
  *side = (limes_side){0};
}

limes_status limes_sides_equal(limes_context *context, const limes_program *program, const limes_side *const *sides, size_t n,
                               const limes_op *op, uint32_t value) {
  const limes_grid *first = &sides[0]->grid[value][0];
  for (size_t s = 0; s < n; s++)
    for (size_t i = 0; i < sides[s]->batch->items; i++) {
      const limes_grid *grid = &sides[s]->grid[value][i];
      if (same_positions(grid, first))
        continue;
      return limes_fail_at(
          context, program->model, op == NULL ? 0 : op->line, op == NULL ? 0 : op->column,
          "%s wants items of equal size, and item 0 has %u positions where item %zu%s has %u: use global_avg_pool",
          op == NULL ? "keeping positions" : op->ops->word, first->T, i, s == 1 ? " of the second data set" : "", grid->T);
    }
  return LIMES_OK;
}
