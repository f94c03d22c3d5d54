#include "data/vectors.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/lines.h"

#define MOST_SIZE 100000 /* numbers of a vector */

void limes_vectors_free(limes_vectors *vectors) {
  free(vectors->vector);
  free(vectors->known);
  *vectors = (limes_vectors){0};
}

static size_t count_fields(const char *line) {
  size_t n = 0;
  for (line += strspn(line, " "); *line != '\0'; line += strspn(line, " ")) {
    n++;
    line += strcspn(line, " ");
  }
  return n;
}

/* The first line says how long vectors are; word2vec's text form has a line "words size" before it. */
static limes_status allocate(limes_context *context, limes_lines *lines, const limes_words *words, limes_vectors *vectors) {
  bool more = true;
  limes_status status = limes_lines_next(lines, &more);
  if (status == LIMES_OK && more && count_fields(lines->line) == 2 && strspn(lines->line, "0123456789 ") == lines->length)
    status = limes_lines_next(lines, &more);
  if (status != LIMES_OK)
    return status;
  size_t fields = more ? count_fields(lines->line) : 0, count = 0;
  if (fields < 2 || fields > MOST_SIZE)
    return more ? limes_lines_fail(lines, "it is no word with its numbers; give word vectors in GloVe's text form")
                : limes_fail(context, LIMES_BAD_INPUT, "%s is empty", lines->path);
  vectors->size = fields - 1;
  if (!limes_multiply(words->n, vectors->size, &count) || count > limes_memory_limit(context) / sizeof(double))
    return limes_fail(context, LIMES_REFUSED,
                      "%s: vectors of %zu words are more than fit the memory that may be used; take fewer reviews", lines->path,
                      words->n);
  vectors->vector = limes_allocate(context, count, sizeof *vectors->vector);
  vectors->known = vectors->vector == NULL ? NULL : limes_allocate(context, words->n, sizeof *vectors->known);
  return vectors->known == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

static limes_status parse_numbers(const limes_lines *lines, char *text, size_t size, double *vector) {
  char *rest = NULL;
  for (size_t k = 0; k < size; k++) {
    const char *number = strtok_r(k == 0 ? text : NULL, " ", &rest);
    if (number == NULL || limes_text_number(lines, number, &vector[k]) != LIMES_TEXT_NUMBER)
      return limes_lines_fail(lines, "number %zu of the vector is %s; there must be %zu finite ones", k + 1,
                              number == NULL ? "missing" : "none or not finite", size);
    vector[k] += 0.0;
  }
  return strtok_r(NULL, " ", &rest) == NULL ? LIMES_OK : limes_lines_fail(lines, "it has more than %zu numbers", size);
}

/* The current line, if its word is wanted and new. */
static limes_status take_line(limes_lines *lines, const limes_words *words, limes_vectors *vectors) {
  char *end = strchr(lines->line, ' ');
  if (end == NULL)
    return lines->length == 0 ? LIMES_OK : limes_lines_fail(lines, "it is no word with its numbers");
  *end = '\0';
  size_t number = limes_words_find(words, lines->line);
  if (number == SIZE_MAX || vectors->known[number])
    return LIMES_OK;
  vectors->known[number] = true;
  vectors->found++;
  return parse_numbers(lines, end + 1, vectors->size, vectors->vector + number * vectors->size);
}

limes_status limes_vectors_read(limes_context *context, const char *path, const limes_words *words, limes_vectors *vectors) {
  limes_lines lines;
  bool more = true;
  *vectors = (limes_vectors){0};
  limes_status status = limes_lines_open(context, path, &lines);
  if (status == LIMES_OK)
    status = allocate(context, &lines, words, vectors);
  while (status == LIMES_OK && more) {
    status = take_line(&lines, words, vectors);
    if (status == LIMES_OK)
      status = limes_lines_next(&lines, &more);
  }
  limes_lines_close(&lines);
  if (status == LIMES_OK && words->n > 0 && vectors->found == 0)
    status = limes_fail(context, LIMES_BAD_INPUT,
                        "%s has a vector for none of the words of the text; is it the right file, in lower case?", path);
  if (status != LIMES_OK)
    limes_vectors_free(vectors);
  return status;
}
