/* Golden cases: models, data and the kernels and predictions that belong to them, worked out in multiple precision.
 *
 * The cases of this folder (make_cases.py) always run. Those of the folder $LIMES_SHARED/golden run where it is there,
 * less those with words, or choices of a word, that have no layer yet: they are counted. What a case holds and when an
 * answer is right stands in make_cases.py. */
#include "golden/cases.h"

typedef struct {
  unsigned right, wrong, later;
} tally;

typedef enum { RIGHT, WRONG, LATER } verdict;

/* What the words registered today do not take yet; a case with one of these may be refused by the parser. */
static const char *const later_choices[] = {"scale=sqrt", "qk_correlation", "survive=", "coins="};

static bool word_is_registered(const char *word, size_t length) {
  const char *known;
  for (size_t i = 0; (known = limes_word(i)) != NULL; i++)
    if (strlen(known) == length && strncmp(known, word, length) == 0)
      return true;
  return false;
}

/* Whether the model has a word without a layer: a name that is neither a key nor a value behind = */
static bool has_later_word(const char *model) {
  const char *letters = "abcdefghijklmnopqrstuvwxyz_0123456789";
  for (const char *at = model; *at != '\0';) {
    size_t length = strspn(at, letters);
    bool name = length > 0 && *at >= 'a' && *at <= 'z' && at[length] != '=' && (at == model || (at[-1] != '=' && at[-1] != '.'));
    if (name && strncmp(at, "sqrt", length) != 0 && !word_is_registered(at, length))
      return true;
    at += length > 0 ? length : 1;
  }
  return false;
}

static bool is_for_later(const char *model) {
  for (size_t i = 0; i < sizeof later_choices / sizeof *later_choices; i++)
    if (strstr(model, later_choices[i]) != NULL)
      return true;
  return has_later_word(model);
}

static verdict failed(const golden_case *golden, limes_context *context, const char *what) {
  print_error("%s: %s: %s\n", golden->name, what, limes_error(context));
  return WRONG;
}

static size_t elements(const limes_named_array *array) {
  size_t n = 1;
  for (unsigned k = 0; k < array->rank; k++)
    n *= array->size[k];
  return n;
}

/* The array of that name; data is NULL where the file has none. */
static limes_named_array get(limes_context *context, limes_file *file, const char *name) {
  limes_named_array array = {0};
  assert_ok(context, limes_file_get(context, file, name, &array));
  return array;
}

static limes_named_array get_needed(limes_context *context, limes_file *file, const char *name) {
  limes_named_array array = get(context, file, name);
  if (array.data == NULL)
    fail_msg("no array %s", name);
  return array;
}

/* Compares answer with the expected array of that name, and prints the entry that is furthest beyond what is allowed. */
static verdict compare(const golden_case *golden, limes_context *context, limes_file *file, const char *name,
                       const double *answer) {
  char tolerance_name[64];
  snprintf(tolerance_name, sizeof tolerance_name, "%s_tol", name);
  limes_named_array expected = get_needed(context, file, name), tolerance = get(context, file, tolerance_name);
  size_t n = elements(&expected), worst = 0, wrong = 0;
  double largest = 0, worst_excess = 0;
  for (size_t i = 0; i < n; i++)
    largest = fmax(largest, fabs(expected.data[i]));
  for (size_t i = 0; i < n; i++) {
    double allowed = tolerance.data != NULL ? tolerance.data[i] : golden->atol_rel * largest;
    double difference = fabs(answer[i] - expected.data[i]);
    if (difference <= allowed)
      continue;
    wrong++;
    double excess = isfinite(answer[i]) ? difference / fmax(allowed, 1e-300) : INFINITY;
    if (excess > worst_excess) {
      worst_excess = excess;
      worst = i;
    }
  }
  if (wrong == 0)
    return RIGHT;
  print_error("%s: %s: %s: %zu of %zu entries are wrong; entry %zu is %.17g, expected %.17g, %.2g times what is allowed\n",
              golden->name, golden->model, name, wrong, n, worst, answer[worst], expected.data[worst], worst_excess);
  return WRONG;
}

static verdict compare_kernels(const golden_case *golden, limes_context *context, limes_file *file, const double *nngp,
                               const double *ntk) {
  verdict first = compare(golden, context, file, "nngp", nngp), second = compare(golden, context, file, "ntk", ntk);
  return first == RIGHT && second == RIGHT ? RIGHT : WRONG;
}

