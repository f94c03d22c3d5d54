/* Nonlinearities of the user's own, by quadrature (quadrature.h).
 *
 * Nothing is known of such a function, so more is measured than of tanh: where an item meets itself the rule has twice the nodes,
 * and what both it and the polynomials leave out is found against a rule with four times as many. A kink shows in either.
 */
#include "layers/defined.h"

#include <math.h>
#include <string.h>

#include "layers/quadrature.h"

/* The rule for polynomials of `order` has nodes at a distance of 1 / sqrt(order). */
#define TWICE_THE_NODES 4.0
#define FOUR_TIMES_THE_NODES 16.0

#define FARTHEST 14 /* deviations from 0 that the rule reaches */
#define SEARCH_STEPS 4096

typedef struct {
  limes_context_part part; /* first: the context frees it */
  limes_layer_ops ops;
  limes_nonlinearity_callback *value, *slope;
  void *user;
  char name[]; /* ended by a zero byte */
} defined_word;

typedef struct {
  limes_quadrature quadrature;
  const defined_word *word;
} defined;

static const limes_param params[] = {
    {LIMES_FIELD(limes_quadrature, order), .kind = LIMES_PARAM_COUNT, .fallback = 64, .least = 1, .most = LIMES_MOST_TERMS,
     .help = "Hermite polynomials kept; limes explain says what is left out"},
    LIMES_PARAM_END,
};

static void prepare(const limes_layer_ops *ops, void *param) {
  ((defined *)param)->word = (const defined_word *)(const void *)((const char *)ops - offsetof(defined_word, ops));
}

static double call(const void *param, double u, double *slope) {
  const defined_word *word = ((const defined *)param)->word;
  *slope = word->slope(word->user, u);
  return word->value(word->user, u);
}

static void trace(const void *param, size_t n, const double *variance, double *kept) {
  limes_quadrature_trace(call, param, n, variance, kept);
}

static double nodes(const void *param, double factor) { return factor * ((const limes_quadrature *)param)->order; }

static void own(const void *param, double variance, double *value, double *slope) {
  limes_quadrature_own(call, param, nodes(param, TWICE_THE_NODES), variance, value, slope);
}

static void left_out(const limes_op *op, const limes_trace *trace, double *value, double *slope) {
  for (size_t a = 0; a < trace->grid->T; a++) {
    const double *kept = trace->position[0] + a * trace->numbers;
    double variance = limes_quadrature_variance(kept), all[2], fewer[2];
    limes_quadrature_own(call, op->param, nodes(op->param, FOUR_TIMES_THE_NODES), variance, &all[0], &all[1]);
    own(op->param, variance, &fewer[0], &fewer[1]);
    limes_quadrature_compare(op->param, kept, all, value, slope);
    *value = fmax(*value, all[0] > 0 ? fabs(1 - fewer[0] / all[0]) : 0);
    *slope = fmax(*slope, all[1] > 0 ? fabs(1 - fewer[1] / all[1]) : 0);
  }
}

/* An argument near which the function is no finite number, and what it is there; nothing known of it: NAN */
static double culprit(const defined_word *word, double deviation, const char **what, double *result) {
  for (int i = 0; i <= 2 * SEARCH_STEPS; i++) {
    double u = deviation * FARTHEST * (i % 2 == 0 ? 0.5 : -0.5) * (i + i % 2) / SEARCH_STEPS; /* from 0 outwards, both signs */
    *what = "value";
    *result = word->value(word->user, u);
    if (isfinite(*result)) {
      *what = "slope";
      *result = word->slope(word->user, u);
    }
    if (!isfinite(*result))
      return u;
  }
  return NAN;
}

static limes_status refuse(limes_context *context, const defined_word *word, const char *where, uint32_t position,
                           double variance) {
  const char *what;
  double result, u = culprit(word, sqrt(variance), &what, &result);
  if (isnan(u))
    return limes_fail(
        context, LIMES_OUT_OF_DOMAIN,
        "%s, %s: at position %u, where the variance is %g, its expectations are not finite: it grows too fast, or is "
        "not finite somewhere; normalize the data, take smaller weights before it, or mend the function",
        where, word->name, (unsigned)position, variance);
  return limes_fail(context, LIMES_OUT_OF_DOMAIN,
                    "%s, %s: its %s at u = %g is %g; position %u has variance %g, and the function must be finite within %d "
                    "deviations of 0",
                    where, word->name, what, u, result, (unsigned)position, variance, FARTHEST);
}

static limes_status accept(limes_context *context, const limes_op *op, const limes_trace *trace, const char *where) {
  for (uint32_t a = 0; a < trace->grid->T; a++) {
    const double *kept = trace->position[0] + a * trace->numbers;
    for (size_t i = LIMES_MEAN; i < trace->numbers; i++)
      if (!isfinite(kept[i]))
        return refuse(context, ((const defined *)op->param)->word, where, a, limes_quadrature_variance(kept));
  }
  return LIMES_OK;
}

static void apply(const void *param, size_t n, const double *u, double *value, double *slope) {
  double unwanted;
  for (size_t i = 0; i < n; i++)
    value[i] = call(param, u[i], slope == NULL ? &unwanted : &slope[i]);
}

static const limes_elementwise dual = {
    .kept = limes_quadrature_kept, .trace = trace, .run = limes_quadrature_run, .own = own, .apply = apply, .flops = 260};

static const limes_layer_ops face = {
    .summary = "a nonlinearity of the user's own, by quadrature",
    .section = "3",
    .param_size = sizeof(defined),
    .params = params,
    .prepare = prepare,
    .elementwise = &dual,
    .left_out = left_out,
    .accept = accept,
    LIMES_ELEMENTWISE_FACE,
};

limes_status limes_defined_add(limes_context *context, const char *name, limes_nonlinearity_callback *value,
                               limes_nonlinearity_callback *slope, void *user) {
  size_t size = strlen(name) + 1;
  defined_word *word = limes_allocate(context, 1, sizeof *word + size);
  if (word == NULL)
    return LIMES_NO_MEMORY;
  memcpy(word->name, name, size);
  word->ops = face;
  word->ops.word = word->name;
  word->value = value;
  word->slope = slope;
  word->user = user;
  limes_context_part **end = &context->words;
  while (*end != NULL)
    end = &(*end)->next;
  *end = &word->part;
  return LIMES_OK;
}

const limes_layer_ops *limes_defined(const limes_context *context, size_t i) {
  const limes_context_part *part = context->words;
  for (; part != NULL && i > 0; i--)
    part = part->next;
  return part == NULL ? NULL : &((const defined_word *)(const void *)part)->ops;
}
