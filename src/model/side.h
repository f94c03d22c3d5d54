/* The positions of a batch's items at every value of a program. */
#ifndef LIMES_MODEL_SIDE_H
#define LIMES_MODEL_SIDE_H

#include "data/batch.h"
#include "model/program.h"

/* A batch: the positions of its items at every value of the program. */
typedef struct limes_side {
  const limes_batch *batch;
  const limes_grid **grid; /* [n_value] -> [N]; a layer that keeps positions shares its input's */
  limes_grid **owned;      /* [n_op] what has to be freed; NULL entries */
  size_t n_op;
  limes_grid *largest; /* [n_value] most positions along each axis, T of the item that has most */
  bool holes;          /* some item has hidden positions */
  uint64_t *identity;  /* [N] what tells an item's content from others; NULL where nothing is sampled */
} limes_side;

limes_status limes_side_create(limes_context *context, const limes_program *program, const limes_batch *batch, limes_side *side)
    LIMES_MUST_USE;
/* Fills identity: a fingerprint of each item's positions, features, segments and edges. */
limes_status limes_side_identify(limes_context *context, limes_side *side) LIMES_MUST_USE;
void limes_side_clear(limes_side *side);

/* Fails where the items of the sides differ in their positions at the value: op, which wants them equal, names the layer (NULL:
 * the readout does). */
limes_status limes_sides_equal(limes_context *context, const limes_program *program, const limes_side *const *sides, size_t n,
                               const limes_op *op, uint32_t value) LIMES_MUST_USE;

#endif
