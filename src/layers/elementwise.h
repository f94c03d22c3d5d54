/* What all elementwise layers share: they differ in their limes_elementwise only. */
#ifndef LIMES_LAYERS_ELEMENTWISE_H
#define LIMES_LAYERS_ELEMENTWISE_H

#include "layers/finite.h"

limes_status limes_elementwise_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out);
limes_layout limes_asks_the_same(const limes_op *op, limes_layout out, bool own);
limes_layout limes_asks_variances(const limes_op *op, limes_layout out, bool own);
void limes_elementwise_cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x,
                             const limes_trace *y, limes_work *work);
limes_trace_size limes_elementwise_trace_size(const limes_op *op);
limes_trace_size limes_one_number_a_position(const limes_op *op);
void limes_elementwise_trace(const limes_op *op, const limes_panel *own, limes_trace *trace, limes_work *work);
size_t limes_elementwise_scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest);
double limes_elementwise_flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                               const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk);

/* A trace of limes_elementwise: the deviation of each position */
void limes_keep_deviation(const void *param, size_t n, const double *variance, double *kept);

/* out = in, positions and Gaussianity kept */
void limes_keep_shape(const limes_op *op, const limes_shape *in, limes_shape *out);

#define LIMES_ELEMENTWISE_FACE                                                                                                   \
  .infer = limes_elementwise_infer, .asks = limes_asks_variances, .cross = limes_elementwise_cross, .in_place = true,            \
  .trace_size = limes_elementwise_trace_size, .trace = limes_elementwise_trace, .scratch = limes_elementwise_scratch,            \
  .flops = limes_elementwise_flops, .finite = &limes_elementwise_finite

#endif
