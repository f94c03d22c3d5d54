/* Positional embeddings join features (docs/mathematics.md, sections 5 and 10): sum adds them, only takes their place, concat
 * puts them beside. There features are scaled by sqrt((1 - share) C~ / C), embeddings by sqrt(share C~ / C_p), C~ = C + C_p, so
 * that the mean over channels has the limit's shares whatever C and C_p are; both are 1 where share = C_p / C~ exactly. C_p grows
 * with the op's width where the features are fewer, as those of the data may be; the C embeddings of sum cannot.
 */
#include "layers/attention_positions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layers/positions_basis.h"

#define MOST_POSITIONS 8192 /* whose covariance is factorized */

/* One block of memory: this, then factor, then key. */
typedef struct {
  uint32_t box[2];
  size_t basis;
  double *factor;
  uint64_t *key; /* NULL: not of single positions */
} positions;

limes_encoding limes_encoding_of(const limes_attention *p, const limes_widths *widths, size_t channels) {
  limes_encoding made = {.features = channels, .joined = channels, .feature_scale = 1};
  double features, square;
  limes_attention_mixture(p, &features, &square);
  if (p->position == LIMES_POSITION_NONE)
    return made;
  size_t wide = channels > widths->width ? channels : widths->width;
  made.embeddings = channels;
  made.embedding_scale = 1;
  if (p->position == LIMES_POSITION_ONLY) {
    made.embeddings = made.joined = wide;
    made.feature_scale = 0;
  }
  if (p->position != LIMES_POSITION_CONCAT)
    return made;
  double n = (double)channels, beside = (double)wide * (features > 0 ? (1 - features) / features : 1);
  made.embeddings = beside < 1 ? 1 : (size_t)nearbyint(beside);
  made.joined = channels + made.embeddings;
  made.embeddings_at = channels;
  made.feature_scale = sqrt(features * (double)made.joined / n);
  made.embedding_scale = sqrt((1 - features) * (double)made.joined / (double)made.embeddings);
  return made;
}

static const limes_grid *item_with_most(size_t items, const limes_grid *const *grid) {
  const limes_grid *largest = grid[0];
  for (size_t i = 0; i < items; i++)
    largest = grid[i]->T > largest->T ? grid[i] : largest;
  return largest;
}

static limes_status check_size(limes_context *context, const limes_decay *decay, size_t basis) {
  if (decay->kind == LIMES_DECAY_RELATIVE && basis == SIZE_MAX)
    return limes_fail(context, LIMES_WRONG_USE,
                      "a finite network has no embeddings with decay=relative and decay_rate=%g: give a rate below 1000",
                      decay->rate);
  if (basis > MOST_POSITIONS)
    return limes_fail(context, LIMES_REFUSED,
                      "embeddings of a finite network need a factor of order %zu, and %d is the most: take smaller items, or a "
                      "smaller decay_rate with decay=relative",
                      basis, MOST_POSITIONS);
  return LIMES_OK;
}

limes_status limes_encoding_prepare(limes_context *context, const limes_op *op, const limes_widths *widths, size_t items,
                                    const limes_grid *const *grid, void **state) {
  (void)widths;
  const limes_attention *p = op->param;
  limes_decay decay = limes_attention_decay(p);
  positions measured = {0};
  if (p->position == LIMES_POSITION_NONE || items == 0)
    return LIMES_OK;
  const limes_grid *largest = item_with_most(items, grid);
  limes_box_of(items, grid, measured.box);
  measured.basis = limes_basis_size(&decay, largest->axes, measured.box);
  limes_status status = check_size(context, &decay, measured.basis);
  if (status == LIMES_OK)
    status = limes_attention_examine(context, op, largest, "a finite network");
  if (status != LIMES_OK)
    return status;
  size_t numbers = limes_basis_factor_size(&decay, measured.box), keys = numbers > 0 ? measured.basis : 0;
  positions *made = limes_allocate(context, 1, sizeof *made + (numbers + keys) * sizeof(double));
  if (made == NULL)
    return LIMES_NO_MEMORY;
  *made = measured;
  made->factor = (double *)(made + 1);
  made->key = keys > 0 ? (uint64_t *)(made->factor + numbers) : NULL;
  limes_basis_prepare(&decay, made->box, made->factor);
  if (keys > 0)
    limes_basis_keys(made->box, made->key);
  *state = made;
  return LIMES_OK;
}

