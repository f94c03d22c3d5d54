/* Tiles of a resumable file: read, written, entered. */
#include "store/tiled.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "store/draft.h"
#include "store/tiled_inside.h"

#define SYNC_INTERVAL 0.5 /* seconds: a sync of the disk takes milliseconds, a cheap tile less */

size_t limes_tiled_tiles(const limes_tiled *file) { return file->tiles; }
limes_tile limes_tiled_tile(const limes_tiled *file, size_t tile) { return file->tile[tile]; }
size_t limes_tiled_matrices(const limes_tiled *file) { return file->matrices; }
const char *limes_tiled_name(const limes_tiled *file, size_t matrix) { return file->matrix[matrix].name; }
bool limes_tiled_done(const limes_tiled *file, size_t tile) { return file->sum[tile] != 0; }
bool limes_tiled_was_cut(const limes_tiled *file) { return file->was_cut; }
size_t limes_tiled_largest(const limes_tiled *file) { return file->largest; }

void limes_tiled_size(const limes_tiled *file, size_t *rows, size_t *columns, size_t *edge, bool *symmetric) {
  *rows = file->rows;
  *columns = file->columns;
  *edge = file->chunk[0] > file->chunk[1] ? file->chunk[0] : file->chunk[1];
  *symmetric = file->symmetric;
}

limes_status limes_tiled_text(limes_context *context, const limes_tiled *file, const char *name, const char **text) {
  limes_named_array array = {0};
  limes_status status = limes_file_get(context, file->kept, name, &array);
  *text = status == LIMES_OK && array.text != NULL ? array.text : "nothing";
  return status;
}

/* rows */

typedef ssize_t transfer(int descriptor, void *bytes, size_t count, off_t place);

static ssize_t write_bytes(int descriptor, void *bytes, size_t count, off_t place) {
  return pwrite(descriptor, bytes, count, place);
}

/* All of the bytes, or an errno. */
static int whole(transfer *move, int descriptor, void *bytes, size_t count, uint64_t place) {
  for (size_t done = 0; done < count;) {
    ssize_t moved = move(descriptor, (char *)bytes + done, count - done, (off_t)(place + done));
    if (moved < 0 && errno == EINTR)
      continue;
    if (moved <= 0)
      return moved < 0 ? errno : EIO;
    done += (size_t)moved;
  }
  return 0;
}

/* A stretch of a row lies in one chunk after another. */
static int move_row(transfer *move, const limes_tiled *file, size_t matrix, size_t row, size_t column, size_t count,
                    double *values) {
  const uint64_t *place = file->matrix[matrix].place + row / file->chunk[0] * file->across;
  int error = 0;
  for (size_t done = 0; done < count && error == 0;) {
    size_t at = column + done, inside = at % file->chunk[1], left = file->chunk[1] - inside;
    size_t n = count - done < left ? count - done : left;
    uint64_t start = place[at / file->chunk[1]] + (row % file->chunk[0] * file->chunk[1] + inside) * sizeof *values;
    error = whole(move, file->descriptor, values + done, n * sizeof *values, start);
    done += n;
  }
  return error;
}

static limes_status cannot_read(limes_context *context, const limes_tiled *file, int error) {
  return limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read: %s", file->path, limes_system_text(error));
}

limes_status limes_tiled_read_row(limes_context *context, const limes_tiled *file, size_t matrix, size_t row, size_t column,
                                  size_t count, double *out) {
  int error = move_row(pread, file, matrix, row, column, count, out);
  return error == 0 ? LIMES_OK : cannot_read(context, file, error);
}

limes_status limes_tiled_write_row(limes_context *context, const limes_tiled *file, size_t matrix, size_t row, size_t column,
                                   size_t count, const double *values) {
  int error = move_row(write_bytes, file, matrix, row, column, count, (double *)values);
  return error == 0 ? LIMES_OK : limes_cannot_write(context, file->path, error);
}

/* checksums: of the tile's rows, then of its mirror image's, matrix after matrix */

/* 0 says "not done" in the list. */
static uint64_t finish(XXH3_state_t *state) {
  uint64_t sum = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return sum == 0 ? 1 : sum;
}

static bool is_mirrored(const limes_tiled *file, const limes_tile *tile) { return file->symmetric && tile->row != tile->column; }

static void take_column(const double *data, const limes_tile *tile, size_t column, double *out) {
  for (size_t i = 0; i < tile->rows; i++)
    out[i] = data[i * tile->columns + column];
}

/* Reads the mirror image's rows: true where they are the tile's columns. */
static limes_status same_mirrored(limes_context *context, const limes_tiled *file, size_t matrix, const limes_tile *tile,
                                  const double *data, double *two_rows, bool *same) {
  double *is = two_rows, *should = two_rows + tile->rows;
  limes_status status = LIMES_OK;
  for (size_t j = 0; j < tile->columns && status == LIMES_OK && *same; j++) {
    take_column(data, tile, j, should);
    status = limes_tiled_read_row(context, file, matrix, tile->column + j, tile->row, tile->rows, is);
    *same = status == LIMES_OK && memcmp(is, should, tile->rows * sizeof *is) == 0;
  }
  return status;
}

static uint64_t sum_of(const limes_tiled *file, const limes_tile *tile, const double *const *data, limes_context *context) {
  XXH3_state_t *state = XXH3_createState();
  if (state == NULL) {
    (void)limes_fail(context, LIMES_NO_MEMORY, "out of memory");
    return 0;
  }
  XXH3_64bits_reset(state);
  for (size_t m = 0; m < file->matrices; m++)
    XXH3_64bits_update(state, data[m], tile->rows * tile->columns * sizeof **data);
  return finish(state);
}

