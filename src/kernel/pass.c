#include "kernel/pass.h"

#include <stdlib.h>

#include "kernel/chain.h"

typedef struct {
  const limes_program *program;
  const bool *uneven; /* [n_value], or NULL */
  const limes_chain_rules *chains;
  bool own, every;
  limes_layout *asked;   /* [n_value] the most that a reader asks of a value */
  limes_layout **wanted; /* [n_op][n_in] what each op asks of each input */
  uint32_t *held;        /* [n_value] where a value is held, as asked */
  uint32_t *diagonal;    /* [n_value] where its diagonal is held apart */
} builder;

bool limes_op_keeps(const limes_op *op) { return op->ops->trace != NULL; }

/* Items without positions have nothing but one number a pair, and items of unequal sizes no diagonal: what is equal behind a
 * stride or a slice comes out of the matrix before it. */
static limes_layout fitting(const builder *b, uint32_t value, limes_layout layout) {
  if (layout != LIMES_ABSENT && b->program->value[value].axes == 0)
    return LIMES_SCALAR;
  return layout == LIMES_DIAGONAL && b->uneven != NULL && b->uneven[value] ? LIMES_FULL : layout;
}

/* Demand flows backwards: what each op needs of its inputs for what is asked of its output. */
static limes_status demand(limes_context *context, builder *b, limes_layout readout) {
  const limes_program *program = b->program;
  b->asked[program->readout] = fitting(b, program->readout, readout);
  for (uint32_t value = 0; b->every && value < program->n_value; value++)
    b->asked[value] = fitting(b, value, LIMES_FULL);
  for (size_t i = program->n_op; i-- > 0;) {
    const limes_op *op = &program->op[i];
    b->wanted[i] = limes_allocate(context, op->n_in, sizeof **b->wanted);
    if (b->wanted[i] == NULL)
      return LIMES_NO_MEMORY;
    for (uint32_t k = 0; k < op->n_in; k++) {
      uint32_t value = op->in[k];
      limes_layout layout = op->ops->asks(op, b->asked[op->out], b->own && limes_op_keeps(op));
      b->wanted[i][k] = fitting(b, value, layout);
      b->asked[value] = b->asked[value] > b->wanted[i][k] ? b->asked[value] : b->wanted[i][k];
    }
  }
  return LIMES_OK;
}

static limes_status hold(limes_context *context, limes_pass *pass, uint32_t value, limes_layout layout, uint32_t *held) {
  if (!limes_grow(context, (void **)&pass->held, &pass->held_capacity, pass->n_held + 1, sizeof *pass->held))
    return LIMES_NO_MEMORY;
  *held = (uint32_t)pass->n_held;
  pass->held[pass->n_held++] = (limes_held){.value = value, .layout = layout};
  return LIMES_OK;
}

static limes_status add_step(limes_context *context, limes_pass *pass, limes_step step) {
  if (!limes_grow(context, (void **)&pass->step, &pass->step_capacity, pass->n_step + 1, sizeof *pass->step)) {
    free(step.in);
    return LIMES_NO_MEMORY;
  }
  for (uint32_t k = 0; k < step.n_in; k++)
    pass->held[step.in[k]].last_step = (uint32_t)pass->n_step;
  pass->step[pass->n_step++] = step;
  return LIMES_OK;
}

/* The held covariance of a value in the layout that an op wants; a step that takes the diagonal out comes before it, once. */
static limes_status held_as(limes_context *context, builder *b, limes_pass *pass, uint32_t value, limes_layout wanted,
                            uint32_t *held) {
  *held = b->held[value];
  if (wanted == LIMES_ABSENT || pass->held[*held].layout == wanted)
    return LIMES_OK;
  if (b->diagonal[value] == LIMES_NO_VALUE) {
    limes_step narrow = {.narrow = true, .in = limes_allocate(context, 1, sizeof *narrow.in), .n_in = 1};
    if (narrow.in == NULL)
      return LIMES_NO_MEMORY;
    narrow.in[0] = *held;
    limes_status status = hold(context, pass, value, wanted, &narrow.out);
    b->diagonal[value] = narrow.out;
    if (status != LIMES_OK) {
      free(narrow.in);
      return status;
    }
    status = add_step(context, pass, narrow);
    if (status != LIMES_OK)
      return status;
  }
  *held = b->diagonal[value];
  return LIMES_OK;
}

