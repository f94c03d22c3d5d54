/* Walking a chain diagonal after diagonal.
 *
 * Offsets are taken modulo the items' size H x W: diagonal (row, column) pairs position (i, j) of x with ((i + row) mod H,
 * (j + column) mod W) of the partner, so that each of the H W diagonals has H W elements. Stretches that are no neighbours in the
 * items, in front of and behind the turn of an offset, have zeros between them, as many as the widest window reaches: a window
 * then is a sum over equal distances for all elements of the diagonal at once, and long loops do the work.
 *
 *     one row:      j = 0 ... W-column-1, zeros, j = W-column ... W-1, zeros             `stride` numbers
 *     a diagonal:   zeros, rows i = 0 ... H-row-1, rows of zeros, rows i = H-row ... H-1, zeros
 */
#include "kernel/diagonals.h"

#include <string.h>

#include "kernel/chain.h"
#include "kernel/diagonal_loops.h"
#include "kernel/flops.h"
#include "layers/run.h"

#define FRONT 16 /* doubles in front of a diagonal that a window may read */

typedef struct {
  limes_walker *walker;
  const limes_plan *plan;
  const limes_step *step; /* [steps] */
  size_t steps;
  uint32_t H, W, reach[2];
  size_t stride, cut; /* of a row, and where its second stretch begins, behind its zeros; W where there is one stretch */
  uint32_t column;    /* the offset along the rows */

  /* the diagonal, each of (H + 3 reach) rows */
  double *cov, *ntk, *sum;
  double *mask;                    /* [H, stride] 1 at elements, 0 between */
  double **x, **y;                 /* [steps] traces laid out like rows, [H, stride, numbers]; NULL where there is none */
  double **x_inverse, **y_inverse; /* [steps] likewise */
  double *x_plane, *y_plane;       /* [features][H, stride] of an input that is taken diagonal by diagonal */
} chain;

/* memory */

static const limes_grid *grid_of(const limes_plan *plan, const limes_step *step) {
  return &plan->a.grid[plan->cross.held[step->in[0]].value][0];
}

static size_t numbers_of(const limes_op *op) {
  if (limes_along(op) == NULL || op->ops->trace_size == NULL)
    return 0;
  size_t numbers = op->ops->trace_size(op).numbers;
  return numbers == 0 ? 1 : numbers;
}

static size_t inverses_of(const limes_op *op) { return op->ops->elementwise != NULL && op->ops->elementwise->inverse; }

/* start NULL: only counts */
typedef struct {
  double *start;
  size_t used;
} layout;

static double *take(layout *memory, size_t count) {
  double *taken = memory->start == NULL ? NULL : memory->start + memory->used;
  memory->used += (count + 7) / 8 * 8;
  return taken;
}

/* Lays out the memory from `start` on; returns how much it is. */
static size_t lay_out(chain *c, double *start) {
  layout memory = {.start = start};
  size_t widest = (size_t)c->W + 2 * c->reach[1], rows = (size_t)c->H * widest;
  size_t diagonal = ((size_t)c->H + 3 * c->reach[0]) * widest + 2 * FRONT;
  c->cov = take(&memory, diagonal);
  c->ntk = take(&memory, diagonal);
  c->sum = take(&memory, diagonal);
  c->mask = take(&memory, rows);
  double ***lists[4] = {&c->x, &c->y, &c->x_inverse, &c->y_inverse};
  for (size_t k = 0; k < 4; k++)
    *lists[k] = (double **)take(&memory, c->steps);
  for (size_t i = 0; i < c->steps; i++) {
    const limes_op *op = &c->plan->program.op[c->step[i].op];
    size_t numbers[4] = {numbers_of(op), numbers_of(op), inverses_of(op), inverses_of(op)};
    for (size_t k = 0; k < 4; k++) {
      double *array = take(&memory, rows * numbers[k]);
      if (c->walker != NULL)
        (*lists[k])[i] = numbers[k] > 0 ? array : NULL;
    }
  }
  size_t planes = c->plan->cross.held[0].inside && c->step[0].in[0] == 0 ? c->plan->a.batch->features : 0;
  c->x_plane = take(&memory, planes * rows);
  c->y_plane = take(&memory, planes * rows);
  return memory.used;
}

static chain chain_at(const limes_plan *plan, size_t first) {
  const limes_step *step = &plan->cross.step[first];
  const limes_grid *grid = grid_of(plan, step);
  chain c = {.plan = plan, .step = step, .steps = step->chain, .H = grid->size[0], .W = grid->size[1]};
  limes_chain_reach(&plan->program, &plan->cross, first, grid, c.reach);
  return c;
}

