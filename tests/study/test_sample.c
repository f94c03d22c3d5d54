/* Functions drawn by chance have the covariance they say, and depend on nothing but the seed and their number. */
#include "kernel/laws.h"
#include "limes/network.h"
#include "limes/study.h"

enum { ITEMS = 5, DRAWS = 4000 };

static double *prior_of(limes_context *context, const char *text, const limes_batch *batch, size_t draws) {
  limes_model *model = parsed(context, text);
  double *function = numbers(draws * limes_batch_items(batch));
  assert_ok(context, limes_sample_prior(context, model, batch, draws, function, NULL));
  limes_model_destroy(model);
  return function;
}

static double *networks_of(limes_context *context, const char *text, const limes_batch *batch,
                           const limes_network_settings *settings, size_t draws) {
  limes_model *model = parsed(context, text);
  double *function = numbers(draws * limes_batch_items(batch));
  assert_ok(context, limes_sample_networks(context, model, batch, settings, draws, function));
  limes_model_destroy(model);
  return function;
}

/* Each product of two values has the kernel as its mean, within 5 standard errors. */
static void check_covariance(const char *what, const double *function, const kernels *k) {
  for (size_t i = 0; i < ITEMS; i++)
    for (size_t j = 0; j < ITEMS; j++) {
      double sum = 0, squares = 0;
      for (size_t d = 0; d < DRAWS; d++) {
        double product = function[d * ITEMS + i] * function[d * ITEMS + j];
        sum += product;
        squares += product * product;
      }
      double mean = sum / DRAWS, error = sqrt((squares / DRAWS - mean * mean) / DRAWS), exact = k->nngp[i * ITEMS + j];
      if (!(fabs(mean - exact) <= 5 * error))
        fail_msg("%s: covariance of items %zu and %zu is %.5g +- %.2g, the kernel says %.5g", what, i, j, mean, error, exact);
      if (i == j && fabs(mean - 1.25 * exact) <= 5 * error)
        fail_msg("%s: a variance that is 25 %% off would pass", what);
    }
}

static void functions_have_the_covariance_of_the_kernel(void **state) {
  static const char *const text = "dense(b_std=0.4) erf dense(b_std=0.3)";
  limes_batch *batch = random_vectors(*state, 3, ITEMS, 4);
  kernels k = kernel_of(*state, text, batch, NULL);
  double *prior = prior_of(*state, text, batch, DRAWS);
  double *networks = networks_of(*state, text, batch, &(limes_network_settings){.width = 16}, DRAWS);
  check_covariance("the prior", prior, &k);
  check_covariance("networks with one hidden layer", networks, &k);
  free(prior);
  free(networks);
  free_kernels(&k);
  limes_batch_destroy(batch);
}

static void a_function_depends_on_its_number_alone(void **state) {
  static const char *const text = "conv(3) relu flatten dense";
  limes_network_settings settings = {.width = 8, .seed = 2}, later = {.width = 8, .seed = 2, .draw = 2};
  limes_batch *batch = random_sequences(*state, 4, ITEMS, 6, 2);
  limes_set_threads(*state, 1);
  double *two = prior_of(*state, text, batch, 2), *alone = networks_of(*state, text, batch, &settings, 4);
  limes_set_threads(*state, 3);
  double *four = prior_of(*state, text, batch, 4), *many = networks_of(*state, text, batch, &settings, 4);
  double *second_half = networks_of(*state, text, batch, &later, 2);
  assert_memory_equal(two, four, 2 * ITEMS * sizeof *two);
  assert_memory_equal(alone, many, 4 * ITEMS * sizeof *many);
  assert_memory_equal(second_half, many + 2 * ITEMS, 2 * ITEMS * sizeof *many);
  assert_memory_not_equal(many, many + ITEMS, ITEMS * sizeof *many);
  limes_set_seed(*state, 1);
  double *other = prior_of(*state, text, batch, 2);
  assert_memory_not_equal(two, other, ITEMS * sizeof *two);
  limes_set_seed(*state, 0);
  limes_set_threads(*state, 0);
  double *all[] = {two, four, alone, many, second_half, other};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free(all[i]);
  limes_batch_destroy(batch);
}

static void items_behind_do_not_change_values_before(void **state) {
  static const char *const text = "dense relu dense";
  double *x = random_numbers(6, ITEMS * 3);
  limes_batch *all = batch_of(*state, x, 0, ITEMS, 1, 1, 3, NULL), *first = batch_of(*state, x, 0, 2, 1, 1, 3, NULL);
  double *long_one = prior_of(*state, text, all, 1), *short_one = prior_of(*state, text, first, 1);
  for (size_t i = 0; i < 2; i++)
    assert_close(long_one[i], short_one[i], 1e-14);
  free(x);
  free(long_one);
  free(short_one);
  limes_batch_destroy(all);
  limes_batch_destroy(first);
}

