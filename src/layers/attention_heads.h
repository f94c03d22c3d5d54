/* The heads of attention and attention_pool in a finite network: logits, weights and weighted values of one item. */
#ifndef LIMES_LAYERS_ATTENTION_HEADS_H
#define LIMES_LAYERS_ATTENTION_HEADS_H

#include "layers/attention.h"

/* Logits are a sum of inner products: of queries and keys with the same weights, and with independent ones. */
enum { LIMES_TIED, LIMES_INDEPENDENT_QK, LIMES_LOGIT_PARTS };

typedef struct limes_heads {
  const limes_attention *p;
  bool pools;                      /* a query for each segment, which sees the keys of its segment */
  double scale[LIMES_LOGIT_PARTS]; /* of the inner products; 0: there is no such part */
  size_t heads, key_width, value_width;
} limes_heads;

/* Arrays of one item, its heads side by side: query[T_q, heads key_width], key[T, heads key_width], value[T, heads value_width],
 * mixed[T_q, heads value_width]; their tangents or adjoints. Tied queries and keys may be one array. */
typedef struct limes_head_units {
  double *query[LIMES_LOGIT_PARTS], *key[LIMES_LOGIT_PARTS], *value, *mixed;
} limes_head_units;

/* One item: weights and slopes [heads, T_q, T]; matrix[T_q, T] and row[2 T] are scratch */
typedef struct limes_head_item {
  const limes_heads *heads;
  const limes_grid *grid;
  size_t queries;
  double *weights, *slopes, *matrix, *row;
} limes_head_item;

/* Whether query s (of a position, or of a segment) sees key c */
bool limes_heads_see(const limes_heads *heads, const limes_grid *grid, uint32_t s, uint32_t c);

/* queries, keys, values -> weights, slopes, mixed */
void limes_heads_forward(const limes_head_item *item, const limes_head_units *unit);
/* tangent->mixed from the other tangents */
void limes_heads_tangent(const limes_head_item *item, const limes_head_units *unit, const limes_head_units *tangent);
/* adjoints of queries, keys and values += from adjoint->mixed */
void limes_heads_adjoint(const limes_head_item *item, const limes_head_units *unit, const limes_head_units *adjoint);

#endif
