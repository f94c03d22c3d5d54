/* Square roots for long loops against the processor's own. */
#include "helpers.h"
#include "math/root.h"

#include <float.h>

static void roots_are_within_one_unit_in_the_last_place(void **state) {
  (void)state;
  for (int exponent = -1020; exponent <= 1020; exponent++)
    for (int k = 0; k < 200; k++) {
      double x = ldexp(1 + k / 200.0 * (1 + 1e-7 * k), exponent), root = limes_root(x);
      assert_close_at(root, sqrt(x), sqrt(x) * DBL_EPSILON, (size_t)k);
    }
}

static void roots_of_what_is_left_near_one_are_right(void **state) {
  (void)state;
  for (double left = 1; left > 1e-300; left /= 3)
    assert_close(limes_root(left), sqrt(left), sqrt(left) * DBL_EPSILON);
}

static void the_root_of_zero_is_zero(void **state) {
  (void)state;
  assert_true(limes_root(0) == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(roots_are_within_one_unit_in_the_last_place),
      cmocka_unit_test(roots_of_what_is_left_near_one_are_right),
      cmocka_unit_test(the_root_of_zero_is_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