limes_status limes_tiled_get(limes_context *context, limes_tiled *file, size_t number, double *const *data, bool *intact) {
  const limes_tile *tile = &file->tile[number];
  double *two_rows = limes_allocate(context, 2 * tile->rows, sizeof *two_rows);
  limes_status status = two_rows == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  *intact = file->sum[number] != 0;
  for (size_t m = 0; m < file->matrices; m++) {
    for (size_t i = 0; i < tile->rows && status == LIMES_OK; i++)
      status = limes_tiled_read_row(context, file, m, tile->row + i, tile->column, tile->columns, data[m] + i * tile->columns);
    if (status == LIMES_OK && *intact && is_mirrored(file, tile))
      status = same_mirrored(context, file, m, tile, data[m], two_rows, intact);
  }
  free(two_rows);
  if (status != LIMES_OK || !*intact)
    return status;
  uint64_t sum = sum_of(file, tile, (const double *const *)data, context);
  *intact = sum == file->sum[number];
  return sum == 0 ? LIMES_NO_MEMORY : LIMES_OK;
}

/* writing */

static limes_status write_tile(limes_context *context, const limes_tiled *file, size_t matrix, const limes_tile *tile,
                               const double *data, double *row) {
  limes_status status = LIMES_OK;
  for (size_t i = 0; i < tile->rows && status == LIMES_OK; i++)
    status = limes_tiled_write_row(context, file, matrix, tile->row + i, tile->column, tile->columns, data + i * tile->columns);
  for (size_t j = 0; is_mirrored(file, tile) && j < tile->columns && status == LIMES_OK; j++) {
    take_column(data, tile, j, row);
    status = limes_tiled_write_row(context, file, matrix, tile->column + j, tile->row, tile->rows, row);
  }
  return status;
}

static limes_status write_matrices(limes_context *context, limes_tiled *file, size_t number, const double *const *data) {
  const limes_tile *tile = &file->tile[number];
  double *row = limes_allocate(context, tile->rows, sizeof *row);
  limes_status status = row == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t m = 0; m < file->matrices && m < LIMES_TILED_MOST && status == LIMES_OK; m++)
    status = write_tile(context, file, m, tile, data[m], row);
  free(row);
  return status;
}

limes_status limes_tiled_put(limes_context *context, limes_tiled *file, size_t number, const double *const *data) {
  limes_status status = write_matrices(context, file, number, data);
  uint64_t sum = status == LIMES_OK ? sum_of(file, &file->tile[number], data, context) : 0;
  if (sum == 0)
    return status == LIMES_OK ? LIMES_NO_MEMORY : status;
  pthread_mutex_lock(&file->lock);
  file->waiting[file->n_waiting] = number;
  file->waiting_sum[file->n_waiting++] = sum;
  pthread_mutex_unlock(&file->lock);
  return LIMES_OK;
}

static int enter(limes_tiled *file, size_t number, uint64_t sum) {
  file->sum[number] = sum;
  return whole(write_bytes, file->descriptor, &sum, sizeof sum, file->sum_place + number * sizeof sum);
}

limes_status limes_tiled_forget(limes_context *context, limes_tiled *file, size_t number) {
  const limes_tile *tile = &file->tile[number];
  int error = enter(file, number, 0);
  if (error != 0)
    return limes_cannot_write(context, file->path, error);
  double *nothing = limes_allocate(context, tile->rows * tile->columns, sizeof *nothing);
  if (nothing == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < tile->rows * tile->columns; i++)
    nothing[i] = NAN;
  const double *data[LIMES_TILED_MOST] = {nothing, nothing};
  limes_status status = write_matrices(context, file, number, data);
  free(nothing);
  return status;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The tiles that wait are the first [0, n) of the list; others may join behind them meanwhile. One sync is enough: should a
 * checksum reach the disk without its numbers, it does not fit what stands there. */
static int enter_waiting(limes_tiled *file, size_t n) {
  int error = 0;
  for (size_t i = 0; i < n && error == 0; i++)
    error = enter(file, file->waiting[i], file->waiting_sum[i]);
  if (error == 0 && fdatasync(file->descriptor) != 0)
    error = errno;
  return error;
}

static limes_status sync_now(limes_context *context, limes_tiled *file) {
  pthread_mutex_lock(&file->lock);
  size_t n = file->n_waiting;
  pthread_mutex_unlock(&file->lock);
  int error = n == 0 ? 0 : enter_waiting(file, n);
  if (error != 0)
    return limes_cannot_write(context, file->path, error);
  pthread_mutex_lock(&file->lock);
  file->n_waiting -= n;
  memmove(file->waiting, file->waiting + n, file->n_waiting * sizeof *file->waiting);
  memmove(file->waiting_sum, file->waiting_sum + n, file->n_waiting * sizeof *file->waiting_sum);
  pthread_mutex_unlock(&file->lock);
  file->safe += n;
  file->synced = now();
  return LIMES_OK;
}

limes_status limes_tiled_sync(limes_context *context, limes_tiled *file, bool force, size_t *count) {
  limes_status status = LIMES_OK;
  pthread_mutex_lock(&file->sync_lock);
  if (force || now() - file->synced >= SYNC_INTERVAL)
    status = sync_now(context, file);
  if (count != NULL)
    *count = file->safe;
  pthread_mutex_unlock(&file->sync_lock);
  return status;
}
