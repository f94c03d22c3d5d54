/* Each word is documented, and parameters that make no sense are refused with a sentence that names them. */
#include "kernel/laws.h"

#include "layers/layer.h"

static void every_word_is_documented(void **state) {
  limes_context *context = *state;
  size_t count = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  assert_true(count > 0);
  for (size_t i = 0; i < count; i++) {
    const limes_layer_ops *ops = layers[i];
    char *text = NULL;
    assert_non_null(ops->word);
    assert_string_equal(limes_word(i), ops->word);
    assert_ok(context, limes_word_reference(context, ops->word, &text));
    if (ops->summary == NULL || ops->section == NULL || strlen(ops->summary) < 3 || strstr(text, ops->summary) == NULL)
      fail_msg("%s has no summary or section, or its reference does not show the summary:\n%s", ops->word, text);
    for (const limes_param *param = ops->params; param != NULL && param->name != NULL; param++)
      if (param->help == NULL || strlen(param->help) < 4 || strstr(text, param->name) == NULL ||
          strstr(text, param->help) == NULL)
        fail_msg("%s: parameter %s is not documented:\n%s", ops->word, param->name, text);
    limes_free(text);
  }
  assert_null(limes_word(count));
}

static void all_words_stand_in_the_overview(void **state) {
  limes_context *context = *state;
  char *text = NULL;
  const char *word;
  assert_ok(context, limes_word_reference(context, NULL, &text));
  for (size_t i = 0; (word = limes_word(i)) != NULL; i++)
    if (strstr(text, word) == NULL)
      fail_msg("%s is missing from the overview:\n%s", word, text);
  limes_free(text);
  assert_int_equal(limes_word_reference(context, "rleu", &text), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "relu"));
}

