/* .h5: what is written comes back; files that are damaged or point elsewhere are refused; the host's HDF5 is left alone. */
#include <hdf5.h>

#include "data/reading.h"
#include "limes/io.h"

static const double reals[6] = {0.1, -2, 3e300, 4, 5e-310, 6};
static const int64_t wholes[3] = {1, INT64_MIN, INT64_MAX};

static limes_status write_all(const char *path) {
  const limes_named_array arrays[] = {
      {.name = "nngp", .rank = 2, .size = {2, 3}, .data = reals},
      {.name = "n", .rank = 1, .size = {3}, .integers = wholes},
      {.name = "model", .text = "dense relu dense"},
      {.name = "scalar", .rank = 0, .data = &reals[3]},
  };
  return limes_file_write(context, path, arrays, sizeof arrays / sizeof arrays[0]);
}

static void what_is_written_comes_back(void **state) {
  const char *path = files_path(state, "round.h5");
  limes_file *file = NULL;
  limes_named_array array;
  assert_ok(context, write_all(path));
  assert_ok(context, limes_file_open(context, path, &file));
  assert_ok(context, limes_file_get(context, file, "nngp", &array));
  assert_int_equal(array.rank, 2);
  assert_int_equal(array.size[1], 3);
  assert_null(array.integers);
  assert_memory_equal(array.data, reals, sizeof reals);
  assert_ok(context, limes_file_get(context, file, "n", &array));
  assert_memory_equal(array.integers, wholes, sizeof wholes);
  assert_ok(context, limes_file_get(context, file, "model", &array));
  assert_string_equal(array.text, "dense relu dense");
  assert_ok(context, limes_file_get(context, file, "scalar", &array));
  assert_int_equal(array.rank, 0);
  assert_close(array.data[0], 4, 0);
  assert_ok(context, limes_file_get(context, file, "missing", &array));
  assert_null(array.data);
  limes_file_close(file);
}

static void a_long_text_comes_back(void **state) {
  const char *path = files_path(state, "long.h5");
  size_t n = 300000;
  char *text = malloc(n + 1);
  assert_non_null(text);
  memset(text, 'a', n);
  text[n] = '\0';
  limes_file *file = NULL;
  limes_named_array array = {.name = "model", .text = text};
  assert_ok(context, limes_file_write(context, path, &array, 1));
  assert_ok(context, limes_file_open(context, path, &file));
  assert_ok(context, limes_file_get(context, file, "model", &array));
  assert_string_equal(array.text, text);
  limes_file_close(file);
  free(text);
}

static void what_stands_in_other_files_is_not_read(void **state) {
  const char *path = files_path(state, "elsewhere.h5");
  hsize_t size = 6;
  hid_t created = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  hid_t space = H5Screate_simple(1, &size, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
  assert_true(H5Pset_external(list, "/etc/passwd", 0, 48) >= 0);
  hid_t set = H5Dcreate2(created, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  assert_true(set >= 0 && H5Lcreate_external("round.h5", "/nngp", created, "y", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  hid_t group = H5Gcreate2(created, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Gclose(group);
  H5Dclose(set);
  H5Pclose(list);
  H5Sclose(space);
  H5Fclose(created);
  limes_file *file = NULL;
  limes_named_array array;
  assert_ok(context, limes_file_open(context, path, &file));
  assert_string_equal(limes_file_name(file, 0), "x");
  assert_null(limes_file_name(file, 1));
  assert_fails(context, limes_file_get(context, file, "x", &array), LIMES_BAD_INPUT, "in another file");
  limes_file_close(file);
}

static herr_t own_printer(hid_t stack, void *user) {
  (void)stack;
  (void)user;
  return 0;
}

static void the_hosts_error_printing_is_put_back(void **state) {
  int user = 0;
  H5E_auto2_t printer = NULL;
  void *found = NULL;
  limes_file *file = NULL;
  H5Eset_auto2(H5E_DEFAULT, own_printer, &user);
  assert_fails(context, limes_file_open(context, files_text(state, "bad.h5", "\x89HDF\r\n\x1a\n"), &file), LIMES_BAD_INPUT,
               "damaged, cut short");
  assert_ok(context, write_all(files_path(state, "printer.h5")));
  H5Eget_auto2(H5E_DEFAULT, &printer, &found);
  assert_true(printer == own_printer && found == &user);
}

/* Every array that is read at all has its right values. */
static void read_cut(void **state, const char *bytes, size_t length) {
  limes_file *file = NULL;
  limes_named_array array;
  if (limes_file_open(context, files_write(state, "cut.h5", bytes, length), &file) != LIMES_OK)
    return;
  if (limes_file_get(context, file, "nngp", &array) == LIMES_OK && array.data != NULL)
    assert_memory_equal(array.data, reals, sizeof reals);
  limes_file_close(file);
}

static void a_file_cut_at_any_length_gives_no_wrong_numbers(void **state) {
  size_t n = 0;
  assert_ok(context, write_all(files_path(state, "whole.h5")));
  char *bytes = files_read(files_path(state, "whole.h5"), &n);
  for (size_t length = 0; length < n; length += 1 + length / 60)
    read_cut(state, bytes, length);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_comes_back),
      cmocka_unit_test(a_long_text_comes_back),
      cmocka_unit_test(what_stands_in_other_files_is_not_read),
      cmocka_unit_test(the_hosts_error_printing_is_put_back),
      cmocka_unit_test(a_file_cut_at_any_length_gives_no_wrong_numbers),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_files);
}
