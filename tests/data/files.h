/* Files that tests make for themselves, in a folder of their own that goes when the program ends. */
#ifndef LIMES_TESTS_FILES_H
#define LIMES_TESTS_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "helpers.h"

typedef struct test_files {
  char folder[256];
} test_files;

static inline void files_remove_all(const char *folder) {
  DIR *stream = opendir(folder);
  if (stream == NULL)
    return;
  for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    char *path = NULL;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
        asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
      continue;
    if (unlink(path) != 0)
      files_remove_all(path);
    free(path);
  }
  closedir(stream);
  rmdir(folder);
}

static inline size_t files_count(const char *folder) {
  size_t n = 0;
  DIR *stream = opendir(folder);
  assert_non_null(stream);
  while (readdir(stream) != NULL)
    n++;
  closedir(stream);
  return n - 2;
}

static inline int files_begin(void **state) {
  static test_files files;
  const char *temporary = getenv("TMPDIR");
  snprintf(files.folder, sizeof files.folder, "%s/limes-test-XXXXXX", temporary == NULL ? "/tmp" : temporary);
  *state = &files;
  return mkdtemp(files.folder) == NULL;
}

static inline int files_end(void **state) {
  files_remove_all(((test_files *)*state)->folder);
  return 0;
}

/* FOLDER/name; eight of them are kept at a time */
static inline const char *files_path(void **state, const char *name) {
  static char paths[8][1024];
  static unsigned next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", ((const test_files *)*state)->folder, name);
  return path;
}

static inline const char *files_folder(void **state, const char *name) {
  const char *path = files_path(state, name);
  assert_true(mkdir(path, 0777) == 0 || access(path, F_OK) == 0);
  return path;
}

static inline const char *files_write(void **state, const char *name, const void *bytes, size_t n) {
  const char *path = files_path(state, name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, n, file), n);
  assert_int_equal(fclose(file), 0);
  return path;
}

static inline const char *files_text(void **state, const char *name, const char *text) {
  return files_write(state, name, text, strlen(text));
}

static inline const char *files_gzip(void **state, const char *name, const void *bytes, size_t n) {
  const char *path = files_path(state, name);
  gzFile file = gzopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(gzwrite(file, bytes, (unsigned)n), n);
  assert_int_equal(gzclose(file), Z_OK);
  return path;
}

/* The bytes of a file, to be freed */
static inline char *files_read(const char *path, size_t *n) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  *n = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*n + 1);
  assert_non_null(bytes);
  assert_int_equal(fread(bytes, 1, *n, file), *n);
  bytes[*n] = '\0';
  fclose(file);
  return bytes;
}

/* The call fails with this status, and its sentence has this part. */
#define assert_fails(context, call, status, part)                                                                                \
  files_assert_fails((context), (call), (status), (part), #call, __FILE__, __LINE__)

static inline void files_assert_fails(const limes_context *context, limes_status got, limes_status wanted, const char *part,
                                      const char *text, const char *file, int line) {
  if (got == wanted && strstr(limes_error(context), part) != NULL)
    return;
  print_error("%s\nshould fail with \"%s\" and a sentence with \"%s\"\ngot \"%s\" and \"%s\"\n", text, limes_status_text(wanted),
              part, limes_status_text(got), limes_error(context));
  _fail(file, line);
}

/* A file of the folder of real data, or NULL where it is not there. */
static inline const char *files_shared(const char *name) {
  static char path[1024];
  const char *folder = getenv("LIMES_SHARED"), *root = getenv("LIMES_SOURCE_ROOT");
  if (folder != NULL)
    snprintf(path, sizeof path, "%s/data/%s", folder, name);
  else
    snprintf(path, sizeof path, "%s/../shared/data/%s", root == NULL ? "." : root, name);
  return access(path, R_OK) == 0 ? path : NULL;
}

#endif
