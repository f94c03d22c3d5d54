#include "kernel/mixture.h"

#include <stdio.h>
#include <string.h>

#define WHAT_SIZE 96

static double heads(const limes_op *op) { return op->ops->coin == NULL ? 1 : op->ops->coin(op); }

uint32_t limes_count_coins(const limes_program *program) {
  uint32_t coins = 0;
  for (size_t i = 0; i < program->n_op; i++)
    coins += heads(&program->op[i]) < 1;
  return coins;
}

limes_status limes_mixture_check(limes_context *context, const limes_program *program) {
  uint32_t coins = limes_count_coins(program);
  if (coins > LIMES_MOST_COINS)
    return limes_fail(
        context, LIMES_REFUSED,
        "the model has %u layers with coins=shared, and the mean kernel of this mixture is the sum of 2^%u: at most "
        "%d coins are enumerated; use coins=own, or fewer such layers",
        (unsigned)coins, (unsigned)coins, LIMES_MOST_COINS);
  if (coins > 0)
    limes_log(context, LIMES_LOG_WARNING,
              "with coins=shared the network is no Gaussian process but a mixture of %u: what is computed is the mean of their "
              "kernels",
              1u << coins);
  return LIMES_OK;
}

double limes_toss(limes_program *program, uint32_t part) {
  double probability = 1;
  for (size_t i = 0; i < program->n_op; i++) {
    double p = heads(&program->op[i]);
    if (p == 1)
      continue;
    program->op[i].tails = (part & 1) != 0;
    probability *= program->op[i].tails ? 1 - p : p;
    part >>= 1;
  }
  return probability;
}

/* Sets the coins for part number `part` of 2^coins; *share: its probability, 0 where there is nothing but one part. */
static const char *begin_part(limes_plan *plan, uint32_t part, const char *what, double *share, char text[WHAT_SIZE]) {
  uint32_t coins = limes_count_coins(&plan->program);
  *share = limes_toss(&plan->program, part);
  if (coins == 0) {
    *share = 0;
    return what;
  }
  snprintf(text, WHAT_SIZE, "%s, part %u of %u", what, (unsigned)part + 1, 1u << coins);
  return text;
}

static void clear(size_t rows, size_t columns, size_t stride, double *matrix) {
  for (size_t i = 0; matrix != NULL && i < rows; i++)
    memset(matrix + i * stride, 0, columns * sizeof *matrix);
}

limes_status limes_run_mixture(limes_context *context, limes_plan *plan, const char *what, limes_sink *sink) {
  uint32_t coins = limes_count_coins(&plan->program);
  size_t columns = plan->b.batch->items * sink->cell, stride = sink->stride * sink->cell;
  char text[WHAT_SIZE];
  clear(coins == 0 ? 0 : sink->rows, columns, stride, sink->nngp);
  clear(coins == 0 ? 0 : sink->rows, columns, stride, sink->ntk);
  limes_status status = LIMES_OK;
  for (uint32_t part = 0; part < 1u << coins && status == LIMES_OK; part++) {
    const char *said = begin_part(plan, part, what, &sink->share, text);
    status = limes_run_tiles(context, plan, said, sink);
  }
  (void)limes_toss(&plan->program, 0);
  return status;
}

limes_status limes_run_mixture_diagonal(limes_context *context, limes_plan *plan, double *nngp, double *ntk) {
  uint32_t coins = limes_count_coins(&plan->program);
  size_t N = plan->a.batch->items;
  char text[WHAT_SIZE];
  double share;
  clear(1, N, N, nngp);
  clear(1, N, N, ntk);
  limes_status status = LIMES_OK;
  for (uint32_t part = 0; part < 1u << coins && status == LIMES_OK; part++) {
    const char *said = begin_part(plan, part, "variances", &share, text);
    status = limes_run_diagonal(context, plan, said, share, nngp, ntk);
  }
  (void)limes_toss(&plan->program, 0);
  return status;
}
