/* Files that are no fits, or broken ones. */
#include <unistd.h>

#include "fixture.h"
#include "limes/limes.h"

#define MOST_ARRAYS 40

static char good[256], bad[256];

static void write_good_fit(void) {
  double x[12 * 4];
  int64_t labels[12];
  double pattern[12 * 4];
  uint8_t mask[12 * 2] = {1};
  int64_t segments[12 * 2] = {0, 0, 1, 2};
  for (size_t i = 0; i < 48; i++)
    x[i] = sin((double)(3 * i)) + (i / 4 % 2 ? 1 : 0);
  for (size_t i = 0; i < 48; i++)
    pattern[i] = cos((double)i);
  for (size_t i = 0; i < 12; i++)
    labels[i] = (int64_t)(i % 2);
  limes_array array = {.data = x, .axes = 1, .items = 12, .size = {2}, .features = 2};
  limes_batch *batch = NULL;
  limes_model *model = NULL;
  limes_fit *fit = NULL;
  limes_normalization *normalization = NULL;
  limes_gp_options options = limes_gp_defaults();
  options.with = LIMES_WITH_ENSEMBLE;
  assert_ok(context, limes_batch_create(context, &array, mask, NULL, &batch));
  assert_ok(context, limes_batch_set_pattern(context, batch, pattern, (const size_t[]){2}));
  assert_ok(context, limes_batch_set_labels(context, batch, labels));
  assert_ok(context, limes_batch_set_segments(context, batch, segments));
  assert_ok(context, limes_normalization_fit(context, "per-channel", batch, &normalization));
  assert_ok(context,
            limes_model_parse(context, "dense relu aggregate dense relu attention_pool relu attention_pool dense", &model));
  assert_ok(context, limes_fit_create(context, model, batch, normalization, LIMES_CLASSIFICATION, &options, &fit));
  assert_ok(context, limes_fit_save(context, fit, good));
  limes_fit_destroy(fit);
  limes_model_destroy(model);
  limes_normalization_destroy(normalization);
  limes_batch_destroy(batch);
}

/* Loading `bad` fails as bad input, in a sentence that names the file and holds the words. */
static void expect_refused(const char *words) {
  limes_fit *fit = NULL;
  limes_status status = limes_fit_load(context, bad, &fit);
  assert_null(fit);
  const char *error = limes_error(context);
  if (status != LIMES_BAD_INPUT || strncmp(error, bad, strlen(bad)) != 0 || strstr(error, words) == NULL ||
      strstr(error + 1, bad) != NULL)
    print_error("%s, '%s', and should be about '%s'\n", limes_status_text(status), error, words);
  assert_int_equal(status, LIMES_BAD_INPUT);
  assert_int_equal(strncmp(error, bad, strlen(bad)), 0);
  assert_null(strstr(error + 1, bad));
  assert_non_null(strstr(error, words));
}

/* The arrays of the good fit; integers stand as such, and texts. The file stays open. */
static size_t read_good(limes_file **file, limes_named_array arrays[MOST_ARRAYS]) {
  size_t count = 0;
  assert_ok(context, limes_file_open(context, good, file));
  for (const char *name; (name = limes_file_name(*file, count)) != NULL; count++) {
    assert_true(count < MOST_ARRAYS);
    assert_ok(context, limes_file_get(context, *file, name, &arrays[count]));
    if (arrays[count].integers != NULL)
      arrays[count].data = NULL;
  }
  return count;
}

static limes_named_array *find(limes_named_array *arrays, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(arrays[i].name, name) == 0)
      return &arrays[i];
  fail_msg("the fit has no array %s", name);
  return NULL;
}

static void every_part_that_is_missing_is_named(void **state) {
  (void)state;
  limes_named_array arrays[MOST_ARRAYS], rest[MOST_ARRAYS];
  limes_file *file = NULL;
  size_t count = read_good(&file, arrays);
  for (size_t out = 0; out < count; out++) {
    const char *name = arrays[out].name;
    if (strcmp(name, "limes_version") == 0 || strcmp(name, "hidden") == 0 || strcmp(name, "segment") == 0 ||
        strcmp(name, "edge_count") == 0 || strncmp(name, "normalization", 13) == 0)
      continue; /* not needed, or not in every fit */
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
      if (i != out)
        rest[left++] = arrays[i];
    assert_ok(context, limes_file_write(context, bad, rest, left));
    const char *words = strcmp(name, "format") == 0  ? "no fit"
                        : strcmp(name, "with") == 0  ? "nngp, ntk or ensemble"
                        : strcmp(name, "items") == 0 ? "images"
                                                     : name;
    expect_refused(words);
  }
  limes_file_close(file);
}

static void every_array_of_another_size_is_refused(void **state) {
  (void)state;
  limes_named_array arrays[MOST_ARRAYS];
  limes_file *file = NULL;
  size_t count = read_good(&file, arrays);
  for (size_t i = 0; i < count; i++) {
    if (arrays[i].text != NULL || arrays[i].rank == 0 || strncmp(arrays[i].name, "normalization", 13) == 0)
      continue;
    limes_named_array kept = arrays[i];
    arrays[i].size[0]--;
    assert_ok(context, limes_file_write(context, bad, arrays, count));
    limes_fit *fit = NULL;
    if (kept.size[0] > 1) {
      assert_int_equal(limes_fit_load(context, bad, &fit), LIMES_BAD_INPUT);
      assert_non_null(strstr(limes_error(context), "damaged"));
    }
    assert_null(fit);
    arrays[i] = kept;
  }
  limes_file_close(file);
}

