/* How often mean +- t_0.975 standard errors of a sampled kernel cover the truth, a long run, over small random cases. */
#ifndef LIMES_TESTS_COVERAGE_H
#define LIMES_TESTS_COVERAGE_H

#include "layers/sampled_cases.h"

#define LENGTH 4
#define CHANNELS 3

/* What stands around the sampled layer, %s its samples */
static const char *const covered_models[] = {
    "dense(w_std=1.4) attention(scale=sqrt, samples=%s) global_avg_pool dense",
    "dense attention(scale=sqrt, q_std=1.5, b_std=0.2, samples=%s) relu global_avg_pool dense",
    "dense attention_pool(query=learned, scale=sqrt, q_std=1.5, samples=%s) relu dense",
};
#define COVERED (sizeof covered_models / sizeof *covered_models)

static inline estimate small_case(limes_context *context, size_t model, uint64_t seed, const char *samples, const limes_batch *x,
                                  const limes_batch *y) {
  char text[200];
  snprintf(text, sizeof text, covered_models[model], samples);
  limes_set_seed(context, seed);
  return estimate_of(context, text, x, y);
}

/* Cases of one model: covered[kernel] of the entries between two items, one a case */
static inline void count_covered(limes_context *context, size_t model, size_t cases, const char *truth, size_t covered[BOTH]) {
  covered[NNGP] = covered[NTK] = 0;
  for (size_t i = 0; i < cases; i++) {
    limes_batch *x = random_sequences(context, 1000 * model + i, 1, 1 + LENGTH - i % 3, CHANNELS),
                *y = random_sequences(context, 1000 * model + i + 500, 1, LENGTH, CHANNELS);
    estimate short_run = small_case(context, model, i, "256", x, y), long_run = small_case(context, model, 77777, truth, x, y);
    for (int kernel = 0; kernel < BOTH; kernel++)
      covered[kernel] += fabs(short_run.mean[kernel][0] - long_run.mean[kernel][0]) <= STUDENT * short_run.error[kernel][0];
    free_estimate(&short_run);
    free_estimate(&long_run);
    limes_batch_destroy(x);
    limes_batch_destroy(y);
  }
}

static inline void assert_covered(limes_context *context, size_t cases, const char *truth, double least, double most) {
  for (size_t model = 0; model < COVERED; model++) {
    size_t covered[BOTH];
    count_covered(context, model, cases, truth, covered);
    for (int kernel = 0; kernel < BOTH; kernel++) {
      double share = (double)covered[kernel] / (double)cases;
      print_message("%s of %s: %.3g %% of %zu intervals cover the truth\n", kernel == NNGP ? "NNGP" : "NTK",
                    covered_models[model], 100 * share, cases);
      if (share < least || share > most)
        fail_msg("%.3g %% instead of %g to %g %%", 100 * share, 100 * least, 100 * most);
    }
  }
}

#endif
