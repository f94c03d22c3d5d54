/* attention_pool: what it must equal where another model says the same, and documents pooled sentence by sentence by hand. */
#include "kernel/laws.h"
#include "layers/gaussian_pairs.h"

enum { N = 4, T = 9, C = 3 };

static limes_batch *segmented(limes_context *context, uint64_t seed, const int64_t segments[N][T]) {
  limes_batch *batch = random_sequences(context, seed, N, T, C);
  assert_ok(context, limes_batch_set_segments(context, batch, &segments[0][0]));
  return batch;
}

static void assert_equal_models(limes_context *context, const char *one, const limes_batch *a, const char *other,
                                const limes_batch *b) {
  kernels k = kernel_of(context, one, a, NULL), expected = kernel_of(context, other, b, NULL);
  assert_kernels_near(&k, &expected, 1e-13, one);
  free_kernels(&k);
  free_kernels(&expected);
}

/* Flat weights are 1/T; value and output weights are two dense layers. A learned query has flat weights always. */
static void flat_weights_are_the_mean(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 1, N, T, C);
  assert_equal_models(context, "conv(3) relu attention_pool(q_std=0) relu dense", x,
                      "conv(3) relu global_avg_pool dense dense relu dense", x);
  assert_equal_models(context, "conv(3) relu attention_pool(learned, q_std=5, zeta=sparsemax) relu dense", x,
                      "conv(3) relu global_avg_pool dense dense relu dense", x);
  limes_batch_destroy(x);
}

static void one_key_that_takes_all_is_the_position_itself(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 2, N, 1, C);
  assert_equal_models(context, "dense relu attention_pool(zeta=topk(2), q_std=3) relu dense", x,
                      "dense relu flatten dense dense relu dense", x);
  limes_batch_destroy(x);
}

static void one_segment_is_all_positions(void **state) {
  limes_context *context = *state;
  static const int64_t one[N][T] = {{7, 7, 7, 7, 7, 7, 7, 7, 7}, {0}, {0}, {0}};
  limes_batch *x = segmented(context, 3, one), *plain = random_sequences(context, 3, N, T, C);
  assert_equal_models(context, "conv(3) relu attention_pool(q_std=2) relu attention_pool dense", x,
                      "conv(3) relu attention_pool(q_std=2) relu dense dense dense", plain);
  limes_batch_destroy(x);
  limes_batch_destroy(plain);
}

static void segments_of_one_position_keep_all_positions(void **state) {
  limes_context *context = *state;
  static const int64_t single[N][T] = {
      {0, 1, 2, 3, 4, 5, 6, 7, 8}, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {-3, 0, 9, 10, 11, 12, 50, 60, 70}};
  limes_batch *x = segmented(context, 4, single), *plain = random_sequences(context, 4, N, T, C);
  kernels k = positions_of(context, "conv(3) attention_pool(q_std=2) relu dense", x, NULL),
          expected = positions_of(context, "conv(3) dense dense relu dense", plain, NULL);
  assert_kernels_near(&k, &expected, 1e-13, "single positions");
  free_kernels(&k);
  free_kernels(&expected);
  assert_equal_models(context, "conv(3) attention_pool(zeta=entmax15) relu flatten dense", x,
                      "conv(3) dense dense relu flatten dense", plain);
  limes_batch_destroy(x);
  limes_batch_destroy(plain);
}

static void the_order_within_a_segment_does_not_matter(void **state) {
  limes_context *context = *state;
  static const int64_t segments[N][T] = {{0, 0, 0, 0, 1, 1, 1, 1, 1}, {0, 0, 0, 1, 1, 1, 2, 2, 2}, {0, 0, 1}, {0}};
  static const size_t order[N][T] = {
      {3, 1, 0, 2, 8, 4, 7, 5, 6}, {1, 2, 0, 5, 3, 4, 6, 8, 7}, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1, 0}};
  int64_t numbers_of[N][T];
  memcpy(numbers_of, segments, sizeof numbers_of);
  for (size_t a = 3; a < T; a++)
    numbers_of[2][a] = 2;
  double *x = random_numbers(5, N * T * C), *moved = numbers(N * T * C);
  for (size_t i = 0; i < N; i++)
    for (size_t a = 0; a < T; a++)
      memcpy(moved + (i * T + a) * C, x + (i * T + order[i][a]) * C, C * sizeof *x);
  limes_batch *one = batch_of(context, x, 1, N, T, 1, C, NULL), *other = batch_of(context, moved, 1, N, T, 1, C, NULL);
  assert_ok(context, limes_batch_set_segments(context, one, &numbers_of[0][0]));
  assert_ok(context, limes_batch_set_segments(context, other, &numbers_of[0][0]));
  const char *model = "dense relu attention_pool(q_std=2) relu attention_pool(zeta=topk(2)) dense";
  assert_equal_models(context, model, one, model, other);
  limes_batch_destroy(one);
  limes_batch_destroy(other);
  free(x);
  free(moved);
}

