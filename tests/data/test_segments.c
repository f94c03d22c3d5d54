/* Segments of sequences: from calls, from files, and the sentences of reviews. */
#include "data/read_batch.h"
#include "limes/io.h"

static double x[3 * 5 * 2];
static const int64_t given[3][5] = {{0, 0, 1, 1, 1}, {4, 4, 4, 9, 9}, {-2, 0, 0, 0, 0}};

static void make(const uint8_t *mask, size_t positions) {
  for (size_t i = 0; i < 30; i++)
    x[i] = (double)i;
  limes_array array = {.data = x, .axes = 1, .items = 3, .size = {positions}, .features = 2};
  limes_batch_destroy(batch);
  assert_ok(context, limes_batch_create(context, &array, mask, NULL, &batch));
}

static void expect(size_t item, size_t count, const uint32_t *segments) {
  size_t got = 0, T = limes_batch_positions(batch, item, NULL);
  const uint32_t *found = limes_batch_segments(batch, item, &got);
  assert_non_null(found);
  assert_int_equal(got, count);
  for (size_t a = 0; a < T; a++)
    assert_int_equal(found[a], segments[a]);
}

static void segments_are_numbered_from_0_in_each_item(void **state) {
  (void)state;
  make(NULL, 5);
  size_t count = 7;
  assert_null(limes_batch_segments(batch, 0, &count));
  assert_int_equal(count, 0);
  uint64_t before = limes_batch_fingerprint(batch);
  assert_ok(context, limes_batch_set_segments(context, batch, &given[0][0]));
  expect(0, 2, (uint32_t[]){0, 0, 1, 1, 1});
  expect(1, 2, (uint32_t[]){0, 0, 0, 1, 1});
  expect(2, 2, (uint32_t[]){0, 1, 1, 1, 1});
  assert_true(limes_batch_fingerprint(batch) != before);
}

/* Item 1 keeps positions 0 to 3 of which 1 is a hole; a segment that is hidden as a whole is none. */
static void hidden_positions_have_no_segment_of_their_own(void **state) {
  (void)state;
  static const uint8_t mask[15] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0};
  static const int64_t numbers[] = {0, 0, 1, 1, 1, 2, 99, 5, 6, 7, -8, -8, 0, 0};
  make(mask, 5);
  assert_ok(context, limes_batch_set_segments(context, batch, numbers));
  expect(0, 2, (uint32_t[]){0, 0, 1, 1, 1});
  expect(1, 3, (uint32_t[]){0, 0, 1, 2});
  expect(2, 2, (uint32_t[]){0, 0, 0, 1, 1}); /* what stands at hidden position 0 is not looked at */
}

static void segments_that_fall_or_do_not_fit_are_refused(void **state) {
  (void)state;
  static const int64_t falling[15] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  make(NULL, 5);
  assert_ok(context, limes_batch_set_segments(context, batch, &given[0][0]));
  assert_fails(context, limes_batch_set_segments(context, batch, falling), LIMES_BAD_INPUT,
               "the segment of position 2 of item 1 is 0 behind 1");
  assert_null(limes_batch_segments(batch, 0, NULL));
  limes_array array = {.data = x, .items = 3, .features = 10};
  limes_batch_destroy(batch);
  assert_ok(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  assert_fails(context, limes_batch_set_segments(context, batch, falling), LIMES_WRONG_USE, "only sequences have segments");
}

static limes_status read_name(void **state, const char *name) {
  limes_batch_destroy(batch);
  return limes_batch_read(context, files_path(state, name), NULL, &batch);
}

static void segments_beside_an_array_are_picked_up(void **state) {
  static const int64_t lengths[3] = {5, 4, 1}, falling[15] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 2, 1, 0, 0};
  limes_named_array arrays[] = {
      {.name = "a", .rank = 3, .size = {3, 5, 2}, .data = x},
      {.name = "a_segments", .rank = 2, .size = {3, 5}, .integers = &given[0][0]},
      {.name = "a_lengths", .rank = 1, .size = {3}, .integers = lengths},
      {.name = "b", .rank = 3, .size = {3, 5, 2}, .data = x},
      {.name = "b_segments", .rank = 2, .size = {3, 5}, .integers = falling},
      {.name = "c", .rank = 3, .size = {3, 5, 2}, .data = x},
      {.name = "c_segments", .rank = 2, .size = {5, 3}, .integers = falling},
      {.name = "d", .rank = 3, .size = {3, 5, 2}, .data = x},
      {.name = "d_segments", .rank = 2, .size = {3, 5}, .data = x},
  };
  for (int k = 0; k < 2; k++) {
    const char *names[2][3] = {{"s.npz:a", "s.npz:a[1:]", "s.npz:b[2:]"}, {"s.h5:a", "s.h5:a[1:]", "s.h5:b[2:]"}};
    assert_ok(context, limes_file_write(context, files_path(state, k == 0 ? "s.npz" : "s.h5"), arrays, 9));
    assert_ok(context, read_name(state, names[k][0]));
    expect(0, 2, (uint32_t[]){0, 0, 1, 1, 1});
    expect(1, 2, (uint32_t[]){0, 0, 0, 1});
    expect(2, 1, (uint32_t[]){0});
    assert_ok(context, read_name(state, names[k][1]));
    expect(0, 2, (uint32_t[]){0, 0, 0, 1});
    assert_fails(context, read_name(state, names[k][2]), LIMES_BAD_INPUT, "the segment of position 1 of item 2 is 2 behind 3");
  }
  assert_ok(context, read_name(state, "s.npz:b[:2]"));
  assert_fails(context, read_name(state, "s.npz:c"), LIMES_BAD_INPUT, "s.npz:c: the segments do not fit");
  assert_fails(context, read_name(state, "s.npz:d"), LIMES_BAD_INPUT, "whole numbers [N,T]");
}

