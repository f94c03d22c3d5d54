/* What tests of finite networks share. */
#ifndef LIMES_TESTS_NETWORKS_H
#define LIMES_TESTS_NETWORKS_H

#include "kernel/laws.h"

static inline limes_network *network_of(limes_context *context, const limes_model *model, const limes_batch *batch,
                                        const limes_network_settings *settings) {
  limes_network *network = NULL;
  assert_ok(context, limes_network_create(context, model, &batch, 1, settings, &network));
  return network;
}

static inline size_t rows_of(limes_context *context, const limes_network *network, const limes_batch *batch) {
  size_t rows = 0;
  assert_ok(context, limes_network_rows(context, network, batch, &rows));
  return rows;
}

/* Random items of a kind: vectors (axes 0), sequences of T positions (1), images of 4 x 3 (2) */
static inline limes_batch *random_items(limes_context *context, unsigned axes, size_t items, size_t T, size_t features) {
  return axes == 0   ? random_vectors(context, 5, items, features)
         : axes == 1 ? random_sequences(context, 5, items, T, features)
                     : random_images(context, 5, items, 4, 3, features);
}

static inline double dot(const double *a, const double *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

#endif
