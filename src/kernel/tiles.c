#include "kernel/tiles.h"

#include <stdlib.h>

#include "kernel/flops.h"
#include "kernel/mixture.h"

#define WANTED_ERROR 1e-10 /* relative, of approximations inside layers */

typedef struct {
  const limes_plan *plan;
  const limes_sink *sink;
  limes_walker *walker; /* [workers] */
  size_t *tile;         /* [tiles] block of x * blocks of y + block of y */
  size_t blocks_b;
  double *nngp, *ntk; /* of the diagonal */

  /* of rectangles */
  const limes_tile *rectangle;
  double *const *filled[2]; /* [workers] -> what a worker fills; NULL: not wanted */
  limes_rectangle_done *finished;
  void *user;
} walk_job;

/* results: numbers of the first part of a mixture are stored, those of the others added, each times its share */

static void put_number(const limes_walker *walker, double number, double *to) {
  *to = walker->part == 0 ? walker->share * number : *to + walker->share * number;
}

static void put_cell(const limes_walker *walker, const limes_sink *sink, const limes_panel *panel, size_t element, size_t row,
                     size_t column) {
  if (row < sink->first_row || row - sink->first_row >= sink->rows || column < sink->first_column ||
      (sink->columns > 0 && column - sink->first_column >= sink->columns))
    return;
  size_t at = (row - sink->first_row) * sink->stride + column - sink->first_column;
  if (sink->nngp != NULL)
    put_number(walker, panel->cov[element], &sink->nngp[at]);
  if (sink->ntk != NULL)
    put_number(walker, panel->ntk[element], &sink->ntk[at]);
}

/* [a..., b...] of the pair (i, j) from a column-major panel: rows a of x, columns b of y; mirrored: [b..., a...] of (j, i) */
static void put_positions(const limes_walker *walker, const limes_sink *sink, const limes_panel *panel, size_t partner,
                          size_t row, size_t column, bool mirrored) {
  size_t T = panel->x->T, T_y = panel->y[partner].T, first = panel->start[partner];
  size_t at = (row * sink->stride + column) * sink->cell;
  for (size_t a = 0; a < T; a++)
    for (size_t b = 0; b < T_y; b++) {
      size_t to = at + (mirrored ? b * T + a : a * T_y + b), from = first + b * T + a;
      if (sink->nngp != NULL)
        put_number(walker, panel->cov[from], &sink->nngp[to]);
      if (sink->ntk != NULL)
        put_number(walker, panel->ntk[from], &sink->ntk[to]);
    }
}

static void put(const limes_walker *walker, const limes_sink *sink, const limes_panel *panel, size_t i, size_t first) {
  for (size_t k = 0; k < panel->n; k++) {
    size_t j = first + k;
    if (panel->layout == LIMES_FULL) {
      put_positions(walker, sink, panel, k, i, j, false);
      if (sink->mirrored && i != j)
        put_positions(walker, sink, panel, k, j, i, true);
      continue;
    }
    put_cell(walker, sink, panel, k, i, j);
    if (sink->mirrored && i != j)
      put_cell(walker, sink, panel, k, j, i);
  }
}

/* one tile */

/* Blocks x and y of the tile; on the diagonal of a symmetric kernel they are one. NULL: stop. */
static const limes_block *fill_tile(limes_walker *walker, size_t bx, size_t by) {
  const limes_plan *plan = walker->plan;
  size_t first, count = limes_plan_block(plan, &plan->a, bx, &first);
  if (!limes_fill_block(walker, &walker->x, &plan->a, first, count))
    return NULL;
  const limes_block *y = &walker->x;
  if (!plan->symmetric || bx != by) {
    count = limes_plan_block(plan, &plan->b, by, &first);
    if (!limes_fill_block(walker, &walker->y, plan->symmetric ? &plan->a : &plan->b, first, count))
      return NULL;
    y = &walker->y;
  }
  limes_fill_gram(walker, &walker->x, y);
  return y;
}

/* A worker's own memory, which hands its progress to the job from here on */
static limes_walker *walker_of(const walk_job *walk, unsigned worker, limes_job *job) {
  limes_walker *walker = &walk->walker[worker];
  walker->job = job;
  walker->number = worker;
  return walker;
}

/* Whether the item's row has a place in the sink, by itself or by its mirror image. */
static bool has_row(const limes_sink *sink, size_t row) {
  return sink->mirrored || (row >= sink->first_row && row - sink->first_row < sink->rows);
}

