#include "math/normal_points.h"

#include <gsl/gsl_cdf.h>
#include <stdbool.h>

#define ROUNDS 4 /* of a permutation */

/* A bijection of 64-bit words that leaves no bit in its place [Steele, Lea, Flood 2014]. */
static uint64_t mixed(uint64_t word) {
  word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
  return word ^ (word >> 31);
}

/* Place k of a permutation of the numbers below the power of two behind mask, one for each key */
static uint64_t shuffled(uint64_t k, unsigned bits, uint64_t mask, uint64_t key) {
  for (unsigned round = 0; round < ROUNDS; round++) {
    k = (k ^ (key >> (13 * round))) & mask;
    k = (k * (((key >> (7 * round)) << 1) | 1)) & mask;
    k ^= k >> (bits / 2 + 1);
  }
  return k;
}

/* Place k of a permutation of the numbers below n, one for each key: that of the next power of two, walked until it comes back to
 * one below n, and turned, so that every place is equally likely. */
static size_t permuted(size_t k, size_t n, uint64_t key) {
  unsigned bits = 1;
  while (((size_t)1 << bits) < n)
    bits++;
  uint64_t mask = ((uint64_t)1 << bits) - 1, at = k;
  do
    at = shuffled(at, bits, mask, key);
  while (at >= n);
  return (size_t)((at + mixed(key) % n) % n);
}

void limes_normal_axes(const limes_normal_points *points, size_t n_axes, double *axis) {
  limes_uniform(&points->stream, 0, n_axes, axis);
}

void limes_normal_point(const limes_normal_points *points, size_t k, size_t n_axes, const double *axis, double *z) {
  double strata = (double)points->pairs;
  for (size_t i = 0; i < n_axes; i++) {
    uint64_t key = mixed((uint64_t)(axis[i] * 0x1p53)), within = mixed(key ^ mixed(k + 1));
    double stratum = (double)permuted(k, points->pairs, key), place = ((double)(within >> 12) + 0.5) * 0x1p-52;
    double far = gsl_cdf_ugaussian_Qinv(0.5 * (stratum + place) / strata);
    bool negative = (within & 1) != 0;
    z[i] = negative ? -far : far;
  }
}
