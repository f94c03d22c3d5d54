/* Tiles: blocks of items against blocks of items, over all cores. */
#ifndef LIMES_KERNEL_TILES_H
#define LIMES_KERNEL_TILES_H

#include "base/parallel.h"
#include "kernel/plan.h"
#include "kernel/walk.h"

/* Where results go. A symmetric kernel is computed for items i >= j and written to both places. */
typedef struct limes_sink {
  double *nngp, *ntk;             /* [readouts, rows, stride] of blocks of `cell` numbers; NULL: not wanted */
  double *nngp_error, *ntk_error; /* their standard errors, alike; left alone where nothing is sampled */
  size_t first_row, rows, stride;
  size_t cell;   /* 1, or T x T' where positions are kept */
  bool mirrored; /* symmetric */
} limes_sink;

/* Runs the tiles that fill the sink's rows. what: for progress. */
limes_status limes_run_tiles(limes_context *context, const limes_plan *plan, const char *what, const limes_sink *sink)
    LIMES_MUST_USE;

/* Variances of the items of side a: [readouts, N] each, NULL: not wanted. */
limes_status limes_run_diagonal(limes_context *context, const limes_plan *plan, double *nngp, double *ntk) LIMES_MUST_USE;

#endif
