#include <string.h>

#include "layers/defined.h"
#include "layers/layer_list.h"

#define DECLARE(name) extern const limes_layer_ops limes_layer_##name;
LIMES_LAYER_LIST(DECLARE)

#define ENTRY(name) &limes_layer_##name,
static const limes_layer_ops *const layers[] = {LIMES_LAYER_LIST(ENTRY)};

const limes_layer_ops *const *limes_layers(size_t *count) {
  *count = sizeof layers / sizeof *layers;
  return layers;
}

const limes_layer_ops *limes_layer_find(const char *word) {
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
    if (strcmp(layers[i]->word, word) == 0)
      return layers[i];
  return NULL;
}

const limes_layer_ops *limes_layer_known(const limes_context *context, const char *word) {
  const limes_layer_ops *layer = limes_layer_find(word);
  for (size_t i = 0; layer == NULL && limes_defined(context, i) != NULL; i++)
    if (strcmp(limes_defined(context, i)->word, word) == 0)
      layer = limes_defined(context, i);
  return layer;
}
