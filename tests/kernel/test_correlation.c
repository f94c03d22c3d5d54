/* The correlation between positions behind every layer. */
#include "kernel/laws.h"

typedef struct {
  limes_layer_correlation *layer;
  size_t count;
} correlations;

static correlations correlations_of(limes_context *context, const char *text, const limes_batch *batch) {
  correlations c = {0};
  limes_model *model = parsed(context, text);
  assert_ok(context, limes_positions_correlation(context, model, batch, &c.layer, &c.count));
  limes_model_destroy(model);
  return c;
}

/* From the kernel of all positions of a model that ends where the layer does */
static double from_positions(limes_context *context, const char *text, const limes_batch *batch, size_t T) {
  kernels k = positions_of(context, text, batch, NULL);
  size_t N = limes_batch_items(batch);
  double mean = 0;
  for (size_t i = 0; i < N; i++) {
    const double *own = k.nngp + i * (N + 1) * T * T;
    for (size_t a = 0; a < T; a++)
      for (size_t b = 0; b < T; b++)
        mean += a == b ? 0 : own[a * T + b] / sqrt(own[a * (T + 1)] * own[b * (T + 1)]) / (double)(T * (T - 1) * N);
  }
  free_kernels(&k);
  return mean;
}

static void each_layer_has_the_correlation_of_its_own_kernel(void **state) {
  limes_context *context = *state;
  static const char *const chains[] = {"identity", "conv(3, b_std=0.3)", "conv(3, b_std=0.3) relu",
                                       "conv(3, b_std=0.3) relu attention(position=sum, decay=relative)",
                                       "conv(3, b_std=0.3) relu attention(position=sum, decay=relative) layer_norm"};
  enum { CHAINS = sizeof chains / sizeof *chains, T = 6 };
  char whole[160];
  snprintf(whole, sizeof whole, "%s flatten dense", chains[CHAINS - 1]);
  limes_batch *batch = random_sequences(context, 3, 150, T, 3);
  correlations c = correlations_of(context, whole, batch);
  static const char *const words[] = {"input", "conv", "relu", "attention", "layer_norm", "flatten", "dense"};
  assert_int_equal(c.count, 7);
  for (size_t i = 0; i < c.count; i++) {
    assert_string_equal(c.layer[i].word, words[i]);
    assert_int_equal(c.layer[i].items, i < CHAINS ? 150 : 0);
    if (i < CHAINS)
      assert_close_at(c.layer[i].correlation, from_positions(context, chains[i], batch, T), 1e-12, i);
    else
      assert_true(isnan(c.layer[i].correlation));
  }
  assert_int_equal(c.layer[3].column, 25);
  limes_set_threads(context, 1);
  correlations alone = correlations_of(context, whole, batch);
  limes_set_threads(context, 0);
  for (size_t i = 0; i < CHAINS; i++)
    assert_true(alone.layer[i].correlation == c.layer[i].correlation);
  limes_free(alone.layer);
  limes_free(c.layer);
  limes_batch_destroy(batch);
}

