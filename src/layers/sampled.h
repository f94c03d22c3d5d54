/* Attention whose weights at scale=sqrt have no closed form: softmax and its sparse relatives, of logits that are Gaussian and
 * differ from head to head (docs/mathematics.md, section 5). K and Theta are means over points of a randomized design
 * (math/normal_points.h); the walk runs through what is behind for each randomization. The functions take an op's part in the
 * layer where it has such weights. */
#ifndef LIMES_LAYERS_SAMPLED_H
#define LIMES_LAYERS_SAMPLED_H

#include "layers/attention.h"
#include "layers/attention_sqrt.h"

typedef struct limes_sampled {
  const limes_attention *p;
  limes_attention_sqrt part; /* deviations and embeddings */
  bool one_query;            /* attention_pool: a learned query for all items; else one for each position */
} limes_sampled;

/* Whether zeta's weights depend on all logits of a row. */
bool limes_sampled_zeta(const limes_attention *p);

/* Checks samples and seed. */
limes_status limes_sampled_check(limes_context *context, const limes_attention *p);

limes_trace_size limes_sampled_trace_size(const limes_sampled *s);
void limes_sampled_trace(const limes_sampled *s, const limes_panel *own, limes_trace *kept, limes_work *work);
void limes_sampled_cross(const limes_sampled *s, const limes_op *op, const limes_panel *in, limes_panel *out,
                         const limes_trace *x, const limes_trace *y, limes_work *work);
size_t limes_sampled_scratch(const limes_grid *largest);

/* Of one randomization */
double limes_sampled_flops(const limes_sampled *s, const limes_grid *x, const limes_grid *y, bool ntk);
double limes_sampled_trace_flops(const limes_grid *grid);

#endif
