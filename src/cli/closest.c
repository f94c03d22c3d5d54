#include <stdlib.h>
#include <string.h>

#include "command.h"

#define LONGEST 63

static size_t least_of(size_t a, size_t b, size_t c) {
  size_t least = a < b ? a : b;
  return least < c ? least : c;
}

/* Edits that make b of a: insert, delete, replace, swap neighbours. Words longer than LONGEST are infinitely far. */
static size_t distance(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b);
  if (n > LONGEST || m > LONGEST)
    return SIZE_MAX;
  size_t before[LONGEST + 1], last[LONGEST + 1], row[LONGEST + 1];
  for (size_t j = 0; j <= m; j++)
    before[j] = last[j] = j;
  for (size_t i = 1; i <= n; i++) {
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      row[j] = least_of(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
        row[j] = before[j - 2] + 1;
    }
    memcpy(before, last, sizeof before);
    memcpy(last, row, sizeof last);
  }
  return last[m];
}

const char *limes_cli_closest(const char *word, candidate *next, const void *user) {
  const char *best = NULL;
  size_t nearest = strlen(word) / 3 + 2; /* a third of the letters may be wrong */
  for (size_t i = 0; next(i, user) != NULL; i++) {
    const char *name = next(i, user);
    size_t far = strncmp(name, word, strlen(word)) == 0 && strlen(word) >= 2 ? 0 : distance(word, name);
    if (far < nearest) {
      nearest = far;
      best = name;
    }
  }
  return best;
}
