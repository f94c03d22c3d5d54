/* Normalization: what each kind makes of the data it was fitted to, and of others. */
#include "data/reading.h"

/* 4 images 2x3 with 2 features; the second feature of position 0 is constant */
static limes_batch *make_images(double shift) {
  double x[4 * 6 * 2];
  for (size_t i = 0; i < 48; i++)
    x[i] = i % 12 == 1 ? 0.1 : sin((double)(7 * i)) * (double)(1 + i % 5) + shift;
  limes_array array = {.data = x, .axes = 2, .items = 4, .size = {2, 3}, .features = 2};
  limes_batch *batch;
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  return batch;
}

/* Mean and deviation over the numbers i of all items with i % step == first. */
static void moments(const limes_batch *batch, size_t first, size_t step, double *mean, double *deviation) {
  double sum = 0, squares = 0;
  size_t n = 0;
  for (int pass = 0; pass < 2; pass++, n = pass == 1 ? 0 : n)
    for (size_t i = 0; i < limes_batch_items(batch); i++)
      for (size_t k = first; k < 12; k += step, n++) {
        double x = limes_batch_item(batch, i)[k];
        if (pass == 0)
          sum += x;
        else
          squares += (x - sum / (double)(4 * (12 / step))) * (x - sum / (double)(4 * (12 / step)));
      }
  *mean = sum / (double)n;
  *deviation = sqrt(squares / (double)n);
}

static limes_normalization *fit_apply(const char *kind, limes_batch *batch) {
  limes_normalization *normalization;
  assert_ok(context, limes_normalization_fit(context, kind, batch, &normalization));
  assert_ok(context, limes_normalization_apply(context, normalization, batch));
  return normalization;
}

static void statistics_become_zero_and_one(void **state) {
  (void)state;
  const struct {
    const char *kind;
    size_t step;
  } kinds[] = {{"per-channel", 2}, {"per-feature", 12}};
  for (size_t k = 0; k < 2; k++) {
    limes_batch *batch = make_images(3);
    limes_normalization *normalization = fit_apply(kinds[k].kind, batch);
    assert_int_equal(limes_normalization_values(normalization, NULL, NULL), kinds[k].step);
    assert_string_equal(limes_normalization_kind(normalization), kinds[k].kind);
    for (size_t c = 0; c < kinds[k].step; c++) {
      double mean, deviation;
      moments(batch, c, kinds[k].step, &mean, &deviation);
      assert_close_at(mean, 0, 1e-14, c);
      assert_close_at(deviation, c == 1 && k == 1 ? 0 : 1, 1e-14, c); /* a constant is centred and left alone */
    }
    limes_normalization_destroy(normalization);
    limes_batch_destroy(batch);
  }
}

static void a_constant_becomes_zero_exactly(void **state) {
  (void)state;
  double x[10];
  for (size_t i = 0; i < 10; i++)
    x[i] = 0.1; /* ten of them add up to less than 1 */
  limes_array array = {.data = x, .axes = 0, .items = 10, .features = 1};
  limes_batch *batch;
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  limes_normalization_destroy(fit_apply("per-channel", batch));
  for (size_t i = 0; i < 10; i++)
    assert_close_at(limes_batch_item(batch, i)[0], 0, 0, i);
  limes_batch_destroy(batch);
}

static void per_image_uses_each_items_own_statistics(void **state) {
  (void)state;
  limes_batch *batch = make_images(3);
  limes_normalization_destroy(fit_apply("per-image", batch));
  for (size_t i = 0; i < 4; i++) {
    double sum = 0, squares = 0;
    for (size_t k = 0; k < 12; k++) {
      sum += limes_batch_item(batch, i)[k];
      squares += limes_batch_item(batch, i)[k] * limes_batch_item(batch, i)[k];
    }
    assert_close_at(sum, 0, 1e-14, i);
    assert_close_at(squares, 12, 1e-13, i);
  }
  limes_batch_destroy(batch);
}

static void unit_divides_by_the_formats_maximum_and_is_the_default_of_digits(void **state) {
  (void)state;
  limes_batch *batch, *plain = make_images(0), *same = make_images(0);
  assert_ok(context, limes_batch_read(context, "digits[:3]", NULL, &batch));
  assert_close(limes_batch_item(batch, 0)[3], 13, 0);
  limes_normalization *normalization = fit_apply(NULL, batch);
  assert_string_equal(limes_normalization_kind(normalization), "unit");
  assert_close(limes_batch_item(batch, 0)[3], 13.0 / 16, 0);
  limes_normalization_destroy(normalization);
  normalization = fit_apply(NULL, plain);
  assert_string_equal(limes_normalization_kind(normalization), "none");
  assert_int_equal(limes_normalization_values(normalization, NULL, NULL), 0);
  limes_normalization_destroy(normalization);
  normalization = fit_apply("unit", plain);
  assert_true(limes_batch_fingerprint(plain) == limes_batch_fingerprint(same));
  limes_normalization_destroy(normalization);
  limes_batch_destroy(batch);
  limes_batch_destroy(plain);
  limes_batch_destroy(same);
}

