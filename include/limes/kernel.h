/* limes: exact NNGP and NTK kernels of a model at infinite width. */
#ifndef LIMES_KERNEL_H
#define LIMES_KERNEL_H

#include "limes/data.h"
#include "limes/io.h"
#include "limes/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where kernels go: matrices in C order, row i = item i of the first batch. NULL: not wanted; at least one is. */
typedef struct limes_kernel_output {
  double *nngp, *ntk; /* [N_A, N_B], each row `stride` elements after the one before */
  size_t stride;      /* 0: N_B */
} limes_kernel_output;

/* Kernels between the items of a and b. b = NULL or b = a: the symmetric kernel of a, one triangle of which is computed
 * and both of which are written. A model that keeps positions to its end is refused here (limes_kernel_positions takes
 * it). The result has the same bits whatever the number of threads. LIMES_INTERRUPTED: the output's content is undefined.
 * [Hron, Bahri, Sohl-Dickstein, Novak 2020; Jacot et al. 2018] */
LIMES_API limes_status limes_kernel(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                                    const limes_kernel_output *out) LIMES_MUST_USE;

/* The same by blocks of rows, for matrices that do not fit in memory: rows [first, first + count) of the kernel, each
 * block once, in order, from the calling thread. nngp and ntk [count, N_B] are valid during the call; the one not wanted
 * is NULL. A return value other than LIMES_OK stops and is returned. */
typedef limes_status limes_kernel_rows_callback(void *user, size_t first, size_t count, const double *nngp, const double *ntk);
LIMES_API limes_status limes_kernel_rows(limes_context *context, const limes_model *model, const limes_batch *a,
                                         const limes_batch *b, bool nngp, bool ntk, limes_kernel_rows_callback *rows, void *user)
    LIMES_MUST_USE;

/* Kernels in a file that can be resumed (.h5: datasets nngp and ntk [N_A, N_B], NaN where not computed yet). */
typedef struct limes_kernel_file_options {
  bool nngp, ntk;                 /* which kernels; at least one */
  unsigned shard, shards;         /* only every shards-th tile, from the shard-th on, 1 <= shard <= shards; shards = 0: all */
  const limes_named_array *about; /* [n_about] texts and arrays to be kept beside the kernels, or NULL */
  size_t n_about;
} limes_kernel_file_options;

typedef struct limes_kernel_file_report {
  size_t rows, columns;
  size_t tiles;    /* of the file */
  size_t wanted;   /* of them, by the shard */
  size_t done;     /* of them are in the file now, and right as far as they were looked at */
  size_t damaged;  /* were marked as done and were not what their checksums say: computed again, or only counted */
  size_t computed; /* by this call */
  size_t items;    /* rows that the file had before it was extended; 0: it was not */
} limes_kernel_file_report;

/* Computes the kernels of limes_kernel into the file at path, tile by tile. Killed at any moment, even by a power failure, the
 * file keeps what was done; the next call with the same arguments checks every tile, mends what is damaged, computes what is
 * missing, and ends with the same bits. A file of other arguments is not touched: LIMES_WRONG_USE says what differs. A file whose
 * items are the first items of a (and of b) is extended, and nothing in it is computed again. One process at a time writes a
 * file: LIMES_FAILED for the second one. LIMES_INTERRUPTED: what was done is kept. */
LIMES_API limes_status limes_kernel_file(limes_context *context, const limes_model *model, const limes_batch *a,
                                         const limes_batch *b, const char *path, const limes_kernel_file_options *options,
                                         limes_kernel_file_report *report) LIMES_MUST_USE;

/* Counts the tiles of such a file; verify: reads all of them and counts those that are damaged. Changes nothing.
 * *is = false, with LIMES_OK, where path is no such file. */
LIMES_API limes_status limes_kernel_file_check(limes_context *context, const char *path, bool verify, bool *is,
                                               limes_kernel_file_report *report) LIMES_MUST_USE;

/* Joins the tiles of files of the same kernel (shards of it) in a new file at path, which need not become complete:
 * limes_kernel_file computes what is missing. */
