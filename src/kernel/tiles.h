/* Tiles: blocks of items against blocks of items, over all cores. */
#ifndef LIMES_KERNEL_TILES_H
#define LIMES_KERNEL_TILES_H

#include "base/parallel.h"
#include "kernel/plan.h"
#include "kernel/walk.h"
#include "store/tiled.h"

/* Where results go. A symmetric kernel is computed for items i >= j and written to both places. */
typedef struct limes_sink {
  double *nngp, *ntk;             /* [readouts, rows, stride] of blocks of `cell` numbers; NULL: not wanted */
  double *nngp_error, *ntk_error; /* their standard errors, alike; left alone where nothing is sampled */
  size_t first_row, rows, stride;
  size_t first_column, columns; /* columns = 0: all of them */
  size_t cell;                  /* 1, or T x T' where positions are kept */
  bool mirrored;                /* symmetric */
} limes_sink;

/* Runs the tiles that fill the sink's rows. what: for progress. */
limes_status limes_run_tiles(limes_context *context, const limes_plan *plan, const char *what, const limes_sink *sink)
    LIMES_MUST_USE;

/* What is done with a finished rectangle of the kernel: nngp, ntk [rows, columns], NULL where not wanted. Called by the thread
 * that made it, several at once. */
typedef limes_status limes_rectangle_done(void *user, size_t number, const double *nngp, const double *ntk);

/* Rectangles [n] of the kernel. Of a symmetric one: on the diagonal, or below it. Each worker holds two matrices of the largest
 * one beside what the plan says. */
limes_status limes_run_rectangles(limes_context *context, const limes_plan *plan, const limes_tile *rectangle, size_t n,
                                  bool nngp, bool ntk, limes_rectangle_done *done, void *user) LIMES_MUST_USE;

/* Variances of the items of side a: [readouts, N] each, NULL: not wanted. */
limes_status limes_run_diagonal(limes_context *context, const limes_plan *plan, double *nngp, double *ntk) LIMES_MUST_USE;

#endif
