/* Looking at kernel files, and joining them. */
#include <stdlib.h>
#include <unistd.h>

#include "kernel/cuts.h"
#include "kernel/identity.h"

typedef struct {
  double *data[LIMES_TILED_MOST]; /* of the tile at hand */
} tile_memory;

static limes_status take_memory(limes_context *context, const limes_tiled *file, tile_memory *memory) {
  for (size_t i = 0; i < LIMES_TILED_MOST; i++)
    memory->data[i] = limes_allocate(context, limes_tiled_largest(file), sizeof(double));
  return memory->data[0] == NULL || memory->data[1] == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

static void free_memory(tile_memory *memory) {
  for (size_t i = 0; i < LIMES_TILED_MOST; i++)
    free(memory->data[i]);
}

static limes_status count_tiles(limes_context *context, limes_tiled *file, bool verify, limes_kernel_file_report *report) {
  tile_memory memory = {0};
  limes_status status = verify ? take_memory(context, file, &memory) : LIMES_OK;
  for (size_t i = 0; i < limes_tiled_tiles(file) && status == LIMES_OK; i++) {
    bool intact = limes_tiled_done(file, i);
    if (!intact)
      continue;
    if (verify)
      status = limes_tiled_get(context, file, i, memory.data, &intact);
    report->done += intact;
    report->damaged += !intact;
  }
  free_memory(&memory);
  return status;
}

limes_status limes_kernel_file_check(limes_context *context, const char *path, bool verify, bool *is,
                                     limes_kernel_file_report *report) {
  limes_tiled *file = NULL;
  size_t edge;
  bool symmetric;
  *report = (limes_kernel_file_report){0};
  *is = limes_tiled_is(context, path);
  if (!*is)
    return LIMES_OK;
  limes_status status = limes_tiled_open(context, path, false, &file);
  if (status != LIMES_OK)
    return status;
  report->tiles = report->wanted = limes_tiled_tiles(file);
  limes_tiled_size(file, &report->rows, &report->columns, &edge, &symmetric);
  status = count_tiles(context, file, verify, report);
  limes_tiled_close(file);
  return status;
}

/* joining */

/* A new empty file of the same kernel. */
static limes_status create_like(limes_context *context, const char *path, limes_tiled *first) {
  limes_named_array *about = NULL;
  limes_tile *tile = NULL;
  limes_tiled_plan what = {.tiles = limes_tiled_tiles(first), .matrices = limes_tiled_matrices(first)};
  limes_cuts cuts = {0};
  limes_tiled_size(first, &what.rows, &what.columns, &what.edge, &what.symmetric);
  for (size_t i = 0; i < what.matrices; i++)
    what.name[i] = limes_tiled_name(first, i);
  limes_status status = limes_cuts_of(context, first, &cuts);
  if (status == LIMES_OK)
    status = limes_cuts_tiles(context, &cuts, &tile, &what.tiles);
  if (status == LIMES_OK)
    status = limes_tiled_about(context, first, &about, &what.n_about);
  for (size_t i = 0; i < what.n_about; i++)
    limes_identity_whole(&about[i]);
  what.tile = tile;
  what.about = about;
  if (status == LIMES_OK)
    status = limes_tiled_create(context, path, &what);
  limes_cuts_clear(&cuts);
  free(tile);
  free(about);
  return status;
}

static limes_status join_part(limes_context *context, limes_tiled *to, const char *part, limes_kernel_file_report *report) {
  limes_tiled *from = NULL;
  tile_memory memory = {0};
  limes_status status = limes_tiled_open(context, part, false, &from);
  if (status == LIMES_OK)
    status = limes_identity_same(context, to, from, part);
  if (status == LIMES_OK)
    status = take_memory(context, from, &memory);
  for (size_t i = 0; status == LIMES_OK && i < limes_tiled_tiles(from); i++) {
    bool intact = false;
    if (!limes_tiled_done(from, i) || limes_tiled_done(to, i))
      continue;
    status = limes_tiled_get(context, from, i, memory.data, &intact);
    report->damaged += !intact;
    if (status == LIMES_OK && intact)
      status = limes_tiled_put(context, to, i, (const double *const *)memory.data);
  }
  if (status == LIMES_OK)
    status = limes_tiled_sync(context, to, true, &report->done);
  free_memory(&memory);
  limes_tiled_close(from);
  return status;
}

limes_status limes_kernel_file_merge(limes_context *context, const char *path, const char *const *parts, size_t n,
                                     limes_kernel_file_report *report) {
  limes_tiled *first = NULL, *to = NULL;
  *report = (limes_kernel_file_report){0};
  if (n == 0)
    return limes_fail(context, LIMES_WRONG_USE, "there is nothing to join: name the files of the shards");
  if (access(path, F_OK) == 0)
    return limes_fail(context, LIMES_WRONG_USE, "%s is there already: remove it, or name another file", path);
  limes_status status = limes_tiled_open(context, parts[0], false, &first);
  if (status == LIMES_OK)
    status = create_like(context, path, first);
  limes_tiled_close(first);
  if (status != LIMES_OK)
    return status;
  status = limes_tiled_open(context, path, true, &to);
  for (size_t i = 0; i < n && status == LIMES_OK; i++)
    status = join_part(context, to, parts[i], report);
  if (status == LIMES_OK) {
    size_t edge;
    bool symmetric;
    limes_tiled_size(to, &report->rows, &report->columns, &edge, &symmetric);
    report->tiles = report->wanted = limes_tiled_tiles(to);
    report->computed = 0;
  }
  limes_tiled_close(to);
  if (status != LIMES_OK)
    unlink(path);
  return status;
}
