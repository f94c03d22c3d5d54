/* Nonlinearities that a user defines by two callbacks. */
#include "kernel/laws.h"

static double its_tanh(void *user, double u) {
  (void)user;
  return tanh(u);
}
static double slope_of_tanh(void *user, double u) {
  (void)user;
  return 1 / (cosh(u) * cosh(u));
}

/* relu with its kink at *user */
static double bent(void *user, double u) { return fmax(u - *(double *)user, 0); }
static double slope_of_bent(void *user, double u) { return u > *(double *)user; }

/* 1 / u beyond 2, where *user says so in value or slope */
static double reciprocal(void *user, double u) { return *(int *)user == 0 && u > 2 ? (double)NAN : u; }
static double slope_of_reciprocal(void *user, double u) { return *(int *)user == 1 && u < -1 ? (double)INFINITY : 1; }

static double explosive(void *user, double u) {
  (void)user;
  return exp(5 * u * u);
}

static void must_define(limes_context *context, const char *word, limes_nonlinearity_callback *value,
                        limes_nonlinearity_callback *slope, void *user) {
  assert_ok(context, limes_word_define(context, word, value, slope, user));
}

static void tanh_by_callback_is_tanh(void **state) {
  (void)state;
  limes_context *context = new_context();
  must_define(context, "mine", its_tanh, slope_of_tanh, NULL);
  limes_batch *x = random_sequences(context, 3, 5, 4, 3), *y = random_sequences(context, 4, 3, 4, 3);
  const char *models[][2] = {
      {"conv(3, b_std=0.2) mine flatten dense", "conv(3, b_std=0.2) tanh flatten dense"},
      {"dense mine(32) dense mine(order=100) global_avg_pool", "dense tanh(32) dense tanh(order=100) global_avg_pool"}};
  for (size_t i = 0; i < 4; i++) {
    kernels mine = kernel_of(context, models[i / 2][0], x, i % 2 == 0 ? NULL : y),
            word = kernel_of(context, models[i / 2][1], x, i % 2 == 0 ? NULL : y);
    assert_kernels_near(&mine, &word, 2e-13, models[i / 2][0]);
    free_kernels(&mine);
    free_kernels(&word);
  }
  limes_batch_destroy(x);
  limes_batch_destroy(y);
  limes_context_destroy(context);
}

static void remember(void *user, limes_log_level level, const char *text) {
  (void)level;
  snprintf(user, 256, "%s", text);
}

/* What is said to be left out of an expectation of K and of the factor of Theta, at these variances */
static void errors_of(limes_context *context, const char *word, double variance, double reported[2], double made[2],
                      const double exact[2]) {
  double value, slope;
  char said[256] = "";
  limes_set_log(context, remember, said);
  assert_ok(context, limes_dual(context, word, 1, &variance, &variance, &variance, &value, &slope));
  limes_set_log(context, NULL, NULL);
  made[0] = fabs(value / exact[0] - 1);
  made[1] = fabs(slope / exact[1] - 1);
  if (strstr(said, "up to ") == NULL)
    fail_msg("%s: nothing was said, but errors of %.2e and %.2e", word, made[0], made[1]);
  assert_int_equal(sscanf(strstr(said, "up to "), "up to %lf of K, %lf", &reported[0], &reported[1]), 2);
}

/* E relu(u - t)^2 = (s^2 + t^2) Phi(-t/s) - t s phi(t/s) and Phi(-t/s), for deviation s: closed forms where the rule has kinks.
 */
