#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "kernel/flops.h"
#include "kernel/left_out.h"
#include "kernel/mixture.h"
#include "kernel/tiles.h"
#include "limes/kernel.h"
#include "model/text.h"

#define SAMPLE_SECONDS 0.5
#define MOST_SAMPLES 64
#define MOST_LINES 48 /* of the table of layers */

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Bytes the process holds now: data, libraries. */
static uint64_t resident(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  unsigned long long total = 0, pages = 0;
  if (file == NULL)
    return 0;
  if (fscanf(file, "%llu %llu", &total, &pages) != 2)
    pages = 0;
  fclose(file);
  return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* time: a few real entries */

typedef struct {
  double own_seconds, own_flops, cross_seconds, cross_flops;
  double *more; /* [n_op] flops of pairs beyond what was promised */
} sample;

/* Items spread over the batch, by a step that is no divisor of its size */
static size_t spread(size_t k, size_t N) { return (size_t)fmod((double)k * 0.61803398874989485 * (double)N, (double)N); }

static double own_flops_of(const limes_plan *plan, const limes_block *block) {
  double flops = 0;
  for (size_t item = 0; item < block->count; item++)
    flops += limes_own_flops(plan, block->side, block->first + item);
  return flops;
}

/* One item against a panel, or a whole tile where items have no positions. What takes longer than there is time for is
 * measured by its first panel. */
static limes_status sample_pairs(limes_walker *walker, size_t k, double until, sample *sum) {
  const limes_plan *plan = walker->plan;
  size_t i = spread(k, plan->a.batch->items), j = spread(3 * k + 1, plan->b.batch->items);
  size_t rows = plan->gram == 0 ? 1 : plan->block, count = plan->gram == 0 ? plan->panel : plan->block;
  i -= plan->gram == 0 ? 0 : i % plan->block;
  j -= plan->gram == 0 ? 0 : j % plan->block;
  rows = rows < plan->a.batch->items - i ? rows : plan->a.batch->items - i;
  size_t left = plan->block - j % plan->block; /* trace memory holds any block of the plan, and so any part of one */
  left = left < plan->b.batch->items - j ? left : plan->b.batch->items - j;
  count = count < left ? count : left;
  double started = now();
  walker->x.filled = walker->y.filled = false;
  if (!limes_fill_block(walker, &walker->x, &plan->a, i, rows) || !limes_fill_block(walker, &walker->y, &plan->b, j, count))
    return walker->status;
  double filled = now(), counted = walker->work.flops;
  walker->more = sum->more;
  sum->own_seconds += filled - started;
  sum->own_flops += own_flops_of(plan, &walker->x) + own_flops_of(plan, &walker->y);
  limes_fill_gram(walker, &walker->x, &walker->y);
  for (size_t item = 0; item < rows && (item == 0 || now() < until); item++)
    for (size_t from = 0; from < count && (item + from == 0 || now() < until); from += plan->panel)
      (void)limes_cross_pass(walker, &walker->x, item, &walker->y, from, count - from < plan->panel ? count - from : plan->panel,
                             -1);
  walker->more = NULL;
  sum->cross_seconds += now() - filled;
  sum->cross_flops += walker->work.flops - counted;
  return LIMES_OK;
}

/* Seconds on one core, from the cost of a floating-point operation in pairs and in self passes; more: [n_op] flops of all pairs
 * beyond those that were promised, because the data ask for them */
static limes_status measure(limes_context *context, const limes_plan *plan, double *seconds, double *more) {
  limes_walker walker;
  limes_status status = limes_walker_create(context, plan, &walker);
  if (status != LIMES_OK)
    return status;
  sample warm = {.more = more}, sum = {.more = more};
  double until = now() + SAMPLE_SECONDS;
  status = sample_pairs(&walker, 0, now() + 0.2 * SAMPLE_SECONDS, &warm);
  for (size_t k = 1; k < MOST_SAMPLES && now() < until && status == LIMES_OK; k++)
    status = sample_pairs(&walker, k, until, &sum);
  limes_walker_clear(&walker);
  if (status != LIMES_OK)
    return status;
  for (size_t i = 0; i < plan->program.n_op; i++)
    more[i] *= plan->cross_flops / fmax(warm.cross_flops + sum.cross_flops, 1);
  if (sum.cross_flops == 0) /* one sample took all the time */
    sum = warm;
  *seconds = plan->cross_flops * sum.cross_seconds / fmax(sum.cross_flops, 1) +
             plan->own_flops * sum.own_seconds / fmax(sum.own_flops, 1);
  return LIMES_OK;
}

/* One task of a parallel loop: there OpenBLAS has one thread, as it will have. */
typedef struct {
  limes_context *context;
  const limes_plan *plan;
  double seconds;
  double *more; /* [n_op] */
} measurement;

static limes_status measure_task(void *shared, size_t task, unsigned worker, limes_job *job) {
  (void)task;
  (void)worker;
  (void)job;
  measurement *m = shared;
  return measure(m->context, m->plan, &m->seconds, m->more);
}

/* Measures, and adds to the plan's flops what the data ask for beyond them. */
static limes_status measure_plan(limes_context *context, limes_plan *plan, double *seconds) {
  measurement m = {.context = context, .plan = plan, .more = limes_allocate(context, plan->program.n_op, sizeof *m.more)};
  limes_status status = m.more == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK)
    status = limes_parallel(context, "measuring a few entries", 1, 1, measure_task, &m);
  for (size_t s = 0; status == LIMES_OK && s < plan->cross.n_step; s++) {
    const limes_step *step = &plan->cross.step[s];
    double more = step->narrow || step->out == LIMES_NO_VALUE ? 0 : m.more[step->op];
    plan->step_flops[s] += more;
    plan->cross_flops += more;
  }
  *seconds = m.seconds;
  free(m.more);
  return status;
}

