/* The inside of attention with scale=sqrt: one item against one partner. */
#ifndef LIMES_LAYERS_ATTENTION_SQRT_PAIR_H
#define LIMES_LAYERS_ATTENTION_SQRT_PAIR_H

#include "layers/attention_sqrt.h"
#include "layers/kink_sums.h"

enum { OF_COV, OF_NTK, OF_EMBEDDED_NTK, PRODUCTS }; /* <V, K~>, <V_ntk, K~>, <V, Theta~> */

/* One item against one partner */
typedef struct limes_sqrt_pair {
  const limes_attention_sqrt *p;
  const limes_trace *trace_x, *trace_y;
  double *tilde, *tilde_ntk;         /* [n] K~, Theta~ */
  const double *values, *values_ntk; /* [n] V, V_ntk: K, Theta, or K~, Theta~ */
  double *product[PRODUCTS];         /* one number, or [n] where causal */
  double *least, *most, *nearest;    /* [T] sines of each row, see measure */
  double *line;                      /* [T] */
  size_t powers, near;               /* out, of sums by powers: see hermite_sums.h */
  limes_kink_pair sums;
} limes_sqrt_pair;

/* K and Theta of all queries, or of equal positions, from what the pair holds; ntk NULL: not wanted. They return the relative
 * error of the sums. */
double limes_sqrt_kinked(limes_sqrt_pair *z, bool diagonal, double *cov, double *ntk);
double limes_sqrt_with_means(limes_sqrt_pair *z, bool diagonal, double *cov, double *ntk);

/* |rho|, its sine and angle for all elements, from K~ */
void limes_sqrt_measure(limes_sqrt_pair *z);

#endif
