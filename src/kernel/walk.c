#include "kernel/walk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/diagonals.h"
#include "kernel/flops.h"
#include "kernel/input.h"

/* memory */

static double *take(double **memory, size_t count) {
  double *taken = *memory;
  *memory += count;
  return taken;
}

static void lay_out_slots(limes_walker *walker) {
  const limes_plan *plan = walker->plan;
  double *memory = walker->memory;
  for (size_t i = 0; i < plan->own.n_slot; i++)
    walker->own_cov[i] = take(&memory, plan->own_slot[i]);
  for (size_t i = 0; i < plan->cross.n_slot; i++) {
    walker->cross_cov[i] = take(&memory, plan->cross_slot[i]);
    walker->cross_ntk[i] = plan->ntk ? take(&memory, plan->cross_slot[i]) : NULL;
  }
  walker->x.memory = take(&memory, plan->trace_total);
  walker->y.memory = take(&memory, plan->trace_total);
  walker->gram = take(&memory, plan->gram);
  walker->work.scratch = take(&memory, plan->scratch);
  walker->chain = take(&memory, plan->chain);
  for (int kernel = 0; kernel < (plan->ntk ? 2 : 1); kernel++) {
    walker->mean[kernel] = take(&memory, plan->spread * plan->cross.n_readout);
    walker->square[kernel] = take(&memory, plan->spread * plan->cross.n_readout);
    walker->cross_sum[kernel] = take(&memory, plan->cross.sums);
  }
  walker->own_sum = take(&memory, plan->own.sums);
}

/* Of all ops, for one block */
static size_t count_traces(const limes_plan *plan) {
  size_t count = 0;
  for (size_t i = 0; i < plan->program.n_op; i++)
    count += limes_plan_copies(plan, i) * plan->block;
  return count;
}

static void lay_out_traces(limes_walker *walker, limes_block *block, limes_trace *traces) {
  const limes_plan *plan = walker->plan;
  for (size_t i = 0; i < plan->program.n_op; i++) {
    block->trace[i] = limes_op_keeps(&plan->program.op[i]) ? traces : NULL;
    traces += limes_plan_copies(plan, i) * plan->block;
  }
}

limes_status limes_walker_create(limes_context *context, const limes_plan *plan, limes_walker *walker) {
  *walker = (limes_walker){.context = context, .plan = plan, .share = 1, .status = LIMES_INTERRUPTED};
  size_t n_op = plan->program.n_op, held = plan->own.n_held > plan->cross.n_held ? plan->own.n_held : plan->cross.n_held;
  walker->own_cov = limes_allocate(context, plan->own.n_slot, sizeof *walker->own_cov);
  walker->cross_cov = limes_allocate(context, plan->cross.n_slot, sizeof *walker->cross_cov);
  walker->cross_ntk = limes_allocate(context, plan->cross.n_slot, sizeof *walker->cross_ntk);
  walker->panel = limes_allocate(context, held, sizeof *walker->panel);
  walker->input = limes_allocate(context, plan->most_inputs, sizeof *walker->input);
  walker->start = limes_allocate(context, held * (plan->panel + 1), sizeof *walker->start);
  walker->x.trace = limes_allocate(context, n_op, sizeof *walker->x.trace);
  walker->y.trace = limes_allocate(context, n_op, sizeof *walker->y.trace);
  walker->traces = limes_allocate(context, 2 * count_traces(plan), sizeof *walker->traces);
  walker->memory = limes_allocate(context, limes_plan_doubles(plan), sizeof *walker->memory);
  if (walker->own_cov == NULL || walker->cross_cov == NULL || walker->cross_ntk == NULL || walker->panel == NULL ||
      walker->input == NULL || walker->start == NULL || walker->x.trace == NULL || walker->y.trace == NULL ||
      walker->traces == NULL || walker->memory == NULL) {
    limes_walker_clear(walker);
    return LIMES_NO_MEMORY;
  }
  lay_out_slots(walker);
  lay_out_traces(walker, &walker->x, walker->traces);
  lay_out_traces(walker, &walker->y, walker->traces + count_traces(plan));
  walker->work.draw.seed = plan->seed;
  return LIMES_OK;
}

void limes_walker_clear(limes_walker *walker) {
  free(walker->own_cov);
  free(walker->cross_cov);
  free(walker->cross_ntk);
  free(walker->panel);
  free(walker->input);
  free(walker->start);
  free(walker->x.trace);
  free(walker->y.trace);
  free(walker->traces);
  free(walker->memory);
  *walker = (limes_walker){0};
}