/* text */

static const char *layout_name(limes_layout layout) {
  static const char *const names[] = {"-", "number", "diagonal", "matrix"};
  return names[layout];
}

static const char *unit(double *value) {
  static const char *const units[] = {"", " k", " M", " G", " T", " P", " E"};
  size_t i = 0;
  for (; i < 6 && *value >= 1000; i++)
    *value /= 1000;
  return units[i];
}

static void put_quantity(limes_text *text, const char *name, double value, const char *what) {
  const char *prefix = unit(&value);
  limes_text_add(text, "%-10s %.3g%s%s\n", name, value, prefix, what);
}

static void put_duration(limes_text *text, double seconds) {
  static const struct {
    double seconds;
    const char *name;
  } units[] = {{86400, "days"}, {3600, "h"}, {60, "min"}, {0, "s"}};
  size_t k = 0;
  while (k < 3 && !(seconds >= 2 * units[k].seconds))
    k++;
  limes_text_add(text, "%-10s %.3g %s\n", "time", k < 3 ? seconds / units[k].seconds : seconds, units[k].name);
}

static void put_positions(const limes_grid *grid, char out[32]) {
  if (grid->axes == 0)
    snprintf(out, 32, "-");
  else if (grid->axes == 1)
    snprintf(out, 32, "%u", grid->size[1]);
  else
    snprintf(out, 32, "%ux%u", grid->size[0], grid->size[1]);
}

/* What the self pass holds of a value, as far as it holds it */
static limes_layout own_layout(const limes_plan *plan, uint32_t value) {
  limes_layout layout = LIMES_ABSENT;
  for (size_t i = 0; i < plan->own.n_held; i++)
    if (plan->own.held[i].value == value && plan->own.held[i].layout > layout)
      layout = plan->own.held[i].layout;
  return layout;
}

/* held: in the cross pass; inside a chain it is there one diagonal at a time */
static void put_row(limes_text *text, const limes_plan *plan, const char *word, const limes_held *held, double flops) {
  char positions[32];
  put_positions(&plan->a.largest[held->value], positions);
  const char *prefix = unit(&flops);
  limes_text_add(text, "  %-18s %10s   %-9s %-9s %8.3g%s\n", word, positions,
                 held->inside ? "diagonals" : layout_name(held->layout), layout_name(own_layout(plan, held->value)), flops,
                 prefix);
}

static void put_layers(limes_text *text, const limes_plan *plan) {
  limes_text_add(text, "  %-18s %10s   %-9s %-9s %8s\n", "layer", "positions", "of a pair", "of itself", "flops");
  put_row(text, plan, "input", &plan->cross.held[0], plan->input_flops);
  size_t shown = 0;
  for (size_t i = 0; i < plan->cross.n_step; i++) {
    const limes_step *step = &plan->cross.step[i];
    if (++shown > MOST_LINES)
      continue;
    put_row(text, plan, step->narrow ? "  take the diagonal" : plan->program.op[step->op].ops->word, &plan->cross.held[step->out],
            plan->step_flops[i]);
  }
  if (shown > MOST_LINES)
    limes_text_add(text, "  ... and %zu more layers\n", shown - MOST_LINES);
}