static void the_error_of_a_kink_is_reported_where_it_is_made(void **state) {
  (void)state;
  limes_context *context = new_context();
  double kink;
  must_define(context, "bent", bent, slope_of_bent, &kink);
  for (int i = 0; i < 60; i++) {
    double deviation = pow(10, 0.05 * (i % 20) - 0.5), t = i < 20 ? 0 : 0.1 * i - 4, above = 0.5 * erfc(t / deviation / sqrt(2));
    double exact[2] = {(deviation * deviation + t * t) * above -
                           t * deviation * exp(-0.5 * t * t / (deviation * deviation)) / sqrt(6.283185307179586),
                       above};
    double reported[2], made[2];
    kink = t;
    errors_of(context, i % 2 == 0 ? "bent" : "bent(order=200)", deviation * deviation, reported, made, exact);
    for (int k = 0; k < 2; k++)
      if (made[k] > 1.3 * reported[k] + 1e-13)
        fail_msg("kink at %g, deviation %g: error %d is %.3g, and %.3g was reported", t, deviation, k, made[k], reported[k]);
  }
  limes_context_destroy(context);
}

/* In a kernel the errors are the reported ones too, and the diagonal, which needs no polynomials, is exact. */
static void relu_by_callback_is_relu_up_to_what_is_reported(void **state) {
  (void)state;
  limes_context *context = new_context();
  double kink = 0, largest = 0;
  must_define(context, "bent", bent, slope_of_bent, &kink);
  limes_batch *x = random_vectors(context, 5, 6, 4);
  char said[256] = "";
  limes_set_log(context, remember, said);
  kernels mine = kernel_of(context, "dense bent dense", x, NULL);
  limes_set_log(context, NULL, NULL);
  kernels word = kernel_of(context, "dense relu dense", x, NULL);
  assert_non_null(strstr(said, "bent (line 1, column 7) by quadrature: relative error up to "));
  double reported = strtod(strstr(said, "up to ") + 6, NULL);
  for (size_t i = 0; i < 6; i++)
    for (size_t j = 0; j < 6; j++) {
      double scale = sqrt(word.nngp[i * 7] * word.nngp[j * 7]), error = fabs(mine.nngp[i * 6 + j] - word.nngp[i * 6 + j]) / scale;
      assert_true(error <= (i == j ? 1e-13 : reported));
      largest = fmax(largest, error);
    }
  assert_true(reported > 1e-6 && reported < 1e-3 && largest > 0);
  free_kernels(&mine);
  free_kernels(&word);
  limes_batch_destroy(x);
  limes_context_destroy(context);
}

static void what_is_not_finite_is_named(void **state) {
  (void)state;
  limes_context *context = new_context();
  limes_batch *x = random_vectors(context, 5, 20, 4);
  int where = 0;
  double nngp[400];
  limes_kernel_output out = {.nngp = nngp};
  must_define(context, "mine", reciprocal, slope_of_reciprocal, &where);
  must_define(context, "explosive", explosive, its_tanh, NULL);
  limes_model *model = parsed(context, "dense mine dense");
  limes_plan_report report = {0};
  double one = 1, value, slope;
  assert_int_equal(limes_kernel(context, model, x, NULL, &out), LIMES_OUT_OF_DOMAIN);
  assert_non_null(strstr(limes_error(context), "item 0 (counted from 0), mine: its value at u = 2.0"));
  assert_non_null(strstr(limes_error(context), " is nan; position 0 has variance "));
  where = 1;
  assert_int_equal(limes_explain(context, model, x, NULL, true, true, &report), LIMES_OUT_OF_DOMAIN);
  assert_non_null(strstr(limes_error(context), "its slope at u = -1.0"));
  assert_int_equal(limes_dual(context, "mine", 1, &one, &one, &one, &value, &slope), LIMES_OUT_OF_DOMAIN);
  assert_non_null(strstr(limes_error(context), "entry 0, mine: its slope at u = -1.0"));
  assert_int_equal(limes_dual(context, "explosive", 1, &one, &one, &one, &value, &slope), LIMES_OUT_OF_DOMAIN);
  assert_non_null(strstr(limes_error(context), "explosive: its value at u = "));
  where = 2;
  assert_ok(context, limes_kernel(context, model, x, NULL, &out));
  limes_free(report.text);
  limes_model_destroy(model);
  limes_batch_destroy(x);
  limes_context_destroy(context);
}

