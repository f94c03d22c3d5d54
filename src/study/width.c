/* The width study: networks of growing size beside their limit (docs/mathematics.md, section 10). */
#include "study/width.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data/batch.h"
#include "layers/layer.h"
#include "limes/kernel.h"
#include "math/linear.h"
#include "model/program.h"

#define FIRST_ROUND 20
#define MOST_DRAWS 2000
#define WANTED 0.05 /* half of a slope's interval */
#define DEFAULT_SIZES 5
#define LEAST_WIDTH 64 /* of default sizes */
#define DEPTHS 16      /* a default width is at least so many times the depth: at 8 times, errors still fall faster */
#define MOST_SIZE (1u << 20)

/* sizes */

/* Layers with weights on the way through the program that has most of them */
static limes_status find_depth(limes_context *context, const limes_model *model, const limes_batch *batch, size_t *depth) {
  limes_program program;
  limes_log_callback *log = context->log;
  context->log = NULL; /* the kernel has said what there is to say */
  limes_status status = limes_program_create(context, model, batch->axes, batch->segment != NULL, &program);
  context->log = log;
  if (status != LIMES_OK)
    return status;
  size_t *longest = limes_allocate(context, program.n_value, sizeof *longest);
  for (size_t i = 0; longest != NULL && i < program.n_op; i++) {
    const limes_op *op = &program.op[i];
    size_t most = 0;
    for (uint32_t k = 0; k < op->n_in; k++)
      most = longest[op->in[k]] > most ? longest[op->in[k]] : most;
    longest[op->out] = most + op->ops->affine;
  }
  *depth = longest == NULL ? 0 : longest[program.readout[0]];
  status = longest == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  free(longest);
  limes_program_clear(&program);
  return status;
}

/* Doubled from the least on; the wider they must be, the fewer: work grows with the square. */
static limes_status default_sizes(const limes_width_work *work, limes_vary vary, size_t size[DEFAULT_SIZES], size_t *n) {
  size_t depth = 0, start = vary == LIMES_VARY_HEADS ? 1 : 8;
  limes_status status = find_depth(work->context, work->model, work->batch, &depth);
  if (vary == LIMES_VARY_ALL || vary == LIMES_VARY_WIDTH)
    for (start = LEAST_WIDTH; start < DEPTHS * depth; start *= 2)
      ;
  *n = start <= LEAST_WIDTH ? DEFAULT_SIZES : start <= 2 * LEAST_WIDTH ? DEFAULT_SIZES - 1 : DEFAULT_SIZES - 2;
  for (size_t i = 0; i < *n; i++)
    size[i] = start << i;
  return status;
}

static limes_status check_options(limes_context *context, const limes_width_options *options) {
  bool rising = options->n_sizes != 1;
  for (size_t i = 0; i < options->n_sizes; i++)
    rising = rising && options->sizes[i] > (i == 0 ? 0 : options->sizes[i - 1]) && options->sizes[i] <= MOST_SIZE;
  if (!rising)
    return limes_fail(context, LIMES_WRONG_USE, "a slope needs at least two sizes, in rising order, from 1 to %u", MOST_SIZE);
  if (options->draws == 1 || options->output_draws == 1)
    return limes_fail(context, LIMES_WRONG_USE, "one draw says nothing about its error: take at least 2");
  return LIMES_OK;
}

/* draws */

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static limes_status find_kernel(limes_width_work *work, int kernel, limes_width_kernel *found) {
  limes_status status = LIMES_OK;
  const double **square = limes_allocate(work->context, work->n, sizeof *square);
  if (square == NULL)
    return LIMES_NO_MEMORY;
  size_t numbers = work->batch->items * work->batch->items;
  for (size_t i = 0; i < work->n; i++) {
    const limes_width_sums *sums = &work->sums[i * LIMES_WIDTH_KERNELS + (size_t)kernel];
    square[i] = sums->square;
    limes_width_parts(numbers, work->draws, sums, &found->at[i]);
  }
  status = limes_width_slope(work->context, work->n, work->size, work->draws, square, work->context->seed, found);
  free(square);
  return status;
}

static double half_width(const limes_width_kernel *kernel) {
  return kernel->at == NULL ? 0 : 0.5 * (kernel->interval[1] - kernel->interval[0]);
}

static limes_status find_slopes(limes_width_work *work, limes_width_report *report) {
  limes_status status = find_kernel(work, LIMES_WIDTH_NNGP, &report->nngp);
  if (status == LIMES_OK && report->ntk.at != NULL)
    status = find_kernel(work, LIMES_WIDTH_NTK, &report->ntk);
  report->draws = work->draws;
  report->enough = half_width(&report->nngp) < WANTED && half_width(&report->ntk) < WANTED;
  return status;
}

/* Half widths fall with the root of the draws: how many more there should be, and a tenth on top; no more than the time that is
 * left is good for, at the pace so far. 0: enough. */
static size_t further_draws(const limes_width_options *options, const limes_width_report *report, double seconds) {
  if (options->draws > 0 || report->enough)
    return 0;
  double widest = fmax(half_width(&report->nngp), half_width(&report->ntk)) / WANTED, D = (double)report->draws;
  double more = fmin(1.1 * D * widest * widest - D, 4 * D);
  more = fmin(fmax(more, FIRST_ROUND), MOST_DRAWS - D);
  if (options->most_seconds > 0)
    more = fmin(more, D * (options->most_seconds - seconds) / seconds);
  return more < 1 ? 0 : (size_t)more;
}

