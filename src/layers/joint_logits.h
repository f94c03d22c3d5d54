/* Joint draws of the random logits of two items. Logits have Cov(G_ac(x), G_bd(x')) = s^2 K~_ab K~_cd, and those of a learned
 * query Cov(g_c(x), g_d(x')) = s^2 K~_cd. With K~(x,x) = L L^T, K~(x',x') = L' L'^T, C = L^-1 K~(x,x') L'^-T and the
 * eigenvectors Q and eigenvalues w of C^T C,
 *     G(x) = s L E L^T,      G(x') = s L' (C^T E C + Q (sqrt(1 - w w^T) o Q^T H Q) Q^T) L'^T
 * have that covariance, E and H matrices of independent standard normal numbers: T^2 + T'^2 of them. It is a continuous
 * function of K~, whatever the signs and the order of eigenvectors.
 *
 * Where the three blocks of K~ are estimates they need not be a covariance together, and small pivots of L would blow up by how
 * much they are not. There G = s R E R^T, R the symmetric root of K~ over the positions of both without its negative eigenvalues:
 * it is off by no more than the estimates are. */
#ifndef LIMES_LAYERS_JOINT_LOGITS_H
#define LIMES_LAYERS_JOINT_LOGITS_H

#include <stdbool.h>
#include <stddef.h>

/* Column-major throughout */
typedef struct limes_joint_logits {
  size_t T, T_y;
  bool same;             /* x' is x: its logits are those of x */
  bool estimated;        /* K~ is an estimate */
  const double *L, *L_y; /* [T x T], [T_y x T_y] lower triangles, zeros above */
  double *common;        /* [T x T_y] C L'^T */
  double *apart;         /* [T_y x T_y] L' Q */
  double *vectors;       /* [T_y x T_y] Q, or all that is left of them for [T + T_y x T + T_y] */
  double *root;          /* [T + T_y x T + T_y] R; only where estimated */
  double *w;             /* [T + T_y] */
  double *spare[3];      /* [LIMES_JOINT_SPARE(T)] each, T the larger */
} limes_joint_logits;

#define LIMES_JOINT_SPARE(T) (2 * (T) * (T) + 6 * (T))

/* factor <- the Cholesky factor of the positive semidefinite matrix [T x T], zeros above its diagonal. Columns whose pivot is
 * rounding become zero. factor may be matrix. */
void limes_semidefinite_factor(size_t T, const double *matrix, double *factor);

/* Prepares draws from K~(x,x') [T x T_y]; nothing is done where same. */
void limes_join_logits(limes_joint_logits *joint, const double *tilde);

/* How many normal numbers a draw takes. */
size_t limes_joint_normals(const limes_joint_logits *joint, bool one_query);

/* A draw from so many normal numbers z: G(x) [T x T] and G(x') [T_y x T_y], or of one query [T] and [T_y]. */
void limes_draw_logits(const limes_joint_logits *joint, double s, bool one_query, const double *z, double *x, double *y);

#endif
