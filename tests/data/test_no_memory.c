/* Every allocation of reading and writing fails in turn: the call says so, and nothing leaks (run under a checker). */
#include "data/reading.h"
#include "limes/io.h"

/* Which allocation fails, from 0; negative: none. The linker sends the library's calls here. */
static long countdown = -1;
static bool failed;

static bool fails_now(void) {
  if (countdown < 0 || countdown-- > 0)
    return false;
  failed = true;
  return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size) { return fails_now() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t n, size_t size) { return fails_now() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *memory, size_t size) { return fails_now() ? NULL : __real_realloc(memory, size); }
void *__wrap_aligned_alloc(size_t alignment, size_t size) { return fails_now() ? NULL : __real_aligned_alloc(alignment, size); }

typedef limes_status action(const char *name);

static char vectors[600];
static limes_read_options options;

static limes_status read_data(const char *name) {
  limes_batch *batch;
  limes_status status = limes_batch_read(context, name, &options, &batch);
  assert_true((batch == NULL) == (status != LIMES_OK));
  limes_batch_destroy(batch);
  return status;
}

/* Fails allocation 0, 1, 2 ... until none is left to fail. */
static void every_one(const char *what, action *act, const char *name) {
  for (long k = 0;; k++) {
    failed = false;
    countdown = k;
    limes_status status = act(name);
    countdown = -1;
    if (!failed) {
      assert_ok(context, status);
      assert_true(k > 0);
      return;
    }
    if (status != LIMES_NO_MEMORY) {
      print_error("%s: allocation %ld failed and the status was \"%s\"\n", what, k, limes_status_text(status));
      fail();
    }
    assert_non_null(strstr(limes_error(context), "memory"));
  }
}

static const double x[24] = {1, 2, 3};
static const int64_t labels[4] = {0, 1, 0, 1}, lengths[4] = {2, 1, 3, 3}, mask[12] = {0, 1, 0, 0, 0, 1}, segments[12] = {0, 1, 1};

static limes_status write_arrays(const char *name) {
  const limes_named_array arrays[] = {
      {.name = "a", .rank = 3, .size = {4, 3, 2}, .data = x},
      {.name = "a_y", .rank = 1, .size = {4}, .integers = labels},
      {.name = "a_lengths", .rank = 1, .size = {4}, .integers = lengths},
      {.name = "a_segments", .rank = 2, .size = {4, 3}, .integers = segments},
      {.name = "b", .rank = 3, .size = {4, 3, 2}, .data = x},
      {.name = "b_mask", .rank = 2, .size = {4, 3}, .integers = mask},
      {.name = "text", .text = "hello"},
  };
  size_t n = strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".npy") == 0 ? 1 : sizeof arrays / sizeof arrays[0];
  return limes_file_write(context, name, arrays, n);
}

static limes_status read_text(const char *name) {
  limes_file *file;
  limes_named_array array = {0};
  limes_status status = limes_file_open(context, name, &file);
  if (status == LIMES_OK)
    status = limes_file_get(context, file, "text", &array);
  if (status == LIMES_OK)
    assert_string_equal(array.text, "hello");
  limes_file_close(file);
  return status;
}

static void writing_and_reading_arrays(void **state) {
  static const char *const names[] = {"m.npz", "m.npy", "m.h5"};
  for (size_t i = 0; i < 3; i++) {
    char inner[600];
    const char *path = files_path(state, names[i]);
    every_one("writing", write_arrays, path);
    snprintf(inner, sizeof inner, "%s%s", path, i == 1 ? "" : ":a");
    every_one("reading", read_data, inner);
    if (i != 1)
      every_one("reading text", read_text, path);
  }
  char masked[600];
  snprintf(masked, sizeof masked, "%s:b[1:]", files_path(state, "m.npz"));
  every_one("reading with a mask", read_data, masked);
  assert_int_equal(files_count(((test_files *)*state)->folder), 3);
}

static void reading_tables(void **state) {
  char name[600];
  options = (limes_read_options){.target = "c"};
  every_one("csv", read_data, files_text(state, "t.csv", "a,b,c\n1,2,0\n3,4,1\n"));
  options = (limes_read_options){0};
  every_one("svm", read_data, files_text(state, "t.svm", "1 1:2 3:4\n0 2:1\n"));
  files_text(state, "data.txt", "1 2 3\n4 5 6\n");
  files_text(state, "index_features.txt", "0 1");
  files_text(state, "index_target.txt", "2");
  files_text(state, "index_test_0.txt", "1");
  snprintf(name, sizeof name, "uci:%s:0:test", ((test_files *)*state)->folder);
  every_one("uci", read_data, name);
}

static void reading_images(void **state) {
  char name[600];
  unsigned char record[3073] = {1}, images[22] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3},
                digits[9] = {0, 0, 8, 1, 0, 0, 0, 1, 5};
  options = (limes_read_options){.resize = {2, 2}, .balanced = true};
  every_one("digits", read_data, "digits:test[:30]");
  options = (limes_read_options){0};
  files_write(state, "test_batch.bin", record, sizeof record);
  snprintf(name, sizeof name, "cifar10:%s:test", ((test_files *)*state)->folder);
  every_one("cifar10", read_data, name);
  files_write(state, "t10k-images-idx3-ubyte", images, sizeof images);
  files_write(state, "t10k-labels-idx1-ubyte", digits, sizeof digits);
  snprintf(name, sizeof name, "mnist:%s:test", ((test_files *)*state)->folder);
  every_one("mnist", read_data, name);
}

static void reading_reviews(void **state) {
  char name[600];
  files_folder(state, "train");
  files_folder(state, "train/neg");
  files_folder(state, "train/pos");
  files_text(state, "train/neg/0_1.txt", "a bad film");
  files_text(state, "train/pos/0_9.txt", "a good film");
  snprintf(vectors, sizeof vectors, "%s", files_text(state, "v.txt", "good 1 2\nfilm 3 4\n"));
  options = (limes_read_options){.vectors = vectors};
  snprintf(name, sizeof name, "imdb:%s:train", ((test_files *)*state)->folder);
  every_one("imdb", read_data, name);
  options = (limes_read_options){0};
}

static limes_status normalize(const char *kind) {
  limes_batch *batch = NULL;
  limes_normalization *normalization = NULL;
  limes_status status = limes_batch_create_ragged(context, 2, 3, (const size_t[2]){2, 2}, x, &batch);
  if (status == LIMES_OK)
    status = limes_normalization_fit(context, kind, batch, &normalization);
  if (status == LIMES_OK)
    status = limes_normalization_apply(context, normalization, batch);
  limes_normalization_destroy(normalization);
  limes_batch_destroy(batch);
  return status;
}

static void normalizing(void **state) {
  (void)state;
  every_one("per-feature", normalize, "per-feature");
  every_one("per-image", normalize, "per-image");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writing_and_reading_arrays),
      cmocka_unit_test(reading_tables),
      cmocka_unit_test(reading_images),
      cmocka_unit_test(reading_reviews),
      cmocka_unit_test(normalizing),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_files);
}
