/* Images: the embedded digits, CIFAR-10's binary files, MNIST's idx files; whole, cut, and wrong ones. */
#include "data/read_batch.h"

#define RECORD 3073

/* PREFIX FOLDER SUFFIX */
static limes_status read_data(void **state, const char *prefix, const char *suffix) {
  char name[600];
  snprintf(name, sizeof name, "%s%s%s", prefix, ((test_files *)*state)->folder, suffix);
  limes_batch_destroy(batch);
  return limes_batch_read(context, name, NULL, &batch);
}

static void the_digits_are_those_of_the_original_file(void **state) {
  (void)state;
  static const size_t counts[10] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; /* as published */
  static const double first[16] = {0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0};
  limes_batch *all, *train, *test;
  size_t classes = 0, seen[10] = {0};
  assert_ok(context, limes_batch_read(context, "digits", NULL, &all));
  assert_ok(context, limes_batch_read(context, "digits:train", NULL, &train));
  assert_ok(context, limes_batch_read(context, "digits:test", NULL, &test));
  assert_string_equal(limes_batch_summary(all), "1797 images 8x8, 1 feature, 10 classes");
  assert_int_equal(limes_batch_items(train), 1437);
  assert_int_equal(limes_batch_items(test), 360);
  for (size_t i = 0; i < 1797; i++) {
    const limes_batch *part = i < 1437 ? train : test;
    size_t k = i < 1437 ? i : i - 1437;
    seen[limes_batch_labels(all, &classes)[i]]++;
    assert_int_equal(limes_batch_labels(all, NULL)[i], limes_batch_labels(part, NULL)[k]);
    assert_memory_equal(limes_batch_item(all, i), limes_batch_item(part, k), 64 * sizeof(double));
    for (size_t p = 0; p < 64; p++)
      assert_true(limes_batch_item(all, i)[p] >= 0 && limes_batch_item(all, i)[p] <= 16);
  }
  assert_memory_equal(seen, counts, sizeof counts);
  for (size_t p = 0; p < 16; p++)
    assert_close_at(limes_batch_item(all, 0)[p], first[p], 0, p);
  assert_int_equal(limes_batch_labels(all, NULL)[1796], 8);
  limes_batch_destroy(all);
  limes_batch_destroy(train);
  limes_batch_destroy(test);
}

static void options_and_ranges_work_on_the_digits(void **state) {
  (void)state;
  limes_read_options options = {.resize = {4, 2}, .balanced = true};
  limes_batch_destroy(batch);
  assert_ok(context, limes_batch_read(context, "digits[:100]", &options, &batch));
  size_t seen[10] = {0}, classes = 0;
  for (size_t i = 0; i < limes_batch_items(batch); i++)
    seen[limes_batch_labels(batch, &classes)[i]]++;
  for (size_t c = 1; c < 10; c++)
    assert_int_equal(seen[c], seen[0]);
  assert_non_null(strstr(limes_batch_summary(batch), "images 4x2, 1 feature, 10 classes"));
  assert_close(limes_batch_item(batch, 0)[0], (5.0 + 13 + 13 + 15) / 8, 1e-14);
  limes_batch_destroy(batch);
  assert_ok(context, limes_batch_read(context, "digits:test[:2]", NULL, &batch));
  limes_batch_labels(batch, &classes);
  assert_int_equal(classes, 10); /* of the format, even where few items show few */
}

/* Pixel p of colour c of record i is (i + 3 p + 7 c) mod 256. */
static void write_cifar(void **state, const char *name, size_t records, size_t bytes, unsigned char label) {
  unsigned char *file = malloc(records * RECORD + 1);
  assert_non_null(file);
  for (size_t i = 0; i < records; i++) {
    file[i * RECORD] = i + 1 == records ? label : (unsigned char)(i % 10);
    for (size_t k = 0; k < 3072; k++)
      file[i * RECORD + 1 + k] = (unsigned char)(i + 3 * (k % 1024) + 7 * (k / 1024));
  }
  files_write(state, name, file, bytes);
  free(file);
}

