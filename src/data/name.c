#include "data/name.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const limes_reader readers[] = {
    {.prefix = "digits", .parts = true, .read = limes_read_digits},
    {.prefix = "cifar10:", .parts = true, .read = limes_read_cifar},
    {.prefix = "mnist:", .parts = true, .read = limes_read_mnist},
    {.prefix = "imdb:", .parts = true, .read = limes_read_imdb},
    {.prefix = "uci:", .inner = true, .parts = true, .read = limes_read_uci},
    {.ending = ".npy", .read = limes_read_npy},
    {.ending = ".npz", .inner = true, .read = limes_read_npz},
    {.ending = ".h5", .inner = true, .read = limes_read_npz},
    {.ending = ".csv", .read = limes_read_csv},
    {.ending = ".csv.gz", .read = limes_read_csv},
    {.ending = ".svm", .read = limes_read_svm},
};
#define READERS (sizeof readers / sizeof readers[0])

static bool take_count(const char **text, size_t *number) {
  if (!isdigit((unsigned char)**text))
    return false;
  *number = 0;
  for (; isdigit((unsigned char)**text); (*text)++)
    if (!limes_multiply(*number, 10, number) || !limes_add(*number, (size_t)(**text - '0'), number))
      return false;
  return true;
}

/* Takes [first:last] from the end of text, either number may be left out. */
static limes_status take_range(limes_context *context, char *text, limes_range *range) {
  size_t length = strlen(text);
  char *open = strrchr(text, '[');
  *range = (limes_range){.first = 0, .last = SIZE_MAX};
  if (length == 0 || text[length - 1] != ']' || open == NULL)
    return LIMES_OK;
  const char *at = open + 1;
  range->given = true;
  bool good = (*at == ':' || take_count(&at, &range->first)) && *at++ == ':' && (*at == ']' || take_count(&at, &range->last)) &&
              at == text + length - 1;
  if (!good)
    return limes_fail(context, LIMES_WRONG_USE,
                      "'%s' is no range: write [first:last] or [:count], whole numbers from 0, the last one excluded", open);
  *open = '\0';
  return LIMES_OK;
}

/* Takes `:word` from the end of text. */
static bool take_ending(char *text, const char *word) {
  size_t length = strlen(text), tail = strlen(word);
  if (length < tail || strcmp(text + length - tail, word) != 0)
    return false;
  text[length - tail] = '\0';
  return true;
}

static limes_part take_part(char *text) {
  return take_ending(text, ":train") ? LIMES_PART_TRAIN : take_ending(text, ":test") ? LIMES_PART_TEST : LIMES_PART_ALL;
}

/* Where `:INNER` begins behind a file with this ending, or the end of the text; NULL where the text has no such file. */
static char *end_of_file(char *text, const limes_reader *reader) {
  size_t length = strlen(text), ending = strlen(reader->ending);
  if (length > ending && strcmp(text + length - ending, reader->ending) == 0)
    return text + length;
  char *colon = strrchr(text, ':');
  if (!reader->inner || colon == NULL || (size_t)(colon - text) <= ending || strncmp(colon - ending, reader->ending, ending) != 0)
    return NULL;
  return colon;
}

/* Splits what stands behind the prefix, or the file's name, into path and inner. */
static limes_status take_path(limes_context *context, const limes_reader *reader, char *text, limes_data_name *name) {
  char *path = text, *end = text + strlen(text), *inner = NULL;
  if (reader->prefix != NULL) {
    path += strlen(reader->prefix);
    if (reader->inner)
      end = strrchr(path, ':');
  } else
    end = end_of_file(text, reader);
  if (end != NULL && *end == ':') {
    *end = '\0';
    inner = end + 1;
  }
  name->reader = reader;
  name->path = limes_copy_text(context, path);
  if (name->path != NULL && inner != NULL)
    name->inner = limes_copy_text(context, inner);
  return name->path == NULL || (inner != NULL && name->inner == NULL) ? LIMES_NO_MEMORY : LIMES_OK;
}

static const limes_reader *find_reader(char *text) {
  for (size_t i = 0; i < READERS; i++) {
    const char *prefix = readers[i].prefix;
    if (prefix == NULL
            ? end_of_file(text, &readers[i]) != NULL
            : strncmp(text, prefix, strlen(prefix)) == 0 && (text[strlen(prefix)] != '\0') == (strchr(prefix, ':') != NULL))
      return &readers[i];
  }
  return NULL;
}

limes_status limes_name_parse(limes_context *context, const char *text, limes_data_name *name) {
  *name = (limes_data_name){0};
  char *copy = limes_copy_text(context, text);
  if (copy == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = take_range(context, copy, &name->range);
  /* a file's name may end in anything: only formats with parts have them taken off */
  const limes_reader *reader = status == LIMES_OK ? find_reader(copy) : NULL;
  if (status == LIMES_OK && (reader == NULL || reader->parts)) {
    name->part = take_part(copy);
    reader = find_reader(copy);
  }
  if (status == LIMES_OK)
    status = reader == NULL ? limes_name_unknown(context, text)
             : name->part != LIMES_PART_ALL && !reader->parts
                 ? limes_fail(context, LIMES_WRONG_USE, "'%s': %s files have no :train and :test; take a range such as [:100]",
                              text, reader->ending)
                 : take_path(context, reader, copy, name);
  free(copy);
  if (status != LIMES_OK)
    limes_name_free(name);
  return status;
}

void limes_name_free(limes_data_name *name) {
  free(name->path);
  free(name->inner);
  *name = (limes_data_name){0};
}

limes_status limes_range_resolve(limes_context *context, const limes_range *range, const char *what, size_t items, size_t *first,
                                 size_t *count) {
  size_t last = range->given && range->last != SIZE_MAX ? range->last : items;
  if (items == 0)
    return limes_fail(context, LIMES_BAD_INPUT, "%s holds no items", what);
  if (last > items)
    return limes_fail(context, LIMES_BAD_INPUT, "%s has %zu items, the range asks for %zu; make it end at %zu", what, items, last,
                      items);
  *first = range->given ? range->first : 0;
  if (*first >= last)
    return limes_fail(context, LIMES_BAD_INPUT, "%s: the range [%zu:%zu] of its %zu items is empty; the last number is excluded",
                      what, *first, last, items);
  *count = last - *first;
  return LIMES_OK;
}
