/* Reviews out of a .tar.gz (or a plain .tar) in one pass, without unpacking it. */
#include <archive.h>
#include <archive_entry.h>

#include "base/memory.h"
#include "data/reviews.h"

#define CHUNK 65536 /* bytes read at a time */

static limes_status damaged(limes_context *context, struct archive *archive) {
  const char *reason = archive_error_string(archive);
  return limes_fail(context, LIMES_BAD_INPUT, "it is no .tar.gz archive, damaged, or cut short: %s; copy it again",
                    reason == NULL ? "unknown reason" : reason);
}

static limes_status read_text(limes_context *context, struct archive *archive, limes_reviews *reviews) {
  for (;;) {
    const void *bytes = NULL;
    size_t n = 0;
    la_int64_t offset = 0;
    int code = archive_read_data_block(archive, &bytes, &n, &offset);
    if (code == ARCHIVE_EOF)
      return LIMES_OK;
    if (code < ARCHIVE_WARN)
      return damaged(context, archive);
    limes_status status = n == 0 ? LIMES_OK : limes_reviews_append(context, reviews, bytes, n);
    if (status != LIMES_OK)
      return status;
  }
}

static limes_status read_entries(limes_context *context, struct archive *archive, limes_part part, limes_reviews *reviews) {
  for (;;) {
    struct archive_entry *entry = NULL;
    int code = archive_read_next_header(archive, &entry);
    if (code == ARCHIVE_EOF)
      return LIMES_OK;
    if (code < ARCHIVE_WARN)
      return damaged(context, archive);
    limes_review review;
    const char *path = archive_entry_pathname(entry);
    if (path == NULL || archive_entry_filetype(entry) != AE_IFREG || !limes_review_named(path, part, &review))
      continue;
    limes_status status = limes_reviews_add(context, reviews, &review);
    if (status == LIMES_OK)
      status = read_text(context, archive, reviews);
    if (status != LIMES_OK)
      return status;
  }
}

limes_status limes_reviews_archive(limes_context *context, const char *path, limes_part part, limes_reviews *reviews) {
  struct archive *archive = archive_read_new();
  if (archive == NULL)
    return limes_fail(context, LIMES_NO_MEMORY, "out of memory for reading %s", path);
  archive_read_support_filter_gzip(archive);
  archive_read_support_format_tar(archive);
  limes_status status = archive_read_open_filename(archive, path, CHUNK) == ARCHIVE_OK
                            ? read_entries(context, archive, part, reviews)
                            : damaged(context, archive);
  archive_read_free(archive);
  return status;
}
