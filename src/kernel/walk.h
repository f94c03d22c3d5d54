/* Walking a pass over one item, or over one item and a panel of partners, in the memory of one worker. */
#ifndef LIMES_KERNEL_WALK_H
#define LIMES_KERNEL_WALK_H

#include "base/parallel.h"
#include "kernel/plan.h"

/* The traces of neighbouring items, filled by their self passes. */
typedef struct limes_block {
  const limes_side *side;
  size_t first, count;
  bool filled;
  limes_trace **trace; /* [n_op] -> [count]; NULL where the op keeps none */
  double *memory;
} limes_block;

/* Called with the covariance of an item with itself behind an op of the program, or of the input: op SIZE_MAX. */
typedef void limes_look(void *user, size_t op, const limes_panel *own);

/* What one worker needs; nothing is allocated while tiles run. */
typedef struct limes_walker {
  limes_context *context;
  const limes_plan *plan;
  limes_work work;
  double **own_cov, **cross_cov, **cross_ntk; /* [n_slot] */
  limes_panel *panel;                         /* [n_held] of the pass that is being walked */
  limes_panel *input;                         /* [most_inputs] */
  size_t *start;                              /* [n_held][panel + 1] */
  limes_block x, y;
  double *chain; /* of chains (kernel/diagonals.h) */
  double *gram;  /* [block x block] input covariances of a tile of items without positions */
  double *memory;
  limes_trace *traces;
  limes_job *job; /* whose worker this is; NULL: nobody hears of progress */
  unsigned number;
  double *more;        /* [n_op] of each op, flops beyond those that were promised; NULL: nobody asks */
  double counted;      /* flops that were handed to progress */
  uint32_t part;       /* of a mixture that is walked, 0 where there is but one */
  double share;        /* of that part in the mean; 1 where there is but one */
  limes_look *look;    /* called behind every op of a self pass; NULL: nobody looks */
  void *user;          /* what it is called with */
  limes_status status; /* why limes_fill_block stopped */
} limes_walker;

limes_status limes_walker_create(limes_context *context, const limes_plan *plan, limes_walker *walker) LIMES_MUST_USE;
void limes_walker_clear(limes_walker *walker);

/* So many walkers over one plan, each with memory of its own: *walkers [count]. */
limes_status limes_walkers_create(limes_context *context, const limes_plan *plan, unsigned count, limes_walker **walkers)
    LIMES_MUST_USE;
void limes_walkers_destroy(limes_walker *walkers, unsigned count); /* NULL is allowed */

/* Hands the flops since the last call to the job. False: stop. */
bool limes_walker_advance(limes_walker *walker) LIMES_MUST_USE;

/* Runs the self passes of the items first ... first + count - 1; a block that holds them already is kept. False: stop, with
 * the walker's status, which is LIMES_INTERRUPTED or that of a layer that does not accept an item. They must lie within one block
 * of the plan, whose traces there is memory for. */
bool limes_fill_block(limes_walker *walker, limes_block *block, const limes_side *side, size_t first, size_t count)
    LIMES_MUST_USE;

/* Input covariances of all pairs of the two filled blocks, where items have no positions. */
void limes_fill_gram(limes_walker *walker, const limes_block *x, const limes_block *y);

/* The readout of item number `item` of block x against partners [from, from + n) of block y; same: which of the n is the item
 * itself, or -1. The panel is valid until the next call. */
const limes_panel *limes_cross_pass(limes_walker *walker, const limes_block *x, size_t item, const limes_block *y, size_t from,
                                    size_t n, ptrdiff_t same);

#endif