size_t limes_chain_doubles(const limes_plan *plan) {
  size_t most = 0;
  for (size_t i = 0; i < plan->cross.n_step; i++)
    if (plan->cross.step[i].chain > 0) {
      chain c = chain_at(plan, i);
      size_t doubles = lay_out(&c, NULL);
      most = doubles > most ? doubles : most;
    }
  return most;
}

/* rows as the offset along them lays them out */

/* Element j of a row stands at place j + (j behind the turn ? reach : 0); `from` is read at (j + shift) mod W. */
static void lay_row(const chain *c, size_t numbers, const double *from, uint32_t shift, size_t step, double *to) {
  memset(to, 0, c->stride * numbers * sizeof *to);
  for (uint32_t j = 0; j < c->W; j++) {
    size_t place = j + (j >= c->W - c->column ? c->stride - c->W - c->reach[1] : 0), source = (j + shift) % c->W;
    for (size_t k = 0; k < numbers; k++)
      to[place * numbers + k] = from[source * step + k];
  }
}

static void lay_rows(const chain *c, size_t numbers, const double *from, uint32_t shift, size_t step, double *to) {
  for (uint32_t i = 0; i < c->H; i++)
    lay_row(c, numbers, from + (size_t)i * c->W * step, shift, step, to + (size_t)i * c->stride * numbers);
}

/* Everything that depends on the offset along the rows, for item x and one partner. */
static void turn_to(chain *c, uint32_t column, const limes_block *x, size_t item, const limes_block *y, size_t partner) {
  c->column = column;
  c->stride = (size_t)c->W + c->reach[1] * (column > 0 ? 2 : 1);
  static const double one[1] = {1};
  for (uint32_t i = 0; i < c->H; i++)
    lay_row(c, 1, one, 0, 0, c->mask + (size_t)i * c->stride);
  for (size_t s = 0; s < c->steps; s++) {
    if (c->x[s] == NULL)
      continue;
    const limes_trace *tx = limes_trace_of(c->walker, x, &c->step[s], item),
                      *ty = limes_trace_of(c->walker, y, &c->step[s], partner);
    lay_rows(c, tx->numbers, tx->position[0], 0, tx->numbers, c->x[s]);
    lay_rows(c, ty->numbers, ty->position[0], column, ty->numbers, c->y[s]);
    if (c->x_inverse[s] == NULL)
      continue;
    lay_rows(c, 1, tx->position[1], 0, 1, c->x_inverse[s]);
    lay_rows(c, 1, ty->position[1], column, 1, c->y_inverse[s]);
  }
  if (!c->plan->cross.held[0].inside || c->step[0].in[0] != 0)
    return;
  const limes_batch *a = x->side->batch, *b = y->side->batch;
  size_t C = a->features, rows = (size_t)c->H * c->stride;
  for (size_t k = 0; k < C; k++) {
    lay_rows(c, 1, a->x + a->start[x->first + item] * C + k, 0, C, c->x_plane + k * rows);
    lay_rows(c, 1, b->x + b->start[y->first + partner] * C + k, column, C, c->y_plane + k * rows);
  }
}

/* one diagonal */

/* Its rows come in one or two blocks: rows [first, first + rows) of x against rows from `other` on of the partner. */
typedef struct {
  size_t first, rows, other;
  size_t place; /* of the first element, in the diagonal */
} block;

static size_t blocks_of(const chain *c, uint32_t row, block two[2]) {
  two[0] = (block){.rows = c->H - row, .other = row, .place = FRONT + c->reach[0] * c->stride};
  two[1] = (block){.first = c->H - row, .rows = row, .place = two[0].place + (c->H - row + c->reach[0]) * c->stride};
  return row > 0 ? 2 : 1;
}

/* All of it from its first row on, zeros between blocks included */
static size_t length_of(const chain *c, uint32_t row) { return ((size_t)c->H + (row > 0 ? c->reach[0] : 0)) * c->stride; }

static void fill_from_input(const chain *c, uint32_t row) {
  block two[2];
  size_t C = c->plan->a.batch->features, rows = (size_t)c->H * c->stride;
  for (size_t b = 0, n = blocks_of(c, row, two); b < n; b++)
    for (size_t k = 0; k < C; k++)
      limes_add_products(two[b].rows * c->stride, 1 / (double)C, c->x_plane + k * rows + two[b].first * c->stride,
                         c->y_plane + k * rows + two[b].other * c->stride, c->cov + two[b].place);
}

/* Calls for every stretch of a row: n elements at `place` of the diagonal are a, a + 1, ... of x against b, b + 1, ... */
typedef void stretch(double *diagonal, double *matrix, size_t n, size_t T);

static void from_matrix(double *diagonal, double *matrix, size_t n, size_t T) {
  for (size_t k = 0; k < n; k++)
    diagonal[k] = matrix[k * (T + 1)];
}

static void to_matrix(double *diagonal, double *matrix, size_t n, size_t T) {
  for (size_t k = 0; k < n; k++)
    matrix[k * (T + 1)] = diagonal[k];
}

