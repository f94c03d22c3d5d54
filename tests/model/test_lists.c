/* Lists of numbers as parameters, in a layer of the test's own. */
#include "random_model.h"

typedef struct {
  double scale;
  limes_list rest, keyed;
} listed;

static const limes_param keyed_table[] = {
    LIMES_PARAM_NUMBER(listed, scale, 1, "a number before the list"),
    LIMES_PARAM_NUMBERS(listed, keyed, 0, 100, "numbers with a key"),
    LIMES_PARAM_END,
};

static const limes_param rest_table[] = {LIMES_PARAM_REST(listed, rest, "all bare values"), LIMES_PARAM_END};

static const limes_layer_ops keyed_layer = {.word = "keyed", .param_size = sizeof(listed), .params = keyed_table};

static void assert_list(const limes_list *list, size_t n, const double *value) {
  assert_int_equal(list->n, n);
  for (size_t i = 0; i < LIMES_MOST_LISTED; i++)
    assert_true(list->value[i] == (i < n ? value[i] : 0));
}

static limes_status read_list(limes_context *context, const limes_param *param, listed *params, const char *text) {
  return limes_param_read(context, param, params, text, strlen(text));
}

static void assert_printed(limes_context *context, const limes_param *param, const listed *params, bool bare,
                           const char *expected) {
  limes_text text = {.context = context};
  char *printed = NULL;
  (bare ? limes_param_print_bare : limes_param_print)(param, params, &text);
  assert_ok(context, limes_text_finish(&text, &printed));
  assert_string_equal(printed, expected);
  limes_free(printed);
}

static void lists_are_read_and_printed_with_colons(void **state) {
  (void)state;
  limes_context *context = new_context();
  const limes_param *param = &keyed_table[1];
  listed params = {0};
  limes_param_defaults(&keyed_layer, &params);
  assert_int_equal(params.keyed.n, 0);
  assert_true(limes_param_is_default(param, &params));
  assert_ok(context, read_list(context, param, &params, "48:sqrt(2):1e-3"));
  assert_list(&params.keyed, 3, (const double[]){48, sqrt(2), 1e-3});
  assert_false(limes_param_is_default(param, &params));
  assert_printed(context, param, &params, false, "48:sqrt(2):0.001");
  assert_ok(context, read_list(context, param, &params, "7"));
  assert_list(&params.keyed, 1, (const double[]){7});
  assert_ok(context, limes_param_set_number(context, param, &params, 5));
  assert_list(&params.keyed, 1, (const double[]){5});
  limes_context_destroy(context);
}

static void a_refused_list_leaves_the_one_before(void **state) {
  (void)state;
  limes_context *context = new_context();
  const limes_param *param = &keyed_table[1];
  listed params = {.keyed = {2, {1, 2}}};
  static const char *const wrong[] = {
      "", ":", "1:", ":1", "1::2", "1:x", "1:101", "-1", "1 2", "nan", "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    if (read_list(context, param, &params, wrong[i]) != LIMES_WRONG_USE)
      fail_msg("'%s' was taken for a list", wrong[i]);
    assert_non_null(strstr(limes_error(context), "keyed"));
    assert_list(&params.keyed, 2, (const double[]){1, 2});
  }
  assert_ok(context, read_list(context, param, &params, "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16"));
  assert_int_equal(limes_param_append(context, param, &params, "1", 1), LIMES_WRONG_USE);
  assert_string_equal(limes_error(context), "keyed takes at most 16 numbers, and these are more");
  assert_int_equal(read_list(context, param, &params, "1:x"), LIMES_WRONG_USE);
  assert_string_equal(limes_error(context), "'x' is not a value of keyed: it takes numbers (48:16) from 0 to 100");
  limes_context_destroy(context);
}

static void the_rest_is_printed_bare_with_commas(void **state) {
  (void)state;
  limes_context *context = new_context();
  listed params = {0};
  assert_ok(context, read_list(context, rest_table, &params, "0.5"));
  assert_ok(context, limes_param_append(context, rest_table, &params, "-1:3", 4));
  assert_list(&params.rest, 3, (const double[]){0.5, -1, 3});
  assert_printed(context, rest_table, &params, true, "0.5, -1, 3");
  assert_printed(context, rest_table, &params, false, "0.5:-1:3");
  limes_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_are_read_and_printed_with_colons),
      cmocka_unit_test(a_refused_list_leaves_the_one_before),
      cmocka_unit_test(the_rest_is_printed_bare_with_commas),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
