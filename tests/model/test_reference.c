/* The reference of the words, and what the language asks of the parameter tables. */
#include "model/suggest.h"
#include "random_model.h"

static const limes_layer_ops *layer(size_t i) {
  size_t count = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  return i < count ? layers[i] : NULL;
}

static void the_reference_of_a_word_names_every_parameter(void **state) {
  (void)state;
  limes_context *context = new_context();
  for (size_t i = 0; limes_word(i) != NULL; i++) {
    char *text = NULL;
    const limes_layer_ops *ops = layer(i);
    assert_ok(context, limes_word_reference(context, limes_word(i), &text));
    assert_int_equal(strncmp(text, ops->word, strlen(ops->word)), 0);
    assert_non_null(strstr(text, ops->summary));
    for (size_t k = 0; k < limes_param_count(ops); k++) {
      char row[64];
      snprintf(row, sizeof row, "\n  %s ", ops->params[k].name);
      assert_non_null(strstr(text, row));
      assert_non_null(strstr(text, ops->params[k].help));
    }
    limes_free(text);
  }
  assert_null(layer(1000));
  assert_null(limes_word(SIZE_MAX));
  limes_context_destroy(context);
}

static void a_reference_reads_as_expected(void **state) {
  (void)state;
  limes_context *context = new_context();
  char *text = NULL;
  assert_ok(context, limes_word_reference(context, "conv", &text));
  assert_int_equal(strncmp(text, "conv(filter, stride=1, padding=same, width=512, w_std=1, b_std=0)\n", 66), 0);
  assert_non_null(strstr(text, "\n  padding    same     same, valid or circular       "));
  limes_free(text);
  assert_ok(context, limes_word_reference(context, "repeat", &text));
  assert_int_equal(strncmp(text, "repeat(n, body)\n", 16), 0);
  limes_free(text);
  assert_ok(context, limes_word_reference(context, "residual", &text));
  assert_int_equal(strncmp(text, "residual(body, [alpha], [survive], coins=own)\n", 46), 0);
  limes_free(text);
  assert_ok(context, limes_word_reference(context, "polynomial", &text));
  assert_non_null(strstr(text, "\n  coefficients  needed   numbers (0.3, -0.8, ...)  "));
  limes_free(text);
  assert_ok(context, limes_word_reference(context, "sum", &text));
  assert_int_equal(strncmp(text, "sum(A | B | ...)\n", 17), 0);
  limes_free(text);
  assert_ok(context, limes_word_reference(context, "relu", &text));
  assert_int_equal(strncmp(text, "relu\n", 5), 0);
  limes_free(text);
  limes_context_destroy(context);
}

static void the_overview_has_a_line_for_every_word(void **state) {
  (void)state;
  limes_context *context = new_context();
  char *text = NULL;
  assert_ok(context, limes_word_reference(context, NULL, &text));
  for (size_t i = 0; limes_word(i) != NULL; i++) {
    char row[64];
    snprintf(row, sizeof row, "\n  %s ", limes_word(i));
    const char *at = strstr(text, row);
    assert_non_null(at);
    assert_null(strstr(at + 1, row));
  }
  limes_free(text);
  limes_context_destroy(context);
}

static void an_unknown_word_has_no_reference_and_the_closest_is_offered(void **state) {
  (void)state;
  limes_context *context = new_context();
  char *text = NULL;
  assert_int_equal(limes_word_reference(context, "atention", &text), LIMES_WRONG_USE);
  assert_null(text);
  assert_string_equal(limes_error(context), "unknown word 'atention': did you mean 'attention'? 'limes layers' lists the words");
  limes_context_destroy(context);
}

static bool fits_default(const limes_param *param) {
  if (param->required || isnan(param->fallback))
    return true;
  if (param->kind == LIMES_PARAM_SWITCH)
    return param->fallback == 0 || param->fallback == 1;
  if (param->kind == LIMES_PARAM_CHOICE)
    return param->choices[(int)param->fallback] != NULL;
  if (param->kind == LIMES_PARAM_SIZE && param->fallback == 0)
    return true; /* not given */
  return param->fallback >= param->least && param->fallback <= param->most && !(param->open && param->fallback == param->least);
}

/* "given" has 32 bits, defaults lie in the range, needed parameters come first, and a default alone is a good layer. */
static void every_table_is_one_that_the_language_can_write(void **state) {
  (void)state;
  limes_context *context = new_context();
  for (size_t i = 0; limes_word(i) != NULL; i++) {
    const limes_layer_ops *ops = layer(i);
    size_t n = limes_param_count(ops);
    bool optional = false;
    assert_true(n <= 32);
    assert_ptr_equal(limes_layer_find(ops->word), ops);
    for (size_t k = 0; k < n; k++) {
      const limes_param *param = &ops->params[k];
      assert_true(param->name[0] != '\0' && param->help != NULL);
      assert_false(param->required && optional);
      assert_int_equal(limes_param_find(ops, param->name, strlen(param->name)), k);
      if (!fits_default(param)) {
        print_error("%s of %s: the default is outside its range\n", param->name, ops->word);
        fail();
      }
      optional = optional || !param->required;
    }
  }
  limes_context_destroy(context);
}

static const char *closest(const char *word, const char *const *candidates) {
  limes_closest found = limes_closest_to(word, strlen(word));
  for (; *candidates != NULL; candidates++)
    limes_closest_try(&found, *candidates);
  return found.best == NULL ? "nothing" : found.best;
}

static void the_closest_word_is_offered_only_where_it_is_close(void **state) {
  (void)state;
  static const char *const words[] = {"relu", "leaky_relu", "layer_norm", "conv", "abs", "attention", NULL};
  assert_string_equal(closest("rleu", words), "relu");
  assert_string_equal(closest("RELU", words), "relu");
  assert_string_equal(closest("layernorm", words), "layer_norm");
  assert_string_equal(closest("conv2d", words), "conv");
  assert_string_equal(closest("att", words), "attention");
  assert_string_equal(closest("ab", words), "abs");
  assert_string_equal(closest("x", words), "nothing");
  assert_string_equal(closest("transformer", words), "nothing");
  assert_string_equal(closest("", words), "nothing");
  assert_string_equal(closest("relurelurelurelurelurelurelurelurelurelurelurelu", words), "nothing");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_reference_of_a_word_names_every_parameter),
      cmocka_unit_test(a_reference_reads_as_expected),
      cmocka_unit_test(the_overview_has_a_line_for_every_word),
      cmocka_unit_test(an_unknown_word_has_no_reference_and_the_closest_is_offered),
      cmocka_unit_test(every_table_is_one_that_the_language_can_write),
      cmocka_unit_test(the_closest_word_is_offered_only_where_it_is_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
