/* Kernels in a file that can be resumed (store/tiled.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/cuts.h"
#include "kernel/identity.h"
#include "kernel/kernel.h"
#include "kernel/tiles.h"

typedef struct {
  limes_context *context;
  const char *path;
  const limes_plan *plan;
  const limes_kernel_file_options *options;
  limes_kernel_file_report *report;
  limes_identity identity;
  limes_tiled *file;
  size_t *todo;          /* [n_todo] tiles */
  limes_tile *rectangle; /* [n_todo] */
  size_t n_todo;
} filling;

/* a new file */

/* The caller's texts and arrays, and who the kernel is. */
static limes_named_array *all_about(const filling *fill, size_t *count) {
  size_t n = fill->options->n_about;
  limes_named_array *about = limes_allocate(fill->context, n + LIMES_IDENTITY_TEXTS, sizeof *about);
  if (about == NULL)
    return NULL;
  if (n > 0)
    memcpy(about, fill->options->about, n * sizeof *about);
  limes_identity_texts(&fill->identity, about + n);
  *count = n + LIMES_IDENTITY_TEXTS;
  return about;
}

static limes_status create_at(const filling *fill, const char *path, size_t edge, const limes_cuts *cuts) {
  const limes_plan *plan = fill->plan;
  limes_tiled_plan what = {
      .rows = plan->a.batch->items, .columns = plan->b.batch->items, .symmetric = plan->symmetric, .edge = edge};
  limes_tile *tile = NULL;
  limes_status status = limes_cuts_tiles(fill->context, cuts, &tile, &what.tiles);
  limes_named_array *about = status == LIMES_OK ? all_about(fill, &what.n_about) : NULL;
  if (status == LIMES_OK && about == NULL)
    status = LIMES_NO_MEMORY;
  if (fill->options->nngp)
    what.name[what.matrices++] = "nngp";
  if (fill->options->ntk)
    what.name[what.matrices++] = "ntk";
  what.tile = tile;
  what.about = about;
  if (status == LIMES_OK)
    status = limes_tiled_create(fill->context, path, &what);
  free(tile);
  free(about);
  return status;
}

static limes_status create_new(const filling *fill) {
  const limes_plan *plan = fill->plan;
  size_t edge = limes_cuts_edge(plan);
  limes_cuts cuts;
  limes_status status =
      limes_cuts_create(fill->context, plan->a.batch->items, plan->b.batch->items, plan->symmetric, edge, NULL, &cuts);
  if (status == LIMES_OK)
    status = create_at(fill, fill->path, edge, &cuts);
  limes_cuts_clear(&cuts);
  return status;
}

/* a file that gets more items: a new one beside it, with the old one's tiles, takes its place */

static limes_status copy_tiles(limes_context *context, limes_tiled *from, const limes_cuts *before, limes_tiled *to,
                               const limes_cuts *cuts) {
  double *data[LIMES_TILED_MOST] = {limes_allocate(context, limes_tiled_largest(from), sizeof(double)),
                                    limes_allocate(context, limes_tiled_largest(from), sizeof(double))};
  limes_status status = data[0] == NULL || data[1] == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t i = 0; i < limes_tiled_tiles(from) && status == LIMES_OK; i++) {
    bool intact = false;
    if (!limes_tiled_done(from, i))
      continue;
    status = limes_tiled_get(context, from, i, data, &intact);
    if (status == LIMES_OK && intact)
      status = limes_tiled_put(context, to, limes_cuts_moved(before, cuts, i), (const double *const *)data);
  }
  free(data[0]);
  free(data[1]);
  return status == LIMES_OK ? limes_tiled_sync(context, to, true, NULL) : status;
}

static limes_status fill_larger(const filling *fill, const char *path, const limes_cuts *before, const limes_cuts *cuts) {
  limes_tiled *to = NULL;
  limes_status status = limes_tiled_open(fill->context, path, true, &to);
  if (status == LIMES_OK)
    status = copy_tiles(fill->context, fill->file, before, to, cuts);
  limes_tiled_close(to);
  if (status == LIMES_OK && rename(path, fill->path) != 0)
    status = limes_fail(fill->context, LIMES_FAILED, "%s cannot be replaced by its larger version", fill->path);
  return status;
}

