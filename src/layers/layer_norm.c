/* LayerNorm without gain or bias, over the features of a position, or over all positions too.
 *
 * Infinite width (docs/mathematics.md, section 4): every covariance is divided by the geometric mean of two variances,
 *     K_ab <- K_ab / sqrt((K_aa(x,x) + eps)(K_bb(x',x') + eps)),      Theta_ab likewise;
 * axes=all takes the mean of K_aa over the visible positions for all of them.
 */
#include <math.h>

#include "base/clones.h"
#include "layers/elementwise.h"
#include "layers/run.h"

#define UNIT_EPS 1e-6 /* up to here variances count as 1 */

enum { FEATURES, ALL };
static const char *const axes_names[] = {"features", "all", NULL};

typedef struct {
  double eps;
  int axes;
} layer_norm;

static const limes_param params[] = {
    LIMES_PARAM_POSITIVE(layer_norm, eps, 1e-12, "added to the variance before the square root"),
    LIMES_PARAM_CHOICES(layer_norm, axes, FEATURES, axes_names,
                        "normalized over the features of each position, or over all positions too"),
    LIMES_PARAM_END,
};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  if (!in->zero_mean)
    return limes_fail(context, LIMES_WRONG_USE,
                      "layer_norm needs channels of mean zero, and those of %s are not: put dense between them", in->made_by);
  const layer_norm *p = op->param;
  limes_keep_shape(op, in, out);
  out->unit_variance = p->axes == FEATURES && p->eps <= UNIT_EPS;
  return LIMES_OK;
}

/* trace[T]: inverse deviations */
static void trace(const limes_op *op, const limes_panel *own, limes_trace *kept, limes_work *work) {
  (void)work;
  const layer_norm *p = op->param;
  const limes_grid *grid = own->x;
  double sum = 0;
  for (uint32_t a = 0; a < grid->T; a++) {
    double variance = own->cov[limes_own_element(own, a)];
    kept->position[0][a] = 1 / sqrt(variance + p->eps);
    sum += variance; /* hidden positions hold zero */
  }
  if (p->axes == ALL)
    for (uint32_t a = 0; a < grid->T; a++)
      kept->position[0][a] = 1 / sqrt(sum / grid->visible + p->eps);
}

LIMES_CLONES
static void scale_run(const void *param, const limes_run *run) {
  (void)param;
  size_t step = run->y_is_one ? 0 : 1;
  const double *cov_in = run->cov_in, *ntk_in = run->ntk_in, *x = run->x, *y = run->y;
  double *cov = run->cov, *ntk = run->ntk;
  LIMES_INDEPENDENT
  for (size_t i = 0; i < run->length; i++) {
    double scale = x[i] * y[i * step];
    cov[i] = cov_in[i] * scale;
    if (ntk != NULL)
      ntk[i] = ntk_in[i] * scale;
  }
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  limes_each_run(in, out, x, y, scale_run, op->param);
  work->flops += (out->ntk == NULL ? 2 : 3) * (double)in->start[in->n];
}

const limes_layer_ops limes_layer_layer_norm = {
    .word = "layer_norm",
    .summary = "features divided by their deviation, after their mean is taken off; no gain or bias",
    .section = "4",
    .param_size = sizeof(layer_norm),
    .params = params,
    .infer = infer,
    .asks = limes_asks_variances,
    .cross = cross,
    .in_place = true,
    .trace_size = limes_one_number_a_position,
    .trace = trace,
    .run = scale_run,
    .flops_each = {2, 3},
};
