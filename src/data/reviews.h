/* The files of the IMDb reviews, {train,test}/{neg,pos}/ID_RATING.txt, from a folder or a .tar.gz. */
#ifndef LIMES_DATA_REVIEWS_H
#define LIMES_DATA_REVIEWS_H

#include "data/name.h"

typedef struct limes_review {
  limes_part part;
  int positive;     /* the class */
  uint64_t number;  /* ID */
  size_t order;     /* how it was found; later its rank among those of its part and class */
  size_t at, bytes; /* in the buffer: the text, or of a folder the path of its file */
} limes_review;

typedef struct limes_reviews {
  limes_review *review; /* [n] neg, pos, neg, pos ... by number; train before test */
  size_t n, capacity;
  char *buffer;
  size_t bytes, buffer_capacity;
  bool texts; /* whether the buffer has texts, or paths */
  char *text; /* the text read last */
  size_t text_capacity;
  uint64_t limit; /* bytes the buffer may take */
} limes_reviews;

/* Finds the reviews of the part. An archive is read in one pass, its texts kept; of a folder only names are. Free them
 * whatever it returns. */
limes_status limes_reviews_find(limes_context *context, const char *path, limes_part part, limes_reviews *reviews) LIMES_MUST_USE;
/* The text of review i, until the next call. */
limes_status limes_reviews_text(limes_context *context, limes_reviews *reviews, size_t i, const char **text, size_t *bytes)
    LIMES_MUST_USE;
void limes_reviews_free(limes_reviews *reviews);

/* For those who fill it: whether a path names a review of the part, and its entry, whose text is to follow. */
bool limes_review_named(const char *path, limes_part part, limes_review *review);
limes_status limes_reviews_add(limes_context *context, limes_reviews *reviews, const limes_review *review) LIMES_MUST_USE;
/* Appends to the text (or path) of the review added last. */
limes_status limes_reviews_append(limes_context *context, limes_reviews *reviews, const void *bytes, size_t n) LIMES_MUST_USE;
limes_status limes_reviews_archive(limes_context *context, const char *path, limes_part part, limes_reviews *reviews)
    LIMES_MUST_USE;

#endif
