/* The words of some texts, numbered, and their vectors from a file. */
#ifndef LIMES_DATA_VECTORS_H
#define LIMES_DATA_VECTORS_H

#include "base/context.h"

typedef struct limes_words {
  char *text; /* all words, each ended by NUL */
  size_t bytes, text_capacity;
  size_t *start; /* [n] in text */
  size_t n, capacity;
  size_t *slot; /* [slots] number of a word + 1, 0 empty; slots is a power of two, at most half full */
  size_t slots;
} limes_words;

/* The number of a word, new where it was not there. */
limes_status limes_words_add(limes_context *context, limes_words *words, const char *word, size_t *number) LIMES_MUST_USE;
/* SIZE_MAX where it is not there */
size_t limes_words_find(const limes_words *words, const char *word);
void limes_words_free(limes_words *words);

typedef struct limes_vectors {
  double *vector; /* [words, size]; zeros for unknown words */
  bool *known;    /* [words] */
  size_t size, found;
} limes_vectors;

/* Vectors of the words from FILE.txt or FILE.txt.gz: lines of a word and its numbers (GloVe, word2vec's text form). Only
 * lines of wanted words are parsed. */
limes_status limes_vectors_read(limes_context *context, const char *path, const limes_words *words, limes_vectors *vectors)
    LIMES_MUST_USE;
void limes_vectors_free(limes_vectors *vectors);

#endif
