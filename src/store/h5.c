#include "store/h5.h"

#include <stdio.h>

limes_h5_silence limes_h5_silent(void) {
  limes_h5_silence before = {0};
  H5Eget_auto2(H5E_DEFAULT, &before.print, &before.user);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  return before;
}

void limes_h5_restore(const limes_h5_silence *before) { H5Eset_auto2(H5E_DEFAULT, before->print, before->user); }

typedef struct {
  char *text;
  size_t size;
} reason;

static herr_t keep_first(unsigned n, const H5E_error2_t *error, void *user) {
  reason *kept = user;
  if (n == 0)
    snprintf(kept->text, kept->size, "%s", error->desc);
  return 0;
}

void limes_h5_reason(char *text, size_t size) {
  reason kept = {text, size};
  snprintf(text, size, "unknown reason");
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &kept);
}

const limes_file_format limes_format_h5 = {
    .ending = ".h5",
    .magic = "\x89HDF\r\n\x1a\n",
    .magic_bytes = 8,
    .open = limes_h5_open,
    .load = limes_h5_load,
    .close = limes_h5_close,
    .write = limes_h5_write,
};
