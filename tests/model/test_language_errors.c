/* What is wrong with a text: the sentence, its place, and the caret below the character it is about. */
#include "model/place.h"
#include "random_model.h"

typedef struct {
  const char *text;
  uint32_t line, column;
  const char *sentence; /* a part of it */
} wrong_text;

static const wrong_text wrong[] = {
    {"", 1, 1, "the model is empty"},
    {" \n # nothing but a comment", 2, 25, "the model is empty"},
    {"conv(3) rellu dense", 1, 9, "unknown word 'rellu': did you mean 'relu'? 'limes layers'"},
    {"dense\n  gobbledygook", 2, 3, "unknown word 'gobbledygook'; 'limes layers' lists the words"},
    {"ReLU dense", 1, 1, "did you mean 'relu'?"},
    {"convolution(3)", 1, 1, "did you mean 'conv'?"},
    {"global_average_pool dense", 1, 1, "did you mean 'global_avg_pool'?"},
    {"conv", 1, 1, "conv needs the parameter filter"},
    {"relu conv()", 1, 6, "write conv(filter=...)"},
    {"abrelu(1)", 1, 1, "abrelu needs the parameter b"},
    {"conv(3", 1, 5, "never closed"},
    {"relu conv(", 1, 10, "never closed"},
    {"residual(relu", 1, 9, "never closed"},
    {"sum(relu | ", 1, 4, "never closed"},
    {"conv(3, ", 1, 5, "never closed"},
    {"conv(3))", 1, 8, "this ')' closes no bracket"},
    {"conv(3 relu dense", 1, 8, "',' or ')' is missing before 'r', between the brackets of conv"},
    {"conv(3 | relu", 1, 8, "conv has no branches"},
    {"conv(3,,2)", 1, 8, "a parameter of conv is missing here"},
    {"conv(3,)", 1, 8, "a parameter of conv is missing here"},
    {"conv(,3)", 1, 6, "a parameter of conv is missing here"},
    {"sum(relu, )", 1, 11, "a parameter or branch of sum is missing here"},
    {"conv(x)", 1, 6, "'x' is not a value of filter: it takes a size (3 or 3x3), 1 or more"},
    {"conv(0)", 1, 6, "'0' is not a value of filter"},
    {"conv(3x0)", 1, 6, "'3x0' is not a value of filter"},
    {"conv(3x3x3)", 1, 6, "'3x3x3' is not a value of filter"},
    {"conv(1.5)", 1, 6, "'1.5' is not a value of filter"},
    {"conv(9999999)", 1, 6, "from 1 to 1048576"},
    {"conv(3, padding=vlid)", 1, 17, "'vlid' is not a value of padding: did you mean 'valid'? It takes same, valid or circular"},
    {"conv(3, padding=3)", 1, 17, "'3' is not a value of padding: it takes same, valid or circular"},
    {"conv(3, paddin=valid)", 1, 9,
     "conv has no parameter 'paddin': did you mean 'padding'? It takes filter, stride, padding, width"},
    {"conv(3, foo=1)", 1, 9, "conv has no parameter 'foo'; it takes filter, stride"},
    {"conv(3, stride=1, stride=2)", 1, 19, "stride of conv is given twice"},
    {"conv(3, filter=3)", 1, 9, "filter of conv is given twice"},
    {"conv(stride=1, 3)", 1, 16, "a value without a key cannot follow one with a key"},
    {"conv(3,1,same,1,1,1,1)", 1, 21, "conv has 6 parameters, and this is one value more: it takes filter, stride"},
    {"leaky_relu(1, 2)", 1, 15, "leaky_relu has 1 parameter, and"},
    {"relu(2)", 1, 6, "relu takes no parameters"},
    {"relu(a=1)", 1, 6, "relu has no parameter 'a'; it takes none"},
    {"dense(w_std=-1)", 1, 13, "'-1' is not a value of w_std: it takes a number, 0 or more"},
    {"dense(w_std=1e999)", 1, 13, "a number from 0 to 1e+100"},
    {"dense(w_std=sqrt(-2))", 1, 13, "'sqrt(-2)' is not a value of w_std"},
    {"dense(w_std=nan)", 1, 13, "'nan' is not a value of w_std"},
    {"dense(w_std=)", 1, 13, "w_std of dense has no value: there is ')' instead"},
    {"dense(w_std=", 1, 13, "there is the end of the text instead"},
    {"dense(w_std 2)", 1, 7, "w_std of dense has no value: write w_std=..."},
    {"dense(2000000000)", 1, 7, "from 1 to 1073741824"},
    {"layer_norm(eps=0)", 1, 16, "a number above 0"},
    {"residual(relu, alpha=2)", 1, 22, "a number from 0 to 1"},
    {"attention(causal=true)", 1, 18, "'true' is not a value of causal: it takes yes or no"},
    {"attention(zeta=topk)", 1, 16, "topk of zeta needs a whole number in brackets, such as topk(3)"},
    {"attention(zeta=topk(0))", 1, 16, "'topk(0)' is not a value of zeta: topk takes a whole number from 1 to 1073741824"},
    {"attention(zeta=topk(1.5))", 1, 16, "'topk(1.5)' is not a value of zeta"},
    {"attention(zeta=topk())", 1, 16, "'topk()' is not a value of zeta"},
    {"attention(zeta=topk(3, causal=yes)", 1, 16, "topk of zeta needs a whole number in brackets"},
    {"attention(zeta=topkk(3))", 1, 16, "'topkk(3)' is not a value of zeta: did you mean 'topk(k)'? It takes softmax, identity"},
    {"attention(zeta=softmax(3))", 1, 16, "softmax of zeta takes no number in brackets"},
    {"attention(zeta=sparsmax)", 1, 16, "did you mean 'sparsemax'?"},
    {"attention(prune=1.5)", 1, 17, "a number from 0 to 1"},
    {"attention(zeta=sparsemax, prune=0.1)", 1, 1, "attention: prune drops weights of a softmax"},
    {"dense attention_pool(zeta=topk(2), prune=0.1)", 1, 7, "attention_pool: prune drops weights of a softmax"},
    {"attention_pool(center=yes)", 1, 16, "attention_pool has no parameter 'center'"},
    {"relu attention(in_values=yes)", 1, 6, "attention: in_values=yes needs"},
    {"residual", 1, 1, "residual needs a branch in brackets, such as residual(dense)"},
    {"repeat(2)", 1, 1, "such as repeat(2, dense)"},
    {"sum()", 1, 1, "such as sum(dense | identity)"},
    {"sum(relu |)", 1, 11, "a branch of sum is empty: write 'identity'"},
    {"sum(| relu)", 1, 5, "a branch of sum is empty"},
    {"sum(relu || relu)", 1, 11, "a branch of sum is empty"},
    {"sum(relu, relu)", 1, 11, "branches of sum are separated by '|'"},
    {"residual(relu | relu)", 1, 15, "residual takes 1 branch, not more"},
    {"residual(relu alpha=0.5)", 1, 15, "'alpha' is followed by '='"},
    {"repeat(0, relu)", 1, 8, "'0' is not a value of n"},
    {"repeat(1.5, relu)", 1, 8, "'1.5' is not a value of n"},
    {"repeat(-1, relu)", 1, 8, "'-1' is not a value of n"},
    {"repeat(relu)", 1, 1, "repeat needs the parameter n"},
    {"repeat(2 relu)", 1, 10, "',' or ')' is missing before 'r'"},
    {"relu | relu", 1, 6, "'|' separates branches"},
    {"relu, relu", 1, 5, "words are separated by blanks"},
    {"(relu)", 1, 1, "a word of the language is expected here, not '('"},
    {"relu 3", 1, 6, "a word of the language is expected here, not '3'"},
    {"relu ; dense", 1, 6, "not ';'"},
    {"dense \x01", 1, 7, "the byte 0x01"},
    {"dense \x7f", 1, 7, "the byte 0x7F"},
    {"dense \xff", 1, 7, "the byte 0xFF"},
    {"dense \xc3\xa9", 1, 7, "the character U+00E9"},
    {"dense \xf0\x9f\x8d\x8b", 1, 7, "the character U+1F34B"},
    {"dense \xc0\x80", 1, 7, "the byte 0xC0"},
    {"conv(3\xc3\x97"
     "3)",
     1, 7, "the character U+00D7"},
    {"dense # \xc3\xa9\xc3\xa9\n\xc3\xa9", 2, 1, "the character U+00E9"},
    {"relu\n\tdense(\twstd=1)", 2, 9, "dense has no parameter 'wstd': did you mean 'w_std'?"},
    {"dense(\r\n  foo=1)\r\nrelu", 2, 3, "dense has no parameter 'foo'"},
};

