/* Laws that kernels of all models obey. */
#include "kernel/laws.h"

#include <lapacke.h>

typedef enum { VECTORS, SEQUENCES, RAGGED, IMAGES } kind;

typedef struct {
  const char *text;
  kind items;
} subject;

static const subject subjects[] = {
    {"repeat(3, dense(w_std=1.4, b_std=0.1) relu) dense", VECTORS},
    {"dense(b_std=0.3) layer_norm erf dense residual(relu dense, alpha=0.4) abs dense", VECTORS},
    {"conv(3, w_std=1.4, b_std=0.2) relu conv(2) relu flatten dense", SEQUENCES},
    {"conv(3, padding=circular) relu avg_pool(2, stride=1) conv(3, stride=2) abs flatten dense relu dense", SEQUENCES},
    {"conv(3) relu attention(q_std=2, position=sum, decay=cauchy, b_std=0.1) relu global_avg_pool dense", RAGGED},
    {"dense repeat(2, residual(layer_norm attention(position=sum, decay=relative)) residual(layer_norm dense relu dense)) "
     "layer_norm "
     "global_avg_pool dense",
     RAGGED},
    {"dense relu attention(causal=yes, zeta=abs, position=concat, in_values=yes) global_avg_pool dense", RAGGED},
    {"local_conv(3) relu conv_transpose(2, stride=2, b_std=0.1) relu sum_pool(3, stride=2, padding=same) dense layer_norm relu "
     "global_sum_pool dense",
     RAGGED},
    {"conv(2) product(relu dense | erf | identity) dense concat(relu | conv(3), widths=1:3) resize(3) flatten dense", RAGGED},
    {"conv(3) relu local_conv(2x3, padding=circular) relu slice(1:3, :) resize(2x5, nearest) flatten dense", IMAGES},
    {"dense relu attention(scale=sqrt, zeta=relu, position=sum, decay=relative) relu global_avg_pool dense", RAGGED},
    {"conv(3) attention(scale=sqrt, zeta=erf, causal=yes) attention(scale=sqrt, zeta=abs) global_avg_pool dense", RAGGED},
    {"conv(3) relu attention(q_std=2) relu correlated_readout(2.5) dense relu dense", RAGGED},
    {"conv(3x2) relu correlated_readout(length_scale=1.5, kernel=exponential) dense", IMAGES},
    {"dense attention(qk_correlation=0.6, zeta=identity, position=concat) relu flatten dense", IMAGES},
    {"dense relu attention(qk_correlation=0.7, zeta=relu, causal=yes, position=sum) relu global_avg_pool dense", RAGGED},
    {"conv(2) attention_pool(learned, scale=sqrt, zeta=abs, position=concat, decay=cauchy) relu dense", RAGGED},
    {"dense relu attention(scale=sqrt, samples=32, position=sum, decay=relative) relu global_avg_pool dense", RAGGED},
    {"conv(3) attention(scale=sqrt, samples=32, causal=yes) attention(scale=sqrt, samples=32, zeta=entmax15) flatten dense",
     SEQUENCES},
    {"dense residual(attention(scale=sqrt, samples=32)) attention_pool(query=learned, scale=sqrt, samples=64) relu dense",
     RAGGED},
    {"conv(3x2) relu conv(2, padding=valid) relu avg_pool(2x1, padding=same, normalize_edges=yes) global_avg_pool dense", IMAGES},
    {"conv(3) relu attention(position=sum, decay=relative, k_std=2) layer_norm(axes=all) relu flatten dense", IMAGES},
};
#define SUBJECTS (sizeof subjects / sizeof *subjects)

/* Its entries are estimates: positive semidefinite within their errors, and what rounding changes is seen by its root. */
static bool is_sampled(const char *text) { return strstr(text, "samples=") != NULL; }

static limes_batch *items_of(limes_context *context, kind items, uint64_t seed, size_t n) {
  size_t lengths[64];
  random_stream stream = {seed + 1000};
  for (size_t i = 0; i < n; i++)
    lengths[i] = random_count(&stream, 1, 9);
  switch (items) {
  case VECTORS:
    return random_vectors(context, seed, n, 5);
  case SEQUENCES:
    return random_sequences(context, seed, n, 6, 3);
  case RAGGED:
    return random_ragged(context, seed, n, lengths, 4);
  default:
    return random_images(context, seed, n, 4, 5, 3);
  }
}

