/* A text cut into words and marks; docs/data.md says how. */
#ifndef LIMES_DATA_TOKENS_H
#define LIMES_DATA_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#define LIMES_MOST_TOKEN 128 /* bytes kept of a token, more are dropped */

typedef struct limes_tokens {
  const char *text;
  size_t bytes, at;
  char token[LIMES_MOST_TOKEN + 8]; /* the current one in lower case, UTF-8, ended by NUL */
  size_t length;
  bool word; /* the current one consists of letters and digits */
} limes_tokens;

/* Moves to the next token; false at the end of the text. Start with {.text = ..., .bytes = ...}. */
bool limes_tokens_next(limes_tokens *tokens);

#endif
