/* A file that appears whole or not at all: written beside its place, synced, renamed. */
#ifndef LIMES_STORE_DRAFT_H
#define LIMES_STORE_DRAFT_H

#include "base/context.h"

typedef struct limes_draft {
  char *path;      /* where it will stand */
  char *temporary; /* where it is written: the same folder; exists from begin to commit or abandon */
} limes_draft;

/* Makes the empty temporary file. Fails where the folder is missing or not writable, or where path is not a regular file. */
limes_status limes_draft_begin(limes_context *context, const char *path, limes_draft *draft) LIMES_MUST_USE;

/* Reserves so many bytes of disk for the temporary file without making it longer. */
limes_status limes_draft_reserve(limes_context *context, const char *path, const char *temporary, uint64_t bytes) LIMES_MUST_USE;

/* Syncs the temporary file and puts it in its place. Whatever it returns, the draft is gone. */
limes_status limes_draft_commit(limes_context *context, limes_draft *draft) LIMES_MUST_USE;

/* Removes the temporary file. Allowed for one that never began or is gone. */
void limes_draft_abandon(limes_draft *draft);

/* The sentence for an errno met while writing path, with what helps against a full disk. */
limes_status limes_cannot_write(limes_context *context, const char *path, int error);

/* The operating system's words for an errno; a static text. */
const char *limes_system_text(int error);

#endif
