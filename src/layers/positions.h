/* Covariance of positional embeddings (docs/mathematics.md, section 5): R_ab between position a of one item and b of another. */
#ifndef LIMES_LAYERS_POSITIONS_H
#define LIMES_LAYERS_POSITIONS_H

#include "layers/layer.h"

enum { LIMES_DECAY_NONE, LIMES_DECAY_CAUCHY, LIMES_DECAY_EXPONENTIAL, LIMES_DECAY_RELATIVE };
extern const char *const limes_decay_names[];

typedef struct limes_decay {
  int kind;
  double rate, power, norm; /* d = sum over axes of |a - b|^norm */
} limes_decay;

/* R between positions that are so many rows and columns apart; not of decay=relative */
double limes_position_covariance(const limes_decay *decay, double rows, double columns);

/* out[b * x->T + a] = scale * in[...] + add * R_ab(x, y); in may be out */
void limes_add_positions(const limes_decay *decay, const limes_grid *x, const limes_grid *y, double scale, double add,
                         const double *in, double *out);

/* The smallest eigenvalue of R over the positions of one grid (its first 2,048 at the most). */
limes_status limes_positions_smallest(limes_context *context, const limes_decay *decay, const limes_grid *grid,
                                      double *eigenvalue);

/* Whether R is positive semidefinite for every size. */
bool limes_positions_sure(const limes_decay *decay, uint32_t axes);

#endif
