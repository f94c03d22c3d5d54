/* The inside of a batch. */
#ifndef LIMES_DATA_BATCH_H
#define LIMES_DATA_BATCH_H

#include "base/context.h"
#include "base/grid.h"
#include "base/memory.h"
#include "limes/data.h"

#define LIMES_SUMMARY_SIZE 200

struct limes_batch {
  size_t items, features; /* N, C */
  uint32_t axes;          /* 0, 1, 2 */
  limes_grid *grid;       /* [N] positions of each item */
  size_t *start;          /* [N+1] first position of each item */
  double *x;              /* [start[N], C] features, all items one after another, each [T,C] in C order; zeros where hidden */
  uint8_t *hidden;        /* [start[N]], NULL where nothing is hidden; the grids point into it */
  uint32_t *segment;      /* [start[N]], rising from 0 in each item; NULL where there are none; the grids point into it */
  limes_csr *edges;       /* [N], NULL where the items are no graphs; the grids point to them */
  size_t *edge_start;     /* [start[N] + 1] the first edge into each position, all items one after another */
  uint32_t *edge_from;    /* [edge_start[start[N]]] positions of the item, from 0 */
  double *edge_weight;    /* [edge_start[start[N]]] */
  int64_t *labels;        /* [N] or NULL */
  size_t classes;
  double *targets;           /* [N,K] or NULL */
  size_t outputs;            /* K */
  char *names;               /* of the C features, one behind the other, each with its NUL; NULL where there are none */
  double maximum;            /* of the format's numbers, what "unit" divides by; 1 where it has none */
  const char *normalization; /* the format's default kind; a static text */
  char summary[LIMES_SUMMARY_SIZE];
};

/* A batch of N items without holes, x zeroed: item i has size[i][0] x size[i][1] positions (1 x T, 1 x 1). Refuses what
 * would not fit the memory that may be used. */
limes_status limes_batch_allocate(limes_context *context, size_t items, unsigned axes, const size_t (*size)[2], size_t features,
                                  limes_batch **batch) LIMES_MUST_USE;

/* The same, all items of one size. */
limes_status limes_batch_allocate_equal(limes_context *context, size_t items, unsigned axes, size_t height, size_t width,
                                        size_t features, limes_batch **batch) LIMES_MUST_USE;

/* limes_batch_create for the items of an array that start with number `first` of a file: so they are called in errors. */
limes_status limes_batch_create_from(limes_context *context, const limes_array *array, const uint8_t *mask,
                                     const int64_t *lengths, size_t first, limes_batch **batch) LIMES_MUST_USE;

/* limes_batch_set_segments for items that start with number `first` of a file. */
limes_status limes_batch_set_segments_from(limes_context *context, limes_batch *batch, const int64_t *segments, size_t first)
    LIMES_MUST_USE;

/* Makes room for count [start[N]] edges into each position, in place of those that were there; edge_from and edge_weight are
 * to be filled. */
limes_status limes_batch_hold_edges(limes_context *context, limes_batch *batch, const size_t *count) LIMES_MUST_USE;
void limes_batch_drop_edges(limes_batch *batch);

/* A format of `classes` classes has them even where the items at hand do not show all. */
void limes_batch_raise_classes(limes_batch *batch, size_t classes);

/* Writes the summary anew, after labels or targets came or items went. */
void limes_batch_summarize(limes_batch *batch);

/* limes_batch_fingerprint of the first items alone; items at most as many as there are. */
uint64_t limes_batch_fingerprint_first(const limes_batch *batch, size_t items);

/* Area mean of every image, to height x width. */
limes_status limes_batch_resize(limes_context *context, limes_batch *batch, const size_t size[2]) LIMES_MUST_USE;

/* Keeps as many items of each class as the rarest one among them has, the first ones. */
limes_status limes_batch_balance(limes_context *context, limes_batch *batch) LIMES_MUST_USE;

#endif