static void symmetric_kernels_are_symmetric(void **state) {
  limes_context *context = *state;
  for (size_t s = 0; s < SUBJECTS; s++) {
    limes_batch *x = items_of(context, subjects[s].items, s, 21);
    kernels k = kernel_of(context, subjects[s].text, x, NULL), same = kernel_of(context, subjects[s].text, x, x);
    for (size_t i = 0; i < 21; i++)
      for (size_t j = 0; j < i; j++)
        if (k.nngp[i * 21 + j] != k.nngp[j * 21 + i] || k.ntk[i * 21 + j] != k.ntk[j * 21 + i])
          fail_msg("%s: entries (%zu, %zu) and (%zu, %zu) differ", subjects[s].text, i, j, j, i);
    assert_same_bits(same.nngp, k.nngp, 441, subjects[s].text);
    assert_same_bits(same.ntk, k.ntk, 441, subjects[s].text);
    free_kernels(&k);
    free_kernels(&same);
    limes_batch_destroy(x);
  }
}

/* The same items in a second batch: equal off the diagonal, and on it as far as rho = 1 can be told by its numbers. */
static void cross_kernels_equal_symmetric_ones(void **state) {
  limes_context *context = *state;
  for (size_t s = 0; s < SUBJECTS; s++) {
    limes_batch *x = items_of(context, subjects[s].items, s, 9), *again = items_of(context, subjects[s].items, s, 9);
    kernels k = kernel_of(context, subjects[s].text, x, NULL), cross = kernel_of(context, subjects[s].text, x, again);
    assert_kernels_near(&cross, &k, 1e-6, subjects[s].text);
    for (size_t i = 0; i < 9; i++) {
      cross.nngp[i * 10] = k.nngp[i * 10];
      cross.ntk[i * 10] = k.ntk[i * 10];
    }
    assert_kernels_near(&cross, &k, 1e-12, subjects[s].text);
    free_kernels(&k);
    free_kernels(&cross);
    limes_batch_destroy(x);
    limes_batch_destroy(again);
  }
}

static void exchanging_the_batches_transposes(void **state) {
  limes_context *context = *state;
  for (size_t s = 0; s < SUBJECTS; s++) {
    limes_batch *x = items_of(context, subjects[s].items, s, 7), *y = items_of(context, subjects[s].items, s + 50, 11);
    kernels k = kernel_of(context, subjects[s].text, x, y), other = kernel_of(context, subjects[s].text, y, x),
            turned = new_kernels(7, 11);
    for (size_t i = 0; i < 7; i++)
      for (size_t j = 0; j < 11; j++) {
        turned.nngp[i * 11 + j] = other.nngp[j * 7 + i];
        turned.ntk[i * 11 + j] = other.ntk[j * 7 + i];
      }
    assert_kernels_near(&turned, &k, 1e-12, subjects[s].text);
    free_kernels(&k);
    free_kernels(&other);
    free_kernels(&turned);
    limes_batch_destroy(x);
    limes_batch_destroy(y);
  }
}

static void assert_no_negative_eigenvalue(const double *matrix, size_t n, const char *text) {
  double *copy = numbers(n * n), *eigenvalue = numbers(n);
  memcpy(copy, matrix, n * n * sizeof *copy);
  assert_int_equal(LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'N', 'L', (lapack_int)n, copy, (lapack_int)n, eigenvalue), 0);
  if (eigenvalue[0] < -1e-12 * eigenvalue[n - 1])
    fail_msg("%s: smallest eigenvalue %.3g, largest %.3g", text, eigenvalue[0], eigenvalue[n - 1]);
  free(copy);
  free(eigenvalue);
}

static void kernels_have_no_negative_eigenvalue(void **state) {
  limes_context *context = *state;
  for (size_t s = 0; s < SUBJECTS; s++) {
    if (is_sampled(subjects[s].text))
      continue;
    limes_batch *x = items_of(context, subjects[s].items, s, 30);
    kernels k = kernel_of(context, subjects[s].text, x, NULL);
    assert_no_negative_eigenvalue(k.nngp, 30, subjects[s].text);
    assert_no_negative_eigenvalue(k.ntk, 30, subjects[s].text);
    free_kernels(&k);
    limes_batch_destroy(x);
  }
}

