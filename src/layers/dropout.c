/* dropout: every activation is kept with probability keep and divided by it, or set to zero; each by a coin of its own.
 *
 * Infinite width (docs/mathematics.md, section 2): covariances keep their expectation but for an activation with itself: K and
 * Theta of an item against itself at equal positions are divided by keep. With mode=test nothing is dropped.
 *
 * Finite width: the coins are the network's, by item, position and channel, and stay the same for its derivatives.
 */
#include <string.h>

#include "layers/elementwise.h"
#include "layers/finite.h"
#include "layers/run.h"

enum { TRAIN, TEST };
static const char *const mode_names[] = {"train", "test", NULL};

typedef struct {
  double keep;
  int mode;
} dropout;

static const limes_param params[] = {
    {LIMES_FIELD(dropout, keep), .kind = LIMES_PARAM_REAL, .fallback = 0.9, .least = 0, .most = 1, .open = true,
     .help = "probability that an activation is kept"},
    LIMES_PARAM_CHOICES(dropout, mode, TRAIN, mode_names, "whether activations are dropped, as in training, or not"),
    LIMES_PARAM_END,
};

static limes_status infer(limes_context *context, const limes_op *op, const limes_shape *in, limes_shape *out) {
  (void)context;
  limes_keep_shape(op, in, out);
  out->gaussian = in->gaussian && ((const dropout *)op->param)->mode == TEST;
  return LIMES_OK;
}

static void cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x, const limes_trace *y,
                  limes_work *work) {
  (void)x;
  (void)y;
  (void)work;
  const dropout *p = op->param;
  size_t n = in->start[in->n];
  if (out->cov != in->cov) {
    memcpy(out->cov, in->cov, n * sizeof *out->cov);
    if (out->ntk != NULL)
      memcpy(out->ntk, in->ntk, n * sizeof *out->ntk);
  }
  if (in->same < 0 || p->mode == TEST)
    return;
  for (uint32_t a = 0; a < in->x->T; a++) {
    size_t own = limes_own_element(out, a);
    out->cov[own] /= p->keep;
    if (out->ntk != NULL)
      out->ntk[own] /= p->keep;
  }
}

/* finite width */

static size_t elements(const limes_call *call) { return limes_multiply_capped(limes_rows(call->in), call->in->channels); }

static bool drops(const limes_call *call) { return ((const dropout *)call->op->param)->mode == TRAIN; }

/* What every activation is multiplied with: 0 or 1 / keep */
static size_t tape(const limes_call *call) { return drops(call) ? elements(call) : 0; }

static void finite_forward(const limes_call *call) {
  size_t n = elements(call);
  double *out = call->out->unit;
  if (!drops(call)) {
    memcpy(out, call->in->unit, n * sizeof *out);
    return;
  }
  limes_draw_masks(call, ((const dropout *)call->op->param)->keep, out);
  if (call->tape != NULL)
    memcpy(call->tape, out, n * sizeof *out);
  for (size_t k = 0; k < n; k++)
    out[k] *= call->in->unit[k];
}

static void finite_tangent(const limes_call *call, const double *const *in_tangent, const double *theta_tangent,
                           double *out_tangent) {
  (void)theta_tangent;
  for (size_t k = 0; k < elements(call); k++)
    out_tangent[k] = in_tangent[0] == NULL ? 0 : in_tangent[0][k] * (drops(call) ? call->tape[k] : 1);
}

static void finite_adjoint(const limes_call *call, const double *out_adjoint, double *const *in_adjoint, double *theta_adjoint) {
  (void)theta_adjoint;
  for (size_t k = 0; in_adjoint[0] != NULL && k < elements(call); k++)
    in_adjoint[0][k] += out_adjoint[k] * (drops(call) ? call->tape[k] : 1);
}

static const limes_finite face = {.tape = tape, .forward = finite_forward, .tangent = finite_tangent, .adjoint = finite_adjoint};

const limes_layer_ops limes_layer_dropout = {
    .word = "dropout",
    .summary = "activations dropped at random, the others scaled up",
    .section = "2",
    .param_size = sizeof(dropout),
    .params = params,
    .infer = infer,
    .asks = limes_asks_the_same,
    .cross = cross,
    .in_place = true,
    .finite = &face,
};