static void each_stretch(const chain *c, uint32_t row, double *diagonal, double *matrix, stretch *move) {
  block two[2];
  size_t T = (size_t)c->H * c->W, first = c->W - c->column;
  for (size_t b = 0, n = blocks_of(c, row, two); b < n; b++)
    for (size_t i = 0; i < two[b].rows; i++) {
      double *at = diagonal + two[b].place + i * c->stride;
      size_t x = (two[b].first + i) * c->W, y = (two[b].other + i) * c->W;
      move(at, matrix + (y + c->column) * T + x, first, T);
      if (c->column > 0)
        move(at + first + c->reach[1], matrix + y * T + x + first, c->column, T);
    }
}

/* The sums over the rows' taps of all elements; those at FRONT and behind belong to nobody. */
static void sum_rows(const chain *c, const limes_slide *slide, size_t first, size_t n, const double *values) {
  double *sum = c->sum + first;
  limes_sum_taps(n, slide->taps[0], slide->before[0], c->stride, values + first, sum);
  for (size_t k = 0; k < c->reach[1]; k++)
    sum[-(ptrdiff_t)k - 1] = sum[n + k] = 0;
}

/* K (cov = NULL) or Theta, whose K is cov, behind the window. Three taps along the row are summed as the end is computed, others
 * before it. */
static void slide_values(const chain *c, const limes_slide *slide, uint32_t row, double *values, const double *cov) {
  block two[2];
  size_t first = FRONT + c->reach[0] * c->stride, n = length_of(c, row);
  bool three = slide->taps[1] == 3 && slide->before[1] == 1;
  sum_rows(c, slide, first, n, values);
  if (!three)
    limes_sum_taps(n, slide->taps[1], slide->before[1], 1, c->sum + first, values + first);
  for (size_t b = 0, blocks = blocks_of(c, row, two); b < blocks; b++) {
    size_t at = two[b].place, count = two[b].rows * c->stride;
    if (three && cov == NULL)
      limes_finish_cov_three(count, slide->weight, slide->bias, c->mask, c->sum + at, values + at);
    else if (three)
      limes_finish_ntk_three(count, slide->weight, c->mask, c->sum + at, cov + at, values + at);
    else if (cov == NULL)
      limes_finish_cov(count, slide->weight, slide->bias, c->mask, values + at, values + at);
    else
      limes_finish_ntk(count, slide->weight, c->mask, values + at, cov + at, values + at);
  }
  if (row > 0)
    memset(values + two[1].place - c->reach[0] * c->stride, 0, c->reach[0] * c->stride * sizeof *values);
}

/* Whether zeros between stretches, whose traces are zeros too, stay zeros. */
static bool leaves_zeros(const limes_op *op) {
  double zero[16] = {0}, cov = 0, ntk = 0;
  if (numbers_of(op) > 16)
    return false;
  limes_run run = {.length = 1,
                   .cov_in = &cov,
                   .ntk_in = &ntk,
                   .cov = &cov,
                   .ntk = &ntk,
                   .x = zero,
                   .y = zero,
                   .x_inverse = zero,
                   .y_inverse = zero};
  limes_along(op)(op->param, &run);
  return cov == 0 && ntk == 0;
}

/* Elements of an item against itself at equal positions: their exact values, and back again behind the run. */
static void keep_own(const chain *c, const limes_op *op, double *value, double *slope) {
  for (size_t i = 0; i < c->H; i++)
    for (size_t j = 0; j < c->W; j++) {
      size_t at = FRONT + (c->reach[0] + i) * c->stride + j, k = i * c->W + j;
      op->ops->elementwise->own(op->param, c->cov[at], &value[k], &slope[k]);
      slope[k] *= c->plan->ntk ? c->ntk[at] : 0;
    }
}

static void put_own(const chain *c, const double *value, const double *slope) {
  for (size_t i = 0; i < c->H; i++)
    for (size_t j = 0; j < c->W; j++) {
      size_t at = FRONT + (c->reach[0] + i) * c->stride + j, k = i * c->W + j;
      c->cov[at] = value[k];
      c->ntk[at] = slope[k];
    }
}

static void clear_between(const chain *c, size_t n, double *values) {
  for (size_t k = 0; k < n; k++)
    values[k] *= c->mask[k];
}

