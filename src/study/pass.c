#include "study/pass.h"

#include <string.h>

#include "base/parallel.h"

/* The items of part p: as even as they go */
static size_t first_of(const limes_pass *pass, size_t part) { return pass->count * part / LIMES_PASS_PARTS; }

static double *gradient_of(const limes_pass *pass, size_t part) {
  return part == 0 ? pass->gradient : pass->part + (part - 1) * pass->network->parameters;
}

/* Losses of the n items behind `first`, and the adjoints of the outputs of the mean over the pass's items */
static double lose(const limes_pass *pass, size_t first, size_t n, const double *f, double *adjoint) {
  double sum = 0, share = 1 / (double)pass->count;
  for (size_t i = 0; i < n; i++) {
    size_t item = pass->item == NULL ? first + i : pass->item[first + i];
    double *to = adjoint == NULL ? NULL : adjoint + i * pass->outputs;
    sum += limes_loss_of(pass->kind, pass->outputs, f + i * pass->outputs, pass->y + item * pass->outputs, to);
    for (size_t k = 0; to != NULL && k < pass->outputs; k++)
      to[k] *= share;
  }
  return sum * share;
}

static void run_block(limes_pass *pass, size_t part, size_t first, size_t n, limes_evaluation *now) {
  uint32_t readout = pass->network->program.readout[0];
  size_t numbers = n * pass->outputs, at = first * pass->outputs;
  const double *f = now->value[readout].unit;
  double *adjoint = pass->gradient == NULL ? NULL : now->adjoint[readout];
  limes_evaluate(now);
  if (pass->f != NULL)
    memcpy(pass->f + at, f, numbers * sizeof *f);
  if (pass->tangent != NULL) {
    limes_evaluate_tangent(now, NULL, pass->tangent);
    memcpy(pass->f_tangent + at, now->tangent[readout], numbers * sizeof *f);
  }
  if (pass->y != NULL)
    pass->part_loss[part] += lose(pass, first, n, f, adjoint);
  if (pass->adjoint != NULL && adjoint != NULL)
    memcpy(adjoint, pass->adjoint + at, numbers * sizeof *f);
  if (adjoint != NULL)
    limes_evaluate_adjoint(now, gradient_of(pass, part), false);
}

static limes_status run_part(limes_context *context, limes_pass *pass, size_t part) {
  size_t first = first_of(pass, part), end = first_of(pass, part + 1);
  size_t block = limes_evaluation_block(pass->network, pass->side);
  unsigned with = (pass->tangent != NULL ? LIMES_WITH_TANGENT : 0) | (pass->gradient != NULL ? LIMES_WITH_ADJOINT : 0);
  limes_status status = LIMES_OK;
  pass->part_loss[part] = 0;
  if (pass->gradient != NULL)
    memset(gradient_of(pass, part), 0, pass->network->parameters * sizeof(double));
  for (; first < end && status == LIMES_OK; first += block) {
    limes_evaluation now;
    size_t n = end - first < block ? end - first : block;
    const size_t *item = pass->item == NULL ? NULL : pass->item + first;
    status = limes_evaluation_create(context, pass->network, pass->side, item, first, n, with, &now);
    if (status == LIMES_OK)
      run_block(pass, part, first, n, &now);
    limes_evaluation_clear(&now);
  }
  return status;
}

typedef struct {
  limes_context *context;
  limes_pass *pass;
} shared_pass;

static limes_status part_task(void *shared, size_t task, unsigned worker, limes_job *job) {
  const shared_pass *s = shared;
  (void)worker;
  (void)job;
  return run_part(s->context, s->pass, task);
}

/* In the order of the parts, whoever was first */
static void add_parts(limes_pass *pass) {
  pass->loss = 0;
  for (size_t part = 0; part < LIMES_PASS_PARTS; part++)
    pass->loss += pass->part_loss[part];
  for (size_t part = 1; pass->gradient != NULL && part < LIMES_PASS_PARTS; part++) {
    const double *from = gradient_of(pass, part);
    for (size_t p = 0; p < pass->network->parameters; p++)
      pass->gradient[p] += from[p];
  }
}

limes_status limes_pass_run(limes_context *context, limes_pass *pass) {
  shared_pass shared = {context, pass};
  limes_progress_callback *progress = context->progress;
  context->progress = NULL; /* a pass is a small share of the work that the caller reports on */
  limes_status status = limes_parallel(context, "training", LIMES_PASS_PARTS, LIMES_PASS_PARTS, part_task, &shared);
  context->progress = progress;
  if (status == LIMES_OK)
    add_parts(pass);
  return status;
}
