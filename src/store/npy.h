/* The .npy format: one array behind a header, read from any stream and written to any file. */
#ifndef LIMES_STORE_NPY_H
#define LIMES_STORE_NPY_H

#include "base/context.h"
#include "limes/io.h"

/* Bytes from somewhere. */
typedef struct limes_stream {
  size_t (*read)(void *self, void *buffer, size_t bytes); /* how many came; fewer only at the end or after an error */
  void *self;
  uint64_t bytes; /* left, as far as its container says */
} limes_stream;

/* How the elements of an array stand in the file. */
typedef struct limes_npy {
  char kind;    /* f i u b U S */
  size_t bytes; /* of an element */
  bool big;     /* the byte of most weight first */
  bool fortran; /* first axis fastest */
  unsigned rank;
  size_t size[LIMES_MAX_RANK];
  size_t count; /* elements */
} limes_npy;

/* Reads the header; checks that the stream holds exactly the elements it promises. */
limes_status limes_npy_read_header(limes_context *context, limes_stream *stream, limes_npy *npy) LIMES_MUST_USE;

/* Reads the elements behind the header: array's rank, size and data (integers, text), to be freed by limes_array_free. */
limes_status limes_npy_read_values(limes_context *context, limes_stream *stream, const limes_npy *npy, limes_named_array *array)
    LIMES_MUST_USE;

/* Frees what limes_npy_read_values allocated. */
void limes_array_free(limes_named_array *array);

/* What a .npy file of the array holds: header, then bytes from the caller's memory or, for text, in `owned`. */
typedef struct limes_npy_image {
  char header[512];
  size_t header_bytes;
  const void *values;
  size_t bytes;
  void *owned; /* free() it */
} limes_npy_image;

limes_status limes_npy_make(limes_context *context, const limes_named_array *array, limes_npy_image *image) LIMES_MUST_USE;

/* Elements of the array; false where they do not fit a size_t. */
bool limes_array_count(const limes_named_array *array, size_t *count) LIMES_MUST_USE;

#endif
