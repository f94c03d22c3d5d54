/* Words of the user's own. */
#include <string.h>

#include "layers/defined.h"
#include "model/lex.h"
#include "model/model.h"
#include "model/suggest.h"

#define LONGEST 40 /* longer words have no closest one (suggest.h) */

static bool is_shipped(const char *name) {
  const limes_shipped_model *shipped;
  for (size_t i = 0; (shipped = limes_model_shipped(i)) != NULL; i++)
    if (strcmp(shipped->name, name) == 0)
      return true;
  return false;
}

static bool is_word(const char *text, size_t length) {
  limes_lexer lexer = {.at = text, .line = 1, .column = 1};
  return length > 0 && length <= LONGEST && text[0] != '_' && limes_lex_word(&lexer) == length;
}

limes_status limes_word_define(limes_context *context, const char *word, limes_nonlinearity_callback *value,
                               limes_nonlinearity_callback *slope, void *user) {
  char quote[LIMES_QUOTE_SIZE];
  size_t length = strnlen(word, LONGEST + 1);
  limes_quote(word, length, quote);
  if (!is_word(word, length))
    return limes_fail(context, LIMES_WRONG_USE,
                      "%s cannot be a word: take a letter, and behind it at most %d letters, digits and _", quote, LONGEST - 1);
  if (limes_layer_known(context, word) != NULL || is_shipped(word))
    return limes_fail(context, LIMES_WRONG_USE, "%s is %s already: take another name", quote,
                      limes_layer_find(word) != NULL ? "a word of the language"
                      : is_shipped(word)             ? "a shipped model"
                                                     : "defined");
  if (value == NULL || slope == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "%s has no %s: a nonlinearity needs both its value and its slope", quote,
                      value == NULL ? "value" : "slope");
  return limes_defined_add(context, word, value, slope, user);
}