/* Documents of sentences of their own lengths; where no layer looks beyond a sentence, the sentences may as well be items. */
enum { DOCUMENTS = 3, SENTENCES = 7 };
static const size_t words[SENTENCES] = {3, 1, 4, 5, 2, 2, 6}, first_sentence[DOCUMENTS + 1] = {0, 3, 4, 7};

static double softmax_pool(const kernels *k, size_t i, size_t j, const double *matrix, const double z[SENTENCES]) {
  double sum = 0;
  for (size_t s = first_sentence[i]; s < first_sentence[i + 1]; s++)
    for (size_t t = first_sentence[j]; t < first_sentence[j + 1]; t++)
      sum += z[s] * matrix[s * k->columns + t] * z[t];
  return sum;
}

static void hierarchical_pooling_is_pooling_sentences_by_hand(void **state) {
  limes_context *context = *state;
  size_t lengths[DOCUMENTS] = {0};
  int64_t segments[32];
  for (size_t i = 0, a = 0; i < DOCUMENTS; i++)
    for (size_t s = first_sentence[i]; s < first_sentence[i + 1]; s++)
      for (size_t w = 0; w < words[s]; w++, lengths[i]++)
        segments[a++] = (int64_t)s;
  limes_batch *documents = random_ragged(context, 6, DOCUMENTS, lengths, C),
              *sentences = random_ragged(context, 6, SENTENCES, words, C);
  assert_ok(context, limes_batch_set_segments(context, documents, segments));
  kernels all = kernel_of(context, "dense(w_std=2) relu attention_pool(q_std=2, b_std=0.2) relu attention_pool(k_std=3)",
                          documents, NULL),
          each = kernel_of(context, "dense(w_std=2) relu attention_pool(q_std=2, b_std=0.2) relu", sentences, NULL);
  double z[SENTENCES];
  for (size_t i = 0; i < DOCUMENTS; i++) {
    double sum = 0, count = (double)(first_sentence[i + 1] - first_sentence[i]);
    for (size_t s = first_sentence[i]; s < first_sentence[i + 1]; s++) {
      double mean = 0;
      for (size_t t = first_sentence[i]; t < first_sentence[i + 1]; t++)
        mean += each.nngp[t * SENTENCES + s] / count;
      z[s] = exp(3 * mean);
      sum += z[s];
    }
    for (size_t s = first_sentence[i]; s < first_sentence[i + 1]; s++)
      z[s] /= sum;
  }
  for (size_t i = 0; i < DOCUMENTS; i++)
    for (size_t j = 0; j < DOCUMENTS; j++) {
      double k = softmax_pool(&each, i, j, each.nngp, z), theta = softmax_pool(&each, i, j, each.ntk, z) + 2 * k;
      assert_close_at(all.nngp[i * DOCUMENTS + j], k, 1e-12 * fabs(k), i * DOCUMENTS + j);
      assert_close_at(all.ntk[i * DOCUMENTS + j], theta, 1e-12 * fabs(theta), i * DOCUMENTS + j);
    }
  free_kernels(&all);
  free_kernels(&each);
  limes_batch_destroy(documents);
  limes_batch_destroy(sentences);
}

