/* MNIST's idx files, plain or gzipped: images of bytes [N,H,W] and labels [N]. Items are [H,W,1]. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "data/batch.h"
#include "data/name.h"
#include "store/draft.h"

#define IMAGES 0x00000803
#define LABELS 0x00000801
#define MOST_SIDE 65535
#define CLASSES 10
#define MOST_INFLATED 1032 /* bytes that one deflated byte can become at most */

typedef struct {
  limes_context *context;
  char *path; /* owned */
  gzFile file;
  size_t size[3]; /* N, H, W */
} idx;

static limes_status fail(const idx *file, const char *what) {
  return limes_fail(file->context, LIMES_BAD_INPUT, "%s %s; copy it again", file->path, what);
}

static bool exists(const char *path) {
  struct stat about;
  return path != NULL && stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* DIR/train-images-idx3-ubyte, train-images.idx3-ubyte, or one of them with .gz */
static limes_status find_file(limes_context *context, const char *folder, const char *part, const char *what, int rank,
                              idx *file) {
  *file = (idx){.context = context};
  for (unsigned i = 0; i < 4; i++) {
    file->path = limes_format_text(context, "%s/%s-%s%cidx%d-ubyte%s", folder, part, what, i < 2 ? '-' : '.', rank,
                                   i % 2 == 0 ? "" : ".gz");
    if (file->path == NULL || exists(file->path))
      return file->path == NULL ? LIMES_NO_MEMORY : LIMES_OK;
    free(file->path);
    file->path = NULL;
  }
  return limes_fail(context, LIMES_BAD_INPUT,
                    "%s has no %s-%s-idx%d-ubyte or %s-%s-idx%d-ubyte.gz; name the folder of the four MNIST files", folder, part,
                    what, rank, part, what, rank);
}

static bool read_number(idx *file, size_t *number) {
  unsigned char bytes[4];
  if (gzread(file->file, bytes, 4) != 4)
    return false;
  *number = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | (size_t)bytes[3];
  return true;
}

/* Whether the file can hold what its header says at all. */
static limes_status check_size(idx *file, unsigned rank) {
  struct stat about;
  size_t bytes = file->size[0], most = 0;
  if (stat(file->path, &about) != 0)
    return fail(file, "cannot be read");
  for (unsigned k = 1; k < rank; k++)
    if (file->size[k] == 0 || file->size[k] > MOST_SIDE || !limes_multiply(bytes, file->size[k], &bytes))
      return fail(file, "has a header with impossible sizes");
  if (!limes_multiply((size_t)about.st_size, gzdirect(file->file) ? 1 : MOST_INFLATED, &most))
    most = SIZE_MAX;
  return bytes > most ? fail(file, "is cut short: its header promises more than is there") : LIMES_OK;
}

static limes_status open_file(idx *file, size_t magic, unsigned rank) {
  size_t found = 0;
  file->file = gzopen(file->path, "rbe");
  if (file->file == NULL)
    return limes_fail(file->context, LIMES_BAD_INPUT, "%s cannot be read: %s", file->path, limes_system_text(errno));
  if (!read_number(file, &found) || found != magic)
    return fail(file, "is no idx file of bytes with the right number of axes, or is damaged");
  for (unsigned k = 0; k < rank; k++)
    if (!read_number(file, &file->size[k]))
      return fail(file, "is cut short in its header");
  return check_size(file, rank);
}

static void close_file(idx *file) {
  if (file->file != NULL)
    gzclose(file->file);
  free(file->path);
}

/* Moves over `count` records of `bytes` each, into `to` (NULL: to nowhere). */
static bool pass(idx *file, unsigned char *record, size_t bytes, size_t count, double *to) {
  for (size_t i = 0; i < count; i++) {
    if (gzread(file->file, record, (unsigned)bytes) != (int)bytes)
      return false;
    for (size_t k = 0; to != NULL && k < bytes; k++)
      to[i * bytes + k] = (double)record[k];
  }
  return true;
}

/* Records first ... first+count-1 as numbers. The rest is read too: it must be there, and nothing behind it. */
static limes_status read_records(idx *file, unsigned rank, size_t first, size_t count, double *to) {
  size_t bytes = 1;
  for (unsigned k = 1; k < rank; k++)
    bytes *= file->size[k];
  if (bytes > INT32_MAX)
    return fail(file, "has a header with impossible sizes");
  unsigned char *record = limes_allocate(file->context, bytes, 1), more;
  if (record == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = LIMES_OK;
  if (!pass(file, record, bytes, first, NULL) || !pass(file, record, bytes, count, to) ||
      !pass(file, record, bytes, file->size[0] - first - count, NULL))
    status = fail(file, "is damaged or cut short: its header promises more than is there");
  else if (gzread(file->file, &more, 1) != 0)
    status = fail(file, "is damaged, or longer than its header says");
  free(record);
  return status;
}

static limes_status read_labels(idx *file, size_t first, size_t count, int64_t *labels) {
  double *numbers = limes_allocate(file->context, count, sizeof *numbers);
  limes_status status = numbers == NULL ? LIMES_NO_MEMORY : read_records(file, 1, first, count, numbers);
  for (size_t i = 0; status == LIMES_OK && i < count; i++)
    labels[i] = (int64_t)numbers[i];
  free(numbers);
  return status;
}

/* The images of a part and their labels. */
typedef struct {
  idx images, labels;
} pair;

static limes_status open_pair(limes_context *context, const char *folder, const char *part, pair *both) {
  idx *images = &both->images, *labels = &both->labels;
  limes_status status = find_file(context, folder, part, "images", 3, images);
  if (status == LIMES_OK)
    status = find_file(context, folder, part, "labels", 1, labels);
  if (status == LIMES_OK)
    status = open_file(images, IMAGES, 3);
  if (status == LIMES_OK)
    status = open_file(labels, LABELS, 1);
  if (status == LIMES_OK && images->size[0] != labels->size[0])
    status = limes_fail(context, LIMES_BAD_INPUT, "%s holds %zu images, %s holds %zu labels; they do not belong together",
                        images->path, images->size[0], labels->path, labels->size[0]);
  return status;
}

static limes_status open_pairs(limes_context *context, const limes_data_name *name, pair *pairs, size_t *n) {
  limes_status status = LIMES_OK;
  if (name->part != LIMES_PART_TEST)
    status = open_pair(context, name->path, "train", &pairs[(*n)++]);
  if (status == LIMES_OK && name->part != LIMES_PART_TRAIN)
    status = open_pair(context, name->path, "t10k", &pairs[(*n)++]);
  if (status == LIMES_OK && *n == 2 && memcmp(&pairs[0].images.size[1], &pairs[1].images.size[1], 2 * sizeof(size_t)) != 0)
    status = limes_fail(context, LIMES_BAD_INPUT, "%s: the images for training and for testing differ in size", name->path);
  return status;
}

/* Items first ... of the pairs taken one after the other, as many as the batch has. */
static limes_status read_pairs(limes_context *context, pair *pairs, size_t n, size_t first, limes_batch *batch) {
  size_t each = pairs[0].images.size[1] * pairs[0].images.size[2], done = 0, before = 0;
  int64_t *labels = limes_allocate(context, batch->items, sizeof *labels);
  limes_status status = labels == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < n; i++) {
    size_t items = pairs[i].images.size[0], skip = first + done - before, left = skip < items ? items - skip : 0;
    size_t count = left < batch->items - done ? left : batch->items - done;
    if (count > 0)
      status = read_records(&pairs[i].images, 3, skip, count, batch->x + done * each);
    if (status == LIMES_OK && count > 0)
      status = read_labels(&pairs[i].labels, skip, count, labels + done);
    done += count;
    before += items;
  }
  if (status == LIMES_OK)
    status = limes_batch_set_labels(context, batch, labels);
  if (status == LIMES_OK)
    limes_batch_raise_classes(batch, CLASSES);
  free(labels);
  return status;
}

limes_status limes_read_mnist(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                              limes_batch **batch) {
  (void)options;
  pair pairs[2] = {0};
  size_t n = 0, items = 0, first = 0, count = 0;
  limes_status status = open_pairs(context, name, pairs, &n);
  for (size_t i = 0; i < n; i++)
    items += pairs[i].images.size[0];
  if (status == LIMES_OK)
    status = limes_range_resolve(context, &name->range, name->path, items, &first, &count);
  if (status == LIMES_OK)
    status = limes_batch_allocate_equal(context, count, 2, pairs[0].images.size[1], pairs[0].images.size[2], 1, batch);
  if (status == LIMES_OK) {
    (*batch)->maximum = 255;
    (*batch)->normalization = "unit";
    status = read_pairs(context, pairs, n, first, *batch);
  }
  for (size_t i = 0; i < n; i++) {
    close_file(&pairs[i].images);
    close_file(&pairs[i].labels);
  }
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}
