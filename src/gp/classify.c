/* Classification by label regression (docs/mathematics.md, section 9). */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "gp/gp.h"

#define LEAST 1e-3 /* temperatures, relative to the size of the means */
#define MOST 1e3

void limes_one_hot(size_t n, size_t classes, const int64_t *labels, double *y) {
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < classes; c++)
      y[i * classes + c] = (labels[i] == (int64_t)c) - 1 / (double)classes;
}

static void softmax(size_t classes, const double *mean, double temperature, double *probability) {
  double largest = mean[0], sum = 0;
  for (size_t c = 1; c < classes; c++)
    largest = fmax(largest, mean[c]);
  for (size_t c = 0; c < classes; c++)
    sum += probability[c] = exp((mean[c] - largest) / temperature);
  for (size_t c = 0; c < classes; c++)
    probability[c] /= sum;
}

void limes_softmax_probabilities(size_t n, size_t classes, const double *mean, double temperature, double *probability) {
  for (size_t i = 0; i < n; i++)
    softmax(classes, mean + i * classes, temperature, probability + i * classes);
}

/* Root mean square of the means around their item's own average, which softmax does not see. */
static double spread(size_t n, size_t classes, const double *mean) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    double average = 0;
    for (size_t c = 0; c < classes; c++)
      average += mean[i * classes + c] / (double)classes;
    for (size_t c = 0; c < classes; c++)
      sum += (mean[i * classes + c] - average) * (mean[i * classes + c] - average);
  }
  return sqrt(sum / (double)n / (double)classes);
}

typedef struct {
  size_t n, classes;
  const double *mean; /* [n,classes] */
  const int64_t *labels;
  double doubt;        /* share of every label that is spread evenly over the classes; 0: labels are certain */
  double *probability; /* [classes] of scratch */
} predictions;

/* Derivative by 1 / temperature of the negative log likelihood, which is convex in it: sum_i (sum_c p_ic m_ic - m_i,label). */
static double slope(const predictions *p, double temperature) {
  double sum = 0, even = p->doubt / (double)p->classes;
  for (size_t i = 0; i < p->n; i++) {
    const double *m = p->mean + i * p->classes, own = m[p->labels[i]];
    softmax(p->classes, m, temperature, p->probability);
    for (size_t c = 0; c < p->classes; c++)
      sum += (p->probability[c] - even) * (m[c] - own);
  }
  return sum;
}

/* The temperature between low, where the slope is above zero, and high, where it is below, at which it is zero. */
static double stationary(const predictions *p, double low, double high) {
  for (double middle; (middle = sqrt(low) * sqrt(high)) > low && middle < high;)
    *(slope(p, middle) > 0 ? &low : &high) = middle;
  return high;
}

static double fit_temperature(limes_context *context, predictions *p) {
  double scale = spread(p->n, p->classes, p->mean), low = LEAST * scale, high = MOST * scale;
  if (!(scale > 0))
    return 1;
  if (slope(p, high) >= 0) {
    limes_log(context, LIMES_LOG_WARNING,
              "held-out predictions are no better than chance: the temperature stops at its upper bound, %.3g", high);
    return high;
  }
  if (slope(p, low) <= 0) {
    /* No error in n trials: the rule of succession expects the next label to be right with (n + 1) / (n + classes). */
    p->doubt = (double)p->classes / (double)(p->n + p->classes);
    limes_log(context, LIMES_LOG_NOTE,
              "held-out predictions separate the classes perfectly: the temperature is that of an accuracy of %.4g, the rule of "
              "succession",
              (double)(p->n + 1) / (double)(p->n + p->classes));
  }
  return slope(p, low) > 0 ? stationary(p, low, high) : low;
}

limes_status limes_fit_temperature(limes_context *context, size_t n, size_t classes, const double *mean, const int64_t *labels,
                                   double *temperature) {
  for (size_t i = 0; i < n; i++)
    if (labels[i] < 0 || (uint64_t)labels[i] >= classes)
      return limes_fail(context, LIMES_BAD_INPUT, "the label of item %zu is %lld: labels go from 0 to %zu", i,
                        (long long)labels[i], classes - 1);
  predictions p = {.n = n, .classes = classes, .mean = mean, .labels = labels};
  p.probability = limes_allocate(context, classes, sizeof *p.probability);
  if (p.probability == NULL)
    return LIMES_NO_MEMORY;
  *temperature = fit_temperature(context, &p);
  free(p.probability);
  return LIMES_OK;
}
