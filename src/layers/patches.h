/* The finite face of the convolutions: y_o = w_std / sqrt(|F| C) sum_d x_{i(o,d)} W_d + b_std b, where W [|F| C, width] has the
 * taps one after another; zeros under taps that reach into padding. */
#ifndef LIMES_LAYERS_PATCHES_H
#define LIMES_LAYERS_PATCHES_H

#include "layers/finite.h"
#include "layers/taps.h"

enum { LIMES_CONV_WEIGHT, LIMES_CONV_BIAS };

/* The inputs under the taps of output o, side by side: patch [|F| C] from the rows of an item [T, C] */
void limes_take_patch(const limes_windows *windows, uint32_t o, size_t channels, const double *item, double *patch);
/* The other way round: item [T, C] += patch */
void limes_add_patch(const limes_windows *windows, uint32_t o, size_t channels, const double *patch, double *item);

/* One filter for all positions: patches of many positions are one matrix product. */
void limes_conv_weights(const limes_call *call, limes_weights *weights);
size_t limes_conv_patches(const limes_call *call);
void limes_conv_forward(const limes_call *call, limes_windows_function *windows);
void limes_conv_tangent(const limes_call *call, limes_windows_function *windows, const double *const *in_tangent,
                        const double *theta_tangent, double *out_tangent);
void limes_conv_adjoint(const limes_call *call, limes_windows_function *windows, const double *out_adjoint,
                        double *const *in_adjoint, double *theta_adjoint);

/* The NTK's part without derivatives: sum_op (d_o . d'_p) (w^2 sum_d x_{i(o,d)} . x'_{i(p,d)} + b^2), d the adjoints */
void limes_conv_gram(const limes_call *x, const limes_call *y, limes_windows_function *windows, const double *x_adjoint,
                     const double *y_adjoint, double *ntk, double *scratch);
size_t limes_conv_gram_scratch(const limes_call *x, const limes_call *y);
double limes_conv_gram_flops(const limes_call *x, const limes_call *y);

#endif
