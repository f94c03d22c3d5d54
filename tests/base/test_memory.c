/* Memory and errors. */
#include "base/memory.h"
#include "helpers.h"

static int open_context(void **state) { return limes_context_create((limes_context **)state); }

static int close_context(void **state) {
  limes_context_destroy(*state);
  return 0;
}

static void sizes_that_overflow_are_refused(void **state) {
  size_t out;
  assert_false(limes_multiply(SIZE_MAX, 2, &out));
  assert_false(limes_add(SIZE_MAX, 1, &out));
  assert_null(limes_allocate(*state, SIZE_MAX / 2, 4));
  assert_non_null(strstr(limes_error(*state), "out of memory"));
}

static void memory_is_zeroed_and_aligned(void **state) {
  for (size_t count = 0; count < 100; count += 7) {
    unsigned char *memory = limes_allocate(*state, count, 3);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % 64, 0);
    for (size_t i = 0; i < 3 * count; i++)
      assert_int_equal(memory[i], 0);
    free(memory);
  }
}

static void growing_keeps_what_is_there(void **state) {
  int *array = NULL;
  size_t capacity = 0;
  for (size_t i = 0; i < 1000; i++) {
    assert_true(limes_grow(*state, (void **)&array, &capacity, i + 1, sizeof *array));
    array[i] = (int)i;
  }
  for (size_t i = 0; i < 1000; i++)
    assert_int_equal(array[i], (int)i);
  assert_false(limes_grow(*state, (void **)&array, &capacity, SIZE_MAX / 2, sizeof *array));
  assert_int_equal(array[999], 999);
  free(array);
}

static void an_error_can_be_told_where_it_was(void **state) {
  assert_int_equal(limes_fail(*state, LIMES_BAD_INPUT, "row %d is short", 3), LIMES_BAD_INPUT);
  assert_int_equal(limes_fail_in(*state, LIMES_BAD_INPUT, "%s: ", "a.csv"), LIMES_BAD_INPUT);
  assert_string_equal(limes_error(*state), "a.csv: row 3 is short");
}

static void each_status_has_words(void **state) {
  (void)state;
#define HAS_WORDS(name, value, text) assert_string_equal(limes_status_text(name), text);
  LIMES_STATUS_LIST(HAS_WORDS)
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_that_overflow_are_refused), cmocka_unit_test(memory_is_zeroed_and_aligned),
      cmocka_unit_test(growing_keeps_what_is_there),     cmocka_unit_test(an_error_can_be_told_where_it_was),
      cmocka_unit_test(each_status_has_words),
  };
  return cmocka_run_group_tests(tests, open_context, close_context);
}
