/* Factors of the covariance of positional embeddings, from which finite networks draw them. */
#include "layers/positions_basis.h"

#include "layers/finite.h"

#include "helpers.h"

typedef struct {
  limes_decay decay;
  uint32_t axes, size[2][2]; /* of two grids */
  double tolerance;
} sample;

/* The third and the last: singular to rounding */
static const sample samples[] = {
    {{LIMES_DECAY_NONE, 1, 1, 2}, 1, {{1, 7}, {1, 4}}, 0},
    {{LIMES_DECAY_NONE, 1, 1, 2}, 2, {{3, 5}, {4, 2}}, 0},
    {{LIMES_DECAY_CAUCHY, 1e-3, 1, 2}, 1, {{1, 40}, {1, 9}}, 1e-6},
    {{LIMES_DECAY_CAUCHY, 0.7, 1, 2}, 2, {{3, 5}, {4, 2}}, 1e-14},
    {{LIMES_DECAY_EXPONENTIAL, 0.4, 0.5, 1.5}, 2, {{6, 3}, {2, 2}}, 1e-14},
    {{LIMES_DECAY_EXPONENTIAL, 2, 1, 1}, 1, {{1, 12}, {1, 1}}, 1e-14},
    {{LIMES_DECAY_RELATIVE, 5, 1, 2}, 1, {{1, 40}, {1, 7}}, 1e-14},
    {{LIMES_DECAY_RELATIVE, 300, 1, 2}, 1, {{1, 20}, {1, 7}}, 2e-14},
    {{LIMES_DECAY_RELATIVE, 5, 1, 2}, 2, {{3, 5}, {8, 8}}, 1e-14},
    {{LIMES_DECAY_RELATIVE, 0, 1, 2}, 2, {{3, 5}, {8, 8}}, 1e-14},
};

static limes_grid grid_of(const sample *s, int k) {
  uint32_t T = s->size[k][0] * s->size[k][1];
  return (limes_grid){.axes = s->axes, .T = T, .visible = T, .size = {s->size[k][0], s->size[k][1]}};
}

static double *basis_of(const limes_decay *decay, const uint32_t box[2], const limes_grid *grid) {
  double *factor = calloc(limes_basis_factor_size(decay, box) + 1, sizeof *factor);
  double *rows = calloc(grid->T * limes_basis_size(decay, grid->axes, box), sizeof *rows);
  assert_non_null(factor);
  assert_non_null(rows);
  limes_basis_prepare(decay, box, factor);
  limes_basis_rows(decay, box, factor, grid, rows);
  free(factor);
  return rows;
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

static void products_of_rows_are_the_covariance_of_positions(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof samples / sizeof *samples; k++) {
    const sample *s = &samples[k];
    uint32_t box[2] = {larger(s->size[0][0], s->size[1][0]), larger(s->size[0][1], s->size[1][1])};
    limes_grid x = grid_of(s, 0), y = grid_of(s, 1);
    size_t n = limes_basis_size(&s->decay, s->axes, box);
    double *rows_x = basis_of(&s->decay, box, &x), *rows_y = basis_of(&s->decay, box, &y);
    double *exact = calloc((size_t)x.T * y.T, sizeof *exact);
    assert_non_null(exact);
    limes_add_positions(&s->decay, &x, &y, 0, 1, exact, exact);
    for (size_t a = 0; a < x.T; a++)
      for (size_t b = 0; b < y.T; b++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
          sum += rows_x[a * n + i] * rows_y[b * n + i];
        assert_close_at(sum, exact[b * x.T + a], s->tolerance, k);
      }
    free(rows_x);
    free(rows_y);
    free(exact);
  }
}

/* Of a smaller square, or a shorter sequence: with the keys of their rows they are the same embeddings. */
static void rows_of_a_smaller_box_stand_in_front(void **state) {
  (void)state;
  static const limes_decay decay = {LIMES_DECAY_EXPONENTIAL, 0.4, 1, 2};
  static const uint32_t boxes[2][2][2] = {{{1, 4}, {1, 9}}, {{3, 3}, {5, 5}}};
  for (int k = 0; k < 2; k++) {
    const uint32_t *small = boxes[k][0], *large = boxes[k][1];
    uint32_t T = small[0] * small[1], whole = large[0] * large[1];
    limes_grid grid = {.axes = (uint32_t)k + 1, .T = T, .visible = T, .size = {small[0], small[1]}};
    double *rows = basis_of(&decay, small, &grid), *in_large = basis_of(&decay, large, &grid);
    uint64_t key[9], keys[25];
    limes_basis_keys(small, key);
    limes_basis_keys(large, keys);
    assert_memory_equal(key, keys, T * sizeof *key);
    for (uint32_t a = 0; a < T; a++) {
      assert_memory_equal(rows + a * T, in_large + a * whole, T * sizeof *rows);
      for (uint32_t i = T; i < whole; i++)
        assert_true(in_large[a * whole + i] == 0);
    }
    free(rows);
    free(in_large);
  }
}

static void keys_are_those_of_the_positions(void **state) {
  (void)state;
  static const uint32_t box[2] = {3, 5};
  uint64_t key[15];
  limes_basis_keys(box, key);
  for (size_t i = 1; i < 15; i++)
    assert_true(key[i] > key[i - 1]);
  assert_true(key[14] == limes_position_key(2, 4));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_of_rows_are_the_covariance_of_positions),
      cmocka_unit_test(rows_of_a_smaller_box_stand_in_front),
      cmocka_unit_test(keys_are_those_of_the_positions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
