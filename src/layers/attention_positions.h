/* What queries and keys of a finite network see: features, positional embeddings, or both. */
#ifndef LIMES_LAYERS_ATTENTION_POSITIONS_H
#define LIMES_LAYERS_ATTENTION_POSITIONS_H

#include "layers/attention.h"
#include "layers/finite.h"

/* Channels of features, of embeddings, and of both as they are joined; embeddings begin at channel embeddings_at. What is joined
 * is scaled so that a mean over `joined` channels gives K~. */
typedef struct limes_encoding {
  size_t features, embeddings, joined, embeddings_at;
  double feature_scale, embedding_scale;
} limes_encoding;

limes_encoding limes_encoding_of(const limes_attention *p, const limes_widths *widths, size_t channels);

/* prepare of limes_finite: what belongs to the positions of all items */
limes_status limes_encoding_prepare(limes_context *context, const limes_op *op, const limes_widths *widths, size_t items,
                                    const limes_grid *const *grid, void **state);
/* The block of embeddings, from what prepare has made */
void limes_encoding_block(const limes_attention *p, const limes_encoding *encoding, const void *state, limes_weights *weights);

size_t limes_encoding_scratch(const limes_call *call, const limes_encoding *encoding);

/* joined[P, joined] from features[P, features] and embeddings, which are factor times block number `block` of theta; either NULL:
 * zero. Linear: tangents in, tangents out. */
void limes_encode(const limes_call *call, const limes_encoding *encoding, unsigned block, const double *features,
                  const double *theta, double *scratch, double *joined);
/* features += and theta += from the adjoint of joined; either NULL: not wanted. */
void limes_encode_adjoint(const limes_call *call, const limes_encoding *encoding, unsigned block, const double *joined,
                          double *scratch, double *features, double *theta);

#endif
