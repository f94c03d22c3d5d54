/* attention with scale=sqrt: logits / sqrt(d) of independent query and key weights (docs/mathematics.md, section 5). The
 * functions take an op's part in the layer where attention's scale asks for it. */
#ifndef LIMES_LAYERS_ATTENTION_SQRT_H
#define LIMES_LAYERS_ATTENTION_SQRT_H

#include "layers/hermite_sums.h"
#include "layers/positions.h"

/* A kink's dual is line * p + kink * (sqrt(1 - p^2) + p asin p) at unit variances, where logits have no means. */
typedef struct limes_attention_sqrt {
  limes_hermite_zeta zeta;
  double kink, line;           /* (alpha - beta)^2 / 2 pi, (alpha + beta)^2 / 4 */
  double sigma2, b2;           /* squares of v_std o_std, b_std */
  double features, embeddings; /* K~ = features K + embeddings R, Theta~ alike */
  bool positions;              /* whether there are embeddings */
  bool in_values, causal;
  limes_decay decay;
} limes_attention_sqrt;

/* kink and line from zeta */
void limes_attention_sqrt_slopes(limes_attention_sqrt *p);

limes_layout limes_attention_sqrt_asks(const limes_attention_sqrt *p, limes_layout out, bool own);
limes_trace_size limes_attention_sqrt_trace_size(const limes_attention_sqrt *p);
void limes_attention_sqrt_trace(const limes_attention_sqrt *p, const limes_panel *own, limes_trace *kept);
void limes_attention_sqrt_cross(const limes_attention_sqrt *p, const limes_panel *in, limes_panel *out, const limes_trace *x,
                                const limes_trace *y, limes_work *work);

/* matrix[0] <- the embeddings R of the item with itself, where there are any */
void limes_attention_sqrt_keep_positions(const limes_attention_sqrt *p, limes_trace *kept);

/* to [T x T'] <- K~ (or Theta~) from K (or Theta), zero at hidden positions; R of items of one size is that of trace x. */
void limes_attention_sqrt_embed(const limes_attention_sqrt *p, const limes_trace *x, const limes_trace *y, const double *from,
                                double *to);

/* out <- (1 - share) out + share (what cross would give), with traces that keep embeddings R in matrix[1]. */
void limes_attention_sqrt_mix(const limes_attention_sqrt *p, double share, const limes_panel *in, limes_panel *out,
                              const limes_trace *x, const limes_trace *y, limes_work *work);
size_t limes_attention_sqrt_mix_scratch(const limes_attention_sqrt *p, size_t in_elements, const limes_grid *largest);

size_t limes_attention_sqrt_scratch(const limes_attention_sqrt *p, size_t in_elements, const limes_grid *largest);
double limes_attention_sqrt_flops(const limes_attention_sqrt *p, const limes_grid *x, const limes_grid *y, limes_layout out,
                                  bool ntk);

#endif
