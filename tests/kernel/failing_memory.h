/* Memory that fails on command, for a test linked with --wrap of malloc and its kin against the static library: only its own
 * calls and limes' are seen. */
#ifndef LIMES_TESTS_FAILING_MEMORY_H
#define LIMES_TESTS_FAILING_MEMORY_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_SIZE (1u << 16) /* a power of two, far more than blocks alive at once */

static struct {
  pthread_mutex_t lock;
  bool armed, for_good; /* for_good: every allocation from then on fails, too */
  size_t seen, fail_at;
  size_t failed, live;
  void *block[TABLE_SIZE];
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
void __wrap_free(void *memory);

static bool fails(void) {
  pthread_mutex_lock(&heap.lock);
  bool now = heap.armed && (heap.seen == heap.fail_at || (heap.for_good && heap.seen > heap.fail_at));
  heap.seen += heap.armed;
  heap.failed += now;
  pthread_mutex_unlock(&heap.lock);
  return now;
}

static size_t slot_of(const void *memory) { return ((uintptr_t)memory >> 4) * 2654435761u % TABLE_SIZE; }

/* A block that left leaves a mark, so that others behind it are still found. */
static char left_mark;

static void *keep(void *memory) {
  pthread_mutex_lock(&heap.lock);
  if (heap.armed && memory != NULL) {
    size_t slot = slot_of(memory);
    while (heap.block[slot] != NULL && heap.block[slot] != &left_mark)
      slot = (slot + 1) % TABLE_SIZE;
    heap.block[slot] = memory;
    heap.live++;
  }
  pthread_mutex_unlock(&heap.lock);
  return memory;
}

static void forget(void *memory) {
  pthread_mutex_lock(&heap.lock);
  for (size_t slot = slot_of(memory); heap.live > 0 && heap.block[slot] != NULL; slot = (slot + 1) % TABLE_SIZE)
    if (heap.block[slot] == memory) {
      heap.block[slot] = &left_mark;
      heap.live--;
      break;
    }
  pthread_mutex_unlock(&heap.lock);
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : keep(__real_malloc(size)); }
void *__wrap_calloc(size_t count, size_t size) { return fails() ? NULL : keep(__real_calloc(count, size)); }
void *__wrap_aligned_alloc(size_t alignment, size_t size) { return fails() ? NULL : keep(__real_aligned_alloc(alignment, size)); }
char *__wrap_strdup(const char *text) { return fails() ? NULL : keep(__real_strdup(text)); }
char *__wrap_strndup(const char *text, size_t size) { return fails() ? NULL : keep(__real_strndup(text, size)); }

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
  if (fails())
    return ENOMEM;
  int status = __real_posix_memalign(memory, alignment, size);
  if (status == 0)
    (void)keep(*memory);
  return status;
}

void *__wrap_realloc(void *memory, size_t size) {
  if (fails())
    return NULL;
  if (memory != NULL)
    forget(memory);
  return keep(__real_realloc(memory, size));
}

void __wrap_free(void *memory) {
  if (memory != NULL)
    forget(memory);
  __real_free(memory);
}

#endif