static limes_status extend(filling *fill) {
  const limes_plan *plan = fill->plan;
  size_t rows, columns, edge;
  bool symmetric;
  limes_tiled_size(fill->file, &rows, &columns, &edge, &symmetric);
  limes_log(fill->context, LIMES_LOG_NOTE, "%s has the first %zu of %zu items: the others are added", fill->path, rows,
            plan->a.batch->items);
  fill->report->items = rows;
  limes_cuts before = {0}, cuts = {0};
  char *path = limes_format_text(fill->context, "%s.larger", fill->path);
  limes_status status = path == NULL ? LIMES_NO_MEMORY : limes_cuts_of(fill->context, fill->file, &before);
  if (status == LIMES_OK)
    status = limes_cuts_create(fill->context, plan->a.batch->items, plan->b.batch->items, symmetric, edge, &before, &cuts);
  if (status == LIMES_OK)
    status = create_at(fill, path, edge, &cuts);
  if (status == LIMES_OK) {
    status = fill_larger(fill, path, &before, &cuts);
    if (status != LIMES_OK)
      unlink(path);
  }
  limes_cuts_clear(&before);
  limes_cuts_clear(&cuts);
  free(path);
  limes_tiled_close(fill->file);
  fill->file = NULL;
  return status == LIMES_OK ? limes_tiled_open(fill->context, fill->path, true, &fill->file) : status;
}

static limes_status check_matrices(const filling *fill) {
  bool nngp = false, ntk = false;
  for (size_t i = 0; i < limes_tiled_matrices(fill->file); i++) {
    nngp |= strcmp(limes_tiled_name(fill->file, i), "nngp") == 0;
    ntk |= strcmp(limes_tiled_name(fill->file, i), "ntk") == 0;
  }
  if (nngp == fill->options->nngp && ntk == fill->options->ntk)
    return LIMES_OK;
  return limes_fail(fill->context, LIMES_WRONG_USE, "%s holds %s, and %s asked for: remove it, or write to another file",
                    fill->path,
                    nngp && ntk ? "both kernels"
                    : nngp      ? "the NNGP alone"
                                : "the NTK alone",
                    fill->options->nngp && fill->options->ntk ? "both kernels are"
                    : fill->options->nngp                     ? "the NNGP alone is"
                                                              : "the NTK alone is");
}

static limes_status open_file(filling *fill) {
  bool extends = false;
  if (access(fill->path, F_OK) != 0) {
    limes_status status = create_new(fill);
    return status == LIMES_OK ? limes_tiled_open(fill->context, fill->path, true, &fill->file) : status;
  }
  limes_status status = limes_tiled_open(fill->context, fill->path, true, &fill->file);
  if (status == LIMES_OK)
    status = check_matrices(fill);
  if (status == LIMES_OK)
    status = limes_identity_check(fill->context, &fill->identity, fill->plan, fill->file, fill->path, &extends);
  return status == LIMES_OK && extends ? extend(fill) : status;
}

/* which tiles are missing */

static bool is_wanted(const limes_kernel_file_options *options, size_t tile) {
  return options->shards == 0 || tile % options->shards == options->shard - 1;
}

/* Whether the tile is there; one that is damaged, or may hold the zeros of a mended file, is made NaN. */
static limes_status look(filling *fill, size_t tile, double *const *data, bool *there) {
  limes_status status = LIMES_OK;
  *there = limes_tiled_done(fill->file, tile);
  bool was_done = *there;
  if (was_done)
    status = limes_tiled_get(fill->context, fill->file, tile, data, there);
  fill->report->damaged += was_done && !*there;
  if (status == LIMES_OK && !*there && (was_done || limes_tiled_was_cut(fill->file)))
    status = limes_tiled_forget(fill->context, fill->file, tile);
  return status;
}

