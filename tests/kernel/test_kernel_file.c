/* Kernels in a file that can be resumed: whatever happened in between, the bits of limes_kernel come out in the end. */
#include "kernel/laws.h"

#include "kernel/disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define MODEL "conv(3, b_std=0.1) relu flatten dense"
enum { N = 60, M = 33, SOME = 41 };
static char path[64];

typedef struct {
  limes_context *context;
  limes_model *model;
  limes_batch *x, *y, *first; /* first: the first SOME items of x */
  kernels own, cross;
} world;

static limes_batch *items(limes_context *context, uint64_t seed, size_t n, size_t kept) {
  double *x = random_numbers(seed, n * 6 * 2);
  limes_batch *batch = batch_of(context, x, 1, kept, 6, 1, 2, NULL);
  free(x);
  return batch;
}

static int make_world(void **state) {
  world *w = calloc(1, sizeof *w);
  snprintf(path, sizeof path, "/tmp/limes-kernel-file-%ld.h5", (long)getpid());
  w->context = new_context();
  w->model = parsed(w->context, MODEL);
  w->x = items(w->context, 1, N, N);
  w->first = items(w->context, 1, N, SOME);
  w->y = items(w->context, 2, M, M);
  w->own = kernel_of(w->context, MODEL, w->x, NULL);
  w->cross = kernel_of(w->context, MODEL, w->x, w->y);
  unlink(path);
  *state = w;
  return 0;
}

static int drop_world(void **state) {
  world *w = *state;
  disk_fails_at(0, 0);
  unlink(path);
  free_kernels(&w->own);
  free_kernels(&w->cross);
  limes_batch_destroy(w->x);
  limes_batch_destroy(w->y);
  limes_batch_destroy(w->first);
  limes_model_destroy(w->model);
  limes_context_destroy(w->context);
  free(w);
  return 0;
}

static const limes_kernel_file_options both = {.nngp = true, .ntk = true};

static limes_status fill(world *w, const limes_batch *a, const limes_batch *b, limes_kernel_file_report *report) {
  return limes_kernel_file(w->context, w->model, a, b, path, &both, report);
}

static void assert_file_is(world *w, const char *name, const kernels *right) {
  limes_file *file = NULL;
  limes_named_array nngp = {0}, ntk = {0};
  assert_ok(w->context, limes_file_open(w->context, name, &file));
  assert_ok(w->context, limes_file_get(w->context, file, "nngp", &nngp));
  assert_ok(w->context, limes_file_get(w->context, file, "ntk", &ntk));
  assert_int_equal(nngp.size[0], right->rows);
  assert_int_equal(nngp.size[1], right->columns);
  assert_same_bits(nngp.data, right->nngp, right->rows * right->columns, "nngp");
  assert_same_bits(ntk.data, right->ntk, right->rows * right->columns, "ntk");
  limes_file_close(file);
}

static void a_file_has_the_bits_of_the_kernel_in_memory(void **state) {
  world *w = *state;
  limes_kernel_file_report report;
  assert_ok(w->context, fill(w, w->x, NULL, &report));
  assert_true(report.tiles > 4);
  assert_int_equal(report.computed, report.tiles);
  assert_file_is(w, path, &w->own);
  unlink(path);
  assert_ok(w->context, fill(w, w->x, w->y, &report));
  assert_file_is(w, path, &w->cross);
}

static void a_complete_file_is_only_checked(void **state) {
  world *w = *state;
  limes_kernel_file_report report;
  assert_ok(w->context, fill(w, w->x, NULL, &report));
  assert_ok(w->context, fill(w, w->x, NULL, &report));
  assert_int_equal(report.computed, 0);
  assert_int_equal(report.done, report.tiles);
  assert_int_equal(report.damaged, 0);
}

static int stop_at_once(void *user, const char *what, double share, double seconds) {
  (void)what;
  (void)share;
  (void)seconds;
  return ++*(int *)user > 0;
}

static void an_interrupted_file_goes_on(void **state) {
  world *w = *state;
  limes_kernel_file_report report;
  int calls = 0;
  limes_set_threads(w->context, 1);
  limes_set_progress(w->context, stop_at_once, &calls);
  while (fill(w, w->x, NULL, &report) == LIMES_INTERRUPTED && calls < 1000)
    assert_non_null(strstr(limes_error(w->context), "goes on from there"));
  limes_set_progress(w->context, NULL, NULL);
  limes_set_threads(w->context, 0);
  assert_ok(w->context, fill(w, w->x, NULL, &report));
  assert_file_is(w, path, &w->own);
}

