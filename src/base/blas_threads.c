#include "base/blas_threads.h"

#include <cblas.h>
#include <limits.h>
#include <pthread.h>

/* Two users at once (two contexts) must not hand each other's setting back, so the first one in saves and the last one
 * out restores. A parallel loop counts on single-threaded calls for its bits, so one such user rules the others. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users, single_users;
static int host_threads, wide_threads;

static void apply(void) { openblas_set_num_threads(users == 0 ? host_threads : single_users > 0 ? 1 : wide_threads); }

void limes_blas_enter(unsigned threads) {
  pthread_mutex_lock(&lock);
  if (users++ == 0)
    host_threads = openblas_get_num_threads();
  if (threads <= 1)
    single_users++;
  else
    wide_threads = threads < INT_MAX ? (int)threads : INT_MAX;
  apply();
  pthread_mutex_unlock(&lock);
}

void limes_blas_leave(unsigned threads) {
  pthread_mutex_lock(&lock);
  users--;
  if (threads <= 1)
    single_users--;
  apply();
  pthread_mutex_unlock(&lock);
}
