#include "store/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/draft.h"
#include "store/npy.h"

#define MOST_MAGIC 8

static const limes_file_format *const formats[] = {&limes_format_npz, &limes_format_npy, &limes_format_h5};
#define FORMATS (sizeof formats / sizeof formats[0])

static bool ends_with(const char *text, const char *ending) {
  size_t length = strlen(text), tail = strlen(ending);
  return length > tail && strcmp(text + length - tail, ending) == 0;
}

static limes_status check_array(limes_context *context, const limes_named_array *array) {
  int kinds = (array->data != NULL) + (array->integers != NULL) + (array->text != NULL);
  if (array->name == NULL || array->name[0] == '\0' || strchr(array->name, '/') != NULL)
    return limes_fail(context, LIMES_WRONG_USE, "an array needs a name without '/'");
  if (kinds != 1)
    return limes_fail(context, LIMES_WRONG_USE, "the array '%s' needs exactly one of data, integers and text", array->name);
  if (array->rank > LIMES_MAX_RANK)
    return limes_fail(context, LIMES_WRONG_USE, "the array '%s' has %u axes; %d is the most", array->name, array->rank,
                      LIMES_MAX_RANK);
  return LIMES_OK;
}

static limes_status check_arrays(limes_context *context, const limes_named_array *arrays, size_t count) {
  for (size_t i = 0; i < count; i++) {
    limes_status status = check_array(context, &arrays[i]);
    if (status != LIMES_OK)
      return status;
    for (size_t k = 0; k < i; k++)
      if (strcmp(arrays[i].name, arrays[k].name) == 0)
        return limes_fail(context, LIMES_WRONG_USE, "two arrays are called '%s'", arrays[i].name);
  }
  return LIMES_OK;
}

limes_status limes_file_write(limes_context *context, const char *path, const limes_named_array *arrays, size_t count) {
  const limes_file_format *format = NULL;
  for (size_t i = 0; i < FORMATS; i++)
    if (ends_with(path, formats[i]->ending))
      format = formats[i];
  if (format == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "%s: the format of an output is chosen by its ending: .npz, .npy or .h5", path);
  limes_draft draft;
  limes_status status = check_arrays(context, arrays, count);
  if (status == LIMES_OK)
    status = limes_draft_begin(context, path, &draft);
  if (status != LIMES_OK)
    return status;
  status = format->write(context, path, draft.temporary, arrays, count);
  if (status == LIMES_OK)
    return limes_draft_commit(context, &draft);
  limes_draft_abandon(&draft);
  return status;
}

static limes_status recognize(limes_context *context, limes_file *file) {
  char start[MOST_MAGIC] = "";
  struct stat about;
  FILE *stream = fopen(file->path, "rbe");
  if (stream == NULL || fstat(fileno(stream), &about) != 0) {
    int error = errno;
    if (stream != NULL)
      fclose(stream);
    return limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read: %s", file->path, limes_system_text(error));
  }
  size_t length = S_ISREG(about.st_mode) ? fread(start, 1, sizeof start, stream) : 0;
  fclose(stream);
  file->bytes = (uint64_t)about.st_size;
  if (!S_ISREG(about.st_mode))
    return limes_fail(context, LIMES_BAD_INPUT, "%s is %s, not a file of arrays", file->path,
                      S_ISDIR(about.st_mode) ? "a folder" : "not a regular file");
  if (length == 0)
    return limes_fail(context, LIMES_BAD_INPUT, "%s is empty", file->path);
  for (size_t i = 0; i < FORMATS; i++)
    if (length >= formats[i]->magic_bytes && memcmp(start, formats[i]->magic, formats[i]->magic_bytes) == 0)
      file->format = formats[i];
  if (file->format == NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "%s is no .npy, .npz or .h5 file: it begins differently from all of them",
                      file->path);
  return LIMES_OK;
}

limes_status limes_file_open(limes_context *context, const char *path, limes_file **file) {
  *file = limes_allocate(context, 1, sizeof **file);
  if (*file == NULL)
    return LIMES_NO_MEMORY;
  (*file)->path = limes_copy_text(context, path);
  limes_status status = (*file)->path == NULL ? LIMES_NO_MEMORY : recognize(context, *file);
  if (status == LIMES_OK) {
    status = (*file)->format->open(context, *file);
    if (status != LIMES_OK && status != LIMES_NO_MEMORY)
      (void)limes_fail_in(context, status, "%s: ", path);
  }
  if (status != LIMES_OK) {
    limes_file_close(*file);
    *file = NULL;
  }
  return status;
}

void limes_file_close(limes_file *file) {
  if (file == NULL)
    return;
  if (file->format != NULL)
    file->format->close(file);
  for (size_t i = 0; i < file->n; i++) {
    limes_array_free(&file->entry[i].array);
    free(file->entry[i].name);
  }
  free(file->entry);
  free(file->path);
  free(file);
}

static limes_file_entry *find(const limes_file *file, const char *name) {
  for (size_t i = 0; i < file->n; i++)
    if (strcmp(file->entry[i].name, name) == 0)
      return &file->entry[i];
  return NULL;
}

limes_status limes_file_add(limes_context *context, limes_file *file, const char *name, uint64_t place) {
  if (find(file, name) != NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "two of its arrays are called '%s'; write it again", name);
  void *entries = file->entry;
  if (!limes_grow(context, &entries, &file->capacity, file->n + 1, sizeof *file->entry))
    return LIMES_NO_MEMORY;
  file->entry = entries;
  file->entry[file->n] = (limes_file_entry){.name = limes_copy_text(context, name), .place = place};
  if (file->entry[file->n].name == NULL)
    return LIMES_NO_MEMORY;
  file->n++;
  return LIMES_OK;
}

limes_status limes_file_get(limes_context *context, limes_file *file, const char *name, limes_named_array *array) {
  *array = (limes_named_array){.name = name};
  limes_file_entry *entry = find(file, name);
  if (entry == NULL)
    return LIMES_OK;
  if (!entry->loaded) {
    limes_status status = file->format->load(context, file, entry);
    if (status != LIMES_OK)
      return status == LIMES_NO_MEMORY ? status : limes_fail_in(context, status, "%s: array '%s': ", file->path, name);
    entry->loaded = true;
    entry->array.name = entry->name;
  }
  *array = entry->array;
  return LIMES_OK;
}

const char *limes_file_name(const limes_file *file, size_t i) { return i < file->n ? file->entry[i].name : NULL; }
