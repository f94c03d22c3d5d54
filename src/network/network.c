#include "network/network.h"

#include <stdlib.h>

#include "model/place.h"

static limes_status check_batches(limes_context *context, const limes_batch *const *batches, size_t n) {
  if (n == 0)
    return limes_fail(context, LIMES_WRONG_USE, "a network is made for the data it will see: give at least one batch");
  for (size_t k = 1; k < n; k++) {
    bool segments = (batches[k]->segment == NULL) == (batches[0]->segment == NULL);
    if (batches[k]->features != batches[0]->features || batches[k]->axes != batches[0]->axes || !segments)
      return limes_fail(context, LIMES_WRONG_USE,
                        "the data sets of a network differ: the first has %zu features and %u position axes, another one %zu and "
                        "%u%s; give data of one kind",
                        batches[0]->features, batches[0]->axes, batches[k]->features, batches[k]->axes,
                        segments ? "" : ", and only one has segments");
  }
  return LIMES_OK;
}

static limes_status create_sides(limes_context *context, limes_network *network, const limes_batch *const *batches, size_t n) {
  network->side = limes_allocate(context, n, sizeof *network->side);
  network->item_key = limes_allocate(context, n, sizeof *network->item_key);
  if (network->side == NULL || network->item_key == NULL)
    return LIMES_NO_MEMORY;
  uint64_t items = 0;
  for (size_t s = 0; s < n; s++) {
    limes_status status = limes_side_create(context, &network->program, batches[s], &network->side[s]);
    if (status != LIMES_OK)
      return status;
    network->n_side = s + 1;
    network->item_key[s] = items;
    items += batches[s]->items;
  }
  return LIMES_OK;
}

/* Layers that want items of equal positions; the network's channels depend on them. */
static limes_status check_positions(limes_context *context, const limes_network *network) {
  const limes_side **sides = limes_allocate(context, network->n_side, sizeof *sides);
  if (sides == NULL)
    return LIMES_NO_MEMORY;
  for (size_t s = 0; s < network->n_side; s++)
    sides[s] = &network->side[s];
  limes_status status = LIMES_OK;
  for (size_t i = 0; i < network->program.n_op && status == LIMES_OK; i++) {
    const limes_op *op = &network->program.op[i];
    if (op->ops->equal_positions)
      status = limes_sides_equal(context, &network->program, sides, network->n_side, op, op->in[0]);
  }
  free(sides);
  return status;
}

static limes_status build(limes_context *context, const limes_model *model, const limes_batch *const *batches, size_t n,
                          limes_network *network) {
  limes_status status = check_batches(context, batches, n);
  if (status == LIMES_OK)
    status = limes_program_create(context, model, batches[0]->axes, batches[0]->segment != NULL, &network->program);
  if (status == LIMES_OK && network->program.n_readout > 1)
    status =
        limes_fail(context, LIMES_WRONG_USE, "a network has one readout: give correlated_readout one length_scale, not a list");
  if (status == LIMES_OK)
    status = create_sides(context, network, batches, n);
  if (status == LIMES_OK)
    status = check_positions(context, network);
  if (status != LIMES_OK)
    return status;
  network->channels = limes_allocate(context, network->program.n_value, sizeof *network->channels);
  network->member = limes_allocate(context, network->program.n_op, sizeof *network->member);
  if (network->channels == NULL || network->member == NULL)
    return LIMES_NO_MEMORY;
  status = limes_network_widths(context, network);
  return status == LIMES_OK ? limes_network_arrays(context, network) : status;
}

limes_status limes_network_build(limes_context *context, const limes_model *model, const limes_batch *const *batches, size_t n,
                                 const limes_network_settings *settings, bool drawn, limes_network **network) {
  *network = limes_allocate(context, 1, sizeof **network);
  if (*network == NULL)
    return LIMES_NO_MEMORY;
  if (settings != NULL)
    (*network)->settings = *settings;
  limes_status status = build(context, model, batches, n, *network);
  if (status != LIMES_OK) {
    limes_network_destroy(*network);
    *network = NULL;
  } else if (drawn) {
    limes_network_draw(*network, (*network)->settings.draw);
  }
  return status;
}

limes_status limes_network_create(limes_context *context, const limes_model *model, const limes_batch *const *batches, size_t n,
                                  const limes_network_settings *settings, limes_network **network) {
  return limes_network_build(context, model, batches, n, settings, true, network);
}

void limes_network_destroy(limes_network *network) {
  if (network == NULL)
    return;
  for (size_t i = 0; network->member != NULL && i < network->program.n_op; i++)
    free(network->member[i].state);
  for (size_t s = 0; s < network->n_side; s++)
    limes_side_clear(&network->side[s]);
  free(network->side);
  free(network->item_key);
  free(network->channels);
  free(network->member);
  free(network->theta);
  limes_program_clear(&network->program);
  free(network);
}

size_t limes_network_side(const limes_network *network, const limes_batch *batch) {
  size_t s = 0;
  while (s < network->n_side && network->side[s].batch != batch)
    s++;
  return s;
}
