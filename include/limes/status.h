/* limes: statuses and the context that every call takes.
 *
 * A context carries what a computation needs besides its data: the text of the last error, callbacks for log and
 * progress, the number of threads, a memory limit, a seed. It is not a global: two threads use two contexts.
 */
#ifndef LIMES_STATUS_H
#define LIMES_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LIMES_API __attribute__((visibility("default")))
#define LIMES_MUST_USE __attribute__((warn_unused_result))
#define LIMES_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define LIMES_API
#define LIMES_MUST_USE
#define LIMES_PRINTF(text, first)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* name, value, what it means */
#define LIMES_STATUS_LIST(X)                                                                                                     \
  X(LIMES_OK, 0, "done")                                                                                                         \
  X(LIMES_FAILED, 1, "failed while working")                                                                                     \
  X(LIMES_WRONG_USE, 2, "wrong usage")                                                                                           \
  X(LIMES_BAD_INPUT, 3, "bad input")                                                                                             \
  X(LIMES_REFUSED, 4, "would not fit")                                                                                           \
  X(LIMES_NO_MEMORY, 5, "out of memory")                                                                                         \
  X(LIMES_OUT_OF_DOMAIN, 6, "outside the domain of the formula")                                                                 \
  X(LIMES_UNABLE, 7, "no closed form")                                                                                           \
  X(LIMES_INTERRUPTED, 130, "interrupted")

typedef enum limes_status {
#define LIMES_STATUS_VALUE(name, value, text) name = value,
  LIMES_STATUS_LIST(LIMES_STATUS_VALUE)
#undef LIMES_STATUS_VALUE
} limes_status;

typedef struct limes_context limes_context;

typedef enum { LIMES_LOG_WARNING, LIMES_LOG_NOTE, LIMES_LOG_DETAIL } limes_log_level;

/* Called with one line of text without a newline, from the thread that called the library. */
typedef void limes_log_callback(void *user, limes_log_level level, const char *text);

/* Called a few times a second during long work, only from the thread that called the library. what names the work, done
 * runs from 0 to 1, seconds_left is an estimate (negative: not known yet). A return value other than 0 asks the library
 * to stop: the running call returns LIMES_INTERRUPTED and leaves nothing half written. */
typedef int limes_progress_callback(void *user, const char *what, double done, double seconds_left);

/* The library's version, "major.minor.patch"; a static string. */
LIMES_API const char *limes_version(void);

/* The meaning of a status in a few words; a static string. */
LIMES_API const char *limes_status_text(limes_status status);

/* A context with as many threads as the process may use, no callbacks, seed 0 and no memory limit of its own.
 * *context belongs to the caller, who hands it to limes_context_destroy. LIMES_NO_MEMORY leaves *context NULL. */
LIMES_API limes_status limes_context_create(limes_context **context) LIMES_MUST_USE;
LIMES_API void limes_context_destroy(limes_context *context); /* NULL is allowed */

/* What went wrong in the last call that did not return LIMES_OK: one sentence without a newline at its end (a model's
 * error has two more lines, the text and a caret). Valid until the next call with this context; never NULL. */
LIMES_API const char *limes_error(const limes_context *context);

LIMES_API void limes_set_log(limes_context *context, limes_log_callback *callback, void *user);
LIMES_API void limes_set_progress(limes_context *context, limes_progress_callback *callback, void *user);

/* Threads for kernels and factorizations; 0 restores the default. The host's BLAS thread count is put back after each call. */
LIMES_API void limes_set_threads(limes_context *context, unsigned threads);
LIMES_API unsigned limes_threads(const limes_context *context);

/* The most memory in bytes that limes may plan for; 0 restores the default, half of what the machine has free. */
LIMES_API void limes_set_memory(limes_context *context, uint64_t bytes);
/* Bytes that may be planned for: what was allowed, or half of what is free now; all where the machine does not say. */
LIMES_API uint64_t limes_memory_limit(const limes_context *context);

LIMES_API void limes_set_seed(limes_context *context, uint64_t seed);

/* The kernels that OpenBLAS chose for this processor ("Haswell"), and ones that would use more of it, NULL where there are
 * none: releases older than the processor fall back to the oldest. OPENBLAS_CORETYPE in the environment of the process
 * chooses; it is read when OpenBLAS loads. Static strings. */
LIMES_API const char *limes_blas_core(void);
LIMES_API const char *limes_blas_wider_core(void);

/* Frees a text or an array that the library gave to the caller; the same as free(), for callers who have none. */
LIMES_API void limes_free(void *memory);

#ifdef __cplusplus
}
#endif
#endif
