/* Networks of every size for every worker of a parallel loop. */
#include <stdlib.h>

#include "network/network.h"
#include "study/width.h"

/* With derivatives and activations a network takes about so many times its parameters. */
#define COPIES 3

static bool is_given(size_t given, size_t fallback, size_t *size) {
  *size = given > 0 ? given : fallback;
  return given > 0;
}

limes_network_settings limes_width_settings(const limes_width_work *work, size_t i, size_t outputs) {
  const limes_width_options *options = work->options;
  limes_network_settings settings = {.width = work->size[i],
                                     .heads = options->heads,
                                     .key_width = options->key_width,
                                     .value_width = options->value_width,
                                     .outputs = outputs,
                                     .seed = work->context->seed,
                                     .parameterization = options->parameterization};
  if (options->vary == LIMES_VARY_ALL)
    return settings;
  (void)is_given(options->heads, 8, &settings.heads);
  (void)is_given(options->key_width, 64, &settings.key_width);
  (void)is_given(options->value_width, 64, &settings.value_width);
  if (options->vary == LIMES_VARY_WIDTH)
    return settings;
  (void)is_given(options->width, 256, &settings.width);
  *(options->vary == LIMES_VARY_HEADS ? &settings.heads : &settings.key_width) = work->size[i];
  return settings;
}

/* A model that ends with channels of its own has as many outputs as it has. */
static limes_status create_network(limes_context *context, const limes_width_work *work, size_t i, size_t outputs,
                                   limes_network **network) {
  limes_network_settings settings = limes_width_settings(work, i, outputs);
  limes_status status = limes_network_create(context, work->model, &work->batch, 1, &settings, network);
  if (status != LIMES_WRONG_USE)
    return status;
  settings.outputs = 0;
  return limes_network_create(context, work->model, &work->batch, 1, &settings, network);
}

static limes_status fail_as(limes_context *context, const limes_context *worker, limes_status status) {
  return status == LIMES_OK ? LIMES_OK : limes_fail(context, status, "%s", limes_error(worker));
}

static limes_status create_worker(limes_width_crew *crew, size_t outputs, unsigned w) {
  limes_width_work *work = crew->work;
  limes_status status = limes_context_create(&crew->context[w]);
  if (status != LIMES_OK)
    return limes_fail(work->context, status, "there is no memory for another thread");
  crew->workers = w + 1;
  limes_set_threads(crew->context[w], 1);
  limes_set_memory(crew->context[w], limes_memory_limit(work->context));
  for (size_t i = 0; i < work->n && status == LIMES_OK; i++)
    status = create_network(crew->context[w], work, i, outputs, &crew->network[w * work->n + i]);
  return fail_as(work->context, crew->context[w], status);
}

/* As many workers as there are threads, tasks, and memory for */
static unsigned affordable(const limes_width_crew *crew, size_t tasks) {
  double parameters = 0, wanted = limes_workers(crew->work->context, tasks);
  for (size_t i = 0; i < crew->work->n; i++)
    parameters += (double)limes_network_parameters(crew->network[i]);
  double fit = (double)limes_memory_limit(crew->work->context) / (COPIES * sizeof(double) * (parameters + 1));
  return fit < 1 ? 1 : fit < wanted ? (unsigned)fit : (unsigned)wanted;
}

limes_status limes_width_crew_create(limes_width_work *work, size_t outputs, size_t tasks, limes_width_crew *crew) {
  unsigned most = limes_workers(work->context, tasks);
  *crew = (limes_width_crew){.work = work};
  crew->context = limes_allocate(work->context, most, sizeof(limes_context *));
  crew->network = limes_allocate(work->context, limes_multiply_capped(most, work->n), sizeof(limes_network *));
  limes_status status = crew->context == NULL || crew->network == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK)
    status = create_worker(crew, outputs, 0);
  unsigned workers = status == LIMES_OK ? affordable(crew, tasks) : 0;
  for (unsigned w = 1; w < workers && status == LIMES_OK; w++)
    status = create_worker(crew, outputs, w);
  if (status != LIMES_OK)
    limes_width_crew_clear(crew);
  return status;
}

void limes_width_crew_clear(limes_width_crew *crew) {
  for (unsigned w = 0; w < crew->workers; w++) {
    for (size_t i = 0; i < crew->work->n; i++)
      limes_network_destroy(crew->network[w * crew->work->n + i]);
    limes_context_destroy(crew->context[w]);
  }
  free(crew->context);
  free(crew->network);
  *crew = (limes_width_crew){0};
}

double limes_width_cost(const limes_width_crew *crew, size_t i) {
  return (double)limes_network_parameters(crew->network[i]) + 1e4;
}

limes_status limes_width_crew_run(const limes_width_crew *crew, const char *what, size_t tasks, double cost, limes_task *task,
                                  void *shared) {
  limes_context *context = crew->work->context;
  unsigned threads = context->threads;
  context->threads = crew->workers;
  limes_status status = limes_parallel(context, what, tasks, cost, task, shared);
  context->threads = threads;
  return status;
}
