/* Which kernel a file holds: texts kept beside it, which must be the same for the file to be gone on with. */
#ifndef LIMES_KERNEL_IDENTITY_H
#define LIMES_KERNEL_IDENTITY_H

#include "kernel/plan.h"
#include "limes/kernel.h"
#include "store/tiled.h"

#define LIMES_IDENTITY_TEXTS 5

typedef struct limes_identity {
  char *model; /* as it prints; owned */
  char rows[64], columns[64], shard[32];
} limes_identity;

limes_status limes_identity_create(limes_context *context, const limes_plan *plan, const limes_kernel_file_options *options,
                                   limes_identity *identity) LIMES_MUST_USE;
void limes_identity_clear(limes_identity *identity);

/* Its texts as they are kept; they point into the identity. */
void limes_identity_texts(const limes_identity *identity, limes_named_array text[LIMES_IDENTITY_TEXTS]);

/* Makes the text that names a shard say that the file is for all tiles; others are left alone. */
void limes_identity_whole(limes_named_array *text);

/* Whether the file at path goes on with this kernel: LIMES_OK, or LIMES_WRONG_USE with what differs. *extends: the file holds the
 * first items of it only. */
limes_status limes_identity_check(limes_context *context, const limes_identity *identity, const limes_plan *plan,
                                  const limes_tiled *file, const char *path, bool *extends) LIMES_MUST_USE;

/* Whether two files hold parts of one kernel; the sentence names `path`, the other's. */
limes_status limes_identity_same(limes_context *context, const limes_tiled *file, const limes_tiled *other, const char *path)
    LIMES_MUST_USE;

#endif
