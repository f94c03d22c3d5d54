/* The closest known word to one that is not known, and how a user's text is quoted in a sentence. */
#ifndef LIMES_MODEL_SUGGEST_H
#define LIMES_MODEL_SUGGEST_H

#include <stddef.h>
#include <stdint.h>

#define LIMES_QUOTE_SIZE 48

/* The text between quotation marks, cut where it is long, with '?' for what is not printable ASCII. Returns out. */
const char *limes_quote(const char *text, size_t length, char out[LIMES_QUOTE_SIZE]);

typedef struct limes_closest {
  const char *text; /* [length] what the user wrote */
  size_t length;
  const char *best; /* NULL: nothing is close enough */
  size_t distance;
} limes_closest;

limes_closest limes_closest_to(const char *text, size_t length);

/* Takes the candidate where it is closer than those before: letters wrong, missing, too many or swapped, or a beginning. */
void limes_closest_try(limes_closest *closest, const char *candidate);

#endif