static limes_status draw_all(limes_width_work *work, limes_width_report *report) {
  size_t more = work->options->draws > 0 ? work->options->draws : FIRST_ROUND;
  double started = now();
  limes_status status = LIMES_OK;
  while (more > 0 && status == LIMES_OK) {
    status = limes_width_draw(work, more);
    if (status == LIMES_OK)
      status = find_slopes(work, report);
    more = further_draws(work->options, report, now() - started);
  }
  return status;
}

/* memory */

static limes_status create_sums(limes_width_work *work) {
  size_t draws = work->options->draws > 0 ? work->options->draws : MOST_DRAWS, N = work->batch->items;
  work->sums = limes_allocate(work->context, work->n * LIMES_WIDTH_KERNELS, sizeof *work->sums);
  for (size_t i = 0; work->sums != NULL && i < work->n * LIMES_WIDTH_KERNELS; i++) {
    work->sums[i].square = limes_allocate(work->context, draws, sizeof(double));
    work->sums[i].total = limes_matrix(work->context, N, N);
    if (work->sums[i].square == NULL || work->sums[i].total == NULL)
      return LIMES_NO_MEMORY;
  }
  return work->sums == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

static void clear_sums(limes_width_work *work) {
  for (size_t i = 0; work->sums != NULL && i < work->n * LIMES_WIDTH_KERNELS; i++) {
    free(work->sums[i].square);
    free(work->sums[i].total);
  }
  free(work->sums);
}

static limes_width_report *create_report(const limes_width_work *work) {
  limes_context *context = work->context;
  limes_width_report *report = limes_allocate(context, 1, sizeof *report);
  if (report == NULL)
    return NULL;
  *report = (limes_width_report){.n = work->n, .items = work->batch->items, .output_draws = work->options->output_draws};
  report->size = limes_allocate(context, work->n, sizeof *report->size);
  report->heads = limes_allocate(context, work->n, sizeof *report->heads);
  report->nngp.at = limes_allocate(context, work->n, sizeof *report->nngp.at);
  report->ntk.at = work->limit[LIMES_WIDTH_NTK] == NULL ? NULL : limes_allocate(context, work->n, sizeof *report->ntk.at);
  report->output = work->options->output_draws == 0 ? NULL : limes_allocate(context, work->n, sizeof *report->output);
  bool memory = report->size != NULL && report->heads != NULL && report->nngp.at != NULL &&
                (report->ntk.at != NULL || work->limit[LIMES_WIDTH_NTK] == NULL) &&
                (report->output != NULL || work->options->output_draws == 0);
  if (memory) {
    memcpy(report->size, work->size, work->n * sizeof *report->size);
    return report;
  }
  limes_width_report_destroy(report);
  return NULL;
}

void limes_width_report_destroy(limes_width_report *report) {
  if (report == NULL)
    return;
  free(report->size);
  free(report->heads);
  free(report->nngp.at);
  free(report->ntk.at);
  free(report->output);
  free(report);
}

/* the whole */

static limes_status study(limes_width_work *work, limes_width_report **report) {
  *report = create_report(work);
  limes_status status = *report == NULL ? LIMES_NO_MEMORY : create_sums(work);
  if (status == LIMES_OK)
    status = draw_all(work, *report);
  if (status == LIMES_OK && work->options->output_draws > 0)
    status = limes_width_outputs_of(work, (*report)->output, (*report)->heads);
  clear_sums(work);
  if (status != LIMES_OK) {
    limes_width_report_destroy(*report);
    *report = NULL;
  }
  return status;
}

limes_status limes_width_against(limes_context *context, const limes_model *model, const limes_batch *batch,
                                 const limes_width_options *options, const double *nngp, const double *ntk,
                                 limes_width_report **report) {
  size_t defaults[DEFAULT_SIZES];
  limes_width_work work = {.context = context,
                           .model = model,
                           .batch = batch,
                           .options = options,
                           .size = options->sizes,
                           .n = options->n_sizes,
                           .limit = {nngp, ntk}};
  *report = NULL;
  limes_status status = check_options(context, options);
  if (status == LIMES_OK && work.n == 0) {
    status = default_sizes(&work, options->vary, defaults, &work.n);
    work.size = defaults;
  }
  return status == LIMES_OK ? study(&work, report) : status;
}

/* That the networks can be made is found out before the limit is computed: a message about a word comes at once. */
static limes_status check_networks(limes_context *context, const limes_model *model, const limes_batch *batch) {
  limes_network *network = NULL;
  limes_log_callback *log = context->log;
  context->log = NULL;
  limes_status status = limes_network_create(context, model, &batch, 1, &(limes_network_settings){.width = 4}, &network);
  context->log = log;
  limes_network_destroy(network);
  return status;
}

limes_status limes_width_study(limes_context *context, const limes_model *model, const limes_batch *batch,
                               const limes_width_options *options, limes_width_report **report) {
  limes_batch first = *batch; /* shares everything with the batch */
  if (options->items > 0 && options->items < first.items)
    first.items = options->items;
  *report = NULL;
  limes_status status = check_options(context, options);
  if (status == LIMES_OK)
    status = check_networks(context, model, &first);
  if (status != LIMES_OK)
    return status;
  bool tangent = options->parameterization == LIMES_NTK_PARAMETERIZATION;
  double *nngp = limes_matrix(context, first.items, first.items);
  double *ntk = tangent ? limes_matrix(context, first.items, first.items) : NULL;
  status = nngp == NULL || (tangent && ntk == NULL) ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK)
    status = limes_kernel(context, model, &first, NULL, &(limes_kernel_output){.nngp = nngp, .ntk = ntk});
  if (status == LIMES_OK)
    status = limes_width_against(context, model, &first, options, nngp, ntk, report);
  free(nngp);
  free(ntk);
  return status;
}
