/* The design of points for means over normal variables. */
#include "math/normal_points.h"

#include "kernel/laws.h"

#define AXES 7

static limes_normal_points points_of(uint64_t seed, size_t pairs) {
  return (limes_normal_points){.stream = {.seed = seed, .key = {1, 2, 3}}, .pairs = pairs};
}

/* 2 Q(|z|) is uniform on (0, 1): one of each n-th part. */
static void every_stratum_has_one_pair_along_each_axis(void **state) {
  (void)state;
  const size_t sizes[] = {1, 2, 3, 8, 11, 100};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    limes_normal_points points = points_of(s, sizes[s]);
    double axis[AXES], z[AXES];
    size_t seen[AXES][100] = {{0}};
    limes_normal_axes(&points, AXES, axis);
    for (size_t k = 0; k < sizes[s]; k++) {
      limes_normal_point(&points, k, AXES, axis, z);
      for (size_t i = 0; i < AXES; i++)
        seen[i][(size_t)(erfc(fabs(z[i]) / sqrt(2)) * (double)sizes[s])]++;
    }
    for (size_t i = 0; i < AXES; i++)
      for (size_t k = 0; k < sizes[s]; k++)
        assert_int_equal(seen[i][k], 1);
  }
}

/* Over many seeds: moments, signs and products of axes of any one point of the design. */
static void every_point_is_normal(void **state) {
  (void)state;
  enum { SEEDS = 20000, MOMENTS = 6 };
  const double expected[MOMENTS] = {0, 1, 3, 0, 0, 1}, spread[MOMENTS] = {1, sqrt(2), sqrt(96), 1, sqrt(3), sqrt(8)};
  for (size_t k = 0; k < 3; k++) {
    double sum[MOMENTS] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
      limes_normal_points points = points_of(seed, 3);
      double axis[2], z[2];
      limes_normal_axes(&points, 2, axis);
      limes_normal_point(&points, k, 2, axis, z);
      const double value[MOMENTS] = {z[0],        z[0] * z[0],        z[0] * z[0] * z[0] * z[0],
                                     z[0] * z[1], z[0] * z[0] * z[1], z[0] * z[0] * z[1] * z[1]};
      for (size_t m = 0; m < MOMENTS; m++)
        sum[m] += value[m] / SEEDS;
    }
    for (size_t m = 0; m < MOMENTS; m++)
      assert_close_at(sum[m], expected[m], 4.5 * spread[m] / sqrt(SEEDS), m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_stratum_has_one_pair_along_each_axis),
      cmocka_unit_test(every_point_is_normal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
