/* Batches from memory: strides, masks, lengths, labels, targets, fingerprints. */
#include "data/batch.h"
#include "data/reading.h"

/* value of feature c of item n at position (a, b) */
static double value(size_t n, size_t a, size_t b, size_t c) { return (double)(1000 * n + 100 * a + 10 * b + c) + 0.5; }

/* N items of H x W positions and C features, in C order */
static double *make_array(size_t N, size_t H, size_t W, size_t C) {
  double *x = malloc(N * H * W * C * sizeof *x);
  assert_non_null(x);
  for (size_t n = 0, i = 0; n < N; n++)
    for (size_t a = 0; a < H; a++)
      for (size_t b = 0; b < W; b++)
        for (size_t c = 0; c < C; c++)
          x[i++] = value(n, a, b, c);
  return x;
}

static limes_array images(const double *x, size_t N, size_t H, size_t W, size_t C) {
  return (limes_array){.data = x, .axes = 2, .items = N, .size = {H, W}, .features = C};
}

static void check_equal(const limes_batch *a, const limes_batch *b) {
  assert_true(limes_batch_fingerprint(a) == limes_batch_fingerprint(b));
  for (size_t i = 0; i < a->start[a->items] * a->features; i++)
    assert_close_at(a->x[i], b->x[i], 0, i);
}

static void strides_and_types_give_the_same_batch(void **state) {
  (void)state;
  size_t N = 3, H = 2, W = 4, C = 5, n = N * H * W * C;
  double *x = make_array(N, H, W, C), *column = malloc(n * sizeof *column);
  float *single = malloc(n * sizeof *single);
  assert_true(column != NULL && single != NULL);
  for (size_t i = 0; i < n; i++) {
    size_t c = i % C, b = i / C % W, a = i / C / W % H, item = i / C / W / H;
    column[item + N * (a + H * (b + W * c))] = x[i];
    single[n - 1 - i] = (float)x[i];
  }
  limes_batch *plain, *fortran, *backwards;
  limes_array array = images(x, N, H, W, C);
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &plain));
  array.data = column;
  array.stride[0] = 1;
  array.stride[1] = (ptrdiff_t)N;
  array.stride[2] = (ptrdiff_t)(N * H);
  array.stride[3] = (ptrdiff_t)(N * H * W);
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &fortran));
  array = images(NULL, N, H, W, C);
  array.data = single + n - 1;
  array.dtype = LIMES_FLOAT32;
  for (size_t k = 0, step = 1; k < 4; k++) {
    array.stride[3 - k] = -(ptrdiff_t)step;
    step *= k == 0 ? C : k == 1 ? W : H;
  }
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &backwards));
  check_equal(plain, fortran);
  check_equal(plain, backwards);
  assert_close(limes_batch_item(plain, 2)[(1 * W + 3) * C + 4], value(2, 1, 3, 4), 0);
  limes_batch_destroy(plain);
  limes_batch_destroy(fortran);
  limes_batch_destroy(backwards);
  free(x);
  free(column);
  free(single);
}

static void sequences_and_vectors_take_strides_too(void **state) {
  (void)state;
  const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  limes_array array = {.data = x, .axes = 1, .items = 2, .size = {3}, .features = 2, .stride = {1, 2, 0, 6}}; /* [C,T,N] */
  limes_batch *batch;
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  const double wanted[] = {1, 7, 3, 9, 5, 11, 2, 8, 4, 10, 6, 12};
  size_t size = 0;
  assert_int_equal(limes_batch_positions(batch, 1, &size), 3);
  assert_int_equal(size, 3);
  for (size_t i = 0; i < 12; i++)
    assert_close_at(batch->x[i], wanted[i], 0, i);
  limes_batch_destroy(batch);
  array = (limes_array){.data = x, .axes = 0, .items = 3, .features = 2, .stride = {1, 0, 0, 3}};
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  assert_close(limes_batch_item(batch, 2)[1], 6, 0);
  assert_int_equal(limes_batch_positions(batch, 0, NULL), 1);
  limes_batch_destroy(batch);
}