limes_status limes_walkers_create(limes_context *context, const limes_plan *plan, unsigned count, limes_walker **walkers) {
  *walkers = limes_allocate(context, count, sizeof **walkers);
  limes_status status = *walkers == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (unsigned i = 0; i < count && status == LIMES_OK; i++)
    status = limes_walker_create(context, plan, &(*walkers)[i]);
  if (status != LIMES_OK) {
    limes_walkers_destroy(*walkers, count);
    *walkers = NULL;
  }
  return status;
}

void limes_walkers_destroy(limes_walker *walkers, unsigned count) {
  for (unsigned i = 0; walkers != NULL && i < count; i++)
    limes_walker_clear(&walkers[i]);
  free(walkers);
}

/* one step */

static void narrow(const limes_panel *in, limes_panel *out) {
  size_t T = out->x->T;
  for (size_t j = 0; j < in->n; j++)
    for (size_t a = 0; a < T; a++) {
      out->cov[out->start[j] + a] = in->cov[in->start[j] + a * (T + 1)];
      if (in->ntk != NULL)
        out->ntk[out->start[j] + a] = in->ntk[in->start[j] + a * (T + 1)];
    }
}

static void hide(const limes_panel *panel, double *values) {
  size_t T = panel->x->T;
  const uint8_t *rows = panel->x->hidden;
  for (size_t j = 0; j < panel->n; j++) {
    const uint8_t *columns = panel->y[j].hidden;
    double *element = values + panel->start[j];
    for (size_t b = 0; b < (panel->layout == LIMES_FULL ? panel->y[j].T : 1); b++)
      for (size_t a = 0; a < T; a++, element++)
        if ((rows != NULL && rows[a]) || (columns != NULL && columns[panel->layout == LIMES_FULL ? b : a]))
          *element = 0;
  }
}

/* Hidden positions are hidden again behind every layer: a bias or a constant would fill them. */
static void hide_again(const limes_plan *plan, const limes_panel *panel) {
  if ((!plan->a.holes && !plan->b.holes) || panel->layout == LIMES_SCALAR)
    return;
  hide(panel, panel->cov);
  if (panel->ntk != NULL)
    hide(panel, panel->ntk);
}

static void walk_step(limes_walker *walker, const limes_step *step, limes_trace *x, const limes_trace *y) {
  limes_panel *panel = walker->panel;
  if (step->narrow) {
    narrow(&panel[step->in[0]], &panel[step->out]);
    return;
  }
  const limes_op *op = &walker->plan->program.op[step->op];
  for (uint32_t k = 0; k < step->n_in; k++)
    walker->input[k] = panel[step->in[k]];
  walker->work.draw.estimated = op->in[0] > 0 && walker->plan->varies[op->in[0] - 1];
  if (step->keeps)
    op->ops->trace(op, walker->input, x, &walker->work);
  if (step->out == LIMES_NO_VALUE)
    return;
  double more = walker->work.more;
  op->ops->cross(op, walker->input, &panel[step->out], x, y, &walker->work);
  if (walker->more != NULL)
    walker->more[step->op] += walker->work.more - more;
  hide_again(walker->plan, &panel[step->out]);
}

/* randomizations */

/* One more value of each element into their mean */
static void add_to_mean(size_t n, uint32_t before, const double *value, double *mean) {
  for (size_t i = 0; i < n; i++)
    mean[i] = before == 0 ? value[i] : mean[i] + (value[i] - mean[i]) / (before + 1.0);
}

/* The same, and the sum of squared deviations from it [Welford 1962] */
static void add_to_spread(size_t n, uint32_t before, const double *value, double *mean, double *square) {
  for (size_t i = 0; i < n; i++) {
    double deviation = before == 0 ? 0 : value[i] - mean[i];
    mean[i] = before == 0 ? value[i] : mean[i] + deviation / (before + 1.0);
    square[i] = before == 0 ? 0 : square[i] + deviation * (value[i] - mean[i]);
  }
}

static void draw(limes_walker *walker, const limes_step *step, uint32_t replicate, limes_trace *x, const limes_trace *y,
                 double *const sums[2]) {
  walker->work.draw.replicate = replicate;
  walk_step(walker, step, x, y);
  if (step->out == LIMES_NO_VALUE)
    return;
  const limes_panel *out = &walker->panel[step->out];
  add_to_mean(out->start[out->n], replicate, out->cov, sums[0]);
  if (out->ntk != NULL && sums[1] != NULL)
    add_to_mean(out->start[out->n], replicate, out->ntk, sums[1]);
}

/* A sampled op in one randomization, which is also taken to the mean of all; or that mean, for which an op whose input is another
 * one is drawn with it. */
