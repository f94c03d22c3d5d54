#include "model/suggest.h"

#include <string.h>

#define LONGEST 40 /* words longer than this have no closest one */
#define SHOWN 36
#define BEGINNING 3 /* what the rest of a word counts of which one is the beginning of the other */

const char *limes_quote(const char *text, size_t length, char out[LIMES_QUOTE_SIZE]) {
  size_t n = 0, kept = length > SHOWN ? SHOWN : length;
  out[n++] = '\'';
  for (size_t i = 0; i < kept; i++)
    if (((unsigned char)text[i] & 0xC0) != 0x80)
      out[n++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
  if (kept < length) {
    memcpy(out + n, "...", 3);
    n += 3;
  }
  out[n++] = '\'';
  out[n] = '\0';
  return out;
}

static char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter; }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Edits between two words of at most LONGEST letters: insertion, deletion, replacement, swap of neighbours. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m) {
  size_t rows[3][LONGEST + 1];
  size_t *before = rows[0], *above = rows[1], *row = rows[2];
  for (size_t j = 0; j <= m; j++)
    above[j] = before[j] = j;
  for (size_t i = 1; i <= n; i++) {
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t other = lower(a[i - 1]) != lower(b[j - 1]);
      row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + other);
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        row[j] = least(row[j], before[j - 2] + 1);
    }
    size_t *oldest = before;
    before = above;
    above = row;
    row = oldest;
  }
  return above[m];
}

static size_t common_beginning(const char *a, size_t n, const char *b, size_t m) {
  size_t i = 0;
  while (i < n && i < m && lower(a[i]) == lower(b[i]))
    i++;
  return i;
}

limes_closest limes_closest_to(const char *text, size_t length) {
  return (limes_closest){.text = text, .length = length, .best = NULL, .distance = SIZE_MAX};
}

void limes_closest_try(limes_closest *closest, const char *candidate) {
  size_t n = closest->length, m = strlen(candidate);
  if (n == 0 || n > LONGEST || m > LONGEST)
    return;
  size_t allowed = (n > m ? n : m) / 3;
  size_t distance = edit_distance(closest->text, n, candidate, m), shared = common_beginning(closest->text, n, candidate, m);
  if (distance > BEGINNING && shared >= 3 && shared == least(n, m))
    distance = allowed = BEGINNING;
  if (distance > (allowed > 1 ? allowed : 1) || distance >= closest->distance)
    return;
  closest->best = candidate;
  closest->distance = distance;
}
