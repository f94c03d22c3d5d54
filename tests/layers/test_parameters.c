/* Models whose parameters or branches make no sense are refused with a sentence that names what is wrong. What the parameter
 * tables say of each value alone is asked of every word in tests/conformance. */
#include "kernel/laws.h"

/* A model that must be refused, and what the error must name */
typedef struct {
  const char *text, *names;
} bad_model;

static const bad_model bad_models[] = {
    {"conv(3x0)", "filter"},
    {"conv(3, filter=3)", "filter"},
    {"dense(w_std=sqrt(-2))", "sqrt"},
    {"dense(1, 2, 3, 4)", "dense"},
    {"dense(b_std=)", "b_std"},
    {"relu(1)", "relu"},
    {"abrelu", "abrelu"},
    {"abrelu(1)", "b"},
    {"polynomial()", "coefficients"},
    {"polynomial(1, x)", "coefficients"},
    {"polynomial(1, , 2)", "polynomial"},
    {"polynomial(1, 2, coefficients=3)", "coefficients"},
    {"polynomial(coefficients=1:2, 3)", "coefficients"},
    {"polynomial(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)", "16"},
    {"attention(position=concat, position_share=1.5)", "position_share"},
    {"attention(position=concat, position_width=16)", "input_width"},
    {"residual(dense | dense)", "residual"},
    {"repeat(dense)", "repeat"},
    {"repeat(3)", "repeat"},
    {"sum()", "sum"},
    {"sum(dense |)", "|"},
    {"sum(dense, dense)", "sum"},
    {"identity(1)", "identity"},
    {"slice(0:4:2)", "first"},
    {"slice(:, x)", "second"},
    {"slice(:, :, :)", "slice"},
    {"conv_transpose(3, padding=valid)", "padding"},
    {"sum_pool(2, normalize_edges=yes)", "normalize_edges"},
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

/* What stands at an end of its range, or is given in an unusual way */
static void unusual_parameters_are_accepted(void **state) {
  limes_context *context = *state;
  const char *models[] = {"conv(1x7, stride=9)",
                          "sum(dense)",
                          "attention(position=concat, position_width=16, input_width=48)",
                          "slice(:, 3:)",
                          "slice(4294967293:4294967294)",
                          "concat(dense, widths=1)",
                          "polynomial(0)",
                          "polynomial(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)"};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++)
    limes_model_destroy(parsed(context, models[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parameters_without_sense_are_refused),
      cmocka_unit_test(unusual_parameters_are_accepted),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
