/* One item's side of the sums of hermite_sums.h, and the sums' terms in closed form. */
#ifndef LIMES_LAYERS_HERMITE_SIDE_H
#define LIMES_LAYERS_HERMITE_SIDE_H

#include "layers/hermite_sums.h"

/* All [T x T]: query a, key c at a + c T. y = m / s for kinks; for erf, that is of P(u <= .) behind the noise of its argument,
 * y = tau beta rho with beta^2 = 2 s^2 / (1 + 2 s^2). */
typedef struct limes_hermite_side {
  size_t T;
  bool causal;
  double *mean;            /* y */
  double *below, *density; /* Phi(y), phi(y) */
  double *factor;          /* of y and h_n, of one power of p: beta; 1 for kinks */
  double *deviation;       /* s */
  double *now, *before;    /* D_n, D_(n-1); 0 where the query does not see the key */
} limes_hermite_side;

#define LIMES_HERMITE_MATRICES 7 /* of a side */
#define LIMES_HERMITE_ROWS 8     /* of T numbers, for limes_hermite_row */

/* now: D_0 */
limes_hermite_side limes_hermite_begin(const limes_hermite_zeta *zeta, size_t T, const double *deviation, const double *own,
                                       bool causal, double *memory);

/* now: D_n -> D_(n+1) */
void limes_hermite_next(const limes_hermite_zeta *zeta, limes_hermite_side *side, size_t n);

/* F and F' for queries (a, b), from <= a < end, and keys (c, d); rho, sine: of (a, b) [T], and of (c, d). Row a stands at
 * value[a], slope[a]. memory: [LIMES_HERMITE_ROWS T] */
typedef struct limes_hermite_row {
  const limes_hermite_side *x, *y;
  size_t b, c, d, from, end;
  const double *rho, *sine;
  double rho_key, sine_key;
  double *value, *slope;
} limes_hermite_row;

void limes_hermite_evaluate(const limes_hermite_zeta *zeta, const limes_hermite_row *row, double *memory);

#endif
