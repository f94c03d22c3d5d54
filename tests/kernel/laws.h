/* What tests of kernels share: random data, models, kernels in matrices. Everything stops the test where it fails. */
#ifndef LIMES_TESTS_LAWS_H
#define LIMES_TESTS_LAWS_H

#include "helpers.h"
#include "limes/limes.h"

/* A small generator of its own (splitmix64), so that tests depend on no library's. */
typedef struct {
  uint64_t state;
} random_stream;

static inline uint64_t random_bits(random_stream *stream) {
  uint64_t z = (stream->state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static inline double random_between(random_stream *stream, double low, double high) {
  return low + (high - low) * ((double)(random_bits(stream) >> 11) * 0x1p-53);
}

/* low, low + 1, ... high */
static inline size_t random_count(random_stream *stream, size_t low, size_t high) {
  return low + random_bits(stream) % (high - low + 1);
}

static inline double random_normal(random_stream *stream) {
  double radius = sqrt(-2 * log(random_between(stream, 0x1p-53, 1)));
  return radius * cos(6.283185307179586 * random_between(stream, 0, 1));
}

static inline double *numbers(size_t n) {
  double *array = calloc(n, sizeof *array);
  assert_non_null(array);
  return array;
}

static inline double *random_numbers(uint64_t seed, size_t n) {
  random_stream stream = {seed};
  double *array = numbers(n);
  for (size_t i = 0; i < n; i++)
    array[i] = random_normal(&stream);
  return array;
}

/* Group fixtures: the state is a context. */
static inline int make_context(void **state) {
  limes_context *context = NULL;
  if (limes_context_create(&context) != LIMES_OK)
    return -1;
  *state = context;
  return 0;
}

static inline int destroy_context(void **state) {
  limes_context_destroy(*state);
  return 0;
}

static inline limes_model *parsed(limes_context *context, const char *text) {
  limes_model *model = NULL;
  if (limes_model_parse(context, text, &model) != LIMES_OK)
    fail_msg("%s: %s", text, limes_error(context));
  return model;
}

static inline limes_batch *batch_of(limes_context *context, const double *x, unsigned axes, size_t items, size_t height,
                                    size_t width, size_t features, const uint8_t *mask) {
  limes_array array = {
      .data = x, .dtype = LIMES_FLOAT64, .axes = axes, .items = items, .size = {height, width}, .features = features};
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_create(context, &array, mask, NULL, &batch));
  return batch;
}

/* N random items without positions */
static inline limes_batch *random_vectors(limes_context *context, uint64_t seed, size_t items, size_t features) {
  double *x = random_numbers(seed, items * features);
  limes_batch *batch = batch_of(context, x, 0, items, 1, 1, features, NULL);
  free(x);
  return batch;
}

static inline limes_batch *random_sequences(limes_context *context, uint64_t seed, size_t items, size_t length, size_t features) {
  double *x = random_numbers(seed, items * length * features);
  limes_batch *batch = batch_of(context, x, 1, items, length, 1, features, NULL);
  free(x);
  return batch;
}

static inline limes_batch *random_images(limes_context *context, uint64_t seed, size_t items, size_t height, size_t width,
                                         size_t features) {
  double *x = random_numbers(seed, items * height * width * features);
  limes_batch *batch = batch_of(context, x, 2, items, height, width, features, NULL);
  free(x);
  return batch;
}

/* N random sequences of the given lengths */
static inline limes_batch *random_ragged(limes_context *context, uint64_t seed, size_t items, const size_t *lengths,
                                         size_t features) {
  size_t total = 0;
  for (size_t i = 0; i < items; i++)
    total += lengths[i];
  double *x = random_numbers(seed, total * features);
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_create_ragged(context, items, features, lengths, x, &batch));
  free(x);
  return batch;
}

/* Two matrices [rows, columns], or [N_A, N_B, a..., b...] */
typedef struct {
  size_t rows, columns;
  double *nngp, *ntk;
} kernels;

static inline kernels new_kernels(size_t rows, size_t columns) {
  return (kernels){rows, columns, numbers(rows * columns), numbers(rows * columns)};
}

static inline void free_kernels(kernels *k) {
  free(k->nngp);
  free(k->ntk);
}

/* b = NULL: symmetric */
static inline kernels kernel_of(limes_context *context, const char *text, const limes_batch *a, const limes_batch *b) {
  limes_model *model = parsed(context, text);
  kernels k = new_kernels(limes_batch_items(a), limes_batch_items(b == NULL ? a : b));
  limes_kernel_output out = {.nngp = k.nngp, .ntk = k.ntk};
  if (limes_kernel(context, model, a, b, &out) != LIMES_OK)
    fail_msg("%s: %s", text, limes_error(context));
  limes_model_destroy(model);
  return k;
}

/* The kernel of a model that keeps its positions, as a matrix [N_A N_B, T T] */
static inline kernels positions_of(limes_context *context, const char *text, const limes_batch *a, const limes_batch *b) {
  limes_model *model = parsed(context, text);
  unsigned axes = 0;
  size_t size[4] = {1, 1, 1, 1}, rows = limes_batch_items(a) * limes_batch_items(b == NULL ? a : b), columns = 1;
  if (limes_kernel_positions(context, model, a, b, &(limes_kernel_output){0}, &axes, size) != LIMES_OK)
    fail_msg("%s: %s", text, limes_error(context));
  for (unsigned k = 0; k < 2 * axes; k++)
    columns *= size[k];
  kernels k = new_kernels(rows, columns);
  limes_kernel_output out = {.nngp = k.nngp, .ntk = k.ntk};
  if (limes_kernel_positions(context, model, a, b, &out, &axes, size) != LIMES_OK)
    fail_msg("%s: %s", text, limes_error(context));
  limes_model_destroy(model);
  return k;
}

#define assert_same_bits(a, b, n, what) limes_assert_near((a), (b), (n), 0, (what), __FILE__, __LINE__)
/* Every entry within tolerance times the largest one */
#define assert_near(a, b, n, tolerance, what) limes_assert_near((a), (b), (n), (tolerance), (what), __FILE__, __LINE__)

static inline void limes_assert_near(const double *a, const double *b, size_t n, double tolerance, const char *what,
                                     const char *file, int line) {
  double largest = 0, worst = -1;
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    largest = fmax(largest, fabs(b[i]));
    double difference = a[i] == b[i] ? 0 : isfinite(a[i] - b[i]) ? fabs(a[i] - b[i]) : INFINITY;
    if (difference > worst) {
      worst = difference;
      at = i;
    }
  }
  if (worst <= tolerance * largest)
    return;
  print_error("%s: entry %zu is %.17g, should be %.17g: they differ by %.3g, allowed %.3g\n", what, at, a[at], b[at], worst,
              tolerance * largest);
  _fail(file, line);
}

static inline void assert_kernels_near(const kernels *a, const kernels *b, double tolerance, const char *what) {
  assert_int_equal(a->rows * a->columns, b->rows * b->columns);
  assert_near(a->nngp, b->nngp, a->rows * a->columns, tolerance, what);
  assert_near(a->ntk, b->ntk, a->rows * a->columns, tolerance, what);
}

#endif