static void walk_sampled(limes_walker *walker, const limes_step *step, limes_trace *x, const limes_trace *y,
                         double *const sums[2]) {
  uint32_t R = walker->plan->replicates;
  if (walker->copy < R) {
    draw(walker, step, walker->copy, x, y, sums);
    return;
  }
  for (uint32_t r = 0; step->anew && r < R; r++)
    draw(walker, step, r, x, y, sums);
  if (step->out == LIMES_NO_VALUE)
    return;
  const limes_panel *out = &walker->panel[step->out];
  memcpy(out->cov, sums[0], out->start[out->n] * sizeof *out->cov);
  if (out->ntk != NULL && sums[1] != NULL)
    memcpy(out->ntk, sums[1], out->start[out->n] * sizeof *out->ntk);
}

/* self pass */

static void own_panels(limes_walker *walker, const limes_side *side, size_t item) {
  const limes_pass *pass = &walker->plan->own;
  for (size_t i = 0; i < pass->n_held; i++) {
    const limes_held *held = &pass->held[i];
    const limes_grid *grid = &side->grid[held->value][item];
    size_t *start = walker->start + 2 * i;
    start[0] = 0;
    start[1] = limes_elements(held->layout, grid, grid);
    walker->panel[i] = (limes_panel){
        .layout = held->layout, .n = 1, .same = 0, .x = grid, .y = grid, .start = start, .cov = walker->own_cov[held->slot]};
  }
}

limes_trace *limes_trace_of(const limes_walker *walker, const limes_block *block, const limes_step *step, size_t k) {
  if (step->narrow || block->trace[step->op] == NULL)
    return NULL;
  size_t copy = walker->plan->varies[step->op] ? walker->copy : 0;
  return block->trace[step->op] + copy * walker->plan->block + k;
}

/* Steps first ... end - 1 of the self pass of item k */
static void own_steps(limes_walker *walker, const limes_block *block, size_t k, size_t first, size_t end) {
  for (size_t i = first; i < end; i++) {
    const limes_step *step = &walker->plan->own.step[i];
    limes_trace *trace = limes_trace_of(walker, block, step, k);
    double *sums[2] = {walker->own_sum + step->sum, NULL};
    if (step->sampled)
      walk_sampled(walker, step, trace, trace, sums);
    else
      walk_step(walker, step, trace, trace);
    bool last = i < walker->plan->own.n_once || walker->copy == walker->plan->replicates;
    if (walker->look != NULL && last && !step->narrow && step->out != LIMES_NO_VALUE)
      walker->look(walker->user, step->op, &walker->panel[step->out]);
  }
}

static void identify(limes_walker *walker, const limes_side *a, size_t i, const limes_side *b, size_t j) {
  walker->copy = 0;
  if (a->identity == NULL)
    return;
  walker->work.draw.x = a->identity[i];
  walker->work.draw.y = b->identity + j;
}

static void own_pass(limes_walker *walker, limes_block *block, size_t k) {
  const limes_plan *plan = walker->plan;
  const limes_pass *pass = &plan->own;
  size_t item = block->first + k;
  double counted = walker->work.flops;
  own_panels(walker, block->side, item);
  identify(walker, block->side, item, block->side, item);
  if (pass->held[0].layout != LIMES_ABSENT)
    limes_input_panel(block->side->batch, item, block->side->batch, item, &walker->panel[0]);
  if (walker->look != NULL)
    walker->look(walker->user, SIZE_MAX, &walker->panel[0]);
  own_steps(walker, block, k, 0, pass->n_once);
  for (uint32_t r = 0; r <= plan->replicates && pass->n_once < pass->n_step; r++) {
    walker->copy = r;
    own_steps(walker, block, k, pass->n_once, pass->n_step);
  }
  walker->work.flops = counted + limes_own_flops(plan, block->side, item);
}

/* Arrays of one op stand item after item, so that a row of pairs reads them side by side. */
static void lay_out_block(const limes_plan *plan, limes_block *block) {
  double *memory = block->memory;
  for (size_t i = 0; i < plan->program.n_op; i++) {
    const limes_op *op = &plan->program.op[i];
    if (block->trace[i] == NULL)
      continue;
    limes_trace_size size = op->ops->trace_size(op);
    const limes_grid *grid = block->side->grid[op->in[0]] + block->first;
    size_t numbers = size.numbers > 0 ? size.numbers : 1;
    for (uint32_t r = 0; r < limes_plan_copies(plan, i); r++) {
      limes_trace *trace = block->trace[i] + r * plan->block;
      for (size_t k = 0; k < block->count; k++) {
        trace[k].grid = &grid[k];
        trace[k].numbers = numbers;
      }
      for (uint32_t array = 0; array < size.positions; array++)
        for (size_t k = 0; k < block->count; k++)
          trace[k].position[array] = take(&memory, grid[k].T * numbers);
      for (uint32_t array = 0; array < size.matrices; array++)
        for (size_t k = 0; k < block->count; k++)
          trace[k].matrix[array] = take(&memory, (size_t)grid[k].T * grid[k].T);
    }
  }
}

