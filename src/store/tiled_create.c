/* Making a resumable file: all that HDF5 has to write, at once. */
#include <stdlib.h>
#include <string.h>

#include <math.h>

#include "store/draft.h"
#include "store/h5.h"
#include "store/tiled_inside.h"

#define ROOM 65536 /* bytes of HDF5's own structures, generously */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* A matrix of NaN in chunks as large as a tile, written out when it is created. */
static bool create_matrix(hid_t file, const limes_tiled_plan *plan, const char *name) {
  const double nothing = NAN;
  hsize_t size[2] = {plan->rows, plan->columns};
  hsize_t chunk[2] = {least(plan->edge, plan->rows), least(plan->edge, plan->columns)};
  hid_t space = H5Screate_simple(2, size, NULL), list = H5Pcreate(H5P_DATASET_CREATE), set = -1;
  if (space >= 0 && list >= 0 && H5Pset_obj_track_times(list, false) >= 0 && H5Pset_chunk(list, 2, chunk) >= 0 &&
      H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY) >= 0 && H5Pset_fill_time(list, H5D_FILL_TIME_ALLOC) >= 0 &&
      H5Pset_fill_value(list, H5T_NATIVE_DOUBLE, &nothing) >= 0)
    set = H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  if (list >= 0)
    H5Pclose(list);
  if (space >= 0)
    H5Sclose(space);
  return set >= 0 && H5Dclose(set) >= 0;
}

/* The list of tiles comes first: what stands in front is what a file that was cut short still has. */
static bool fill_file(hid_t file, const limes_tiled_plan *plan, const limes_named_array *own, size_t n_own) {
  bool done = limes_h5_put(file, own, n_own) && limes_h5_put(file, plan->about, plan->n_about);
  for (size_t i = 0; i < plan->matrices && done; i++)
    done = create_matrix(file, plan, plan->name[i]);
  return done && H5Fflush(file, H5F_SCOPE_LOCAL) >= 0;
}

/* The newest layout of the library that is there: chunks of fixed matrices then need no index that could be torn. */
static hid_t create_file(const char *path) {
  hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;
  if (access >= 0 && H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0)
    file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  if (access >= 0)
    H5Pclose(access);
  return file;
}

static limes_status bytes_of(limes_context *context, const limes_tiled_plan *plan, const limes_named_array *own, size_t n_own,
                             uint64_t *bytes) {
  uint64_t about = 0;
  limes_status status = limes_h5_bytes(context, own, n_own, bytes);
  if (status == LIMES_OK)
    status = limes_h5_bytes(context, plan->about, plan->n_about, &about);
  if (status != LIMES_OK)
    return status;
  size_t edge[2] = {least(plan->edge, plan->rows), least(plan->edge, plan->columns)};
  double chunks = ceil((double)plan->rows / (double)edge[0]) * ceil((double)plan->columns / (double)edge[1]);
  double all = (double)plan->matrices * chunks * (double)edge[0] * (double)edge[1] * sizeof(double);
  if (all > (double)(INT64_MAX / 4))
    return limes_fail(context, LIMES_REFUSED, "a kernel of %zu x %zu entries is too large for any disk", plan->rows,
                      plan->columns);
  *bytes += about + (uint64_t)all + ROOM;
  return LIMES_OK;
}

static limes_status write_draft(limes_context *context, const limes_draft *draft, const limes_tiled_plan *plan,
                                const limes_named_array *own, size_t n_own) {
  uint64_t bytes = 0;
  limes_status status = bytes_of(context, plan, own, n_own, &bytes);
  if (status == LIMES_OK)
    status = limes_draft_reserve(context, draft->path, draft->temporary, bytes);
  if (status != LIMES_OK)
    return status;
  limes_h5_silence before = limes_h5_silent();
  hid_t file = create_file(draft->temporary);
  bool done = file >= 0;
  if (done) /* creating the file gave the room back */
    status = limes_draft_reserve(context, draft->path, draft->temporary, bytes);
  if (status == LIMES_OK && done)
    done = fill_file(file, plan, own, n_own);
  if (status == LIMES_OK && !done)
    status = limes_h5_failed(context, draft->path);
  if (file >= 0 && H5Fclose(file) < 0 && status == LIMES_OK)
    status = limes_h5_failed(context, draft->path);
  limes_h5_restore(&before);
  return status;
}

/* The matrices' names, one after another with blanks between them. */
static char *names_of(limes_context *context, const limes_tiled_plan *plan) {
  return limes_format_text(context, "%s%s%s", plan->name[0], plan->matrices > 1 ? " " : "",
                           plan->matrices > 1 ? plan->name[1] : "");
}

static int64_t *list_of(limes_context *context, const limes_tiled_plan *plan) {
  int64_t *list = limes_allocate(context, plan->tiles, 4 * sizeof *list);
  for (size_t i = 0; list != NULL && i < plan->tiles; i++) {
    const limes_tile *tile = &plan->tile[i];
    const size_t four[4] = {tile->row, tile->rows, tile->column, tile->columns};
    for (size_t k = 0; k < 4; k++)
      list[4 * i + k] = (int64_t)four[k];
  }
  return list;
}

limes_status limes_tiled_create(limes_context *context, const char *path, const limes_tiled_plan *plan) {
  char *names = names_of(context, plan);
  int64_t *list = list_of(context, plan), *sums = limes_allocate(context, plan->tiles, sizeof *sums);
  limes_draft draft = {0};
  limes_status status = names == NULL || list == NULL || sums == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  const limes_named_array own[] = {
      {.name = TILED_LIST, .rank = 2, .size = {plan->tiles, 4}, .integers = list},
      {.name = TILED_SUMS, .rank = 1, .size = {plan->tiles}, .integers = sums},
      {.name = TILED_NAMES, .text = names},
      {.name = TILED_MIRROR, .text = plan->symmetric ? "yes" : "no"},
  };
  if (status == LIMES_OK)
    status = limes_draft_begin(context, path, &draft);
  if (status == LIMES_OK)
    status = write_draft(context, &draft, plan, own, sizeof own / sizeof *own);
  if (status == LIMES_OK)
    status = limes_draft_commit(context, &draft);
  limes_draft_abandon(&draft);
  free(names);
  free(list);
  free(sums);
  return status;
}
