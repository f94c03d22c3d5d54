/* Reading .npy: every real type, byte order and axis order; and files that are wrong. */
#include "data/reading.h"
#include "limes/io.h"
#include "store/npy_bytes.h"

static limes_status read_bytes(void **state, const void *bytes, size_t n, limes_file **file, limes_named_array *array) {
  limes_status status = limes_file_open(context, files_write(state, "x.npy", bytes, n), file);
  return status != LIMES_OK ? status : limes_file_get(context, *file, "data", array);
}

/* Six numbers [2,3] of one type are read as wanted. */
static void check_six(void **state, const char *type, const void *values, size_t n, const double *wanted, bool integers) {
  unsigned char bytes[1024];
  limes_file *file = NULL;
  limes_named_array array;
  size_t length = npy_plain(bytes, type, "False", "(2, 3)", values, n);
  assert_ok(context, read_bytes(state, bytes, length, &file, &array));
  assert_int_equal(array.rank, 2);
  assert_int_equal(array.size[0], 2);
  assert_int_equal(array.size[1], 3);
  assert_int_equal(array.integers != NULL, integers);
  for (size_t i = 0; i < 6; i++)
    assert_close_at(array.data[i], wanted[i], 0, i);
  for (size_t i = 0; integers && i < 6; i++)
    assert_true(array.integers[i] == (int64_t)wanted[i]);
  limes_file_close(file);
}

static void swap(void *values, size_t n, size_t size) {
  unsigned char *bytes = values;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < size / 2; k++) {
      unsigned char first = bytes[i * size + k];
      bytes[i * size + k] = bytes[i * size + size - 1 - k];
      bytes[i * size + size - 1 - k] = first;
    }
}

#define CHECK_TYPE(T, code, integers, ...)                                                                                       \
  do {                                                                                                                           \
    T values[6] = {__VA_ARGS__};                                                                                                 \
    double wanted[6];                                                                                                            \
    for (size_t i = 0; i < 6; i++)                                                                                               \
      wanted[i] = (double)values[i];                                                                                             \
    check_six(state, "<" code, values, sizeof values, wanted, integers);                                                         \
    swap(values, 6, sizeof(T));                                                                                                  \
    check_six(state, ">" code, values, sizeof values, wanted, integers);                                                         \
  } while (0)

static void every_type_and_byte_order_gives_the_same_numbers(void **state) {
  CHECK_TYPE(double, "f8", false, 0.1, -1e300, 3, 4e-310, 5, -0.0);
  CHECK_TYPE(float, "f4", false, 0.1f, -1e30f, 3, 4e-40f, 5, 6);
  CHECK_TYPE(int8_t, "i1", true, 1, -128, 127, 0, 5, -6);
  CHECK_TYPE(int16_t, "i2", true, 1, -32768, 32767, 0, 5, -6);
  CHECK_TYPE(int32_t, "i4", true, 1, INT32_MIN, INT32_MAX, 0, 5, -6);
  CHECK_TYPE(int64_t, "i8", true, 1, INT64_MIN, 1LL << 53, 0, 5, -6);
  CHECK_TYPE(uint8_t, "u1", true, 1, 255, 127, 0, 5, 6);
  CHECK_TYPE(uint16_t, "u2", true, 1, 65535, 127, 0, 5, 6);
  CHECK_TYPE(uint32_t, "u4", true, 1, UINT32_MAX, 127, 0, 5, 6);
  CHECK_TYPE(uint64_t, "u8", true, 1, 1ULL << 62, 127, 0, 5, 6);
  CHECK_TYPE(uint64_t, "u8", false, 1, 1ULL << 63, 127, 0, 5, 6);
}

static void half_precision_and_truth_values_are_numbers(void **state) {
  uint16_t halves[6] = {0x3C00, 0xC000, 0x7BFF, 0x0001, 0x3555, 0x8000};
  double wanted[6] = {1, -2, 65504, 0x1p-24, 0.333251953125, -0.0};
  check_six(state, "<f2", halves, sizeof halves, wanted, false);
  uint8_t truth[6] = {1, 0, 1, 1, 0, 0};
  check_six(state, "|b1", truth, sizeof truth, (double[]){1, 0, 1, 1, 0, 0}, true);
}

static void fortran_order_becomes_c_order(void **state) {
  unsigned char bytes[1024];
  double values[24];
  limes_file *file = NULL;
  limes_named_array array;
  for (size_t i = 0; i < 24; i++)
    values[i] = (double)i;
  size_t n = npy_plain(bytes, "<f8", "True", "(2, 3, 4)", values, sizeof values);
  assert_ok(context, read_bytes(state, bytes, n, &file, &array));
  for (size_t a = 0; a < 2; a++)
    for (size_t b = 0; b < 3; b++)
      for (size_t c = 0; c < 4; c++)
        assert_close(array.data[(a * 3 + b) * 4 + c], (double)(a + 2 * b + 6 * c), 0);
  limes_file_close(file);
}