bool limes_walker_advance(limes_walker *walker) {
  double flops = walker->work.flops - walker->counted;
  walker->counted = walker->work.flops;
  return walker->job == NULL || limes_job_advance(walker->job, walker->number, flops);
}

/* Whether every layer can work with item k of the block, whose traces are filled. */
static limes_status accept(const limes_walker *walker, const limes_block *block, size_t k) {
  for (size_t i = 0; i < walker->plan->program.n_op; i++) {
    const limes_op *op = &walker->plan->program.op[i];
    if (op->ops->accept == NULL)
      continue;
    char where[64];
    snprintf(where, sizeof where, "item %zu (counted from 0)", block->first + k);
    limes_status status = op->ops->accept(walker->context, op, &block->trace[i][k], where);
    if (status != LIMES_OK)
      return status;
  }
  return LIMES_OK;
}

bool limes_fill_block(limes_walker *walker, limes_block *block, const limes_side *side, size_t first, size_t count) {
  if (block->filled && block->side == side && block->first == first && block->count == count)
    return true;
  block->side = side;
  block->first = first;
  block->count = count;
  block->filled = false;
  lay_out_block(walker->plan, block);
  for (size_t k = 0; k < count; k++) {
    own_pass(walker, block, k);
    limes_status status = accept(walker, block, k);
    if (status != LIMES_OK)
      walker->status = status;
    if (status != LIMES_OK || !limes_walker_advance(walker))
      return false;
  }
  return block->filled = true;
}

/* cross pass */

void limes_fill_gram(limes_walker *walker, const limes_block *x, const limes_block *y) {
  if (walker->plan->gram == 0)
    return;
  limes_input_gram(x->side->batch, x->first, x->count, y->side->batch, y->first, y->count, walker->gram);
  walker->work.flops += 2 * (double)x->side->batch->features * (double)x->count * (double)y->count;
}

static bool held_alike(const limes_plan *plan, const limes_held *one, const limes_held *other) {
  return one->layout == other->layout && plan->a.grid[one->value] == plan->a.grid[other->value] &&
         plan->b.grid[one->value] == plan->b.grid[other->value];
}

static size_t *new_starts(limes_walker *walker, size_t h, const limes_held *held, const limes_grid *x, const limes_grid *y,
                          size_t n) {
  size_t *start = walker->start + h * (walker->plan->panel + 1);
  start[0] = 0;
  for (size_t k = 0; k < n; k++)
    start[k + 1] = start[k] + limes_elements(held->layout, x, &y[k]);
  return start;
}

static void cross_panels(limes_walker *walker, const limes_side *a, size_t i, const limes_side *b, size_t j, size_t n,
                         ptrdiff_t same) {
  const limes_plan *plan = walker->plan;
  for (size_t h = 0; h < plan->cross.n_held; h++) {
    const limes_held *held = &plan->cross.held[h];
    const limes_grid *x = &a->grid[held->value][i], *y = &b->grid[held->value][j];
    const size_t *start =
        h > 0 && held_alike(plan, held, held - 1) ? walker->panel[h - 1].start : new_starts(walker, h, held, x, y, n);
    walker->panel[h] = (limes_panel){.layout = held->layout,
                                     .n = n,
                                     .same = same,
                                     .x = x,
                                     .y = y,
                                     .start = start,
                                     .cov = held->inside ? NULL : walker->cross_cov[held->slot],
                                     .ntk = held->inside ? NULL : walker->cross_ntk[held->slot]};
  }
}

static void cross_input(limes_walker *walker, const limes_block *x, size_t item, const limes_block *y, size_t from) {
  limes_panel *panel = &walker->panel[0];
  if (walker->plan->cross.held[0].inside)
    return;
  if (panel->layout == LIMES_SCALAR) {
    memcpy(panel->cov, walker->gram + item * y->count + from, panel->n * sizeof *panel->cov);
    if (panel->ntk != NULL)
      memset(panel->ntk, 0, panel->n * sizeof *panel->ntk);
    return;
  }
  limes_input_panel(x->side->batch, x->first + item, y->side->batch, y->first + from, panel);
  walker->work.flops += 2 * (double)x->side->batch->features * (double)panel->start[panel->n];
}

