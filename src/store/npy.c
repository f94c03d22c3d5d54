/* A .npy file: one array, called "data". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/draft.h"
#include "store/file.h"
#include "store/npy.h"

static size_t read_bytes(void *self, void *buffer, size_t bytes) { return fread(buffer, 1, bytes, self); }

static limes_status open_npy(limes_context *context, limes_file *file) {
  file->handle = fopen(file->path, "rbe");
  if (file->handle == NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "it cannot be read: %s", limes_system_text(errno));
  return limes_file_add(context, file, "data", 0);
}

static limes_status load_npy(limes_context *context, limes_file *file, limes_file_entry *entry) {
  limes_npy npy;
  limes_stream stream = {.read = read_bytes, .self = file->handle, .bytes = file->bytes};
  rewind(file->handle);
  limes_status status = limes_npy_read_header(context, &stream, &npy);
  return status != LIMES_OK ? status : limes_npy_read_values(context, &stream, &npy, &entry->array);
}

static void close_npy(limes_file *file) {
  if (file->handle != NULL)
    fclose(file->handle);
}

static int put_bytes(const char *path, const limes_npy_image *image) {
  FILE *file = fopen(path, "wbe");
  if (file == NULL)
    return errno;
  int error = 0;
  if (fwrite(image->header, 1, image->header_bytes, file) != image->header_bytes ||
      fwrite(image->values, 1, image->bytes, file) != image->bytes)
    error = errno;
  if (fclose(file) != 0 && error == 0)
    error = errno;
  return error;
}

static limes_status write_npy(limes_context *context, const char *path, const char *temporary, const limes_named_array *arrays,
                              size_t count) {
  if (count != 1 || arrays[0].text != NULL)
    return limes_fail(context, LIMES_WRONG_USE,
                      "%s: a .npy file holds exactly one array of numbers; write several to .npz or .h5", path);
  limes_npy_image image;
  limes_status status = limes_npy_make(context, &arrays[0], &image);
  if (status != LIMES_OK)
    return status;
  int error = put_bytes(temporary, &image);
  free(image.owned);
  return error == 0 ? LIMES_OK : limes_cannot_write(context, path, error);
}

const limes_file_format limes_format_npy = {
    .ending = ".npy",
    .magic = "\x93NUMPY",
    .magic_bytes = 6,
    .open = open_npy,
    .load = load_npy,
    .close = close_npy,
    .write = write_npy,
};
