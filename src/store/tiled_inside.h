/* What the files of the resumable store share. */
#ifndef LIMES_STORE_TILED_INSIDE_H
#define LIMES_STORE_TILED_INSIDE_H

#include <pthread.h>
#include <stdint.h>

#include "store/tiled.h"

/* In the file: tiles [n, 4] (row, rows, column, columns), their checksums [n] (0: not done), the matrices' names, and whether
 * tiles have mirror images. */
#define TILED_LIST "tiles"
#define TILED_SUMS "tile_checksums"
#define TILED_NAMES "tiled_matrices"
#define TILED_MIRROR "tiled_symmetric"

typedef struct limes_tiled_matrix {
  char *name;
  uint64_t *place; /* [chunks down * chunks across] where each chunk begins in the file */
} limes_tiled_matrix;

struct limes_tiled {
  char *path;
  limes_file *kept; /* texts beside the matrices */
  int descriptor;   /* of the plain reads and writes */
  bool writing, was_cut;
  size_t rows, columns, chunk[2], across; /* chunks side by side */
  bool symmetric;
  size_t matrices;
  limes_tiled_matrix matrix[LIMES_TILED_MOST];
  size_t tiles, largest;
  limes_tile *tile;
  uint64_t *sum;      /* [tiles] as the file has them; 0: not done */
  uint64_t sum_place; /* where they begin in the file */

  pthread_mutex_t lock, sync_lock; /* of what follows */
  size_t *waiting;                 /* [n_waiting] tiles that are written and not yet entered */
  uint64_t *waiting_sum;           /* [tiles] */
  size_t n_waiting;
  size_t safe; /* entered and synced since the file was opened */
  double synced;
};

/* Reads or writes `count` doubles of a row of a matrix from this column on. */
limes_status limes_tiled_read_row(limes_context *context, const limes_tiled *file, size_t matrix, size_t row, size_t column,
                                  size_t count, double *out) LIMES_MUST_USE;
limes_status limes_tiled_write_row(limes_context *context, const limes_tiled *file, size_t matrix, size_t row, size_t column,
                                   size_t count, const double *values) LIMES_MUST_USE;

#endif