/* What the caret of an error points at: the character above it in the line shown. */
static char pointed_at(const char *error) {
  const char *line = strchr(error, '\n'), *caret = line == NULL ? NULL : strchr(line + 1, '\n');
  assert_non_null(caret);
  size_t column = strspn(caret + 1, " "), length = (size_t)(caret - line) - 1;
  assert_int_equal(caret[1 + column], '^');
  assert_int_equal(caret[2 + column], '\0');
  return column < length ? line[1 + column] : '\0';
}

static char character_at(const char *text, uint32_t line, uint32_t column) {
  for (; line > 1 && *text != '\0'; text++)
    line -= *text == '\n';
  for (; column > 1 && *text != '\0'; text++)
    column -= ((unsigned char)text[1] & 0xC0) != 0x80;
  return *text == '\0' ? '\0' : *text >= ' ' && *text <= '~' ? *text : '?';
}

static void assert_error(const limes_context *context, const wrong_text *expected) {
  char begin[48];
  const char *error = limes_error(context);
  snprintf(begin, sizeof begin, "line %u, column %u: ", expected->line, expected->column);
  char above = pointed_at(error), there = character_at(expected->text, expected->line, expected->column);
  if (strncmp(error, begin, strlen(begin)) != 0 || strstr(error, expected->sentence) == NULL || above != there) {
    print_error("the error of\n%s\nis\n%s\nand should begin with '%s', contain '%s' and point at '%c', not '%c'\n",
                expected->text, error, begin, expected->sentence, there, above);
    fail();
  }
  for (const char *at = error; *at != '\0'; at++)
    assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
}

