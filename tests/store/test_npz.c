/* .npz: what is written comes back, here and in numpy; hostile archives are refused. */
#include "data/reading.h"
#include "limes/io.h"
#include "store/npy_bytes.h"

static const double reals[6] = {0.1, -2, 3e300, 4, 5e-310, 6};
static const int64_t wholes[3] = {1, INT64_MIN, INT64_MAX};
static const char words[] = "repeat(3, dense relu) \xC3\xA4\xE2\x82\xAC\xF0\x9F\x99\x82";

static limes_status write_all(const char *path) {
  const limes_named_array arrays[] = {
      {.name = "x", .rank = 2, .size = {2, 3}, .data = reals},
      {.name = "n", .rank = 1, .size = {3}, .integers = wholes},
      {.name = "model", .text = words},
      {.name = "empty", .text = ""},
      {.name = "scalar", .rank = 0, .data = &reals[3]},
      {.name = "none", .rank = 2, .size = {0, 3}, .data = reals},
  };
  return limes_file_write(context, path, arrays, sizeof arrays / sizeof arrays[0]);
}

static void check_all(const char *path) {
  limes_file *file = NULL;
  limes_named_array array;
  assert_ok(context, limes_file_open(context, path, &file));
  assert_ok(context, limes_file_get(context, file, "x", &array));
  assert_int_equal(array.rank, 2);
  assert_int_equal(array.size[1], 3);
  assert_null(array.integers);
  assert_memory_equal(array.data, reals, sizeof reals);
  assert_ok(context, limes_file_get(context, file, "n", &array));
  assert_memory_equal(array.integers, wholes, sizeof wholes);
  assert_close(array.data[0], 1, 0);
  assert_ok(context, limes_file_get(context, file, "model", &array));
  assert_string_equal(array.text, words);
  assert_ok(context, limes_file_get(context, file, "empty", &array));
  assert_string_equal(array.text, "");
  assert_ok(context, limes_file_get(context, file, "scalar", &array));
  assert_int_equal(array.rank, 0);
  assert_close(array.data[0], 4, 0);
  assert_ok(context, limes_file_get(context, file, "none", &array));
  assert_non_null(array.data);
  assert_int_equal(array.size[0], 0);
  assert_ok(context, limes_file_get(context, file, "missing", &array));
  assert_null(array.data);
  assert_null(array.text);
  size_t n = 0;
  while (limes_file_name(file, n) != NULL)
    n++;
  assert_int_equal(n, 6);
  limes_file_close(file);
}

static void what_is_written_comes_back(void **state) {
  const char *path = files_path(state, "round.npz");
  assert_ok(context, write_all(path));
  check_all(path);
}

/* Runs Debian's Python with numpy; false where there is none. */
static bool has_numpy(void) {
  if (system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") == 0)
    return true;
  print_message("skipped: 1 check (no /usr/bin/python3 with numpy here)\n");
  return false;
}

static void numpy_reads_what_is_written(void **state) {
  const char *path = files_path(state, "numpy.npz");
  char command[2048];
  if (!has_numpy())
    skip();
  assert_ok(context, write_all(path));
  snprintf(command, sizeof command,
           "/usr/bin/python3 -c \"import numpy as np; z = np.load('%s'); "
           "assert z['x'].dtype == np.float64 and z['x'].tolist() == [[0.1, -2, 3e300], [4, 5e-310, 6]]; "
           "assert z['n'].dtype == np.int64 and z['n'].tolist() == [1, -2**63, 2**63-1]; "
           "assert z['model'].shape == () and str(z['model']) == 'repeat(3, dense relu) \\u00e4\\u20ac\\U0001f642'; "
           "assert str(z['empty']) == '' and z['scalar'] == 4 and z['none'].shape == (0, 3)\"",
           path);
  assert_int_equal(system(command), 0);
}

static void what_numpy_writes_is_read(void **state) {
  const char *path = files_path(state, "from-numpy.npz");
  char command[2048];
  if (!has_numpy())
    skip();
  for (int packed = 0; packed < 2; packed++) {
    limes_file *file = NULL;
    limes_named_array array;
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c \"import numpy as np; np.savez%s('%s', f=np.asfortranarray(np.arange(6.).reshape(2,3)), "
             "big=np.arange(4).astype('>i2'), h=np.array([0.5], 'f2'), text=np.array(['one', 'tw\\u00f6']), "
             "b=np.array([[True],[False]]))\"",
             packed ? "_compressed" : "", path);
    assert_int_equal(system(command), 0);
    assert_ok(context, limes_file_open(context, path, &file));
    assert_ok(context, limes_file_get(context, file, "f", &array));
    for (size_t i = 0; i < 6; i++)
      assert_close_at(array.data[i], (double)i, 0, i);
    assert_ok(context, limes_file_get(context, file, "big", &array));
    assert_int_equal(array.integers[3], 3);
    assert_ok(context, limes_file_get(context, file, "h", &array));
    assert_close(array.data[0], 0.5, 0);
    assert_ok(context, limes_file_get(context, file, "text", &array));
    assert_string_equal(array.text, "one\ntw\xC3\xB6");
    assert_ok(context, limes_file_get(context, file, "b", &array));
    assert_int_equal(array.integers[0], 1);
    limes_file_close(file);
  }
}

static limes_status read_x(void **state, const void *bytes, size_t n) {
  limes_file *file = NULL;
  limes_named_array array;
  limes_status status = limes_file_open(context, files_write(state, "x.npz", bytes, n), &file);
  if (status == LIMES_OK)
    status = limes_file_get(context, file, "x", &array);
  if (status == LIMES_OK && array.data == NULL)
    status = limes_file_name(file, 0) == NULL ? LIMES_UNABLE : LIMES_FAILED;
  limes_file_close(file);
  return status;
}

