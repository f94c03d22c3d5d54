/* A .npz file: a zip archive whose entries are .npy files, stored or deflated. */
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "store/draft.h"
#include "store/file.h"
#include "store/npy.h"

#define MOST_NAME 1024    /* characters of an entry's name */
#define MOST_DEFLATE 1032 /* no deflated byte becomes more than so many */

/* Absolute, or climbing out of the folder it would be unpacked to */
static bool escapes(const char *name) {
  if (name[0] == '/' || name[0] == '\\' || strchr(name, ':') != NULL)
    return true;
  for (const char *part = name; *part != '\0';) {
    size_t length = strcspn(part, "/\\");
    if (length == 2 && memcmp(part, "..", 2) == 0)
      return true;
    part += length + (part[length] != '\0');
  }
  return false;
}

static limes_status damaged(limes_context *context, const char *reason) {
  return limes_fail(context, LIMES_BAD_INPUT, "it is a damaged zip archive or is cut short: %s; copy or save it again", reason);
}

/* Adds the entry under its name without .npy; others are none of ours. */
static limes_status add_entry(limes_context *context, limes_file *file, zip_uint64_t i) {
  zip_stat_t about;
  zip_stat_init(&about);
  if (zip_stat_index(file->handle, i, ZIP_FL_ENC_GUESS, &about) != 0 || !(about.valid & ZIP_STAT_NAME))
    return damaged(context, zip_strerror(file->handle));
  size_t length = strlen(about.name);
  if (length > MOST_NAME)
    return limes_fail(context, LIMES_BAD_INPUT, "entry %llu has a name of %zu characters; write it again", (unsigned long long)i,
                      length);
  if (escapes(about.name))
    return limes_fail(context, LIMES_BAD_INPUT,
                      "the entry '%s' points out of the archive; nothing of the file is read; write it again with numpy.savez",
                      about.name);
  if (length <= 4 || strcmp(about.name + length - 4, ".npy") != 0)
    return LIMES_OK;
  char name[MOST_NAME];
  memcpy(name, about.name, length - 4);
  name[length - 4] = '\0';
  return limes_file_add(context, file, name, i);
}

static limes_status open_npz(limes_context *context, limes_file *file) {
  int code = 0;
  file->handle = zip_open(file->path, ZIP_RDONLY, &code);
  if (file->handle == NULL) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    limes_status status = damaged(context, zip_error_strerror(&error));
    zip_error_fini(&error);
    return status;
  }
  zip_int64_t n = zip_get_num_entries(file->handle, 0);
  limes_status status = LIMES_OK;
  for (zip_int64_t i = 0; status == LIMES_OK && i < n; i++)
    status = add_entry(context, file, (zip_uint64_t)i);
  return status;
}

/* Whether so many bytes can come out of the entry at all. */
static limes_status check_size(limes_context *context, const limes_file *file, const zip_stat_t *about) {
  if (about->encryption_method != ZIP_EM_NONE)
    return limes_fail(context, LIMES_BAD_INPUT, "it is encrypted; write it again with numpy.savez");
  if (about->comp_method != ZIP_CM_STORE && about->comp_method != ZIP_CM_DEFLATE)
    return limes_fail(context, LIMES_BAD_INPUT, "it is compressed by method %u; write it again with numpy.savez",
                      about->comp_method);
  uint64_t most = about->comp_method == ZIP_CM_STORE             ? about->comp_size
                  : about->comp_size > UINT64_MAX / MOST_DEFLATE ? UINT64_MAX
                                                                 : about->comp_size * MOST_DEFLATE;
  if (about->comp_size > file->bytes || about->size > most)
    return limes_fail(context, LIMES_BAD_INPUT,
                      "it claims %llu bytes out of %llu in a file of %llu, which cannot be; write it again",
                      (unsigned long long)about->size, (unsigned long long)about->comp_size, (unsigned long long)file->bytes);
  return LIMES_OK;
}

static size_t read_bytes(void *self, void *buffer, size_t bytes) {
  size_t done = 0;
  while (done < bytes) {
    zip_int64_t got = zip_fread(self, (char *)buffer + done, bytes - done);
    if (got <= 0)
      break;
    done += (size_t)got;
  }
  return done;
}

/* Reading to the end makes the archive's checksum count. */
static limes_status check_end(limes_context *context, zip_file_t *entry) {
  char more;
  zip_int64_t got = zip_fread(entry, &more, 1);
  return got == 0 ? LIMES_OK : damaged(context, got < 0 ? zip_file_strerror(entry) : "an entry is longer than it says");
}

