/* Means of empirical kernels over draws, by Welford's recurrence in the order of the draws:
 *     delta = k_n - mean_{n-1},   mean_n = mean_{n-1} + delta / n,   squares_n = squares_{n-1} + delta (k_n - mean_n). */
#include <stdlib.h>
#include <time.h>

#include "network/draws.h"

#define KEEP_AFTER 5.0  /* seconds, and */
#define KEEP_SHARE 10   /* times what keeping took */
#define TELL_AFTER 0.15 /* seconds */

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* One worker's network, and the kernels of its draw */
typedef struct {
  limes_network *network;
  limes_kernel_output out;
  bool done;
} worker;

typedef struct {
  limes_context *context;
  const limes_batch *a, *b;
  const limes_empirical_options *options;
  const limes_route *route;
  limes_empirical_sums *sums;
  size_t entries, first_draw;
  worker *worker;
  size_t workers;
  double cost; /* of one draw */
} averaging;

limes_status limes_open_draws(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                              const limes_network_settings *settings, const char *parameters, limes_network **network) {
  const limes_batch *batches[] = {a, b};
  limes_status status = limes_network_create(context, model, batches, b == NULL || b == a ? 1 : 2, settings, network);
  if (status == LIMES_OK)
    status = limes_empirical_check(context, *network);
  if (status == LIMES_OK && parameters != NULL)
    status = limes_network_load(context, *network, parameters);
  return status;
}

/* Threads work on different draws, and each takes what the route takes, beside the sums. */
unsigned limes_draw_workers(const limes_context *context, size_t draws, size_t entries, uint64_t limit, uint64_t bytes) {
  uint64_t sums = 4 * sizeof(double) * (uint64_t)entries,
           fit = limit == 0 ? UINT64_MAX : (limit - (limit < sums ? limit : sums)) / bytes;
  unsigned workers = limes_workers(context, draws);
  return workers < fit ? workers : (unsigned)fit;
}

/* adding */

static void add(size_t entries, size_t n, const double *kernel, double *mean, double *squares) {
  for (size_t k = 0; kernel != NULL && k < entries; k++) {
    double delta = kernel[k] - mean[k];
    mean[k] += delta / (double)n;
    if (squares != NULL)
      squares[k] += delta * (kernel[k] - mean[k]);
  }
}

/* Those of a round that are done, up to the first that is not */
static void add_round(const averaging *d, size_t count) {
  limes_empirical_sums *sums = d->sums;
  for (size_t k = 0; k < count && d->worker[k].done; k++) {
    sums->draws++;
    add(d->entries, sums->draws, d->worker[k].out.nngp, sums->nngp, sums->nngp_squares);
    add(d->entries, sums->draws, d->worker[k].out.ntk, sums->ntk, sums->ntk_squares);
  }
}

/* rounds: as many draws at a time as there are workers */

static limes_status one_draw(void *shared, size_t task, unsigned number, limes_job *job) {
  averaging *d = shared;
  worker *w = &d->worker[task];
  limes_asking asking = {.context = d->context, .job = job, .worker = number};
  if (d->options->parameters == NULL)
    limes_network_draw(w->network, d->first_draw + d->sums->draws + task);
  limes_status status = limes_empirical_by(&asking, w->network, d->a, d->b, d->options->outputs, d->route, &w->out);
  w->done = status == LIMES_OK;
  return status;
}

/* Progress of a round becomes that of all. */
typedef struct {
  const averaging *draws;
  limes_progress_callback *progress;
  void *user;
  double started, told;
  size_t begun; /* draws that were there before */
} overall;

static int tell(void *user, const char *what, double done, double left) {
  (void)left;
  overall *all = user;
  const averaging *d = all->draws;
  if (now() - all->told < TELL_AFTER)
    return 0;
  all->told = now();
  double here = (double)(d->sums->draws - all->begun), round = (double)(d->options->draws - d->sums->draws);
  round = round < (double)d->workers ? round : (double)d->workers;
  double share = (here + done * round) / (double)(d->options->draws - all->begun), spent = now() - all->started;
  double total = ((double)d->sums->draws + done * round) / (double)d->options->draws;
  return all->progress(all->user, what, total, share > 0.001 ? spent * (1 - share) / share : -1);
}

/* Hands the sums over when that is due, and at the end. */
static limes_status keep(const averaging *d, double *due) {
  double started = now();
  if (d->options->keep == NULL || (started < *due && d->sums->draws < d->options->draws))
    return LIMES_OK;
  limes_status status = d->options->keep(d->options->user, d->sums);
  double taken = now() - started;
  *due = now() + (KEEP_SHARE * taken > KEEP_AFTER ? KEEP_SHARE * taken : KEEP_AFTER);
  return status;
}