static void run_along(const chain *c, size_t s, uint32_t row, bool own) {
  const limes_op *op = &c->plan->program.op[c->step[s].op];
  size_t numbers = numbers_of(op);
  double *value = c->sum, *slope = c->walker->work.scratch;
  block two[2];
  own = own && op->ops->elementwise != NULL;
  if (own)
    keep_own(c, op, value, slope);
  for (size_t b = 0, n = blocks_of(c, row, two); b < n; b++) {
    size_t count = two[b].rows * c->stride;
    double *cov = c->cov + two[b].place, *ntk = c->plan->ntk ? c->ntk + two[b].place : NULL;
    limes_run run = {.length = count,
                     .cov_in = cov,
                     .ntk_in = ntk,
                     .cov = cov,
                     .ntk = ntk,
                     .x = c->x[s] + two[b].first * c->stride * numbers,
                     .y = c->y[s] + two[b].other * c->stride * numbers};
    if (c->x_inverse[s] != NULL) {
      run.x_inverse = c->x_inverse[s] + two[b].first * c->stride;
      run.y_inverse = c->y_inverse[s] + two[b].other * c->stride;
    }
    limes_along(op)(op->param, &run);
    if (leaves_zeros(op))
      continue;
    clear_between(c, count, cov);
    if (ntk != NULL)
      clear_between(c, count, ntk);
  }
  if (own)
    put_own(c, value, slope);
}

static void begin(const chain *c, uint32_t row, const limes_panel *in, size_t j) {
  size_t whole = length_of(c, row) + 2 * c->reach[0] * c->stride + 2 * FRONT;
  memset(c->cov, 0, whole * sizeof *c->cov);
  if (c->plan->ntk)
    memset(c->ntk, 0, whole * sizeof *c->ntk);
  if (in == NULL) {
    fill_from_input(c, row);
    return;
  }
  each_stretch(c, row, c->cov, in->cov + in->start[j], from_matrix);
  if (c->plan->ntk)
    each_stretch(c, row, c->ntk, in->ntk + in->start[j], from_matrix);
}

static void end(const chain *c, uint32_t row, limes_panel *out, size_t j) {
  size_t first = FRONT + c->reach[0] * c->stride, n = length_of(c, row);
  if (out->layout == LIMES_SCALAR) {
    out->cov[j] += limes_sum_of(n, c->cov + first);
    if (c->plan->ntk)
      out->ntk[j] += limes_sum_of(n, c->ntk + first);
    return;
  }
  each_stretch(c, row, c->cov, out->cov + out->start[j], to_matrix);
  if (c->plan->ntk)
    each_stretch(c, row, c->ntk, out->ntk + out->start[j], to_matrix);
}

static void walk_diagonal(const chain *c, uint32_t row, const limes_panel *in, limes_panel *out, size_t j) {
  const limes_grid *grid = grid_of(c->plan, &c->step[0]);
  bool own = (ptrdiff_t)j == out->same && row == 0 && c->column == 0;
  begin(c, row, in, j);
  for (size_t s = 0; s < c->steps; s++) {
    const limes_op *op = &c->plan->program.op[c->step[s].op];
    limes_slide slide;
    if (op->ops->sum_weight != NULL)
      break; /* the last one */
    if (limes_along(op) != NULL) {
      run_along(c, s, row, own);
      continue;
    }
    (void)op->ops->slide(op, grid, &slide);
    slide_values(c, &slide, row, c->cov, NULL);
    if (c->plan->ntk)
      slide_values(c, &slide, row, c->ntk, c->cov);
  }
  end(c, row, out, j);
}

static void weigh(const chain *c, limes_panel *out, size_t j) {
  const limes_op *last = &c->plan->program.op[c->step[c->steps - 1].op];
  const limes_grid *grid = grid_of(c->plan, &c->step[0]);
  double weight = last->ops->sum_weight(grid, grid);
  out->cov[j] *= weight;
  if (out->ntk != NULL)
    out->ntk[j] *= weight;
}

void limes_walk_chain(limes_walker *walker, size_t first, const limes_block *x, size_t item, const limes_block *y, size_t from) {
  const limes_pass *pass = &walker->plan->cross;
  chain c = chain_at(walker->plan, first);
  c.walker = walker;
  (void)lay_out(&c, walker->chain);
  const limes_held *input = &pass->held[c.step[0].in[0]];
  const limes_panel *in = input->inside ? NULL : &walker->panel[c.step[0].in[0]];
  limes_panel *out = &walker->panel[c.step[c.steps - 1].out];
  bool sums = out->layout == LIMES_SCALAR;
  for (size_t j = 0; j < out->n; j++) {
    if (sums)
      out->cov[j] = 0;
    if (sums && out->ntk != NULL)
      out->ntk[j] = 0;
    for (uint32_t column = 0; column < c.W; column++) {
      turn_to(&c, column, x, item, y, from + j);
      for (uint32_t row = 0; row < c.H; row++)
        walk_diagonal(&c, row, in, out, j);
    }
    if (sums)
      weigh(&c, out, j);
    for (size_t s = 0; s < c.steps; s++)
      walker->work.flops += limes_step_flops(walker->plan, pass, &c.step[s], x->side, x->first + item, y->side,
                                             y->first + from + j, walker->plan->ntk);
  }
}
