/* Data arguments, and items from .npy, .npz and .h5. */
#include "data/read_batch.h"
#include "limes/io.h"

/* limes_batch_read of FOLDER/name */
static limes_status read_name(void **state, const char *name) {
  limes_batch_destroy(batch);
  return limes_batch_read(context, files_path(state, name), NULL, &batch);
}

static double x[24];
static const int64_t labels[4] = {0, 2, 1, 0}, lengths[4] = {1, 3, 2, 3}, minus[4] = {-1, 1, 1, -1};
static const double targets[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static const char *write_arrays(void **state, const char *name, const limes_named_array *arrays, size_t n) {
  for (size_t i = 0; i < 24; i++)
    x[i] = (double)i + 0.25;
  const char *path = files_path(state, name);
  assert_ok(context, limes_file_write(context, path, arrays, n));
  return path;
}

static void write_sequences(void **state) {
  const limes_named_array arrays[] = {
      {.name = "a", .rank = 3, .size = {4, 3, 2}, .data = x},
      {.name = "a_y", .rank = 1, .size = {4}, .integers = labels},
      {.name = "a_lengths", .rank = 1, .size = {4}, .integers = lengths},
      {.name = "b", .rank = 3, .size = {4, 3, 2}, .data = x},
      {.name = "b_y", .rank = 2, .size = {4, 2}, .data = targets},
      {.name = "c", .rank = 2, .size = {4, 6}, .data = x},
      {.name = "c_y", .rank = 1, .size = {4}, .integers = minus},
  };
  write_arrays(state, "all.npz", arrays, sizeof arrays / sizeof arrays[0]);
  write_arrays(state, "all.h5", arrays, sizeof arrays / sizeof arrays[0]);
}

static void the_rank_says_what_items_are(void **state) {
  static const char *const wanted[] = {"4 vectors, 6 features", "4 sequences of 3 positions, 2 features",
                                       "4 images 3x2, 1 feature"};
  for (unsigned rank = 1; rank <= 5; rank++) {
    limes_named_array array = {.name = "data", .rank = rank, .size = {4, rank == 2 ? 6 : 3, 2, 1, 1}, .data = x};
    write_arrays(state, "one.npy", &array, 1);
    if (rank >= 2 && rank <= 4) {
      assert_ok(context, read_name(state, "one.npy"));
      assert_string_equal(limes_batch_summary(batch), wanted[rank - 2]);
      assert_close(limes_batch_item(batch, 3)[5], 23.25, 0);
    } else
      assert_fails(context, read_name(state, "one.npy"), LIMES_BAD_INPUT, "items are [N,C], [N,T,C] or [N,H,W,C]");
  }
}

static void what_stands_beside_an_array_is_picked_up(void **state) {
  static const char *const files[] = {"all.npz:a", "all.h5:a"};
  write_sequences(state);
  for (size_t i = 0; i < 2; i++) {
    size_t n = 0;
    assert_ok(context, read_name(state, files[i]));
    assert_string_equal(limes_batch_summary(batch), "4 sequences of 1 to 3 positions, 2 features, 3 classes, 1 target");
    assert_memory_equal(limes_batch_labels(batch, &n), labels, sizeof labels);
    assert_close(limes_batch_targets(batch, &n)[1], 2, 0);
    assert_close(limes_batch_item(batch, 1)[0], 6.25, 0);
  }
  assert_ok(context, read_name(state, "all.npz:b"));
  assert_string_equal(limes_batch_summary(batch), "4 sequences of 3 positions, 2 features, 2 targets");
  assert_ok(context, read_name(state, "all.npz:c"));
  assert_null(limes_batch_labels(batch, NULL)); /* -1 is no class */
  assert_close(limes_batch_targets(batch, NULL)[0], -1, 0);
}

static void ranges_take_items_with_all_that_belongs_to_them(void **state) {
  write_sequences(state);
  assert_ok(context, read_name(state, "all.npz:a[1:3]"));
  assert_int_equal(limes_batch_items(batch), 2);
  assert_int_equal(limes_batch_positions(batch, 0, NULL), 3);
  assert_int_equal(limes_batch_labels(batch, NULL)[1], 1);
  assert_close(limes_batch_item(batch, 1)[1], 13.25, 0);
  assert_ok(context, read_name(state, "all.npz:b[2:]"));
  assert_close(limes_batch_targets(batch, NULL)[0], 5, 0);
  assert_fails(context, read_name(state, "all.npz:a[:5]"), LIMES_BAD_INPUT, "has 4 items, the range asks for 5");
  assert_fails(context, read_name(state, "all.npz:a[2:2]"), LIMES_BAD_INPUT, "is empty");
  assert_fails(context, read_name(state, "all.npz:a[3:1]"), LIMES_BAD_INPUT, "is empty");
  assert_fails(context, read_name(state, "all.npz:a[1-3]"), LIMES_WRONG_USE, "is no range");
  assert_fails(context, read_name(state, "all.npz:a[:99999999999999999999]"), LIMES_WRONG_USE, "is no range");
}

static void missing_names_are_answered_with_those_there_are(void **state) {
  write_sequences(state);
  assert_fails(context, read_name(state, "all.npz:z"), LIMES_BAD_INPUT, "has no array 'z'; it holds a, a_y, a_lengths");
  assert_fails(context, read_name(state, "all.npz"), LIMES_WRONG_USE, "holds several arrays; say which one");
  limes_named_array one = {.name = "only", .rank = 2, .size = {4, 6}, .data = x}, text = {.name = "words", .text = "hello"};
  write_arrays(state, "only.npz", &one, 1);
  assert_ok(context, read_name(state, "only.npz"));
  write_arrays(state, "words.npz", &text, 1);
  assert_fails(context, read_name(state, "words.npz"), LIMES_BAD_INPUT, "holds text, not numbers");
}

static void masks_cut_or_leave_holes(void **state) {
  const int64_t mask[12] = {0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1};
  limes_named_array arrays[3] = {{.name = "a", .rank = 3, .size = {4, 3, 2}, .data = x},
                                 {.name = "a_mask", .rank = 2, .size = {4, 3}, .integers = mask},
                                 {.name = "a_lengths", .rank = 1, .size = {4}, .integers = lengths}};
  write_arrays(state, "mask.npz", arrays, 2);
  assert_ok(context, read_name(state, "mask.npz:a[1:]"));
  assert_int_equal(limes_batch_positions(batch, 0, NULL), 3);
  assert_int_equal(limes_batch_hidden(batch, 0)[1], 1);
  assert_int_equal(limes_batch_positions(batch, 2, NULL), 1);
  write_arrays(state, "mask.npz", arrays, 3);
  assert_fails(context, read_name(state, "mask.npz:a"), LIMES_BAD_INPUT, "both a mask and lengths");
  arrays[1].size[1] = 2;
  write_arrays(state, "mask.npz", arrays, 2);
  assert_fails(context, read_name(state, "mask.npz:a"), LIMES_BAD_INPUT, "the mask does not fit");
}

static void what_does_not_fit_beside_is_refused(void **state) {
  limes_named_array arrays[2] = {{.name = "a", .rank = 3, .size = {4, 3, 2}, .data = x},
                                 {.name = "a_y", .rank = 1, .size = {3}, .integers = labels}};
  write_arrays(state, "y.npz", arrays, 2);
  assert_fails(context, read_name(state, "y.npz:a"), LIMES_BAD_INPUT,
               "y does not fit: it needs labels [N] or targets [N,K] for N = 4");
  arrays[1] = (limes_named_array){.name = "a_lengths", .rank = 1, .size = {4}, .data = targets};
  write_arrays(state, "y.npz", arrays, 2);
  assert_fails(context, read_name(state, "y.npz:a"), LIMES_BAD_INPUT, "lengths do not fit: they need whole numbers");
  arrays[0] = (limes_named_array){.name = "a", .rank = 2, .size = {0, 3}, .data = x};
  write_arrays(state, "y.npz", arrays, 1);
  assert_fails(context, read_name(state, "y.npz:a"), LIMES_BAD_INPUT, "holds no items");
}

static void the_item_of_a_nan_is_numbered_in_the_file(void **state) {
  double bad[24] = {0};
  bad[3 * 6 + 3] = NAN;
  limes_named_array array = {.name = "data", .rank = 3, .size = {4, 3, 2}, .data = bad};
  write_arrays(state, "nan.npy", &array, 1);
  assert_fails(context, read_name(state, "nan.npy[2:]"), LIMES_BAD_INPUT,
               "nan.npy: feature 1 of item 3 at position 1 is not a number");
  assert_ok(context, read_name(state, "nan.npy[:3]"));
}

static void names_of_no_data_are_wrong_use(void **state) {
  static const char *const wrong[] = {
      "", "x.mat", "digit", "digits:validation", "digits:", "cifar10", "cifar10:", "mnist", ".npy", "uci:", "x.npy:y", "[:3]"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    limes_batch *none;
    limes_status status = limes_batch_read(context, wrong[i], NULL, &none);
    char quoted[64];
    snprintf(quoted, sizeof quoted, "'%s'", wrong[i]);
    if (status != LIMES_WRONG_USE || strstr(limes_error(context), quoted) != limes_error(context)) {
      print_error("'%s': %s\n", wrong[i], limes_error(context));
      fail();
    }
  }
  assert_fails(context, read_name(state, "a.csv:train"), LIMES_WRONG_USE, "no :train and :test");
}

static void a_path_may_hold_colons_and_brackets(void **state) {
  limes_named_array array = {.name = "only", .rank = 2, .size = {4, 6}, .data = x};
  files_folder(state, "a:train[3:4].npz:b");
  write_arrays(state, "a:train[3:4].npz:b/c:test.npz", &array, 1);
  assert_ok(context, read_name(state, "a:train[3:4].npz:b/c:test.npz:only[:2]"));
  assert_int_equal(limes_batch_items(batch), 2);
  limes_batch_destroy(batch);
  batch = NULL;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_rank_says_what_items_are),
      cmocka_unit_test(what_stands_beside_an_array_is_picked_up),
      cmocka_unit_test(ranges_take_items_with_all_that_belongs_to_them),
      cmocka_unit_test(missing_names_are_answered_with_those_there_are),
      cmocka_unit_test(masks_cut_or_leave_holes),
      cmocka_unit_test(what_does_not_fit_beside_is_refused),
      cmocka_unit_test(the_item_of_a_nan_is_numbered_in_the_file),
      cmocka_unit_test(names_of_no_data_are_wrong_use),
      cmocka_unit_test(a_path_may_hold_colons_and_brackets),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_batch);
}
