#include "kernel/mixture.h"

limes_status limes_mixture_check(limes_context *context, const limes_program *program) {
  unsigned coins = program->coins;
  if (coins > LIMES_MOST_COINS)
    return limes_fail(
        context, LIMES_REFUSED,
        "the model has %u layers with coins=shared, and the mean kernel of this mixture is the sum of 2^%u: at most "
        "%d coins are enumerated; use coins=own, or fewer such layers",
        coins, coins, LIMES_MOST_COINS);
  if (coins > 0)
    limes_log(context, LIMES_LOG_WARNING,
              "with coins=shared the network is no Gaussian process but a mixture of %u: what is computed is the mean of their "
              "kernels",
              1u << coins);
  return LIMES_OK;
}

uint32_t limes_parts(const limes_program *program) {
  return UINT32_C(1) << (program->coins < LIMES_MOST_COINS ? program->coins : LIMES_MOST_COINS);
}

void limes_begin_part(limes_walker *walker, uint32_t part) {
  const limes_program *program = &walker->plan->program;
  if (program->coins == 0)
    return;
  walker->part = walker->work.part = part;
  walker->share = 1;
  for (size_t i = 0; i < program->n_op; i++) {
    const limes_op *op = &program->op[i];
    if (op->coin == 0)
      continue;
    double heads = op->ops->coin(op);
    walker->share *= (part >> (op->coin - 1) & 1) != 0 ? 1 - heads : heads;
  }
  walker->x.filled = walker->y.filled = false;
}
