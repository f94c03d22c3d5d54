/* Positional embeddings of a finite network: position_std F G with standard normal G, whose covariance is position_std^2 R
 * because F F^T = R (docs/mathematics.md, section 10). F belongs to the positions alone: items that are added, and positions
 * behind an item's own, leave its embeddings as they were. */
#ifndef LIMES_LAYERS_POSITIONS_BASIS_H
#define LIMES_LAYERS_POSITIONS_BASIS_H

#include "layers/positions.h"

/* The smallest box that holds the positions of all items */
void limes_box_of(size_t items, const limes_grid *const *grid, uint32_t box[2]);

/* Covariance of two positions that are so far apart, 1 at no distance */
typedef double limes_position_function(const void *user, double rows, double columns);

/* factor[T, T], T positions of the box: the lower Cholesky factor of their covariance, in growing squares; row limes_box_number
 * of it belongs to a position. */
void limes_box_factorize(const uint32_t box[2], limes_position_function *covariance, const void *user, double *factor);
size_t limes_box_number(const uint32_t box[2], uint32_t row, uint32_t column);

/* Columns of F, the rows of G: the positions of the smallest box that holds every item's, or of decay=relative the functions of a
 * series. SIZE_MAX: more than can be. */
size_t limes_basis_size(const limes_decay *decay, uint32_t axes, const uint32_t box[2]);

/* Numbers that limes_basis_prepare writes to factor: the Cholesky factor of R over the box. decay=relative has none. */
size_t limes_basis_factor_size(const limes_decay *decay, const uint32_t box[2]);
void limes_basis_prepare(const limes_decay *decay, const uint32_t box[2], double *factor);

/* key[limes_basis_size]: what tells each position of the box from all others, its limes_position_key; not of decay=relative */
void limes_basis_keys(const uint32_t box[2], uint64_t *key);

/* rows[T, limes_basis_size]: F at the positions of a grid that lies in the box */
void limes_basis_rows(const limes_decay *decay, const uint32_t box[2], const double *factor, const limes_grid *grid,
                      double *rows);

#endif