static void cifar_batches_follow_one_another(void **state) {
  write_cifar(state, "data_batch_1.bin", 3, 3 * RECORD, 9);
  write_cifar(state, "data_batch_4.bin", 2, 2 * RECORD, 8); /* 2, 3 and 5 are missing */
  write_cifar(state, "test_batch.bin", 1, RECORD, 7);
  assert_ok(context, read_data(state, "cifar10:", ":train"));
  assert_string_equal(limes_batch_summary(batch), "5 images 32x32, 3 features, 10 classes");
  const int64_t wanted[6] = {0, 1, 9, 0, 8, 7};
  assert_memory_equal(limes_batch_labels(batch, NULL), wanted, 5 * sizeof *wanted);
  assert_close(limes_batch_item(batch, 4)[(31 * 32 + 30) * 3 + 2], (double)((1 + 3 * 1022 + 14) % 256), 0);
  assert_ok(context, read_data(state, "cifar10:", "[2:]"));
  assert_memory_equal(limes_batch_labels(batch, NULL), wanted + 2, 4 * sizeof *wanted);
  assert_ok(context, read_data(state, "cifar10:", ":test"));
  assert_int_equal(limes_batch_labels(batch, NULL)[0], 7);
  assert_ok(context, read_data(state, "cifar10:", "/data_batch_4.bin[1:2]"));
  assert_int_equal(limes_batch_labels(batch, NULL)[0], 8);
  assert_fails(context, read_data(state, "cifar10:", ":train[:6]"), LIMES_BAD_INPUT, "has 5 items, the range asks for 6");
}

static void wrong_cifar_files_are_refused(void **state) {
  static const size_t lengths[] = {0, 1, RECORD - 1, RECORD + 1, 2 * RECORD - 1};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    write_cifar(state, "data_batch_1.bin", 2, lengths[i], 1);
    assert_fails(context, read_data(state, "cifar10:", ":train"), LIMES_BAD_INPUT,
                 lengths[i] == 0 ? "data_batch_1.bin is empty" : "no multiple of 3073");
  }
  write_cifar(state, "data_batch_1.bin", 3, 3 * RECORD, 10);
  assert_fails(context, read_data(state, "cifar10:", ":train"), LIMES_BAD_INPUT,
               "data_batch_1.bin, record 2 (from 0): the label is 10, outside 0 to 9");
  assert_ok(context, read_data(state, "cifar10:", ":train[:2]"));
  unlink(files_path(state, "data_batch_1.bin"));
  unlink(files_path(state, "data_batch_4.bin"));
  assert_fails(context, read_data(state, "cifar10:", ":train"), LIMES_BAD_INPUT, "has no data_batch_1.bin to data_batch_5.bin");
  assert_fails(context, read_data(state, "cifar10:", "/nowhere:test"), LIMES_BAD_INPUT, "has no test_batch.bin");
}

/* n images 2 x 3; byte k of the pixels is k mod 256 */
static size_t idx_images(unsigned char *bytes, size_t n) {
  const unsigned char header[16] = {0, 0, 8, 3, 0, 0, (unsigned char)(n >> 8), (unsigned char)n, 0, 0, 0, 2, 0, 0, 0, 3};
  memcpy(bytes, header, 16);
  for (size_t k = 0; k < n * 6; k++)
    bytes[16 + k] = (unsigned char)k;
  return 16 + n * 6;
}

static size_t idx_labels(unsigned char *bytes, size_t n) {
  const unsigned char header[8] = {0, 0, 8, 1, 0, 0, (unsigned char)(n >> 8), (unsigned char)n};
  memcpy(bytes, header, 8);
  for (size_t k = 0; k < n; k++)
    bytes[8 + k] = (unsigned char)(k % 10);
  return 8 + n;
}

