#include "base/random.h"

#include <Random123/philox.h>
#include <math.h>

#define PER_BLOCK 4 /* numbers of one call of Philox */

static philox4x64_ctr_t block_of(const limes_stream *stream, uint64_t block) {
  const philox4x64_ctr_t counter = {{block, stream->key[0], stream->key[1], stream->key[2]}};
  const philox4x64_key_t key = {{stream->seed, UINT64_C(0x6c696d6573)}}; /* the second half of the key: "limes" */
  return philox4x64(counter, key);
}

/* The middle of one of 2^53 equal cells of (0, 1). */
static double unit(uint64_t bits) { return ((double)(bits >> 11) + 0.5) * 0x1p-53; }

/* Four numbers of a block: uniform. */
static void uniform_block(const limes_stream *stream, uint64_t block, double four[PER_BLOCK]) {
  const philox4x64_ctr_t bits = block_of(stream, block);
  for (size_t i = 0; i < PER_BLOCK; i++)
    four[i] = unit(bits.v[i]);
}

/* Four numbers of a block: normal, by two pairs of uniform ones. */
static void normal_block(const limes_stream *stream, uint64_t block, double four[PER_BLOCK]) {
  double u[PER_BLOCK];
  uniform_block(stream, block, u);
  for (size_t i = 0; i < PER_BLOCK; i += 2) {
    const double radius = sqrt(-2 * log(u[i])), angle = 2 * M_PI * u[i + 1];
    four[i] = radius * cos(angle);
    four[i + 1] = radius * sin(angle);
  }
}

typedef void block_maker(const limes_stream *stream, uint64_t block, double four[PER_BLOCK]);

static void fill(block_maker *make, const limes_stream *stream, uint64_t first, size_t n, double *out) {
  double four[PER_BLOCK];
  for (size_t done = 0; done < n;) {
    const uint64_t at = first + done;
    make(stream, at / PER_BLOCK, four);
    for (size_t i = at % PER_BLOCK; i < PER_BLOCK && done < n; i++)
      out[done++] = four[i];
  }
}

void limes_uniform(const limes_stream *stream, uint64_t first, size_t n, double *out) {
  fill(uniform_block, stream, first, n, out);
}

void limes_normal(const limes_stream *stream, uint64_t first, size_t n, double *out) {
  fill(normal_block, stream, first, n, out);
}

uint64_t limes_choose(const limes_stream *stream, uint64_t k, uint64_t below) {
  double u;
  limes_uniform(stream, k, 1, &u);
  return (uint64_t)(u * (double)below);
}
