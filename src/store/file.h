/* The inside of a file of named arrays, and what each format must do. */
#ifndef LIMES_STORE_FILE_H
#define LIMES_STORE_FILE_H

#include "base/memory.h"
#include "limes/io.h"

typedef struct limes_file_entry {
  char *name;     /* owned */
  uint64_t place; /* where the format finds it */
  bool loaded;
  limes_named_array array; /* owned when loaded */
} limes_file_entry;

typedef struct limes_file_format {
  const char *ending; /* ".npz" */
  const char *magic;  /* what its files begin with */
  size_t magic_bytes;
  /* opens file->path and lists its entries by limes_file_add */
  limes_status (*open)(limes_context *context, limes_file *file);
  limes_status (*load)(limes_context *context, limes_file *file, limes_file_entry *entry);
  void (*close)(limes_file *file);
  /* writes the arrays into the file at `temporary`, which exists and is empty; sentences name it `path` */
  limes_status (*write)(limes_context *context, const char *path, const char *temporary, const limes_named_array *arrays,
                        size_t count);
} limes_file_format;

struct limes_file {
  char *path; /* owned */
  const limes_file_format *format;
  void *handle;            /* of the format: FILE * or zip_t * */
  int64_t number;          /* of the format: hid_t */
  uint64_t bytes;          /* of the file */
  limes_file_entry *entry; /* [n] */
  size_t n, capacity;
};

extern const limes_file_format limes_format_npy, limes_format_npz, limes_format_h5;

/* A new entry; refused where one of that name is there. */
limes_status limes_file_add(limes_context *context, limes_file *file, const char *name, uint64_t place) LIMES_MUST_USE;

#endif