static void idx_files_are_read_plain_and_gzipped(void **state) {
  unsigned char bytes[4096];
  files_gzip(state, "train-images-idx3-ubyte.gz", bytes, idx_images(bytes, 300));
  files_gzip(state, "train-labels-idx1-ubyte.gz", bytes, idx_labels(bytes, 300));
  files_write(state, "t10k-images.idx3-ubyte", bytes, idx_images(bytes, 2));
  files_write(state, "t10k-labels-idx1-ubyte", bytes, idx_labels(bytes, 2));
  assert_ok(context, read_data(state, "mnist:", ":train"));
  assert_string_equal(limes_batch_summary(batch), "300 images 2x3, 1 feature, 10 classes");
  assert_close(limes_batch_item(batch, 299)[5], (double)(1799 % 256), 0);
  assert_ok(context, read_data(state, "mnist:", ":test"));
  assert_string_equal(limes_batch_summary(batch), "2 images 2x3, 1 feature, 10 classes");
  assert_ok(context, read_data(state, "mnist:", "[299:301]")); /* one of each part */
  assert_int_equal(limes_batch_labels(batch, NULL)[0], 9);
  assert_int_equal(limes_batch_labels(batch, NULL)[1], 0);
  assert_close(limes_batch_item(batch, 1)[5], 5, 0);
}

static void idx_files_cut_at_any_length_are_refused(void **state) {
  unsigned char images[64], labels[64];
  size_t n = idx_images(images, 2), m = idx_labels(labels, 2);
  files_write(state, "t10k-labels-idx1-ubyte", labels, m);
  for (size_t cut = 0; cut < n; cut++) {
    files_write(state, "t10k-images.idx3-ubyte", images, cut);
    assert_fails(context, read_data(state, "mnist:", ":test"), LIMES_BAD_INPUT, "t10k-images.idx3-ubyte");
  }
  images[n] = 0;
  files_write(state, "t10k-images.idx3-ubyte", images, n + 1);
  assert_fails(context, read_data(state, "mnist:", ":test"), LIMES_BAD_INPUT, "longer than its header says");
  files_write(state, "t10k-images.idx3-ubyte", images, n);
  for (size_t cut = 0; cut < m; cut++) {
    files_write(state, "t10k-labels-idx1-ubyte", labels, cut);
    assert_fails(context, read_data(state, "mnist:", ":test"), LIMES_BAD_INPUT, "t10k-labels-idx1-ubyte");
  }
}

static void hostile_idx_headers_are_refused(void **state) {
  unsigned char images[64], labels[64];
  size_t n = idx_images(images, 2);
  files_write(state, "t10k-labels-idx1-ubyte", labels, idx_labels(labels, 2));
  for (size_t k = 4; k < 16; k += 4) {
    unsigned char hostile[64];
    memcpy(hostile, images, n);
    memset(hostile + k, 0xFF, 4);
    files_write(state, "t10k-images.idx3-ubyte", hostile, n);
    assert_fails(context, read_data(state, "mnist:", ":test"), LIMES_BAD_INPUT, k == 4 ? "cut short" : "impossible sizes");
    unlink(files_path(state, "t10k-images.idx3-ubyte"));
    files_gzip(state, "t10k-images-idx3-ubyte.gz", hostile, n);
    assert_fails(context, read_data(state, "mnist:", ":test"), LIMES_BAD_INPUT, "t10k-images-idx3-ubyte.gz");
    unlink(files_path(state, "t10k-images-idx3-ubyte.gz"));
  }
  files_write(state, "t10k-images.idx3-ubyte", images, n);
  files_write(state, "t10k-labels-idx1-ubyte", labels, idx_labels(labels, 3));
  assert_fails(context, read_data(state, "mnist:", ":test"), LIMES_BAD_INPUT, "do not belong together");
  files_write(state, "t10k-labels-idx1-ubyte", images, n);
  assert_fails(context, read_data(state, "mnist:", ":test"), LIMES_BAD_INPUT, "no idx file");
  unlink(files_path(state, "t10k-labels-idx1-ubyte"));
  assert_fails(context, read_data(state, "mnist:", ":test"), LIMES_BAD_INPUT, "has no t10k-labels-idx1-ubyte");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_digits_are_those_of_the_original_file), cmocka_unit_test(options_and_ranges_work_on_the_digits),
      cmocka_unit_test(cifar_batches_follow_one_another),          cmocka_unit_test(wrong_cifar_files_are_refused),
      cmocka_unit_test(idx_files_are_read_plain_and_gzipped),      cmocka_unit_test(idx_files_cut_at_any_length_are_refused),
      cmocka_unit_test(hostile_idx_headers_are_refused),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_batch);
}
