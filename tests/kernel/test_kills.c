/* A process that computes a kernel into a file is killed at random moments; the file ends with the same bits, and no tile that
 * was said to be done is lost. LIMES_KILLS says how often (6), LIMES_KILL_ITEMS of how many items the kernel is (180). */
#include "kernel/laws.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODEL "repeat(3, conv(3, b_std=0.1) relu) attention(position=sum) relu flatten dense"

static char path[64];
static const limes_kernel_file_options both = {.nngp = true, .ntk = true};

static size_t setting(const char *name, size_t otherwise) {
  const char *text = getenv(name);
  return text == NULL ? otherwise : strtoul(text, NULL, 10);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static limes_status fill(limes_context *context, const limes_batch *x, limes_kernel_file_report *report) {
  limes_model *model = parsed(context, MODEL);
  limes_status status = limes_kernel_file(context, model, x, NULL, path, &both, report);
  limes_model_destroy(model);
  return status;
}

/* A child that fills the file, for so many seconds at most; whether it was killed. */
static bool fill_and_kill(limes_context *context, const limes_batch *x, double seconds) {
  limes_kernel_file_report report;
  int status = 0;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0)
    _exit(fill(context, x, &report) == LIMES_OK ? 0 : 1);
  usleep((useconds_t)(1e6 * seconds));
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status);
}

static size_t tiles_done(limes_context *context, limes_kernel_file_report *found) {
  bool is = false;
  assert_ok(context, limes_kernel_file_check(context, path, true, &is, found));
  return is ? found->done : 0;
}

static void kills_lose_nothing_that_was_done(void **state) {
  limes_context *context = *state;
  size_t kills = setting("LIMES_KILLS", 6), n = setting("LIMES_KILL_ITEMS", 180), between = 0;
  random_stream stream = {(uint64_t)time(NULL)};
  limes_batch *x = random_images(context, 3, n, 6, 6, 2);
  limes_kernel_file_report report, found = {0};
  double started = now();
  kernels right = kernel_of(context, MODEL, x, NULL);
  double whole = now() - started;
  for (size_t k = 0; k < kills; k++) {
    size_t before = tiles_done(context, &found);
    bool killed = fill_and_kill(context, x, random_between(&stream, 0, 2.5 * whole / (double)kills + 0.02));
    size_t after = tiles_done(context, &found);
    assert_true(after >= before);
    assert_int_equal(found.damaged, 0);
    between += killed && after > 0 && after < found.tiles;
    if (kills > 10)
      print_message("kill %zu: tile %zu of %zu\n", k + 1, after, found.tiles);
    if (found.tiles > 0 && after == found.tiles)
      unlink(path);
  }
  print_message("%zu of %zu kills fell between the first tile and the last one; a whole run takes %.1f s\n", between, kills,
                whole);
  assert_ok(context, fill(context, x, &report));
  limes_file *file = NULL;
  limes_named_array ntk = {0};
  assert_ok(context, limes_file_open(context, path, &file));
  assert_ok(context, limes_file_get(context, file, "ntk", &ntk));
  assert_same_bits(ntk.data, right.ntk, n * n, "ntk");
  limes_file_close(file);
  free_kernels(&right);
  limes_batch_destroy(x);
  unlink(path);
}

int main(void) {
  snprintf(path, sizeof path, "/tmp/limes-kills-%ld.h5", (long)getpid());
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(kills_lose_nothing_that_was_done, make_context, destroy_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