static void singular_kernels_have_functions_too(void **state) {
  double x[] = {1, 1, 0.5}, nothing[] = {0, 0, 0};
  limes_batch *twice = batch_of(*state, x, 0, 3, 1, 1, 1, NULL), *zeros = batch_of(*state, nothing, 0, 3, 1, 1, 1, NULL);
  double *same = prior_of(*state, "dense erf dense", twice, 3), *flat = prior_of(*state, "dense erf dense", zeros, 3);
  for (size_t d = 0; d < 3; d++) {
    assert_close(same[3 * d], same[3 * d + 1], 1e-3);
    assert_true(same[3 * d] != 0 && flat[3 * d] == 0 && flat[3 * d + 1] == 0);
  }
  free(same);
  free(flat);
  limes_batch_destroy(twice);
  limes_batch_destroy(zeros);
}

static void check_refused(limes_context *context, const limes_batch *batch, const char *text, size_t draws, limes_status status,
                          const char *says) {
  limes_model *model = parsed(context, text);
  double function[64];
  limes_status found = limes_sample_networks(context, model, batch, &(limes_network_settings){.width = 4}, draws, function);
  if (strstr(limes_error(context), says) == NULL)
    fail_msg("%s: %s", text, limes_error(context));
  assert_int_equal(found, status);
  limes_model_destroy(model);
}

static void what_is_no_function_is_refused(void **state) {
  limes_batch *batch = random_sequences(*state, 4, ITEMS, 6, 2);
  limes_model *model = parsed(*state, "dense");
  double function[ITEMS];
  check_refused(*state, batch, "dense relu dense", 1, LIMES_WRONG_USE, "end it with `flatten dense`");
  check_refused(*state, batch, "conv(3) relu flatten", 1, LIMES_WRONG_USE, "ends with 24 channels");
  check_refused(*state, batch, "flatten dense", 0, LIMES_WRONG_USE, "ask for one at least");
  check_refused(*state, batch, "flatten dense exp_normalized", 1, LIMES_UNABLE, "exp_normalized");
  assert_int_equal(limes_sample_prior(*state, model, batch, 1, function, NULL), LIMES_WRONG_USE);
  limes_model_destroy(model);
  check_refused(*state, batch, "conv(3) relu correlated_readout(1:2) dense", 1, LIMES_WRONG_USE, "one length_scale");
  model = parsed(*state, "conv(3) relu correlated_readout(1:2) dense");
  assert_int_equal(limes_sample_prior(*state, model, batch, 1, function, NULL), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(*state), "one length_scale"));
  limes_model_destroy(model);
  limes_batch_destroy(batch);
}

/* Two items a hair apart: errors of the kernel's points would make it indefinite. */
static void sampled_kernels_have_functions_too(void **state) {
  double *x = random_numbers(9, 2 * 3 * 4);
  for (size_t i = 0; i < 12; i++)
    x[12 + i] = x[i] + 1e-7;
  limes_batch *batch = batch_of(*state, x, 1, 2, 3, 1, 4, NULL);
  double *function = prior_of(*state, "dense attention(scale=sqrt, samples=32, q_std=3) flatten dense", batch, 2);
  for (size_t d = 0; d < 2; d++)
    assert_true(isfinite(function[2 * d]) && fabs(function[2 * d] - function[2 * d + 1]) < 0.3);
  free(function);
  free(x);
  limes_batch_destroy(batch);
}

static int stop(void *user, const char *what, double done, double seconds_left) {
  (void)user, (void)what, (void)done, (void)seconds_left;
  return 1;
}

static void networks_can_be_interrupted(void **state) {
  limes_batch *batch = random_sequences(*state, 4, ITEMS, 6, 2);
  limes_model *model = parsed(*state, "conv(3) relu flatten dense");
  double *function = numbers(100000 * ITEMS);
  limes_set_progress(*state, stop, NULL);
  assert_int_equal(limes_sample_networks(*state, model, batch, &(limes_network_settings){.width = 64}, 100000, function),
                   LIMES_INTERRUPTED);
  limes_set_progress(*state, NULL, NULL);
  free(function);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(functions_have_the_covariance_of_the_kernel),
                                     cmocka_unit_test(a_function_depends_on_its_number_alone),
                                     cmocka_unit_test(items_behind_do_not_change_values_before),
                                     cmocka_unit_test(singular_kernels_have_functions_too),
                                     cmocka_unit_test(what_is_no_function_is_refused),
                                     cmocka_unit_test(sampled_kernels_have_functions_too),
                                     cmocka_unit_test(networks_can_be_interrupted)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