static void cross_steps(limes_walker *walker, const limes_block *x, size_t item, const limes_block *y, size_t from, size_t first,
                        size_t end) {
  for (size_t i = first; i < end; i++) {
    const limes_step *step = &walker->plan->cross.step[i];
    if (step->chain > 0) {
      limes_walk_chain(walker, i, x, item, y, from);
      i += step->chain - 1;
      continue;
    }
    limes_trace *own = limes_trace_of(walker, x, step, item), *others = limes_trace_of(walker, y, step, from);
    double *sums[2] = {walker->cross_sum[0] + step->sum, walker->plan->ntk ? walker->cross_sum[1] + step->sum : NULL};
    if (step->sampled)
      walk_sampled(walker, step, own, others, sums);
    else
      walk_step(walker, step, own, others);
  }
}

/* What the layers behind sampled ones make of the mean of R randomizations (`value`) has 1/R of the bias that the mean of what
 * they make of each has (`mean`): the difference tells it. square: squared deviations of R values -> standard errors of their
 * mean. */
static void finish_spread(size_t n, double R, const double *value, double *mean, double *square) {
  for (size_t i = 0; i < n; i++) {
    mean[i] = value[i] + (value[i] - mean[i]) / (R - 1);
    square[i] = sqrt(square[i] / (R * (R - 1)));
  }
}

static void count_errors(limes_walker *walker, int kernel, size_t first, size_t n) {
  for (size_t i = first; i < first + n; i++) {
    double value = walker->mean[kernel][i], error = walker->square[kernel][i];
    walker->error2[kernel] += error * error;
    walker->value2[kernel] += value * value;
  }
}

/* One more randomization of every readout */
static void spread_readouts(limes_walker *walker, uint32_t before) {
  const limes_pass *pass = &walker->plan->cross;
  for (size_t r = 0; r < pass->n_readout; r++) {
    const limes_panel *last = &walker->panel[pass->readout[r]];
    size_t n = last->start[last->n], first = r * walker->plan->spread;
    add_to_spread(n, before, last->cov, walker->mean[0] + first, walker->square[0] + first);
    if (last->ntk != NULL)
      add_to_spread(n, before, last->ntk, walker->mean[1] + first, walker->square[1] + first);
  }
}

static void finish_readouts(limes_walker *walker) {
  const limes_plan *plan = walker->plan;
  for (size_t r = 0; r < plan->cross.n_readout; r++) {
    const limes_panel *last = &walker->panel[plan->cross.readout[r]];
    const double *values[2] = {last->cov, last->ntk};
    size_t n = last->start[last->n], first = r * plan->spread;
    for (int kernel = 0; kernel < 2 && values[kernel] != NULL; kernel++) {
      finish_spread(n, plan->replicates, values[kernel], walker->mean[kernel] + first, walker->square[kernel] + first);
      count_errors(walker, kernel, first, n);
    }
  }
}

limes_readout limes_readout_of(const limes_walker *walker, size_t r) {
  const limes_panel *last = &walker->panel[walker->plan->cross.readout[r]];
  limes_readout readout = {.panel = *last};
  if (walker->plan->replicates == 1)
    return readout;
  size_t first = r * walker->plan->spread;
  readout.panel.cov = walker->mean[0] + first;
  readout.cov_error = walker->square[0] + first;
  if (last->ntk == NULL)
    return readout;
  readout.panel.ntk = walker->mean[1] + first;
  readout.ntk_error = walker->square[1] + first;
  return readout;
}

bool limes_cross_pass(limes_walker *walker, const limes_block *x, size_t item, const limes_block *y, size_t from, size_t n,
                      ptrdiff_t same) {
  const limes_pass *pass = &walker->plan->cross;
  uint32_t R = walker->plan->replicates;
  cross_panels(walker, x->side, x->first + item, y->side, y->first + from, n, same);
  identify(walker, x->side, x->first + item, y->side, y->first + from);
  cross_input(walker, x, item, y, from);
  cross_steps(walker, x, item, y, from, 0, pass->n_once);
  for (uint32_t r = 0; R > 1 && r < R; r++) {
    walker->copy = r;
    cross_steps(walker, x, item, y, from, pass->n_once, pass->n_step);
    spread_readouts(walker, r);
    if (!limes_walker_advance(walker))
      return false;
  }
  walker->copy = R;
  if (R == 1)
    return true;
  cross_steps(walker, x, item, y, from, pass->n_once, pass->n_step);
  finish_readouts(walker);
  return true;
}
