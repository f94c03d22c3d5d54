/* Random numbers by counting (Random123's Philox4x64-10): the k-th number of a stream is a function of the seed, the stream's key
 * and k, so that the same seed gives the same numbers whatever the threads, the order or how many of them are asked for. [Salmon,
 * Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011] */
#ifndef LIMES_BASE_RANDOM_H
#define LIMES_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* A stream: the seed and up to three numbers that tell it from the others (a draw, an op, an array of weights). */
typedef struct limes_stream {
  uint64_t seed, key[3];
} limes_stream;

/* Numbers first ... first + n - 1 of the stream into out[n]: uniform on (0, 1), neither end included. */
void limes_uniform(const limes_stream *stream, uint64_t first, size_t n, double *out);

/* The same, standard normal (Box and Muller: numbers 2k and 2k + 1 come from one pair of uniform ones). */
void limes_normal(const limes_stream *stream, uint64_t first, size_t n, double *out);

/* The k-th number of the stream, a whole number from 0 to below - 1; 0 < below < 2^53. */
uint64_t limes_choose(const limes_stream *stream, uint64_t k, uint64_t below);

#endif