static void every_wrong_text_is_refused_with_its_place(void **state) {
  (void)state;
  limes_context *context = new_context();
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    limes_model *model = (limes_model *)(void *)context;
    limes_status status = limes_model_parse(context, wrong[i].text, &model);
    if (status == LIMES_OK)
      print_error("'%s' was taken\n", wrong[i].text);
    assert_int_equal(status, LIMES_WRONG_USE);
    assert_null(model);
    assert_error(context, &wrong[i]);
  }
  limes_context_destroy(context);
}

/* n times `unit`, then `end`; the caller frees it */
static char *repeated(const char *begin, const char *unit, size_t n, const char *end) {
  size_t size = strlen(unit), at = strlen(begin);
  char *text = malloc(at + n * size + strlen(end) + 1);
  assert_non_null(text);
  strcpy(text, begin);
  for (size_t i = 0; i < n; i++, at += size)
    memcpy(text + at, unit, size);
  strcpy(text + at, end);
  return text;
}

static limes_status parse_and_free(limes_context *context, char *text) {
  limes_model *model = NULL;
  limes_status status = limes_model_parse(context, text, &model);
  limes_model_destroy(model);
  free(text);
  return status;
}

static void of_a_long_line_a_window_is_shown(void **state) {
  (void)state;
  limes_context *context = new_context();
  for (size_t before = 0; before < 60; before++) {
    char *begin = repeated("", "relu ", before, "Xyz");
    assert_int_equal(parse_and_free(context, repeated(begin, " abs", 40, "")), LIMES_WRONG_USE);
    assert_int_equal(pointed_at(limes_error(context)), 'X');
    const char *line = strchr(limes_error(context), '\n') + 1;
    assert_true(strcspn(line, "\n") <= 110);
    free(begin);
  }
  limes_context_destroy(context);
}

