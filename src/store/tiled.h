/* A resumable file of matrices: an HDF5 file whose matrices fill tile by tile, and which survives a kill at any moment.
 *
 * Everything that HDF5 itself has to write (datasets of NaN at their full size, the list of tiles, texts) is written and synced
 * before the file appears at its place. Afterwards the HDF5 library never opens it for writing: a tile's numbers go to their
 * places by plain writes, its checksum (XXH3) to its place in the list, and it is done when both are synced. So what a kill or a
 * power failure can spoil are numbers and checksums, never the structure, and a tile counts only where both agree.
 *
 * A tile is a rectangle; in a symmetric file each tile below the diagonal also has its mirror image, under the same checksum.
 */
#ifndef LIMES_STORE_TILED_H
#define LIMES_STORE_TILED_H

#include "base/memory.h"
#include "limes/io.h"

#define LIMES_TILED_MOST 2 /* matrices in a file */

typedef struct limes_tile {
  size_t row, rows, column, columns;
} limes_tile;

/* What a file is to hold. */
typedef struct limes_tiled_plan {
  const char *name[LIMES_TILED_MOST]; /* [matrices] */
  size_t matrices;
  size_t rows, columns;
  bool symmetric;         /* a tile off the diagonal stands for its mirror image too */
  size_t edge;            /* of a chunk */
  const limes_tile *tile; /* [tiles] they cover the matrices, once */
  size_t tiles;
  const limes_named_array *about; /* [n_about] texts and small arrays kept beside them */
  size_t n_about;
} limes_tiled_plan;

typedef struct limes_tiled limes_tiled;

/* Makes the file, all of it NaN; a file that is there is replaced when the new one is complete. Fails where the disk has no room
 * for all of it. */
limes_status limes_tiled_create(limes_context *context, const char *path, const limes_tiled_plan *plan) LIMES_MUST_USE;

/* Whether a file of this kind stands at path; false too where it cannot be read. */
bool limes_tiled_is(limes_context *context, const char *path);

/* Opens the file. for_writing: refused where another process writes it; a file that was cut short gets its length back. */
limes_status limes_tiled_open(limes_context *context, const char *path, bool for_writing, limes_tiled **out) LIMES_MUST_USE;
void limes_tiled_close(limes_tiled *file); /* NULL is allowed */

size_t limes_tiled_tiles(const limes_tiled *file);
limes_tile limes_tiled_tile(const limes_tiled *file, size_t tile);
void limes_tiled_size(const limes_tiled *file, size_t *rows, size_t *columns, size_t *edge, bool *symmetric);
size_t limes_tiled_matrices(const limes_tiled *file);
const char *limes_tiled_name(const limes_tiled *file, size_t matrix);

/* Whether the file had been cut short when it was opened for writing: numbers of tiles that are not done may be zeros then. */
bool limes_tiled_was_cut(const limes_tiled *file);

/* Whether the list says that the tile is done. */
bool limes_tiled_done(const limes_tiled *file, size_t tile);

/* A text that was kept beside the matrices, "nothing" where there is none of that name. Lives with the file. */
limes_status limes_tiled_text(limes_context *context, const limes_tiled *file, const char *name, const char **text)
    LIMES_MUST_USE;

/* All that was kept, [*n] to be freed; what they point to lives with the file. */
limes_status limes_tiled_about(limes_context *context, const limes_tiled *file, limes_named_array **about, size_t *n)
    LIMES_MUST_USE;

/* Numbers of the largest tile. */
size_t limes_tiled_largest(const limes_tiled *file);

/* Reads the numbers of a tile, data[matrix] [rows, columns] each, and compares them, and their mirror images, with their
 * checksum. */
limes_status limes_tiled_get(limes_context *context, limes_tiled *file, size_t number, double *const *data, bool *intact)
    LIMES_MUST_USE;

/* Writes a tile; it counts as done from the next limes_tiled_sync on. Different tiles may be put by different threads at once. */
limes_status limes_tiled_put(limes_context *context, limes_tiled *file, size_t number, const double *const *data) LIMES_MUST_USE;

/* The tile is as if it had never been done: NaN. */
limes_status limes_tiled_forget(limes_context *context, limes_tiled *file, size_t number) LIMES_MUST_USE;

/* Syncs what was put and enters the checksums; by any thread. force: now; else at most a few times a second. *count: tiles that
 * are safe on disk since the file was opened; NULL: not asked. */
limes_status limes_tiled_sync(limes_context *context, limes_tiled *file, bool force, size_t *count) LIMES_MUST_USE;

#endif
