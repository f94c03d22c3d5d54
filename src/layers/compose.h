/* What layers with several branches share. */
#ifndef LIMES_LAYERS_COMPOSE_H
#define LIMES_LAYERS_COMPOSE_H

#include "layers/layer.h"

/* Refuses branches that end with different position axes; Gaussian, and of mean zero, where all of them are. */
limes_status limes_branches_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out);

/* K <- factor sum_i weight[i] K_i, Theta likewise; weight NULL: ones. out may stand on in[0], never on another input. */
void limes_weighted_sum(const limes_op *op, const limes_panel *in, limes_panel *out, const double *weight, double factor,
                        limes_work *work);

double limes_branches_flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                            const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk);

#endif
