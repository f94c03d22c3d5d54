/* Sequences of different lengths, as in text: each item is a review of 5 to 40 words, each word a vector. Good and bad
 * words outweigh each other somewhere in a review; an attention network of infinite width finds out which.
 *
 *     cc ragged_sequences.c -o ragged_sequences $(pkg-config --cflags --libs limes)
 */
#include <limes/limes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRAIN = 120, TEST = 60, LONGEST = 40, FEATURES = 12, WORDS = 60, TELLING = 10 };

static void must(limes_context *context, limes_status status) {
  if (status == LIMES_OK)
    return;
  fprintf(stderr, "%s\n", limes_error(context));
  exit(status);
}

/* The same numbers everywhere: a linear congruential generator, uniform in [0,1) */
static double uniform(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) * 0x1p-53;
}

/* One review: mostly neutral words and, one time in four, a good word (0 ... TELLING-1) or a bad one (the next TELLING),
 * three of four of them of the review's own kind. x [length, FEATURES]; returns its length. */
static size_t write_review(uint64_t *state, double words[WORDS][FEATURES], int64_t label, double *x) {
  size_t length = 5 + (size_t)(uniform(state) * (LONGEST - 4));
  for (size_t a = 0; a < length; a++) {
    size_t word = 2 * TELLING + (size_t)(uniform(state) * (WORDS - 2 * TELLING));
    if (a == 0 || uniform(state) < 0.25) {
      bool own = a == 0 || uniform(state) < 0.75;
      word = (size_t)(uniform(state) * TELLING) + (own == (label == 1) ? 0 : TELLING);
    }
    for (size_t c = 0; c < FEATURES; c++)
      x[a * FEATURES + c] = words[word][c];
  }
  return length;
}

static limes_batch *write_reviews(limes_context *context, uint64_t *state, double words[WORDS][FEATURES], size_t items) {
  static double x[TRAIN * LONGEST * FEATURES];
  size_t lengths[TRAIN], positions = 0;
  int64_t labels[TRAIN];
  for (size_t i = 0; i < items; i++) {
    labels[i] = (int64_t)(i % 2);
    lengths[i] = write_review(state, words, labels[i], x + positions * FEATURES);
    positions += lengths[i];
  }
  limes_batch *batch = NULL;
  must(context, limes_batch_create_ragged(context, items, FEATURES, lengths, x, &batch));
  must(context, limes_batch_set_labels(context, batch, labels));
  return batch;
}

int main(void) {
  uint64_t state = 1;
  double words[WORDS][FEATURES];
  for (size_t i = 0; i < WORDS; i++) {
    for (size_t c = 0; c < FEATURES; c++)
      words[i][c] = 2 * uniform(&state) - 1;
    words[i][0] += i < TELLING ? 1.5 : i < 2 * TELLING ? -1.5 : 0; /* good words lean one way, bad ones the other */
  }

  limes_context *context = NULL;
  if (limes_context_create(&context) != LIMES_OK)
    return EXIT_FAILURE;
  limes_batch *train = write_reviews(context, &state, words, TRAIN), *test = write_reviews(context, &state, words, TEST);
  printf("%s\n", limes_batch_summary(train));

  limes_model *model = NULL;
  must(context,
       limes_model_parse(context, "conv(3) relu attention(position=sum, decay=cauchy) relu global_avg_pool dense", &model));
  const limes_gp_options options = limes_gp_defaults();
  limes_fit *fit = NULL;
  limes_predictions predictions = {0};
  must(context, limes_fit_create(context, model, train, NULL, LIMES_CLASSIFICATION, &options, &fit));
  must(context, limes_fit_predict(context, fit, test, &predictions));

  size_t classes = 0;
  const int64_t *labels = limes_batch_labels(test, &classes);
  limes_class_scores scores = limes_score_classes(TEST, classes, predictions.probability, labels, NULL, NULL);
  printf("accuracy %.3f, nll %.3f\n", scores.accuracy, scores.nll);
  for (size_t i = 0; i < 4; i++)
    printf("review %zu of %zu words: P(good) = %.2f, %s\n", i, limes_batch_positions(test, i, NULL),
           predictions.probability[2 * i + 1], labels[i] == 1 ? "good" : "bad");

  limes_predictions_clear(&predictions);
  limes_fit_destroy(fit);
  limes_model_destroy(model);
  limes_batch_destroy(train);
  limes_batch_destroy(test);
  limes_context_destroy(context);
  return EXIT_SUCCESS;
}
