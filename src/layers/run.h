/* How ops reach the elements of a panel: by runs, stretches of elements that lie side by side in whatever layout. */
#ifndef LIMES_LAYERS_RUN_H
#define LIMES_LAYERS_RUN_H

#include "layers/layer.h"

typedef void limes_run_function(const void *param, const limes_run *run);

/* Calls function for every run of the panel: the row of pairs (SCALAR), one diagonal a partner (DIAGONAL), one column a
 * position of a partner (FULL). x and y give position[0] of their traces, and position[1] as its inverse. `in` and `out` have one
 * layout and may share memory. */
void limes_each_run(const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                    limes_run_function *function, const void *param);

/* Where K_aa of the partner that is x itself stands (panel->same >= 0). */
size_t limes_own_element(const limes_panel *panel, uint32_t a);

/* K <- w K + b, Theta <- w Theta + K: every affine layer ends with this (docs/mathematics.md, AFFINE). May work in place. */
void limes_affine(const limes_panel *in, limes_panel *out, double w, double b);

/* values[0] + ... + values[n - 1] */
double limes_sum_of(size_t n, const double *values);

#endif