/* What layers by quadrature leave out; errors: [n_op], or NULL where there are none. A failure is kept by the text. */
static void put_left_out(limes_context *context, const limes_plan *plan, const limes_left_out *errors, limes_text *text) {
  for (size_t i = 0; errors != NULL && i < plan->program.n_op && i < MOST_LINES; i++) {
    if (plan->program.op[i].ops->left_out == NULL)
      continue;
    char *line = limes_left_out_text(context, &plan->program.op[i], errors[i]);
    text->failed = line == NULL || text->failed;
    limes_text_add(text, "  %s\n", line == NULL ? "" : line);
    free(line);
  }
}

static char *plan_text(limes_context *context, const limes_plan *plan, const limes_left_out *errors, unsigned workers,
                       const limes_plan_report *report) {
  limes_text text = {.context = context};
  size_t N_a = plan->a.batch->items, N_b = plan->b.batch->items;
  put_layers(&text, plan);
  put_left_out(context, plan, errors, &text);
  limes_text_add(&text, "\n%-10s %zu x %zu%s\n", "kernel", N_a, N_b, plan->symmetric ? ", one triangle" : "");
  if (plan->program.coins > 0)
    limes_text_add(&text, "%-10s the mean kernel of a mixture of %u Gaussian processes (coins=shared), one by one\n", "parts",
                   (unsigned)limes_parts(&plan->program));
  limes_text_add(&text, "%-10s %zu of up to %zu x %zu items, %zu partners at a time, %u threads\n", "tiles",
                 limes_plan_tiles(plan), plan->block, plan->block, plan->panel, workers);
  put_quantity(&text, "flops", report->flops, "");
  put_quantity(&text, "memory", (double)report->bytes, "B");
  put_quantity(&text, "allowed", (double)report->free_bytes, "B");
  put_duration(&text, report->seconds);
  char *out = NULL;
  return limes_text_finish(&text, &out) == LIMES_OK ? out : NULL;
}

/* the report */

static limes_status fill_report(limes_context *context, limes_plan *plan, bool nngp, bool ntk, limes_plan_report *report) {
  unsigned workers = limes_workers(context, limes_plan_tiles(plan));
  uint64_t entries = (uint64_t)plan->a.batch->items * plan->b.batch->items;
  report->bytes =
      limes_add_capped(limes_plan_bytes(plan, workers), resident() + sizeof(double) * entries * ((nngp ? 1 : 0) + (ntk ? 1 : 0)));
  report->free_bytes = limes_memory_limit(context);
  bool fits = report->bytes <= report->free_bytes;
  limes_status status = LIMES_OK;
  if (fits) {
    status = measure_plan(context, plan, &report->seconds);
    report->seconds /= workers;
  } else {
    report->seconds = NAN;
  }
  report->flops = plan->cross_flops + plan->own_flops;
  limes_left_out *errors = NULL;
  if (status == LIMES_OK)
    status = limes_find_left_out(context, plan, &errors);
  if (status == LIMES_OK)
    report->text = plan_text(context, plan, errors, workers, report);
  free(errors);
  if (status != LIMES_OK)
    return status;
  if (report->text == NULL)
    return LIMES_NO_MEMORY;
  if (!fits)
    return limes_fail(context, LIMES_REFUSED,
                      "this would take %.3g GB of memory, and %.3g GB may be planned for: use fewer items or threads, or allow "
                      "more with --memory",
                      (double)report->bytes / 1e9, (double)report->free_bytes / 1e9);
  return LIMES_OK;
}

limes_status limes_explain(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                           bool nngp, bool ntk, limes_plan_report *report) {
  *report = (limes_plan_report){0};
  limes_plan plan;
  limes_status status = limes_plan_create(context, model, a, b == NULL ? a : b, ntk, LIMES_SCALAR, &plan);
  if (status == LIMES_OK)
    status = limes_mixture_check(context, &plan.program);
  if (status != LIMES_OK) {
    limes_plan_clear(&plan);
    return status;
  }
  status = fill_report(context, &plan, nngp, ntk, report);
  limes_plan_clear(&plan);
  return status;
}