static void masking_a_tail_equals_lengths_equals_removing_it(void **state) {
  (void)state;
  double *x = make_array(2, 1, 5, 3);
  x[4 * 3] = NAN; /* where it is masked, nothing matters */
  const uint8_t mask[10] = {0, 0, 0, 0, 1, 0, 0, 1, 1, 1};
  const int64_t lengths[2] = {4, 2};
  const size_t removed[2] = {4, 2};
  double kept[6 * 3];
  memcpy(kept, x, 12 * sizeof *x);
  memcpy(kept + 12, x + 15, 6 * sizeof *x);
  limes_array array = {.data = x, .axes = 1, .items = 2, .size = {5}, .features = 3};
  limes_batch *masked, *cut, *ragged;
  assert_ok(context, limes_batch_create(context, &array, mask, NULL, &masked));
  assert_ok(context, limes_batch_create(context, &array, NULL, lengths, &cut));
  assert_ok(context, limes_batch_create_ragged(context, 2, 3, removed, kept, &ragged));
  check_equal(masked, ragged);
  check_equal(cut, ragged);
  assert_null(limes_batch_hidden(masked, 0));
  assert_int_equal(limes_batch_positions(masked, 1, NULL), 2);
  assert_string_equal(limes_batch_summary(masked), "2 sequences of 2 to 4 positions, 3 features");
  limes_batch_destroy(masked);
  limes_batch_destroy(cut);
  limes_batch_destroy(ragged);
  free(x);
}

static void a_masked_corner_of_an_image_is_cut_to_its_box(void **state) {
  (void)state;
  double *x = make_array(2, 3, 4, 2);
  const int64_t lengths[4] = {2, 3, 3, 1};
  uint8_t mask[24];
  for (size_t i = 0; i < 24; i++)
    mask[i] = (int64_t)(i / 4 % 3) >= lengths[i / 12 * 2] || (int64_t)(i % 4) >= lengths[i / 12 * 2 + 1];
  limes_array array = images(x, 2, 3, 4, 2);
  limes_batch *masked, *cut;
  assert_ok(context, limes_batch_create(context, &array, mask, NULL, &masked));
  assert_ok(context, limes_batch_create(context, &array, NULL, lengths, &cut));
  check_equal(masked, cut);
  size_t size[2];
  assert_int_equal(limes_batch_positions(cut, 0, size), 6);
  assert_true(size[0] == 2 && size[1] == 3);
  assert_close(limes_batch_item(cut, 0)[(1 * 3 + 2) * 2], value(0, 1, 2, 0), 0);
  limes_batch_destroy(masked);
  limes_batch_destroy(cut);
  free(x);
}

static void holes_keep_their_place_and_hold_zeros(void **state) {
  (void)state;
  double *x = make_array(2, 1, 5, 2);
  x[2 * 2] = INFINITY;
  const uint8_t mask[10] = {1, 0, 1, 0, 1, 0, 0, 0, 0, 0};
  limes_array array = {.data = x, .axes = 1, .items = 2, .size = {5}, .features = 2};
  limes_batch *batch;
  assert_ok(context, limes_batch_create(context, &array, mask, NULL, &batch));
  const uint8_t *hidden = limes_batch_hidden(batch, 0);
  assert_int_equal(limes_batch_positions(batch, 0, NULL), 4); /* the tail behind the last visible one is cut */
  assert_memory_equal(hidden, mask, 4);
  assert_null(limes_batch_hidden(batch, 1));
  assert_int_equal(batch->grid[0].visible, 2);
  for (size_t t = 0; t < 4; t++)
    for (size_t c = 0; c < 2; c++)
      assert_close(limes_batch_item(batch, 0)[t * 2 + c], mask[t] ? 0 : value(0, 0, t, c), 0);
  limes_batch_destroy(batch);
  free(x);
}

