/* The models and errors that docs/language.md shows are what the library takes and says. */
#include "random_model.h"

typedef struct {
  limes_context *context;
  char *page, *at; /* at: behind the last block */
} manual;

static int set_up(void **state) {
  const char *root = getenv("LIMES_SOURCE_ROOT");
  char path[4096];
  manual *m = calloc(1, sizeof *m);
  if (m == NULL || root == NULL)
    return -1;
  snprintf(path, sizeof path, "%s/docs/language.md", root);
  FILE *file = fopen(path, "rb");
  m->page = calloc(1, 1 << 20);
  if (file == NULL || m->page == NULL)
    return -1;
  m->page[fread(m->page, 1, (1 << 20) - 1, file)] = '\0';
  fclose(file);
  m->at = m->page;
  m->context = new_context();
  *state = m;
  return 0;
}

static int tear_down(void **state) {
  manual *m = *state;
  limes_context_destroy(m->context);
  free(m->page);
  free(m);
  return 0;
}

/* The next block of this kind, ended by a zero byte in the page; NULL behind the last one. */
static const char *next_block(manual *m, const char *kind) {
  char begin[32];
  snprintf(begin, sizeof begin, "\n```%s\n", kind);
  char *block = strstr(m->at, begin), *end = NULL;
  if (block == NULL)
    return NULL;
  block += strlen(begin);
  end = strstr(block, "\n```");
  assert_non_null(end);
  *end = '\0';
  m->at = end + 1;
  return block;
}

static void every_model_of_the_page_parses(void **state) {
  manual *m = *state;
  size_t n = 0;
  for (const char *text = next_block(m, "model"); text != NULL; text = next_block(m, "model"), n++) {
    limes_model *model = NULL;
    assert_ok(m->context, limes_model_parse(m->context, text, &model));
    limes_model_destroy(model);
  }
  assert_true(n >= 5);
}

static void every_error_of_the_page_is_the_one_given(void **state) {
  manual *m = *state;
  size_t n = 0;
  for (const char *text = next_block(m, "wrong"); text != NULL; text = next_block(m, "wrong"), n++) {
    limes_model *model = NULL;
    assert_int_equal(limes_model_parse(m->context, text, &model), LIMES_WRONG_USE);
    assert_string_equal(limes_error(m->context), next_block(m, "error"));
  }
  assert_true(n >= 4);
}

static void every_word_stands_on_the_page(void **state) {
  manual *m = *state;
  for (size_t i = 0; limes_word(i) != NULL; i++) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "`%s`", limes_word(i));
    if (strstr(m->page, quoted) == NULL)
      fail_msg("%s is missing in docs/language.md", quoted);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_model_of_the_page_parses, set_up, tear_down),
      cmocka_unit_test_setup_teardown(every_error_of_the_page_is_the_one_given, set_up, tear_down),
      cmocka_unit_test_setup_teardown(every_word_stands_on_the_page, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
