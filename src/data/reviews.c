#include "data/reviews.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "store/draft.h"

#define MOST_TEXT (64U << 20) /* bytes of one review */

void limes_reviews_free(limes_reviews *reviews) {
  free(reviews->review);
  free(reviews->buffer);
  free(reviews->text);
  *reviews = (limes_reviews){0};
}

/* Whether the part of path that ends at *end is the word; *end moves before its slash. */
static bool take_folder(const char *path, size_t *end, const char *word) {
  size_t length = strlen(word);
  if (*end < length || strncmp(path + *end - length, word, length) != 0)
    return false;
  size_t before = *end - length;
  if (before > 0 && path[before - 1] != '/')
    return false;
  *end = before > 0 ? before - 1 : 0;
  return true;
}

/* ID_RATING.txt */
static bool parse_file(const char *file, uint64_t *number) {
  const char *at = file;
  *number = 0;
  for (; isdigit((unsigned char)*at); at++)
    if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
      return false;
  if (at == file || *at++ != '_')
    return false;
  const char *rating = at;
  at += strspn(at, "0123456789");
  return at > rating && strcmp(at, ".txt") == 0;
}

bool limes_review_named(const char *path, limes_part part, limes_review *review) {
  const char *slash = strrchr(path, '/');
  *review = (limes_review){0};
  if (slash == NULL || !parse_file(slash + 1, &review->number))
    return false;
  size_t end = (size_t)(slash - path);
  review->positive = take_folder(path, &end, "pos");
  if (!review->positive && !take_folder(path, &end, "neg"))
    return false;
  review->part = take_folder(path, &end, "train")  ? LIMES_PART_TRAIN
                 : take_folder(path, &end, "test") ? LIMES_PART_TEST
                                                   : LIMES_PART_ALL;
  return review->part != LIMES_PART_ALL && (part == LIMES_PART_ALL || part == review->part);
}

limes_status limes_reviews_add(limes_context *context, limes_reviews *reviews, const limes_review *review) {
  void *grown = reviews->review;
  if (!limes_grow(context, &grown, &reviews->capacity, reviews->n + 1, sizeof *review))
    return LIMES_NO_MEMORY;
  reviews->review = grown;
  reviews->review[reviews->n] = *review;
  reviews->review[reviews->n].order = reviews->n;
  reviews->review[reviews->n].at = reviews->bytes;
  reviews->n++;
  return LIMES_OK;
}

limes_status limes_reviews_append(limes_context *context, limes_reviews *reviews, const void *bytes, size_t n) {
  limes_review *last = &reviews->review[reviews->n - 1];
  void *grown = reviews->buffer;
  if (last->bytes + n > MOST_TEXT)
    return limes_fail(context, LIMES_BAD_INPUT, "the review with number %llu has more than %u MB; is it a text?",
                      (unsigned long long)last->number, MOST_TEXT >> 20);
  if (reviews->bytes + n > reviews->limit)
    return limes_fail(context, LIMES_REFUSED, "its reviews are more than the %.3g GB that may be used",
                      (double)reviews->limit / 1e9);
  if (!limes_grow(context, &grown, &reviews->buffer_capacity, reviews->bytes + n, 1))
    return LIMES_NO_MEMORY;
  reviews->buffer = grown;
  memcpy(reviews->buffer + reviews->bytes, bytes, n);
  reviews->bytes += n;
  last->bytes += n;
  return LIMES_OK;
}

static limes_status add_path(limes_context *context, limes_reviews *reviews, const char *path, limes_part part) {
  limes_review review;
  if (!limes_review_named(path, part, &review))
    return LIMES_OK;
  limes_status status = limes_reviews_add(context, reviews, &review);
  return status == LIMES_OK ? limes_reviews_append(context, reviews, path, strlen(path) + 1) : status;
}

/* The files of one folder; a folder that is not there holds none. */
static limes_status list_folder(limes_context *context, const char *folder, limes_part part, limes_reviews *reviews) {
  DIR *stream = opendir(folder);
  limes_status status = LIMES_OK;
  if (stream == NULL)
    return LIMES_OK;
  for (const struct dirent *entry; status == LIMES_OK && (entry = readdir(stream)) != NULL;) {
    char *path = limes_format_text(context, "%s/%s", folder, entry->d_name);
    status = path == NULL ? LIMES_NO_MEMORY : add_path(context, reviews, path, part);
    free(path);
  }
  closedir(stream);
  return status;
}

