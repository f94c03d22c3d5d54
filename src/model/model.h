/* The inside of a model: a tree of layers as it was written. program.h makes the flat program of it. */
#ifndef LIMES_MODEL_MODEL_H
#define LIMES_MODEL_MODEL_H

#include "layers/layer.h"
#include "limes/model.h"

#define LIMES_MAX_DEPTH 64        /* brackets within brackets */
#define LIMES_MAX_TEXT (1u << 20) /* bytes of a model's text */

typedef struct limes_chain limes_chain;

/* One layer with its parameters; one with branches (sum, residual, repeat) holds their chains. */
typedef struct limes_node {
  const limes_layer_ops *ops;
  void *param;         /* ops->param_size bytes, owned */
  uint32_t given;      /* bit k: parameter k of the table was written */
  limes_chain *branch; /* [n_branch], owned */
  size_t n_branch, branch_capacity;
  uint32_t line, column; /* of its word in the text, from 1; 0: built by calls */
} limes_node;

struct limes_chain {
  limes_node *node; /* [n], owned */
  size_t n, capacity;
};

struct limes_model {
  limes_chain chain;
  char *text;                             /* what it was parsed from, owned; NULL: built by calls */
  char *name;                             /* of the file the text came from, owned; NULL: none */
  size_t n_open;                          /* layers with branches that are still open */
  limes_chain *path[LIMES_MAX_DEPTH + 1]; /* the chain being filled at each depth, up to n_open */
};

/* Whether the model can be used: it has a layer, none is open, and the last one has all its parameters. The steps of the
 * builder have checked everything else. To be asked before a model of unknown origin is compiled or printed. */
limes_status limes_model_complete(limes_context *context, const limes_model *model) LIMES_MUST_USE;

/* The list of a layer each of whose numbers makes a readout of its own; NULL: it has none. */
limes_list *limes_node_readouts(const limes_node *node);

/* Refuses a model with two different lists of readouts. */
limes_status limes_model_check_readouts(limes_context *context, const limes_model *model) LIMES_MUST_USE;

/* Leaves one readout of a model that has several: every list becomes its number `readout`. */
void limes_model_choose_readout(limes_model *model, size_t readout);

/* limes_model_parse for a text out of a file: errors carry the file's name. NULL name: none. */
limes_status limes_model_parse_named(limes_context *context, const char *text, const char *name, limes_model **model)
    LIMES_MUST_USE;

#endif