/* Also while the file is made: then there is none. */
static void writes_that_fail_lose_nothing(void **state) {
  world *w = *state;
  limes_kernel_file_report report;
  bool failed = true;
  for (long k = 1; failed; k += 1 + k / 3) {
    unlink(path);
    disk_fails_at(k, ENOSPC);
    failed = fill(w, w->x, NULL, &report) != LIMES_OK;
    if (failed)
      assert_non_null(strstr(limes_error(w->context), "No space left"));
    disk_fails_at(0, 0);
    assert_ok(w->context, fill(w, w->x, NULL, &report));
    assert_file_is(w, path, &w->own);
  }
}

static void a_power_failure_loses_at_most_what_was_not_synced(void **state) {
  world *w = *state;
  limes_kernel_file_report report, found;
  bool is, lost = true;
  for (long k = 3; lost; k += 1 + k / 4) {
    unlink(path);
    disk_fails_at(k, EIO);
    lost = fill(w, w->x, NULL, &report) != LIMES_OK;
    int descriptor = open(path, O_RDWR);
    lose_power(descriptor, (uint64_t)k * 0x9e3779b97f4a7c15u);
    close(descriptor);
    disk_fails_at(0, 0);
    assert_ok(w->context, limes_kernel_file_check(w->context, path, true, &is, &found));
    assert_true(is && found.done >= report.computed); /* what was said to be done is there */
    assert_ok(w->context, fill(w, w->x, NULL, &report));
    assert_file_is(w, path, &w->own);
  }
}

/* A byte anywhere in the numbers or the checksums; a tail that is gone. */
static void damage_is_found_and_mended(void **state) {
  world *w = *state;
  limes_kernel_file_report report;
  random_stream stream = {5};
  bool is;
  assert_ok(w->context, fill(w, w->x, NULL, &report));
  for (int round = 0; round < 40; round++) {
    struct stat about;
    stat(path, &about);
    int descriptor = open(path, O_RDWR);
    off_t at = (off_t)random_count(&stream, (size_t)about.st_size / 3, (size_t)about.st_size - 9);
    uint64_t noise = random_bits(&stream);
    assert_int_equal(__real_pwrite64(descriptor, &noise, sizeof noise, at), sizeof noise);
    if (round % 2 == 1)
      assert_int_equal(ftruncate(descriptor, at), 0);
    close(descriptor);
    if (round % 2 == 0) {
      assert_ok(w->context, limes_kernel_file_check(w->context, path, true, &is, &report));
      assert_true(is && report.damaged <= 2); /* the noise may span two chunks, or lie beyond all tiles */
    }
    assert_ok(w->context, fill(w, w->x, NULL, &report));
    assert_file_is(w, path, &w->own);
  }
}

/* Tiles that were never done are still NaN, though the mended tail had become zeros. */
static void a_tail_that_is_gone_comes_back_as_nan(void **state) {
  world *w = *state;
  limes_kernel_file_options half = {.nngp = true, .ntk = true, .shard = 1, .shards = 2};
  limes_kernel_file_report report;
  struct stat about;
  assert_ok(w->context, limes_kernel_file(w->context, w->model, w->x, NULL, path, &half, &report));
  stat(path, &about);
  assert_int_equal(truncate(path, about.st_size / 2), 0);
  assert_ok(w->context, limes_kernel_file(w->context, w->model, w->x, NULL, path, &half, &report));
  assert_true(report.damaged > 0);
  limes_file *file = NULL;
  limes_named_array ntk = {0};
  assert_ok(w->context, limes_file_open(w->context, path, &file));
  assert_ok(w->context, limes_file_get(w->context, file, "ntk", &ntk));
  for (size_t i = 0; i < N * N; i++)
    assert_true(isnan(ntk.data[i]) || ntk.data[i] == w->own.ntk[i]);
  limes_file_close(file);
}

static void items_are_added_without_computing_the_others_again(void **state) {
  world *w = *state;
  limes_kernel_file_report before, report;
  assert_ok(w->context, fill(w, w->first, NULL, &before));
  assert_ok(w->context, fill(w, w->x, NULL, &report));
  assert_int_equal(report.items, SOME);
  assert_int_equal(report.computed, report.tiles - before.tiles);
  limes_file *file = NULL;
  limes_named_array nngp = {0};
  assert_ok(w->context, limes_file_open(w->context, path, &file));
  assert_ok(w->context, limes_file_get(w->context, file, "nngp", &nngp));
  assert_near(nngp.data, w->own.nngp, N * N, 1e-13, "extended");
  limes_file_close(file);
  unlink(path);
  assert_ok(w->context, fill(w, w->first, w->y, &before));
  assert_ok(w->context, fill(w, w->x, w->y, &report));
  assert_int_equal(report.computed, report.tiles - before.tiles);
}