static limes_status list_folders(limes_context *context, const char *path, const char *inner, limes_part part,
                                 limes_reviews *reviews) {
  static const char *const folders[] = {"train/neg", "train/pos", "test/neg", "test/pos"};
  limes_status status = LIMES_OK;
  for (size_t i = 0; status == LIMES_OK && i < 4; i++) {
    char *folder = limes_format_text(context, "%s/%s%s", path, inner, folders[i]);
    status = folder == NULL ? LIMES_NO_MEMORY : list_folder(context, folder, part, reviews);
    free(folder);
  }
  return status;
}

static int compare(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

static int by_class(const void *left, const void *right) {
  const limes_review *a = left, *b = right;
  int order = compare(a->part, b->part);
  order = order != 0 ? order : compare((uint64_t)a->positive, (uint64_t)b->positive);
  order = order != 0 ? order : compare(a->number, b->number);
  return order != 0 ? order : compare(a->order, b->order);
}

static int by_rank(const void *left, const void *right) {
  const limes_review *a = left, *b = right;
  int order = compare(a->part, b->part);
  order = order != 0 ? order : compare(a->order, b->order);
  return order != 0 ? order : compare((uint64_t)a->positive, (uint64_t)b->positive);
}

/* neg, pos, neg, pos ... by number, so that every beginning is balanced even where numbers are missing. */
static void interleave(limes_reviews *reviews) {
  limes_review *review = reviews->review;
  if (reviews->n == 0)
    return;
  qsort(review, reviews->n, sizeof *review, by_class);
  for (size_t i = 0, rank = 0; i < reviews->n; i++) {
    bool first = i == 0 || review[i].part != review[i - 1].part || review[i].positive != review[i - 1].positive;
    rank = first ? 0 : rank + 1;
    review[i].order = rank;
  }
  qsort(review, reviews->n, sizeof *review, by_rank);
}

static limes_status check_classes(limes_context *context, const limes_reviews *reviews, const char *path) {
  size_t count[2] = {0, 0};
  for (size_t i = 0; i < reviews->n; i++)
    count[reviews->review[i].positive]++;
  if (count[0] > 0 && count[1] > 0)
    return LIMES_OK;
  return limes_fail(context, LIMES_BAD_INPUT,
                    "%s holds %zu negative and %zu positive reviews, named train/neg/ID_RATING.txt and so on; name the folder "
                    "aclImdb or its .tar.gz",
                    path, count[0], count[1]);
}

limes_status limes_reviews_find(limes_context *context, const char *path, limes_part part, limes_reviews *reviews) {
  struct stat about;
  *reviews = (limes_reviews){.limit = limes_memory_limit(context)};
  if (stat(path, &about) != 0)
    return limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read: %s", path, limes_system_text(errno));
  limes_status status;
  if (S_ISDIR(about.st_mode)) {
    status = list_folders(context, path, "", part, reviews);
    if (status == LIMES_OK && reviews->n == 0)
      status = list_folders(context, path, "aclImdb/", part, reviews);
  } else {
    reviews->texts = true;
    status = limes_reviews_archive(context, path, part, reviews);
  }
  if (status == LIMES_OK)
    status = check_classes(context, reviews, path);
  else if (status != LIMES_NO_MEMORY)
    (void)limes_fail_in(context, status, "%s: ", path);
  if (status == LIMES_OK)
    interleave(reviews);
  return status;
}

static limes_status read_file(limes_context *context, limes_reviews *reviews, const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rbe");
  *bytes = 0;
  if (file == NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read: %s", path, limes_system_text(errno));
  limes_status status = LIMES_OK;
  for (size_t got = 1; status == LIMES_OK && got > 0; *bytes += got) {
    void *text = reviews->text;
    if (*bytes > MOST_TEXT)
      status = limes_fail(context, LIMES_BAD_INPUT, "%s has more than %u MB; is it a text?", path, MOST_TEXT >> 20);
    else if (!limes_grow(context, &text, &reviews->text_capacity, *bytes + 4096, 1))
      status = LIMES_NO_MEMORY;
    reviews->text = text;
    got = status == LIMES_OK ? fread(reviews->text + *bytes, 1, 4096, file) : 0;
  }
  if (status == LIMES_OK && ferror(file))
    status = limes_fail(context, LIMES_BAD_INPUT, "%s cannot be read to its end: %s", path, limes_system_text(errno));
  fclose(file);
  return status;
}

limes_status limes_reviews_text(limes_context *context, limes_reviews *reviews, size_t i, const char **text, size_t *bytes) {
  const limes_review *review = &reviews->review[i];
  if (reviews->texts) {
    *text = reviews->buffer + review->at;
    *bytes = review->bytes;
    return LIMES_OK;
  }
  limes_status status = read_file(context, reviews, reviews->buffer + review->at, bytes);
  *text = reviews->text;
  return status;
}
