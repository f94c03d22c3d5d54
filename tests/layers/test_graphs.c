/* aggregate against P^T K P' written as loops, and where the edges of a batch come from. */
#include "kernel/laws.h"

enum { N = 3, T = 5, C = 2 };

static const int64_t lengths[N] = {5, 3, 4};

/* pattern [N,T,T]: about half of the edges are there; whatever stands behind an item's end is no number */
static void fill_pattern(uint64_t seed, double *pattern) {
  random_stream stream = {seed};
  for (size_t i = 0; i < N; i++)
    for (size_t a = 0; a < T; a++)
      for (size_t b = 0; b < T; b++) {
        bool there = (int64_t)a < lengths[i] && (int64_t)b < lengths[i];
        double weight = random_count(&stream, 0, 1) == 0 ? 0 : random_normal(&stream);
        pattern[(i * T + a) * T + b] = there ? weight : NAN;
      }
}

static limes_batch *graphs(limes_context *context, uint64_t seed, const double *pattern, const uint8_t *mask) {
  double *x = random_numbers(seed, N * T * C);
  limes_array array = {.data = x, .axes = 1, .items = N, .size = {T}, .features = C};
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_create(context, &array, mask, mask == NULL ? lengths : NULL, &batch));
  assert_ok(context, limes_batch_set_pattern(context, batch, pattern, (const size_t[]){T}));
  free(x);
  return batch;
}

/* out = P^T in P' between items i and j; in, out [T][T], zeros behind the items' ends */
static void aggregate(const double *pattern, size_t i, size_t j, double in[T][T], double out[T][T]) {
  memset(out, 0, sizeof(double) * T * T);
  for (size_t a = 0; a < (size_t)lengths[i]; a++)
    for (size_t b = 0; b < (size_t)lengths[j]; b++)
      for (size_t c = 0; c < (size_t)lengths[i]; c++)
        for (size_t d = 0; d < (size_t)lengths[j]; d++)
          out[a][b] += pattern[(i * T + c) * T + a] * in[c][d] * pattern[(j * T + d) * T + b];
}

static void input_of(const limes_batch *x, size_t i, size_t j, double in[T][T]) {
  memset(in, 0, sizeof(double) * T * T);
  for (size_t a = 0; a < (size_t)lengths[i]; a++)
    for (size_t b = 0; b < (size_t)lengths[j]; b++)
      for (size_t c = 0; c < C; c++)
        in[a][b] += limes_batch_item(x, i)[a * C + c] * limes_batch_item(x, j)[b * C + c] / C;
}

static double total(double values[T][T]) {
  double sum = 0;
  for (size_t a = 0; a < T; a++)
    for (size_t b = 0; b < T; b++)
      sum += values[a][b];
  return sum;
}

static void aggregate_equals_its_loop(void **state) {
  limes_context *context = *state;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    double pattern[N * T * T], in[T][T], once[T][T], twice[T][T];
    fill_pattern(seed, pattern);
    limes_batch *x = graphs(context, seed, pattern, NULL);
    kernels sums = kernel_of(context, "aggregate dense aggregate global_sum_pool", x, NULL),
            diagonals = kernel_of(context, "aggregate slice(0:3) flatten", x, NULL);
    for (size_t i = 0; i < N; i++)
      for (size_t j = 0; j < N; j++) {
        input_of(x, i, j, in);
        aggregate(pattern, i, j, in, once);
        aggregate(pattern, i, j, once, twice);
        double equal = (once[0][0] + once[1][1] + once[2][2]) / 3, sum = total(twice);
        assert_close_at(sums.nngp[i * N + j], sum, 1e-12 * (1 + fabs(sum)), i * N + j);
        assert_close_at(sums.ntk[i * N + j], sum, 1e-12 * (1 + fabs(sum)), i * N + j);
        assert_close_at(diagonals.nngp[i * N + j], equal, 1e-12 * (1 + fabs(equal)), i * N + j);
      }
    free_kernels(&sums);
    free_kernels(&diagonals);
    limes_batch_destroy(x);
  }
}

