#include "base/parallel.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/blas_threads.h"
#include "base/memory.h"

#define PROGRESS_INTERVAL 0.1 /* seconds */

struct limes_job {
  limes_context *context;
  const char *what;
  limes_task *task;
  void *shared;
  size_t tasks;
  double total_cost;
  atomic_size_t next;
  atomic_bool stop;
  atomic_uint busy; /* workers beyond the calling thread that still run */
  _Atomic double done;
  double started, reported;
  pthread_mutex_t lock; /* of status and error */
  limes_status status;
  char error[LIMES_ERROR_SIZE];
};

typedef struct {
  limes_job *job;
  unsigned number;
  pthread_t thread;
} worker;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

unsigned limes_threads(const limes_context *context) {
  if (context->threads != 0)
    return context->threads;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return 1;
  int count = CPU_COUNT(&set);
  return count > 0 ? (unsigned)count : 1;
}

unsigned limes_workers(const limes_context *context, size_t tasks) {
  unsigned threads = limes_threads(context);
  return tasks == 0 ? 1 : tasks < threads ? (unsigned)tasks : threads;
}

/* Keeps the first failure; later ones are consequences. */
static void keep_failure(limes_job *job, limes_status status) {
  pthread_mutex_lock(&job->lock);
  if (job->status == LIMES_OK) {
    job->status = status;
    pthread_mutex_lock(&job->context->error_lock);
    memcpy(job->error, job->context->error, sizeof job->error);
    pthread_mutex_unlock(&job->context->error_lock);
  }
  pthread_mutex_unlock(&job->lock);
  atomic_store(&job->stop, true);
}

static bool report(limes_job *job) {
  limes_context *context = job->context;
  double time = now();
  if (context->progress == NULL || time - job->reported < PROGRESS_INTERVAL)
    return true;
  job->reported = time;
  double share = job->total_cost > 0 ? atomic_load(&job->done) / job->total_cost : 0;
  share = share < 0 ? 0 : share > 1 ? 1 : share;
  double elapsed = time - job->started;
  double left = share > 0.001 ? elapsed * (1 - share) / share : -1;
  if (context->progress(context->progress_user, job->what, share, left) == 0)
    return true;
  keep_failure(job, limes_fail(context, LIMES_INTERRUPTED, "interrupted: %s", job->what));
  return false;
}

bool limes_job_advance(limes_job *job, unsigned number, double cost) {
  double seen = atomic_load(&job->done);
  while (!atomic_compare_exchange_weak(&job->done, &seen, seen + cost))
    ;
  if (number == 0 && !report(job))
    return false;
  return !atomic_load(&job->stop);
}

static void work(worker *self) {
  limes_job *job = self->job;
  while (!atomic_load(&job->stop)) {
    size_t task = atomic_fetch_add(&job->next, 1);
    if (task >= job->tasks)
      break;
    limes_status status = job->task(job->shared, task, self->number, job);
    if (status != LIMES_OK)
      keep_failure(job, status);
    else if (!limes_job_advance(job, self->number, 0))
      break;
  }
}

static void *work_beside(void *argument) {
  work(argument);
  atomic_fetch_sub(&((worker *)argument)->job->busy, 1);
  return NULL;
}

/* The calling thread has no task left: it goes on reporting, and listening for a stop, while the others finish. */
static void attend(limes_job *job) {
  struct timespec nap = {.tv_nsec = 50000}; /* grows to 5 ms: short work is not kept waiting */
  while (atomic_load(&job->busy) > 0) {
    if (!atomic_load(&job->stop))
      (void)report(job);
    nanosleep(&nap, NULL);
    nap.tv_nsec = nap.tv_nsec < 5000000 ? 2 * nap.tv_nsec : nap.tv_nsec;
  }
}

/* Starts the workers beyond the calling thread; a thread that cannot be had is done without. Returns how many run. */
static unsigned start(worker *workers, unsigned count) {
  unsigned running = 0;
  for (unsigned i = 0; i < count; i++)
    if (pthread_create(&workers[running + 1].thread, NULL, work_beside, &workers[running + 1]) == 0)
      running++;
    else
      atomic_fetch_sub(&workers[0].job->busy, 1);
  return running;
}

limes_status limes_parallel(limes_context *context, const char *what, size_t tasks, double total_cost, limes_task *task,
                            void *shared) {
  unsigned count = limes_workers(context, tasks);
  worker *workers = limes_allocate(context, count, sizeof *workers);
  limes_job *job = limes_allocate(context, 1, sizeof *job);
  if (workers == NULL || job == NULL) {
    free(workers);
    free(job);
    return LIMES_NO_MEMORY;
  }
  *job = (limes_job){.context = context,
                     .what = what,
                     .task = task,
                     .shared = shared,
                     .tasks = tasks,
                     .total_cost = total_cost,
                     .started = now()};
  pthread_mutex_init(&job->lock, NULL);
  for (unsigned i = 0; i < count; i++)
    workers[i] = (worker){.job = job, .number = i};
  limes_blas_enter(1);
  job->busy = count - 1;
  unsigned running = start(workers, count - 1);
  work(&workers[0]);
  attend(job);
  for (unsigned i = 1; i <= running; i++)
    pthread_join(workers[i].thread, NULL);
  limes_blas_leave(1);
  limes_status status = job->status;
  if (status != LIMES_OK)
    memcpy(context->error, job->error, sizeof job->error);
  pthread_mutex_destroy(&job->lock);
  free(workers);
  free(job);
  return status;
}