static void reordering_items_reorders_the_kernel(void **state) {
  enum { N = 24 };
  limes_context *context = *state;
  for (size_t s = 0; s < SUBJECTS; s++) {
    if (subjects[s].items == RAGGED)
      continue;
    bool vectors = subjects[s].items == VECTORS, images = subjects[s].items == IMAGES;
    unsigned axes = vectors ? 0 : images ? 2 : 1;
    size_t height = vectors ? 1 : 4, width = images ? 5 : 1, size = height * width * 3;
    double *x = random_numbers(s, N * size), *moved = numbers(N * size);
    for (size_t i = 0; i < N; i++)
      memcpy(moved + (i * 7 + 3) % N * size, x + i * size, size * sizeof *x);
    limes_batch *a = batch_of(context, x, axes, N, height, width, 3, NULL),
                *b = batch_of(context, moved, axes, N, height, width, 3, NULL);
    kernels k = kernel_of(context, subjects[s].text, a, NULL), other = kernel_of(context, subjects[s].text, b, NULL),
            back = new_kernels(N, N);
    for (size_t i = 0; i < N; i++)
      for (size_t j = 0; j < N; j++) {
        back.nngp[i * N + j] = other.nngp[(i * 7 + 3) % N * N + (j * 7 + 3) % N];
        back.ntk[i * N + j] = other.ntk[(i * 7 + 3) % N * N + (j * 7 + 3) % N];
      }
    assert_kernels_near(&back, &k, 1e-12, subjects[s].text);
    free_kernels(&k);
    free_kernels(&other);
    free_kernels(&back);
    limes_batch_destroy(a);
    limes_batch_destroy(b);
    free(x);
    free(moved);
  }
}

static void diagonal_equals_the_kernel_s_diagonal(void **state) {
  limes_context *context = *state;
  for (size_t s = 0; s < SUBJECTS; s++) {
    limes_batch *x = items_of(context, subjects[s].items, s, 19);
    kernels k = kernel_of(context, subjects[s].text, x, NULL);
    limes_model *model = parsed(context, subjects[s].text);
    double nngp[19], ntk[19], alone[19];
    assert_ok(context, limes_kernel_diagonal(context, model, x, nngp, ntk));
    for (size_t i = 0; i < 19; i++) {
      assert_close_at(nngp[i], k.nngp[i * 20], 1e-13 * fabs(nngp[i]), i);
      assert_close_at(ntk[i], k.ntk[i * 20], 1e-13 * fabs(ntk[i]), i);
    }
    assert_ok(context, limes_kernel_diagonal(context, model, x, alone, NULL));
    assert_near(alone, nngp, 19, 1e-14, subjects[s].text);
    limes_model_destroy(model);
    free_kernels(&k);
    limes_batch_destroy(x);
  }
}

/* One kernel alone equals the same asked for together with the other. */
static void asking_for_one_kernel_gives_the_same(void **state) {
  limes_context *context = *state;
  for (size_t s = 0; s < SUBJECTS; s++) {
    limes_batch *x = items_of(context, subjects[s].items, s, 8), *y = items_of(context, subjects[s].items, s + 9, 5);
    kernels k = kernel_of(context, subjects[s].text, x, y);
    limes_model *model = parsed(context, subjects[s].text);
    double alone[40], tolerance = is_sampled(subjects[s].text) ? 1e-8 : 1e-14;
    assert_ok(context, limes_kernel(context, model, x, y, &(limes_kernel_output){.nngp = alone}));
    assert_near(alone, k.nngp, 40, tolerance, subjects[s].text);
    assert_ok(context, limes_kernel(context, model, x, y, &(limes_kernel_output){.ntk = alone}));
    assert_near(alone, k.ntk, 40, tolerance, subjects[s].text);
    limes_model_destroy(model);
    free_kernels(&k);
    limes_batch_destroy(x);
    limes_batch_destroy(y);
  }
}

/* Without positions, attention followed by pooling sees a set of tokens. */
static void attention_without_positions_ignores_the_order_of_tokens(void **state) {
  enum { N = 4, T = 7, C = 3 };
  limes_context *context = *state;
  const char *text = "dense(b_std=0.2) relu attention(q_std=2) relu attention(zeta=relu) layer_norm relu global_avg_pool dense";
  double *x = random_numbers(31, N * T * C), *moved = numbers(N * T * C);
  for (size_t i = 0; i < N; i++)
    for (size_t a = 0; a < T; a++)
      memcpy(moved + (i * T + (a * (2 + i % 3) + i) % T) * C, x + (i * T + a) * C, C * sizeof *x);
  limes_batch *a = batch_of(context, x, 1, N, T, 1, C, NULL), *b = batch_of(context, moved, 1, N, T, 1, C, NULL);
  kernels k = kernel_of(context, text, a, NULL), other = kernel_of(context, text, b, NULL);
  assert_kernels_near(&other, &k, 1e-12, text);
  free_kernels(&other);
  other = kernel_of(context, "dense attention(position=sum, decay=relative) relu global_avg_pool", b, NULL);
  kernels ordered = kernel_of(context, "dense attention(position=sum, decay=relative) relu global_avg_pool", a, NULL);
  assert_true(fabs(other.nngp[1] - ordered.nngp[1]) > 1e-4); /* with positions it does not */
  free_kernels(&k);
  free_kernels(&other);
  free_kernels(&ordered);
  limes_batch_destroy(a);
  limes_batch_destroy(b);
  free(x);
  free(moved);
}