/* Straight before flatten only the diagonal is made. */
static void the_diagonal_alone_is_that_of_the_matrix(void **state) {
  limes_context *context = *state;
  double *x = random_numbers(1, N * T * C), *pattern = random_numbers(2, N * T * T);
  limes_batch *batch = batch_of(context, x, 1, N, T, 1, C, NULL);
  assert_ok(context, limes_batch_set_pattern(context, batch, pattern, (const size_t[]){T}));
  kernels a = kernel_of(context, "dense erf aggregate flatten", batch, NULL),
          b = kernel_of(context, "dense erf aggregate avg_pool(1) flatten", batch, NULL);
  assert_kernels_near(&a, &b, 1e-13, "aggregate flatten");
  free_kernels(&a);
  free_kernels(&b);
  limes_batch_destroy(batch);
  free(x);
  free(pattern);
}

/* A hidden position is a node that is not there. */
static void hiding_a_node_removes_it_and_its_edges(void **state) {
  limes_context *context = *state;
  double *x = random_numbers(3, 4 * C), *pattern = random_numbers(4, 16), fewer[3 * C], between[9];
  const uint8_t mask[4] = {0, 1, 0, 0};
  const size_t kept[3] = {0, 2, 3};
  for (size_t a = 0; a < 3; a++) {
    memcpy(fewer + a * C, x + kept[a] * C, C * sizeof *x);
    for (size_t b = 0; b < 3; b++)
      between[a * 3 + b] = pattern[kept[a] * 4 + kept[b]];
  }
  limes_batch *hidden = batch_of(context, x, 1, 1, 4, 1, C, mask), *removed = batch_of(context, fewer, 1, 1, 3, 1, C, NULL);
  assert_ok(context, limes_batch_set_pattern(context, hidden, pattern, (const size_t[]){4}));
  assert_ok(context, limes_batch_set_pattern(context, removed, between, (const size_t[]){3}));
  const char *text = "dense(b_std=0.3) relu aggregate dense(b_std=0.2) relu aggregate dense global_avg_pool";
  kernels a = kernel_of(context, text, hidden, NULL), b = kernel_of(context, text, removed, NULL);
  assert_kernels_near(&a, &b, 1e-12, text);
  free_kernels(&a);
  free_kernels(&b);
  limes_batch_destroy(hidden);
  limes_batch_destroy(removed);
  free(x);
  free(pattern);
}

static limes_batch *read_batch(limes_context *context, const char *name) {
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_read(context, name, NULL, &batch));
  return batch;
}

/* x and y with their patterns; first items of y: [1:] */
static void patterns_are_read_with_their_items(void **state) {
  limes_context *context = *state;
  double pattern[N * T * T], *x = random_numbers(5, N * T * C);
  char path[] = "/tmp/limes-graphs-XXXXXX.npz", name[64];
  assert_true(mkstemps(path, 4) >= 0);
  fill_pattern(5, pattern);
  limes_named_array arrays[] = {
      {.name = "x", .rank = 3, .size = {N, T, C}, .data = x},
      {.name = "x_lengths", .rank = 1, .size = {N}, .integers = lengths},
      {.name = "x_pattern", .rank = 3, .size = {N, T, T}, .data = pattern},
      {.name = "bad", .rank = 3, .size = {N, T, C}, .data = x},
      {.name = "bad_pattern", .rank = 3, .size = {N, T, C}, .data = x},
  };
  assert_ok(context, limes_file_write(context, path, arrays, 5));
  limes_batch *made = graphs(context, 5, pattern, NULL), *batch = NULL;
  snprintf(name, sizeof name, "%s:x", path);
  limes_batch *whole = read_batch(context, name);
  snprintf(name, sizeof name, "%s:x[1:3]", path);
  limes_batch *part = read_batch(context, name);
  assert_true(limes_batch_fingerprint(made) == limes_batch_fingerprint(whole));
  kernels a = kernel_of(context, "aggregate global_sum_pool", made, part),
          b = kernel_of(context, "aggregate global_sum_pool", whole, NULL);
  for (size_t i = 0; i < N; i++)
    assert_near(a.nngp + 2 * i, b.nngp + N * i + 1, 2, 1e-13, "items 1 and 2");
  snprintf(name, sizeof name, "%s:bad", path);
  assert_int_equal(limes_batch_read(context, name, NULL, &batch), LIMES_BAD_INPUT);
  assert_non_null(strstr(limes_error(context), "pattern"));
  free_kernels(&a);
  free_kernels(&b);
  limes_batch_destroy(made);
  limes_batch_destroy(whole);
  limes_batch_destroy(part);
  free(x);
  remove(path);
}

