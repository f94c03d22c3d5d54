/* Layers walked together along diagonals give what they give one by one. `slice(:)` changes nothing and ends a chain. */
#include "kernel/laws.h"

/* %s: what ends a chain, or nothing */
static const char *const images[] = {
    "conv(3) %s relu %s conv(3, b_std=0.3) %s relu %s global_avg_pool dense",
    "conv(3, w_std=1.4, b_std=0.1) %s erf %s conv(2) %s abrelu(-0.5, 2) %s global_sum_pool dense",
    "conv(5x3) %s layer_norm %s gelu %s conv(3x4, b_std=0.2) %s leaky_relu %s global_avg_pool",
    "conv(1x7) %s tanh(order=16) %s conv(4) %s exp(b=0.3) %s global_avg_pool dense",
    ("conv(3) %s relu %s conv(3) %s relu %s attention(position=sum) %s conv(3) relu conv(3) %s relu %s attention relu "
     "global_avg_pool"),
    "avg_pool(1) %s conv(3) %s relu %s conv(3) %s relu %s global_avg_pool dense",
    "conv(1) residual(conv(3) %s relu %s conv(3) %s relu conv(1)) %s relu %s global_avg_pool dense",
    "sum(attention | conv(3) %s relu %s conv(3)) global_avg_pool dense",
    "sum(conv(3) %s relu %s conv(3) | conv(2) %s relu %s conv(3) %s relu) global_avg_pool dense",
    "conv(3) relu conv(3) attention(scale=sqrt, samples=1) conv(3) %s relu %s conv(3) %s relu %s global_avg_pool dense",
    "conv(3) relu conv(3) relu %s correlated_readout(length_scale=2) dense",
};
static const char *const sequences[] = {
    "conv(5, b_std=0.3) %s relu %s conv(4) %s layer_norm %s conv(3) %s attention(position=sum) global_avg_pool dense",
    "conv(9) %s sin %s conv(2, b_std=0.5) %s abs %s global_avg_pool",
};

/* The model with `between` at every %s. */
static void write_model(const char *pattern, const char *between, char *text, size_t size) {
  size_t used = 0;
  for (const char *at = pattern; *at != '\0' && used + 32 < size;) {
    if (strncmp(at, "%s", 2) == 0) {
      used += (size_t)snprintf(text + used, size - used, "%s", between);
      at += 2;
    } else
      text[used++] = *at++;
  }
  text[used] = '\0';
}

/* tolerance: 2e-14, but where angles near 0 lose digits of the NTK (docs/mathematics.md, section 3) */
static void assert_same_with_and_without(limes_context *context, const char *pattern, const char *between, const limes_batch *x,
                                         const limes_batch *y, double tolerance) {
  char together[400], apart[400];
  write_model(pattern, "", together, sizeof together);
  write_model(pattern, between, apart, sizeof apart);
  const limes_batch *against[] = {NULL, y};
  for (int k = 0; k < 2; k++) {
    kernels a = kernel_of(context, together, x, against[k]), b = kernel_of(context, apart, x, against[k]);
    assert_kernels_near(&a, &b, tolerance, together);
    free_kernels(&a);
    free_kernels(&b);
  }
}

static void chains_over_images_are_their_layers_one_by_one(void **state) {
  limes_batch *x = random_images(*state, 1, 3, 12, 11, 3), *y = random_images(*state, 2, 2, 12, 11, 3);
  for (size_t m = 0; m < sizeof images / sizeof *images; m++)
    assert_same_with_and_without(*state, images[m], " slice(:, :) ", x, y,
                                 strstr(images[m], "attention") != NULL ? 1e-12 : 2e-14);
  limes_batch_destroy(x);
  limes_batch_destroy(y);
}

/* More features than are multiplied diagonal by diagonal */
static void chains_behind_many_features_are_their_layers_one_by_one(void **state) {
  limes_batch *x = random_images(*state, 3, 2, 7, 16, 20), *y = random_images(*state, 4, 2, 7, 16, 20);
  for (size_t m = 0; m < 3; m++)
    assert_same_with_and_without(*state, images[m], " slice(:, :) ", x, y, 2e-14);
  limes_batch_destroy(x);
  limes_batch_destroy(y);
}

static void chains_over_sequences_are_their_layers_one_by_one(void **state) {
  limes_batch *x = random_sequences(*state, 5, 3, 130, 2), *y = random_sequences(*state, 6, 2, 130, 2);
  for (size_t m = 0; m < sizeof sequences / sizeof *sequences; m++)
    assert_same_with_and_without(*state, sequences[m], " slice(:) ", x, y, 2e-14);
  limes_batch_destroy(x);
  limes_batch_destroy(y);
}

/* The NNGP alone, equal items, items of zeros */
static void chains_know_equal_items_and_zeros(void **state) {
  enum { H = 10, W = 12, C = 2, N = 4 };
  double *pixels = random_numbers(7, N * H * W * C);
  memcpy(pixels + H * W * C, pixels, H * W * C * sizeof *pixels);
  memset(pixels + 2 * H * W * C, 0, H * W * C * sizeof *pixels);
  limes_batch *x = batch_of(*state, pixels, 2, N, H, W, C, NULL);
  assert_same_with_and_without(*state, images[0], " slice(:, :) ", x, x, 1e-9);
  limes_model *model = parsed(*state, "conv(3) relu conv(3) relu global_avg_pool dense");
  kernels both = kernel_of(*state, "conv(3) relu conv(3) relu global_avg_pool dense", x, NULL);
  double alone[N * N];
  limes_kernel_output out = {.nngp = alone};
  assert_ok(*state, limes_kernel(*state, model, x, NULL, &out));
  assert_near(alone, both.nngp, N * N, 1e-15, "the NNGP alone");
  assert_true(both.nngp[1] == both.nngp[0] || fabs(both.nngp[1] - both.nngp[0]) < 1e-14 * both.nngp[0]);
  free_kernels(&both);
  limes_model_destroy(model);
  limes_batch_destroy(x);
  free(pixels);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_over_images_are_their_layers_one_by_one),
      cmocka_unit_test(chains_behind_many_features_are_their_layers_one_by_one),
      cmocka_unit_test(chains_over_sequences_are_their_layers_one_by_one),
      cmocka_unit_test(chains_know_equal_items_and_zeros),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
