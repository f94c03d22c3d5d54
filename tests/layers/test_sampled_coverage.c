/* The standard errors of sampled attention, over 200 small cases: minutes. */
#include "layers/coverage.h"

static void intervals_cover_the_truth(void **state) { assert_covered(*state, 200, "32768", 0.91, 0.99); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(intervals_cover_the_truth)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
