#include "kernel/flops.h"

#include <stdlib.h>

#include "kernel/mixture.h"

#define MOST_KINDS 256

/* Items of one size, in as many segments, with one of them to stand for all. */
typedef struct {
  uint32_t size[3];
  size_t count, item;
} kind;

typedef struct {
  kind *kind;
  size_t n, capacity;
} kinds;

static int by_size(const void *left, const void *right) {
  const kind *a = left, *b = right;
  for (int axis = 0; axis < 3; axis++)
    if (a->size[axis] != b->size[axis])
      return a->size[axis] < b->size[axis] ? -1 : 1;
  return 0;
}

/* Neighbouring sizes are taken together where there are many: pairs of kinds are what is counted. */
static void coarsen(kinds *found) {
  size_t together = (found->n + MOST_KINDS - 1) / MOST_KINDS, n = 0;
  for (size_t first = 0; together > 1 && first < found->n; first += together, n++) {
    size_t end = first + together < found->n ? first + together : found->n, count = 0;
    for (size_t i = first; i < end; i++)
      count += found->kind[i].count;
    found->kind[n] = found->kind[(first + end - 1) / 2];
    found->kind[n].count = count;
  }
  found->n = together > 1 ? n : found->n;
}

static limes_status kinds_of(limes_context *context, const limes_batch *batch, kinds *found) {
  if (!limes_grow(context, (void **)&found->kind, &found->capacity, batch->items, sizeof *found->kind))
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < batch->items; i++)
    found->kind[i] =
        (kind){.size = {batch->grid[i].size[0], batch->grid[i].size[1], batch->grid[i].segments}, .count = 1, .item = i};
  qsort(found->kind, batch->items, sizeof *found->kind, by_size);
  found->n = 0;
  for (size_t i = 0; i < batch->items; i++) {
    if (found->n > 0 && by_size(&found->kind[found->n - 1], &found->kind[i]) == 0)
      found->kind[found->n - 1].count++;
    else
      found->kind[found->n++] = found->kind[i];
  }
  coarsen(found);
  return LIMES_OK;
}

double limes_input_flops(const limes_batch *batch, limes_layout layout, const limes_grid *x, const limes_grid *y) {
  return 2 * (double)batch->features * (double)limes_elements(layout, x, y);
}

double limes_step_flops(const limes_plan *plan, const limes_pass *pass, const limes_step *step, const limes_side *a, size_t i,
                        const limes_side *b, size_t j, bool ntk) {
  if (step->narrow || step->out == LIMES_NO_VALUE)
    return 0;
  const limes_op *op = &plan->program.op[step->op];
  if (op->ops->flops == NULL)
    return op->ops->flops_each[ntk] *
           (double)limes_elements(pass->held[step->in[0]].layout, &a->grid[op->in[0]][i], &b->grid[op->in[0]][j]);
  return op->ops->flops(op, &a->grid[op->in[0]][i], &b->grid[op->in[0]][j], &a->grid[op->out][i], &b->grid[op->out][j],
                        pass->held[step->in[0]].layout, pass->held[step->out].layout, ntk);
}

double limes_own_flops(const limes_plan *plan, const limes_side *side, size_t item) {
  const limes_grid *grid = &side->grid[0][item];
  double flops = limes_input_flops(side->batch, plan->own.held[0].layout, grid, grid);
  for (size_t i = 0; i < plan->own.n_step; i++) {
    const limes_step *step = &plan->own.step[i];
    flops += limes_step_flops(plan, &plan->own, step, side, item, side, item, false);
    const limes_op *op = &plan->program.op[step->op];
    if (step->keeps && op->ops->trace_flops != NULL)
      flops += op->ops->trace_flops(op, &side->grid[op->in[0]][item]);
  }
  return flops;
}

/* Self passes run once for each tile that an item's block is in; neighbouring tiles share their block of x. In a symmetric
 * kernel block k is x of one row of tiles, and y in those of the blocks behind it. */
static void count_own(limes_plan *plan) {
  size_t blocks = limes_plan_blocks(plan, &plan->a), N = plan->a.batch->items;
  for (size_t i = 0; i < N; i++)
    plan->own_flops += (plan->symmetric ? (double)(blocks - i / plan->block) : 1) * limes_own_flops(plan, &plan->a, i);
  for (size_t j = 0; !plan->symmetric && j < plan->b.batch->items; j++)
    plan->own_flops += (double)blocks * limes_own_flops(plan, &plan->b, j);
}

static void count_pairs(limes_plan *plan, const kinds *a, const kinds *b) {
  for (size_t i = 0; i < a->n; i++)
    for (size_t j = 0; j < b->n; j++) {
      const kind *x = &a->kind[i], *y = &b->kind[j];
      double pairs = (double)x->count * (double)y->count;
      if (plan->symmetric)
        pairs = i == j ? 0.5 * (pairs + (double)x->count) : 0.5 * pairs;
      if (plan->gram == 0)
        plan->input_flops += pairs * limes_input_flops(plan->a.batch, plan->cross.held[0].layout, &plan->a.grid[0][x->item],
                                                       &plan->b.grid[0][y->item]);
      for (size_t s = 0; s < plan->cross.n_step; s++)
        plan->step_flops[s] +=
            pairs * limes_step_flops(plan, &plan->cross, &plan->cross.step[s], &plan->a, x->item, &plan->b, y->item, plan->ntk);
    }
  plan->cross_flops = plan->input_flops;
  for (size_t s = 0; s < plan->cross.n_step; s++)
    plan->cross_flops += plan->step_flops[s];
}

/* Items without positions: one product a tile, the tiles on the diagonal of a symmetric kernel in full */
static double gram_flops(const limes_plan *plan) {
  double N_a = (double)plan->a.batch->items, N_b = (double)plan->b.batch->items, pairs = N_a * N_b;
  if (plan->symmetric) {
    for (size_t k = 0; k < limes_plan_blocks(plan, &plan->a); k++) {
      size_t first;
      double count = (double)limes_plan_block(plan, &plan->a, k, &first);
      pairs += count * count;
    }
    pairs /= 2;
  }
  return 2 * (double)plan->a.batch->features * pairs;
}

limes_status limes_count_flops(limes_context *context, limes_plan *plan) {
  kinds a = {0}, b = {0};
  plan->step_flops = limes_allocate(context, plan->cross.n_step, sizeof *plan->step_flops);
  limes_status status = plan->step_flops == NULL ? LIMES_NO_MEMORY : kinds_of(context, plan->a.batch, &a);
  if (status == LIMES_OK)
    status = kinds_of(context, plan->b.batch, &b);
  if (status == LIMES_OK) {
    plan->input_flops = plan->gram == 0 ? 0 : gram_flops(plan);
    if (plan->readout != LIMES_ABSENT)
      count_pairs(plan, &a, &b);
    count_own(plan);
    plan->cross_flops *= limes_parts(&plan->program);
    plan->own_flops *= limes_parts(&plan->program);
  }
  free(a.kind);
  free(b.kind);
  return status;
}
