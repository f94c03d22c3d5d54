/* The finite face of attention and attention_pool (attention_finite.c). */
#ifndef LIMES_LAYERS_ATTENTION_FINITE_H
#define LIMES_LAYERS_ATTENTION_FINITE_H

#include "layers/attention_heads.h"
#include "layers/finite.h"

/* The heads of an op of this width; pools: attention_pool */
limes_heads limes_attention_heads(const limes_attention *p, const limes_widths *widths);
limes_heads limes_attention_pool_heads(const limes_attention *p, const limes_widths *widths);

extern const limes_finite limes_attention_finite, limes_attention_pool_finite;

#endif
