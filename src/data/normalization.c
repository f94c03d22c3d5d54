/* Normalization: x <- (x - mean) * scale. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"

typedef enum { NONE, UNIT, PER_CHANNEL, PER_FEATURE, PER_IMAGE, KINDS } kind;

static const char *const kind_names[KINDS] = {"none", "unit", "per-channel", "per-feature", "per-image"};

struct limes_normalization {
  kind kind;
  size_t n;      /* 1 for unit, C per channel, T * C per feature, 0 otherwise */
  double *mean;  /* [n] */
  double *scale; /* [n] */
};

/* Mean and 1 / deviation (of the population, as numpy.std) of numbers that come in twice; a constant keeps the scale 1. */
typedef struct {
  double sum, squares, least, most, mean;
  size_t count;
} moments;

static void add_value(moments *of, double x) {
  if (of->count++ == 0)
    of->least = of->most = x;
  of->sum += x;
  of->least = fmin(of->least, x);
  of->most = fmax(of->most, x);
}

static void set_mean(moments *of) { of->mean = of->least == of->most ? of->least : of->sum / (double)of->count; }
static void add_square(moments *of, double x) { of->squares += (x - of->mean) * (x - of->mean); }

static double scale_of(const moments *of) {
  double deviation = sqrt(of->squares / (double)of->count);
  return of->least == of->most || !(deviation > 0) || !isfinite(1 / deviation) ? 1 : 1 / deviation;
}

static limes_status find_kind(limes_context *context, const char *name, kind *found) {
  for (*found = 0; *found < KINDS; (*found)++)
    if (strcmp(name, kind_names[*found]) == 0)
      return LIMES_OK;
  return limes_fail(context, LIMES_WRONG_USE,
                    "there is no normalization '%s'; known are none, unit, per-channel, per-feature, per-image", name);
}

static limes_status create(limes_context *context, kind which, size_t n, limes_normalization **normalization) {
  limes_normalization *made = *normalization = limes_allocate(context, 1, sizeof *made);
  if (made == NULL)
    return LIMES_NO_MEMORY;
  *made = (limes_normalization){.kind = which, .n = n, .mean = limes_allocate(context, n, sizeof *made->mean)};
  made->scale = made->mean == NULL ? NULL : limes_allocate(context, n, sizeof *made->scale);
  if (made->scale != NULL)
    return LIMES_OK;
  limes_normalization_destroy(made);
  *normalization = NULL;
  return LIMES_NO_MEMORY;
}

void limes_normalization_destroy(limes_normalization *normalization) {
  if (normalization == NULL)
    return;
  free(normalization->mean);
  free(normalization->scale);
  free(normalization);
}

/* Whether every item of the batch has the same positions, none of them hidden. */
static bool equal_sizes(const limes_batch *batch) {
  for (size_t i = 0; i < batch->items; i++)
    if (memcmp(batch->grid[i].size, batch->grid[0].size, sizeof batch->grid[i].size) != 0 || batch->grid[i].hidden != NULL)
      return false;
  return true;
}

static limes_status check_sizes(limes_context *context, const limes_batch *batch) {
  return equal_sizes(batch)
             ? LIMES_OK
             : limes_fail(context, LIMES_BAD_INPUT,
                          "per-feature normalization needs items of equal size without hidden positions; use per-channel");
}

static bool is_hidden(const limes_batch *batch, size_t item, size_t position) {
  const uint8_t *hidden = batch->grid[item].hidden;
  return hidden != NULL && hidden[position];
}

/* Which of n statistics goes with feature c at position t: the only one, that of the feature, or that of both. */
static size_t statistic_of(size_t n, size_t C, size_t t, size_t c) { return n == 1 ? 0 : n == C ? c : t * C + c; }

/* Hands every visible value of the batch to `add`, with the statistic it belongs to. */
static void visit(const limes_batch *batch, size_t n, moments *of, void (*add)(moments *, double)) {
  size_t C = batch->features;
  for (size_t i = 0; i < batch->items; i++) {
    const double *x = limes_batch_item(batch, i);
    for (size_t t = 0; t < batch->grid[i].T; t++)
      for (size_t c = 0; !is_hidden(batch, i, t) && c < C; c++)
        add(&of[statistic_of(n, C, t, c)], x[t * C + c]);
  }
}

static limes_status fit_moments(limes_context *context, const limes_batch *batch, limes_normalization *normalization) {
  size_t n = normalization->n;
  moments *of = limes_allocate(context, n, sizeof *of);
  if (of == NULL)
    return LIMES_NO_MEMORY;
  visit(batch, n, of, add_value);
  for (size_t k = 0; k < n; k++)
    set_mean(&of[k]);
  visit(batch, n, of, add_square);
  for (size_t k = 0; k < n; k++) {
    normalization->mean[k] = of[k].mean;
    normalization->scale[k] = scale_of(&of[k]);
  }
  free(of);
  return LIMES_OK;
}

