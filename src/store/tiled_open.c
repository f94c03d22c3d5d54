/* Opening a resumable file: its list, its places, its lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/draft.h"
#include "store/h5.h"
#include "store/tiled_inside.h"

/* The HDF5 file format specification, section II.A, superblock of version 2 and 3: its number stands at byte 8, the address of
 * the file's end at byte 28, least byte first. */
#define SUPERBLOCK_BYTES 48
#define SUPERBLOCK_VERSION 8
#define SUPERBLOCK_END 28

static uint64_t little(const unsigned char *byte) {
  uint64_t number = 0;
  for (int i = 7; i >= 0; i--)
    number = number << 8 | byte[i];
  return number;
}

/* A power failure may cut a file short: the length comes back here, its numbers by their checksums later. */
static limes_status mend_length(limes_context *context, limes_tiled *file) {
  unsigned char block[SUPERBLOCK_BYTES];
  struct stat about;
  if (fstat(file->descriptor, &about) != 0)
    return limes_cannot_write(context, file->path, errno);
  if (pread(file->descriptor, block, sizeof block, 0) != sizeof block || block[SUPERBLOCK_VERSION] < 2)
    return LIMES_OK; /* opening it will say what is wrong */
  uint64_t end = little(block + SUPERBLOCK_END);
  if ((uint64_t)about.st_size >= end || end > INT64_MAX / 2)
    return LIMES_OK;
  limes_log(context, LIMES_LOG_WARNING, "%s was cut short: %llu of %llu bytes are there; the lost tiles are computed again",
            file->path, (unsigned long long)about.st_size, (unsigned long long)end);
  file->was_cut = true;
  int error = posix_fallocate(file->descriptor, 0, (off_t)end);
  return error == 0 ? LIMES_OK : limes_cannot_write(context, file->path, error);
}

/* A lock of the open file, which goes with the process however it ends, and does not keep readers out. */
static limes_status lock(limes_context *context, const limes_tiled *file) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(file->descriptor, F_OFD_SETLK, &whole) == 0)
    return LIMES_OK;
  if (errno == EAGAIN || errno == EACCES)
    return limes_fail(context, LIMES_FAILED, "%s is being written by another process: wait for it, or write to another file",
                      file->path);
  limes_log(context, LIMES_LOG_WARNING, "%s cannot be locked (%s): let no other process write it", file->path,
            limes_system_text(errno));
  return LIMES_OK;
}