static void kept_statistics_do_the_same_to_other_data(void **state) {
  (void)state;
  static const char *const kinds[] = {"none", "unit", "per-channel", "per-feature", "per-image"};
  for (size_t k = 0; k < 5; k++) {
    limes_batch *train = make_images(3), *test = make_images(1), *other = make_images(1);
    limes_normalization *fitted, *restored;
    const double *mean, *scale;
    assert_ok(context, limes_normalization_fit(context, kinds[k], train, &fitted));
    size_t n = limes_normalization_values(fitted, &mean, &scale);
    assert_ok(context, limes_normalization_restore(context, limes_normalization_kind(fitted), n, mean, scale, &restored));
    assert_ok(context, limes_normalization_apply(context, fitted, test));
    assert_ok(context, limes_normalization_apply(context, restored, other));
    assert_true(limes_batch_fingerprint(test) == limes_batch_fingerprint(other));
    limes_normalization_destroy(fitted);
    limes_normalization_destroy(restored);
    limes_batch_destroy(train);
    limes_batch_destroy(test);
    limes_batch_destroy(other);
  }
}

static void holes_do_not_count_and_stay_zero(void **state) {
  (void)state;
  const double x[8] = {1, 100, 3, 5, 7, 9, 11, 13};
  const uint8_t mask[8] = {0, 1, 0, 0, 0, 0, 0, 0};
  limes_array array = {.data = x, .axes = 1, .items = 2, .size = {4}, .features = 1};
  limes_batch *batch;
  const double *mean;
  assert_ok(context, limes_batch_create(context, &array, mask, NULL, &batch));
  limes_normalization *normalization = fit_apply("per-channel", batch);
  limes_normalization_values(normalization, &mean, NULL);
  assert_close(mean[0], 7, 1e-15);
  assert_close(limes_batch_item(batch, 0)[1], 0, 0);
  limes_normalization_destroy(normalization);
  limes_normalization_destroy(fit_apply("per-image", batch));
  assert_close(limes_batch_item(batch, 0)[1], 0, 0);
  assert_fails(context, limes_normalization_fit(context, "per-feature", batch, &normalization), LIMES_BAD_INPUT, "equal size");
  limes_batch_destroy(batch);
}

static void what_does_not_fit_is_refused(void **state) {
  (void)state;
  limes_batch *batch = make_images(0), *digits;
  limes_normalization *normalization;
  const double bad[2] = {NAN, 1};
  assert_ok(context, limes_batch_read(context, "digits[:3]", NULL, &digits));
  assert_fails(context, limes_normalization_fit(context, "z-score", batch, &normalization), LIMES_WRONG_USE,
               "known are none, unit");
  assert_ok(context, limes_normalization_fit(context, "per-channel", batch, &normalization));
  assert_fails(context, limes_normalization_apply(context, normalization, digits), LIMES_WRONG_USE,
               "for 2 features, the data have 1");
  limes_normalization_destroy(normalization);
  assert_ok(context, limes_normalization_fit(context, "per-feature", batch, &normalization));
  assert_fails(context, limes_normalization_apply(context, normalization, digits), LIMES_WRONG_USE,
               "for 12 numbers an item, the data have 64");
  limes_normalization_destroy(normalization);
  assert_fails(context, limes_normalization_restore(context, "unit", 2, bad, bad, &normalization), LIMES_BAD_INPUT,
               "do not make");
  assert_fails(context, limes_normalization_restore(context, "per-channel", 2, bad, bad, &normalization), LIMES_BAD_INPUT,
               "do not make");
  limes_batch_destroy(batch);
  limes_batch_destroy(digits);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(statistics_become_zero_and_one),
      cmocka_unit_test(a_constant_becomes_zero_exactly),
      cmocka_unit_test(per_image_uses_each_items_own_statistics),
      cmocka_unit_test(unit_divides_by_the_formats_maximum_and_is_the_default_of_digits),
      cmocka_unit_test(kept_statistics_do_the_same_to_other_data),
      cmocka_unit_test(holes_do_not_count_and_stay_zero),
      cmocka_unit_test(what_does_not_fit_is_refused),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