static limes_status run_rounds(averaging *d) {
  limes_status status = LIMES_OK;
  double due = now() + KEEP_AFTER;
  while (status == LIMES_OK && d->sums->draws < d->options->draws) {
    size_t left = d->options->draws - d->sums->draws, count = left < d->workers ? left : d->workers;
    for (size_t k = 0; k < count; k++)
      d->worker[k].done = false;
    status = limes_parallel(d->context, "empirical kernels", count, d->cost * (double)count, one_draw, d);
    add_round(d, count);
    if (status == LIMES_OK)
      status = keep(d, &due);
  }
  return status;
}

static limes_status run_all(averaging *d) {
  limes_context *context = d->context;
  overall all = {d, context->progress, context->progress_user, now(), now(), d->sums->draws};
  if (all.progress != NULL)
    limes_set_progress(context, tell, &all);
  limes_status status = run_rounds(d);
  limes_set_progress(context, all.progress, all.user);
  return status;
}

static limes_status open_workers(averaging *d, const limes_model *model, const limes_network_settings *settings,
                                 limes_network *first) {
  d->worker = limes_allocate(d->context, d->workers, sizeof *d->worker);
  if (d->worker == NULL) {
    limes_network_destroy(first);
    return LIMES_NO_MEMORY;
  }
  d->worker[0].network = first;
  limes_status status = LIMES_OK;
  for (size_t k = 0; k < d->workers && status == LIMES_OK; k++) {
    worker *w = &d->worker[k];
    if (k > 0)
      status = limes_open_draws(d->context, model, d->a, d->b, settings, d->options->parameters, &w->network);
    if (status == LIMES_OK && d->sums->nngp != NULL)
      status = (w->out.nngp = limes_matrix(d->context, d->entries, 1)) == NULL ? LIMES_NO_MEMORY : LIMES_OK;
    if (status == LIMES_OK && d->sums->ntk != NULL)
      status = (w->out.ntk = limes_matrix(d->context, d->entries, 1)) == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  }
  return status;
}

static void close_workers(averaging *d) {
  for (size_t k = 0; d->worker != NULL && k < d->workers; k++) {
    limes_network_destroy(d->worker[k].network);
    free(d->worker[k].out.nngp);
    free(d->worker[k].out.ntk);
  }
  free(d->worker);
}

static limes_status check_options(limes_context *context, const limes_empirical_options *options,
                                  const limes_empirical_sums *sums) {
  if (options->draws == 0)
    return limes_fail(context, LIMES_WRONG_USE, "a mean needs at least one draw");
  if (options->parameters != NULL && options->draws != 1)
    return limes_fail(context, LIMES_WRONG_USE, "parameters from a file are one network: ask for one draw");
  if (sums->nngp == NULL && sums->ntk == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "ask for at least one kernel");
  return LIMES_OK;
}

limes_status limes_empirical_draws(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                                   const limes_network_settings *settings, const limes_empirical_options *options,
                                   limes_empirical_sums *sums) {
  static const limes_network_settings plain = {0};
  limes_network *network = NULL;
  limes_route route = {0};
  settings = settings == NULL ? &plain : settings;
  limes_status status = check_options(context, options, sums);
  if (status == LIMES_OK)
    status = limes_open_draws(context, model, a, b, settings, options->parameters, &network);
  uint64_t limit = limes_memory_limit(context);
  averaging d = {
      .context = context, .a = a, .b = b, .options = options, .route = &route, .sums = sums, .first_draw = settings->draw};
  d.entries = limes_batch_items(a) * limes_batch_items(b == NULL ? a : b);
  if (status == LIMES_OK)
    status = limes_route_choose(context, network, 0, network->n_side - 1, options->route, limit, &route);
  if (status != LIMES_OK) {
    limes_network_destroy(network);
    return status;
  }
  d.workers = limes_draw_workers(context, options->draws - sums->draws, d.entries, limit, route.bytes);
  d.workers = d.workers == 0 ? 1 : d.workers;
  status = open_workers(&d, model, settings, network);
  if (status == LIMES_OK) {
    d.cost = limes_empirical_cost(network, options->outputs, &route, &d.worker[0].out);
    status = run_all(&d);
  }
  close_workers(&d);
  limes_route_clear(&route);
  return status;
}
