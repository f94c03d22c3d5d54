/* The plan: everything that is decided before the first tile runs. */
#ifndef LIMES_KERNEL_PLAN_H
#define LIMES_KERNEL_PLAN_H

#include "data/batch.h"
#include "kernel/pass.h"
#include "model/side.h"

typedef struct limes_plan {
  limes_program program;
  limes_pass own, cross;
  limes_side a, b; /* b shares a's memory where symmetric */
  bool symmetric;  /* items of a against themselves */
  bool ntk;        /* whether Theta is computed */
  bool every;      /* self passes hold all positions behind every op */
  limes_layout readout;
  size_t block; /* items of a side of a tile */
  size_t panel; /* partners at a time */

  /* doubles one worker needs */
  size_t *own_slot, *cross_slot; /* [n_slot] of K; Theta as much again */
  size_t own_total, cross_total, trace_total, scratch, gram, chain;
  uint32_t most_inputs; /* of an op */

  double cross_flops, own_flops; /* of all pairs, and of all self passes with their traces */
  double input_flops;            /* of cross_flops: the input's covariances */
  double *step_flops;            /* [n_step] of the cross pass, over all pairs */
} limes_plan;

/* Axes and features of both batches must agree. readout: SCALAR for kernels, FULL for positions, ABSENT for self passes alone. */
limes_status limes_plan_create(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                               bool ntk, limes_layout readout, limes_plan *plan) LIMES_MUST_USE;
/* For self passes alone, which hold all positions behind every op. */
limes_status limes_plan_create_every(limes_context *context, const limes_model *model, const limes_batch *a, limes_plan *plan)
    LIMES_MUST_USE;
void limes_plan_clear(limes_plan *plan);

/* Refuses a plan that takes more memory than may be planned for, run as so many tasks. */
limes_status limes_plan_check_memory(limes_context *context, const limes_plan *plan, size_t tasks) LIMES_MUST_USE;

size_t limes_plan_blocks(const limes_plan *plan, const limes_side *side);
size_t limes_plan_tiles(const limes_plan *plan);

/* Doubles one worker takes; SIZE_MAX where they cannot be counted. */
size_t limes_plan_doubles(const limes_plan *plan);

/* Bytes the walk of so many workers takes, without the results. */
uint64_t limes_plan_bytes(const limes_plan *plan, unsigned workers);

/* How many items the block with this number has; *first is its first item. */
size_t limes_plan_block(const limes_plan *plan, const limes_side *side, size_t number, size_t *first);

#endif
