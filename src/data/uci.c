/* Regression tables with fixed splits: data.txt, index_features.txt, index_target.txt, index_{train,test}_SPLIT.txt, all
 * numbers between blanks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/lines.h"
#include "data/table.h"

#define BLANKS " \t,"

static limes_status add_word(limes_lines *lines, limes_table *table, const char *word, size_t column) {
  double number = 0;
  limes_text_kind kind = limes_text_number(lines, word, &number);
  if (kind != LIMES_TEXT_NUMBER)
    return limes_lines_fail(lines, "number %zu ('%.40s') is %s", column, word,
                            kind == LIMES_TEXT_OTHER ? "none" : "not finite; mend it");
  return limes_table_add(lines->context, table, number);
}

/* The numbers of a line behind those of the lines before, which must have as many (columns, 0: not known yet). */
static limes_status add_line(limes_lines *lines, limes_table *table) {
  size_t n = 0;
  char *rest = NULL;
  for (char *word = strtok_r(lines->line, BLANKS, &rest); word != NULL; word = strtok_r(NULL, BLANKS, &rest)) {
    limes_status status = add_word(lines, table, word, ++n);
    if (status != LIMES_OK)
      return status;
  }
  if (n > 0 && table->columns > 0 && n != table->columns)
    return limes_lines_fail(lines, "it has %zu numbers, the lines before it have %zu", n, table->columns);
  table->columns = n > 0 ? n : table->columns;
  return LIMES_OK;
}

static limes_status read_table(limes_context *context, const char *path, limes_table *table) {
  limes_lines lines;
  bool more = true;
  limes_status status = limes_lines_open(context, path, &lines);
  while (status == LIMES_OK && more) {
    status = limes_lines_next(&lines, &more);
    if (status == LIMES_OK && more)
      status = add_line(&lines, table);
  }
  limes_lines_close(&lines);
  if (status == LIMES_OK && table->n == 0)
    return limes_fail(context, LIMES_BAD_INPUT, "%s is empty", path);
  return status;
}

/* Whole numbers below `most`, wherever they stand in the file. */
static limes_status read_indices(limes_context *context, const char *path, size_t most, size_t **index, size_t *n) {
  limes_table table = {0};
  limes_status status = read_table(context, path, &table);
  if (status == LIMES_OK) {
    *n = table.n;
    *index = limes_allocate(context, table.n, sizeof **index);
    status = *index == NULL ? LIMES_NO_MEMORY : LIMES_OK;
  }
  for (size_t i = 0; status == LIMES_OK && i < table.n; i++) {
    double value = table.value[i];
    if (!(value >= 0 && value < (double)most && value == floor(value)))
      status = limes_fail(context, LIMES_BAD_INPUT, "%s: number %zu is %.17g, not a whole number from 0 below %zu", path, i + 1,
                          value, most);
    else
      (*index)[i] = (size_t)value;
  }
  free(table.value);
  return status;
}

typedef struct {
  limes_table table;
  size_t *row, *feature, *target;
  size_t rows, features, targets;
} parts;

typedef struct {
  limes_context *context;
  const char *folder, *inner, *ending; /* ending of data.txt: "" or ".gz" */
} place;

/* The original repository keeps the files in a folder `data` of each set. */
static limes_status find_place(limes_context *context, const char *folder, place *where) {
  static const char *const inner[] = {"", "/data"}, *const ending[] = {"", ".gz"};
  struct stat about;
  if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
    return limes_fail(context, LIMES_BAD_INPUT, "there is no folder %s", folder);
  for (int i = 0; i < 4; i++) {
    char *path = limes_format_text(context, "%s%s/data.txt%s", folder, inner[i / 2], ending[i % 2]);
    if (path == NULL)
      return LIMES_NO_MEMORY;
    bool found = stat(path, &about) == 0;
    free(path);
    *where = (place){context, folder, inner[i / 2], ending[i % 2]};
    if (found)
      return LIMES_OK;
  }
  return limes_fail(context, LIMES_BAD_INPUT, "%s holds no data.txt, nor data.txt.gz, nor a folder data with one of them",
                    folder);
}

static limes_status read_index_file(const place *where, const char *file, size_t most, size_t **index, size_t *n) {
  char *path = limes_format_text(where->context, "%s%s/%s", where->folder, where->inner, file);
  limes_status status = path == NULL ? LIMES_NO_MEMORY : read_indices(where->context, path, most, index, n);
  free(path);
  return status;
}

static limes_status read_parts(limes_context *context, const limes_data_name *name, parts *all) {
  place where = {0};
  limes_status found = find_place(context, name->path, &where);
  if (found != LIMES_OK)
    return found;
  char *data = limes_format_text(context, "%s%s/data.txt%s", name->path, where.inner, where.ending);
  char *split = limes_format_text(context, "index_%s_%s.txt", name->part == LIMES_PART_TRAIN ? "train" : "test", name->inner);
  limes_status status = data == NULL || split == NULL ? LIMES_NO_MEMORY : read_table(context, data, &all->table);
  if (status == LIMES_OK)
    status = read_index_file(&where, "index_features.txt", all->table.columns, &all->feature, &all->features);
  if (status == LIMES_OK)
    status = read_index_file(&where, "index_target.txt", all->table.columns, &all->target, &all->targets);
  if (status == LIMES_OK)
    status = read_index_file(&where, split, limes_table_rows(&all->table), &all->row, &all->rows);
  free(data);
  free(split);
  return status;
}

limes_status limes_read_uci(limes_context *context, const limes_data_name *name, const limes_read_options *options,
                            limes_batch **batch) {
  (void)options;
  parts all = {0};
  size_t first = 0, count = 0;
  if (name->inner == NULL || name->part == LIMES_PART_ALL || strchr(name->inner, '/') != NULL)
    return limes_fail(context, LIMES_WRONG_USE, "uci:%s: say split and part, as uci:DIR:0:train or uci:DIR:0:test", name->path);
  limes_status status = read_parts(context, name, &all);
  if (status == LIMES_OK)
    status = limes_range_resolve(context, &name->range, name->path, all.rows, &first, &count);
  if (status == LIMES_OK)
    status =
        limes_table_batch(context, &all.table, all.row + first, count, all.feature, all.features, all.target, all.targets, batch);
  free(all.table.value);
  free(all.row);
  free(all.feature);
  free(all.target);
  return status;
}
