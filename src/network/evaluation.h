/* A network on some items of one batch: what every value holds, and its derivatives. All memory is taken when it is created. */
#ifndef LIMES_NETWORK_EVALUATION_H
#define LIMES_NETWORK_EVALUATION_H

#include "network/network.h"

/* What will be asked of an evaluation beside forward */
enum { LIMES_WITH_TANGENT = 1, LIMES_WITH_ADJOINT = 2, LIMES_SIZES_ALONE = 4 /* nothing: there is no memory for numbers */ };

typedef struct limes_evaluation {
  const limes_network *network;
  const limes_side *side;
  size_t items;
  limes_units *value; /* [n_value] */
  limes_call *call;   /* [n_op] */
  double **tangent;   /* [n_value] -> [rows, channels], NULL where not asked for */
  double **adjoint;   /* [n_value] likewise */

  const bool *left_out; /* [n_op] ops whose parameters' adjoints are not wanted; NULL: none */

  const double **in_tangent; /* [most inputs] */
  double **in_adjoint;
  limes_units *input; /* [inputs of all ops] */
  double *memory;
  void **owned; /* [2 n_value + 1] positions of the items at the values: grids and starts, and the items' keys */
} limes_evaluation;

/* Of items item[n] of a side (NULL: first ... first + n - 1). with: what will be asked of it. LIMES_REFUSED where it would take
 * more memory than may be planned for. Nothing has been computed. */
limes_status limes_evaluation_create(limes_context *context, const limes_network *network, size_t side, const size_t *item,
                                     size_t first, size_t n, unsigned with, limes_evaluation *evaluation) LIMES_MUST_USE;
void limes_evaluation_clear(limes_evaluation *evaluation);

/* Numbers that an evaluation of these items takes memory for; SIZE_MAX where they cannot be counted */
size_t limes_evaluation_numbers(const limes_evaluation *evaluation, unsigned with);

/* Every value from the batch's features and the network's parameters of now. */
void limes_evaluate(limes_evaluation *evaluation);

/* The tangent of every value behind it. input [rows, features] and theta [parameters]; NULL: zero. */
void limes_evaluate_tangent(limes_evaluation *evaluation, const double *input, const double *theta);

/* From adjoint[readout], which the caller has filled, those of all values behind which it stands; theta [parameters] +=, NULL:
 * not wanted. input: whether adjoint[0] is wanted. */
void limes_evaluate_adjoint(limes_evaluation *evaluation, double *theta, bool input);

/* How many items of a side to take at a time: as many as have about 32 MB of activations. */
size_t limes_evaluation_block(const limes_network *network, size_t side);

#endif
