/* Tables of numbers as text: separated by commas, semicolons or tabs, with or without a header. */
#include <stdlib.h>
#include <string.h>

#include "data/columns.h"
#include "data/lines.h"
#include "data/table.h"

typedef struct {
  char *text;
  bool quoted;
} field;

typedef struct {
  limes_lines lines;
  char separator; /* 0: not known yet */
  field *fields;  /* of the current line, pointing into it */
  size_t n, capacity;
  char **names; /* [named] of the header, owned */
  size_t named, name_capacity;
  limes_table table;
} reading;

/* The first separator outside quotes decides. */
static char find_separator(const char *line) {
  bool inside = false;
  for (; *line != '\0'; line++) {
    inside ^= *line == '"';
    if (!inside && strchr(",;\t", *line) != NULL)
      return *line;
  }
  return ',';
}

/* Takes the quotes off a field that begins with one, in place; "" inside is one quote. Returns what follows it. */
static char *unquote(char *text) {
  char *to = text;
  const char *from = text + 1;
  for (; *from != '\0'; from++) {
    if (*from == '"' && from[1] != '"')
      break;
    from += *from == '"';
    *to++ = *from;
  }
  if (*from != '"')
    return NULL;
  char *rest = (char *)from + 1;
  *to = '\0';
  return rest;
}

static limes_status add_field(reading *csv, field one) {
  void *fields = csv->fields;
  if (!limes_grow(csv->lines.context, &fields, &csv->capacity, csv->n + 1, sizeof *csv->fields))
    return LIMES_NO_MEMORY;
  csv->fields = fields;
  csv->fields[csv->n++] = one;
  return LIMES_OK;
}

static limes_status split(reading *csv) {
  csv->n = 0;
  for (char *at = csv->lines.line; at != NULL;) {
    field one = {.text = at, .quoted = *at == '"'};
    char *rest = one.quoted ? unquote(at) : at;
    if (rest == NULL)
      return limes_lines_fail(&csv->lines, "field %zu has no closing quote", csv->n + 1);
    char *end = strchr(rest, csv->separator);
    if (one.quoted && (end == NULL ? *rest != '\0' : end != rest))
      return limes_lines_fail(&csv->lines, "field %zu goes on behind its closing quote", csv->n + 1);
    if (end != NULL)
      *end = '\0';
    limes_status status = add_field(csv, one);
    if (status != LIMES_OK)
      return status;
    at = end == NULL ? NULL : end + 1;
  }
  return LIMES_OK;
}

static bool is_blank(const char *text) { return text[strspn(text, " \t")] == '\0'; }

