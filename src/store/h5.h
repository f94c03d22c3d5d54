/* What reading and writing .h5 files share. The HDF5 library prints its errors unless told otherwise, for the whole
 * thread: it is told so for the length of our calls, and put back. */
#ifndef LIMES_STORE_H5_H
#define LIMES_STORE_H5_H

#include <hdf5.h>

#include "store/file.h"

typedef struct limes_h5_silence {
  H5E_auto2_t print;
  void *user;
} limes_h5_silence;

limes_h5_silence limes_h5_silent(void);
void limes_h5_restore(const limes_h5_silence *before);

/* The innermost reason of the last failed call, into text. */
void limes_h5_reason(char *text, size_t size);

limes_status limes_h5_open(limes_context *context, limes_file *file) LIMES_MUST_USE;
limes_status limes_h5_load(limes_context *context, limes_file *file, limes_file_entry *entry) LIMES_MUST_USE;
void limes_h5_close(limes_file *file);
limes_status limes_h5_write(limes_context *context, const char *path, const char *temporary, const limes_named_array *arrays,
                            size_t count) LIMES_MUST_USE;

/* The sentence for a file at `path` that could not be written, with the innermost reason. */
limes_status limes_h5_failed(limes_context *context, const char *path);

/* Writes the arrays into an open file and flushes it. */
bool limes_h5_put(hid_t file, const limes_named_array *arrays, size_t count);

/* Bytes of a file of these arrays, rather too many than too few. */
limes_status limes_h5_bytes(limes_context *context, const limes_named_array *arrays, size_t count, uint64_t *bytes)
    LIMES_MUST_USE;

#endif
