/* concat: the channels of its branches side by side.
 *
 * Infinite width (docs/mathematics.md, section 7): covariances are means over channels, so K <- sum_i share_i K_i with branch
 * i's share of the channels, Theta likewise. Channels of different branches have different variances: a mixture, not Gaussian.
 *
 * Finite width: branch i has the channels C_i that its last layer gives it and is scaled by sqrt(share_i sum_j C_j / C_i), so
 * that means over channels have the shares of the limit; the scale is 1 where the widths themselves are in that ratio.
 */
#include <math.h>
#include <string.h>

#include "layers/compose.h"
#include "layers/elementwise.h"
#include "layers/finite.h"

typedef struct {
  limes_list widths; /* none: equal ones */
} concat;

static const limes_param params[] = {
    LIMES_PARAM_NUMBERS(concat, widths, 1, 1 << 30, "channels of each branch, 48:16; when left out: equally many"),
    LIMES_PARAM_END,
};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  const concat *p = op->param;
  if (p->widths.n > 0 && p->widths.n != op->n_in)
    return limes_fail(context, LIMES_WRONG_USE, "concat has %u branches and %u widths: give a width for each branch, or none",
                      (unsigned)op->n_in, (unsigned)p->widths.n);
  limes_status status = limes_branches_infer(context, op, in, out);
  out->gaussian = out->gaussian && op->n_in == 1;
  return status;
}

static double sum_of_widths(const limes_op *op) {
  const limes_list *widths = &((const concat *)op->param)->widths;
  double sum = 0;
  for (uint32_t i = 0; i < op->n_in; i++)
    sum += widths->n > 0 ? widths->value[i] : 1;
  return sum;
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  const limes_list *widths = &((const concat *)op->param)->widths;
  limes_weighted_sum(op, in, out, widths->n > 0 ? widths->value : NULL, 1 / sum_of_widths(op), work);
}

/* finite width */

static limes_status channels(limes_context *context, const limes_op *op, const limes_widths *widths, const size_t *in,
                             const limes_grid *grid, size_t *out) {
  (void)context;
  (void)widths;
  (void)grid;
  *out = 0;
  for (uint32_t i = 0; i < op->n_in; i++)
    *out = limes_add_capped(*out, in[i]);
  return LIMES_OK;
}

static double scale_of(const limes_call *call, uint32_t i) {
  const limes_list *widths = &((const concat *)call->op->param)->widths;
  double share = (widths->n > 0 ? widths->value[i] : 1) / sum_of_widths(call->op);
  return sqrt(share * (double)call->out->channels / (double)call->in[i].channels);
}

/* to += scale_i from for the channels of branch i, which begin at channel `first` of the output's rows; back: from them */
static void add_branch(const limes_call *call, uint32_t i, size_t first, const double *from, double *to, bool back) {
  size_t n = call->in[i].channels, row = call->out->channels;
  double scale = scale_of(call, i);
  for (size_t a = 0; a < limes_rows(call->out); a++)
    limes_add_multiple(n, scale, from + (back ? a * row + first : a * n), to + (back ? a * n : a * row + first));
}

static void finite_forward(const limes_call *call) {
  size_t first = 0;
  memset(call->out->unit, 0, limes_rows(call->out) * call->out->channels * sizeof(double));
  for (uint32_t i = 0; i < call->op->n_in; first += call->in[i++].channels)
    add_branch(call, i, first, call->in[i].unit, call->out->unit, false);
}

static void finite_tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent,
                           double *out_tangent) {
  (void)theta_tangent;
  size_t first = 0;
  memset(out_tangent, 0, limes_rows(call->out) * call->out->channels * sizeof(double));
  for (uint32_t i = 0; i < call->op->n_in; first += call->in[i++].channels)
    if (in_tangent[i] != NULL)
      add_branch(call, i, first, in_tangent[i], out_tangent, false);
}

static void finite_adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  (void)theta_adjoint;
  size_t first = 0;
  for (uint32_t i = 0; i < call->op->n_in; first += call->in[i++].channels)
    if (in_adjoint[i] != NULL)
      add_branch(call, i, first, out_adjoint, in_adjoint[i], true);
}

static const limes_finite face = {
    .channels = channels, .forward = finite_forward, .tangent = finite_tangent, .adjoint = finite_adjoint};

const limes_layer_ops limes_layer_concat = {
    .word = "concat",
    .summary = "the channels of its branches side by side: concat(A | B | ...)",
    .section = "7",
    .param_size = sizeof(concat),
    .params = params,
    .infer = infer,
    .asks = limes_asks_the_same,
    .cross = cross,
    .kind = LIMES_WORD_SUM,
    .any_branches = true,
    .least_branches = 1,
    .most_branches = 1 << 10,
    .in_place = true,
    .flops = limes_branches_flops,
    .finite = &face,
};
