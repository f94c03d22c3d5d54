#include "kernel/left_out.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/walk.h"

#define MOST_ITEMS 8 /* of a side that are looked at, spread over it */
#define WORTH_A_WARNING 1e-6

static bool by_quadrature(const limes_program *program) {
  bool any = false;
  for (size_t i = 0; i < program->n_op; i++)
    any = any || program->op[i].ops->left_out != NULL;
  return any;
}

static limes_status look_at(limes_walker *walker, const limes_side *side, size_t item, limes_left_out *errors) {
  const limes_program *program = &walker->plan->program;
  if (!limes_fill_block(walker, &walker->x, side, item, 1))
    return walker->status;
  for (size_t i = 0; i < program->n_op; i++)
    if (program->op[i].ops->left_out != NULL)
      program->op[i].ops->left_out(&program->op[i], walker->x.trace[i], &errors[i].value, &errors[i].slope);
  return LIMES_OK;
}

static limes_status look_at_side(limes_walker *walker, const limes_side *side, limes_left_out *errors) {
  size_t N = side->batch->items, step = (N + MOST_ITEMS - 1) / MOST_ITEMS;
  limes_status status = LIMES_OK;
  for (size_t item = 0; item < N && status == LIMES_OK; item += step)
    status = look_at(walker, side, item, errors);
  return status;
}

limes_status limes_find_left_out(limes_context *context, const limes_plan *plan, limes_left_out **errors) {
  *errors = NULL;
  if (!by_quadrature(&plan->program))
    return LIMES_OK;
  limes_walker walker;
  limes_status status = limes_walker_create(context, plan, &walker);
  if (status != LIMES_OK)
    return status;
  *errors = limes_allocate(context, plan->program.n_op, sizeof **errors);
  status = *errors == NULL ? LIMES_NO_MEMORY : look_at_side(&walker, &plan->a, *errors);
  if (status == LIMES_OK && !plan->symmetric)
    status = look_at_side(&walker, &plan->b, *errors);
  limes_walker_clear(&walker);
  return status;
}

char *limes_left_out_text(limes_context *context, const limes_op *op, limes_left_out error) {
  char place[48] = "";
  if (op->line > 0)
    snprintf(place, sizeof place, " (line %u, column %u)", (unsigned)op->line, (unsigned)op->column);
  return limes_format_text(context, "%s%s by quadrature: relative error up to %.1e of K, %.1e of the factor of Theta",
                           op->ops->word, place, error.value, error.slope);
}

/* A repeated layer is heard once, with the largest of its errors. */
static limes_left_out worst_of_layer(const limes_program *program, size_t index, const limes_left_out *errors, bool *first) {
  limes_left_out worst = errors[index];
  *first = true;
  for (size_t i = 0; i < program->n_op; i++)
    if (program->op[i].param == program->op[index].param) {
      *first = *first && i >= index;
      worst.value = worst.value > errors[i].value ? worst.value : errors[i].value;
      worst.slope = worst.slope > errors[i].slope ? worst.slope : errors[i].slope;
    }
  return worst;
}

limes_status limes_log_one_left_out(limes_context *context, const limes_op *op, limes_left_out error, bool ntk) {
  char *text = limes_left_out_text(context, op, error);
  if (text == NULL)
    return LIMES_NO_MEMORY;
  double largest = error.value > error.slope || !ntk ? error.value : error.slope;
  bool large = largest > WORTH_A_WARNING;
  limes_log(context, large ? LIMES_LOG_WARNING : LIMES_LOG_DETAIL, "%s%s", text,
            large ? "; a higher order makes it smaller" : "");
  free(text);
  return LIMES_OK;
}

static limes_status log_layer(limes_context *context, const limes_plan *plan, size_t index, const limes_left_out *errors) {
  bool first;
  limes_left_out error = worst_of_layer(&plan->program, index, errors, &first);
  if (plan->program.op[index].ops->left_out == NULL || !first)
    return LIMES_OK;
  return limes_log_one_left_out(context, &plan->program.op[index], error, plan->ntk);
}

limes_status limes_log_left_out(limes_context *context, const limes_plan *plan) {
  limes_left_out *errors;
  limes_status status = limes_find_left_out(context, plan, &errors);
  for (size_t i = 0; errors != NULL && i < plan->program.n_op && status == LIMES_OK; i++)
    status = log_layer(context, plan, i, errors);
  free(errors);
  return status;
}
