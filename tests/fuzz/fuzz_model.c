/* Any bytes as a model's text: it is refused with an error, or it prints as text that parses and prints as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limes/limes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(limes_context *context, const char *text) {
  limes_model *model = NULL;
  char *printed = NULL;
  if (limes_model_parse(context, text, &model) != LIMES_OK) {
    if (model != NULL || limes_error(context)[0] == '\0')
      abort();
    return NULL;
  }
  if (limes_model_print(context, model, &printed) != LIMES_OK)
    abort();
  limes_model_destroy(model);
  return printed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  limes_context *context = NULL;
  char *text = malloc(size + 1), *first = NULL, *second = NULL;
  if (text == NULL || limes_context_create(&context) != LIMES_OK)
    abort();
  memcpy(text, data, size);
  text[size] = '\0';
  first = print(context, text);
  if (first != NULL) {
    second = print(context, first);
    if (second == NULL || strcmp(first, second) != 0)
      abort();
  }
  limes_free(first);
  limes_free(second);
  free(text);
  limes_context_destroy(context);
  return 0;
}