/* Holes are left out, and a segment of which nothing is visible is none. */
static void hidden_positions_are_removed(void **state) {
  limes_context *context = *state;
  static const int64_t segments[N][T] = {
      {0, 0, 0, 1, 1, 1, 2, 2, 2}, {0, 0, 0, 0, 0, 0, 5, 5, 5}, {0, 1, 1, 1, 2, 2, 2, 3, 3}, {0, 0, 0, 0, 1, 1, 1, 1, 1}};
  static const uint8_t hidden[N * T] = {0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1,
                                        1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
  double *x = random_numbers(7, N * T * C), *left = numbers(N * T * C);
  int64_t left_segments[N * T];
  size_t lengths[N] = {0}, n = 0;
  limes_batch *holed = batch_of(context, x, 1, N, T, 1, C, hidden), *removed = NULL;
  int64_t cut[N * T]; /* tails are cut off: segments are given for the positions that are left */
  size_t m = 0;
  for (size_t i = 0; i < N; i++) {
    for (size_t a = 0; a < limes_batch_positions(holed, i, NULL); a++)
      cut[m++] = hidden[i * T + a] ? -99 : segments[i][a];
    for (size_t a = 0; a < T; a++)
      if (!hidden[i * T + a]) {
        memcpy(left + n * C, x + (i * T + a) * C, C * sizeof *x);
        left_segments[n++] = segments[i][a];
        lengths[i]++;
      }
  }
  assert_ok(context, limes_batch_create_ragged(context, N, C, lengths, left, &removed));
  assert_ok(context, limes_batch_set_segments(context, holed, cut));
  assert_ok(context, limes_batch_set_segments(context, removed, left_segments));
  const char *models[] = {"dense(b_std=0.3) relu attention_pool(q_std=2, b_std=0.1) relu attention_pool dense",
                          "dense(b_std=0.3) erf(c=0.2) attention(zeta=topk(2)) relu attention_pool(zeta=sparsemax, k_std=2) relu "
                          "attention(zeta=entmax15, causal=yes) global_avg_pool",
                          "conv(1) relu attention_pool(learned, scale=sqrt, zeta=relu, k_std=2) relu "
                          "attention_pool(learned, scale=sqrt, zeta=erf, q_std=3)"};
  for (size_t i = 0; i < 3; i++)
    assert_equal_models(context, models[i], holed, models[i], removed);
  limes_batch_destroy(holed);
  limes_batch_destroy(removed);
  free(x);
  free(left);
}

/* Logits of one query vector at random, over s: cov and ntk of two segments from K and Theta of their positions */
static void pool_at_random(nonlinearity zeta, const kernels *k, size_t i, size_t j, const int64_t segments[N][T], int64_t s,
                           int64_t t, double cov[1], double ntk[1]) {
  const real sharp2 = 1.5L * 1.5L * 0.8L * 0.8L, sigma2 = 1.2L * 1.2L * 0.9L * 0.9L, b2 = 0.3L * 0.3L;
  real sum = 0, rest = 0;
  for (size_t c = 0; c < T; c++)
    for (size_t d = 0; d < T; d++) {
      if (segments[i][c] != s || segments[j][d] != t)
        continue;
      real cd = k->nngp[(i * N + j) * T * T + c * T + d], theta = k->ntk[(i * N + j) * T * T + c * T + d], value, slope;
      real cc = k->nngp[i * (N + 1) * T * T + c * (T + 1)], dd = k->nngp[j * (N + 1) * T * T + d * (T + 1)];
      if (zeta.erf)
        erf_dual(sharp2 * cd, sharp2 * cc, sharp2 * dd, &value, &slope);
      else
        dual(zeta, sharp2 * (i == j && c == d ? cc : cd), sharp2 * sqrtl(cc * dd), &value, &slope);
      sum += cd * value;
      rest += theta * value + sharp2 * cd * slope * (2 * cd + theta);
    }
  *cov = (double)(sigma2 * sum + b2);
  *ntk = (double)(b2 + 2 * sigma2 * sum + sigma2 * rest);
}

static void learned_queries_at_scale_sqrt_equal_their_sums(void **state) {
  limes_context *context = *state;
  static const int64_t segments[N][T] = {
      {0, 0, 0, 0, 1, 1, 1, 1, 1}, {0, 0, 0, 1, 1, 1, 1, 1, 1}, {0, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 0, 0, 0, 0, 0, 1}};
  limes_batch *x = segmented(context, 12, segments), *plain = random_sequences(context, 12, N, T, C);
  const char *before = "conv(3, b_std=0.2) relu dense(b_std=0.1)";
  kernels in = positions_of(context, before, plain, NULL);
  for (int zeta = IDENTITY; zeta <= ERF; zeta++)
    for (int flat = 0; flat < 2; flat++) {
      char text[300];
      snprintf(text, sizeof text,
               "%s attention_pool(learned, scale=sqrt, zeta=%s, q_std=1.5, k_std=0.8, v_std=1.2, o_std=0.9, b_std=0.3) %s",
               before, zetas[zeta].zeta, flat ? "flatten" : "");
      kernels k = flat ? kernel_of(context, text, x, NULL) : positions_of(context, text, x, NULL);
      for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
          double cov[4], ntk[4];
          for (int st = 0; st < 4; st++)
            pool_at_random(zetas[zeta], &in, i, j, segments, st / 2, st % 2, &cov[st], &ntk[st]);
          if (flat) {
            cov[0] = (cov[0] + cov[3]) / 2;
            ntk[0] = (ntk[0] + ntk[3]) / 2;
          }
          assert_near(k.nngp + (i * N + j) * (flat ? 1 : k.columns), cov, flat ? 1 : 4, 1e-12, text);
          assert_near(k.ntk + (i * N + j) * (flat ? 1 : k.columns), ntk, flat ? 1 : 4, 1e-12, text);
        }
      free_kernels(&k);
    }
  free_kernels(&in);
  limes_batch_destroy(x);
  limes_batch_destroy(plain);
}