static void shards_join_to_the_whole(void **state) {
  world *w = *state;
  char name[3][80];
  const char *const part[] = {name[0], name[1], name[2]};
  limes_kernel_file_report report;
  size_t computed = 0;
  for (unsigned i = 0; i < 3; i++) {
    limes_kernel_file_options options = {.nngp = true, .ntk = true, .shard = i + 1, .shards = 3};
    snprintf(name[i], sizeof name[i], "%s.%u", path, i + 1);
    assert_ok(w->context, limes_kernel_file(w->context, w->model, w->x, NULL, part[i], &options, &report));
    assert_int_equal(report.computed, report.wanted);
    computed += report.computed;
  }
  assert_int_equal(computed, report.tiles);
  assert_ok(w->context, limes_kernel_file_merge(w->context, path, part, 2, &report));
  assert_true(report.done < report.tiles);
  assert_ok(w->context, fill(w, w->x, NULL, &report)); /* the third one's tiles */
  assert_file_is(w, path, &w->own);
  unlink(path);
  assert_ok(w->context, limes_kernel_file_merge(w->context, path, part, 3, &report));
  assert_int_equal(report.done, report.tiles);
  assert_file_is(w, path, &w->own);
  for (unsigned i = 0; i < 3; i++)
    unlink(part[i]);
}

static void assert_refused(world *w, limes_status status, const char *word) {
  assert_int_not_equal(status, LIMES_OK);
  if (strstr(limes_error(w->context), word) == NULL)
    fail_msg("'%s' is not in: %s", word, limes_error(w->context));
}

static void a_file_of_another_kernel_is_not_touched(void **state) {
  world *w = *state;
  limes_kernel_file_report report;
  limes_kernel_file_options one = {.nngp = true}, shard = {.nngp = true, .ntk = true, .shard = 1, .shards = 2};
  limes_model *other = parsed(w->context, "conv(3, b_std=0.2) relu flatten dense");
  assert_ok(w->context, fill(w, w->x, NULL, &report));
  assert_refused(w, limes_kernel_file(w->context, other, w->x, NULL, path, &both, &report), "another kernel (model");
  assert_refused(w, fill(w, w->y, NULL, &report), "another kernel (rows");
  assert_refused(w, fill(w, w->x, w->y, &report), "another kernel (columns");
  assert_refused(w, fill(w, w->first, NULL, &report), "another kernel (rows");
  assert_refused(w, limes_kernel_file(w->context, w->model, w->x, NULL, path, &one, &report), "the NNGP alone");
  assert_refused(w, limes_kernel_file(w->context, w->model, w->x, NULL, path, &shard, &report), "another kernel (shard");
  limes_model_destroy(other);
  assert_file_is(w, path, &w->own);
}

static void a_second_writer_is_refused(void **state) {
  world *w = *state;
  limes_kernel_file_report report;
  assert_ok(w->context, fill(w, w->x, NULL, &report));
  int descriptor = open(path, O_RDWR);
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  assert_int_equal(fcntl(descriptor, F_OFD_SETLK, &whole), 0);
  assert_refused(w, fill(w, w->x, NULL, &report), "written by another process");
  close(descriptor);
  assert_ok(w->context, fill(w, w->x, NULL, &report));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_file_has_the_bits_of_the_kernel_in_memory, make_world, drop_world),
      cmocka_unit_test_setup_teardown(a_complete_file_is_only_checked, make_world, drop_world),
      cmocka_unit_test_setup_teardown(an_interrupted_file_goes_on, make_world, drop_world),
      cmocka_unit_test_setup_teardown(writes_that_fail_lose_nothing, make_world, drop_world),
      cmocka_unit_test_setup_teardown(a_power_failure_loses_at_most_what_was_not_synced, make_world, drop_world),
      cmocka_unit_test_setup_teardown(damage_is_found_and_mended, make_world, drop_world),
      cmocka_unit_test_setup_teardown(a_tail_that_is_gone_comes_back_as_nan, make_world, drop_world),
      cmocka_unit_test_setup_teardown(items_are_added_without_computing_the_others_again, make_world, drop_world),
      cmocka_unit_test_setup_teardown(shards_join_to_the_whole, make_world, drop_world),
      cmocka_unit_test_setup_teardown(a_file_of_another_kernel_is_not_touched, make_world, drop_world),
      cmocka_unit_test_setup_teardown(a_second_writer_is_refused, make_world, drop_world),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
