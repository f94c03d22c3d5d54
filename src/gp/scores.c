#include <float.h>
#include <math.h>
#include <string.h>

#include "gp/gp.h"

#define CENTRAL_50 0.67448975019608174 /* quantiles of the standard normal at 0.75, 0.90 and 0.975 */
#define CENTRAL_80 1.2815515655446004
#define CENTRAL_95 1.9599639845400545

static size_t most_probable(size_t classes, const double *probability) {
  size_t best = 0;
  for (size_t c = 1; c < classes; c++)
    if (probability[c] > probability[best])
      best = c;
  return best;
}

/* Bin b holds confidences in (b / bins, (b + 1) / bins] [Guo et al. 2017]. */
static size_t bin_of(double confidence) {
  double place = ceil(confidence * LIMES_RELIABILITY_BINS) - 1;
  return place < 0 ? 0 : place >= LIMES_RELIABILITY_BINS ? LIMES_RELIABILITY_BINS - 1 : (size_t)place;
}

/* From sums to means; the expected calibration error. */
static double finish_bins(size_t n, limes_reliability_bin bins[LIMES_RELIABILITY_BINS]) {
  double error = 0;
  for (size_t b = 0; b < LIMES_RELIABILITY_BINS; b++) {
    if (bins[b].count == 0)
      continue;
    bins[b].confidence /= (double)bins[b].count;
    bins[b].accuracy /= (double)bins[b].count;
    error += (double)bins[b].count / (double)n * fabs(bins[b].confidence - bins[b].accuracy);
  }
  return error;
}

static double brier(size_t classes, const double *probability, size_t label) {
  double sum = 0;
  for (size_t c = 0; c < classes; c++)
    sum += (probability[c] - (c == label)) * (probability[c] - (c == label));
  return sum;
}

limes_class_scores limes_score_classes(size_t n, size_t classes, const double *probability, const int64_t *labels,
                                       size_t *confusion, limes_reliability_bin *bins) {
  limes_class_scores scores = {.accuracy = 0};
  size_t right = 0;
  limes_reliability_bin own_bins[LIMES_RELIABILITY_BINS] = {{.count = 0}};
  if (confusion != NULL)
    memset(confusion, 0, classes * classes * sizeof *confusion);
  for (size_t i = 0; i < n; i++) {
    const double *p = probability + i * classes;
    size_t label = (size_t)labels[i], best = most_probable(classes, p);
    limes_reliability_bin *bin = &own_bins[bin_of(p[best])];
    bin->count++;
    bin->confidence += p[best];
    bin->accuracy += best == label;
    right += best == label;
    scores.nll -= log(fmax(p[label], DBL_MIN));
    scores.brier += brier(classes, p, label);
    if (confusion != NULL)
      confusion[label * classes + best]++;
  }
  scores.accuracy = (double)right / (double)n;
  scores.nll /= (double)n;
  scores.brier /= (double)n;
  scores.ece = finish_bins(n, own_bins);
  if (bins != NULL)
    memcpy(bins, own_bins, sizeof own_bins);
  return scores;
}

limes_regression_scores limes_score_regression(size_t n, size_t outputs, const double *y, const double *mean,
                                               const double *variance, double noise) {
  static const double width[3] = {CENTRAL_50, CENTRAL_80, CENTRAL_95};
  limes_regression_scores scores = {.rmse = 0};
  double numbers = (double)n * (double)outputs, squares = 0;
  size_t count[3] = {0};
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < outputs; c++) {
      double error = y[i * outputs + c] - mean[i * outputs + c],
             total = variance != NULL ? fmax(variance[i] + noise, DBL_MIN) : NAN;
      squares += error * error;
      scores.nll += (log(2 * M_PI * total) + error * error / total) / 2;
      for (size_t w = 0; w < 3; w++)
        count[w] += fabs(error) <= width[w] * sqrt(total);
    }
  scores.rmse = sqrt(squares / numbers);
  scores.nll /= numbers;
  for (size_t w = 0; w < 3; w++)
    scores.within[w] = variance != NULL ? (double)count[w] / numbers : NAN;
  return scores;
}
