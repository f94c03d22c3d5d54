/* Laws of kernels of many items, and of a few models; those that hold for every layer are in tests/conformance. */
#include "kernel/laws.h"

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
    {"dense attention(qk_correlation=0.6, zeta=identity, position=concat) relu flatten dense", IMAGES},
    {"dense relu attention(qk_correlation=0.7, zeta=relu, causal=yes, position=sum) relu global_avg_pool dense", RAGGED},
    {"conv(2) attention_pool(learned, scale=sqrt, zeta=abs, position=concat, decay=cauchy) relu dense", RAGGED},
    {"conv(3x2) relu conv(2, padding=valid) relu avg_pool(2x1, padding=same, normalize_edges=yes) global_avg_pool dense", IMAGES},
    {"conv(3) relu attention(position=sum, decay=relative, k_std=2) layer_norm(axes=all) relu flatten dense", IMAGES},
};
#define SUBJECTS (sizeof subjects / sizeof *subjects)

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

/* Of several tiles, on the diagonal and off it */
static void parts_of_a_large_kernel_are_kernels_of_the_parts(void **state) {
  enum { N = 50, FEW = 7 };
  limes_context *context = *state;
  for (size_t s = 0; s < SUBJECTS; s++) {
    limes_batch *x = items_of(context, subjects[s].items, s, N), *few = items_of(context, subjects[s].items, s, FEW);
    kernels k = kernel_of(context, subjects[s].text, x, NULL), small = kernel_of(context, subjects[s].text, few, NULL),
            part = new_kernels(FEW, FEW);
    for (size_t i = 0; i < N; i++)
      for (size_t j = 0; j < N; j++) {
        if (k.nngp[i * N + j] != k.nngp[j * N + i] || k.ntk[i * N + j] != k.ntk[j * N + i])
          fail_msg("%s: entries (%zu, %zu) and (%zu, %zu) differ", subjects[s].text, i, j, j, i);
        if (i < FEW && j < FEW) {
          part.nngp[i * FEW + j] = k.nngp[i * N + j];
          part.ntk[i * FEW + j] = k.ntk[i * N + j];
        }
      }
    assert_kernels_near(&part, &small, 1e-12, subjects[s].text);
    free_kernels(&k);
    free_kernels(&small);
    free_kernels(&part);
    limes_batch_destroy(x);
    limes_batch_destroy(few);
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
      cmocka_unit_test(parts_of_a_large_kernel_are_kernels_of_the_parts),
      cmocka_unit_test(correlations_do_not_depend_on_the_scale_of_the_weights),
      cmocka_unit_test(kernels_that_overflow_are_refused),
      cmocka_unit_test(explaining_unequal_lengths_stays_within_its_memory),
      cmocka_unit_test(reordering_items_reorders_the_kernel),
      cmocka_unit_test(attention_without_positions_ignores_the_order_of_tokens),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
