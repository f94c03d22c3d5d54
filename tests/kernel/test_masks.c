/* What masks mean, for a few models; that a masked tail is removed, and that nothing sees what stands in holes, is asked of every
 * layer in tests/conformance. */
#include "kernel/laws.h"

enum { N = 5, T = 7, C = 3 };

/* An image cut to a box equals the small image. */
static void masking_an_image_to_a_box_equals_cutting_it(void **state) {
  enum { H = 4, W = 5, HEIGHT = 3, WIDTH = 2 };
  limes_context *context = *state;
  const char *models[] = {
      "conv(3, b_std=0.2) relu conv(2, stride=2) relu global_avg_pool dense",
      "conv(2, padding=valid) relu global_avg_pool dense",
      "local_conv(2) relu sum_pool(2, stride=1) global_sum_pool dense",
      "conv_transpose(3x2, stride=2, padding=circular) relu slice(1:5, :3) resize(2x5) flatten",
      "conv(3x2, padding=circular) relu attention(position=sum, decay=relative) layer_norm(axes=all) relu global_avg_pool",
  };
  double *x = random_numbers(3, 2 * H * W * C), *small = numbers(HEIGHT * WIDTH * C);
  uint8_t mask[2 * H * W] = {0};
  for (size_t a = 0; a < H * W; a++) {
    bool inside = a / W < HEIGHT && a % W < WIDTH;
    mask[H * W + a] = !inside;
    if (inside)
      memcpy(small + (a / W * WIDTH + a % W) * C, x + (H * W + a) * C, C * sizeof *x);
  }
  limes_batch *masked = batch_of(context, x, 2, 2, H, W, C, mask), *first = batch_of(context, x, 2, 1, H, W, C, NULL),
              *second = batch_of(context, small, 2, 1, HEIGHT, WIDTH, C, NULL);
  for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
    kernels k = kernel_of(context, models[m], masked, NULL), cross = kernel_of(context, models[m], first, second),
            own = kernel_of(context, models[m], second, NULL);
    assert_close(k.nngp[1], cross.nngp[0], 1e-13 * fabs(cross.nngp[0]));
    assert_close(k.ntk[1], cross.ntk[0], 1e-13 * fabs(cross.ntk[0]));
    assert_close(k.nngp[3], own.nngp[0], 1e-13 * own.nngp[0]);
    assert_close(k.ntk[3], own.ntk[0], 1e-13 * own.ntk[0]);
    free_kernels(&k);
    free_kernels(&cross);
    free_kernels(&own);
  }
  limes_batch_destroy(masked);
  limes_batch_destroy(first);
  limes_batch_destroy(second);
  free(x);
  free(small);
}

static const uint8_t holes[N * T] = {0, 1, 0, 0, 0, 0, 0, /**/ 1, 0, 0, 1,      0, 0, 0, /**/ 0, 0, 0, 0,
                                     0, 0, 0, 1, 1, 1, 0, 0,      1, 0, /**/ 0, 0, 0, 1, 1,      0, 0};

/* Where nothing asks how far positions are apart, a hole is as good as removed. */
static void holes_are_removed_where_distance_does_not_matter(void **state) {
  limes_context *context = *state;
  const char *models[] = {
      "dense(b_std=0.3) relu dense(b_std=0.2) abs global_avg_pool dense",
      "dense(b_std=0.3) relu attention(q_std=2, b_std=0.2) erf(c=0.4) attention(zeta=abs) relu global_avg_pool dense",
      "dense(b_std=0.1) layer_norm(axes=all) relu dense layer_norm attention(causal=yes) layer_norm(axes=all) global_avg_pool",
      "conv(1, b_std=0.3) relu residual(dense(b_std=0.1)) dense relu global_avg_pool dense",
  };
  double *x = random_numbers(4, N * T * C), *packed = numbers(N * T * C);
  size_t left[N] = {0}, total = 0;
  for (size_t i = 0; i < N * T; i++)
    if (!holes[i]) {
      memcpy(packed + total++ * C, x + i * C, C * sizeof *x);
      left[i / T]++;
    }
  limes_batch *holed = batch_of(context, x, 1, N, T, 1, C, holes), *removed = NULL;
  assert_ok(context, limes_batch_create_ragged(context, N, C, left, packed, &removed));
  for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
    kernels k = kernel_of(context, models[m], holed, NULL), other = kernel_of(context, models[m], removed, NULL);
    assert_kernels_near(&k, &other, 1e-13, models[m]);
    free_kernels(&k);
    free_kernels(&other);
  }
  limes_batch_destroy(holed);
  limes_batch_destroy(removed);
  free(x);
  free(packed);
}

