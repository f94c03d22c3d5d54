#include "fixture.h"

#include "math/quadrature.h"

static void sum_of_weights_and_even_moments_are_exact(void **state) {
  (void)state;
  double node[LIMES_MOST_NODES], weight[LIMES_MOST_NODES];
  for (size_t order = 1; order <= LIMES_MOST_NODES; order = order * 3 / 2 + 1) {
    assert_ok(context, limes_gauss_hermite(context, order, node, weight));
    double moment = 1; /* E u^(2k) = (2k - 1)!! */
    for (size_t k = 0; k < order && k < 40; k++) {
      double sum = 0;
      for (size_t i = 0; i < order; i++)
        sum += weight[i] * pow(node[i], 2 * (double)k);
      assert_close_at(sum / moment, 1, 2e-12, order);
      moment *= 2 * (double)k + 1;
    }
  }
}

static void nodes_ascend_and_mirror(void **state) {
  (void)state;
  double node[97], weight[97];
  assert_ok(context, limes_gauss_hermite(context, 97, node, weight));
  for (size_t i = 0; i < 97; i++) {
    assert_true(i == 0 || node[i] > node[i - 1]);
    assert_close_at(node[i], -node[96 - i], 1e-13, i);
    assert_close_at(weight[i] / weight[96 - i], 1, 1e-11, i);
  }
}

static void expectation_of_a_cosine(void **state) {
  (void)state;
  double node[64], weight[64], sum = 0;
  assert_ok(context, limes_gauss_hermite(context, 64, node, weight));
  for (size_t i = 0; i < 64; i++)
    sum += weight[i] * cos(3 * node[i]);
  assert_close(sum, exp(-4.5), 1e-15);
}

static void orders_out_of_range_are_refused(void **state) {
  (void)state;
  double node[1], weight[1];
  assert_int_equal(limes_gauss_hermite(context, 0, node, weight), LIMES_WRONG_USE);
  assert_int_equal(limes_gauss_hermite(context, LIMES_MOST_NODES + 1, node, weight), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "513"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sum_of_weights_and_even_moments_are_exact),
      cmocka_unit_test(nodes_ascend_and_mirror),
      cmocka_unit_test(expectation_of_a_cosine),
      cmocka_unit_test(orders_out_of_range_are_refused),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