static void wrong_masks_and_lengths_name_the_item(void **state) {
  (void)state;
  double *x = make_array(2, 1, 3, 1);
  limes_array array = {.data = x, .axes = 1, .items = 2, .size = {3}, .features = 1};
  limes_batch *batch;
  const uint8_t mask[6] = {0, 0, 0, 1, 1, 1};
  const int64_t zero[2] = {3, 0}, negative[2] = {-1, 3}, large[2] = {3, 4};
  assert_fails(context, limes_batch_create(context, &array, mask, NULL, &batch), LIMES_BAD_INPUT,
               "item 1 has no visible position");
  assert_fails(context, limes_batch_create(context, &array, NULL, zero, &batch), LIMES_BAD_INPUT,
               "item 1 has no visible position");
  assert_fails(context, limes_batch_create(context, &array, NULL, negative, &batch), LIMES_BAD_INPUT,
               "the length of item 0 is -1, outside 1 to 3");
  assert_fails(context, limes_batch_create(context, &array, NULL, large, &batch), LIMES_BAD_INPUT, "the length of item 1 is 4");
  assert_fails(context, limes_batch_create(context, &array, mask, large, &batch), LIMES_WRONG_USE, "mask and lengths");
  assert_null(batch);
  free(x);
}

static void numbers_that_are_not_finite_name_their_place(void **state) {
  (void)state;
  double *x = make_array(2, 2, 3, 2);
  limes_batch *batch;
  limes_array array = images(x, 2, 2, 3, 2);
  x[((1 * 2 + 1) * 3 + 2) * 2 + 1] = NAN;
  assert_fails(context, limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_BAD_INPUT,
               "feature 1 of item 1 at position (1, 2) is not a number");
  x[0] = -INFINITY;
  array = (limes_array){.data = x, .axes = 0, .items = 2, .features = 2};
  assert_fails(context, limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_BAD_INPUT,
               "feature 0 of item 0 is infinite");
  const size_t length = 3;
  assert_fails(context, limes_batch_create_ragged(context, 1, 2, &length, x, &batch), LIMES_BAD_INPUT,
               "feature 0 of item 0 at position 0 is infinite");
  free(x);
}

static void impossible_arrays_are_refused(void **state) {
  (void)state;
  double x = 1;
  limes_batch *batch;
  limes_array array = {.data = &x, .axes = 1, .items = 0, .size = {1}, .features = 1};
  assert_fails(context, limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_BAD_INPUT, "no items");
  array = (limes_array){.data = &x, .axes = 1, .items = 1, .size = {0}, .features = 1};
  assert_fails(context, limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_BAD_INPUT, "no positions");
  array = (limes_array){.data = &x, .axes = 1, .items = 1, .size = {1}};
  assert_fails(context, limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_BAD_INPUT, "no features");
  array = (limes_array){.data = &x, .axes = 3, .items = 1, .size = {1}, .features = 1};
  assert_fails(context, limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_WRONG_USE, "0, 1 or 2 position axes");
  array = (limes_array){.data = &x, .axes = 2, .items = 1, .size = {SIZE_MAX / 2, 4}, .features = 1};
  assert_fails(context, limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_REFUSED, "too large");
  const size_t none = 0;
  assert_fails(context, limes_batch_create_ragged(context, 1, 1, &none, &x, &batch), LIMES_BAD_INPUT,
               "item 0 has no visible position");
  limes_set_memory(context, 100);
  array = (limes_array){.data = &x, .axes = 0, .items = 20, .features = 1};
  assert_fails(context, limes_batch_create(context, &array, NULL, NULL, &batch), LIMES_REFUSED, "take fewer items");
  limes_set_memory(context, 0);
}