static void assert_refused(limes_context *context, const char *text, const limes_batch *a, const limes_batch *b,
                           const char *part) {
  limes_model *model = NULL;
  double out[N * N];
  limes_status status = limes_model_parse(context, text, &model);
  if (status == LIMES_OK)
    status = limes_kernel(context, model, a, b, &(limes_kernel_output){.nngp = out});
  if (status != LIMES_WRONG_USE || strstr(limes_error(context), part) == NULL)
    fail_msg("%s: %s: '%s', which should contain '%s'", text, limes_status_text(status),
             status == LIMES_OK ? "accepted" : limes_error(context), part);
  limes_model_destroy(model);
}

static void pools_that_cannot_be_are_refused(void **state) {
  limes_context *context = *state;
  static const int64_t segments[N][T] = {{0}, {0}, {0}, {0, 0, 0, 1, 1, 1, 2, 2, 2}};
  limes_batch *x = segmented(context, 8, segments), *plain = random_sequences(context, 8, N, T, C),
              *vectors = random_vectors(context, 8, N, C);
  assert_refused(context, "attention_pool(scale=sqrt, zeta=relu) dense", plain, NULL, "give query=learned");
  assert_refused(context, "attention_pool(learned, scale=sqrt, zeta=relu, samples=64) dense", plain, NULL, "leave them out");
  assert_refused(context, "attention_pool dense", vectors, NULL, "needs positions");
  assert_refused(context, "attention_pool attention_pool", plain, NULL, "give the data segments");
  assert_refused(context, "attention_pool attention_pool attention_pool", x, NULL, "needs positions");
  assert_refused(context, "conv(3, padding=valid) attention_pool attention_pool", x, NULL, "segments are lost");
  assert_refused(context, "avg_pool(2) attention_pool attention_pool", x, NULL, "segments are lost");
  assert_refused(context, "conv(3) attention_pool attention_pool", x, plain, "only the first data set has them");
  assert_refused(context, "conv(3) attention_pool dense", plain, x, "only the second data set has them");
  assert_refused(context, "conv(3) attention_pool flatten dense", x, NULL, "equal size");
  assert_refused(context, "conv(3) attention_pool dense", x, NULL, "keeps positions");
  limes_batch_destroy(x);
  limes_batch_destroy(plain);
  limes_batch_destroy(vectors);
}

/* Models that pool no segments do not see them. */
static void segments_matter_to_attention_pool_alone(void **state) {
  limes_context *context = *state;
  static const int64_t segments[N][T] = {{0}, {0}, {0}, {0, 0, 0, 1, 1, 1, 2, 2, 2}};
  limes_batch *x = segmented(context, 9, segments), *plain = random_sequences(context, 9, N, T, C),
              *others = random_sequences(context, 10, N, T, C);
  const char *model = "conv(3, padding=valid) relu attention(zeta=entmax15) relu avg_pool(2) global_avg_pool dense";
  kernels k = kernel_of(context, model, x, others), expected = kernel_of(context, model, plain, others);
  assert_kernels_near(&k, &expected, 0, model);
  free_kernels(&k);
  free_kernels(&expected);
  limes_batch_destroy(x);
  limes_batch_destroy(plain);
  limes_batch_destroy(others);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flat_weights_are_the_mean),
      cmocka_unit_test(one_key_that_takes_all_is_the_position_itself),
      cmocka_unit_test(one_segment_is_all_positions),
      cmocka_unit_test(segments_of_one_position_keep_all_positions),
      cmocka_unit_test(the_order_within_a_segment_does_not_matter),
      cmocka_unit_test(hierarchical_pooling_is_pooling_sentences_by_hand),
      cmocka_unit_test(hidden_positions_are_removed),
      cmocka_unit_test(learned_queries_at_scale_sqrt_equal_their_sums),
      cmocka_unit_test(pools_that_cannot_be_are_refused),
      cmocka_unit_test(segments_matter_to_attention_pool_alone),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