static void paths_out_of_the_archive_are_refused(void **state) {
  static const char *const names[] = {"../x.npy", "/x.npy", "a/../../x.npy", "..\\x.npy", "C:x.npy", "a/.."};
  unsigned char npy[512], bytes[2048];
  size_t n = npy_plain(npy, "<f8", "False", "()", reals, 8);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    zip_entry entries[2] = {zip_stored("x.npy", npy, n), zip_stored(names[i], npy, n)};
    assert_fails(context, read_x(state, bytes, zip_bytes(bytes, entries, 2)), LIMES_BAD_INPUT, "points out of the archive");
  }
  zip_entry fine[2] = {zip_stored("x.npy", npy, n), zip_stored("a..b/..c.npy", npy, n)};
  assert_ok(context, read_x(state, bytes, zip_bytes(bytes, fine, 2)));
}

static void double_names_are_refused_and_other_entries_passed_over(void **state) {
  unsigned char npy[512], bytes[2048];
  size_t n = npy_plain(npy, "<f8", "False", "()", reals, 8);
  zip_entry twice[2] = {zip_stored("x.npy", npy, n), zip_stored("x.npy", npy, n)};
  assert_fails(context, read_x(state, bytes, zip_bytes(bytes, twice, 2)), LIMES_BAD_INPUT, "two of its arrays are called 'x'");
  zip_entry other[2] = {zip_stored("readme.txt", "hello", 5), zip_stored("x.npy", npy, n)};
  assert_ok(context, read_x(state, bytes, zip_bytes(bytes, other, 2)));
}

static void impossible_sizes_are_refused_before_memory_is_asked_for(void **state) {
  unsigned char npy[512], bytes[2048];
  size_t n = npy_plain(npy, "<f8", "False", "(500000000,)", reals, 8);
  zip_entry stored = zip_stored("x.npy", npy, n);
  stored.claims = 4000000100U;
  assert_fails(context, read_x(state, bytes, zip_bytes(bytes, &stored, 1)), LIMES_BAD_INPUT, "");
  zip_entry deflated = stored;
  deflated.method = 8;
  assert_fails(context, read_x(state, bytes, zip_bytes(bytes, &deflated, 1)), LIMES_BAD_INPUT, "which cannot be");
  zip_entry method = zip_stored("x.npy", npy, n);
  method.method = 12;
  assert_fails(context, read_x(state, bytes, zip_bytes(bytes, &method, 1)), LIMES_BAD_INPUT, "compressed by method 12");
}

/* A million zeros deflate to a kilobyte: within what deflate can do, so the limit on memory must refuse it. */
static void a_bomb_within_the_format_meets_the_memory_limit(void **state) {
  size_t most = 8000000 + 512, n = 0;
  unsigned char *npy = calloc(most, 1), *packed = malloc(most), *bytes = malloc(most);
  assert_true(npy != NULL && packed != NULL && bytes != NULL);
  n = npy_plain(npy, "<f8", "False", "(1000000,)", reals, 0) + 8000000;
  z_stream stream = {.next_in = npy, .avail_in = (unsigned)n, .next_out = packed, .avail_out = (unsigned)most};
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  zip_entry entry = {"x.npy", packed, stream.total_out, 8, (uint32_t)n, (uint32_t)crc32(0, npy, (unsigned)n)};
  deflateEnd(&stream);
  size_t length = zip_bytes(bytes, &entry, 1);
  assert_true(length < 20000);
  assert_ok(context, read_x(state, bytes, length));
  limes_set_memory(context, 1000000);
  assert_fails(context, read_x(state, bytes, length), LIMES_REFUSED, "1000000 values");
  limes_set_memory(context, 0);
  entry.crc ^= 1;
  assert_fails(context, read_x(state, bytes, zip_bytes(bytes, &entry, 1)), LIMES_BAD_INPUT, "damaged");
  free(npy);
  free(packed);
  free(bytes);
}

static void an_archive_cut_at_any_length_is_refused(void **state) {
  size_t n = 0;
  assert_ok(context, write_all(files_path(state, "whole.npz")));
  char *bytes = files_read(files_path(state, "whole.npz"), &n);
  for (size_t length = 0; length < n; length += 1 + length / 40)
    assert_int_equal(read_x(state, bytes, length), LIMES_BAD_INPUT);
  assert_int_equal(read_x(state, bytes, n - 1), LIMES_BAD_INPUT);
  assert_ok(context, read_x(state, bytes, n));
  free(bytes);
}

static void changed_bytes_never_pass_unnoticed_in_the_numbers(void **state) {
  size_t n = 0;
  assert_ok(context, write_all(files_path(state, "whole.npz")));
  char *bytes = files_read(files_path(state, "whole.npz"), &n);
  for (size_t i = 40; i < 200 && i < n; i++) { /* header and numbers of x */
    bytes[i] ^= 16;
    limes_status status = read_x(state, bytes, n);
    assert_true(status != LIMES_OK);
    bytes[i] ^= 16;
  }
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_comes_back),
      cmocka_unit_test(numpy_reads_what_is_written),
      cmocka_unit_test(what_numpy_writes_is_read),
      cmocka_unit_test(paths_out_of_the_archive_are_refused),
      cmocka_unit_test(double_names_are_refused_and_other_entries_passed_over),
      cmocka_unit_test(impossible_sizes_are_refused_before_memory_is_asked_for),
      cmocka_unit_test(a_bomb_within_the_format_meets_the_memory_limit),
      cmocka_unit_test(an_archive_cut_at_any_length_is_refused),
      cmocka_unit_test(changed_bytes_never_pass_unnoticed_in_the_numbers),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_files);
}
