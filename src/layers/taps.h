/* Sums over the taps of a filter, those of both sides moving together: what convolutions share (docs/mathematics.md, section 2).
 * The sum over a two-dimensional filter is taken along one axis, then along the other. */
#ifndef LIMES_LAYERS_TAPS_H
#define LIMES_LAYERS_TAPS_H

#include "layers/window.h"

typedef struct limes_conv {
  limes_size filter, stride;
  int padding;
  uint32_t width;
  double w_std, b_std;
} limes_conv;

/* The parameters of conv and local_conv */
extern const limes_param limes_conv_params[];

/* Which inputs stand under which tap */
typedef limes_windows limes_windows_function(const limes_conv *conv, const limes_grid *in);
limes_windows_function limes_conv_windows;

/* |F| */
double limes_taps(const limes_conv *conv, uint32_t axes);

/* K <- w_std^2 / |F| sum_d K_{i(a,d), i(b,d)} + b_std^2 and the NTK's AFFINE, for the whole panel. `in` is FULL where `out` is,
 * and DIAGONAL where `out` is unless the items differ in size before the layer. */
void limes_convolve(const limes_conv *conv, limes_windows_function *windows, const limes_panel *in, limes_panel *out,
                    limes_work *work);

/* The sum of K over the taps under output o_x of item x and o_y of item y; in [T_x x T_y], or its diagonal */
double limes_tap_sum(const limes_windows *x, uint32_t o_x, const limes_windows *y, uint32_t o_y, limes_layout layout, size_t T,
                     const double *in);

limes_status limes_conv_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out);
size_t limes_conv_scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest);
double limes_conv_flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                        const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk);

#endif
