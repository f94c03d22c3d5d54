/* The attention weights Z(x) of one item at scale=linear: zeta of its own covariance, row by row over the visible keys. */
#include "layers/attention.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"

const char *const limes_scale_names[] = {"linear", "sqrt", NULL};
const char *const limes_position_names[] = {"none", "sum", "concat", "only", NULL};

limes_status limes_attention_check(limes_context *context, const void *param) {
  const limes_attention *p = param;
  if ((p->position_width == 0) != (p->input_width == 0))
    return limes_fail(context, LIMES_WRONG_USE, "position_width and input_width go together: give both, or position_share");
  if (p->in_values && p->position != LIMES_POSITION_SUM && p->position != LIMES_POSITION_CONCAT)
    return limes_fail(context, LIMES_WRONG_USE,
                      "in_values=yes needs embeddings beside features: give position=sum or position=concat");
  if (p->prune > 0 && p->zeta != LIMES_ZETA_SOFTMAX)
    return limes_fail(context, LIMES_WRONG_USE, "prune drops weights of a softmax: leave prune out, or take zeta=softmax");
  return LIMES_OK;
}

limes_decay limes_attention_decay(const limes_attention *p) {
  double rate = !isnan(p->decay_rate) ? p->decay_rate : p->decay == LIMES_DECAY_RELATIVE ? 5 : 1;
  return (limes_decay){.kind = p->decay, .rate = rate, .power = p->decay_power, .norm = p->position_norm};
}

limes_zeta limes_attention_zeta(const limes_attention *p) { return (limes_zeta){.kind = p->zeta, .k = p->k, .prune = p->prune}; }

void limes_attention_mixture(const limes_attention *p, double *features, double *embeddings) {
  double share = p->input_width == 0 ? p->position_share : p->position_width / ((double)p->position_width + p->input_width);
  double square = p->position_std * p->position_std;
  *features = p->position == LIMES_POSITION_CONCAT ? 1 - share : p->position == LIMES_POSITION_ONLY ? 0 : 1;
  *embeddings = p->position == LIMES_POSITION_NONE ? 0 : p->position == LIMES_POSITION_CONCAT ? share * square : square;
}

limes_attention_sqrt limes_attention_random_part(const limes_attention *p, double r) {
  double sharp = p->q_std * p->k_std, sigma = p->v_std * p->o_std, rest = (1 - r) * (1 + r);
  limes_attention_sqrt part = {.sigma2 = sigma * sigma,
                               .b2 = p->b_std * p->b_std,
                               .positions = p->position != LIMES_POSITION_NONE,
                               .in_values = p->in_values,
                               .causal = p->causal,
                               .decay = limes_attention_decay(p)};
  part.zeta =
      (limes_hermite_zeta){.erf = p->zeta == LIMES_ZETA_ERF, .beta = 1, .tau = r / sqrt(rest), .sharp2 = rest * sharp * sharp};
  part.zeta.alpha = p->zeta == LIMES_ZETA_IDENTITY ? 1 : p->zeta == LIMES_ZETA_ABS ? -1 : 0;
  limes_attention_mixture(p, &part.features, &part.embeddings);
  limes_attention_sqrt_slopes(&part);
  return part;
}

limes_status limes_attention_examine(limes_context *context, const limes_op *op, const limes_grid *largest, const char *needs) {
  const limes_attention *p = op->param;
  limes_decay decay = limes_attention_decay(p);
  double smallest = 0;
  if (p->position == LIMES_POSITION_NONE || limes_positions_sure(&decay, largest->axes))
    return LIMES_OK;
  limes_status status = limes_positions_smallest(context, &decay, largest, &smallest);
  if (status != LIMES_OK || smallest > -1e-10)
    return status;
  if (needs != NULL)
    return limes_fail(context, LIMES_WRONG_USE,
                      "this decay is not a covariance (smallest eigenvalue %.3g over %u positions) and %s needs one: "
                      "take a smaller decay_power, or decay=relative",
                      smallest, largest->T, needs);
  limes_log(context, LIMES_LOG_WARNING, "%s: this decay is not a covariance (smallest eigenvalue %.3g over %u positions)",
            op->ops->word, smallest, largest->T);
  return LIMES_OK;
}

void limes_attention_logits(const limes_attention *p, const limes_panel *own, double *z) {
  const limes_grid *grid = own->x;
  size_t n = (size_t)grid->T * grid->T;
  double features, embeddings, sharp = p->q_std * p->k_std;
  limes_attention_mixture(p, &features, &embeddings);
  if (features != 0)
    memcpy(z, own->cov, n * sizeof *z);
  else
    memset(z, 0, n * sizeof *z);
  limes_decay decay = limes_attention_decay(p);
  if (p->position == LIMES_POSITION_NONE)
    for (size_t i = 0; i < n; i++)
      z[i] *= sharp;
  else
    limes_add_positions(&decay, grid, grid, sharp * features, sharp * embeddings, z, z);
}

bool limes_attention_sees(const limes_attention *p, const limes_grid *grid, uint32_t a, uint32_t c) {
  return (!p->causal || c <= a) && (grid->hidden == NULL || (!grid->hidden[a] && !grid->hidden[c]));
}

/* The keys that position a sees stand side by side in row while zeta works on them. */
static void weigh_row(const limes_attention *p, const limes_grid *grid, uint32_t a, double *z, double *row, double *heap) {
  limes_zeta zeta = limes_attention_zeta(p);
  size_t T = grid->T, n = 0;
  for (uint32_t c = 0; c < T; c++)
    if (limes_attention_sees(p, grid, a, c))
      row[n++] = z[a + c * T];
  limes_zeta_weights(&zeta, n, row, heap);
  double shift = p->center && n > 0 ? 1 / (double)n : 0;
  for (uint32_t c = 0, i = 0; c < T; c++)
    z[a + c * T] = limes_attention_sees(p, grid, a, c) ? row[i++] - shift + (a == c ? p->skip : 0) : 0;
}

void limes_attention_weights(const limes_attention *p, const limes_grid *grid, double *z, double *row) {
  for (uint32_t a = 0; a < grid->T; a++)
    weigh_row(p, grid, a, z, row, row + grid->T);
}

LIMES_CLONES
static void finish(size_t n, double sigma2, double b2, double *cov, double *ntk) {
  for (size_t i = 0; i < n; i++) {
    double k = sigma2 * cov[i];
    cov[i] = k + b2;
    if (ntk != NULL)
      ntk[i] = sigma2 * ntk[i] + b2 + 2 * k;
  }
}

void limes_attention_finish(const limes_attention *p, size_t n, double *cov, double *ntk) {
  double sigma = p->v_std * p->o_std;
  finish(n, sigma * sigma, p->b_std * p->b_std, cov, ntk);
}