static void labels_and_targets_are_kept_and_checked(void **state) {
  (void)state;
  const double x[3] = {1, 2, 3}, y[6] = {1, 2, 3, 4, 5, NAN};
  const int64_t labels[3] = {0, 4, 2}, wrong[3] = {0, 1, -2};
  limes_array array = {.data = x, .axes = 0, .items = 3, .features = 1};
  limes_batch *batch;
  size_t n = 99;
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  uint64_t before = limes_batch_fingerprint(batch);
  assert_null(limes_batch_labels(batch, &n));
  assert_int_equal(n, 0);
  assert_ok(context, limes_batch_set_labels(context, batch, labels));
  assert_memory_equal(limes_batch_labels(batch, &n), labels, sizeof labels);
  assert_int_equal(n, 5);
  assert_fails(context, limes_batch_set_labels(context, batch, wrong), LIMES_BAD_INPUT, "the label of item 2 is -2");
  assert_int_equal(limes_batch_labels(batch, NULL)[1], 4);
  assert_fails(context, limes_batch_set_targets(context, batch, y, 2), LIMES_BAD_INPUT, "target 1 of item 2 is not a number");
  assert_ok(context, limes_batch_set_targets(context, batch, y, 1));
  assert_close(limes_batch_targets(batch, &n)[2], 3, 0);
  assert_int_equal(n, 1);
  assert_true(limes_batch_fingerprint(batch) == before);
  assert_string_equal(limes_batch_summary(batch), "3 vectors, 1 feature, 5 classes, 1 target");
  limes_batch_destroy(batch);
}

static void the_fingerprint_sees_every_change_of_data(void **state) {
  (void)state;
  double *x = make_array(1, 1, 6, 2);
  uint8_t mask[6] = {0, 1, 0, 0, 0, 0};
  uint64_t seen[6];
  size_t n = 0;
  limes_array arrays[] = {{.data = x, .axes = 0, .items = 6, .features = 2},
                          {.data = x, .axes = 0, .items = 2, .features = 6},
                          {.data = x, .axes = 1, .items = 1, .size = {6}, .features = 2},
                          {.data = x, .axes = 2, .items = 1, .size = {2, 3}, .features = 2},
                          {.data = x, .axes = 2, .items = 1, .size = {3, 2}, .features = 2},
                          {.data = x, .axes = 1, .items = 1, .size = {6}, .features = 2}};
  for (; n < 6; n++) {
    limes_batch *batch;
    assert_ok(context, limes_batch_create(context, &arrays[n], n == 5 ? mask : NULL, NULL, &batch));
    seen[n] = limes_batch_fingerprint(batch);
    for (size_t k = 0; k < n; k++)
      assert_true(seen[k] != seen[n]);
    limes_batch_destroy(batch);
  }
  const double plus[1] = {0.0}, minus[1] = {-0.0};
  limes_batch *a, *b;
  limes_array one = {.data = plus, .axes = 0, .items = 1, .features = 1};
  assert_ok(context, limes_batch_create(context, &one, NULL, NULL, &a));
  one.data = minus;
  assert_ok(context, limes_batch_create(context, &one, NULL, NULL, &b));
  assert_true(limes_batch_fingerprint(a) == limes_batch_fingerprint(b));
  limes_batch_destroy(a);
  limes_batch_destroy(b);
  free(x);
}

static void resizing_takes_the_mean_over_areas(void **state) {
  (void)state;
  double x[4 * 6 * 2];
  for (size_t i = 0; i < 48; i++)
    x[i] = (double)(i * i % 37);
  limes_array array = images(x, 1, 4, 6, 2);
  limes_batch *batch;
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  assert_ok(context, limes_batch_resize(context, batch, (const size_t[2]){2, 4}));
  for (size_t a = 0; a < 2; a++)
    for (size_t b = 0; b < 4; b++)
      for (size_t c = 0; c < 2; c++) {
        double sum = 0, from = 1.5 * (double)b, to = 1.5 * (double)(b + 1);
        for (size_t k = 0; k < 2; k++)
          for (size_t l = 0; l < 6; l++)
            sum += fmax(0, fmin(to, (double)l + 1) - fmax(from, (double)l)) * x[((2 * a + k) * 6 + l) * 2 + c];
        assert_close(limes_batch_item(batch, 0)[(a * 4 + b) * 2 + c], sum / 3, 1e-13);
      }
  assert_fails(context, limes_batch_resize(context, batch, (const size_t[2]){0, 4}), LIMES_WRONG_USE, "two numbers from 1");
  limes_batch_destroy(batch);
  array = (limes_array){.data = x, .axes = 1, .items = 1, .size = {4}, .features = 2};
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  assert_fails(context, limes_batch_resize(context, batch, (const size_t[2]){2, 2}), LIMES_WRONG_USE, "only images");
  limes_batch_destroy(batch);
}