static limes_status load_npz(limes_context *context, limes_file *file, limes_file_entry *entry) {
  zip_stat_t about;
  zip_stat_init(&about);
  if (zip_stat_index(file->handle, entry->place, 0, &about) != 0)
    return damaged(context, zip_strerror(file->handle));
  limes_status status = check_size(context, file, &about);
  if (status != LIMES_OK)
    return status;
  zip_file_t *opened = zip_fopen_index(file->handle, entry->place, 0);
  if (opened == NULL)
    return damaged(context, zip_strerror(file->handle));
  limes_npy npy;
  limes_stream stream = {.read = read_bytes, .self = opened, .bytes = about.size};
  status = limes_npy_read_header(context, &stream, &npy);
  if (status == LIMES_OK)
    status = limes_npy_read_values(context, &stream, &npy, &entry->array);
  if (status == LIMES_OK) {
    status = check_end(context, opened);
    if (status != LIMES_OK)
      limes_array_free(&entry->array);
  }
  zip_fclose(opened);
  return status;
}

static void close_npz(limes_file *file) {
  if (file->handle != NULL)
    zip_discard(file->handle);
}

/* Fragments, so that the caller's numbers are not copied; libzip reads them when it closes the archive. */
static limes_status add_image(limes_context *context, const char *path, zip_t *archive, const char *name,
                              const limes_npy_image *image) {
  zip_buffer_fragment_t parts[2] = {{(zip_uint8_t *)image->header, image->header_bytes},
                                    {(zip_uint8_t *)image->values, image->bytes}};
  char *full = limes_format_text(context, "%s.npy", name);
  if (full == NULL)
    return LIMES_NO_MEMORY;
  zip_source_t *source = zip_source_buffer_fragment(archive, parts, image->bytes > 0 ? 2 : 1, 0);
  zip_int64_t i = source == NULL ? -1 : zip_file_add(archive, full, source, ZIP_FL_ENC_UTF_8);
  free(full);
  if (i < 0) {
    zip_source_free(source);
    return limes_fail(context, LIMES_FAILED, "%s cannot be written: the array '%s': %s", path, name, zip_strerror(archive));
  }
  /* equal contents make equal files: the time is the zip format's first one */
  if (zip_set_file_compression(archive, (zip_uint64_t)i, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive, (zip_uint64_t)i, 0, 33, 0) != 0)
    return limes_fail(context, LIMES_FAILED, "%s cannot be written: %s", path, zip_strerror(archive));
  return LIMES_OK;
}

static limes_status write_archive(limes_context *context, const char *path, const char *temporary,
                                  const limes_named_array *arrays, limes_npy_image *images, size_t count) {
  int code = 0;
  zip_t *archive = zip_open(temporary, ZIP_TRUNCATE | ZIP_CREATE, &code);
  if (archive == NULL)
    return limes_fail(context, LIMES_FAILED, "%s cannot be written: zip error %d", path, code);
  limes_status status = LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < count; i++) {
    status = limes_npy_make(context, &arrays[i], &images[i]);
    if (status == LIMES_OK)
      status = add_image(context, path, archive, arrays[i].name, &images[i]);
  }
  if (status == LIMES_OK && zip_close(archive) != 0) {
    zip_error_t *error = zip_get_error(archive);
    status = zip_error_system_type(error) == ZIP_ET_SYS
                 ? limes_cannot_write(context, path, zip_error_code_system(error))
                 : limes_fail(context, LIMES_FAILED, "%s cannot be written: %s", path, zip_strerror(archive));
    zip_discard(archive);
  } else if (status != LIMES_OK)
    zip_discard(archive);
  return status;
}

static limes_status write_npz(limes_context *context, const char *path, const char *temporary, const limes_named_array *arrays,
                              size_t count) {
  if (count == 0)
    return limes_fail(context, LIMES_WRONG_USE, "%s: no arrays to write", path);
  limes_npy_image *images = limes_allocate(context, count, sizeof *images);
  if (images == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = write_archive(context, path, temporary, arrays, images, count);
  for (size_t i = 0; i < count; i++)
    free(images[i].owned);
  free(images);
  return status;
}

const limes_file_format limes_format_npz = {
    .ending = ".npz",
    .magic = "PK",
    .magic_bytes = 2,
    .open = open_npz,
    .load = load_npz,
    .close = close_npz,
    .write = write_npz,
};
