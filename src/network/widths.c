/* How wide each layer is: what its words say, else what was asked of the network, else the words' defaults. The last layer with
 * weights is as wide as there are outputs. */
#include <stdlib.h>

#include "model/place.h"
#include "network/network.h"

#define LEAST_HEADS 4
#define HEADS_SHARE 16
#define MOST_CHANNELS (1u << 30)

static const limes_finite *finite_of(const limes_op *op) { return op->ops->finite; }

/* The last layers with weights */

typedef struct {
  const limes_program *program;
  const limes_op **maker; /* [n_value] the op that writes the value; NULL: the input */
  uint32_t *readers;      /* [n_value] */
  limes_member *member;   /* [n_op] their `last` is marked */
  bool linear;            /* all that has been passed on the way */
} search;

/* Marks the layers with weights that are last on a way to the value; false where a value on the way serves something else, too,
 * or does not keep the channels of its layer. */
static bool mark_last(search *s, uint32_t value) {
  const limes_op *op = s->maker[value];
  if (op == NULL || s->readers[value] > 1)
    return false;
  if (op->ops->affine) {
    s->member[op - s->program->op].last = true;
    return true;
  }
  s->linear = s->linear && (finite_of(op)->entries != NULL || finite_of(op)->linear);
  bool all = finite_of(op)->channels == NULL;
  for (uint32_t k = 0; all && k < op->n_in; k++)
    all = mark_last(s, op->in[k]);
  return all;
}

static limes_status find_last(limes_context *context, limes_network *network) {
  const limes_program *program = &network->program;
  search s = {.program = program, .member = network->member, .linear = true};
  s.maker = limes_allocate(context, program->n_value, sizeof *s.maker);
  s.readers = limes_allocate(context, program->n_value, sizeof *s.readers);
  limes_status status = s.maker == NULL || s.readers == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  if (status == LIMES_OK) {
    for (size_t i = 0; i < program->n_op; i++) {
      const limes_op *op = &program->op[i];
      s.maker[op->out] = op;
      for (uint32_t k = 0; k < op->n_in; k++)
        s.readers[op->in[k]]++;
    }
    bool all = mark_last(&s, program->readout[0]);
    for (size_t i = 0; i < program->n_op; i++)
      network->member[i].last = network->member[i].last && all;
    network->integrable = all && s.linear;
  }
  free(s.maker);
  free(s.readers);
  return status;
}

/* widths and channels */

static limes_widths widths_of(const limes_op *op, const limes_network_settings *asked, bool last) {
  size_t shared = asked->width == 0 ? 0 : asked->width / HEADS_SHARE > LEAST_HEADS ? asked->width / HEADS_SHARE : LEAST_HEADS;
  size_t width = last && asked->outputs > 0 ? asked->outputs : asked->width;
  return (limes_widths){
      .width = limes_width_of(op, "width", width),
      .heads = limes_width_of(op, "heads", asked->heads > 0 ? asked->heads : shared),
      .key_width = limes_width_of(op, "key_width", asked->key_width > 0 ? asked->key_width : shared),
      .value_width = limes_width_of(op, "value_width", asked->value_width > 0 ? asked->value_width : shared),
  };
}

static limes_status equal_channels(limes_context *context, const limes_op *op, const size_t *in, size_t *out) {
  *out = in[0];
  for (uint32_t k = 1; k < op->n_in; k++)
    if (in[k] != in[0])
      return limes_fail(context, LIMES_WRONG_USE,
                        "the branches of %s have %zu and %zu channels in a finite network: put dense, or layers of equal width, "
                        "into them",
                        op->ops->word, in[0], in[k]);
  return LIMES_OK;
}

/* The smallest grid that holds the positions of every item at the value */
static limes_grid box_of(const limes_network *network, uint32_t value) {
  limes_grid box = network->side[0].grid[value][0];
  for (size_t s = 0; s < network->n_side; s++)
    for (size_t i = 0; i < network->side[s].batch->items; i++)
      for (int axis = 0; axis < 2; axis++)
        box.size[axis] = network->side[s].grid[value][i].size[axis] > box.size[axis] ? network->side[s].grid[value][i].size[axis]
                                                                                     : box.size[axis];
  box.hidden = NULL;
  box.T = box.visible = box.size[0] * box.size[1];
  return box;
}

static limes_status find_channels(limes_context *context, limes_network *network, size_t i, size_t *in) {
  const limes_op *op = &network->program.op[i];
  const limes_finite *finite = finite_of(op);
  size_t *out = &network->channels[op->out];
  for (uint32_t k = 0; k < op->n_in; k++)
    in[k] = network->channels[op->in[k]];
  limes_grid box = box_of(network, op->in[0]);
  limes_status status = finite->channels == NULL ? equal_channels(context, op, in, out)
                                                 : finite->channels(context, op, &network->member[i].widths, in, &box, out);
  if (status == LIMES_OK && (*out == 0 || *out > MOST_CHANNELS))
    status = limes_fail(context, LIMES_REFUSED, "%s would have more channels than can be handled: take a smaller width",
                        op->ops->word);
  return status == LIMES_OK ? LIMES_OK : limes_place_error(context, network->program.model, op->line, op->column, status);
}

static limes_status check_able(limes_context *context, const limes_network *network, const limes_op *op) {
  const limes_finite *finite = finite_of(op);
  const char *why = finite == NULL ? "it has none yet" : finite->unable == NULL ? NULL : finite->unable(op);
  if (why == NULL)
    return LIMES_OK;
  return limes_place_error(context, network->program.model, op->line, op->column,
                           limes_fail(context, LIMES_UNABLE, "%s cannot be sampled at finite width: %s", op->ops->word, why));
}

static limes_status check_outputs(limes_context *context, const limes_network *network) {
  size_t have = network->channels[network->program.readout[0]], asked = network->settings.outputs;
  if (asked == 0 || have == asked)
    return LIMES_OK;
  return limes_fail(
      context, LIMES_WRONG_USE,
      "the network ends with %zu channels, and %zu outputs are asked for: end the model with dense, without a width", have,
      asked);
}

limes_status limes_network_widths(limes_context *context, limes_network *network) {
  const limes_program *program = &network->program;
  size_t most = 1;
  limes_status status = LIMES_OK;
  for (size_t i = 0; i < program->n_op && status == LIMES_OK; i++) {
    most = program->op[i].n_in > most ? program->op[i].n_in : most;
    status = check_able(context, network, &program->op[i]);
  }
  if (status != LIMES_OK)
    return status;
  size_t *in = limes_allocate(context, most, sizeof *in);
  status = in == NULL ? LIMES_NO_MEMORY : find_last(context, network);
  network->channels[0] = network->side[0].batch->features;
  for (size_t i = 0; i < program->n_op && status == LIMES_OK; i++) {
    network->member[i].widths = widths_of(&program->op[i], &network->settings, network->member[i].last);
    status = find_channels(context, network, i, in);
  }
  if (status == LIMES_OK)
    status = check_outputs(context, network);
  free(in);
  return status;
}