/* Scaling all inputs by c scales a network without biases by c^2. */
static void networks_without_biases_are_homogeneous(void **state) {
  limes_context *context = *state;
  const char *text = "conv(3, w_std=1.3) relu conv(2) abs avg_pool(2) dense leaky_relu(0.2) global_avg_pool dense";
  double *x = random_numbers(5, 6 * 8 * 2), *larger = numbers(6 * 8 * 2);
  for (size_t i = 0; i < 6 * 8 * 2; i++)
    larger[i] = 1e3 * x[i];
  limes_batch *a = batch_of(context, x, 1, 6, 8, 1, 2, NULL), *b = batch_of(context, larger, 1, 6, 8, 1, 2, NULL);
  kernels k = kernel_of(context, text, a, NULL), other = kernel_of(context, text, b, NULL);
  for (size_t i = 0; i < 36; i++) {
    other.nngp[i] /= 1e6;
    other.ntk[i] /= 1e6;
  }
  assert_kernels_near(&other, &k, 1e-12, text);
  free_kernels(&k);
  free_kernels(&other);
  limes_batch_destroy(a);
  limes_batch_destroy(b);
  free(x);
  free(larger);
}

/* relu is homogeneous: whatever the scale of the weights, correlations are the same, down to variances that are denormal */
static void correlations_do_not_depend_on_the_scale_of_the_weights(void **state) {
  limes_context *context = *state;
  limes_batch *batch = random_vectors(context, 3, 2, 4);
  const char *const models[] = {"repeat(500, dense(w_std=sqrt(2)) relu) dense", "repeat(500, dense relu) dense",
                                "repeat(500, dense(w_std=0.8) relu) dense", "repeat(500, dense(w_std=2.6) relu) dense"};
  double expected = 0;
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    double k[4];
    limes_model *model = parsed(context, models[i]);
    assert_ok(context, limes_kernel(context, model, batch, NULL, &(limes_kernel_output){.nngp = k}));
    double correlation = k[1] / sqrt(k[0]) / sqrt(k[3]);
    expected = i == 0 ? correlation : expected;
    assert_close_at(correlation, expected, 1e-12, i);
    limes_model_destroy(model);
  }
  limes_batch_destroy(batch);
}

static void kernels_that_overflow_are_refused(void **state) {
  limes_context *context = *state;
  limes_batch *batch = random_vectors(context, 3, 2, 4);
  limes_model *model = parsed(context, "dense(w_std=1e100) dense(w_std=1e100) dense");
  double k[4];
  assert_int_equal(limes_kernel(context, model, batch, NULL, &(limes_kernel_output){.nngp = k}), LIMES_BAD_INPUT);
  assert_non_null(strstr(limes_error(context), "too large"));
  limes_model_destroy(model);
  limes_batch_destroy(batch);
}

/* explain measures parts of blocks wherever they lie: their traces must fit whatever the lengths around them */
static void explaining_unequal_lengths_stays_within_its_memory(void **state) {
  limes_context *context = *state;
  size_t lengths[160], total = 0;
  for (size_t i = 0; i < 160; i++)
    total += lengths[i] = i % 32 < 16 ? 2 : 60;
  double *x = random_numbers(5, total);
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_create_ragged(context, 160, 1, lengths, x, &batch));
  limes_model *model = parsed(context, "conv(3) relu attention relu global_avg_pool dense");
  limes_plan_report report;
  assert_ok(context, limes_explain(context, model, batch, NULL, true, true, &report));
  assert_true(report.seconds > 0 && report.seconds < 3600);
  limes_free(report.text);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(symmetric_kernels_are_symmetric),
      cmocka_unit_test(correlations_do_not_depend_on_the_scale_of_the_weights),
      cmocka_unit_test(kernels_that_overflow_are_refused),
      cmocka_unit_test(explaining_unequal_lengths_stays_within_its_memory),
      cmocka_unit_test(cross_kernels_equal_symmetric_ones),
      cmocka_unit_test(exchanging_the_batches_transposes),
      cmocka_unit_test(kernels_have_no_negative_eigenvalue),
      cmocka_unit_test(reordering_items_reorders_the_kernel),
      cmocka_unit_test(diagonal_equals_the_kernel_s_diagonal),
      cmocka_unit_test(asking_for_one_kernel_gives_the_same),
      cmocka_unit_test(attention_without_positions_ignores_the_order_of_tokens),
      cmocka_unit_test(networks_without_biases_are_homogeneous),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
