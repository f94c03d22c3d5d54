/* concat: the channels of its branches side by side.
 *
 * Infinite width (docs/mathematics.md, section 7): covariances are means over channels, so K <- sum_i share_i K_i with branch
 * i's share of the channels, Theta likewise. Channels of different branches have different variances: a mixture, not Gaussian.
 */
#include <math.h>

#include "layers/compose.h"
#include "layers/elementwise.h"

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

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  const limes_list *widths = &((const concat *)op->param)->widths;
  double sum = 0;
  for (uint32_t i = 0; i < op->n_in; i++)
    sum += widths->n > 0 ? widths->value[i] : 1;
  limes_weighted_sum(op, in, out, widths->n > 0 ? widths->value : NULL, 1 / sum, work);
}

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
};
