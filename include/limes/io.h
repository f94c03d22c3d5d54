/* limes: files of named arrays (.npz, .npy, .h5), written whole or not at all. */
#ifndef LIMES_IO_H
#define LIMES_IO_H

#include "limes/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LIMES_MAX_RANK 6

typedef struct limes_named_array {
  const char *name;
  unsigned rank; /* 0 ... LIMES_MAX_RANK */
  size_t size[LIMES_MAX_RANK];
  const double *data;      /* C order; one of data, integers, text is given */
  const int64_t *integers; /* C order */
  const char *text;        /* an attribute in .h5; in .npz a zero-dimensional unicode array */
} limes_named_array;

/* Writes the arrays to path, whose ending chooses the format: .npz, .npy (exactly one array, no text), .h5. A file that
 * is there is replaced only when the new one is complete on disk; on any error (folder missing, disk full) it stays as it was. */
LIMES_API limes_status limes_file_write(limes_context *context, const char *path, const limes_named_array *arrays, size_t count)
    LIMES_MUST_USE;

/* A file of named arrays, read: .npz, .npy (its array is called "data"), .h5. */
typedef struct limes_file limes_file;

LIMES_API limes_status limes_file_open(limes_context *context, const char *path, limes_file **file) LIMES_MUST_USE;
LIMES_API void limes_file_close(limes_file *file); /* NULL is allowed */
/* The array of that name as float64 in C order (any real dtype and order in the file), in memory that lives with the
 * file; NULL in array->data, and LIMES_OK, where there is none. Text arrays fill array->text; integer ones also fill
 * array->integers. */
LIMES_API limes_status limes_file_get(limes_context *context, limes_file *file, const char *name, limes_named_array *array)
    LIMES_MUST_USE;
/* Names of the arrays; i counts from 0; NULL past the last one. Lives with the file. */
LIMES_API const char *limes_file_name(const limes_file *file, size_t i);

#ifdef __cplusplus
}
#endif
#endif
