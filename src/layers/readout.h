/* What layers that end the positions share. */
#ifndef LIMES_LAYERS_READOUT_H
#define LIMES_LAYERS_READOUT_H

#include "layers/layer.h"

/* No positions behind the layer. flattened: channels of different positions stand side by side, and these are a mixture, not
 * Gaussian. */
limes_status limes_readout_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out);
limes_status limes_flattened_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out);
limes_status limes_readout_grid(limes_context *context, const limes_op *op, const limes_grid *in, limes_grid *out);
limes_layout limes_asks_matrix(const limes_op *op, limes_layout out, bool own);

/* No word of the language: the number a pair that stands for a value with positions where the kernel behind each layer is asked
 * for. The mean over equal positions where all items have the same ones (DIAGONAL), over all pairs of them elsewhere (FULL). */
extern const limes_layer_ops limes_layer_shown;

#endif
