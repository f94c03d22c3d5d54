/* Derivatives of attention weights by the logits of their row (docs/mathematics.md, section 10).
 *
 * Every zeta has one vector D of slopes, and one of two Jacobians, both of them symmetric. Elementwise ones have diag(D). Those
 * that make a row sum to 1 have diag(D) - D D^T / sum(D): for the softmax, whole or over some keys, D = S; for sparsemax D = 1
 * where S > 0; for entmax15 D = sqrt(S). At a logit of 0 the slope of relu is the mean of
 * both sides, as in the kernels.
 */
#include <math.h>

#include "layers/zeta.h"

#define TWO_OVER_ROOT_PI 1.12837916709551257

bool limes_zeta_sums_to_one(const limes_zeta *zeta) {
  return zeta->kind == LIMES_ZETA_SOFTMAX || zeta->kind == LIMES_ZETA_SPARSEMAX || zeta->kind == LIMES_ZETA_ENTMAX15 ||
         zeta->kind == LIMES_ZETA_TOPK;
}

static double slope_of(int kind, double logit, double weight) {
  switch (kind) {
  case LIMES_ZETA_IDENTITY:
    return 1;
  case LIMES_ZETA_RELU:
    return logit > 0 ? 1 : logit < 0 ? 0 : 0.5;
  case LIMES_ZETA_ABS:
    return logit > 0 ? 1 : logit < 0 ? -1 : 0;
  case LIMES_ZETA_ERF:
    return TWO_OVER_ROOT_PI * exp(-logit * logit);
  case LIMES_ZETA_SPARSEMAX:
    return weight > 0 ? 1 : 0;
  case LIMES_ZETA_ENTMAX15:
    return sqrt(weight);
  default:
    return weight;
  }
}

void limes_zeta_slopes(const limes_zeta *zeta, size_t n, const double *weights, double *logits) {
  for (size_t c = 0; c < n; c++)
    logits[c] = slope_of(zeta->kind, logits[c], weights[c]);
}

void limes_zeta_derive(const limes_zeta *zeta, size_t n, const double *slopes, double *change) {
  double sum = 0, mean = 0;
  if (limes_zeta_sums_to_one(zeta)) {
    for (size_t c = 0; c < n; c++) {
      sum += slopes[c];
      mean += slopes[c] * change[c];
    }
    mean = sum > 0 ? mean / sum : 0;
  }
  for (size_t c = 0; c < n; c++)
    change[c] = slopes[c] * (change[c] - mean);
}
