/* LayerNorm without gain or bias, over the features of a position, or over all positions too.
 *
 * Infinite width (docs/mathematics.md, section 4): every covariance is divided by the geometric mean of two variances,
 *     K_ab <- K_ab / sqrt((K_aa(x,x) + eps)(K_bb(x',x') + eps)),      Theta_ab likewise;
 * axes=all takes the mean of K_aa over the visible positions for all of them.
 *
 * Finite width: y = r (x - mean) with r = 1 / sqrt(variance + eps), mean and variance over the channels of a position, or over
 * those of all visible positions. Then dy = r (dx - mean(dx) - y mean(y dx)), a symmetric map: its own adjoint.
 */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "layers/elementwise.h"
#include "layers/finite.h"
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

/* finite width */

/* Rows that are normalized together, of which hidden ones hold zeros. */
typedef struct {
  size_t rows, channels, first; /* first of their numbers in the units */
  const uint8_t *hidden;        /* [rows] or NULL */
  double n;                     /* visible numbers */
} group;

static bool is_hidden(const group *g, size_t row) { return g->hidden != NULL && g->hidden[row]; }

/* The group that begins at position a of the item */
static group group_of(const limes_call *call, size_t item, uint32_t a) {
  const limes_grid *grid = &call->in->grid[item];
  group made = {.rows = ((const layer_norm *)call->op->param)->axes == ALL ? grid->T : 1, .channels = call->in->channels};
  made.first = (call->in->start[item] + a) * made.channels;
  made.hidden = grid->hidden == NULL ? NULL : grid->hidden + a;
  for (size_t row = 0; row < made.rows; row++)
    made.n += is_hidden(&made, row) ? 0 : (double)made.channels;
  return made;
}

/* The mean of x y; y NULL: of x */
static double mean_of(const group *g, const double *x, const double *y) {
  double sum = 0;
  for (size_t k = 0; k < g->rows * g->channels; k++)
    sum += x[k] * (y == NULL ? 1 : y[k]);
  return g->n > 0 ? sum / g->n : 0;
}

/* Returns r. */
static double normalize(const group *g, double eps, const double *x, double *y) {
  double mean = mean_of(g, x, NULL);
  for (size_t row = 0; row < g->rows; row++)
    for (size_t k = row * g->channels; k < (row + 1) * g->channels; k++)
      y[k] = is_hidden(g, row) ? 0 : x[k] - mean;
  double r = 1 / sqrt(mean_of(g, y, y) + eps);
  for (size_t k = 0; k < g->rows * g->channels; k++)
    y[k] *= r;
  return r;
}

/* to += r (change - mean(change) - y mean(y change)) */
static void differentiate(const group *g, double r, const double *y, const double *change, double *to) {
  double mean = mean_of(g, change, NULL), along = mean_of(g, change, y);
  for (size_t row = 0; row < g->rows; row++)
    for (size_t k = row * g->channels; k < (row + 1) * g->channels && !is_hidden(g, row); k++)
      to[k] += r * (change[k] - mean - y[k] * along);
}

/* y [P, channels], and r of the group that begins at each row [P] */
static size_t tape(const limes_call *call) {
  return limes_multiply_capped(limes_rows(call->in), limes_add_capped(call->in->channels, 1));
}

static void finite_forward(const limes_call *call) {
  const layer_norm *p = call->op->param;
  size_t n = limes_rows(call->in) * call->in->channels;
  for (size_t i = 0; i < call->in->items; i++)
    for (uint32_t a = 0; a < call->in->grid[i].T;) {
      group g = group_of(call, i, a);
      double r = normalize(&g, p->eps, call->in->unit + g.first, call->out->unit + g.first);
      if (call->tape != NULL)
        call->tape[n + call->in->start[i] + a] = r;
      a += (uint32_t)g.rows;
    }
  if (call->tape != NULL)
    memcpy(call->tape, call->out->unit, n * sizeof *call->tape);
}

static void differentiate_all(const limes_call *call, const double *change, double *to) {
  size_t n = limes_rows(call->in) * call->in->channels;
  for (size_t i = 0; i < call->in->items; i++)
    for (uint32_t a = 0; a < call->in->grid[i].T;) {
      group g = group_of(call, i, a);
      differentiate(&g, call->tape[n + call->in->start[i] + a], call->tape + g.first, change + g.first, to + g.first);
      a += (uint32_t)g.rows;
    }
}

static void finite_tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent,
                           double *out_tangent) {
  (void)theta_tangent;
  memset(out_tangent, 0, limes_rows(call->out) * call->out->channels * sizeof *out_tangent);
  if (in_tangent[0] != NULL)
    differentiate_all(call, in_tangent[0], out_tangent);
}

static void finite_adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  (void)theta_adjoint;
  if (in_adjoint[0] != NULL)
    differentiate_all(call, out_adjoint, in_adjoint[0]);
}

static const limes_finite face = {.tape = tape, .forward = finite_forward, .tangent = finite_tangent, .adjoint = finite_adjoint};

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
    .finite = &face,
};
