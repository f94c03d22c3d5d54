/* The parameters: their arrays, and how they are drawn. */
#include <stdlib.h>

#include "model/place.h"
#include "network/network.h"

limes_call limes_network_call(const limes_network *network, size_t i) {
  const limes_member *member = &network->member[i];
  return (limes_call){.op = &network->program.op[i],
                      .widths = &member->widths,
                      .state = member->state,
                      .weights = member->weights,
                      .theta = network->theta == NULL ? NULL : network->theta + member->first,
                      .stream = {network->settings.seed, {network->settings.draw, i, 0}}};
}

/* positions before op i of all items of all batches */
static limes_status prepare(limes_context *context, limes_network *network, size_t i) {
  const limes_op *op = &network->program.op[i];
  if (op->ops->finite->prepare == NULL)
    return LIMES_OK;
  size_t items = 0, n = 0;
  for (size_t s = 0; s < network->n_side; s++)
    items += network->side[s].batch->items;
  const limes_grid **grid = limes_allocate(context, items, sizeof *grid);
  if (grid == NULL)
    return LIMES_NO_MEMORY;
  for (size_t s = 0; s < network->n_side; s++)
    for (size_t k = 0; k < network->side[s].batch->items; k++)
      grid[n++] = &network->side[s].grid[op->in[0]][k];
  limes_member *member = &network->member[i];
  limes_status status = op->ops->finite->prepare(context, op, &member->widths, items, grid, &member->state);
  free(grid);
  return status == LIMES_OK ? LIMES_OK : limes_place_error(context, network->program.model, op->line, op->column, status);
}

/* Where the op's arrays stand in its stretch of theta, and how long that is */
static void lay_out(const limes_network *network, limes_member *member) {
  for (unsigned k = 0; k < LIMES_MOST_WEIGHTS; k++) {
    limes_weights *weights = &member->weights[k];
    weights->first = member->count;
    weights->factor = network->settings.parameterization == LIMES_NTK_PARAMETERIZATION ? weights->std : 1;
    if (weights->std > 0)
      member->count = limes_add_capped(member->count, limes_multiply_capped(weights->rows, weights->columns));
  }
}

static limes_units units_at(const limes_network *network, uint32_t value) {
  return (limes_units){.channels = network->channels[value], .axes = network->program.value[value].axes};
}

static limes_status find_arrays(limes_context *context, limes_network *network, size_t i, limes_units *in) {
  const limes_op *op = &network->program.op[i];
  limes_member *member = &network->member[i];
  limes_status status = prepare(context, network, i);
  if (status != LIMES_OK)
    return status;
  limes_units out = units_at(network, op->out);
  for (uint32_t k = 0; k < op->n_in; k++)
    in[k] = units_at(network, op->in[k]);
  limes_call call = limes_network_call(network, i);
  call.in = in;
  call.out = &out;
  if (op->ops->finite->weights != NULL)
    op->ops->finite->weights(&call, member->weights);
  lay_out(network, member);
  member->first = network->parameters;
  network->parameters = limes_add_capped(network->parameters, member->count);
  return LIMES_OK;
}

static limes_status check_fits(limes_context *context, const limes_network *network) {
  uint64_t limit = limes_memory_limit(context);
  size_t bytes = limes_multiply_capped(network->parameters, sizeof(double));
  if (bytes != SIZE_MAX && (limit == 0 || bytes <= limit))
    return LIMES_OK;
  return limes_fail(context, LIMES_REFUSED,
                    "a network of %.3g parameters would take %.3g GB, and %.3g GB may be planned for: take a smaller width, or "
                    "allow more memory",
                    (double)network->parameters, (double)network->parameters * 8e-9, (double)limit / 1e9);
}

limes_status limes_network_arrays(limes_context *context, limes_network *network) {
  size_t most = 1;
  for (size_t i = 0; i < network->program.n_op; i++)
    most = network->program.op[i].n_in > most ? network->program.op[i].n_in : most;
  limes_units *in = limes_allocate(context, most, sizeof *in);
  limes_status status = in == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t i = 0; i < network->program.n_op && status == LIMES_OK; i++)
    status = find_arrays(context, network, i, in);
  free(in);
  if (status == LIMES_OK)
    status = check_fits(context, network);
  if (status != LIMES_OK)
    return status;
  network->theta = limes_allocate(context, network->parameters, sizeof *network->theta);
  if (network->theta == NULL)
    return LIMES_NO_MEMORY;
  limes_network_draw(network, network->settings.draw);
  return LIMES_OK;
}

/* One array: a stream for all of it, or one for each piece. */
static void draw_array(limes_stream stream, unsigned k, const limes_weights *weights, double *theta) {
  size_t n = weights->rows * weights->columns, pieces = weights->piece == NULL ? 1 : weights->pieces;
  for (size_t piece = 0; piece < pieces; piece++) {
    stream.key[2] = k | (weights->piece == NULL ? 0 : (weights->piece[piece] + 1) << 8);
    limes_normal(&stream, 0, n / pieces, theta + piece * (n / pieces));
  }
}

void limes_network_draw(limes_network *network, uint64_t draw) {
  network->settings.draw = draw;
  for (size_t i = 0; i < network->program.n_op; i++) {
    const limes_member *member = &network->member[i];
    for (unsigned k = 0; k < LIMES_MOST_WEIGHTS; k++) {
      const limes_weights *weights = &member->weights[k];
      if (!(weights->std > 0))
        continue;
      double *theta = network->theta + member->first + weights->first;
      draw_array(limes_network_call(network, i).stream, k, weights, theta);
      for (size_t n = 0; weights->factor != weights->std && n < weights->rows * weights->columns; n++)
        theta[n] *= weights->std;
    }
  }
}

size_t limes_network_parameters(const limes_network *network) { return network->parameters; }
const double *limes_network_get(const limes_network *network) { return network->theta; }

void limes_network_set(limes_network *network, const double *theta) {
  for (size_t i = 0; i < network->parameters; i++)
    network->theta[i] = theta[i];
}

bool limes_network_array_at(const limes_network *network, size_t i, limes_network_array *array) {
  for (size_t op = 0; op < network->program.n_op; op++) {
    const limes_member *member = &network->member[op];
    for (unsigned k = 0; k < LIMES_MOST_WEIGHTS; k++) {
      const limes_weights *weights = &member->weights[k];
      if (!(weights->std > 0) || i-- > 0)
        continue;
      const limes_op *of = &network->program.op[op];
      *array = (limes_network_array){.word = of->ops->word,
                                     .name = weights->name,
                                     .layer = op,
                                     .line = of->line,
                                     .column = of->column,
                                     .first = member->first + weights->first,
                                     .rows = weights->rows,
                                     .columns = weights->columns,
                                     .factor = weights->factor,
                                     .std = weights->std};
      return true;
    }
  }
  return false;
}