/* b > 0 in items whose variance is 1/(4 b) or more, far behind the ones that are looked at first */
static void a_gaussian_that_grows_names_the_item_that_is_too_large(void **state) {
  (void)state;
  limes_context *context = new_context();
  enum { N = 300 };
  double x[N], *nngp = numbers(N * N);
  for (size_t i = 0; i < N; i++)
    x[i] = i == 251 ? 2 : 1;
  limes_batch *batch = batch_of(context, x, 0, N, 1, 1, 1, NULL);
  limes_model *model = parsed(context, "dense gaussian(1, 0.1) dense");
  limes_kernel_output out = {.nngp = nngp};
  for (unsigned threads = 1; threads <= 2; threads++) {
    limes_set_threads(context, threads);
    assert_int_equal(limes_kernel(context, model, batch, NULL, &out), LIMES_OUT_OF_DOMAIN);
    assert_string_equal(limes_error(context),
                        "item 251 (counted from 0), gaussian: at position 0 the variance is 4, and exp(b u^2) with b = 0.1 has a "
                        "finite one only below 1/(4 b) = 2.5: put layer_norm or dense with a smaller w_std before it, or take a "
                        "smaller b");
  }
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  free(nngp);
  limes_context_destroy(context);
}

static void a_word_is_known_in_its_context_alone(void **state) {
  (void)state;
  limes_context *context = new_context(), *other = new_context();
  must_define(context, "mine", its_tanh, slope_of_tanh, NULL);
  must_define(context, "mine_too", its_tanh, slope_of_tanh, NULL);
  limes_model *model = parsed(context, "dense mine dense mine_too( order = 80 ) dense"), *none = NULL, *built = NULL;
  char *text = NULL;
  assert_ok(context, limes_model_print(context, model, &text));
  assert_string_equal(text, "dense mine dense mine_too(order=80) dense");
  limes_free(text);
  assert_int_equal(limes_model_parse(other, "dense mine dense", &none), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(other), "unknown word 'mine'"));
  assert_int_equal(limes_model_parse(context, "dense mine_to dense", &none), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "did you mean 'mine_too'?"));
  assert_ok(context, limes_model_read(context, "mine", &none));
  assert_ok(context, limes_word_reference(context, "mine", &text));
  assert_non_null(strstr(text, "a nonlinearity of the user's own"));
  assert_ok(context, limes_model_create(context, &built));
  assert_ok(context, limes_model_add(context, built, "mine"));
  assert_ok(context, limes_model_set(context, built, "order", "12"));
  limes_free(text);
  limes_model_destroy(model);
  limes_model_destroy(none);
  limes_model_destroy(built);
  limes_context_destroy(context);
  limes_context_destroy(other);
}

static void names_that_are_none_or_taken_are_refused(void **state) {
  (void)state;
  limes_context *context = new_context();
  static const char *const bad[] = {"",     "a-b",      "2u",      "_u",   "a b",
                                    "relu", "residual", "myrtle5", "mine", "a2345678901234567890123456789012345678901"};
  must_define(context, "mine", its_tanh, slope_of_tanh, NULL);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(limes_word_define(context, bad[i], its_tanh, slope_of_tanh, NULL), LIMES_WRONG_USE);
  assert_int_equal(limes_word_define(context, "his", its_tanh, NULL, NULL), LIMES_WRONG_USE);
  assert_string_equal(limes_error(context), "'his' has no slope: a nonlinearity needs both its value and its slope");
  must_define(context, "a234567890123456789012345678901234567890", its_tanh, slope_of_tanh, NULL);
  limes_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tanh_by_callback_is_tanh),
      cmocka_unit_test(the_error_of_a_kink_is_reported_where_it_is_made),
      cmocka_unit_test(relu_by_callback_is_relu_up_to_what_is_reported),
      cmocka_unit_test(what_is_not_finite_is_named),
      cmocka_unit_test(a_gaussian_that_grows_names_the_item_that_is_too_large),
      cmocka_unit_test(a_word_is_known_in_its_context_alone),
      cmocka_unit_test(names_that_are_none_or_taken_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
