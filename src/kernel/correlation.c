/* The correlation between the positions of an item behind every layer, by self passes that hold all positions. */
#include <math.h>
#include <stdlib.h>

#include "kernel/flops.h"
#include "kernel/mixture.h"
#include "limes/kernel.h"

/* Over the items of one block: the sum of their means, and how many had one, behind the input and each op */
typedef struct {
  double sum, items;
} tally;

typedef struct {
  const limes_plan *plan;
  limes_walker *walker; /* [workers] */
  tally *tally;         /* [blocks][n_op + 1] */
} survey;

/* Where a walker puts what it sees */
typedef struct {
  const limes_walker *walker;
  tally *behind; /* [n_op + 1] */
} sight;

/* The mean over pairs of visible positions; NAN where there is none */
static double mean_correlation(const limes_panel *own) {
  size_t T = own->x->T;
  double sum = 0, pairs = 0;
  for (size_t b = 0; own->layout == LIMES_FULL && b < T; b++) {
    double column = own->cov[b * (T + 1)];
    for (size_t a = 0; a < b && column > 0; a++) {
      double row = own->cov[a * (T + 1)];
      if (!(row > 0)) /* hidden positions are 0 as well */
        continue;
      sum += own->cov[b * T + a] / (sqrt(row) * sqrt(column));
      pairs++;
    }
  }
  return pairs > 0 ? sum / pairs : (double)NAN;
}

static void look(void *user, size_t op, const limes_panel *own) {
  const sight *s = user;
  double mean = mean_correlation(own);
  if (isnan(mean))
    return;
  tally *behind = &s->behind[op == SIZE_MAX ? 0 : op + 1];
  behind->sum += s->walker->share * mean;
  behind->items += s->walker->share;
}

static limes_status survey_block(void *shared, size_t task, unsigned worker, limes_job *job) {
  survey *all = shared;
  limes_walker *walker = &all->walker[worker];
  size_t first, count = limes_plan_block(all->plan, &all->plan->a, task, &first);
  sight s = {.walker = walker, .behind = all->tally + task * (all->plan->program.n_op + 1)};
  walker->job = job;
  walker->number = worker;
  walker->look = look;
  walker->user = &s;
  for (uint32_t part = 0; part < limes_parts(&all->plan->program); part++) {
    limes_begin_part(walker, part);
    if (!limes_fill_block(walker, &walker->x, &all->plan->a, first, count))
      return walker->status;
  }
  return LIMES_OK;
}

static limes_status survey_items(limes_context *context, const limes_plan *plan, survey *all) {
  size_t blocks = limes_plan_blocks(plan, &plan->a);
  unsigned workers = limes_workers(context, blocks);
  double flops = 0;
  for (size_t i = 0; i < plan->a.batch->items; i++)
    flops += limes_parts(&plan->program) * limes_own_flops(plan, &plan->a, i);
  limes_status status = limes_walkers_create(context, plan, workers, &all->walker);
  if (status == LIMES_OK)
    status = limes_parallel(context, "correlation between positions", blocks, flops, survey_block, all);
  limes_walkers_destroy(all->walker, workers);
  return status;
}

/* One layer from the tallies of all blocks, added in their order. index: 0 is the input */
static limes_layer_correlation layer_of(const survey *all, size_t index) {
  size_t values = all->plan->program.n_op + 1;
  const limes_op *op = index == 0 ? NULL : &all->plan->program.op[index - 1];
  tally sum = {0, 0};
  for (size_t block = 0; block < limes_plan_blocks(all->plan, &all->plan->a); block++) {
    sum.sum += all->tally[block * values + index].sum;
    sum.items += all->tally[block * values + index].items;
  }
  return (limes_layer_correlation){.word = op == NULL ? "input" : op->ops->word,
                                   .line = op == NULL ? 0 : op->line,
                                   .column = op == NULL ? 0 : op->column,
                                   .items = (size_t)lround(sum.items),
                                   .correlation = sum.items > 0 ? sum.sum / sum.items : (double)NAN};
}

static limes_status run(limes_context *context, const limes_plan *plan, limes_layer_correlation **layers, size_t *count) {
  size_t blocks = limes_plan_blocks(plan, &plan->a), values = plan->program.n_op + 1;
  survey all = {.plan = plan};
  all.tally = limes_allocate(context, blocks, values * sizeof *all.tally);
  *layers = limes_allocate(context, values, sizeof **layers);
  limes_status status = all.tally == NULL || *layers == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK)
    status = survey_items(context, plan, &all);
  for (size_t i = 0; status == LIMES_OK && i < values; i++)
    (*layers)[i] = layer_of(&all, i);
  *count = values;
  free(all.tally);
  if (status == LIMES_OK)
    return LIMES_OK;
  free(*layers);
  *layers = NULL;
  return status;
}

limes_status limes_positions_correlation(limes_context *context, const limes_model *model, const limes_batch *a,
                                         limes_layer_correlation **layers, size_t *count) {
  *layers = NULL;
  *count = 0;
  if (a->axes == 0)
    return limes_fail(context, LIMES_WRONG_USE, "the items have no positions: give sequences or images");
  limes_plan plan;
  limes_status status = limes_plan_create_every(context, model, a, &plan);
  if (status != LIMES_OK)
    return status;
  status = limes_plan_check_memory(context, &plan, limes_plan_blocks(&plan, &plan.a));
  if (status == LIMES_OK)
    status = limes_mixture_check(context, &plan.program);
  if (status == LIMES_OK)
    status = run(context, &plan, layers, count);
  limes_plan_clear(&plan);
  return status;
}
