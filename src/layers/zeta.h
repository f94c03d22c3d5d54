/* What makes attention weights of the logits of one row (docs/mathematics.md, section 5). */
#ifndef LIMES_LAYERS_ZETA_H
#define LIMES_LAYERS_ZETA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  LIMES_ZETA_SOFTMAX,
  LIMES_ZETA_IDENTITY,
  LIMES_ZETA_RELU,
  LIMES_ZETA_ABS,
  LIMES_ZETA_ERF,
  LIMES_ZETA_SPARSEMAX,
  LIMES_ZETA_ENTMAX15,
  LIMES_ZETA_TOPK
};
extern const char *const limes_zeta_names[];

typedef struct limes_zeta {
  int kind;
  uint32_t k;   /* of topk */
  double prune; /* softmax weights below are dropped; 0: none */
} limes_zeta;

/* The weights of n >= 0 visible keys from their logits, in place; heap: [n] numbers of scratch. */
void limes_zeta_weights(const limes_zeta *zeta, size_t n, double *z, double *heap);

/* Whether a weight is a function of its own logit alone: identity, relu, abs, erf */
bool limes_zeta_is_elementwise(int kind);
/* The slopes of zeta at n logits that have these weights (those of limes_zeta_weights), in place of the logits. */
void limes_zeta_slopes(const limes_zeta *zeta, size_t n, const double *weights, double *logits);

/* change <- J change with the Jacobian J of n weights by their logits, given its slopes. J is symmetric: one function for the
 * tangent and the adjoint. Keys with slope 0 take no part. */
void limes_zeta_derive(const limes_zeta *zeta, size_t n, const double *slopes, double *change);

/* Whether the weights of a row sum to 1. */
bool limes_zeta_sums_to_one(const limes_zeta *zeta);

/* Whether weights may be exactly zero because other keys have taken them. */
bool limes_zeta_is_sparse(const limes_zeta *zeta);

#endif