static limes_status open_plain(limes_context *context, limes_tiled *file) {
  file->descriptor = open(file->path, (file->writing ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (file->descriptor < 0 && file->writing)
    return limes_cannot_write(context, file->path, errno);
  if (file->descriptor < 0)
    return limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read: %s", file->path, limes_system_text(errno));
  if (!file->writing)
    return LIMES_OK;
  limes_status status = lock(context, file);
  return status == LIMES_OK ? mend_length(context, file) : status;
}

static limes_status damaged(limes_context *context, const limes_tiled *file, const char *why) {
  return limes_fail(context, LIMES_BAD_INPUT, "%s is damaged (%s): remove it and compute it anew", file->path, why);
}

/* the list */

static limes_status get(limes_context *context, const limes_tiled *file, const char *name, limes_named_array *array) {
  *array = (limes_named_array){0};
  limes_status status = limes_file_get(context, file->kept, name, array);
  if (status == LIMES_OK && array->text == NULL && array->integers == NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "%s is no kernel file that can be resumed: it has no %s", file->path, name);
  return status;
}

static bool fits(const limes_tiled *file, const limes_tile *tile) {
  return tile->rows > 0 && tile->columns > 0 && tile->row < file->rows && tile->rows <= file->rows - tile->row &&
         tile->column < file->columns && tile->columns <= file->columns - tile->column &&
         (!file->symmetric || tile->row == tile->column || tile->column + tile->columns <= tile->row);
}

static limes_status read_list(limes_context *context, limes_tiled *file) {
  limes_named_array list, sums;
  limes_status status = get(context, file, TILED_LIST, &list);
  if (status == LIMES_OK)
    status = get(context, file, TILED_SUMS, &sums);
  if (status != LIMES_OK)
    return status;
  if (list.rank != 2 || list.size[1] != 4 || sums.rank != 1 || sums.size[0] != list.size[0] || list.integers == NULL ||
      sums.integers == NULL)
    return damaged(context, file, "its list of tiles has no sense");
  file->tiles = list.size[0];
  file->tile = limes_allocate(context, file->tiles, sizeof *file->tile);
  file->sum = limes_allocate(context, file->tiles, sizeof *file->sum);
  file->waiting = limes_allocate(context, file->tiles, sizeof *file->waiting);
  file->waiting_sum = limes_allocate(context, file->tiles, sizeof *file->waiting_sum);
  if (file->tile == NULL || file->sum == NULL || file->waiting == NULL || file->waiting_sum == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < file->tiles; i++) {
    const int64_t *four = list.integers + 4 * i;
    file->tile[i] = (limes_tile){(size_t)four[0], (size_t)four[1], (size_t)four[2], (size_t)four[3]};
    if (!fits(file, &file->tile[i]))
      return damaged(context, file, "a tile lies outside its matrix");
    size_t numbers = file->tile[i].rows * file->tile[i].columns;
    file->largest = numbers > file->largest ? numbers : file->largest;
    file->sum[i] = (uint64_t)sums.integers[i];
  }
  return LIMES_OK;
}

/* places */

static bool find_chunks(limes_tiled *file, hid_t set, limes_tiled_matrix *matrix) {
  for (size_t i = 0; i * file->chunk[0] < file->rows; i++)
    for (size_t j = 0; j < file->across; j++) {
      const hsize_t corner[2] = {i * file->chunk[0], j * file->chunk[1]};
      haddr_t place = HADDR_UNDEF;
      hsize_t bytes = 0;
      unsigned filters = 0;
      if (H5Dget_chunk_info_by_coord(set, corner, &filters, &place, &bytes) < 0 || place == HADDR_UNDEF || filters != 0 ||
          bytes != file->chunk[0] * file->chunk[1] * sizeof(double))
        return false;
      matrix->place[i * file->across + j] = place;
    }
  return true;
}

/* Size and chunks: the same for all matrices, of 8-byte floats as this machine has them. */
static bool read_shape(limes_tiled *file, hid_t set) {
  hid_t space = H5Dget_space(set), list = H5Dget_create_plist(set), type = H5Dget_type(set);
  hsize_t size[2] = {0}, chunk[2] = {0};
  bool right = space >= 0 && list >= 0 && type >= 0 && H5Sget_simple_extent_ndims(space) == 2 &&
               H5Tequal(type, H5T_NATIVE_DOUBLE) > 0 && H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 2, chunk) == 2 &&
               chunk[0] > 0 && chunk[1] > 0 && H5Sget_simple_extent_dims(space, size, NULL) == 2 && size[0] > 0 && size[1] > 0;
  if (list >= 0)
    H5Pclose(list);
  if (space >= 0)
    H5Sclose(space);
  if (type >= 0)
    H5Tclose(type);
  right = right && (file->rows == 0 || (file->rows == size[0] && file->columns == size[1]));
  file->rows = size[0];
  file->columns = size[1];
  file->chunk[0] = chunk[0];
  file->chunk[1] = chunk[1];
  file->across = chunk[1] == 0 ? 0 : (size[1] + chunk[1] - 1) / chunk[1];
  return right;
}

static limes_status read_matrix(limes_context *context, limes_tiled *file, hid_t h5, limes_tiled_matrix *matrix) {
  hid_t set = H5Dopen2(h5, matrix->name, H5P_DEFAULT);
  bool right = set >= 0 && read_shape(file, set);
  size_t chunks = right ? (file->rows + file->chunk[0] - 1) / file->chunk[0] * file->across : 0;
  if (right)
    matrix->place = limes_allocate(context, chunks, sizeof *matrix->place);
  bool memory = !right || matrix->place != NULL;
  right = right && memory && find_chunks(file, set, matrix);
  if (set >= 0)
    H5Dclose(set);
  return !memory ? LIMES_NO_MEMORY : right ? LIMES_OK : damaged(context, file, "a matrix is not laid out as it should be");
}

static limes_status find_sums(limes_context *context, limes_tiled *file, hid_t h5) {
  hid_t set = H5Dopen2(h5, TILED_SUMS, H5P_DEFAULT);
  haddr_t place = set < 0 ? HADDR_UNDEF : H5Dget_offset(set);
  if (set >= 0)
    H5Dclose(set);
  file->sum_place = place;
  return place == HADDR_UNDEF ? damaged(context, file, "its list of tiles has no place") : LIMES_OK;
}

static limes_status read_places(limes_context *context, limes_tiled *file) {
  limes_h5_silence before = limes_h5_silent();
  hid_t h5 = H5Fopen(file->path, H5F_ACC_RDONLY, H5P_DEFAULT);
  limes_status status = h5 < 0 ? damaged(context, file, "HDF5 cannot read it") : find_sums(context, file, h5);
  for (size_t i = 0; i < file->matrices && status == LIMES_OK; i++)
    status = read_matrix(context, file, h5, &file->matrix[i]);
  if (h5 >= 0)
    H5Fclose(h5);
  limes_h5_restore(&before);
  return status;
}

/* "nngp ntk" */
static limes_status read_names(limes_context *context, limes_tiled *file) {
  limes_named_array names, mirror;
  limes_status status = get(context, file, TILED_NAMES, &names);
  if (status == LIMES_OK)
    status = get(context, file, TILED_MIRROR, &mirror);
  if (status != LIMES_OK)
    return status;
  if (names.text == NULL || mirror.text == NULL)
    return damaged(context, file, "it does not say what its matrices are");
  file->symmetric = strcmp(mirror.text, "yes") == 0;
  for (const char *at = names.text; *at != '\0' && file->matrices < LIMES_TILED_MOST;) {
    size_t length = strcspn(at, " ");
    char *name = limes_format_text(context, "%.*s", (int)length, at);
    if (name == NULL)
      return LIMES_NO_MEMORY;
    file->matrix[file->matrices++].name = name;
    at += length + strspn(at + length, " ");
  }
  return LIMES_OK;
}

/* all of it */

bool limes_tiled_is(limes_context *context, const char *path) {
  limes_file *file = NULL;
  limes_named_array names = {0};
  bool is = limes_file_open(context, path, &file) == LIMES_OK && limes_file_get(context, file, TILED_NAMES, &names) == LIMES_OK &&
            names.text != NULL;
  limes_file_close(file);
  return is;
}

limes_status limes_tiled_open(limes_context *context, const char *path, bool for_writing, limes_tiled **out) {
  limes_tiled *file = *out = limes_allocate(context, 1, sizeof *file);
  if (file == NULL)
    return LIMES_NO_MEMORY;
  pthread_mutex_init(&file->lock, NULL);
  pthread_mutex_init(&file->sync_lock, NULL);
  file->writing = for_writing;
  file->descriptor = -1;
  file->path = limes_copy_text(context, path);
  limes_status status = file->path == NULL ? LIMES_NO_MEMORY : open_plain(context, file);
  if (status == LIMES_OK)
    status = limes_file_open(context, path, &file->kept);
  if (status == LIMES_OK)
    status = read_names(context, file);
  if (status == LIMES_OK)
    status = read_places(context, file);
  if (status == LIMES_OK)
    status = read_list(context, file);
  if (status != LIMES_OK) {
    limes_tiled_close(file);
    *out = NULL;
  }
  return status;
}

void limes_tiled_close(limes_tiled *file) {
  if (file == NULL)
    return;
  limes_file_close(file->kept);
  if (file->descriptor >= 0)
    close(file->descriptor);
  for (size_t i = 0; i < LIMES_TILED_MOST; i++) {
    free(file->matrix[i].name);
    free(file->matrix[i].place);
  }
  pthread_mutex_destroy(&file->lock);
  pthread_mutex_destroy(&file->sync_lock);
  free(file->tile);
  free(file->sum);
  free(file->waiting);
  free(file->waiting_sum);
  free(file->path);
  free(file);
}

/* what is kept beside the matrices */

static bool is_own(const limes_tiled *file, const char *name) {
  static const char *const own[] = {TILED_LIST, TILED_SUMS, TILED_NAMES, TILED_MIRROR};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (strcmp(name, own[i]) == 0)
      return true;
  for (size_t i = 0; i < file->matrices; i++)
    if (strcmp(name, file->matrix[i].name) == 0)
      return true;
  return false;
}

limes_status limes_tiled_about(limes_context *context, const limes_tiled *file, limes_named_array **about, size_t *n) {
  size_t names = 0;
  while (limes_file_name(file->kept, names) != NULL)
    names++;
  limes_named_array *all = *about = limes_allocate(context, names, sizeof *all);
  *n = 0;
  limes_status status = all == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t i = 0; i < names && status == LIMES_OK; i++) {
    const char *name = limes_file_name(file->kept, i);
    if (is_own(file, name))
      continue;
    status = limes_file_get(context, file->kept, name, &all[*n]);
    all[*n].name = name;
    if (all[*n].integers != NULL)
      all[*n].data = NULL;
    ++*n;
  }
  return status;
}