/* The pairs of one tile, blocks bx and by, of the part that the walker walks */
static limes_status walk_part(limes_walker *walker, const limes_sink *sink, size_t bx, size_t by) {
  const limes_plan *plan = walker->plan;
  const limes_block *y = fill_tile(walker, bx, by);
  if (y == NULL)
    return walker->status;
  bool triangle = plan->symmetric && bx == by;
  for (size_t item = 0; item < walker->x.count; item++) {
    size_t partners = !has_row(sink, walker->x.first + item) ? 0 : triangle ? item + 1 : y->count;
    for (size_t from = 0; from < partners; from += plan->panel) {
      size_t n = partners - from < plan->panel ? partners - from : plan->panel;
      ptrdiff_t same = triangle && item - from < n ? (ptrdiff_t)(item - from) : -1;
      const limes_panel *panel = limes_cross_pass(walker, &walker->x, item, y, from, n, same);
      put(walker, sink, panel, walker->x.first + item, y->first + from);
      if (!limes_walker_advance(walker))
        return LIMES_INTERRUPTED;
    }
  }
  return LIMES_OK;
}

/* Into the sink, all parts of a mixture */
static limes_status walk_tile(limes_walker *walker, const limes_sink *sink, size_t bx, size_t by) {
  limes_status status = LIMES_OK;
  for (uint32_t part = 0; part < limes_parts(&walker->plan->program) && status == LIMES_OK; part++) {
    limes_begin_part(walker, part);
    status = walk_part(walker, sink, bx, by);
  }
  return status;
}

static limes_status run_tile(void *shared, size_t task, unsigned worker, limes_job *job) {
  walk_job *walk = shared;
  size_t bx = walk->tile[task] / walk->blocks_b, by = walk->tile[task] % walk->blocks_b;
  return walk_tile(walker_of(walk, worker, job), walk->sink, bx, by);
}

/* All tiles that touch the rectangle; a block's traces are kept from one tile to the next. */
static limes_status run_rectangle(void *shared, size_t task, unsigned worker, limes_job *job) {
  walk_job *walk = shared;
  const limes_plan *plan = walk->plan;
  const limes_tile *rectangle = &walk->rectangle[task];
  double *nngp = walk->filled[0] == NULL ? NULL : walk->filled[0][worker];
  double *ntk = walk->filled[1] == NULL ? NULL : walk->filled[1][worker];
  limes_sink sink = {.nngp = nngp,
                     .ntk = ntk,
                     .first_row = rectangle->row,
                     .rows = rectangle->rows,
                     .stride = rectangle->columns,
                     .first_column = rectangle->column,
                     .columns = rectangle->columns,
                     .cell = 1,
                     .mirrored = plan->symmetric && rectangle->row == rectangle->column};
  limes_status status = LIMES_OK;
  size_t last_x = (rectangle->row + rectangle->rows - 1) / plan->block;
  size_t last_y = (rectangle->column + rectangle->columns - 1) / plan->block;
  for (size_t bx = rectangle->row / plan->block; bx <= last_x; bx++)
    for (size_t by = rectangle->column / plan->block; by <= last_y && status == LIMES_OK; by++)
      if (!plan->symmetric || by <= bx)
        status = walk_tile(walker_of(walk, worker, job), &sink, bx, by);
  return status == LIMES_OK ? walk->finished(walk->user, task, nngp, ntk) : status;
}

static limes_status walk_own(const walk_job *walk, limes_walker *walker, size_t task) {
  size_t first, count = limes_plan_block(walk->plan, &walk->plan->a, task, &first);
  if (!limes_fill_block(walker, &walker->x, &walk->plan->a, first, count))
    return walker->status;
  limes_fill_gram(walker, &walker->x, &walker->x);
  for (size_t item = 0; item < count; item++) {
    const limes_panel *panel = limes_cross_pass(walker, &walker->x, item, &walker->x, item, 1, 0);
    if (walk->nngp != NULL)
      put_number(walker, panel->cov[0], &walk->nngp[first + item]);
    if (walk->ntk != NULL)
      put_number(walker, panel->ntk[0], &walk->ntk[first + item]);
    if (!limes_walker_advance(walker))
      return LIMES_INTERRUPTED;
  }
  return LIMES_OK;
}

static limes_status run_own(void *shared, size_t task, unsigned worker, limes_job *job) {
  const walk_job *walk = shared;
  limes_walker *walker = walker_of(walk, worker, job);
  limes_status status = LIMES_OK;
  for (uint32_t part = 0; part < limes_parts(&walk->plan->program) && status == LIMES_OK; part++) {
    limes_begin_part(walker, part);
    status = walk_own(walk, walker, task);
  }
  return status;
}

/* all of them */

static bool touches(const limes_plan *plan, const limes_sink *sink, size_t block) {
  size_t first = block * plan->block;
  return first < sink->first_row + sink->rows && first + plan->block > sink->first_row;
}