static limes_status find_missing(filling *fill) {
  size_t tiles = limes_tiled_tiles(fill->file), largest = limes_tiled_largest(fill->file);
  double *data[LIMES_TILED_MOST] = {limes_allocate(fill->context, largest, sizeof(double)),
                                    limes_allocate(fill->context, largest, sizeof(double))};
  fill->todo = limes_allocate(fill->context, tiles, sizeof *fill->todo);
  fill->rectangle = limes_allocate(fill->context, tiles, sizeof *fill->rectangle);
  limes_status status =
      data[0] == NULL || data[1] == NULL || fill->todo == NULL || fill->rectangle == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  fill->report->tiles = tiles;
  for (size_t i = 0; i < tiles && status == LIMES_OK; i++) {
    bool there = false, wanted = is_wanted(fill->options, i);
    status = look(fill, i, data, &there);
    fill->report->wanted += wanted;
    fill->report->done += there;
    if (!wanted || there)
      continue;
    fill->todo[fill->n_todo] = i;
    fill->rectangle[fill->n_todo++] = limes_tiled_tile(fill->file, i);
  }
  free(data[0]);
  free(data[1]);
  return status;
}

/* computing them */

static limes_status keep(void *user, size_t number, const double *nngp, const double *ntk) {
  filling *fill = user;
  const limes_tile *tile = &fill->rectangle[number];
  const double *data[LIMES_TILED_MOST] = {nngp != NULL ? nngp : ntk, nngp != NULL ? ntk : NULL};
  limes_status status =
      limes_check_matrix(fill->context, "NNGP", nngp, tile->rows, tile->columns, tile->columns, tile->row, tile->column, 1);
  if (status == LIMES_OK)
    status = limes_check_matrix(fill->context, "NTK", ntk, tile->rows, tile->columns, tile->columns, tile->row, tile->column, 1);
  if (status == LIMES_OK)
    status = limes_tiled_put(fill->context, fill->file, fill->todo[number], data);
  return status == LIMES_OK ? limes_tiled_sync(fill->context, fill->file, false, NULL) : status;
}

static limes_status compute_missing(filling *fill) {
  const limes_kernel_file_options *options = fill->options;
  limes_status status =
      limes_run_rectangles(fill->context, fill->plan, fill->rectangle, fill->n_todo, options->nngp, options->ntk, keep, fill);
  char error[LIMES_ERROR_SIZE];
  snprintf(error, sizeof error, "%s", limes_error(fill->context));
  limes_status synced = limes_tiled_sync(fill->context, fill->file, true, &fill->report->computed);
  fill->report->done += fill->report->computed;
  if (status == LIMES_OK)
    return synced;
  return limes_fail(fill->context, status, "%s; %s keeps %zu of its %zu tiles: the same command goes on from there", error,
                    fill->path, fill->report->done, fill->report->tiles);
}

static limes_status fill_file(filling *fill) {
  limes_status status = limes_identity_create(fill->context, fill->plan, fill->options, &fill->identity);
  if (status == LIMES_OK)
    status = open_file(fill);
  if (status == LIMES_OK)
    status = find_missing(fill);
  if (status == LIMES_OK && fill->report->damaged > 0)
    limes_log(fill->context, LIMES_LOG_WARNING, "%s: %zu tiles were damaged and are computed again", fill->path,
              fill->report->damaged);
  if (status == LIMES_OK && fill->report->done > 0)
    limes_log(fill->context, LIMES_LOG_NOTE, "%s: %zu of %zu tiles are there", fill->path, fill->report->done,
              fill->report->tiles);
  if (status == LIMES_OK && fill->n_todo > 0)
    status = compute_missing(fill);
  limes_tiled_close(fill->file);
  limes_identity_clear(&fill->identity);
  free(fill->todo);
  free(fill->rectangle);
  return status;
}

limes_status limes_kernel_file(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                               const char *path, const limes_kernel_file_options *options, limes_kernel_file_report *report) {
  *report = (limes_kernel_file_report){0};
  if (!options->nngp && !options->ntk)
    return limes_fail(context, LIMES_WRONG_USE, "no kernel is asked for: ask for nngp, ntk or both");
  if (options->shards > 0 && (options->shard == 0 || options->shard > options->shards))
    return limes_fail(context, LIMES_WRONG_USE, "there is no shard %u of %u: they count from 1", options->shard, options->shards);
  limes_plan plan;
  limes_status status = limes_plan_kernel(context, model, a, b, options->ntk, LIMES_SCALAR, &plan);
  if (status != LIMES_OK)
    return status;
  report->rows = plan.a.batch->items;
  report->columns = plan.b.batch->items;
  filling fill = {.context = context, .path = path, .plan = &plan, .options = options, .report = report};
  status = fill_file(&fill);
  limes_plan_clear(&plan);
  return status;
}