static void numbers_that_are_none_are_refused(void **state) {
  (void)state;
  limes_named_array arrays[MOST_ARRAYS];
  limes_file *file = NULL;
  size_t count = read_good(&file, arrays);
  const char *const names[] = {"x",      "alpha", "edge_weight", "solver", "prior",       "target", "spectrum",
                               "offset", "noise", "jitter",      "scale",  "temperature", "steps"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    limes_named_array *array = find(arrays, count, names[i]), kept = *array;
    size_t n = (array->rank > 0 ? array->size[0] : 1) * (array->rank > 1 ? array->size[1] : 1);
    double *changed = malloc(n * sizeof *changed);
    assert_non_null(changed);
    memcpy(changed, array->data, n * sizeof *changed);
    changed[n - 1] = NAN;
    array->data = changed;
    assert_ok(context, limes_file_write(context, bad, arrays, count));
    expect_refused(names[i]);
    *array = kept;
    free(changed);
  }
  limes_file_close(file);
}

static void texts_that_say_something_else_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *name, *text, *words;
  } cases[] = {
      {"format", "a kernel", "no fit"}, {"format", "limes fit 999", "limes fit 999"},
      {"task", "cooking", "cooking"},   {"with", "nothing", "ensemble"},
      {"items", "songs", "images"},     {"model", "dense relo dense", "relo"},
      {"normalization", "odd", "odd"},
  };
  limes_named_array arrays[MOST_ARRAYS];
  limes_file *file = NULL;
  size_t count = read_good(&file, arrays);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    limes_named_array *array = find(arrays, count, cases[i].name);
    const char *kept = array->text;
    array->text = cases[i].text;
    assert_ok(context, limes_file_write(context, bad, arrays, count));
    expect_refused(cases[i].words);
    array->text = kept;
  }
  limes_file_close(file);
}

static void sizes_that_do_not_add_up_are_refused(void **state) {
  (void)state;
  limes_named_array arrays[MOST_ARRAYS];
  limes_file *file = NULL;
  size_t count = read_good(&file, arrays);
  const int64_t values[] = {0, -1, 1000000000000, 3};
  int64_t changed[24], hidden[24];
  limes_named_array *size = find(arrays, count, "size"), kept = *size;
  size->integers = changed;
  for (size_t i = 0; i < 4; i++) {
    memcpy(changed, kept.integers, sizeof changed);
    changed[7] = values[i];
    assert_ok(context, limes_file_write(context, bad, arrays, count));
    expect_refused("damaged");
  }
  *size = kept;
  for (size_t i = 0; i < 24; i++)
    hidden[i] = i == 4 || i == 5;
  find(arrays, count, "hidden")->integers = hidden;
  assert_ok(context, limes_file_write(context, bad, arrays, count));
  expect_refused("item 2");
  limes_file_close(file);
}

static void other_files_are_refused(void **state) {
  (void)state;
  const double data[2] = {1, 2};
  limes_named_array array = {.name = "nngp", .rank = 1, .size = {2}, .data = data};
  assert_ok(context, limes_file_write(context, bad, &array, 1));
  expect_refused("no fit");
  FILE *file = fopen(bad, "w");
  assert_non_null(file);
  fputs("once upon a time", file);
  fclose(file);
  expect_refused("");
  remove(bad);
  expect_refused("");
}

static void a_file_cut_short_is_refused(void **state) {
  (void)state;
  FILE *from = fopen(good, "rb");
  assert_non_null(from);
  fseek(from, 0, SEEK_END);
  long size = ftell(from);
  char *bytes = malloc((size_t)size);
  rewind(from);
  assert_int_equal(fread(bytes, 1, (size_t)size, from), size);
  fclose(from);
  for (long part = 0; part < 24; part++) {
    FILE *to = fopen(bad, "wb");
    assert_int_equal(fwrite(bytes, 1, (size_t)(size * part / 24), to), size * part / 24);
    fclose(to);
    expect_refused("");
  }
  free(bytes);
}

static void a_fit_is_kept_as_hdf5_only(void **state) {
  (void)state;
  limes_fit *fit = NULL;
  assert_ok(context, limes_fit_load(context, good, &fit));
  assert_int_equal(limes_fit_save(context, fit, "fit.npz"), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), ".h5"));
  limes_fit_destroy(fit);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_part_that_is_missing_is_named),  cmocka_unit_test(every_array_of_another_size_is_refused),
      cmocka_unit_test(numbers_that_are_none_are_refused),    cmocka_unit_test(texts_that_say_something_else_are_refused),
      cmocka_unit_test(sizes_that_do_not_add_up_are_refused), cmocka_unit_test(other_files_are_refused),
      cmocka_unit_test(a_file_cut_short_is_refused),          cmocka_unit_test(a_fit_is_kept_as_hdf5_only),
  };
  const char *folder = getenv("TMPDIR");
  snprintf(good, sizeof good, "%s/limes-test-%ld-good.h5", folder != NULL ? folder : "/tmp", (long)getpid());
  snprintf(bad, sizeof bad, "%s/limes-test-%ld-bad.h5", folder != NULL ? folder : "/tmp", (long)getpid());
  assert_int_equal(begin(NULL), 0);
  write_good_fit();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  (void)end(NULL);
  remove(good);
  remove(bad);
  return failed;
}
