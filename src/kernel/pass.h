/* A pass: the program as steps over buffers, for one kind of walk. The self pass walks an item against itself and fills
 * its traces; the cross pass walks an item against partners to the readout. They ask for different parts of the same
 * covariances, so each has layouts and buffers of its own (docs/architecture.md). */
#ifndef LIMES_KERNEL_PASS_H
#define LIMES_KERNEL_PASS_H

#include "model/program.h"

#define LIMES_NO_VALUE UINT32_MAX

typedef struct limes_chain_rules limes_chain_rules;

/* A covariance held during the pass. */
typedef struct limes_held {
  uint32_t value;      /* of the program: its positions */
  limes_layout layout; /* what is held of it; ABSENT: nothing */
  uint32_t slot;       /* which buffer */
  uint32_t last_step;  /* that reads it */
  bool inside;         /* of a chain: it is never there as a whole */
} limes_held;

typedef struct limes_step {
  size_t op;          /* of the program */
  bool narrow;        /* no op: takes the diagonal out of the matrix in[0] */
  bool keeps;         /* self pass: fills the op's trace */
  bool in_place;      /* out stands on in[0] */
  uint32_t chain;     /* so many steps from here on are walked together, diagonal after diagonal (kernel/chain.h); 0: none */
  uint32_t *in;       /* [n_in] held */
  uint32_t n_in, out; /* out: LIMES_NO_VALUE where only the trace is wanted */
} limes_step;

typedef struct limes_pass {
  limes_held *held; /* held[0] is the input */
  size_t n_held, held_capacity;
  limes_step *step;
  size_t n_step, step_capacity;
  uint32_t n_slot;
  uint32_t readout; /* held; LIMES_NO_VALUE in a self pass */
} limes_pass;

/* readout: the layout wanted behind the last layer; ABSENT makes a self pass. uneven [n_value]: where items differ in their
 * positions, so that pairs have no diagonal and the matrix stands in for it; NULL: nowhere. chains NULL: none. */
limes_status limes_pass_create(limes_context *context, const limes_program *program, limes_layout readout, const bool *uneven,
                               const limes_chain_rules *chains, limes_pass *pass) LIMES_MUST_USE;

/* A self pass that holds all positions behind every op, also where nobody asks for them. */
limes_status limes_pass_create_every(limes_context *context, const limes_program *program, limes_pass *pass) LIMES_MUST_USE;

void limes_pass_clear(limes_pass *pass);

/* Whether the op keeps a trace of an item. */
bool limes_op_keeps(const limes_op *op);

#endif