static void balancing_keeps_the_first_items_of_each_class(void **state) {
  (void)state;
  double *x = make_array(7, 1, 3, 1);
  const int64_t labels[7] = {2, 0, 0, 2, 0, 2, 0}, lengths[7] = {1, 2, 3, 1, 2, 3, 1};
  const double targets[7] = {0, 1, 2, 3, 4, 5, 6};
  const size_t wanted[6] = {0, 1, 2, 3, 4, 5};
  limes_array array = {.data = x, .axes = 1, .items = 7, .size = {3}, .features = 1};
  uint8_t mask[21];
  for (size_t i = 0; i < 21; i++)
    mask[i] = (int64_t)(i % 3) >= lengths[i / 3];
  mask[2 * 3] = 1; /* a hole in item 2 */
  limes_batch *batch;
  assert_ok(context, limes_batch_create(context, &array, mask, NULL, &batch));
  assert_fails(context, limes_batch_balance(context, batch), LIMES_WRONG_USE, "only data with classes");
  assert_ok(context, limes_batch_set_labels(context, batch, labels));
  assert_ok(context, limes_batch_set_targets(context, batch, targets, 1));
  assert_ok(context, limes_batch_balance(context, batch));
  assert_int_equal(limes_batch_items(batch), 6);
  for (size_t i = 0; i < 6; i++) {
    assert_close_at(limes_batch_targets(batch, NULL)[i], (double)wanted[i], 0, i);
    assert_int_equal(limes_batch_labels(batch, NULL)[i], labels[wanted[i]]);
    assert_int_equal(limes_batch_positions(batch, i, NULL), lengths[wanted[i]]);
    assert_close_at(limes_batch_item(batch, i)[lengths[wanted[i]] - 1], value(wanted[i], 0, (size_t)lengths[wanted[i]] - 1, 0), 0,
                    i);
  }
  assert_int_equal(limes_batch_hidden(batch, 2)[0], 1);
  assert_ok(context, limes_batch_set_labels(context, batch, (const int64_t[6]){1, 1, 1, 0, 1, 0}));
  assert_ok(context, limes_batch_balance(context, batch));
  assert_int_equal(limes_batch_items(batch), 4);
  assert_close(limes_batch_targets(batch, NULL)[2], 3, 0);
  assert_close(limes_batch_item(batch, 3)[2], value(5, 0, 2, 0), 0);
  for (size_t i = 0; i < 4; i++) /* no gaps */
    assert_int_equal(batch->start[i + 1] - batch->start[i], batch->grid[i].T);
  limes_batch_destroy(batch);
  free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strides_and_types_give_the_same_batch),
      cmocka_unit_test(sequences_and_vectors_take_strides_too),
      cmocka_unit_test(masking_a_tail_equals_lengths_equals_removing_it),
      cmocka_unit_test(a_masked_corner_of_an_image_is_cut_to_its_box),
      cmocka_unit_test(holes_keep_their_place_and_hold_zeros),
      cmocka_unit_test(wrong_masks_and_lengths_name_the_item),
      cmocka_unit_test(numbers_that_are_not_finite_name_their_place),
      cmocka_unit_test(impossible_arrays_are_refused),
      cmocka_unit_test(labels_and_targets_are_kept_and_checked),
      cmocka_unit_test(the_fingerprint_sees_every_change_of_data),
      cmocka_unit_test(resizing_takes_the_mean_over_areas),
      cmocka_unit_test(balancing_keeps_the_first_items_of_each_class),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
