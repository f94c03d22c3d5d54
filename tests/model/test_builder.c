/* The builder: the language as calls. */
#include "random_model.h"

static void assert_built(limes_context *context, const limes_model *model, const char *text) {
  limes_model *parsed = NULL;
  char *printed = NULL;
  assert_ok(context, limes_model_parse(context, text, &parsed));
  assert_true(same_model(model, parsed));
  assert_ok(context, limes_model_print(context, model, &printed));
  assert_string_equal(printed, text);
  limes_free(printed);
  limes_model_destroy(parsed);
}

#define assert_refused(context, call, sentence)                                                                                  \
  do {                                                                                                                           \
    assert_int_equal((call), LIMES_WRONG_USE);                                                                                   \
    if (strstr(limes_error(context), (sentence)) == NULL) {                                                                      \
      print_error("%s\ndoes not say '%s'\n", limes_error(context), (sentence));                                                  \
      fail();                                                                                                                    \
    }                                                                                                                            \
  } while (0)

static void calls_build_what_the_text_says(void **state) {
  (void)state;
  limes_context *c = new_context();
  limes_model *m = NULL;
  assert_ok(c, limes_model_create(c, &m));
  assert_ok(c, limes_model_add(c, m, "conv"));
  assert_ok(c, limes_model_set(c, m, "filter", "3x2"));
  assert_ok(c, limes_model_set_number(c, m, "w_std", sqrt(2)));
  assert_ok(c, limes_model_add(c, m, "relu"));
  assert_ok(c, limes_model_open(c, m, "repeat"));
  assert_ok(c, limes_model_set_number(c, m, "n", 4));
  assert_ok(c, limes_model_open(c, m, "residual"));
  assert_ok(c, limes_model_set(c, m, "alpha", "0.5"));
  assert_ok(c, limes_model_add(c, m, "dense"));
  assert_ok(c, limes_model_close(c, m));
  assert_ok(c, limes_model_close(c, m));
  assert_ok(c, limes_model_open(c, m, "sum"));
  assert_ok(c, limes_model_add(c, m, "attention"));
  assert_ok(c, limes_model_set_number(c, m, "causal", 1));
  assert_ok(c, limes_model_branch(c, m));
  assert_ok(c, limes_model_add(c, m, "identity"));
  assert_ok(c, limes_model_close(c, m));
  assert_built(c, m, "conv(3x2, w_std=sqrt(2)) relu repeat(4, residual(dense, alpha=0.5)) sum(attention(causal=yes) | identity)");
  limes_model_destroy(m);
  limes_context_destroy(c);
}

static void parameters_may_come_after_the_branches(void **state) {
  (void)state;
  limes_context *c = new_context();
  limes_model *m = NULL;
  assert_ok(c, limes_model_create(c, &m));
  assert_ok(c, limes_model_open(c, m, "repeat"));
  assert_ok(c, limes_model_add(c, m, "dense"));
  assert_ok(c, limes_model_close(c, m));
  assert_refused(c, limes_model_add(c, m, "relu"), "repeat needs the parameter n");
  assert_refused(c, limes_model_complete(c, m), "repeat needs the parameter n");
  assert_ok(c, limes_model_set(c, m, "n", "2"));
  assert_ok(c, limes_model_add(c, m, "relu"));
  assert_built(c, m, "repeat(2, dense) relu");
  limes_model_destroy(m);
  limes_context_destroy(c);
}