static verdict run_positions(const golden_case *golden, limes_context *context, const limes_model *model, const limes_batch *x1,
                             const limes_batch *x2, limes_file *file) {
  limes_named_array expected = get_needed(context, file, "nngp");
  size_t n = elements(&expected), size[4] = {0};
  double *nngp = calloc(n, sizeof *nngp), *ntk = calloc(n, sizeof *ntk);
  unsigned axes = 0;
  assert_true(nngp != NULL && ntk != NULL);
  verdict result = RIGHT;
  if (limes_kernel_positions(context, model, x1, x2, &(limes_kernel_output){0}, &axes, size) != LIMES_OK)
    result = failed(golden, context, "limes_kernel_positions without arrays");
  if (result == RIGHT && expected.rank != 2 + 2 * axes)
    result = WRONG;
  for (unsigned k = 0; result == RIGHT && k < 2 * axes; k++)
    if (size[k] != expected.size[2 + k]) {
      print_error("%s: axis %u has size %zu, expected %zu\n", golden->name, k, size[k], expected.size[2 + k]);
      result = WRONG;
    }
  limes_kernel_output out = {.nngp = nngp, .ntk = ntk};
  if (result == RIGHT && limes_kernel_positions(context, model, x1, x2, &out, &axes, size) != LIMES_OK)
    result = failed(golden, context, "limes_kernel_positions");
  if (result == RIGHT)
    result = compare_kernels(golden, context, file, nngp, ntk);
  free(nngp);
  free(ntk);
  return result;
}

static verdict run_matrix(const golden_case *golden, limes_context *context, const limes_model *model, const limes_batch *x1,
                          const limes_batch *x2, limes_file *file) {
  size_t n = limes_batch_items(x1) * limes_batch_items(x2 != NULL ? x2 : x1);
  double *nngp = calloc(n, sizeof *nngp), *ntk = calloc(n, sizeof *ntk);
  assert_true(nngp != NULL && ntk != NULL);
  verdict result = WRONG;
  if (limes_kernel(context, model, x1, x2, &(limes_kernel_output){.nngp = nngp, .ntk = ntk}) != LIMES_OK)
    (void)failed(golden, context, golden->model);
  else
    result = compare_kernels(golden, context, file, nngp, ntk);
  free(nngp);
  free(ntk);
  return result;
}

static verdict read_and_run(const golden_case *golden, limes_context *context, const limes_model *model, limes_file *file) {
  char name[MAX_LINE + 8];
  limes_batch *x1 = NULL, *x2 = NULL;
  verdict result = RIGHT;
  snprintf(name, sizeof name, "%s:x1", golden->path);
  if (limes_batch_read(context, name, NULL, &x1) != LIMES_OK)
    result = failed(golden, context, "x1");
  snprintf(name, sizeof name, "%s:x2", golden->path);
  if (result == RIGHT && get(context, file, "x2").data != NULL && limes_batch_read(context, name, NULL, &x2) != LIMES_OK)
    result = failed(golden, context, "x2");
  if (result == RIGHT)
    result = (strcmp(golden->suite, "kernel") == 0 ? run_matrix : run_positions)(golden, context, model, x1, x2, file);
  limes_batch_destroy(x1);
  limes_batch_destroy(x2);
  return result;
}

static verdict run_kernel(const golden_case *golden, limes_context *context, limes_file *file) {
  limes_model *model = NULL;
  if (limes_model_parse(context, golden->model, &model) != LIMES_OK)
    return is_for_later(golden->model) ? LATER : failed(golden, context, golden->model);
  verdict result = read_and_run(golden, context, model, file);
  limes_model_destroy(model);
  return result;
}

static verdict run_dual(const golden_case *golden, limes_context *context, limes_file *file) {
  if (has_later_word(golden->model))
    return LATER;
  limes_named_array k12 = get_needed(context, file, "k12");
  size_t n = elements(&k12);
  double *value = calloc(n, sizeof *value), *slope = calloc(n, sizeof *slope);
  assert_true(value != NULL && slope != NULL);
  verdict result = WRONG;
  if (limes_dual(context, golden->model, n, k12.data, get_needed(context, file, "k11").data,
                 get_needed(context, file, "k22").data, value, slope) != LIMES_OK) {
    (void)failed(golden, context, golden->model);
  } else {
    verdict first = compare(golden, context, file, "phi_phi", value), second = compare(golden, context, file, "dphi_dphi", slope);
    result = first == RIGHT && second == RIGHT ? RIGHT : WRONG;
  }
  free(value);
  free(slope);
  return result;
}