static void brackets_nest_to_the_limit_and_not_deeper(void **state) {
  (void)state;
  limes_context *context = new_context();
  char *deep = repeated("", "residual(", LIMES_MAX_DEPTH, "relu"),
       *deeper = repeated("", "residual(", LIMES_MAX_DEPTH + 1, "relu");
  assert_ok(context, parse_and_free(context, repeated(deep, ")", LIMES_MAX_DEPTH, "")));
  assert_int_equal(parse_and_free(context, repeated(deeper, ")", LIMES_MAX_DEPTH + 1, "")), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "line 1, column 577: layers are nested more than 64 deep"));
  free(deep);
  free(deeper);
  limes_context_destroy(context);
}

static void hostile_texts_are_refused_quickly(void **state) {
  (void)state;
  limes_context *context = new_context();
  static const char *const units[] = {"(", ")", "|", ",", "sum(", "relu|",     "residual(residual|", "conv(", "a",
                                      "1", " ", "#", "=", "x=",   "repeat(2,", "dense(1,",           "\xff"};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    assert_int_equal(parse_and_free(context, repeated("", units[i], 100000 / strlen(units[i]), "")), LIMES_WRONG_USE);
    assert_int_equal(parse_and_free(context, repeated("relu(", units[i], 100000 / strlen(units[i]), "")), LIMES_WRONG_USE);
    assert_int_equal(parse_and_free(context, repeated("sum(", units[i], 100000 / strlen(units[i]), "")), LIMES_WRONG_USE);
    assert_int_equal(parse_and_free(context, repeated("dense(w_std=sqrt(", units[i], 100000 / strlen(units[i]), "")),
                     LIMES_WRONG_USE);
  }
  limes_context_destroy(context);
}

static void a_megabyte_of_layers_parses_and_a_byte_more_does_not(void **state) {
  (void)state;
  limes_context *context = new_context();
  assert_ok(context, parse_and_free(context, repeated("relu", " abs", LIMES_MAX_TEXT / 4 - 1, "")));
  assert_int_equal(parse_and_free(context, repeated("relu ", " abs", LIMES_MAX_TEXT / 4 - 1, "")), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "longer than 1 MB"));
  limes_context_destroy(context);
}

static void later_errors_about_a_layer_take_its_place(void **state) {
  (void)state;
  limes_context *context = new_context();
  limes_model *model = NULL, *built = NULL;
  assert_ok(context, limes_model_parse(context, "dense\n  flatten relu", &model));
  const limes_node *relu = &model->chain.node[2];
  assert_int_equal(limes_fail_at(context, model, relu->line, relu->column, "%s cannot follow %s", "relu", "flatten"),
                   LIMES_WRONG_USE);
  assert_string_equal(limes_error(context), "line 2, column 11: relu cannot follow flatten\n    flatten relu\n            ^");
  limes_status status = limes_fail(context, LIMES_REFUSED, "too large");
  assert_int_equal(limes_place_error(context, model, 1, 1, status), LIMES_REFUSED);
  assert_string_equal(limes_error(context), "line 1, column 1: too large\n  dense\n  ^");
  assert_ok(context, limes_model_create(context, &built));
  assert_int_equal(limes_fail_at(context, built, 0, 0, "relu cannot follow flatten"), LIMES_WRONG_USE);
  assert_string_equal(limes_error(context), "relu cannot follow flatten");
  limes_model_destroy(model);
  limes_model_destroy(built);
  limes_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_wrong_text_is_refused_with_its_place),
      cmocka_unit_test(of_a_long_line_a_window_is_shown),
      cmocka_unit_test(brackets_nest_to_the_limit_and_not_deeper),
      cmocka_unit_test(hostile_texts_are_refused_quickly),
      cmocka_unit_test(a_megabyte_of_layers_parses_and_a_byte_more_does_not),
      cmocka_unit_test(later_errors_about_a_layer_take_its_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
