/* limes: batches of items, and the files they come from.
 *
 * An item has T positions and C features: a vector [C] (no positions), a sequence [T,C], an image [H,W,C]. T may differ
 * from item to item: batches are ragged, never padded.
 */
#ifndef LIMES_DATA_H
#define LIMES_DATA_H

#include "limes/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct limes_batch limes_batch;

typedef enum { LIMES_FLOAT64, LIMES_FLOAT32 } limes_dtype;

/* An array of items in the caller's memory, read once and copied. Strides are counted in elements; all four zero mean C
 * order ([N,C], [N,T,C], [N,H,W,C]). Column-major callers give theirs. */
typedef struct limes_array {
  const void *data;
  limes_dtype dtype;
  unsigned axes;       /* position axes: 0, 1 or 2 */
  size_t items;        /* N >= 1 */
  size_t size[2];      /* positions: {T} for a sequence, {H, W} for an image; ignored beyond axes */
  size_t features;     /* C >= 1 */
  ptrdiff_t stride[4]; /* item, first position axis, second position axis, feature */
} limes_array;

/* A batch of the array. mask [N,T...] (C order, nonzero = hidden) and lengths ([N] for a sequence, [N,2] for an image)
 * say which positions are there; either may be NULL, both together are an error. An item whose visible positions form a
 * box at the origin is cut to it; an item with none is refused by its number, and so is a number that is not finite at a
 * visible position. *batch belongs to the caller. */
LIMES_API limes_status limes_batch_create(limes_context *context, const limes_array *array, const uint8_t *mask,
                                          const int64_t *lengths, limes_batch **batch) LIMES_MUST_USE;

/* A batch of N sequences of their own lengths: x [T_0 + T_1 + ..., C] in C order. */
LIMES_API limes_status limes_batch_create_ragged(limes_context *context, size_t items, size_t features, const size_t *lengths,
                                                 const double *x, limes_batch **batch) LIMES_MUST_USE;

/* Classes 0 ... classes-1, labels [N]; the number of classes is the largest label + 1. Negative ones are refused. */
LIMES_API limes_status limes_batch_set_labels(limes_context *context, limes_batch *batch, const int64_t *labels) LIMES_MUST_USE;

/* Targets [N,K] in C order. */
LIMES_API limes_status limes_batch_set_targets(limes_context *context, limes_batch *batch, const double *targets, size_t outputs)
    LIMES_MUST_USE;

/* Segments of sequences, such as the sentences of a text: [T_0 + T_1 + ...], for every position of every item the number of
 * its segment. Numbers may not fall within an item; each new one begins a segment. What stands at hidden positions does not
 * matter. attention_pool pools each segment. */
LIMES_API limes_status limes_batch_set_segments(limes_context *context, limes_batch *batch, const int64_t *segments)
    LIMES_MUST_USE;

/* Weighted edges between the positions of each item, for the layer aggregate: pattern [N, size..., size...] in C order holds the
 * weight of the edge a -> b at [n, a..., b...], 0: none. size[axes]: the positions that the pattern has along each axis, which
 * may be more than an item has; edges at positions that were cut off or are hidden count for nothing. A copy is kept, of what
 * is not 0. The edges that the batch had are replaced. */
LIMES_API limes_status limes_batch_set_pattern(limes_context *context, limes_batch *batch, const double *pattern,
                                               const size_t *size) LIMES_MUST_USE;

LIMES_API void limes_batch_destroy(limes_batch *batch); /* NULL is allowed */

LIMES_API size_t limes_batch_items(const limes_batch *batch);
LIMES_API size_t limes_batch_features(const limes_batch *batch);
LIMES_API unsigned limes_batch_axes(const limes_batch *batch);
/* T of one item, its sizes in size[axes] (NULL: not wanted), its features [T,C]; the pointer lives with the batch */
LIMES_API size_t limes_batch_positions(const limes_batch *batch, size_t item, size_t *size);
LIMES_API const double *limes_batch_item(const limes_batch *batch, size_t item);
/* hidden positions of an item [T], NULL where all are visible */
LIMES_API const uint8_t *limes_batch_hidden(const limes_batch *batch, size_t item);
/* the segment of each position of an item [T], counted from 0, and *segments of them; NULL where the batch has none */
LIMES_API const uint32_t *limes_batch_segments(const limes_batch *batch, size_t item, size_t *segments);
/* [N] and *classes; NULL where the batch has no labels */
LIMES_API const int64_t *limes_batch_labels(const limes_batch *batch, size_t *classes);
/* [N,K] and *outputs; NULL where the batch has no targets */
LIMES_API const double *limes_batch_targets(const limes_batch *batch, size_t *outputs);
/* 64 bits of positions, features, masks and segments: equal data have equal fingerprints (XXH3) */
LIMES_API uint64_t limes_batch_fingerprint(const limes_batch *batch);

/* How a file is read; zero-initialized means the defaults. */
typedef struct limes_read_options {
  const char *vectors; /* word vectors for imdb: FILE.txt or FILE.txt.gz */
  size_t max_tokens;   /* imdb: a review is cut after so many tokens; 0: 500 */
  const char *target;  /* csv: name or number (from 1) of the column that holds the target; NULL: none */
  size_t resize[2];    /* images: area mean to H x W; 0: as they are */
  /* csv: the table read before this one; where both have headers, columns are matched by name. NULL: none */
  const limes_batch *like;
  bool balanced; /* as many items of each class as the rarest one has, in the order of the file */
} limes_read_options;

/* Reads what a data argument names (docs/data.md): "digits:train", "x.npy", "cases.npz:x1", "table.csv",
 * "cifar10:DIR:train[:2000]", "mnist:DIR:test", "imdb:DIR:train[:600]", "uci:DIR:0:train". Errors name the file, the
 * place, and the mend. *batch belongs to the caller. */
LIMES_API limes_status limes_batch_read(limes_context *context, const char *name, const limes_read_options *options,
                                        limes_batch **batch) LIMES_MUST_USE;

/* One sentence about where the batch came from ("1437 images 8x8, 1 feature, 10 classes"); lives with the batch. */
LIMES_API const char *limes_batch_summary(const limes_batch *batch);

/* Normalization: x <- (x - mean) * scale with statistics of one batch (the training data), to be applied to all. */
typedef struct limes_normalization limes_normalization;

/* kind: "none", "unit" (divided by the format's maximum; 1 for formats that have none), "per-channel" (mean and deviation of each
 * feature over items and positions), "per-feature" (of each feature at each position; equal sizes only), "per-image" (each item
 * by its own mean and deviation); NULL: the default of the batch's format. *normalization belongs to the caller. */
LIMES_API limes_status limes_normalization_fit(limes_context *context, const char *kind, const limes_batch *batch,
                                               limes_normalization **normalization) LIMES_MUST_USE;
LIMES_API limes_status limes_normalization_apply(limes_context *context, const limes_normalization *normalization,
                                                 limes_batch *batch) LIMES_MUST_USE;
LIMES_API void limes_normalization_destroy(limes_normalization *normalization);
LIMES_API const char *limes_normalization_kind(const limes_normalization *normalization);
/* mean[n] and scale[n] as they are stored in outputs; *n = 0 for none and per-image. They live with the normalization. */
LIMES_API size_t limes_normalization_values(const limes_normalization *normalization, const double **mean, const double **scale);
/* From values that an output kept. */
LIMES_API limes_status limes_normalization_restore(limes_context *context, const char *kind, size_t n, const double *mean,
                                                   const double *scale, limes_normalization **normalization) LIMES_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
