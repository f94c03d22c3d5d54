/* The inside of a context: errors, log, and the memory that may be planned for. */
#ifndef LIMES_BASE_CONTEXT_H
#define LIMES_BASE_CONTEXT_H

#include <pthread.h>

#include "limes/status.h"

#define LIMES_ERROR_SIZE 4096

/* What a room above this one keeps in a context: an allocation that begins with this and is freed with the context. */
typedef struct limes_context_part {
  struct limes_context_part *next;
} limes_context_part;

struct limes_context {
  char error[LIMES_ERROR_SIZE];
  pthread_mutex_t error_lock; /* several workers may fail at once; the first one is kept by the parallel loop */
  limes_log_callback *log;
  void *log_user;
  limes_progress_callback *progress;
  void *progress_user;
  unsigned threads; /* 0: as many as the process may use */
  uint64_t memory;  /* 0: half of what is free */
  uint64_t seed;
  limes_context_part *words; /* that the user has defined (layers/defined.h) */
};

/* Keeps the text as the context's error and returns status: `return limes_fail(context, LIMES_BAD_INPUT, "...")`. */
limes_status limes_fail(limes_context *context, limes_status status, const char *format, ...) LIMES_PRINTF(3, 4);

/* Puts text in front of the error that is there already ("cases.npz: ") and returns status. */
limes_status limes_fail_in(limes_context *context, limes_status status, const char *format, ...) LIMES_PRINTF(3, 4);

/* One line to the log callback, if there is one. Only from the calling thread, never from a worker. */
void limes_log(limes_context *context, limes_log_level level, const char *format, ...) LIMES_PRINTF(3, 4);

/* Bytes the machine (or the control group the process runs in) has free now; 0 where it does not say. */
uint64_t limes_memory_free(void);

#endif
