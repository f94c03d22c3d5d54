/* Parallel loops with progress and interruption. */
#ifndef LIMES_BASE_PARALLEL_H
#define LIMES_BASE_PARALLEL_H

#include "base/context.h"

typedef struct limes_job limes_job;

/* One task of a loop. worker counts from 0 to the number of workers - 1; worker 0 is the calling thread. */
typedef limes_status limes_task(void *shared, size_t task, unsigned worker, limes_job *job);

/* How many workers limes_parallel will use for so many tasks: size workspaces by it. */
unsigned limes_workers(const limes_context *context, size_t tasks);

/* Runs task(shared, 0 ... tasks-1) on the context's threads, each task once, in no fixed order. total_cost is the sum of
 * what the tasks will hand to limes_job_advance, for progress. The first status that is not LIMES_OK stops the loop and
 * is returned, with the error text of that task. OpenBLAS runs single-threaded inside and is put back afterwards. */
limes_status limes_parallel(limes_context *context, const char *what, size_t tasks, double total_cost, limes_task *task,
                            void *shared) LIMES_MUST_USE;

/* To be called by a task now and then (every few milliseconds) with the cost done since the last call. False: stop and
 * return LIMES_INTERRUPTED. In worker 0 this calls the progress callback a few times a second. */
bool limes_job_advance(limes_job *job, unsigned worker, double cost) LIMES_MUST_USE;

#endif