/* The next line with something in it, split; *more = false at the end. */
static limes_status next_row(reading *csv, bool *more) {
  limes_status status;
  do
    status = limes_lines_next(&csv->lines, more);
  while (status == LIMES_OK && *more && is_blank(csv->lines.line));
  if (status != LIMES_OK || !*more)
    return status;
  if (csv->separator == 0) {
    if (strncmp(csv->lines.line, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark */
      memmove(csv->lines.line, csv->lines.line + 3, csv->lines.length - 2);
    csv->separator = find_separator(csv->lines.line);
  }
  return split(csv);
}

/* A header has no bare numbers. A line with both is more likely a damaged row, which must not be lost in silence. */
static limes_status is_header(const reading *csv, bool *header) {
  size_t texts = 0, first_text = 0;
  double number;
  for (size_t i = csv->n; i-- > 0;)
    if (csv->fields[i].quoted ||
        (limes_text_number(&csv->lines, csv->fields[i].text, &number) == LIMES_TEXT_OTHER && !is_blank(csv->fields[i].text))) {
      texts++;
      first_text = i;
    }
  *header = texts == csv->n;
  if (texts > 0 && texts < csv->n)
    return limes_lines_fail(
        &csv->lines, "field %zu ('%.40s') is no number but others are; a header needs names only: put numbers in it in quotes",
        first_text + 1, csv->fields[first_text].text);
  return LIMES_OK;
}

static limes_status keep_names(reading *csv) {
  for (size_t i = 0; i < csv->n; i++) {
    void *names = csv->names;
    if (!limes_grow(csv->lines.context, &names, &csv->name_capacity, csv->named + 1, sizeof *csv->names))
      return LIMES_NO_MEMORY;
    csv->names = names;
    csv->names[csv->named] = limes_copy_text(csv->lines.context, csv->fields[i].text);
    if (csv->names[csv->named] == NULL)
      return LIMES_NO_MEMORY;
    csv->named++;
  }
  return LIMES_OK;
}

static limes_status keep_row(reading *csv) {
  if (csv->n != csv->table.columns)
    return limes_lines_fail(&csv->lines, "it has %zu field%s, the lines before it have %zu", csv->n, csv->n == 1 ? "" : "s",
                            csv->table.columns);
  for (size_t i = 0; i < csv->n; i++) {
    double number = 0;
    limes_text_kind kind = limes_text_number(&csv->lines, csv->fields[i].text, &number);
    if (kind == LIMES_TEXT_OTHER && is_blank(csv->fields[i].text))
      return limes_lines_fail(&csv->lines, "field %zu is empty; fill it or remove the line", i + 1);
    if (kind == LIMES_TEXT_OTHER)
      return limes_lines_fail(&csv->lines, "field %zu ('%.40s') is no number", i + 1, csv->fields[i].text);
    if (kind == LIMES_TEXT_NOT_FINITE)
      return limes_lines_fail(&csv->lines, "field %zu is %s, not a finite number; mend it or remove the line", i + 1,
                              csv->fields[i].text);
    limes_status status = limes_table_add(csv->lines.context, &csv->table, number);
    if (status != LIMES_OK)
      return status == LIMES_NO_MEMORY ? status : limes_fail_in(csv->lines.context, status, "%s: ", csv->lines.path);
  }
  return LIMES_OK;
}

static limes_status read_rows(reading *csv) {
  bool more = false, header = false;
  limes_status status = next_row(csv, &more);
  if (status == LIMES_OK && !more)
    return limes_fail(csv->lines.context, LIMES_BAD_INPUT, "%s is empty", csv->lines.path);
  csv->table.columns = csv->n;
  if (status == LIMES_OK)
    status = is_header(csv, &header);
  if (status == LIMES_OK)
    status = header ? keep_names(csv) : keep_row(csv);
  while (status == LIMES_OK && more) {
    status = next_row(csv, &more);
    if (status == LIMES_OK && more)
      status = keep_row(csv);
  }
  return status;
}

/* rows[count] and features[columns], which are filled in */
static limes_status take(const reading *csv, const limes_read_options *options, const size_t *target, size_t first, size_t count,
                         size_t *rows, size_t *features, limes_batch **batch) {
  limes_columns columns = {csv->lines.context, csv->lines.path, csv->names, csv->named, csv->table.columns};
  size_t C = 0;
  for (size_t i = 0; i < count; i++)
    rows[i] = first + i;
  for (size_t c = 0; c < columns.count; c++)
    if (target == NULL || c != *target)
      features[C++] = c;
  limes_status status = limes_columns_arrange(&columns, options->like, features, C);
  if (status == LIMES_OK)
    status = limes_table_batch(columns.context, &csv->table, rows, count, features, C, target, target != NULL, batch);
  if (status == LIMES_OK)
    status = limes_columns_keep(&columns, features, C, *batch);
  if (status != LIMES_OK) {
    limes_batch_destroy(*batch);
    *batch = NULL;
  }
  return status;
}

static limes_status make_batch(const reading *csv, const limes_range *range, const limes_read_options *options,
                               limes_batch **batch) {
  limes_context *context = csv->lines.context;
  limes_columns columns = {context, csv->lines.path, csv->names, csv->named, csv->table.columns};
  size_t first = 0, count = 0, target = 0;
  limes_status status = options->target == NULL ? LIMES_OK : limes_columns_find(&columns, options->target, &target);
  if (status == LIMES_OK)
    status = limes_range_resolve(context, range, csv->lines.path, limes_table_rows(&csv->table), &first, &count);
  if (status != LIMES_OK)
    return status;
  if (options->target != NULL && columns.count == 1)
    return limes_fail(context, LIMES_BAD_INPUT, "%s has one column, and that is the target; features are needed beside it",
                      csv->lines.path);
  size_t *rows = limes_allocate(context, count, sizeof *rows);
  size_t *features = rows == NULL ? NULL : limes_allocate(context, columns.count, sizeof *features);
  status = features == NULL ? LIMES_NO_MEMORY
                            : take(csv, options, options->target == NULL ? NULL : &target, first, count, rows, features, batch);
  free(rows);
  free(features);
  return status;
}

static void free_reading(reading *csv) {
  for (size_t i = 0; i < csv->named; i++)
    free(csv->names[i]);
  free(csv->names);
  free(csv->fields);
  free(csv->table.value);
  limes_lines_close(&csv->lines);
}

limes_status limes_read_csv(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                            limes_batch **batch) {
  reading csv = {0};
  limes_status status = limes_lines_open(context, name->path, &csv.lines);
  if (status == LIMES_OK)
    status = read_rows(&csv);
  if (status == LIMES_OK)
    status = make_batch(&csv, &name->range, options, batch);
  free_reading(&csv);
  return status;
}
