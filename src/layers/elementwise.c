/* Elementwise layers (docs/mathematics.md, section 3): K <- E[phi(u) phi(v)], Theta <- Theta E[phi'(u) phi'(v)]. */
#include "layers/elementwise.h"

#include <math.h>

#include "layers/run.h"

size_t limes_elements(limes_layout layout, const limes_grid *x, const limes_grid *y) {
  switch (layout) {
  case LIMES_ABSENT:
    return 0;
  case LIMES_SCALAR:
    return 1;
  case LIMES_DIAGONAL:
    return x->T;
  case LIMES_FULL:
    break;
  }
  return (size_t)x->T * y->T;
}

void limes_keep_shape(const limes_op *op, const limes_shape *in, limes_shape *out) {
  *out = in[0];
  out->made_by = op->ops->word;
  out->unit_variance = false;
}

limes_status limes_elementwise_infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  if (!in->gaussian)
    return limes_fail(context, LIMES_WRONG_USE,
                      "%s needs channels that are Gaussian, and those of %s are not: put dense between them", op->ops->word,
                      in->made_by);
  if (op->ops->elementwise->unit_variance && !in->unit_variance)
    return limes_fail(context, LIMES_WRONG_USE,
                      "%s needs channels of variance 1, and those of %s are not: put layer_norm between them", op->ops->word,
                      in->made_by);
  limes_keep_shape(op, in, out);
  out->gaussian = out->zero_mean = false;
  return LIMES_OK;
}

limes_layout limes_asks_the_same(const limes_op *op, limes_layout out, bool own) {
  (void)op;
  (void)own;
  return out;
}

limes_layout limes_asks_variances(const limes_op *op, limes_layout out, bool own) {
  (void)op;
  return own && out < LIMES_DIAGONAL ? LIMES_DIAGONAL : out;
}

limes_trace_size limes_elementwise_trace_size(const limes_op *op) {
  const limes_elementwise *dual = op->ops->elementwise;
  return (limes_trace_size){.positions = dual->inverse ? 2 : 1, .numbers = dual->kept == NULL ? 1 : dual->kept(op->param)};
}

limes_trace_size limes_one_number_a_position(const limes_op *op) {
  (void)op;
  return (limes_trace_size){.positions = 1};
}

void limes_keep_deviation(const void *param, size_t n, const double *variance, double *kept) {
  (void)param;
  for (size_t i = 0; i < n; i++)
    kept[i] = sqrt(variance[i] > 0 ? variance[i] : 0);
}

#define LEAST_DEVIATION 1.5e-154 /* its square is a number with all its digits */

static void invert(size_t n, const double *x, double *inverse) {
  for (size_t i = 0; i < n; i++)
    inverse[i] = x[i] >= LEAST_DEVIATION ? 1 / x[i] : 0;
}

void limes_elementwise_trace(const limes_op *op, const limes_panel *own, limes_trace *trace, limes_work *work) {
  double *variance = work->scratch;
  for (uint32_t a = 0; a < own->x->T; a++)
    variance[a] = own->cov[limes_own_element(own, a)];
  op->ops->elementwise->trace(op->param, own->x->T, variance, trace->position[0]);
  if (op->ops->elementwise->inverse)
    invert(own->x->T, trace->position[0], trace->position[1]);
}

size_t limes_elementwise_scratch(const limes_op *op, size_t in_elements, size_t out_elements, const limes_grid *largest) {
  (void)op;
  (void)in_elements;
  (void)out_elements;
  return 2 * (size_t)largest->T;
}

/* Where x meets itself rho is 1 at equal positions: there the exact value, which the angle would lose digits of.
 * before and after: [T] numbers of scratch. */
static void own_elements(const limes_op *op, const limes_panel *in, double *value, double *slope) {
  for (uint32_t a = 0; a < in->x->T; a++)
    op->ops->elementwise->own(op->param, in->cov[limes_own_element(in, a)], &value[a], &slope[a]);
  if (in->ntk != NULL)
    for (uint32_t a = 0; a < in->x->T; a++)
      slope[a] *= in->ntk[limes_own_element(in, a)];
}

static double flops_an_element(const limes_op *op) {
  const limes_elementwise *dual = op->ops->elementwise;
  return dual->flops_of == NULL ? dual->flops : dual->flops_of(op->param);
}

void limes_elementwise_cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x,
                             const limes_trace *y, limes_work *work) {
  double *value = work->scratch, *slope = work->scratch + in->x->T;
  if (in->same >= 0)
    own_elements(op, in, value, slope);
  limes_each_run(in, out, x, y, op->ops->elementwise->run, op->param);
  work->flops += flops_an_element(op) * (double)in->start[in->n];
  if (in->same < 0)
    return;
  for (uint32_t a = 0; a < in->x->T; a++) {
    out->cov[limes_own_element(out, a)] = value[a];
    if (out->ntk != NULL)
      out->ntk[limes_own_element(out, a)] = slope[a];
  }
}

double limes_elementwise_flops(const limes_op *op, const limes_grid *in_x, const limes_grid *in_y, const limes_grid *out_x,
                               const limes_grid *out_y, limes_layout in, limes_layout out, bool ntk) {
  (void)out_x;
  (void)out_y;
  (void)out;
  (void)ntk;
  return flops_an_element(op) * (double)limes_elements(in, in_x, in_y);
}
