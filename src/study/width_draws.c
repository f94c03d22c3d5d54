/* Rounds of draws: kernels of sampled networks against the limit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/batch.h"
#include "study/width.h"

/* One round: task t is draw t % draws of size n - 1 - t / draws, the dearest first. */
typedef struct {
  limes_width_work *work;
  limes_width_crew crew;
  size_t first, draws, numbers; /* N^2 */
  double *error;                /* [n draws, LIMES_WIDTH_KERNELS, N^2] */
} draw_round;

typedef struct {
  limes_job *job;
  unsigned worker;
} watch;

/* A long product of one worker asks whether to go on. */
static int keep_watch(void *user, const char *what, double done, double seconds_left) {
  (void)what;
  (void)done;
  (void)seconds_left;
  const watch *w = user;
  return limes_job_advance(w->job, w->worker, 0) ? 0 : 1;
}

static double *error_of(const draw_round *r, size_t i, size_t draw, int kernel) {
  return r->error + ((i * r->draws + draw) * LIMES_WIDTH_KERNELS + (size_t)kernel) * r->numbers;
}

static limes_status draw_one(void *shared, size_t task, unsigned worker, limes_job *job) {
  draw_round *r = shared;
  limes_width_work *work = r->work;
  size_t i = work->n - 1 - task / r->draws, draw = task % r->draws;
  limes_context *context = r->crew.context[worker];
  limes_network *network = r->crew.network[worker * work->n + i];
  watch w = {job, worker};
  limes_kernel_output out = {.nngp = error_of(r, i, draw, LIMES_WIDTH_NNGP),
                             .ntk = work->limit[LIMES_WIDTH_NTK] == NULL ? NULL : error_of(r, i, draw, LIMES_WIDTH_NTK)};
  limes_network_draw(network, ((uint64_t)work->size[i] << 32) + r->first + draw);
  limes_set_progress(context, keep_watch, &w);
  limes_status status = limes_empirical(context, network, work->batch, NULL, 1, LIMES_NTK_STRUCTURED, &out);
  limes_set_progress(context, NULL, NULL);
  if (status != LIMES_OK)
    return limes_fail(work->context, status, "%s", limes_error(context));
  return limes_job_advance(job, worker, limes_width_cost(&r->crew, i)) ? LIMES_OK : LIMES_INTERRUPTED;
}

/* In the order of the draws, whatever threads have made them */
static void add_round(const draw_round *r) {
  const limes_width_work *work = r->work;
  for (int kernel = 0; kernel < LIMES_WIDTH_KERNELS; kernel++) {
    const double *limit = work->limit[kernel];
    double norm = 0;
    for (size_t k = 0; limit != NULL && k < r->numbers; k++)
      norm += limit[k] * limit[k];
    double scale = norm > 0 ? 1 / sqrt(norm) : 1;
    for (size_t i = 0; limit != NULL && i < work->n; i++) {
      limes_width_sums *sums = &work->sums[i * LIMES_WIDTH_KERNELS + (size_t)kernel];
      for (size_t d = 0; d < r->draws; d++) {
        const double *drawn = error_of(r, i, d, kernel);
        double square = 0;
        for (size_t k = 0; k < r->numbers; k++) {
          double e = (drawn[k] - limit[k]) * scale;
          sums->total[k] += e;
          square += e * e;
        }
        sums->square[r->first + d] = square;
      }
    }
  }
}

static limes_status check_memory(const limes_width_work *work, double bytes) {
  double limit = (double)limes_memory_limit(work->context);
  if (bytes <= limit)
    return LIMES_OK;
  return limes_fail(work->context, LIMES_REFUSED,
                    "the kernels of a round of draws would take %.3g GB, and %.3g GB may be planned for: take fewer items",
                    bytes / 1e9, limit / 1e9);
}

limes_status limes_width_draw(limes_width_work *work, size_t more) {
  draw_round r = {.work = work, .first = work->draws, .draws = more, .numbers = work->batch->items * work->batch->items};
  char what[80];
  size_t tasks = more * work->n, numbers = limes_multiply_capped(tasks * LIMES_WIDTH_KERNELS, r.numbers);
  limes_status status = check_memory(work, (double)numbers * sizeof(double));
  if (status == LIMES_OK)
    status = limes_width_crew_create(work, 1, tasks, &r.crew);
  if (status != LIMES_OK)
    return status;
  r.error = limes_allocate(work->context, numbers, sizeof *r.error);
  status = r.error == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  double cost = 0;
  for (size_t i = 0; i < work->n; i++)
    cost += (double)more * limes_width_cost(&r.crew, i);
  snprintf(what, sizeof what, "draws %zu to %zu", work->draws + 1, work->draws + more);
  if (status == LIMES_OK)
    status = limes_width_crew_run(&r.crew, what, tasks, cost, draw_one, &r);
  if (status == LIMES_OK) {
    add_round(&r);
    work->draws += more;
  }
  free(r.error);
  limes_width_crew_clear(&r.crew);
  return status;
}
