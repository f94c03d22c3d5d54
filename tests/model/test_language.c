/* The model language: what a text means, and printing. */
#include <locale.h>

#include "model/number.h"
#include "random_model.h"

static limes_model *parse(limes_context *context, const char *text) {
  limes_model *model = NULL;
  assert_ok(context, limes_model_parse(context, text, &model));
  return model;
}

static void assert_prints(limes_context *context, const char *text, const char *expected) {
  limes_model *model = parse(context, text);
  char *printed = NULL;
  assert_ok(context, limes_model_print(context, model, &printed));
  assert_string_equal(printed, expected);
  limes_free(printed);
  limes_model_destroy(model);
}

static void assert_round_trip(limes_context *context, const limes_model *model) {
  char *text = NULL, *again = NULL;
  assert_ok(context, limes_model_print(context, model, &text));
  limes_model *back = parse(context, text);
  if (!same_model(model, back)) {
    print_error("the model that prints as\n%s\nparses to another\n", text);
    fail();
  }
  assert_ok(context, limes_model_print(context, back, &again));
  assert_string_equal(text, again);
  limes_free(text);
  limes_free(again);
  limes_model_destroy(back);
}

static void every_random_model_is_printed_to_text_that_parses_to_the_same_tree(void **state) {
  (void)state;
  limes_context *context = new_context();
  random_source source = {.state = 20260101};
  for (size_t i = 0; i < 5000; i++) {
    limes_model *model = random_model(context, &source);
    assert_round_trip(context, model);
    limes_model_destroy(model);
  }
  limes_context_destroy(context);
}

static void every_shipped_model_parses_and_is_printed_to_the_same(void **state) {
  (void)state;
  limes_context *context = new_context();
  size_t i = 0;
  for (; limes_model_shipped(i) != NULL; i++) {
    limes_model *model = parse(context, limes_model_shipped(i)->text), *read = NULL;
    assert_round_trip(context, model);
    assert_ok(context, limes_model_read(context, limes_model_shipped(i)->name, &read));
    assert_true(same_model(model, read));
    assert_true(strlen(limes_model_shipped(i)->about) > 20);
    limes_model_destroy(model);
    limes_model_destroy(read);
  }
  assert_int_equal(i, 8);
  assert_prints(context, limes_model_shipped(7)->text, limes_model_shipped(7)->text);
  limes_context_destroy(context);
}

static void printing_leaves_defaults_out_and_writes_needed_values_bare(void **state) {
  (void)state;
  limes_context *context = new_context();
  assert_prints(context, "conv(filter=3)", "conv(3)");
  assert_prints(context, "conv(3x2,2,w_std=1.40)", "conv(3x2, stride=2, w_std=1.4)");
  assert_prints(context, "conv(3x3)", "conv(3x3)");
  assert_prints(context, "conv(3, 1x1)", "conv(3, stride=1x1)");
  assert_prints(context, "dense(512, 1, -0)", "dense");
  assert_prints(context, "abrelu(b=2, a=-0.5)", "abrelu(-0.5, 2)");
  assert_prints(context, "polynomial(.3,-0.8, 0.25)", "polynomial(0.3, -0.8, 0.25)");
  assert_prints(context, "polynomial(coefficients=1:sqrt(2):-3)", "polynomial(1, sqrt(2), -3)");
  assert_prints(context, "polynomial(1:2, 3)", "polynomial(1, 2, 3)");
  assert_prints(context, "repeat(residual(alpha=.25, relu dense), n=4)", "repeat(4, residual(relu dense, alpha=0.25))");
  assert_prints(context, "sum(relu|identity  |  dense( ) )", "sum(relu | identity | dense)");
  assert_prints(context, "attention(scale=linear, causal=yes, in_values=no)", "attention(causal=yes)");
  assert_prints(context, "attention(decay=relative, decay_rate=5)", "attention(decay=relative, decay_rate=5)");
  limes_context_destroy(context);
}

static void blanks_newlines_and_comments_only_separate(void **state) {
  (void)state;
  limes_context *context = new_context();
  assert_prints(context,
                "# a network (with brackets | in its comment\r\n\tconv ( 3 ,# filter\n stride = 2 )relu\n\n residual(\n  dense # "
                "body\n)#end",
                "conv(3, stride=2) relu residual(dense)");
  assert_prints(context, "sum(# first\n dense\n| # second\n identity)", "sum(dense | identity)");
  limes_context_destroy(context);
}

