/* Items of every kind that a layer may be fed, small and at random. The same number of an item is the same item in every batch.
 */
#ifndef LIMES_TESTS_ITEMS_H
#define LIMES_TESTS_ITEMS_H

#include "kernel/laws.h"

typedef enum { VECTORS, SEQUENCES, RAGGED, IMAGES, SEGMENTS, GRAPHS, HOLES, KINDS } kind;

enum { ITEMS = 8, LONGEST = 6, HEIGHT = 4, WIDTH = 3, FEATURES = 8, MOST_PLACES = 12 };

/* Neighbours differ, and so do the first five from the last three. */
static const size_t ragged_lengths[ITEMS] = {5, 3, 1, 6, 5, 4, 2, 4};

static inline bool is_ragged(kind items) { return items == RAGGED || items == SEGMENTS || items == GRAPHS; }

/* Hidden positions of items of LONGEST positions, neither a box nor all of an item */
static inline bool is_hole(size_t item, size_t a) { return a != item % LONGEST && (item * 5 + a * 3) % 4 == 1; }

static inline size_t places_of(kind items, size_t item) {
  return items == VECTORS ? 1 : items == IMAGES ? HEIGHT * WIDTH : is_ragged(items) ? ragged_lengths[item] : LONGEST;
}

/* [places, FEATURES] of one item */
static inline void fill_item(kind items, size_t item, double scale, double hidden, double *x) {
  random_stream stream = {977 * (uint64_t)items + item};
  for (size_t i = 0; i < MOST_PLACES * FEATURES; i++) {
    double value = scale * random_normal(&stream);
    if (i < places_of(items, item) * FEATURES)
      x[i] = items == HOLES && is_hole(item, i / FEATURES) ? hidden : value;
  }
}

static inline void add_segments(limes_context *context, limes_batch *batch, size_t first, size_t count) {
  int64_t segment[ITEMS * LONGEST] = {0};
  size_t n = 0;
  for (size_t i = first; i < first + count; i++)
    for (size_t a = 0; a < ragged_lengths[i]; a++)
      segment[n++] = (int64_t)((a + i % 2) / 2);
  assert_ok(context, limes_batch_set_segments(context, batch, segment));
}

static inline void add_edges(limes_context *context, limes_batch *batch, size_t first, size_t count) {
  double pattern[ITEMS * LONGEST * LONGEST] = {0};
  const size_t size[1] = {LONGEST};
  for (size_t i = 0; i < count; i++) {
    random_stream stream = {31 + first + i};
    for (size_t e = 0; e < LONGEST * LONGEST; e++)
      pattern[i * LONGEST * LONGEST + e] = random_count(&stream, 0, 2) == 0 ? random_between(&stream, 0.2, 1) : 0;
    for (size_t a = 0; a < LONGEST; a++)
      pattern[i * LONGEST * LONGEST + a * (LONGEST + 1)] = 1;
  }
  assert_ok(context, limes_batch_set_pattern(context, batch, pattern, size));
}

/* Items first ... first + count - 1, features times `scale`; `hidden` stands at positions that nobody sees. */
static inline limes_batch *items_with(limes_context *context, kind items, size_t first, size_t count, double scale,
                                      double hidden) {
  double x[ITEMS * MOST_PLACES * FEATURES];
  uint8_t mask[ITEMS * LONGEST];
  size_t places = 0;
  for (size_t i = first; i < first + count; i++) {
    fill_item(items, i, scale, hidden, x + places * FEATURES);
    for (size_t a = 0; a < LONGEST; a++)
      mask[(i - first) * LONGEST + a] = is_hole(i, a);
    places += places_of(items, i);
  }
  if (!is_ragged(items))
    return batch_of(context, x,
                    items == VECTORS  ? 0
                    : items == IMAGES ? 2
                                      : 1,
                    count, items == IMAGES ? HEIGHT : LONGEST, WIDTH, FEATURES, items == HOLES ? mask : NULL);
  limes_batch *batch = NULL;
  assert_ok(context, limes_batch_create_ragged(context, count, FEATURES, ragged_lengths + first, x, &batch));
  if (items == SEGMENTS)
    add_segments(context, batch, first, count);
  if (items == GRAPHS)
    add_edges(context, batch, first, count);
  return batch;
}

static inline limes_batch *items_of(limes_context *context, kind items, size_t first, size_t count) {
  return items_with(context, items, first, count, 1, 0);
}

#endif