static void words_of_the_first_complete_way_are_registered(void **state) {
  (void)state;
  const char *words[] = {"dense",           "conv",     "relu",    "leaky_relu", "abrelu",   "abs", "erf",    "layer_norm",
                         "global_avg_pool", "avg_pool", "flatten", "identity",   "residual", "sum", "repeat", "attention"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (limes_layer_find(words[i]) == NULL)
      fail_msg("%s is not a word", words[i]);
}

/* A model that must be refused, and what the error must name */
typedef struct {
  const char *text, *names;
} bad_model;

static const bad_model bad_models[] = {
    {"conv", "filter"},
    {"conv(0)", "filter"},
    {"conv(3x0)", "filter"},
    {"conv(-3)", "filter"},
    {"conv(2.5)", "filter"},
    {"conv(3, stride=0)", "stride"},
    {"conv(3, padding=full)", "padding"},
    {"conv(3, filter=3)", "filter"},
    {"conv(3, w_std=-1)", "w_std"},
    {"dense(w_std=nan)", "w_std"},
    {"dense(w_std=inf)", "w_std"},
    {"dense(w_std=1e999)", "w_std"},
    {"dense(w_std=sqrt(-2))", "sqrt"},
    {"dense(b_std=-0.1)", "b_std"},
    {"dense(width=0)", "width"},
    {"dense(width=3.5)", "width"},
    {"dense(widht=3)", "width"},
    {"dense(1, 2, 3, 4)", "dense"},
    {"dense(b_std=)", "b_std"},
    {"dense(b_std=0.1, b_std=0.2)", "b_std"},
    {"dense(w_std=yes)", "w_std"},
    {"relu(1)", "relu"},
    {"leaky_relu(x)", "alpha"},
    {"abrelu", "abrelu"},
    {"abrelu(1)", "b"},
    {"erf(1, 2, 3, 4)", "erf"},
    {"polynomial", "coefficients"},
    {"polynomial()", "coefficients"},
    {"polynomial(1, x)", "coefficients"},
    {"polynomial(1, , 2)", "polynomial"},
    {"polynomial(1, 2, coefficients=3)", "coefficients"},
    {"polynomial(coefficients=1:2, 3)", "coefficients"},
    {"polynomial(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)", "16"},
    {"monomial(-1)", "degree"},
    {"monomial(1.5)", "degree"},
    {"monomial(17)", "degree"},
    {"rectified_monomial(17)", "degree"},
    {"hermite", "degree"},
    {"rbf(-1)", "gamma"},
    {"exp_normalized(-1)", "gamma"},
    {"tanh(order=0)", "order"},
    {"elu(513)", "order"},
    {"gelu(1)", "gelu"},
    {"sign(1)", "sign"},
    {"layer_norm(eps=-1)", "eps"},
    {"layer_norm(eps=0)", "eps"},
    {"layer_norm(axes=some)", "axes"},
    {"avg_pool", "window"},
    {"avg_pool(0)", "window"},
    {"avg_pool(2, normalize_edges=maybe)", "normalize_edges"},
    {"attention(zeta=max)", "zeta"},
    {"attention(scale=cubic)", "scale"},
    {"attention(position=concat, position_share=1.5)", "position_share"},
    {"attention(position=concat, position_width=16)", "input_width"},
    {"attention(decay=linear)", "decay"},
    {"attention(position=sum, decay=cauchy, decay_rate=-1)", "decay_rate"},
    {"attention(position=sum, decay=cauchy, decay_power=0)", "decay_power"},
    {"attention(q_std=-1)", "q_std"},
    {"attention(causal=2)", "causal"},
    {"residual(relu, alpha=2)", "alpha"},
    {"residual(dense, alpha=-0.1)", "alpha"},
    {"residual(dense | dense)", "residual"},
    {"repeat(0, dense)", "repeat"},
    {"repeat(-1, dense)", "repeat"},
    {"repeat(1.5, dense)", "repeat"},
    {"repeat(dense)", "repeat"},
    {"repeat(3)", "repeat"},
    {"sum()", "sum"},
    {"sum(dense |)", "|"},
    {"sum(dense, dense)", "sum"},
    {"identity(1)", "identity"},
    {"flatten(2)", "flatten"},
    {"slice", "first"},
    {"slice(3)", "first"},
    {"slice(4:4)", "first"},
    {"slice(4:2)", "first"},
    {"slice(-1:2)", "first"},
    {"slice(0:4:2)", "first"},
    {"slice(0:0)", "0:4"},
    {"slice(0:1e2)", "first"},
    {"slice(:4294967295)", "first"},
    {"slice(:, x)", "second"},
    {"slice(:, :, :)", "slice"},
    {"resize", "size"},
    {"resize(0)", "size"},
    {"resize(4, method=cubic)", "method"},
    {"local_conv", "filter"},
    {"conv_transpose(3, padding=valid)", "padding"},
    {"sum_pool(2, normalize_edges=yes)", "normalize_edges"},
    {"dropout(0)", "keep"},
    {"dropout(1.1)", "keep"},
    {"dropout(mode=tset)", "test"},
    {"aggregate(2)", "aggregate"},
    {"product()", "product"},
    {"concat(dense | dense, widths=0:1)", "widths"},
};

static void parameters_without_sense_are_refused(void **state) {
  limes_context *context = *state;
  unsigned wrong = 0;
  for (size_t i = 0; i < sizeof bad_models / sizeof *bad_models; i++) {
    limes_model *model = NULL;
    limes_status status = limes_model_parse(context, bad_models[i].text, &model);
    if (status != LIMES_WRONG_USE || model != NULL || strstr(limes_error(context), bad_models[i].names) == NULL) {
      print_error("%s: %s: '%s', which should name '%s'\n", bad_models[i].text, limes_status_text(status),
                  status == LIMES_OK ? "accepted" : limes_error(context), bad_models[i].names);
      wrong++;
    }
    limes_model_destroy(model);
  }
  assert_int_equal(wrong, 0);
}

/* The borders of what is allowed are allowed. */
static void parameters_at_their_borders_are_accepted(void **state) {
  limes_context *context = *state;
  const char *models[] = {"dense(w_std=0, b_std=0)",
                          "conv(1)",
                          "conv(1x7, stride=9)",
                          "avg_pool(1)",
                          "residual(dense, alpha=0)",
                          "residual(dense, alpha=1)",
                          "repeat(1, dense)",
                          "sum(dense)",
                          "sum(dense | identity)",
                          "attention(position=concat, position_share=0)",
                          "attention(position=concat, position_share=1)",
                          "attention(position=concat, position_width=16, input_width=48)",
                          "attention(q_std=0)",
                          "attention(position=sum, position_std=0)",
                          "abrelu(0, 0)",
                          "leaky_relu(-3)",
                          "erf(0, 0, 0)",
                          "layer_norm(1e-300)",
                          "dense(width=1)",
                          "slice(:)",
                          "slice(:, 3:)",
                          "slice(4294967293:4294967294)",
                          "dropout(1)",
                          "dropout(1e-9)",
                          "concat(dense, widths=1)",
                          "polynomial(0)",
                          "polynomial(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)",
                          "monomial(0)",
                          "monomial(16)",
                          "rectified_monomial(16)",
                          "hermite(256)",
                          "rbf(0)",
                          "sin(0, 0, 0)",
                          "tanh(1)",
                          "elu(1)",
                          "mish(512)"};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++)
    limes_model_destroy(parsed(context, models[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_word_is_documented),
      cmocka_unit_test(all_words_stand_in_the_overview),
      cmocka_unit_test(words_of_the_first_complete_way_are_registered),
      cmocka_unit_test(parameters_without_sense_are_refused),
      cmocka_unit_test(parameters_at_their_borders_are_accepted),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