static void formats_two_and_three_are_read(void **state) {
  unsigned char bytes[1024];
  double values[2] = {3, 4};
  for (unsigned version = 1; version <= 4; version++) {
    limes_file *file = NULL;
    limes_named_array array;
    size_t n = npy_bytes(bytes, version, "{\"shape\":(2L,),'fortran_order':False,'descr':'<f8'}\n", values, sizeof values);
    if (version == 4)
      assert_fails(context, read_bytes(state, bytes, n, &file, &array), LIMES_BAD_INPUT,
                   "no .npy header of format 1.0, 2.0 or 3.0");
    else {
      assert_ok(context, read_bytes(state, bytes, n, &file, &array));
      assert_close(array.data[1], 4, 0);
    }
    limes_file_close(file);
  }
}

static void a_file_cut_at_any_length_is_refused(void **state) {
  unsigned char bytes[1024];
  double values[6] = {1, 2, 3, 4, 5, 6};
  size_t n = npy_plain(bytes, "<f8", "False", "(2, 3)", values, sizeof values);
  for (size_t length = 0; length < n; length++) {
    limes_file *file = NULL;
    limes_named_array array;
    limes_status status = read_bytes(state, bytes, length, &file, &array);
    assert_int_equal(status, LIMES_BAD_INPUT);
    assert_non_null(strstr(limes_error(context), "x.npy"));
    limes_file_close(file);
  }
}

static void a_file_longer_than_its_header_says_is_refused(void **state) {
  unsigned char bytes[1024];
  double values[7] = {0};
  limes_file *file = NULL;
  limes_named_array array;
  size_t n = npy_plain(bytes, "<f8", "False", "(2, 3)", values, sizeof values);
  assert_fails(context, read_bytes(state, bytes, n, &file, &array), LIMES_BAD_INPUT, "longer than its header says: 48 bytes");
  limes_file_close(file);
}

static void wrong_headers_are_refused(void **state) {
  static const struct {
    const char *dictionary, *says;
  } wrong[] = {
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "Python objects"},
      {"{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", "dtype '<c16' is not read"},
      {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", "dtype '<f16' is not read"},
      {"{'descr': '<f99999999999999999999', 'fortran_order': False, 'shape': (1,), }", "is not read"},
      {"{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,), }", "is not read"},
      {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", "structured"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", "whole numbers from 0"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "too large"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }", "whole numbers from 0"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693953,), }", "too large"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }", "cut short"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1), }", "more than 6 axes"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1", "broken shape"},
      {"{'descr': '<f8', 'fortran_order': False, }", "lacks"},
      {"{'descr': '<f8', 'fortran_order': Maybe, 'shape': (1,), }", "neither True nor False"},
      {"{'descr': '<f8', 'other': False, 'shape': (1,), }", "unknown key"},
      {"{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,), }", "without characters"},
      {"{{{{{{{{", "not a dictionary"},
      {"", "no .npy header"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    unsigned char bytes[1024];
    double value = 1;
    limes_file *file = NULL;
    limes_named_array array;
    size_t n = npy_bytes(bytes, 1, wrong[i].dictionary, &value, sizeof value);
    assert_fails(context, read_bytes(state, bytes, n, &file, &array), LIMES_BAD_INPUT, wrong[i].says);
    limes_file_close(file);
  }
}

static void what_is_no_file_of_arrays_is_said(void **state) {
  limes_file *file = NULL;
  assert_fails(context, limes_file_open(context, files_text(state, "empty.npy", ""), &file), LIMES_BAD_INPUT,
               "empty.npy is empty");
  assert_fails(context, limes_file_open(context, files_text(state, "text.npy", "hello, world"), &file), LIMES_BAD_INPUT,
               "no .npy, .npz or .h5 file");
  assert_fails(context, limes_file_open(context, files_path(state, "none.npy"), &file), LIMES_BAD_INPUT, "No such file");
  assert_fails(context, limes_file_open(context, files_folder(state, "folder.npy"), &file), LIMES_BAD_INPUT, "a folder");
  assert_fails(context, limes_file_open(context, "/dev/zero", &file), LIMES_BAD_INPUT, "not a regular file");
  assert_null(file);
}

static void more_than_the_memory_allowed_is_refused(void **state) {
  unsigned char bytes[1024];
  double values[100] = {0};
  limes_file *file = NULL;
  limes_named_array array;
  size_t n = npy_plain(bytes, "<f8", "False", "(100,)", values, sizeof values);
  limes_set_memory(context, 799);
  assert_fails(context, read_bytes(state, bytes, n, &file, &array), LIMES_REFUSED, "100 values");
  limes_file_close(file);
  limes_set_memory(context, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_type_and_byte_order_gives_the_same_numbers),
      cmocka_unit_test(half_precision_and_truth_values_are_numbers),
      cmocka_unit_test(fortran_order_becomes_c_order),
      cmocka_unit_test(formats_two_and_three_are_read),
      cmocka_unit_test(a_file_cut_at_any_length_is_refused),
      cmocka_unit_test(a_file_longer_than_its_header_says_is_refused),
      cmocka_unit_test(wrong_headers_are_refused),
      cmocka_unit_test(what_is_no_file_of_arrays_is_said),
      cmocka_unit_test(more_than_the_memory_allowed_is_refused),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_files);
}