/* The sentences of one review, as a digit for each token */
static void check_sentences(void **state, const char *text, const char *wanted) {
  limes_read_options options = {.vectors = files_text(state, "vectors.txt", "a 1 0\nb 0 1\n")};
  char name[1200], got[64] = "";
  files_folder(state, "train");
  files_folder(state, "train/neg");
  files_folder(state, "train/pos");
  files_text(state, "train/neg/0_1.txt", text);
  files_text(state, "train/pos/0_9.txt", "a");
  snprintf(name, sizeof name, "imdb:%s:train", files_path(state, "."));
  limes_batch_destroy(batch);
  assert_ok(context, limes_batch_read(context, name, &options, &batch));
  const uint32_t *segments = limes_batch_segments(batch, 0, NULL);
  assert_non_null(segments);
  for (size_t a = 0; a < limes_batch_positions(batch, 0, NULL); a++)
    got[a] = (char)('0' + segments[a]);
  if (strcmp(got, wanted) != 0)
    fail_msg("sentences of '%s': %s, should be %s", text, got, wanted);
}

static void sentences_of_reviews_are_segments(void **state) {
  check_sentences(state, "", "0");
  check_sentences(state, "no end", "00");
  check_sentences(state, "One. Two two! Three?", "0011122");
  check_sentences(state, "Wait... what?! Yes.",
                  "00001112"
                  "2");
  check_sentences(state, "It has 7.5 of 10. Good.Really.",
                  "0000000011"
                  "11");
  check_sentences(state, "... a", "0001");
  check_sentences(state, "End.<br /><br />New", "001");
}

static void balancing_keeps_the_segments_of_the_items_it_keeps(void **state) {
  static const int64_t labels[3] = {0, 0, 1};
  limes_named_array arrays[] = {
      {.name = "a", .rank = 3, .size = {3, 5, 2}, .data = x},
      {.name = "a_segments", .rank = 2, .size = {3, 5}, .integers = &given[0][0]},
      {.name = "a_y", .rank = 1, .size = {3}, .integers = labels},
  };
  limes_read_options options = {.balanced = true};
  assert_ok(context, limes_file_write(context, files_path(state, "b.npz"), arrays, 3));
  limes_batch_destroy(batch);
  assert_ok(context, limes_batch_read(context, files_path(state, "b.npz:a"), &options, &batch));
  assert_int_equal(limes_batch_items(batch), 2);
  expect(0, 2, (uint32_t[]){0, 0, 1, 1, 1});
  expect(1, 2, (uint32_t[]){0, 1, 1, 1, 1});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(segments_are_numbered_from_0_in_each_item),
      cmocka_unit_test(hidden_positions_have_no_segment_of_their_own),
      cmocka_unit_test(segments_that_fall_or_do_not_fit_are_refused),
      cmocka_unit_test(segments_beside_an_array_are_picked_up),
      cmocka_unit_test(sentences_of_reviews_are_segments),
      cmocka_unit_test(balancing_keeps_the_segments_of_the_items_it_keeps),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_batch);
}
