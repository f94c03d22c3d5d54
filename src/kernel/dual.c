#include <math.h>
#include <string.h>

#include "kernel/tiles.h"
#include "layers/elementwise.h"
#include "limes/kernel.h"

#define ROUNDING 1e-9       /* by which a covariance may exceed what its variances allow */
#define UNIT_TOLERANCE 1e-6 /* of what layer_norm leaves */

/* The elementwise op of a model that is one word. */
static limes_status single_word(limes_context *context, const limes_model *model, const limes_node **node) {
  if (model->chain.n != 1 ||
      (model->chain.node[0].ops->elementwise == NULL && model->chain.node[0].ops->kind != LIMES_WORD_IDENTITY))
    return limes_fail(context, LIMES_WRONG_USE, "a dual activation wants one elementwise word, as relu or erf(b=0.5)");
  *node = &model->chain.node[0];
  return LIMES_OK;
}

static limes_status check_variances(limes_context *context, size_t n, const double *k12, const double *k11, const double *k22) {
  for (size_t i = 0; i < n; i++) {
    if (!(k11[i] >= 0 && k22[i] >= 0) || !(k11[i] - k11[i] == 0) || !(k22[i] - k22[i] == 0))
      return limes_fail(context, LIMES_BAD_INPUT, "entry %zu: variances k11 = %g, k22 = %g; both must be finite and not negative",
                        i, k11[i], k22[i]);
    if (!(fabs(k12[i]) <= sqrt(k11[i]) * sqrt(k22[i]) * (1 + ROUNDING)))
      return limes_fail(
          context, LIMES_BAD_INPUT,
          "entry %zu: k12 = %g is no covariance of variances k11 = %g and k22 = %g: it is beyond their geometric mean", i, k12[i],
          k11[i], k22[i]);
  }
  return LIMES_OK;
}

static limes_status check_unit(limes_context *context, const limes_node *node, size_t n, const double *k11, const double *k22) {
  for (size_t i = 0; i < n; i++)
    if (!(fabs(k11[i] - 1) <= UNIT_TOLERANCE && fabs(k22[i] - 1) <= UNIT_TOLERANCE))
      return limes_fail(context, LIMES_OUT_OF_DOMAIN, "entry %zu: %s needs variances of 1, and k11 = %g, k22 = %g", i,
                        node->ops->word, k11[i], k22[i]);
  return LIMES_OK;
}

static limes_status run_word(limes_context *context, const limes_model *model, size_t n, const double *k12, const double *k11,
                             const double *k22, double *phi_phi, double *dphi_dphi) {
  const limes_node *node = NULL;
  limes_status status = single_word(context, model, &node);
  if (status == LIMES_OK)
    status = check_variances(context, n, k12, k11, k22);
  if (status != LIMES_OK || node == NULL)
    return status;
  if (node->ops->kind != LIMES_WORD_IDENTITY && node->ops->elementwise->unit_variance)
    status = check_unit(context, node, n, k11, k22);
  if (status != LIMES_OK)
    return status;
  if (node->ops->kind == LIMES_WORD_IDENTITY) {
    memcpy(phi_phi, k12, n * sizeof *phi_phi);
    for (size_t i = 0; i < n; i++)
      dphi_dphi[i] = 1;
    return LIMES_OK;
  }
  const limes_elementwise *dual = node->ops->elementwise;
  size_t numbers = dual->kept == NULL ? 1 : dual->kept(node->param);
  double *kept = limes_allocate(context, n, 2 * (numbers + 1) * sizeof *kept), *y = kept == NULL ? NULL : kept + n * numbers;
  if (kept == NULL)
    return LIMES_NO_MEMORY;
  double *x_inverse = y + n * numbers, *y_inverse = x_inverse + n;
  dual->trace(node->param, n, k11, kept);
  dual->trace(node->param, n, k22, y);
  if (dual->inverse) {
    limes_invert(n, kept, x_inverse);
    limes_invert(n, y, y_inverse);
  }
  for (size_t i = 0; i < n; i++)
    dphi_dphi[i] = 1;
  limes_run all = {.length = n,
                   .cov_in = k12,
                   .ntk_in = dphi_dphi,
                   .cov = phi_phi,
                   .ntk = dphi_dphi,
                   .x = kept,
                   .y = y,
                   .x_inverse = x_inverse,
                   .y_inverse = y_inverse};
  dual->run(node->param, &all);
  limes_free(kept);
  return LIMES_OK;
}

limes_status limes_dual(limes_context *context, const char *word, size_t n, const double *k12, const double *k11,
                        const double *k22, double *phi_phi, double *dphi_dphi) {
  limes_model *model = NULL;
  limes_status status = limes_model_parse(context, word, &model);
  if (status == LIMES_OK)
    status = run_word(context, model, n, k12, k11, k22, phi_phi, dphi_dphi);
  limes_model_destroy(model);
  return status;
}
