/* CIFAR-10 in its binary layout: records of a label and 3 x 32 x 32 bytes, one colour after the other. Items are
 * [32,32,3]. Batches may be missing, and may hold any number of records. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "data/batch.h"
#include "data/name.h"
#include "store/draft.h"

#define SIDE 32
#define CLASSES 10
#define PIXELS (SIDE * SIDE)
#define COLOURS 3
#define RECORD (1 + COLOURS * PIXELS)
#define MOST_FILES 6 /* five batches for training, one for testing */

typedef struct {
  char *path; /* owned */
  size_t records;
} batch_file;

typedef struct {
  batch_file file[MOST_FILES];
  size_t n, records;
} collection;

/* Adds the file if it is there; *found says so. */
static limes_status add_file(limes_context *context, collection *all, char *path, bool *found) {
  struct stat about;
  *found = path != NULL && stat(path, &about) == 0 && S_ISREG(about.st_mode);
  if (!*found) {
    free(path);
    return path == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  }
  size_t bytes = (size_t)about.st_size;
  all->file[all->n++] = (batch_file){.path = path, .records = bytes / RECORD};
  all->records += bytes / RECORD;
  if (bytes == 0)
    return limes_fail(context, LIMES_BAD_INPUT, "%s is empty; copy it again", path);
  if (bytes % RECORD != 0)
    return limes_fail(context, LIMES_BAD_INPUT,
                      "%s has %zu bytes, which is no multiple of %d: it is cut short or no CIFAR-10 file; copy it again", path,
                      bytes, RECORD);
  return LIMES_OK;
}

static limes_status add_named(limes_context *context, collection *all, const char *folder, const char *inner, const char *name) {
  bool found = false;
  return add_file(context, all, limes_format_text(context, "%s/%s%s", folder, inner, name), &found);
}

static limes_status add_folder(limes_context *context, collection *all, const limes_data_name *name, const char *inner) {
  static const char *const batches[5] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                                         "data_batch_5.bin"};
  limes_status status = LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < 5 && name->part != LIMES_PART_TEST; i++)
    status = add_named(context, all, name->path, inner, batches[i]);
  if (status == LIMES_OK && name->part != LIMES_PART_TRAIN)
    status = add_named(context, all, name->path, inner, "test_batch.bin");
  return status;
}

static limes_status find_files(limes_context *context, collection *all, const limes_data_name *name) {
  bool found = false;
  limes_status status = add_file(context, all, limes_copy_text(context, name->path), &found);
  if (status == LIMES_OK && found && name->part != LIMES_PART_ALL)
    return limes_fail(context, LIMES_WRONG_USE, "%s is one file; :train and :test need the folder of the batches", name->path);
  if (status == LIMES_OK && !found)
    status = add_folder(context, all, name, "");
  if (status == LIMES_OK && all->n == 0)
    status = add_folder(context, all, name, "cifar-10-batches-bin/");
  if (status == LIMES_OK && all->n == 0)
    status = limes_fail(context, LIMES_BAD_INPUT, "%s has no %s; name the folder of CIFAR-10's binary version", name->path,
                        name->part == LIMES_PART_TEST ? "test_batch.bin" : "data_batch_1.bin to data_batch_5.bin");
  return status;
}

/* One record into x [32,32,3] and *label */
static limes_status read_record(limes_context *context, FILE *stream, const char *path, size_t record, double *x,
                                int64_t *label) {
  unsigned char bytes[RECORD];
  if (fread(bytes, 1, RECORD, stream) != RECORD)
    return limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read at record %zu; copy it again", path, record);
  if (bytes[0] > 9)
    return limes_fail(context, LIMES_BAD_INPUT, "%s, record %zu (from 0): the label is %u, outside 0 to 9; copy the file again",
                      path, record, bytes[0]);
  *label = bytes[0];
  for (size_t p = 0; p < PIXELS; p++)
    for (size_t c = 0; c < COLOURS; c++)
      x[p * COLOURS + c] = (double)bytes[1 + c * PIXELS + p];
  return LIMES_OK;
}

/* Records first ... first+count-1 of one file */
static limes_status read_file(limes_context *context, const batch_file *file, size_t first, size_t count, double *x,
                              int64_t *labels) {
  FILE *stream = fopen(file->path, "rbe");
  if (stream == NULL || fseeko(stream, (off_t)(first * RECORD), SEEK_SET) != 0) {
    int error = errno;
    if (stream != NULL)
      fclose(stream);
    return limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read: %s", file->path, limes_system_text(error));
  }
  limes_status status = LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < count; i++)
    status = read_record(context, stream, file->path, first + i, x + i * COLOURS * PIXELS, &labels[i]);
  fclose(stream);
  return status;
}

static limes_status read_all(limes_context *context, const collection *all, size_t first, limes_batch *batch) {
  int64_t *labels = limes_allocate(context, batch->items, sizeof *labels);
  limes_status status = labels == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  size_t done = 0, before = 0;
  for (size_t i = 0; status == LIMES_OK && i < all->n && done < batch->items; i++) {
    size_t skip = first + done - before, left = skip < all->file[i].records ? all->file[i].records - skip : 0;
    size_t count = left < batch->items - done ? left : batch->items - done;
    if (count > 0)
      status = read_file(context, &all->file[i], skip, count, batch->x + done * COLOURS * PIXELS, labels + done);
    done += count;
    before += all->file[i].records;
  }
  if (status == LIMES_OK)
    status = limes_batch_set_labels(context, batch, labels);
  if (status == LIMES_OK)
    limes_batch_raise_classes(batch, CLASSES);
  free(labels);
  return status;
}

limes_status limes_read_cifar(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                              limes_batch **batch) {
  (void)options;
  collection all = {0};
  size_t first = 0, count = 0;
  limes_status status = find_files(context, &all, name);
  if (status == LIMES_OK)
    status = limes_range_resolve(context, &name->range, name->path, all.records, &first, &count);
  if (status == LIMES_OK)
    status = limes_batch_allocate_equal(context, count, 2, SIDE, SIDE, COLOURS, batch);
  if (status == LIMES_OK) {
    (*batch)->maximum = 255;
    (*batch)->normalization = "unit";
    status = read_all(context, &all, first, *batch);
  }
  for (size_t i = 0; i < all.n; i++)
    free(all.file[i].path);
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}
