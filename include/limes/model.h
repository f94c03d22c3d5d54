/* limes: models, from text or built by calls. */
#ifndef LIMES_MODEL_H
#define LIMES_MODEL_H

#include "limes/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct limes_model limes_model;

/* The model of a text (docs/language.md): "conv(3) relu flatten dense". Errors name line and column, show the line with a
 * caret, and offer the closest word. *model belongs to the caller. */
LIMES_API limes_status limes_model_parse(limes_context *context, const char *text, limes_model **model) LIMES_MUST_USE;

/* What a command line takes for a model: the text itself, "@file", or the name of a shipped model. */
LIMES_API limes_status limes_model_read(limes_context *context, const char *argument, limes_model **model) LIMES_MUST_USE;

LIMES_API void limes_model_destroy(limes_model *model); /* NULL is allowed */

/* Text that parses to the same model, on one line. *text belongs to the caller: limes_free(). */
LIMES_API limes_status limes_model_print(limes_context *context, const limes_model *model, char **text) LIMES_MUST_USE;

/* The builder: the words and keys of the language as calls.
 *
 *     limes_model_create(context, &model);
 *     limes_model_add(context, model, "conv");        limes_model_set(context, model, "filter", "3x3");
 *     limes_model_add(context, model, "relu");
 *     limes_model_open(context, model, "residual");   limes_model_set(context, model, "alpha", "0.5");
 *       limes_model_add(context, model, "dense");
 *     limes_model_close(context, model);
 *
 * add appends a layer; set gives a parameter of the layer added or opened last; open begins a layer with branches (its
 * first branch is open at once), branch begins the next branch, close ends it; straight after branch and close, set goes to
 * the layer that they belong to. A call that fails leaves the model as it was. */
LIMES_API limes_status limes_model_create(limes_context *context, limes_model **model) LIMES_MUST_USE;
LIMES_API limes_status limes_model_add(limes_context *context, limes_model *model, const char *word) LIMES_MUST_USE;
LIMES_API limes_status limes_model_set(limes_context *context, limes_model *model, const char *key, const char *value)
    LIMES_MUST_USE;
LIMES_API limes_status limes_model_set_number(limes_context *context, limes_model *model, const char *key, double value)
    LIMES_MUST_USE;
LIMES_API limes_status limes_model_open(limes_context *context, limes_model *model, const char *word) LIMES_MUST_USE;
LIMES_API limes_status limes_model_branch(limes_context *context, limes_model *model) LIMES_MUST_USE;
LIMES_API limes_status limes_model_close(limes_context *context, limes_model *model) LIMES_MUST_USE;

/* phi(u), or its derivative phi'(u). user is what limes_word_define was given. */
typedef double limes_nonlinearity_callback(void *user, double u);

/* Makes a nonlinearity of the caller's own a word of the language in this context: from here on texts, the builder, limes_dual
 * and limes_word_reference know it. It has one parameter, order=64, the number of Hermite polynomials kept, as tanh has.
 *
 *     limes_word_define(context, "bump", bump, slope_of_bump, NULL);
 *     limes_model_parse(context, "dense bump dense bump(order=128) dense", &model);
 *
 * value and slope are called with any u within 14 deviations of the channels, by several threads at once unless
 * limes_set_threads(context, 1) was called: they must not write to what they share, must give the same number for the same u, and
 * must not call limes. Both must be finite; where they are not, the kernel is LIMES_OUT_OF_DOMAIN, and the sentence says at which
 * u. They and user must live as long as the context; the context owns a copy of the word. Models with the word must not be used
 * with another context nor after this one, and print as a text that only a context with the same word can read. Files of kernels
 * and fits know the word by its name alone: another function under that name is not noticed.
 *
 * The expectations are integrated by quadrature (docs/mathematics.md, section 3), exactly where the function is smooth. What is
 * left out is measured: limes_explain says it, and a computation warns where it is above 1e-6. Kinks and jumps leave out much,
 * least at 0: use relu, leaky_relu, abrelu and their kin where they will do.
 *
 * LIMES_WRONG_USE: word is not a letter and then at most 39 letters, digits and _, is a word of the language or the name of a
 * shipped model, or is defined already. */
LIMES_API limes_status limes_word_define(limes_context *context, const char *word, limes_nonlinearity_callback *value,
                                         limes_nonlinearity_callback *slope, void *user) LIMES_MUST_USE;

/* Shipped models: name, text and one sentence; i counts from 0; NULL past the last one. */
typedef struct limes_shipped_model {
  const char *name, *text, *about;
} limes_shipped_model;
LIMES_API const limes_shipped_model *limes_model_shipped(size_t i);

/* The reference of the words: i counts from 0; NULL past the last one. */
LIMES_API const char *limes_word(size_t i);
/* The reference of one word, made from its parameter table, several lines. NULL word: one line for each word. *text
 * belongs to the caller. An unknown word is LIMES_WRONG_USE and offers the closest one. */
LIMES_API limes_status limes_word_reference(limes_context *context, const char *word, char **text) LIMES_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
