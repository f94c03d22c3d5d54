/* What a command line takes for a model: text, @file, or a shipped name. */
#include <unistd.h>

#include "random_model.h"

typedef struct {
  limes_context *context;
  char folder[64], argument[128]; /* argument: "@" and the file's path */
} files;

static int set_up(void **state) {
  files *f = calloc(1, sizeof *f);
  if (f == NULL)
    return -1;
  strcpy(f->folder, "/tmp/limes-model-XXXXXX");
  *state = f;
  f->context = new_context();
  if (mkdtemp(f->folder) == NULL)
    return -1;
  snprintf(f->argument, sizeof f->argument, "@%s/a.model", f->folder);
  return 0;
}

static int tear_down(void **state) {
  files *f = *state;
  (void)unlink(f->argument + 1);
  rmdir(f->folder);
  limes_context_destroy(f->context);
  free(f);
  return 0;
}

static void write_file(const files *f, const char *content, size_t length) {
  FILE *file = fopen(f->argument + 1, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(content, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
}

static void assert_refused(files *f, const char *argument, limes_status expected, const char *sentence) {
  limes_model *model = NULL;
  limes_status status = limes_model_read(f->context, argument, &model);
  if (status != expected || strstr(limes_error(f->context), sentence) == NULL) {
    print_error("status %d and\n%s\nwhere status %d and '%s' was expected\n", status, limes_error(f->context), expected,
                sentence);
    fail();
  }
  assert_null(model);
}

static void assert_reads(files *f, const char *argument, const char *expected) {
  limes_model *model = NULL;
  char *text = NULL;
  assert_ok(f->context, limes_model_read(f->context, argument, &model));
  assert_ok(f->context, limes_model_print(f->context, model, &text));
  assert_string_equal(text, expected);
  limes_free(text);
  limes_model_destroy(model);
}

static void a_file_is_read_as_its_text(void **state) {
  files *f = *state;
  static const char text[] = "# Gr\xc3\xbc\xc3\x9f"
                             "e\r\nconv(3)\r\n  relu\r\n";
  static const char marked[] = "\xEF\xBB\xBF"
                               "dense";
  write_file(f, text, strlen(text));
  assert_reads(f, f->argument, "conv(3) relu");
  write_file(f, marked, strlen(marked));
  assert_reads(f, f->argument, "dense");
  assert_reads(f, " conv(3)\nrelu", "conv(3) relu");
  assert_reads(f, "dense", "dense");
}

static void errors_in_a_file_name_it(void **state) {
  files *f = *state;
  char expected[160];
  write_file(f, "dense\n rleu", 11);
  snprintf(expected, sizeof expected, "%s, line 2, column 2: unknown word 'rleu': did you mean 'relu'?", f->argument + 1);
  assert_refused(f, f->argument, LIMES_WRONG_USE, expected);
  assert_non_null(strstr(limes_error(f->context), "\n   rleu\n   ^"));
  write_file(f, "", 0);
  assert_refused(f, f->argument, LIMES_WRONG_USE, "a.model, line 1, column 1: the model is empty");
}

static void a_file_that_is_no_text_is_refused(void **state) {
  files *f = *state;
  size_t size = LIMES_MAX_TEXT + 1;
  char *blanks = malloc(size);
  assert_non_null(blanks);
  memset(blanks, ' ', size);
  memcpy(blanks, "dense", 5);
  write_file(f, "dense\0relu", 10);
  assert_refused(f, f->argument, LIMES_BAD_INPUT, "a.model' is not a text: byte 6 is zero");
  write_file(f, blanks, size);
  assert_refused(f, f->argument, LIMES_BAD_INPUT, "a.model' is longer than 1 MB");
  write_file(f, blanks, size - 1);
  assert_reads(f, f->argument, "dense");
  free(blanks);
  assert_refused(f, "@/nowhere/to/be.found", LIMES_BAD_INPUT, "'/nowhere/to/be.found' cannot be read: No such file");
  assert_refused(f, "@/", LIMES_BAD_INPUT, "cannot be read: Is a directory");
  assert_refused(f, "@", LIMES_BAD_INPUT, "cannot be read");
}

static void a_near_miss_of_a_shipped_name_offers_it(void **state) {
  files *f = *state;
  assert_refused(f, "cnn-gpp", LIMES_WRONG_USE,
                 "'cnn-gpp' is neither a word of the language nor a shipped model: did you mean the model 'cnn-gp'?");
  assert_refused(f, "trnsformer", LIMES_WRONG_USE, "did you mean the model 'transformer'?");
  assert_refused(f, "attention_digits", LIMES_WRONG_USE, "did you mean the model 'attention-digits'?");
  assert_refused(f, "rellu", LIMES_WRONG_USE, "did you mean 'relu'?");
  assert_refused(f, "gibberish", LIMES_WRONG_USE, "'limes models' the models");
  assert_refused(f, "rellu dense", LIMES_WRONG_USE, "unknown word 'rellu'");
  assert_refused(f, "", LIMES_WRONG_USE, "the model is empty");
  assert_reads(f, "fcn", "repeat(3, dense(w_std=sqrt(2), b_std=0.1) relu) dense");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_file_is_read_as_its_text, set_up, tear_down),
      cmocka_unit_test_setup_teardown(errors_in_a_file_name_it, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_file_that_is_no_text_is_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_near_miss_of_a_shipped_name_offers_it, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