static limes_gp_options predict_options(const golden_case *golden, limes_context *context, limes_file *file) {
  limes_gp_options options = limes_gp_defaults();
  options.with = strncmp(golden->model, "mode=nngp", 9) == 0  ? LIMES_WITH_NNGP
                 : strncmp(golden->model, "mode=ntk", 8) == 0 ? LIMES_WITH_NTK
                                                              : LIMES_WITH_ENSEMBLE;
  double reg = get_needed(context, file, "diag_reg").data[0];
  bool absolute = get_needed(context, file, "diag_reg_absolute_scale").data[0] != 0;
  options.noise = absolute ? reg : NAN;
  options.diag_reg = absolute ? NAN : reg;
  options.time = get_needed(context, file, "t").data[0];
  options.learning_rate = get_needed(context, file, "learning_rate").data[0];
  return options;
}

static verdict run_predict(const golden_case *golden, limes_context *context, limes_file *file) {
  limes_named_array expected = get_needed(context, file, "mean"), y = get_needed(context, file, "y");
  limes_gp_kernels kernels = {.train = y.size[0], .test = expected.size[0]};
  struct {
    const char *name;
    const double **array;
  } arrays[] = {{"nngp_dd", &kernels.nngp_dd}, {"nngp_td", &kernels.nngp_td}, {"nngp_tt", &kernels.nngp_tt},
                {"ntk_dd", &kernels.ntk_dd},   {"ntk_td", &kernels.ntk_td},   {"ntk_tt", &kernels.ntk_tt}};
  for (size_t i = 0; i < 6; i++)
    *arrays[i].array = get(context, file, arrays[i].name).data;
  limes_gp_options options = predict_options(golden, context, file);
  double *mean = calloc(elements(&expected), sizeof *mean), *cov = NULL;
  if (get(context, file, "cov").data != NULL)
    cov = calloc(kernels.test * kernels.test, sizeof *cov);
  limes_gp *gp = NULL;
  verdict result = WRONG;
  if (limes_gp_fit(context, &kernels, y.data, y.size[1], false, &options, &gp) != LIMES_OK)
    (void)failed(golden, context, "limes_gp_fit");
  else if (limes_gp_predict(context, gp, &kernels, mean, cov, NULL) != LIMES_OK)
    (void)failed(golden, context, "limes_gp_predict");
  else
    result = compare(golden, context, file, "mean", mean);
  if (result == RIGHT && cov != NULL)
    result = compare(golden, context, file, "cov", cov);
  limes_gp_destroy(gp);
  free(mean);
  free(cov);
  return result;
}

static verdict run_case(const golden_case *golden, limes_context *context) {
  limes_file *file = NULL;
  if (limes_file_open(context, golden->path, &file) != LIMES_OK)
    return failed(golden, context, "limes_file_open");
  verdict result = strcmp(golden->suite, "dual") == 0      ? run_dual(golden, context, file)
                   : strcmp(golden->suite, "predict") == 0 ? run_predict(golden, context, file)
                                                           : run_kernel(golden, context, file);
  limes_file_close(file);
  return result;
}

static void count_case(const golden_case *golden, limes_context *context, void *user) {
  tally *count = user;
  verdict result = run_case(golden, context);
  count->right += result == RIGHT;
  count->wrong += result == WRONG;
  count->later += result == LATER;
}

static void our_own_cases_agree(void **state) {
  (void)state;
  char folder[MAX_LINE];
  tally count = {0};
  own_folder(folder);
  assert_true(each_case(folder, count_case, &count));
  print_message("golden cases of our own: %u agree, %u do not\n", count.right, count.wrong);
  assert_int_equal(count.later, 0);
  assert_int_equal(count.wrong, 0);
  assert_true(count.right >= 60);
}

static void shared_cases_agree(void **state) {
  (void)state;
  char folder[MAX_LINE];
  tally count = {0};
  shared_folder(folder);
  if (!each_case(folder, count_case, &count)) {
    print_message("shared golden cases: skipped, there is no folder of them; 0 ran\n");
    skip();
  }
  print_message("shared golden cases: %u agree, %u do not, %u are for later words\n", count.right, count.wrong, count.later);
  assert_int_equal(count.wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(our_own_cases_agree), cmocka_unit_test(shared_cases_agree)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
