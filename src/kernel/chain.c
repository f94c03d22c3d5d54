#include "kernel/chain.h"

#define LEAST_POSITIONS 100 /* below that a whole matrix sits in the cache anyway */
#define MOST_PLANES 8       /* features of an input that is multiplied diagonal by diagonal */

limes_along_run *limes_along(const limes_op *op) {
  return op->ops->elementwise != NULL ? op->ops->elementwise->run : op->ops->run;
}

static bool is_even(const limes_chain_rules *rules, uint32_t value) {
  return !rules->uneven[value] && rules->grid[value]->axes > 0 && rules->grid[value]->T >= LEAST_POSITIONS;
}

/* Whether the step keeps diagonals to themselves, from a matrix to a matrix. */
static bool keeps_diagonals(const limes_program *program, const limes_chain_rules *rules, const limes_pass *pass,
                            const limes_step *step) {
  if (step->narrow || step->n_in != 1 || step->out == LIMES_NO_VALUE)
    return false;
  const limes_held *in = &pass->held[step->in[0]], *out = &pass->held[step->out];
  const limes_op *op = &program->op[step->op];
  limes_slide slide;
  return in->layout == LIMES_FULL && out->layout == LIMES_FULL && is_even(rules, in->value) && is_even(rules, out->value) &&
         (limes_along(op) != NULL || (op->ops->slide != NULL && op->ops->slide(op, rules->grid[in->value], &slide)));
}

static bool sums_all(const limes_program *program, const limes_chain_rules *rules, const limes_pass *pass,
                     const limes_step *step) {
  return !step->narrow && step->n_in == 1 && program->op[step->op].ops->sum_weight != NULL &&
         pass->held[step->in[0]].layout == LIMES_FULL && is_even(rules, pass->held[step->in[0]].value);
}

static bool is_readout(const limes_pass *pass, uint32_t held) {
  for (size_t r = 0; r < pass->n_readout; r++)
    if (pass->readout[r] == held)
      return true;
  return false;
}

/* Whether step i reads what the one before it makes, and nobody else does. Steps behind sampled ones run for each randomization,
 * so that no chain joins them with one before. */
static bool follows(const limes_pass *pass, size_t i) {
  const limes_step *step = &pass->step[i];
  uint32_t held = pass->step[i - 1].out;
  if (i == pass->n_once || step->n_in != 1 || step->in[0] != held || is_readout(pass, held))
    return false;
  return pass->held[held].last_step == i;
}

static bool slides(const limes_program *program, const limes_pass *pass, size_t i) {
  return limes_along(&program->op[pass->step[i].op]) == NULL;
}

/* Taking a diagonal out of a matrix and putting it back costs as much as a layer or two. */
static bool pays(const limes_pass *pass, size_t first, size_t end, size_t sliding) {
  bool from_input = pass->step[first].in[0] == 0, to_number = pass->held[pass->step[end - 1].out].layout == LIMES_SCALAR;
  return sliding > 0 && end - first >= (size_t)2 + !from_input + !to_number;
}

/* Whether only chains read the input before this step. */
static bool only_chains_read(const limes_pass *pass, size_t end) {
  for (size_t i = 0; i < end; i++)
    for (uint32_t k = 0; k < pass->step[i].n_in; k++)
      if (pass->step[i].in[k] == 0 && pass->step[i].chain == 0)
        return false;
  return true;
}

static void mark(limes_pass *pass, size_t first, size_t end, const limes_chain_rules *rules) {
  pass->step[first].chain = (uint32_t)(end - first);
  for (size_t i = first; i + 1 < end; i++)
    pass->held[pass->step[i].out].inside = true;
  if (pass->step[first].in[0] == 0 && pass->held[0].last_step == first && only_chains_read(pass, first) &&
      rules->features <= MOST_PLANES)
    pass->held[0].inside = true;
}

void limes_find_chains(const limes_program *program, const limes_chain_rules *rules, limes_pass *pass) {
  for (size_t first = 0, end; first < pass->n_step; first = end) {
    size_t sliding = 0;
    for (end = first;
         end < pass->n_step && keeps_diagonals(program, rules, pass, &pass->step[end]) && (end == first || follows(pass, end));
         end++)
      sliding += slides(program, pass, end);
    if (end > first && end < pass->n_step && follows(pass, end) && sums_all(program, rules, pass, &pass->step[end]))
      end++;
    if (end > first && pays(pass, first, end, sliding))
      mark(pass, first, end, rules);
    end = end > first ? end : first + 1;
  }
}

void limes_chain_reach(const limes_program *program, const limes_pass *pass, size_t first, const limes_grid *grid,
                       uint32_t reach[2]) {
  reach[0] = reach[1] = 0;
  for (size_t i = first; i < first + pass->step[first].chain; i++) {
    const limes_op *op = &program->op[pass->step[i].op];
    limes_slide slide;
    if (op->ops->slide == NULL || !op->ops->slide(op, grid, &slide))
      continue;
    for (int axis = 0; axis < 2; axis++) {
      uint32_t after = slide.taps[axis] - 1 - slide.before[axis], far = after > slide.before[axis] ? after : slide.before[axis];
      reach[axis] = far > reach[axis] ? far : reach[axis];
    }
  }
}
