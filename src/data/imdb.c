/* IMDb reviews as sequences of word vectors: ragged, T tokens each. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"
#include "data/reviews.h"
#include "data/tokens.h"
#include "data/vectors.h"

#define DEFAULT_TOKENS 500

typedef struct {
  limes_words words;
  size_t *token;     /* [n] numbers of words, all reviews one after another */
  int64_t *sentence; /* [n] numbers of sentences, from 0 in each review */
  size_t n, capacity, sentence_capacity;
  size_t (*size)[2]; /* [count] {1, tokens} of each review; a review without tokens has one position, a zero vector */
  size_t count;
} corpus;

static limes_status add_token(limes_context *context, corpus *texts, const char *word, int64_t sentence) {
  size_t number = 0;
  void *tokens = texts->token, *sentences = texts->sentence;
  if (limes_words_add(context, &texts->words, word, &number) != LIMES_OK ||
      !limes_grow(context, &tokens, &texts->capacity, texts->n + 1, sizeof *texts->token))
    return LIMES_NO_MEMORY;
  texts->token = tokens;
  if (!limes_grow(context, &sentences, &texts->sentence_capacity, texts->n + 1, sizeof *texts->sentence))
    return LIMES_NO_MEMORY;
  texts->sentence = sentences;
  texts->sentence[texts->n] = sentence;
  texts->token[texts->n++] = number;
  return LIMES_OK;
}

static bool is_end_mark(const limes_tokens *tokens) { return tokens->length == 1 && strchr(".!?", tokens->token[0]) != NULL; }

/* A sentence ends behind one of . ! ? or several, unless a letter or digit follows without a blank, as in 7.5. */
static bool ends_sentence(const limes_tokens *tokens) {
  bool sticks = tokens->at < tokens->bytes && isalnum((unsigned char)tokens->text[tokens->at]);
  return is_end_mark(tokens) && !sticks;
}

static limes_status add_text(limes_context *context, corpus *texts, const char *text, size_t bytes, size_t most, size_t i) {
  limes_tokens tokens = {.text = text, .bytes = bytes};
  limes_status status = LIMES_OK;
  int64_t sentence = 0;
  bool ended = false;
  size_t n = 0;
  for (; status == LIMES_OK && n < most && limes_tokens_next(&tokens); n++) {
    sentence += ended && !is_end_mark(&tokens);
    ended = ends_sentence(&tokens) || (ended && is_end_mark(&tokens));
    status = add_token(context, texts, tokens.token, sentence);
  }
  texts->size[i][0] = 1;
  texts->size[i][1] = n;
  return status;
}

static limes_status tokenize(limes_context *context, limes_reviews *reviews, size_t first, size_t most, corpus *texts) {
  texts->size = limes_allocate(context, texts->count, sizeof *texts->size);
  limes_status status = texts->size == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < texts->count; i++) {
    const char *text = NULL;
    size_t bytes = 0;
    status = limes_reviews_text(context, reviews, first + i, &text, &bytes);
    if (status == LIMES_OK)
      status = add_text(context, texts, text, bytes, most, i);
  }
  return status;
}

/* x of each position is the vector of its word. */
static limes_status make_batch(limes_context *context, const corpus *texts, const limes_vectors *vectors, limes_batch **batch) {
  size_t(*size)[2] = limes_allocate(context, texts->count, sizeof *size);
  if (size == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < texts->count; i++) {
    size[i][0] = 1;
    size[i][1] = texts->size[i][1] == 0 ? 1 : texts->size[i][1];
  }
  limes_status status = limes_batch_allocate(context, texts->count, 1, (const size_t(*)[2])size, vectors->size, batch);
  free(size);
  if (status != LIMES_OK)
    return status;
  const size_t *token = texts->token;
  for (size_t i = 0; i < texts->count; i++) {
    double *x = (*batch)->x + (*batch)->start[i] * vectors->size;
    for (size_t t = 0; t < texts->size[i][1]; t++, x += vectors->size)
      memcpy(x, vectors->vector + *token++ * vectors->size, vectors->size * sizeof *x);
  }
  return LIMES_OK;
}

static limes_status set_segments(limes_context *context, const corpus *texts, limes_batch *batch) {
  int64_t *segments = limes_allocate(context, batch->start[batch->items], sizeof *segments);
  if (segments == NULL)
    return LIMES_NO_MEMORY;
  const int64_t *sentence = texts->sentence;
  for (size_t i = 0; i < texts->count; i++)
    for (size_t t = 0; t < texts->size[i][1]; t++)
      segments[batch->start[i] + t] = *sentence++;
  limes_status status = limes_batch_set_segments(context, batch, segments);
  free(segments);
  return status;
}

static limes_status set_labels(limes_context *context, const limes_reviews *reviews, size_t first, limes_batch *batch) {
  int64_t *labels = limes_allocate(context, batch->items, sizeof *labels);
  if (labels == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < batch->items; i++)
    labels[i] = reviews->review[first + i].positive;
  limes_status status = limes_batch_set_labels(context, batch, labels);
  if (status == LIMES_OK)
    limes_batch_raise_classes(batch, 2);
  free(labels);
  return status;
}

static void log_coverage(limes_context *context, const char *path, const corpus *texts, const limes_vectors *vectors) {
  size_t known = 0;
  for (size_t k = 0; k < texts->n; k++)
    known += vectors->known[texts->token[k]];
  limes_log(context, LIMES_LOG_NOTE, "%s: %zu reviews, %zu tokens, %.1f %% of them with a vector; the others are zero vectors",
            path, texts->count, texts->n, 100 * (double)known / (double)(texts->n == 0 ? 1 : texts->n));
}

static limes_status read_range(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                               limes_reviews *reviews, limes_batch **batch) {
  corpus texts = {0};
  limes_vectors vectors = {0};
  size_t first = 0, most = options->max_tokens == 0 ? DEFAULT_TOKENS : options->max_tokens;
  limes_status status = limes_range_resolve(context, &name->range, name->path, reviews->n, &first, &texts.count);
  if (status == LIMES_OK)
    status = tokenize(context, reviews, first, most, &texts);
  if (status == LIMES_OK)
    status = limes_vectors_read(context, options->vectors, &texts.words, &vectors);
  if (status == LIMES_OK)
    status = make_batch(context, &texts, &vectors, batch);
  if (status == LIMES_OK)
    status = set_segments(context, &texts, *batch);
  if (status == LIMES_OK)
    status = set_labels(context, reviews, first, *batch);
  if (status == LIMES_OK)
    log_coverage(context, name->path, &texts, &vectors);
  limes_vectors_free(&vectors);
  limes_words_free(&texts.words);
  free(texts.token);
  free(texts.sentence);
  free(texts.size);
  return status;
}

limes_status limes_read_imdb(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                             limes_batch **batch) {
  if (options->vectors == NULL)
    return limes_fail(context, LIMES_WRONG_USE,
                      "imdb:%s needs word vectors: say --vectors FILE.txt or FILE.txt.gz (GloVe's text form)", name->path);
  limes_reviews reviews;
  limes_status status = limes_reviews_find(context, name->path, name->part, &reviews);
  if (status == LIMES_OK)
    status = read_range(context, name, options, &reviews, batch);
  limes_reviews_free(&reviews);
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}