void limes_encoding_block(const limes_attention *p, const limes_encoding *encoding, const void *state, limes_weights *weights) {
  const positions *place = state;
  if (p->position == LIMES_POSITION_NONE || place == NULL)
    return;
  *weights = (limes_weights){.name = "embeddings", .rows = place->basis, .columns = encoding->embeddings, .std = p->position_std};
  weights->piece = place->key;
  weights->pieces = place->key == NULL ? 0 : place->basis;
}

/* items of one size that follow one another */

typedef struct {
  size_t first, end;
} run;

static bool next_run(const limes_units *units, run *at) {
  at->first = at->end;
  if (at->first == units->items)
    return false;
  const limes_grid *grid = &units->grid[at->first];
  for (at->end = at->first + 1; at->end < units->items; at->end++)
    if (units->grid[at->end].size[0] != grid->size[0] || units->grid[at->end].size[1] != grid->size[1])
      break;
  return true;
}

size_t limes_encoding_scratch(const limes_call *call, const limes_encoding *encoding) {
  const positions *place = call->state;
  uint32_t most = 0;
  for (size_t i = 0; i < call->in->items; i++)
    most = call->in->grid[i].T > most ? call->in->grid[i].T : most;
  return place == NULL ? 0 : limes_multiply_capped(most, place->basis + encoding->embeddings);
}

/* to += scale from: n channels of each row, which are from_row and to_row apart */
static void add_columns(size_t rows, size_t n, double scale, const double *from, size_t from_row, double *to, size_t to_row) {
  for (size_t row = 0; row < rows; row++)
    limes_add_multiple(n, scale, from + row * from_row, to + row * to_row);
}

/* table[T, embeddings]: embeddings at the positions of one run's items */
static void add_embeddings(const limes_call *call, const limes_encoding *e, unsigned block, const double *theta, double *scratch,
                           double *joined) {
  const positions *place = call->state;
  limes_decay decay = limes_attention_decay(call->op->param);
  const limes_units *in = call->in;
  for (run at = {0}; next_run(in, &at);) {
    const limes_grid *grid = &in->grid[at.first];
    double *rows = scratch, *table = scratch + grid->T * place->basis;
    limes_basis_rows(&decay, place->box, place->factor, grid, rows);
    limes_multiply_units(grid->T, place->basis, e->embeddings, call->weights[block].factor * e->embedding_scale, rows, theta,
                         false, table);
    for (size_t i = at.first; i < at.end; i++)
      add_columns(grid->T, e->embeddings, 1, table, e->embeddings, joined + in->start[i] * e->joined + e->embeddings_at,
                  e->joined);
  }
}

void limes_encode(const limes_call *call, const limes_encoding *encoding, unsigned block, const double *features,
                  const double *theta, double *scratch, double *joined) {
  size_t rows = limes_rows(call->in);
  const double *embeddings = limes_part(call, theta, block);
  memset(joined, 0, rows * encoding->joined * sizeof *joined);
  if (features != NULL && encoding->feature_scale > 0)
    add_columns(rows, encoding->features, encoding->feature_scale, features, encoding->features, joined, encoding->joined);
  if (embeddings != NULL)
    add_embeddings(call, encoding, block, embeddings, scratch, joined);
}

static void embeddings_adjoint(const limes_call *call, const limes_encoding *e, unsigned block, const double *joined,
                               double *scratch, double *theta) {
  const positions *place = call->state;
  limes_decay decay = limes_attention_decay(call->op->param);
  const limes_units *in = call->in;
  for (run at = {0}; next_run(in, &at);) {
    const limes_grid *grid = &in->grid[at.first];
    double *rows = scratch, *table = scratch + grid->T * place->basis;
    limes_basis_rows(&decay, place->box, place->factor, grid, rows);
    memset(table, 0, grid->T * e->embeddings * sizeof *table);
    for (size_t i = at.first; i < at.end; i++)
      add_columns(grid->T, e->embeddings, 1, joined + in->start[i] * e->joined + e->embeddings_at, e->joined, table,
                  e->embeddings);
    limes_multiply_weights(grid->T, place->basis, e->embeddings, call->weights[block].factor * e->embedding_scale, rows, table,
                           theta);
  }
}

void limes_encode_adjoint(const limes_call *call, const limes_encoding *encoding, unsigned block, const double *joined,
                          double *scratch, double *features, double *theta) {
  double *embeddings = limes_part_of(call, theta, block);
  if (features != NULL && encoding->feature_scale > 0)
    add_columns(limes_rows(call->in), encoding->features, encoding->feature_scale, joined, encoding->joined, features,
                encoding->features);
  if (embeddings != NULL)
    embeddings_adjoint(call, encoding, block, joined, scratch, embeddings);
}
