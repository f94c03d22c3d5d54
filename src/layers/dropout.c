/* dropout: every activation is kept with probability keep and divided by it, or set to zero; each by a coin of its own.
 *
 * Infinite width (docs/mathematics.md, section 2): covariances keep their expectation but for an activation with itself: K and
 * Theta of an item against itself at equal positions are divided by keep. With mode=test nothing is dropped.
 */
#include <string.h>

#include "layers/elementwise.h"
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
};
