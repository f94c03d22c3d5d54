/* The input's covariance (docs/mathematics.md, section 1): K_ab = <x_a, x'_b> / C, Theta = 0. */
#ifndef LIMES_KERNEL_INPUT_H
#define LIMES_KERNEL_INPUT_H

#include "data/batch.h"
#include "layers/layer.h"

/* Fills panel->cov (and ntk with zeros) with item i of a against the panel's partners, items first ... of b. */
void limes_input_panel(const limes_batch *a, size_t i, const limes_batch *b, size_t first, limes_panel *panel);

/* gram[y + x * n_y] for items without positions */
void limes_input_gram(const limes_batch *a, size_t first_a, size_t n_a, const limes_batch *b, size_t first_b, size_t n_b,
                      double *gram);

#endif
