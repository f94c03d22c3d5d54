#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "data/vectors.h"

void limes_words_free(limes_words *words) {
  free(words->text);
  free(words->start);
  free(words->slot);
  *words = (limes_words){0};
}

/* The slot that has the word, or the empty one where it belongs. */
static size_t slot_of(const limes_words *words, const char *word) {
  size_t mask = words->slots - 1, at = (size_t)XXH3_64bits(word, strlen(word)) & mask;
  while (words->slot[at] != 0 && strcmp(words->text + words->start[words->slot[at] - 1], word) != 0)
    at = (at + 1) & mask;
  return at;
}

size_t limes_words_find(const limes_words *words, const char *word) {
  return words->slots == 0 ? SIZE_MAX : words->slot[slot_of(words, word)] - 1;
}

static limes_status widen(limes_context *context, limes_words *words) {
  size_t slots = words->slots == 0 ? 1024 : 2 * words->slots;
  size_t *fresh = limes_allocate(context, slots, sizeof *fresh);
  if (fresh == NULL)
    return LIMES_NO_MEMORY;
  free(words->slot);
  words->slot = fresh;
  words->slots = slots;
  for (size_t i = 0; i < words->n; i++)
    words->slot[slot_of(words, words->text + words->start[i])] = i + 1;
  return LIMES_OK;
}

limes_status limes_words_add(limes_context *context, limes_words *words, const char *word, size_t *number) {
  if (2 * (words->n + 1) > words->slots && widen(context, words) != LIMES_OK)
    return LIMES_NO_MEMORY;
  size_t at = slot_of(words, word), bytes = strlen(word) + 1;
  if (words->slot[at] != 0) {
    *number = words->slot[at] - 1;
    return LIMES_OK;
  }
  void *text = words->text, *start = words->start;
  bool room = limes_grow(context, &text, &words->text_capacity, words->bytes + bytes, 1);
  words->text = text;
  room = room && limes_grow(context, &start, &words->capacity, words->n + 1, sizeof *words->start);
  words->start = start;
  if (!room)
    return LIMES_NO_MEMORY;
  memcpy(words->text + words->bytes, word, bytes);
  words->start[words->n] = words->bytes;
  words->bytes += bytes;
  *number = words->n++;
  words->slot[at] = words->n;
  return LIMES_OK;
}