/* One convolution without bias sees zeros at a hole; pooled over the visible positions that is a sum we can write out. */
static void holes_give_zeros_to_convolutions(void **state) {
  limes_context *context = *state;
  double *x = random_numbers(7, N * T * C), *zeroed = numbers(N * T * C);
  size_t seen[N] = {0};
  for (size_t i = 0; i < N * T; i++) {
    seen[i / T] += !holes[i];
    if (!holes[i])
      memcpy(zeroed + i * C, x + i * C, C * sizeof *x);
  }
  limes_batch *holed = batch_of(context, x, 1, N, T, 1, C, holes), *plain = batch_of(context, zeroed, 1, N, T, 1, C, NULL);
  kernels k = kernel_of(context, "conv(3) global_avg_pool", holed, NULL), full = positions_of(context, "conv(3)", plain, NULL);
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < N; j++) {
      double sum = 0;
      for (size_t a = 0; a < T; a++)
        for (size_t b = 0; b < T; b++)
          if (!holes[i * T + a] && !holes[j * T + b])
            sum += full.nngp[(i * N + j) * T * T + a * T + b] / (double)(seen[i] * seen[j]);
      assert_close_at(k.nngp[i * N + j], sum, 1e-14, i * N + j);
    }
  free_kernels(&k);
  free_kernels(&full);
  limes_batch_destroy(holed);
  limes_batch_destroy(plain);
  free(x);
  free(zeroed);
}

static void layers_that_cannot_take_holes_refuse_them(void **state) {
  limes_context *context = *state;
  const char *models[] = {"conv(3) flatten dense",
                          "conv(3, padding=valid) global_avg_pool",
                          "conv(3, padding=circular) global_avg_pool",
                          "conv(3, stride=2) global_avg_pool",
                          "local_conv(3) global_avg_pool",
                          "conv_transpose(3) global_avg_pool",
                          "resize(3) global_avg_pool",
                          "slice(0:2) global_avg_pool",
                          "sum_pool(2) global_avg_pool",
                          "avg_pool(2) global_avg_pool",
                          "avg_pool(2, stride=1, padding=same) global_avg_pool"};
  double *x = random_numbers(8, N * T * C), out[N * N];
  limes_batch *holed = batch_of(context, x, 1, N, T, 1, C, holes);
  for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
    limes_model *model = parsed(context, models[m]);
    limes_status status = limes_kernel(context, model, holed, NULL, &(limes_kernel_output){.nngp = out});
    if (status != LIMES_WRONG_USE ||
        (strstr(limes_error(context), "hol") == NULL && strstr(limes_error(context), "hidden") == NULL))
      fail_msg("%s: %s: %s", models[m], limes_status_text(status), limes_error(context));
    limes_model_destroy(model);
  }
  limes_batch_destroy(holed);
  free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(masking_an_image_to_a_box_equals_cutting_it),
      cmocka_unit_test(holes_are_removed_where_distance_does_not_matter),
      cmocka_unit_test(holes_give_zeros_to_convolutions),
      cmocka_unit_test(layers_that_cannot_take_holes_refuse_them),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
