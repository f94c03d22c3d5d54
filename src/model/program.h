/* A model as a flat program over values: the tree of its text with repeat unfolded and branches named. */
#ifndef LIMES_MODEL_PROGRAM_H
#define LIMES_MODEL_PROGRAM_H

#include "model/model.h"

#define LIMES_MOST_OPS 100000

/* Value 0 is the input; op i writes a value that no other op writes and that only later ops read. */
typedef struct limes_program {
  const limes_model *model; /* whose parameters the ops point to */
  limes_op *op;             /* [n_op] */
  size_t n_op, op_capacity;
  limes_shape *value; /* [n_value] */
  size_t n_value, value_capacity;
  uint32_t coins;   /* tossed once for the batch */
  uint32_t readout; /* the value behind the last layer */
} limes_program;

/* The program of a model on items with so many position axes, whose positions belong to segments or not. Fails with line, column
 * and caret where a layer's input is not what it needs. The model must outlive it. */
limes_status limes_program_create(limes_context *context, const limes_model *model, uint32_t axes, bool segments,
                                  limes_program *program) LIMES_MUST_USE;
void limes_program_clear(limes_program *program);

#endif
