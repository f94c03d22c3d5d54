/* The reference predictions in the folder of the environment variable LIMES_SHARED, where there is one: golden/predict-*.npz. */
#include "fixture.h"

#include <dirent.h>

#include "limes/gp.h"
#include "limes/io.h"

static const double *array(limes_file *file, const char *name, size_t size[2]) {
  limes_named_array found = {0};
  assert_ok(context, limes_file_get(context, file, name, &found));
  for (unsigned k = 0; k < 2 && size != NULL; k++)
    size[k] = k < found.rank ? found.size[k] : 1;
  return found.data;
}

static limes_with with_of(const char *name) {
  return strncmp(name, "predict-nngp", 12) == 0  ? LIMES_WITH_NNGP
         : strncmp(name, "predict-ntk", 11) == 0 ? LIMES_WITH_NTK
                                                 : LIMES_WITH_ENSEMBLE;
}

/* The largest error in units of what is allowed */
static double excess(const double *a, const double *b, const double *tolerance, size_t n) {
  double worst = 0;
  for (size_t i = 0; i < n; i++)
    if (!(fabs(a[i] - b[i]) <= tolerance[i]))
      worst = INFINITY;
    else if (tolerance[i] > 0)
      worst = fmax(worst, fabs(a[i] - b[i]) / tolerance[i]);
  return worst;
}

static void check_case(const char *folder, const char *name) {
  char path[4096];
  limes_file *file = NULL;
  limes_gp *gp = NULL;
  size_t y_size[2], test_size[2];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(context, limes_file_open(context, path, &file));
  const double *y = array(file, "y", y_size);
  limes_gp_kernels kernels = {.nngp_dd = array(file, "nngp_dd", NULL),
                              .nngp_td = array(file, "nngp_td", test_size),
                              .nngp_tt = array(file, "nngp_tt", NULL),
                              .ntk_dd = array(file, "ntk_dd", NULL),
                              .ntk_td = array(file, "ntk_td", NULL),
                              .ntk_tt = array(file, "ntk_tt", NULL)};
  kernels.train = y_size[0];
  kernels.test = test_size[0];
  limes_gp_options options = {.with = with_of(name),
                              .noise = NAN,
                              .diag_reg = NAN,
                              .time = *array(file, "t", NULL),
                              .learning_rate = *array(file, "learning_rate", NULL)};
  *(*array(file, "diag_reg_absolute_scale", NULL) != 0 ? &options.noise : &options.diag_reg) = *array(file, "diag_reg", NULL);
  const double *expected = array(file, "mean", NULL), *expected_cov = array(file, "cov", NULL);
  double *mean = malloc(kernels.test * y_size[1] * sizeof *mean), *cov = malloc(kernels.test * kernels.test * sizeof *cov);
  assert_true(mean != NULL && cov != NULL);
  assert_ok(context, limes_gp_fit(context, &kernels, y, y_size[1], false, &options, &gp));
  assert_int_equal(limes_gp_has_variance(gp), expected_cov != NULL);
  assert_close(limes_gp_describe(gp).jitter, 0, 0);
  assert_ok(context, limes_gp_predict(context, gp, &kernels, mean, expected_cov != NULL ? cov : NULL, NULL));
  double off = excess(mean, expected, array(file, "mean_tol", NULL), kernels.test * y_size[1]), off_cov = 0;
  if (expected_cov != NULL)
    off_cov = excess(cov, expected_cov, array(file, "cov_tol", NULL), kernels.test * kernels.test);
  if (off > 1 || off_cov > 1)
    print_error("%s: off by %.3g (mean) and %.3g (cov) times what is allowed\n", name, off, off_cov);
  assert_true(off <= 1 && off_cov <= 1);
  free(mean);
  free(cov);
  limes_gp_destroy(gp);
  limes_file_close(file);
}

static void reference_predictions_are_met(void **state) {
  (void)state;
  const char *shared = getenv("LIMES_SHARED");
  char folder[2048];
  snprintf(folder, sizeof folder, "%s/golden", shared != NULL ? shared : "");
  DIR *entries = opendir(folder);
  size_t count = 0;
  for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
    if (strncmp(entry->d_name, "predict-", 8) == 0 && strstr(entry->d_name, ".npz") != NULL) {
      check_case(folder, entry->d_name);
      count++;
    }
  print_message("%zu reference predictions checked%s\n", count, count == 0 ? ": the folder of reference cases is not here" : "");
  if (entries != NULL)
    closedir(entries);
  if (count == 0)
    skip();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reference_predictions_are_met)};
  return cmocka_run_group_tests(tests, begin, end);
}