static void assert_number(const char *text, double expected) {
  double value = NAN;
  if (!limes_number_read(text, strlen(text), &value) || value != expected) {
    print_error("'%s' was read as %.17g and not as %.17g\n", text, value, expected);
    fail();
  }
}

static void numbers_are_read_as_they_are_written(void **state) {
  (void)state;
  assert_number("2", 2);
  assert_number("-0.5", -0.5);
  assert_number("+.5", 0.5);
  assert_number("1.", 1);
  assert_number("1e-3", 1e-3);
  assert_number("1.25E+2", 125);
  assert_number("sqrt(2)", sqrt(2));
  assert_number("-sqrt( 0.5 )", -sqrt(0.5));
  assert_number("0.1000000000000000055511151231257827", 0.1);
  assert_number("1e999", INFINITY);
  static const char *const none[] = {"",        "-",        ".",   "e3",       "1e",   "1e+",      "0x10",          "nan",
                                     "inf",     "1,5",      "1 ",  " 1",       "--1",  "1.2.3",    "sqrt",          "sqrt()",
                                     "sqrt(2",  "sqrt 2",   "2x3", "sqrt(-2)", "1e3e", "sqrt(2)2", "sqrt(sqrt(2))", "infinity",
                                     "sqrt)2)", "sqrt(2))", "0b1", "1_000"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    double value = 0;
    if (limes_number_read(none[i], strlen(none[i]), &value)) {
      print_error("'%s' was read as %.17g, and is no number\n", none[i], value);
      fail();
    }
  }
}

static void numbers_are_printed_shortest_and_read_back_to_the_same_bits(void **state) {
  (void)state;
  char text[LIMES_NUMBER_SIZE];
  random_source source = {.state = 99};
  for (size_t i = 0; i < 100000; i++) {
    double value = random_double(&source), back = 0;
    limes_number_print(value, text);
    assert_true(limes_number_read(text, strlen(text), &back));
    if (memcmp(&value, &back, sizeof value) != 0 && value != 0) {
      print_error("%.17g was printed as %s\n", value, text);
      fail();
    }
  }
  static const double values[] = {0.1, 100, -0.5, 1e-12, 1e22, 1.0 / 3, 1.4142135623730951, -1.7320508075688772, 3, 1.41};
  static const char *const texts[] = {"0.1",     "100",      "-0.5", "1e-12", "1e+22", "0.3333333333333333",
                                      "sqrt(2)", "-sqrt(3)", "3",    "1.41"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    limes_number_print(values[i], text);
    assert_string_equal(text, texts[i]);
  }
}

static void numbers_do_not_depend_on_the_locale(void **state) {
  (void)state;
  static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "es_ES.UTF-8", "it_IT.UTF-8", "de_DE", NULL};
  const char *const *name = commas;
  while (*name != NULL && setlocale(LC_ALL, *name) == NULL)
    name++;
  if (*name == NULL) {
    print_message("1 case skipped: this machine has no locale with a decimal comma\n");
    skip();
  }
  limes_context *context = new_context();
  assert_prints(context, "dense(w_std=1.5, b_std=2.5e-1)", "dense(w_std=1.5, b_std=0.25)");
  limes_context_destroy(context);
  setlocale(LC_ALL, "C");
}

static void layers_know_their_place(void **state) {
  (void)state;
  limes_context *context = new_context();
  limes_model *model = parse(context, "dense\n  sum(relu |\n\tabs)");
  const limes_node *sum = &model->chain.node[1], *abs_layer = &sum->branch[1].node[0];
  assert_int_equal(model->chain.node[0].line, 1);
  assert_int_equal(model->chain.node[0].column, 1);
  assert_int_equal(sum->line, 2);
  assert_int_equal(sum->column, 3);
  assert_int_equal(abs_layer->line, 3);
  assert_int_equal(abs_layer->column, 2);
  limes_model_destroy(model);
  limes_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_random_model_is_printed_to_text_that_parses_to_the_same_tree),
      cmocka_unit_test(every_shipped_model_parses_and_is_printed_to_the_same),
      cmocka_unit_test(printing_leaves_defaults_out_and_writes_needed_values_bare),
      cmocka_unit_test(blanks_newlines_and_comments_only_separate),
      cmocka_unit_test(numbers_are_read_as_they_are_written),
      cmocka_unit_test(numbers_are_printed_shortest_and_read_back_to_the_same_bits),
      cmocka_unit_test(numbers_do_not_depend_on_the_locale),
      cmocka_unit_test(layers_know_their_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
