/* The same numbers in another order, another precision or another array give the same kernel. */
#include "kernel/laws.h"

enum { N = 5, H = 4, W = 3, C = 2 };

static const char *const model = "conv(3x2, b_std=0.2) relu attention(position=sum, decay=relative) relu flatten dense";

/* Numbers that float32 holds exactly, [N,H,W,C] */
static double *plain_numbers(void) {
  double *x = random_numbers(1, N * H * W * C);
  for (size_t i = 0; i < N * H * W * C; i++)
    x[i] = (double)(float)x[i];
  return x;
}

static size_t plain_index(size_t i, size_t h, size_t w, size_t c) { return ((i * H + h) * W + w) * C + c; }

/* The kernel of x laid out with these strides (of item, row, column, feature), from an offset on */
static kernels laid_out(limes_context *context, const double *x, limes_dtype dtype, size_t room, size_t offset,
                        const ptrdiff_t stride[4]) {
  double *wide = numbers(room);
  float *narrow = calloc(room, sizeof *narrow);
  assert_non_null(narrow);
  for (size_t i = 0; i < N; i++)
    for (size_t h = 0; h < H; h++)
      for (size_t w = 0; w < W; w++)
        for (size_t c = 0; c < C; c++) {
          ptrdiff_t at = (ptrdiff_t)offset + (ptrdiff_t)i * stride[0] + (ptrdiff_t)h * stride[1] + (ptrdiff_t)w * stride[2] +
                         (ptrdiff_t)c * stride[3];
          assert_true(at >= 0 && (size_t)at < room);
          wide[at] = x[plain_index(i, h, w, c)];
          narrow[at] = (float)wide[at];
        }
  limes_array array = {.data = dtype == LIMES_FLOAT64 ? (const void *)(wide + offset) : (const void *)(narrow + offset),
                       .dtype = dtype,
                       .axes = 2,
                       .items = N,
                       .size = {H, W},
                       .features = C,
                       .stride = {stride[0], stride[1], stride[2], stride[3]}};
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  free(wide); /* the batch keeps copies */
  free(narrow);
  kernels k = kernel_of(context, model, batch, NULL);
  limes_batch_destroy(batch);
  return k;
}

static void order_and_precision_of_the_input_do_not_matter(void **state) {
  limes_context *context = *state;
  double *x = plain_numbers();
  limes_batch *batch = batch_of(context, x, 2, N, H, W, C, NULL);
  kernels k = kernel_of(context, model, batch, NULL);
  const struct {
    size_t room, offset;
    ptrdiff_t stride[4];
  } layouts[] = {
      {N * H * W * C, 0, {H * W * C, W * C, C, 1}},                      /* C order, said aloud */
      {N * H * W * C, 0, {1, N, N * H, N * H * W}},                      /* column-major */
      {N * H * W * C, 0, {H * W * C, W, 1, H * W}},                      /* channels first */
      {2 * N * H * W * C, 1, {2 * H * W * C, 2 * W * C, 2 * C, 2}},      /* every second number */
      {N * H * W * C, (N - 1) * H * W * C, {-(H * W * C), W * C, C, 1}}, /* backwards over items, read forwards */
  };
  for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++)
    for (int dtype = 0; dtype < 2; dtype++) {
      kernels other =
          laid_out(context, x, dtype == 0 ? LIMES_FLOAT64 : LIMES_FLOAT32, layouts[l].room, layouts[l].offset, layouts[l].stride);
      assert_kernels_near(&other, &k, 0, "another layout");
      free_kernels(&other);
    }
  free_kernels(&k);
  limes_batch_destroy(batch);
  free(x);
}

/* Models built by calls equal parsed ones. */
static void built_models_equal_parsed_ones(void **state) {
  limes_context *context = *state;
  double *x = plain_numbers();
  limes_batch *batch = batch_of(context, x, 2, N, H, W, C, NULL);
  limes_model *built = NULL;
  assert_ok(context, limes_model_create(context, &built));
  assert_ok(context, limes_model_add(context, built, "conv"));
  assert_ok(context, limes_model_set(context, built, "filter", "3x2"));
  assert_ok(context, limes_model_set_number(context, built, "b_std", 0.2));
  assert_ok(context, limes_model_open(context, built, "residual"));
  assert_ok(context, limes_model_set(context, built, "alpha", "0.25"));
  assert_ok(context, limes_model_add(context, built, "relu"));
  assert_ok(context, limes_model_add(context, built, "attention"));
  assert_ok(context, limes_model_set(context, built, "position", "sum"));
  assert_ok(context, limes_model_close(context, built));
  assert_ok(context, limes_model_add(context, built, "flatten"));
  kernels a = new_kernels(N, N),
          b = kernel_of(context, "conv(3x2, b_std=0.2) residual(relu attention(position=sum), alpha=0.25) flatten", batch, NULL);
  assert_ok(context, limes_kernel(context, built, batch, NULL, &(limes_kernel_output){.nngp = a.nngp, .ntk = a.ntk}));
  assert_kernels_near(&a, &b, 0, "built by calls");
  limes_model_destroy(built);
  free_kernels(&a);
  free_kernels(&b);
  limes_batch_destroy(batch);
  free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(order_and_precision_of_the_input_do_not_matter),
                                     cmocka_unit_test(built_models_equal_parsed_ones)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
