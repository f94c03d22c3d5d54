/* What one draw of the weights S [Q x T], S' [Q' x T'] of two items makes of the covariances of their values
 * (docs/mathematics.md, section 5): sums of S V S'^T,      S V_ntk S'^T      and      B(A) = sum over c, d, e, f of (dS_ac /
 * dG_ae) (dS'_bd / dG'_bf) V_cd A_ef, whose rows have dS_ac / dG_ae = m_a U_ac ([c = e] - U_ae), rows of U summing to 1: U = S
 * and m = 1 for softmax. */
#ifndef LIMES_LAYERS_SAMPLED_SUMS_H
#define LIMES_LAYERS_SAMPLED_SUMS_H

#include "layers/zeta.h"

#define LIMES_SLOPE_SUMS 2 /* B of so many A */
#define LIMES_SUM_SPARES 9

/* The weights of one item, column-major [Q x T] */
typedef struct limes_drawn_weights {
  size_t Q, T;
  double *S, *U; /* U may be S */
  double *m;     /* [Q] */
} limes_drawn_weights;

typedef struct limes_sampled_sums {
  const double *V, *V_ntk;                 /* [T x T'] covariances of the values; V_ntk NULL: K alone */
  const double *A[LIMES_SLOPE_SUMS];       /* [T x T'], NULL: not wanted */
  double *VA[LIMES_SLOPE_SUMS];            /* [T x T'] V o A */
  double *cov, *ntk, *B[LIMES_SLOPE_SUMS]; /* [Q x Q'] the sums */
  double *spare[LIMES_SUM_SPARES];         /* as large as any of these */
} limes_sampled_sums;

/* U and m of S */
void limes_weight_slopes(const limes_zeta *zeta, limes_drawn_weights *weights);

/* Adds one draw to the sums. */
void limes_add_draw(limes_sampled_sums *sums, const limes_drawn_weights *x, const limes_drawn_weights *y);

double limes_draw_flops(double Q, double T, double Q_y, double T_y, bool ntk);

#endif
