/* Models around a layer, and models at random: what is accepted is found by asking. */
#ifndef LIMES_TESTS_MODELS_H
#define LIMES_TESTS_MODELS_H

#include "conformance/items.h"
#include "conformance/texts.h"
#include "kernel/plan.h"

enum { MOST_POSITIONS = 150 }; /* of a value: transposed convolutions behind each other would make thousands */

static inline bool is_small(const limes_plan *plan) {
  for (size_t value = 0; value < plan->program.n_value; value++)
    if (plan->a.largest[value].T > MOST_POSITIONS)
      return false;
  return true;
}

/* Whether the model fits the items, and is small enough for a test. readout ABSENT: whatever it leaves */
static inline bool fits(limes_context *context, const char *text, const limes_batch *items, limes_layout readout) {
  limes_model *model = NULL;
  limes_plan plan = {0};
  bool small = true;
  limes_status status = limes_model_parse(context, text, &model);
  if (status == LIMES_OK) {
    status = limes_plan_create(context, model, items, items, true, readout, &plan);
    small = status != LIMES_OK || is_small(&plan);
    if (status == LIMES_OK)
      limes_plan_clear(&plan);
  }
  limes_model_destroy(model);
  if (status != LIMES_OK && status != LIMES_WRONG_USE && status != LIMES_UNABLE)
    fail_msg("%s: %s: %s", text, limes_status_text(status), limes_error(context));
  if (status != LIMES_OK && strlen(limes_error(context)) < 10)
    fail_msg("%s: refused with '%s', which is no sentence", text, limes_error(context));
  return status == LIMES_OK && small;
}

/* text + a readout that leaves one number a pair. which: another one where there are several */
static inline bool read_out(limes_context *context, const limes_batch *items, uint64_t which, char text[CHAIN_TEXT]) {
  static const char *const endings[] = {" dense", " dense global_avg_pool", " dense(b_std=0.2) flatten dense",
                                        " dense attention_pool", " dense attention_pool dense attention_pool"};
  size_t n = strlen(text), ending = sizeof endings / sizeof *endings;
  assert_true(n + 100 < CHAIN_TEXT);
  for (size_t i = 0; i < ending; i++) {
    strcpy(text + n, endings[(i + which) % ending]);
    if (fits(context, text, items, LIMES_SCALAR))
      return true;
  }
  text[n] = 0;
  return false;
}

/* The layer behind what it needs, up to one number a pair. False: it does not go with such items. */
static inline bool model_around(limes_context *context, const char *layer, const limes_batch *items, char text[CHAIN_TEXT]) {
  static const char *const beginnings[] = {"dense(w_std=1.2, b_std=0.3) ", "dense(b_std=0.3) layer_norm ", ""};
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
    snprintf(text, CHAIN_TEXT, "%s%s", beginnings[i], layer);
    if (fits(context, text, items, LIMES_ABSENT) && read_out(context, items, 0, text))
      return true;
  }
  return false;
}

/* random chains */

/* Elementwise words, words with branches and all others, as 2 to 1 to 2: the first are the most. Those by quadrature
 * are slow, and fewer. */
static inline const limes_layer_ops *random_word(random_stream *stream) {
  size_t count = 0, sort = random_count(stream, 0, 4) / 2;
  const limes_layer_ops *const *layers = limes_layers(&count), *ops;
  do {
    ops = layers[random_count(stream, 0, count - 1)];
  } while ((ops->elementwise != NULL) != (sort == 0) || limes_has_branches(ops) != (sort == 2) ||
           (ops->left_out != NULL && random_count(stream, 0, 3) > 0));
  return ops;
}

static inline void extend(limes_context *context, random_stream *stream, const limes_batch *items, unsigned depth, size_t layers,
                          char text[CHAIN_TEXT]);

/* Branches that fit behind the text before them */
static inline void random_branches(limes_context *context, random_stream *stream, const limes_batch *items, unsigned depth,
                                   const limes_layer_ops *ops, const char *before, char branches[LAYER_TEXT]) {
  size_t most = ops->most_branches < 3 ? ops->most_branches : 3, used = 0, start = strlen(before);
  branches[0] = 0;
  for (size_t i = 0, n = most == 0 ? 0 : random_count(stream, ops->least_branches, most); i < n; i++) {
    char text[CHAIN_TEXT];
    strcpy(text, before);
    extend(context, stream, items, depth - 1, random_count(stream, 1, 3), text);
    const char *branch = strlen(text) == start || used + strlen(text) - start > LAYER_TEXT / 2 ? " identity" : text + start;
    used += (size_t)snprintf(branches + used, LAYER_TEXT - used, "%s%s", i == 0 ? "" : " | ", branch + 1);
  }
}

/* A word with some of its parameters; false where they do not go together */
static inline bool random_layer(limes_context *context, random_stream *stream, const limes_batch *items, unsigned depth,
                                const char *before, char layer[LAYER_TEXT]) {
  const limes_layer_ops *ops = random_word(stream);
  char branches[LAYER_TEXT], sample[MOST_SAMPLES][VALUE_TEXT];
  if (depth == 0 && limes_has_branches(ops))
    return false;
  random_branches(context, stream, items, depth, ops, before, branches);
  setting set[MOST_SETTINGS];
  size_t n = 0;
  for (size_t k = 0; k < limes_param_count(ops) && n < 4; k++)
    if (ops->params[k].required || random_count(stream, 0, 3) == 0) {
      set[n].param = &ops->params[k];
      strcpy(set[n++].value, sample[random_count(stream, 0, samples_of(&ops->params[k], sample) - 1)]);
    }
  if (strlen(branches) + (size_t)n * (VALUE_TEXT + 20) + 40 > LAYER_TEXT)
    return false;
  write_layer(ops, branches, n, set, layer);
  return parses(context, layer);
}

/* Up to so many layers more, all of which fit */
static inline void extend(limes_context *context, random_stream *stream, const limes_batch *items, unsigned depth, size_t layers,
                          char text[CHAIN_TEXT]) {
  char layer[LAYER_TEXT];
  for (size_t added = 0, tries = 0; added < layers && tries < 4 * layers; tries++) {
    size_t n = strlen(text);
    if (!random_layer(context, stream, items, depth, text, layer) || n + strlen(layer) + 200 > CHAIN_TEXT)
      continue;
    sprintf(text + n, " %s", layer);
    if (fits(context, text, items, LIMES_ABSENT))
      added++;
    else
      text[n] = 0;
  }
}

/* A chain that fits the items, of up to so many layers, nested at most `depth` deep, and ends in one number a pair: from the
 * place that is returned */
static inline size_t random_chain(limes_context *context, random_stream *stream, const limes_batch *items, unsigned depth,
                                  size_t layers, char text[CHAIN_TEXT]) {
  size_t readout = 0;
  do {
    strcpy(text, random_count(stream, 0, 2) == 0 ? "identity" : "dense(b_std=0.3)");
    extend(context, stream, items, depth, layers, text);
    readout = strlen(text);
  } while (!read_out(context, items, random_bits(stream), text));
  return readout;
}

#endif