limes_status limes_normalization_fit(limes_context *context, const char *name, const limes_batch *batch,
                                     limes_normalization **normalization) {
  *normalization = NULL;
  kind which = NONE;
  limes_status status = find_kind(context, name == NULL ? batch->normalization : name, &which);
  if (status == LIMES_OK && which == PER_FEATURE)
    status = check_sizes(context, batch);
  if (status != LIMES_OK)
    return status;
  size_t sizes[KINDS] = {[UNIT] = 1, [PER_CHANNEL] = batch->features, [PER_FEATURE] = batch->grid[0].T * batch->features};
  status = create(context, which, sizes[which], normalization);
  if (status != LIMES_OK || which == NONE || which == PER_IMAGE)
    return status;
  if (which == UNIT) {
    (*normalization)->scale[0] = 1 / batch->maximum;
    return LIMES_OK;
  }
  status = fit_moments(context, batch, *normalization);
  if (status != LIMES_OK) {
    limes_normalization_destroy(*normalization);
    *normalization = NULL;
  }
  return status;
}

/* x[n] <- (x - mean) * scale where visible; mean and scale [statistics] */
static void apply_to_item(limes_batch *batch, size_t item, size_t statistics, const double *mean, const double *scale) {
  size_t C = batch->features;
  double *x = batch->x + batch->start[item] * C;
  for (size_t t = 0; t < batch->grid[item].T; t++)
    for (size_t c = 0; !is_hidden(batch, item, t) && c < C; c++) {
      size_t k = statistic_of(statistics, C, t, c);
      x[t * C + c] = (x[t * C + c] - mean[k]) * scale[k] + 0.0;
    }
}

static void apply_per_image(limes_batch *batch, size_t item) {
  size_t C = batch->features, T = batch->grid[item].T;
  const double *x = limes_batch_item(batch, item);
  moments of = {0};
  for (size_t k = 0; k < T * C; k++)
    if (!is_hidden(batch, item, k / C))
      add_value(&of, x[k]);
  set_mean(&of);
  for (size_t k = 0; k < T * C; k++)
    if (!is_hidden(batch, item, k / C))
      add_square(&of, x[k]);
  double scale = scale_of(&of);
  apply_to_item(batch, item, 1, &of.mean, &scale);
}

static limes_status check_fit(limes_context *context, const limes_normalization *normalization, const limes_batch *batch) {
  if (normalization->kind == PER_CHANNEL && normalization->n != batch->features)
    return limes_fail(context, LIMES_WRONG_USE, "the normalization is for %zu feature%s, the data have %zu", normalization->n,
                      normalization->n == 1 ? "" : "s", batch->features);
  if (normalization->kind != PER_FEATURE)
    return LIMES_OK;
  limes_status status = check_sizes(context, batch);
  size_t n = batch->grid[0].T * batch->features;
  if (status == LIMES_OK && normalization->n != n)
    status = limes_fail(context, LIMES_WRONG_USE, "the normalization is for %zu numbers an item, the data have %zu",
                        normalization->n, n);
  return status;
}

limes_status limes_normalization_apply(limes_context *context, const limes_normalization *normalization, limes_batch *batch) {
  limes_status status = check_fit(context, normalization, batch);
  if (status != LIMES_OK || normalization->kind == NONE)
    return status;
  for (size_t i = 0; i < batch->items; i++)
    if (normalization->kind == PER_IMAGE)
      apply_per_image(batch, i);
    else
      apply_to_item(batch, i, normalization->n, normalization->mean, normalization->scale);
  return LIMES_OK;
}

const char *limes_normalization_kind(const limes_normalization *normalization) { return kind_names[normalization->kind]; }

size_t limes_normalization_values(const limes_normalization *normalization, const double **mean, const double **scale) {
  if (mean != NULL)
    *mean = normalization->mean;
  if (scale != NULL)
    *scale = normalization->scale;
  return normalization->n;
}

limes_status limes_normalization_restore(limes_context *context, const char *name, size_t n, const double *mean,
                                         const double *scale, limes_normalization **normalization) {
  *normalization = NULL;
  kind which = NONE;
  limes_status status = find_kind(context, name, &which);
  if (status != LIMES_OK)
    return status;
  bool fits = which == UNIT ? n == 1 : which == NONE || which == PER_IMAGE ? n == 0 : n > 0;
  for (size_t k = 0; fits && k < n; k++)
    fits = isfinite(mean[k]) && isfinite(scale[k]);
  if (!fits)
    return limes_fail(context, LIMES_BAD_INPUT, "%zu kept statistics do not make a normalization %s; fit it again", n, name);
  status = create(context, which, n, normalization);
  if (status == LIMES_OK && n > 0) {
    memcpy((*normalization)->mean, mean, n * sizeof *mean);
    memcpy((*normalization)->scale, scale, n * sizeof *scale);
  }
  return status;
}
