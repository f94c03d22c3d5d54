/* attention_pool with a learned query and logits / sqrt(key width): what it does in front of the sums over positions. */
#ifndef LIMES_LAYERS_ATTENTION_POOL_SQRT_H
#define LIMES_LAYERS_ATTENTION_POOL_SQRT_H

#include "layers/attention.h"

/* Of the trace: deviations of the logits in position[2], embeddings in matrix[0] where there are some; position[0] is
 * destroyed. */
enum { LIMES_POOL_DEVIATIONS = 2 };
void limes_pool_sqrt_trace(const limes_attention *p, const limes_panel *own, limes_trace *kept);

/* Partner j of a panel: cov_cd <- K_cd T_cd and ntk_cd <- Theta_cd T_cd + K_cd T'_cd (2 K~_cd + Theta~_cd), [T T'] each; ntk
 * NULL: not wanted. T and T' are the dual of zeta at the logits' covariances. */
void limes_pool_sqrt_pair(const limes_attention *p, const limes_panel *in, size_t j, const limes_trace *x, const limes_trace *y,
                          double *cov, double *ntk);

/* Floating-point operations an element of it */
#define LIMES_POOL_SQRT_FLOPS 50

#endif
