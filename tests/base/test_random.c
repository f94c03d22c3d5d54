/* Random numbers by counting. */
#include "base/random.h"
#include "helpers.h"

#include <math.h>

enum { MANY = 200000 };

static const limes_stream stream = {.seed = 7, .key = {1, 2, 3}};

static double *numbers(void (*fill)(const limes_stream *, uint64_t, size_t, double *), const limes_stream *from) {
  double *x = malloc(MANY * sizeof *x);
  assert_non_null(x);
  fill(from, 0, MANY, x);
  return x;
}

static void a_number_does_not_depend_on_how_many_are_asked_for(void **state) {
  (void)state;
  double *all = numbers(limes_normal, &stream), some[7];
  for (uint64_t first = 0; first < 12; first++)
    for (size_t n = 0; n <= 7; n++) {
      limes_normal(&stream, first, n, some);
      for (size_t i = 0; i < n; i++)
        assert_true(some[i] == all[first + i]);
    }
  free(all);
}

static double mean_power(const double *x, double centre, int power) {
  double sum = 0;
  for (size_t i = 0; i < MANY; i++)
    sum += pow(x[i] - centre, power);
  return sum / MANY;
}

/* Each within five of its standard deviations. */
static void uniform_numbers_have_the_moments_of_the_uniform_law(void **state) {
  (void)state;
  double *u = numbers(limes_uniform, &stream);
  for (size_t i = 0; i < MANY; i++)
    assert_true(u[i] > 0 && u[i] < 1);
  assert_true(fabs(mean_power(u, 0, 1) - 0.5) < 5 * sqrt(1. / 12 / MANY));
  assert_true(fabs(mean_power(u, 0.5, 2) - 1. / 12) < 5 * sqrt(1. / 180 / MANY));
  free(u);
}

static void normal_numbers_have_the_moments_of_the_normal_law(void **state) {
  (void)state;
  double *z = numbers(limes_normal, &stream), neighbours = 0;
  assert_true(fabs(mean_power(z, 0, 1)) < 5 * sqrt(1. / MANY));
  assert_true(fabs(mean_power(z, 0, 2) - 1) < 5 * sqrt(2. / MANY));
  assert_true(fabs(mean_power(z, 0, 3)) < 5 * sqrt(15. / MANY));
  assert_true(fabs(mean_power(z, 0, 4) - 3) < 5 * sqrt(96. / MANY));
  for (size_t i = 1; i < MANY; i++)
    neighbours += z[i] * z[i - 1] / MANY;
  assert_true(fabs(neighbours) < 5 * sqrt(1. / MANY));
  free(z);
}

static void streams_of_another_seed_or_key_are_independent(void **state) {
  (void)state;
  double *z = numbers(limes_normal, &stream);
  for (int which = 0; which < 4; which++) {
    limes_stream other = stream;
    *(which == 0 ? &other.seed : &other.key[which - 1]) += 1;
    double *w = numbers(limes_normal, &other), product = 0;
    for (size_t i = 0; i < MANY; i++)
      product += z[i] * w[i] / MANY;
    assert_true(fabs(product) < 5 * sqrt(1. / MANY));
    free(w);
  }
  free(z);
}

static void choices_are_even_and_in_range(void **state) {
  (void)state;
  double count[5] = {0};
  for (uint64_t k = 0; k < 50000; k++)
    count[limes_choose(&stream, k, 5)]++;
  for (size_t i = 0; i < 5; i++)
    assert_true(fabs(count[i] - 10000) < 5 * sqrt(50000 * 0.2 * 0.8));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_number_does_not_depend_on_how_many_are_asked_for),
      cmocka_unit_test(uniform_numbers_have_the_moments_of_the_uniform_law),
      cmocka_unit_test(normal_numbers_have_the_moments_of_the_normal_law),
      cmocka_unit_test(streams_of_another_seed_or_key_are_independent),
      cmocka_unit_test(choices_are_even_and_in_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
