#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/left_out.h"
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

/* What is kept of one variance of each side, as the traces of two items with n positions */
typedef struct {
  limes_op op;
  limes_grid grid;
  size_t numbers;
  double *kept; /* [2][n][numbers] */
} sides;

static limes_trace trace_of(const sides *s, size_t n, int side, size_t i) {
  return (limes_trace){.grid = &s->grid, .numbers = s->numbers, .position = {s->kept + ((size_t)side * n + i) * s->numbers}};
}

/* Finite numbers, or a sentence: that of the layer, where it knows why. */
static limes_status check_finite(limes_context *context, const sides *s, size_t n, const double *phi_phi,
                                 const double *dphi_dphi) {
  for (size_t i = 0; i < n; i++) {
    if (isfinite(phi_phi[i]) && isfinite(dphi_dphi[i]))
      continue;
    char where[64];
    snprintf(where, sizeof where, "entry %zu", i);
    for (int side = 0; side < 2 && s->op.ops->accept != NULL; side++) {
      limes_trace trace = trace_of(s, n, side, i);
      limes_status status = s->op.ops->accept(context, &s->op, &trace, where);
      if (status != LIMES_OK)
        return status;
    }
    return limes_fail(context, LIMES_OUT_OF_DOMAIN, "%s, %s: the expectations are %g and %g: take smaller variances", where,
                      s->op.ops->word, phi_phi[i], dphi_dphi[i]);
  }
  return LIMES_OK;
}

/* What a quadrature leaves out at rho = 1, the most over all variances; that is a bound for other correlations. */
static limes_status log_left_out(limes_context *context, const sides *s, size_t n) {
  limes_left_out error = {0};
  if (s->op.ops->left_out == NULL)
    return LIMES_OK;
  for (size_t i = 0; i < 2 * n; i++) {
    limes_trace trace = trace_of(s, n, 0, i);
    s->op.ops->left_out(&s->op, &trace, &error.value, &error.slope);
  }
  return limes_log_one_left_out(context, &s->op, error, true);
}

static limes_status run_dual(limes_context *context, const sides *s, size_t n, const double *k12, double *phi_phi,
                             double *dphi_dphi) {
  for (size_t i = 0; i < n; i++)
    dphi_dphi[i] = 1;
  limes_run all = {.length = n,
                   .cov_in = k12,
                   .ntk_in = dphi_dphi,
                   .cov = phi_phi,
                   .ntk = dphi_dphi,
                   .x = s->kept,
                   .y = s->kept + n * s->numbers};
  s->op.ops->elementwise->run(s->op.param, &all);
  limes_status status = check_finite(context, s, n, phi_phi, dphi_dphi);
  return status == LIMES_OK ? log_left_out(context, s, n) : status;
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
  sides s = {.op = {.ops = node->ops, .param = node->param},
             .grid = {.T = 1},
             .numbers = dual->kept == NULL ? 1 : dual->kept(node->param)};
  s.kept = limes_allocate(context, n, 2 * s.numbers * sizeof *s.kept);
  if (s.kept == NULL)
    return LIMES_NO_MEMORY;
  dual->trace(node->param, n, k11, s.kept);
  dual->trace(node->param, n, k22, s.kept + n * s.numbers);
  status = run_dual(context, &s, n, k12, phi_phi, dphi_dphi);
  free(s.kept);
  return status;
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