static void a_refused_call_leaves_the_model_as_it_was(void **state) {
  (void)state;
  limes_context *c = new_context();
  limes_model *m = NULL;
  char *text = NULL;
  assert_ok(c, limes_model_create(c, &m));
  assert_refused(c, limes_model_print(c, m, &text), "the model has no layer");
  assert_null(text);
  assert_refused(c, limes_model_set(c, m, "w_std", "1"), "there is no layer yet");
  assert_refused(c, limes_model_close(c, m), "no layer with branches is open");
  assert_refused(c, limes_model_branch(c, m), "no layer with branches is open");
  assert_refused(c, limes_model_add(c, m, "rellu"), "unknown word 'rellu': did you mean 'relu'?");
  assert_refused(c, limes_model_add(c, m, ""), "unknown word ''");
  assert_refused(c, limes_model_add(c, m, "sum"), "sum has branches: use limes_model_open");
  assert_refused(c, limes_model_open(c, m, "dense"), "dense has no branches: use limes_model_add");
  assert_ok(c, limes_model_open(c, m, "residual"));
  assert_refused(c, limes_model_close(c, m), "a branch of residual is empty");
  assert_ok(c, limes_model_add(c, m, "conv"));
  assert_refused(c, limes_model_close(c, m), "conv needs the parameter filter");
  assert_refused(c, limes_model_set(c, m, "filter", "0"), "'0' is not a value of filter");
  assert_refused(c, limes_model_set(c, m, "filte", "3"), "did you mean 'filter'?");
  assert_ok(c, limes_model_set(c, m, "filter", "3"));
  assert_refused(c, limes_model_set(c, m, "filter", "3"), "filter of conv is given twice");
  assert_refused(c, limes_model_branch(c, m), "residual takes 1 branch");
  assert_refused(c, limes_model_complete(c, m), "residual is still open");
  assert_refused(c, limes_model_print(c, m, &text), "residual is still open");
  assert_ok(c, limes_model_close(c, m));
  assert_built(c, m, "residual(conv(3))");
  limes_model_destroy(m);
  limes_context_destroy(c);
}

static void numbers_are_checked_like_texts(void **state) {
  (void)state;
  limes_context *c = new_context();
  limes_model *m = NULL;
  assert_ok(c, limes_model_create(c, &m));
  assert_ok(c, limes_model_add(c, m, "conv"));
  assert_refused(c, limes_model_set_number(c, m, "filter", 1.5), "1.5 is not a value of filter");
  assert_refused(c, limes_model_set_number(c, m, "filter", 0), "0 is not a value of filter");
  assert_refused(c, limes_model_set_number(c, m, "w_std", NAN), "not finite is not a value of w_std");
  assert_refused(c, limes_model_set_number(c, m, "w_std", INFINITY), "not finite is not a value of w_std");
  assert_refused(c, limes_model_set_number(c, m, "w_std", -1), "-1 is not a value of w_std: it takes a number, 0 or more");
  assert_refused(c, limes_model_set_number(c, m, "padding", 1), "1 is not a value of padding: it takes same, valid or circular");
  assert_refused(c, limes_model_set_number(c, m, "width", 1e300), "from 1 to 1073741824");
  assert_ok(c, limes_model_set_number(c, m, "filter", 3));
  assert_ok(c, limes_model_set_number(c, m, "b_std", -0.0));
  assert_built(c, m, "conv(3)");
  limes_model_destroy(m);
  limes_context_destroy(c);
}

static void layers_open_to_the_limit_and_not_deeper(void **state) {
  (void)state;
  limes_context *c = new_context();
  limes_model *m = NULL;
  assert_ok(c, limes_model_create(c, &m));
  for (int i = 0; i < LIMES_MAX_DEPTH; i++)
    assert_ok(c, limes_model_open(c, m, "residual"));
  assert_refused(c, limes_model_open(c, m, "residual"), "nested more than 64 deep");
  assert_ok(c, limes_model_add(c, m, "dense"));
  for (int i = 0; i < LIMES_MAX_DEPTH; i++)
    assert_ok(c, limes_model_close(c, m));
  assert_ok(c, limes_model_complete(c, m));
  limes_model_destroy(m);
  limes_model_destroy(NULL);
  limes_context_destroy(c);
}

static void a_parsed_model_can_be_continued(void **state) {
  (void)state;
  limes_context *c = new_context();
  limes_model *m = NULL;
  assert_ok(c, limes_model_parse(c, "dense relu", &m));
  assert_ok(c, limes_model_add(c, m, "dense"));
  assert_ok(c, limes_model_set(c, m, "w_std", "2"));
  assert_built(c, m, "dense relu dense(w_std=2)");
  limes_model_destroy(m);
  limes_context_destroy(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_build_what_the_text_says),
      cmocka_unit_test(parameters_may_come_after_the_branches),
      cmocka_unit_test(a_refused_call_leaves_the_model_as_it_was),
      cmocka_unit_test(numbers_are_checked_like_texts),
      cmocka_unit_test(layers_open_to_the_limit_and_not_deeper),
      cmocka_unit_test(a_parsed_model_can_be_continued),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