/* Neighbouring tiles share their block of x, whose traces a worker keeps. */
static size_t list_tiles(const walk_job *walk, size_t *tile) {
  const limes_plan *plan = walk->plan;
  size_t count = 0, blocks_a = limes_plan_blocks(plan, &plan->a);
  for (size_t x = 0; x < blocks_a; x++)
    for (size_t y = 0; y < (plan->symmetric ? x + 1 : walk->blocks_b); y++)
      if (touches(plan, walk->sink, x) || (plan->symmetric && touches(plan, walk->sink, y)))
        tile[count++] = x * walk->blocks_b + y;
  return count;
}

/* What was approximated is said, whether or not it is as good as it should be. */
static void report_error(limes_context *context, const walk_job *walk, unsigned workers) {
  double error = 0;
  for (unsigned i = 0; i < workers; i++)
    error = walk->walker[i].work.error > error ? walk->walker[i].work.error : error;
  if (error > 0)
    limes_log(context, error > WANTED_ERROR ? LIMES_LOG_WARNING : LIMES_LOG_DETAIL,
              "attention with scale=sqrt: its series leave out %.1e of what they sum", error);
}

static limes_status run(limes_context *context, walk_job *walk, const char *what, size_t tasks, double flops, limes_task *task) {
  unsigned workers = limes_workers(context, tasks);
  limes_status status = limes_walkers_create(context, walk->plan, workers, &walk->walker);
  if (status == LIMES_OK)
    status = limes_parallel(context, what, tasks, flops, task, walk);
  if (status == LIMES_OK)
    report_error(context, walk, workers);
  limes_walkers_destroy(walk->walker, workers);
  return status;
}

limes_status limes_run_tiles(limes_context *context, const limes_plan *plan, const char *what, const limes_sink *sink) {
  walk_job walk = {.plan = plan, .sink = sink, .blocks_b = limes_plan_blocks(plan, &plan->b)};
  size_t all = limes_plan_tiles(plan);
  walk.tile = limes_allocate(context, all, sizeof *walk.tile);
  if (walk.tile == NULL)
    return LIMES_NO_MEMORY;
  size_t tiles = list_tiles(&walk, walk.tile);
  double share = (double)tiles / (double)all;
  limes_status status = run(context, &walk, what, tiles, share * (plan->cross_flops + plan->own_flops), run_tile);
  free(walk.tile);
  return status;
}

limes_status limes_run_diagonal(limes_context *context, const limes_plan *plan, double *nngp, double *ntk) {
  walk_job walk = {.plan = plan, .nngp = nngp, .ntk = ntk};
  size_t N = plan->a.batch->items, blocks = limes_plan_blocks(plan, &plan->a);
  double flops = 2 / ((double)N + 1) * plan->cross_flops;
  for (size_t i = 0; i < N; i++)
    flops += limes_parts(&plan->program) * limes_own_flops(plan, &plan->a, i);
  return run(context, &walk, "variances", blocks, flops, run_own);
}

/* rectangles */

static void free_matrices(double **matrix, unsigned workers) {
  for (unsigned i = 0; matrix != NULL && i < workers; i++)
    free(matrix[i]);
  free(matrix);
}

/* A matrix for each worker. */
static double **matrices(limes_context *context, unsigned workers, size_t numbers) {
  double **matrix = limes_allocate(context, workers, sizeof *matrix);
  for (unsigned i = 0; matrix != NULL && i < workers; i++)
    if ((matrix[i] = limes_allocate(context, numbers, sizeof **matrix)) == NULL) {
      free_matrices(matrix, workers);
      return NULL;
    }
  return matrix;
}

limes_status limes_run_rectangles(limes_context *context, const limes_plan *plan, const limes_tile *rectangle, size_t n,
                                  bool nngp, bool ntk, limes_rectangle_done *done, void *user) {
  size_t largest = 0;
  double pairs = 0, all = (double)plan->a.batch->items * (double)plan->b.batch->items;
  for (size_t i = 0; i < n; i++) {
    size_t numbers = rectangle[i].rows * rectangle[i].columns;
    bool triangle = plan->symmetric && rectangle[i].row == rectangle[i].column;
    largest = numbers > largest ? numbers : largest;
    pairs += (triangle || !plan->symmetric ? 1 : 2) * (double)numbers;
  }
  unsigned workers = limes_workers(context, n);
  double **first = nngp ? matrices(context, workers, largest) : NULL, **second = ntk ? matrices(context, workers, largest) : NULL;
  walk_job walk = {.plan = plan, .rectangle = rectangle, .filled = {first, second}, .finished = done, .user = user};
  limes_status status = (nngp && first == NULL) || (ntk && second == NULL) ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK)
    status = run(context, &walk, "kernel", n, pairs / all * (plan->cross_flops + plan->own_flops), run_rectangle);
  free_matrices(first, workers);
  free_matrices(second, workers);
  return status;
}
