/* Items on a line through input space, whose functions are curves. */
#include <math.h>
#include <stdlib.h>

#include "sample.h"

#define FEWEST 8          /* items of a line */
#define LONGEST_STEP 0.25 /* between neighbours, of the largest distance to the first item */

static limes_array like(const limes_batch *batch, size_t items, const double *x) {
  limes_array array = {.data = x, .axes = limes_batch_axes(batch), .items = items, .features = limes_batch_features(batch)};
  limes_batch_positions(batch, 0, array.size);
  return array;
}

/* Whether the items have the same positions, none of them hidden */
static bool same_positions(const limes_batch *batch) {
  size_t first[2] = {0}, size[2] = {0};
  limes_batch_positions(batch, 0, first);
  for (size_t i = 0; i < limes_batch_items(batch); i++) {
    limes_batch_positions(batch, i, size);
    if (limes_batch_hidden(batch, i) != NULL || size[0] != first[0] || size[1] != first[1])
      return false;
  }
  return true;
}

static size_t numbers_an_item(const limes_batch *batch) {
  return limes_batch_positions(batch, 0, NULL) * limes_batch_features(batch);
}

static limes_status replace_items(cli_session *session, cli_inputs *inputs, size_t count, const double *x) {
  limes_batch *circle = NULL;
  limes_array array = like(inputs->first, count, x);
  limes_status status = limes_batch_create(session->context, &array, NULL, NULL, &circle);
  if (status != LIMES_OK)
    return status;
  limes_batch_destroy(inputs->first);
  inputs->first = circle;
  return LIMES_OK;
}

limes_status limes_cli_circle(cli_session *session, cli_inputs *inputs, size_t count) {
  const limes_batch *batch = inputs->first;
  if (limes_batch_items(batch) < 2 || limes_batch_segments(batch, 0, NULL) != NULL || !same_positions(batch))
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "--circle goes through the first two items of %s, and these must be two of one size, without masks and "
                          "segments",
                          inputs->first_name);
  size_t n = numbers_an_item(batch), all = 0;
  double *x = __builtin_mul_overflow(n, count, &all) ? NULL : calloc(all, sizeof *x);
  if (x == NULL)
    return limes_cli_no_memory(session);
  const double *a = limes_batch_item(batch, 0), *b = limes_batch_item(batch, 1);
  for (size_t k = 0; k < count; k++) {
    double t = 2 * M_PI * (double)k / (double)count;
    for (size_t c = 0; c < n; c++)
      x[k * n + c] = cos(t) * a[c] + sin(t) * b[c];
  }
  limes_status status = replace_items(session, inputs, count, x);
  free(x);
  return status;
}

static double distance(const limes_batch *batch, size_t i, size_t j) {
  const double *x = limes_batch_item(batch, i), *y = limes_batch_item(batch, j);
  double sum = 0;
  for (size_t c = 0; c < numbers_an_item(batch); c++)
    sum += (x[c] - y[c]) * (x[c] - y[c]);
  return sqrt(sum);
}

/* place[i]: the way along the items up to item i. Whether no step is long. */
static bool walk(const limes_batch *batch, double *place) {
  double longest = 0, farthest = 0;
  for (size_t i = 1; i < limes_batch_items(batch); i++) {
    double step = distance(batch, i - 1, i);
    place[i] = place[i - 1] + step;
    longest = fmax(longest, step);
    farthest = fmax(farthest, distance(batch, 0, i));
  }
  return longest < LONGEST_STEP * farthest;
}

limes_status limes_cli_find_line(cli_session *session, const limes_batch *batch, bool circle, cli_sample *sample) {
  size_t n = limes_batch_items(batch);
  bool number = limes_batch_axes(batch) == 0 && limes_batch_features(batch) == 1;
  if (!number && !circle && (n < FEWEST || !same_positions(batch)))
    return LIMES_OK;
  sample->place = calloc(n, sizeof *sample->place);
  if (sample->place == NULL)
    return limes_cli_no_memory(session);
  sample->axis = number ? "x" : circle ? "angle on the circle through the first two items" : "way along the items";
  for (size_t i = 0; i < n && (number || circle); i++)
    sample->place[i] = number ? limes_batch_item(batch, i)[0] : 2 * M_PI * (double)i / (double)n;
  if (!number && !circle && !walk(batch, sample->place)) {
    free(sample->place);
    sample->place = NULL;
  }
  return LIMES_OK;
}
