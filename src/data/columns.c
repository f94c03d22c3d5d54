#include "data/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/suggest.h"

#define LISTED 10

static const char *next_name(const char *name) { return name + strlen(name) + 1; }

/* ": a, b, c and 5 more" into text. */
static void list_names(const limes_columns *columns, char *text, size_t size) {
  size_t used = 0, shown = columns->named < LISTED ? columns->named : LISTED;
  for (size_t i = 0; i < shown && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%.60s", i == 0 ? "" : ", ", columns->name[i]);
  if (shown < columns->named && used < size)
    snprintf(text + used, size - used, " and %zu more", columns->named - shown);
}

static limes_status no_column(const limes_columns *columns, const char *target) {
  char names[LISTED * 64 + 40] = "", near[160] = "";
  limes_closest closest = limes_closest_to(target, strlen(target));
  for (size_t i = 0; i < columns->named; i++)
    limes_closest_try(&closest, columns->name[i]);
  if (closest.best != NULL)
    snprintf(near, sizeof near, "; did you mean '%.100s'?", closest.best);
  list_names(columns, names, sizeof names);
  if (columns->named > 0)
    return limes_fail(columns->context, LIMES_WRONG_USE, "%s has no column '%s'%s (by name, or by number from 1, it has %zu: %s)",
                      columns->path, target, near, columns->count, names);
  return limes_fail(columns->context, LIMES_WRONG_USE, "%s has no column '%s'; name one of its %zu columns by its number from 1",
                    columns->path, target, columns->count);
}

limes_status limes_columns_find(const limes_columns *columns, const char *target, size_t *column) {
  size_t found = columns->count;
  for (size_t i = 0; i < columns->named; i++) {
    if (strcmp(columns->name[i], target) != 0)
      continue;
    if (found < columns->count)
      return limes_fail(columns->context, LIMES_WRONG_USE, "%s has two columns '%s'; say which by its number, %zu or %zu",
                        columns->path, target, found + 1, i + 1);
    found = i;
  }
  if (found == columns->count) {
    char *end = NULL;
    unsigned long long number = target[0] >= '0' && target[0] <= '9' ? strtoull(target, &end, 10) : 0;
    if (number < 1 || number > columns->count || *end != '\0')
      return no_column(columns, target);
    found = (size_t)number - 1;
  }
  *column = found;
  return LIMES_OK;
}

static bool in_order(const limes_columns *columns, const limes_batch *like, const size_t *features, size_t C) {
  const char *name = like->names;
  for (size_t i = 0; i < C && i < like->features; i++, name = next_name(name))
    if (strcmp(columns->name[features[i]], name) != 0)
      return false;
  return C == like->features;
}

/* The place in features[C] of the column of that name; C where there is none. */
static size_t place_of(const limes_columns *columns, const char *name, const size_t *features, size_t C) {
  size_t place = 0;
  while (place < C && strcmp(columns->name[features[place]], name) != 0)
    place++;
  return place;
}

limes_status limes_columns_arrange(const limes_columns *columns, const limes_batch *like, size_t *features, size_t C) {
  if (like == NULL || like->names == NULL || columns->named == 0 || in_order(columns, like, features, C))
    return LIMES_OK;
  const char *name = like->names;
  for (size_t i = 0; i < like->features; i++, name = next_name(name)) {
    size_t place = i < C ? i + place_of(columns, name, features + i, C - i) : C;
    if (place >= C)
      return limes_fail(columns->context, LIMES_BAD_INPUT, "%s has no column '%s', which the first table has", columns->path,
                        name);
    size_t column = features[place];
    features[place] = features[i];
    features[i] = column;
  }
  if (C > like->features)
    return limes_fail(columns->context, LIMES_BAD_INPUT, "%s has a column '%s', which the first table has not; leave it out",
                      columns->path, columns->name[features[like->features]]);
  return LIMES_OK;
}

limes_status limes_columns_keep(const limes_columns *columns, const size_t *features, size_t C, limes_batch *batch) {
  size_t length = 0, used = 0;
  if (columns->named == 0)
    return LIMES_OK;
  for (size_t i = 0; i < C; i++)
    length += strlen(columns->name[features[i]]) + 1;
  batch->names = limes_allocate(columns->context, length, 1);
  if (batch->names == NULL)
    return LIMES_NO_MEMORY;
  for (size_t i = 0; i < C; i++) {
    size_t size = strlen(columns->name[features[i]]) + 1;
    memcpy(batch->names + used, columns->name[features[i]], size);
    used += size;
  }
  return LIMES_OK;
}