/* Items of different lengths, and hidden positions: the mean over items, each as if it stood alone with what is seen of it */
static void items_count_alike_whatever_their_length(void **state) {
  limes_context *context = *state;
  const char *model = "dense relu attention global_avg_pool";
  double x[5 * 2] = {0.3, 1.2, -0.4, 0.8, 1.1, 0.1, 0.5, -0.6, 0.9, 0.7};
  size_t lengths[3] = {3, 1, 2}, first[3] = {0, 4, 3};
  double items[6 * 2];
  for (size_t i = 0, at = 0; i < 3; at += lengths[i++])
    memcpy(items + 2 * at, x + 2 * (i == 1 ? 0 : first[i]), 2 * lengths[i] * sizeof *x);
  limes_batch *ragged = NULL;
  assert_ok(context, limes_batch_create_ragged(context, 3, 2, lengths, items, &ragged));
  correlations all = correlations_of(context, model, ragged);
  limes_batch *three = batch_of(context, x, 1, 1, 3, 1, 2, NULL), *two = batch_of(context, x + 6, 1, 1, 2, 1, 2, NULL);
  uint8_t mask[5] = {0, 0, 0, 1, 1};
  limes_batch *hidden = batch_of(context, x, 1, 1, 5, 1, 2, mask);
  correlations a = correlations_of(context, model, three), b = correlations_of(context, model, two),
               seen = correlations_of(context, model, hidden);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(all.layer[i].items, 2);
    assert_close_at(all.layer[i].correlation, 0.5 * (a.layer[i].correlation + b.layer[i].correlation), 1e-14, i);
    assert_close_at(seen.layer[i].correlation, a.layer[i].correlation, 1e-14, i);
  }
  correlations *every[] = {&all, &a, &b, &seen};
  for (size_t i = 0; i < 4; i++)
    limes_free(every[i]->layer);
  limes_batch *batches[] = {ragged, three, two, hidden};
  for (size_t i = 0; i < 4; i++)
    limes_batch_destroy(batches[i]);
}

/* Attention makes positions alike, and the shortcut, with the body's share falling, keeps them apart. */
static void attention_collapses_positions_and_shortcuts_delay_it(void **state) {
  limes_context *context = *state;
  static const char *const models[] = {"dense repeat(8, layer_norm attention)", "dense repeat(8, residual(layer_norm attention))",
                                       "dense repeat(8, residual(layer_norm attention, alpha=0.9))"};
  double before = 1.1;
  limes_batch *x = random_sequences(context, 4, 5, 8, 6);
  for (size_t i = 0; i < 3; i++) {
    correlations c = correlations_of(context, models[i], x);
    double end = c.layer[c.count - 1].correlation;
    assert_true(fabs(c.layer[0].correlation) < 0.3 && end < before);
    assert_true(i > 0 || end > 1 - 1e-6);
    before = end;
    limes_free(c.layer);
  }
  limes_batch_destroy(x);
}

/* relu halves variances: with coins of their own they are 1 + 1/2/q and without 1 + 1/2, covariances the same. One coin: the mean
 * over its two sides. */
static void coins_count_in_the_correlation(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 6, 4, 5, 3);
  correlations own = correlations_of(context, "dense residual(relu dense, survive=0.5)", x),
               none = correlations_of(context, "dense residual(relu dense)", x),
               shared = correlations_of(context, "dense residual(relu dense, survive=0.5, coins=shared)", x),
               heads = correlations_of(context, "dense sum(relu dense(w_std=2) | identity)", x);
  assert_close(own.layer[4].correlation, 0.75 * none.layer[4].correlation, 1e-14);
  assert_close(shared.layer[4].correlation, 0.5 * (heads.layer[4].correlation + none.layer[1].correlation), 1e-14);
  assert_int_equal(shared.layer[4].items, 4);
  correlations *all[] = {&own, &none, &shared, &heads};
  for (size_t i = 0; i < 4; i++)
    limes_free(all[i]->layer);
  limes_batch_destroy(x);
}

static void items_without_positions_are_refused(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_vectors(context, 6, 4, 5);
  limes_model *model = parsed(context, "dense");
  limes_layer_correlation *layers;
  size_t count;
  assert_int_equal(limes_positions_correlation(context, model, x, &layers, &count), LIMES_WRONG_USE);
  assert_null(layers);
  limes_model_destroy(model);
  limes_batch_destroy(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_layer_has_the_correlation_of_its_own_kernel),
      cmocka_unit_test(items_count_alike_whatever_their_length),
      cmocka_unit_test(attention_collapses_positions_and_shortcuts_delay_it),
      cmocka_unit_test(coins_count_in_the_correlation),
      cmocka_unit_test(items_without_positions_are_refused),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