LIMES_API limes_status limes_kernel_file_merge(limes_context *context, const char *path, const char *const *parts, size_t n,
                                               limes_kernel_file_report *report) LIMES_MUST_USE;

/* Variances: nngp[i] = K(x_i, x_i), ntk[i] = Theta(x_i, x_i); NULL: not wanted. */
LIMES_API limes_status limes_kernel_diagonal(limes_context *context, const limes_model *model, const limes_batch *a, double *nngp,
                                             double *ntk) LIMES_MUST_USE;

/* Kernels of a model that keeps its positions: [N_A, N_B, a..., b...], all positions of the first item, then all of the
 * second; every item has the same positions. size[2 * axes] receives a..., b...; call with out->nngp = out->ntk = NULL to learn
 * it. */
LIMES_API limes_status limes_kernel_positions(limes_context *context, const limes_model *model, const limes_batch *a,
                                              const limes_batch *b, const limes_kernel_output *out, unsigned *axes,
                                              size_t size[4]) LIMES_MUST_USE;

/* The attention matrix Z (row a: the weights with which position a reads the others) of one item at the model's
 * attention number `which`, counted from 0: *z [T,T] in C order belongs to the caller. */
LIMES_API limes_status limes_attention_matrix(limes_context *context, const limes_model *model, const limes_batch *a, size_t item,
                                              size_t which, double **z, size_t *positions) LIMES_MUST_USE;

/* The plan, before anything runs. */
typedef struct limes_plan_report {
  double seconds;      /* estimated, by measured entries on this machine */
  double flops;        /* of all cross and self passes, by true lengths */
  uint64_t bytes;      /* peak memory of the call, the matrices asked for included */
  uint64_t free_bytes; /* what may be planned for */
  char *text;          /* the plan as a table; belongs to the caller */
} limes_plan_report;

/* Says what limes_kernel would do. LIMES_REFUSED (with the report filled) where bytes exceed what may be planned for. */
LIMES_API limes_status limes_explain(limes_context *context, const limes_model *model, const limes_batch *a, const limes_batch *b,
                                     bool nngp, bool ntk, limes_plan_report *report) LIMES_MUST_USE;

/* How alike the positions of an item are behind one layer: the mean over its pairs of visible positions a != b of
 * K_ab / sqrt(K_aa K_bb), and over the items. 1: all positions hold the same, the collapse of their rank. */
typedef struct limes_layer_correlation {
  const char *word; /* of the layer, "input" before the first; belongs to the library or, defined by the user, to the context */
  unsigned line, column; /* where the word stands in the model's text; 0: the input, or built by calls */
  size_t items;          /* with two positions at least whose variances are above 0; 0 behind a pool */
  double correlation;    /* in [-1, 1]; NAN where items is 0 */
} limes_layer_correlation;

/* The correlation between positions behind the input and every layer, repeats unfolded, in the order of the network. *layers
 * [*count] belongs to the caller: limes_free(). Costs a self pass an item with all of its position pairs. The batch has
 * positions, else LIMES_WRONG_USE. With coins=shared: the mean over the parts of the mixture.
 * [Dong, Cordonnier, Loukas 2021; Noci et al. 2022] */
LIMES_API limes_status limes_positions_correlation(limes_context *context, const limes_model *model, const limes_batch *a,
                                                   limes_layer_correlation **layers, size_t *count) LIMES_MUST_USE;

/* The dual activation of an elementwise word, without a network (`relu`, "abrelu(a=-0.5, b=1.5)"): for each i,
 * (u, v) ~ N(0, [[k11, k12], [k12, k22]]), phi_phi = E[phi(u) phi(v)], dphi_dphi = E[phi'(u) phi'(v)]. All arrays [n]. */
LIMES_API limes_status limes_dual(limes_context *context, const char *word, size_t n, const double *k12, const double *k11,
                                  const double *k22, double *phi_phi, double *dphi_dphi) LIMES_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
