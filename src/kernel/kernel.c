#include "limes/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "kernel/left_out.h"
#include "kernel/mixture.h"
#include "kernel/tiles.h"

#define ROW_BYTES (64u << 20) /* of one block of rows handed to a callback */

limes_status limes_plan_kernel(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                               bool ntk, limes_layout readout, limes_plan *plan) {
  limes_status status = limes_plan_create(context, model, a, b == NULL ? a : b, ntk, readout, plan);
  if (status == LIMES_OK)
    status = limes_plan_check_memory(context, plan, limes_plan_tiles(plan));
  if (status == LIMES_OK)
    status = limes_mixture_check(context, &plan->program);
  if (status == LIMES_OK)
    status = limes_log_left_out(context, plan);
  if (status != LIMES_OK)
    limes_plan_clear(plan);
  return status;
}

limes_status limes_check_matrix(limes_context *context, const char *name, const double *kernel, size_t rows, size_t columns,
                                size_t stride, size_t first, size_t first_column, size_t cell) {
  for (size_t i = 0; kernel != NULL && i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      if (!isfinite(kernel[i * stride + j]))
        return limes_fail(
            context, LIMES_BAD_INPUT,
            "the %s of items %zu and %zu (counted from 0) is %g: the numbers are too large for this model; normalize "
            "the data, or take smaller weights",
            name, first + i, first_column + j / cell, kernel[i * stride + j]);
  return LIMES_OK;
}

static limes_status check_diagonal(limes_context *context, const char *name, const double *diagonal, size_t n) {
  limes_status status = LIMES_OK;
  for (size_t i = 0; diagonal != NULL && i < n && status == LIMES_OK; i++)
    status = limes_check_matrix(context, name, diagonal + i, 1, 1, 1, i, i, 1);
  return status;
}

/* A kernel of finite numbers, or a sentence. */
static limes_status run_checked(limes_context *context, const limes_plan *plan, const char *what, const limes_sink *sink) {
  size_t columns = plan->b.batch->items * sink->cell, stride = sink->stride * sink->cell;
  limes_status status = limes_run_tiles(context, plan, what, sink);
  if (status == LIMES_OK)
    status = limes_check_matrix(context, "NNGP", sink->nngp, sink->rows, columns, stride, sink->first_row, 0, sink->cell);
  if (status == LIMES_OK)
    status = limes_check_matrix(context, "NTK", sink->ntk, sink->rows, columns, stride, sink->first_row, 0, sink->cell);
  return status;
}

limes_status limes_kernel(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                          const limes_kernel_output *out) {
  if (out->nngp == NULL && out->ntk == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "no kernel is asked for: give memory for nngp, ntk or both");
  limes_plan plan;
  limes_status status = limes_plan_kernel(context, model, a, b, out->ntk != NULL, LIMES_SCALAR, &plan);
  if (status != LIMES_OK)
    return status;
  limes_sink sink = {.nngp = out->nngp, .ntk = out->ntk, .rows = plan.a.batch->items, .cell = 1, .mirrored = plan.symmetric};
  sink.stride = out->stride == 0 ? plan.b.batch->items : out->stride;
  status = run_checked(context, &plan, "kernel", &sink);
  limes_plan_clear(&plan);
  return status;
}

/* Whole blocks of items, at most ROW_BYTES of each kernel, at least one block */
static size_t rows_at_a_time(const limes_plan *plan) {
  size_t rows = ROW_BYTES / (sizeof(double) * plan->b.batch->items);
  rows -= rows % plan->block;
  return rows < plan->block ? plan->block : rows;
}

static limes_status run_rows(limes_context *context, const limes_plan *plan, limes_sink *sink, limes_kernel_rows_callback *rows,
                             void *user) {
  size_t N = plan->a.batch->items, most = sink->rows;
  limes_status status = LIMES_OK;
  for (size_t first = 0; first < N && status == LIMES_OK; first += most) {
    sink->first_row = first;
    sink->rows = N - first < most ? N - first : most;
    status = run_checked(context, plan, "kernel", sink);
    if (status == LIMES_OK)
      status = rows(user, first, sink->rows, sink->nngp, sink->ntk);
  }
  return status;
}

limes_status limes_kernel_rows(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                               bool nngp, bool ntk, limes_kernel_rows_callback *rows, void *user) {
  if (!nngp && !ntk)
    return limes_fail(context, LIMES_WRONG_USE, "no kernel is asked for: ask for nngp, ntk or both");
  limes_plan plan;
  limes_status status = limes_plan_kernel(context, model, a, b, ntk, LIMES_SCALAR, &plan);
  if (status != LIMES_OK)
    return status;
  size_t columns = plan.b.batch->items, most = rows_at_a_time(&plan);
  limes_sink sink = {
      .rows = most < plan.a.batch->items ? most : plan.a.batch->items, .stride = columns, .cell = 1, .mirrored = plan.symmetric};
  sink.nngp = nngp ? limes_allocate(context, sink.rows, columns * sizeof(double)) : NULL;
  sink.ntk = ntk ? limes_allocate(context, sink.rows, columns * sizeof(double)) : NULL;
  bool memory = (!nngp || sink.nngp != NULL) && (!ntk || sink.ntk != NULL);
  status = memory ? run_rows(context, &plan, &sink, rows, user) : LIMES_NO_MEMORY;
  free(sink.nngp);
  free(sink.ntk);
  limes_plan_clear(&plan);
  return status;
}

limes_status limes_kernel_diagonal(limes_context *context, const limes_model *model, const limes_batch *a, double *nngp,
                                   double *ntk) {
  limes_plan plan;
  limes_status status = limes_plan_kernel(context, model, a, NULL, ntk != NULL, LIMES_SCALAR, &plan);
  if (status != LIMES_OK)
    return status;
  status = limes_run_diagonal(context, &plan, nngp, ntk);
  if (status == LIMES_OK)
    status = check_diagonal(context, "NNGP", nngp, a->items);
  if (status == LIMES_OK)
    status = check_diagonal(context, "NTK", ntk, a->items);
  limes_plan_clear(&plan);
  return status;
}

static size_t sizes_of(const limes_grid *grid, size_t size[2]) {
  size_t T = 1;
  for (uint32_t axis = 0; axis < grid->axes; axis++) {
    size[axis] = grid->size[axis + 2 - grid->axes]; /* a sequence has its positions along the second */
    T *= size[axis];
  }
  return T;
}

limes_status limes_kernel_positions(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                                    const limes_kernel_output *out, unsigned *axes, size_t size[4]) {
  limes_plan plan;
  limes_status status = limes_plan_kernel(context, model, a, b, out->ntk != NULL, LIMES_FULL, &plan);
  if (status != LIMES_OK)
    return status;
  uint32_t value = plan.program.readout;
  *axes = plan.program.value[value].axes;
  size_t cell = sizes_of(&plan.a.grid[value][0], size);
  cell *= sizes_of(&plan.b.grid[value][0], size + *axes);
  limes_sink sink = {.nngp = out->nngp,
                     .ntk = out->ntk,
                     .rows = plan.a.batch->items,
                     .stride = out->stride == 0 ? plan.b.batch->items : out->stride / cell,
                     .cell = cell,
                     .mirrored = plan.symmetric};
  if (out->nngp != NULL || out->ntk != NULL)
    status = run_checked(context, &plan, "kernel of all positions", &sink);
  limes_plan_clear(&plan);
  return status;
}

/* attention matrices */

static const limes_op *attention_number(const limes_program *program, size_t which, size_t *index) {
  size_t seen = 0;
  for (size_t i = 0; i < program->n_op; i++)
    if (strcmp(program->op[i].ops->word, "attention") == 0 && seen++ == which) {
      *index = i;
      return &program->op[i];
    }
  return NULL;
}

/* Column-major to C order */
static void transpose(size_t T, const double *in, double *out) {
  for (size_t a = 0; a < T; a++)
    for (size_t b = 0; b < T; b++)
      out[a * T + b] = in[b * T + a];
}

static limes_status attention_of(limes_context *context, const limes_plan *plan, size_t item, size_t which, double **z,
                                 size_t *positions) {
  size_t index = 0;
  const limes_op *op = attention_number(&plan->program, which, &index);
  if (op == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "the model has no attention number %zu (they count from 0)", which);
  if (plan->program.coins > 0)
    return limes_fail(context, LIMES_UNABLE,
                      "the weights of attention depend on the coins of residual(coins=shared): there is no one matrix");
  if (op->ops->random_weights != NULL && op->ops->random_weights(op))
    return limes_fail(context, LIMES_UNABLE,
                      "the weights of attention number %zu are random (scale=sqrt, qk_correlation): there is no matrix", which);
  limes_walker walker;
  limes_status status = limes_walker_create(context, plan, &walker);
  if (status != LIMES_OK)
    return status;
  *positions = plan->a.grid[op->in[0]][item].T;
  *z = limes_allocate(context, *positions * *positions, sizeof **z);
  status = *z == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK && !limes_fill_block(&walker, &walker.x, &plan->a, item, 1))
    status = walker.status;
  if (status == LIMES_OK)
    transpose(*positions, walker.x.trace[index][0].matrix[0], *z);
  else
    free(*z);
  *z = status == LIMES_OK ? *z : NULL;
  limes_walker_clear(&walker);
  return status;
}

limes_status limes_attention_matrix(limes_context *context, const limes_model *model, const limes_batch *a, size_t item,
                                    size_t which, double **z, size_t *positions) {
  *z = NULL;
  if (item >= a->items)
    return limes_fail(context, LIMES_WRONG_USE, "there is no item %zu: the batch has %zu, counted from 0", item, a->items);
  limes_plan plan;
  limes_status status = limes_plan_create(context, model, a, a, false, LIMES_ABSENT, &plan);
  if (status != LIMES_OK)
    return status;
  status = limes_plan_check_memory(context, &plan, limes_plan_tiles(&plan));
  if (status == LIMES_OK)
    status = attention_of(context, &plan, item, which, z, positions);
  limes_plan_clear(&plan);
  return status;
}