static limes_status add_op(limes_context *context, builder *b, limes_pass *pass, size_t index) {
  const limes_op *op = &b->program->op[index];
  limes_layout out = b->asked[op->out];
  bool keeps = b->own && limes_op_keeps(op);
  if (out == LIMES_ABSENT && !keeps)
    return LIMES_OK;
  limes_step step = {.op = index, .keeps = keeps, .n_in = op->n_in, .out = LIMES_NO_VALUE};
  step.in = limes_allocate(context, op->n_in, sizeof *step.in);
  if (step.in == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = LIMES_OK;
  for (uint32_t k = 0; k < op->n_in && status == LIMES_OK; k++)
    status = held_as(context, b, pass, op->in[k], b->wanted[index][k], &step.in[k]);
  if (status == LIMES_OK && out != LIMES_ABSENT) {
    status = hold(context, pass, op->out, out, &step.out);
    b->held[op->out] = step.out;
  }
  if (status != LIMES_OK) {
    free(step.in);
    return status;
  }
  return add_step(context, pass, step);
}

/* How often an op reads a covariance among its inputs before number `end`. */
static uint32_t times_read(const limes_step *step, uint32_t held, uint32_t end) {
  uint32_t times = 0;
  for (uint32_t k = 0; k < end; k++)
    times += step->in[k] == held;
  return times;
}

static bool can_work_in_place(const limes_program *program, const limes_pass *pass, uint32_t index) {
  const limes_step *step = &pass->step[index];
  const limes_held *in = &pass->held[step->in[0]];
  return !step->narrow && !in->inside && program->op[step->op].ops->in_place && in->last_step == index &&
         in->layout == pass->held[step->out].layout && times_read(step, step->in[0], step->n_in) == 1;
}

/* The step whose inputs are read for the last time when step i is done: a chain's first one at its end, NULL before that. */
static const limes_step *last_of_chain(const limes_pass *pass, uint32_t i) {
  for (uint32_t first = 0; first <= i; first++) {
    uint32_t chain = pass->step[first].chain;
    if (chain > 0 && i < first + chain)
      return i + 1 == first + chain ? &pass->step[first] : NULL;
  }
  return &pass->step[i];
}

/* Buffers are taken when a covariance is made and given back behind its last reader; an op that works in place takes its
 * input's. */
static limes_status place(limes_context *context, const limes_program *program, limes_pass *pass) {
  uint32_t *unused = limes_allocate(context, pass->n_held + 1, sizeof *unused), n_unused = 0;
  if (unused == NULL)
    return LIMES_NO_MEMORY;
  if (pass->readout != LIMES_NO_VALUE)
    pass->held[pass->readout].last_step = UINT32_MAX;
  pass->held[0].slot = pass->held[0].inside ? LIMES_NO_VALUE : pass->n_slot++;
  for (uint32_t i = 0; i < pass->n_step; i++) {
    limes_step *step = &pass->step[i];
    if (step->out != LIMES_NO_VALUE) {
      limes_held *out = &pass->held[step->out];
      step->in_place = can_work_in_place(program, pass, i);
      out->slot = out->inside      ? LIMES_NO_VALUE
                  : step->in_place ? pass->held[step->in[0]].slot
                  : n_unused > 0   ? unused[--n_unused]
                                   : pass->n_slot++;
    }
    const limes_step *reads = last_of_chain(pass, i); /* a chain reads its input until it is through */
    for (uint32_t k = 0; reads != NULL && k < reads->n_in; k++) {
      const limes_held *in = &pass->held[reads->in[k]];
      if (!in->inside && in->last_step == reads - pass->step && times_read(reads, reads->in[k], k) == 0 &&
          !(k == 0 && reads->in_place))
        unused[n_unused++] = in->slot;
    }
  }
  free(unused);
  return LIMES_OK;
}

static limes_status build(limes_context *context, builder *b, limes_layout readout, limes_pass *pass) {
  const limes_program *program = b->program;
  for (size_t i = 0; i < program->n_value; i++)
    b->diagonal[i] = LIMES_NO_VALUE;
  limes_status status = demand(context, b, readout);
  if (status == LIMES_OK)
    status = hold(context, pass, 0, b->asked[0], &b->held[0]);
  for (size_t i = 0; i < program->n_op && status == LIMES_OK; i++)
    status = add_op(context, b, pass, i);
  if (status != LIMES_OK)
    return status;
  pass->readout = b->own ? LIMES_NO_VALUE : b->held[program->readout];
  if (b->chains != NULL)
    limes_find_chains(program, b->chains, pass);
  return place(context, program, pass);
}

static limes_status create(limes_context *context, builder b, limes_layout readout, limes_pass *pass) {
  const limes_program *program = b.program;
  *pass = (limes_pass){0};
  b.asked = limes_allocate(context, program->n_value, sizeof *b.asked);
  b.wanted = limes_allocate(context, program->n_op, sizeof *b.wanted);
  b.held = limes_allocate(context, program->n_value, sizeof *b.held);
  b.diagonal = limes_allocate(context, program->n_value, sizeof *b.diagonal);
  bool memory = b.asked != NULL && b.wanted != NULL && b.held != NULL && b.diagonal != NULL;
  limes_status status = memory ? build(context, &b, readout, pass) : LIMES_NO_MEMORY;
  for (size_t i = 0; b.wanted != NULL && i < program->n_op; i++)
    free(b.wanted[i]);
  free(b.asked);
  free(b.wanted);
  free(b.held);
  free(b.diagonal);
  if (status != LIMES_OK)
    limes_pass_clear(pass);
  return status;
}

limes_status limes_pass_create(limes_context *context, const limes_program *program, limes_layout readout, const bool *uneven,
                               const limes_chain_rules *chains, limes_pass *pass) {
  builder b = {.program = program, .uneven = uneven, .chains = chains, .own = readout == LIMES_ABSENT};
  return create(context, b, readout, pass);
}

limes_status limes_pass_create_every(limes_context *context, const limes_program *program, limes_pass *pass) {
  return create(context, (builder){.program = program, .own = true, .every = true}, LIMES_ABSENT, pass);
}

void limes_pass_clear(limes_pass *pass) {
  for (size_t i = 0; i < pass->n_step; i++)
    free(pass->step[i].in);
  free(pass->step);
  free(pass->held);
  *pass = (limes_pass){0};
}
