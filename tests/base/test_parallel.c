/* Parallel loops: every task once, the first failure wins, progress from the calling thread, interruption. */
#include <cblas.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/parallel.h"
#include "helpers.h"

#define TASKS 1000

typedef struct {
  limes_context *context;
  atomic_int seen[TASKS];
  size_t failing; /* task that fails; TASKS: none */
} shared;

static limes_status count(void *argument, size_t task, unsigned worker, limes_job *job) {
  shared *s = argument;
  atomic_fetch_add(&s->seen[task], 1);
  if (task == s->failing)
    return limes_fail(s->context, LIMES_BAD_INPUT, "task %zu failed", task);
  return limes_job_advance(job, worker, 1) ? LIMES_OK : LIMES_INTERRUPTED;
}

static limes_context *context_of_threads(unsigned threads) {
  limes_context *context = NULL;
  assert_ok(NULL, limes_context_create(&context));
  limes_set_threads(context, threads);
  return context;
}

static void each_task_runs_once_on_any_number_of_threads(void **state) {
  (void)state;
  for (unsigned threads = 1; threads <= 5; threads++) {
    shared s = {.context = context_of_threads(threads), .failing = TASKS};
    assert_ok(s.context, limes_parallel(s.context, "test", TASKS, TASKS, count, &s));
    for (size_t i = 0; i < TASKS; i++)
      assert_int_equal(s.seen[i], 1);
    limes_context_destroy(s.context);
  }
}

static void a_failure_stops_the_loop_and_keeps_its_sentence(void **state) {
  (void)state;
  shared s = {.context = context_of_threads(2), .failing = 3};
  assert_int_equal(limes_parallel(s.context, "test", TASKS, TASKS, count, &s), LIMES_BAD_INPUT);
  assert_string_equal(limes_error(s.context), "task 3 failed");
  int ran = 0;
  for (size_t i = 0; i < TASKS; i++)
    ran += s.seen[i];
  assert_true(ran < TASKS);
  limes_context_destroy(s.context);
}

typedef struct {
  pthread_t caller;
  int calls;
  double last;
} watcher;

static int stop_at_once(void *user, const char *what, double done, double seconds_left) {
  watcher *w = user;
  (void)seconds_left;
  assert_string_equal(what, "slow");
  assert_true(pthread_equal(pthread_self(), w->caller));
  assert_true(done >= 0 && done <= 1);
  w->calls++;
  return 1;
}

static limes_status slow(void *argument, size_t task, unsigned worker, limes_job *job) {
  (void)argument;
  (void)task;
  struct timespec nap = {0, 5000000};
  nanosleep(&nap, NULL);
  return limes_job_advance(job, worker, 1) ? LIMES_OK : LIMES_INTERRUPTED;
}

static void a_progress_callback_can_stop_the_loop(void **state) {
  (void)state;
  limes_context *context = context_of_threads(2);
  watcher w = {.caller = pthread_self()};
  limes_set_progress(context, stop_at_once, &w);
  assert_int_equal(limes_parallel(context, "slow", TASKS, TASKS, slow, NULL), LIMES_INTERRUPTED);
  assert_int_equal(w.calls, 1);
  limes_context_destroy(context);
}

static limes_status blas_threads_inside(void *argument, size_t task, unsigned worker, limes_job *job) {
  (void)task;
  (void)worker;
  (void)job;
  *(int *)argument = openblas_get_num_threads();
  return LIMES_OK;
}

static void openblas_has_one_thread_inside_and_its_own_count_after(void **state) {
  (void)state;
  limes_context *context = context_of_threads(1);
  int before = openblas_get_num_threads(), inside = 0;
  assert_ok(context, limes_parallel(context, "test", 1, 1, blas_threads_inside, &inside));
  assert_int_equal(inside, 1);
  assert_int_equal(openblas_get_num_threads(), before);
  limes_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_task_runs_once_on_any_number_of_threads),
      cmocka_unit_test(a_failure_stops_the_loop_and_keeps_its_sentence),
      cmocka_unit_test(a_progress_callback_can_stop_the_loop),
      cmocka_unit_test(openblas_has_one_thread_inside_and_its_own_count_after),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