static void edges_change_the_fingerprint(void **state) {
  limes_context *context = *state;
  double pattern[N * T * T];
  fill_pattern(6, pattern);
  limes_batch *x = graphs(context, 6, pattern, NULL);
  uint64_t before = limes_batch_fingerprint(x);
  pattern[1] += 1;
  assert_ok(context, limes_batch_set_pattern(context, x, pattern, (const size_t[]){T}));
  assert_true(limes_batch_fingerprint(x) != before);
  limes_batch_destroy(x);
}

static void expect_error(limes_context *context, limes_status status, limes_status expected, const char *words) {
  if (status != expected || strstr(limes_error(context), words) == NULL)
    fail_msg("%s: '%s', which should name '%s'", limes_status_text(status), limes_error(context), words);
}

static void patterns_without_sense_are_refused(void **state) {
  limes_context *context = *state;
  double pattern[N * T * T];
  fill_pattern(7, pattern);
  limes_batch *x = graphs(context, 7, pattern, NULL), *vectors = random_vectors(context, 1, N, C);
  expect_error(context, limes_batch_set_pattern(context, vectors, pattern, NULL), LIMES_WRONG_USE, "without positions");
  expect_error(context, limes_batch_set_pattern(context, x, pattern, (const size_t[]){T - 1}), LIMES_BAD_INPUT, "item 0");
  pattern[T + 2] = INFINITY;
  expect_error(context, limes_batch_set_pattern(context, x, pattern, (const size_t[]){T}), LIMES_BAD_INPUT,
               "from position 1 to position 2 of item 0");
  limes_batch_destroy(x);
  limes_batch_destroy(vectors);
}

static void aggregate_needs_edges_between_the_positions_it_meets(void **state) {
  limes_context *context = *state;
  double pattern[N * T * T], out[N * N];
  fill_pattern(8, pattern);
  limes_batch *x = graphs(context, 8, pattern, NULL), *plain = random_sequences(context, 1, N, T, C);
  const struct {
    const char *text;
    const limes_batch *batch;
    const char *words;
  } refused[] = {{"dense aggregate global_avg_pool", plain, "item 0: aggregate has no edges"},
                 {"slice(0:2) aggregate global_avg_pool", x, "aggregate has no edges"},
                 {"conv(3, stride=2) aggregate global_avg_pool", x, "aggregate has no edges"},
                 {"global_avg_pool aggregate", x, "global_avg_pool"}};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    limes_model *model = parsed(context, refused[i].text);
    expect_error(context, limes_kernel(context, model, refused[i].batch, NULL, &(limes_kernel_output){.nngp = out}),
                 LIMES_WRONG_USE, refused[i].words);
    limes_model_destroy(model);
  }
  limes_batch_destroy(x);
  limes_batch_destroy(plain);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(aggregate_equals_its_loop),
      cmocka_unit_test(the_diagonal_alone_is_that_of_the_matrix),
      cmocka_unit_test(hiding_a_node_removes_it_and_its_edges),
      cmocka_unit_test(patterns_are_read_with_their_items),
      cmocka_unit_test(edges_change_the_fingerprint),
      cmocka_unit_test(patterns_without_sense_are_refused),
      cmocka_unit_test(aggregate_needs_edges_between_the_positions_it_meets),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
