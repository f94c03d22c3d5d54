/* The real files, where they are: counts and first values. */
#include "data/reading.h"

/* Reads PREFIX FOLDER SUFFIX, or skips the test where FOLDER is not there. */
static limes_batch *read_shared(const char *prefix, const char *folder, const char *suffix, const limes_read_options *options) {
  const char *path = files_shared(folder);
  char name[1200];
  limes_batch *batch = NULL;
  if (path == NULL) {
    print_message("skipped: 1 check (no %s here)\n", folder);
    skip();
  }
  snprintf(name, sizeof name, "%s%s%s", prefix, path, suffix);
  assert_ok(context, limes_batch_read(context, name, options, &batch));
  return batch;
}

static void check_first(limes_batch *batch, size_t items, const int64_t *labels, const double *x) {
  assert_int_equal(limes_batch_items(batch), items);
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(limes_batch_labels(batch, NULL)[i], labels[i]);
    assert_close_at(limes_batch_item(batch, 0)[i], x[i], 0, i);
  }
  limes_batch_destroy(batch);
}

static void cifar_has_its_counts_and_first_pixels(void **state) {
  (void)state;
  size_t seen[10] = {0}, total = 0;
  limes_batch *batch = read_shared("cifar10:", "cifar-10-batches-bin", ":train[:10000]", NULL);
  for (size_t i = 0; i < 10000; i++)
    seen[limes_batch_labels(batch, NULL)[i]]++;
  for (size_t c = 0; c < 10; c++) {
    assert_in_range(seen[c], 900, 1100);
    total += seen[c];
  }
  assert_int_equal(total, 10000);
  check_first(batch, 10000, (const int64_t[]){6, 9, 9, 4, 1}, (const double[]){59, 62, 63, 43, 46});
  check_first(read_shared("cifar10:", "cifar-10-batches-bin", ":test[:5]", NULL), 5, (const int64_t[]){3, 8, 8, 0, 6},
              (const double[]){158, 112, 49, 159, 111});
}

static void mnist_has_its_counts_and_labels(void **state) {
  (void)state;
  limes_batch *batch = read_shared("mnist:", "mnist", ":test", NULL);
  double sum = 0;
  for (size_t p = 0; p < 784; p++)
    sum += limes_batch_item(batch, 0)[p];
  assert_close(sum, 18454, 0);
  check_first(batch, 10000, (const int64_t[]){7, 2, 1, 0, 4}, (const double[]){0, 0, 0, 0, 0});
  check_first(read_shared("mnist:", "mnist", ":train[:5]", NULL), 5, (const int64_t[]){5, 0, 4, 1, 9},
              (const double[]){0, 0, 0, 0, 0});
}

/* "Story of a man who has unnatural feelings for a pig. ..." */
static void the_first_review_is_the_first_negative_one(void **state) {
  (void)state;
  char vectors[1100];
  if (files_shared("glove") == NULL)
    skip();
  snprintf(vectors, sizeof vectors, "%s/glove.6B.100d.imdb.txt.gz", files_shared("glove"));
  limes_read_options options = {.vectors = vectors};
  limes_batch *batch = read_shared("imdb:", "imdb", "/aclImdb_subset.tar.gz:train[:20]", &options);
  const double *x = limes_batch_item(batch, 0);
  size_t longest = 0;
  assert_int_equal(limes_batch_features(batch), 100);
  assert_close(x[0], -0.16987, 0);
  assert_close(x[200], 0, 0); /* "a" is not in the file */
  assert_int_equal(limes_batch_positions(batch, 0, NULL), 123);
  for (size_t i = 0; i < 20; i++) {
    size_t T = limes_batch_positions(batch, i, NULL);
    longest = T > longest ? T : longest;
    assert_int_equal(limes_batch_labels(batch, NULL)[i], i % 2);
  }
  assert_in_range(longest, 300, 500);
  limes_batch_destroy(batch);
}

static void the_regression_splits_have_their_sizes(void **state) {
  (void)state;
  limes_batch *train = read_shared("uci:", "uci/bostonHousing", ":0:train", NULL),
              *test = read_shared("uci:", "uci/bostonHousing", ":0:test", NULL);
  assert_string_equal(limes_batch_summary(train), "455 vectors, 13 features, 1 target");
  assert_string_equal(limes_batch_summary(test), "51 vectors, 13 features, 1 target");
  limes_batch_destroy(train);
  limes_batch_destroy(test);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cifar_has_its_counts_and_first_pixels),
      cmocka_unit_test(mnist_has_its_counts_and_labels),
      cmocka_unit_test(the_first_review_is_the_first_negative_one),
      cmocka_unit_test(the_regression_splits_have_their_sizes),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
