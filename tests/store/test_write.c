/* Writing files: whole or not at all, and a clear sentence when not. */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "data/reading.h"
#include "limes/io.h"

static const char *const names[] = {"a.npz", "a.npy", "a.h5"};
#define NAMES (sizeof names / sizeof names[0])

static limes_status write_numbers(const char *path, size_t n) {
  double *x = calloc(n, sizeof *x);
  assert_non_null(x);
  for (size_t i = 0; i < n; i++)
    x[i] = (double)i / 7;
  limes_named_array array = {.name = "x", .rank = 1, .size = {n}, .data = x};
  limes_status status = limes_file_write(context, path, &array, 1);
  free(x);
  return status;
}

static void a_missing_folder_is_named(void **state) {
  for (size_t i = 0; i < NAMES; i++) {
    char path[600];
    snprintf(path, sizeof path, "%s/nowhere/%s", files_path(state, ""), names[i]);
    assert_fails(context, write_numbers(path, 3), LIMES_FAILED, "nowhere/ does not exist; make it first");
  }
}

static void a_device_or_folder_is_never_replaced(void **state) {
  (void)state;
  char path[600];
  snprintf(path, sizeof path, "%s", files_folder(state, "folder.npz"));
  assert_fails(context, write_numbers(path, 3), LIMES_FAILED, "it is a folder");
  const char *link = files_path(state, "full.npz");
  assert_int_equal(symlink("/dev/full", link), 0);
  assert_fails(context, write_numbers(link, 3), LIMES_FAILED, "not a regular file");
  unlink(link);
  rmdir(path);
}

static void an_unknown_ending_is_refused(void **state) {
  assert_fails(context, write_numbers(files_path(state, "a.mat"), 3), LIMES_WRONG_USE, ".npz, .npy or .h5");
  assert_fails(context, write_numbers(".npz", 3), LIMES_WRONG_USE, ".npz, .npy or .h5");
}

static void arrays_are_checked(void **state) {
  double x = 1;
  const char *path = files_path(state, "checked.npz");
  limes_named_array twice[2] = {{.name = "x", .data = &x}, {.name = "x", .data = &x}};
  assert_fails(context, limes_file_write(context, path, twice, 2), LIMES_WRONG_USE, "two arrays are called 'x'");
  twice[1] = (limes_named_array){.name = "y"};
  assert_fails(context, limes_file_write(context, path, twice, 2), LIMES_WRONG_USE, "exactly one of data");
  twice[1] = (limes_named_array){.name = "../y", .data = &x};
  assert_fails(context, limes_file_write(context, path, twice, 2), LIMES_WRONG_USE, "without '/'");
  twice[1] = (limes_named_array){.name = "y", .data = &x};
  assert_fails(context, limes_file_write(context, files_path(state, "checked.npy"), twice, 2), LIMES_WRONG_USE,
               "exactly one array");
  assert_int_equal(files_count(((test_files *)*state)->folder), 0);
}

static void equal_contents_make_equal_files(void **state) {
  for (size_t i = 0; i < NAMES; i++) {
    char other[64];
    snprintf(other, sizeof other, "other-%s", names[i]);
    assert_ok(context, write_numbers(files_path(state, names[i]), 100));
    usleep(i == 0 ? 1100000 : 10000);
    assert_ok(context, write_numbers(files_path(state, other), 100));
    size_t n = 0, m = 0;
    char *a = files_read(files_path(state, names[i]), &n), *b = files_read(files_path(state, other), &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
    unlink(files_path(state, names[i]));
    unlink(files_path(state, other));
  }
}

/* What is there stays as it was when the new file cannot be completed, and no temporary file is left. */
static void check_nothing_lost(void **state, const char *folder, const char *what, size_t n) {
  (void)state;
  for (size_t i = 0; i < NAMES; i++) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    size_t before = 0, after = 0, count = files_count(folder);
    char *old = files_read(path, &before);
    assert_fails(context, write_numbers(path, n), LIMES_FAILED, what);
    char *now = files_read(path, &after);
    assert_int_equal(before, after);
    assert_memory_equal(old, now, before);
    free(old);
    free(now);
    assert_int_equal(files_count(folder), count);
  }
}

static void write_small(const char *folder) {
  for (size_t i = 0; i < NAMES; i++) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    assert_ok(context, write_numbers(path, 3));
  }
}

static void a_file_over_the_size_limit_leaves_the_old_one(void **state) {
  const char *folder = ((test_files *)*state)->folder;
  struct rlimit old, small;
  write_small(folder);
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = (struct rlimit){65536, old.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  check_nothing_lost(state, folder, "too large; free some space", 100000);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, handler);
  files_remove_all(folder);
  mkdir(folder, 0700);
}

/* A disk of 128 kB at folder, seen by this process only; false where that is not allowed. */
static bool mount_small_disk(const char *folder) {
  return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount("none", folder, "tmpfs", 0, "size=128k") == 0;
}

static void a_full_disk_leaves_the_old_file(void **state) {
  char folder[600];
  snprintf(folder, sizeof folder, "%s", files_folder(state, "disk"));
  if (!mount_small_disk(folder)) {
    print_message("skipped: 1 check (a small disk cannot be mounted here)\n");
    rmdir(folder);
    skip();
  }
  write_small(folder);
  check_nothing_lost(state, folder, "No space left on device; free some space", 100000);
  assert_int_equal(umount(folder), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_missing_folder_is_named),       cmocka_unit_test(a_device_or_folder_is_never_replaced),
      cmocka_unit_test(an_unknown_ending_is_refused),    cmocka_unit_test(arrays_are_checked),
      cmocka_unit_test(equal_contents_make_equal_files), cmocka_unit_test(a_file_over_the_size_limit_leaves_the_old_one),
      cmocka_unit_test(a_full_disk_leaves_the_old_file),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_files);
}
