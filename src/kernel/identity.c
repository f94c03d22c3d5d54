#include "kernel/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL "kernel_model"
#define ROWS "kernel_rows"
#define COLUMNS "kernel_columns"
#define SHARD "kernel_shard"
#define VERSION "limes_version"

#define THE_ROWS "the rows" /* columns of a symmetric kernel */
#define ALL_TILES "all"     /* no shard */

static void say_items(char *text, size_t size, const limes_batch *batch, size_t items) {
  snprintf(text, size, "%zu items, fingerprint %016" PRIx64, items, limes_batch_fingerprint_first(batch, items));
}

/* The model, and as a comment the seed that a sampled kernel is a function of too */
static limes_status say_model(limes_context *context, const limes_plan *plan, char **text) {
  char *model = NULL;
  limes_status status = limes_model_print(context, plan->program.model, &model);
  if (status != LIMES_OK || plan->replicates == 1) {
    *text = model;
    return status;
  }
  *text = limes_format_text(context, "%s # seed %" PRIu64, model, plan->seed);
  free(model);
  return *text == NULL ? LIMES_NO_MEMORY : LIMES_OK;
}

limes_status limes_identity_create(limes_context *context, const limes_plan *plan, const limes_kernel_file_options *options,
                                   limes_identity *identity) {
  *identity = (limes_identity){0};
  say_items(identity->rows, sizeof identity->rows, plan->a.batch, plan->a.batch->items);
  if (plan->symmetric)
    snprintf(identity->columns, sizeof identity->columns, THE_ROWS);
  else
    say_items(identity->columns, sizeof identity->columns, plan->b.batch, plan->b.batch->items);
  if (options->shards == 0)
    snprintf(identity->shard, sizeof identity->shard, ALL_TILES);
  else
    snprintf(identity->shard, sizeof identity->shard, "%u/%u", options->shard, options->shards);
  return say_model(context, plan, &identity->model);
}

void limes_identity_clear(limes_identity *identity) {
  free(identity->model);
  *identity = (limes_identity){0};
}

void limes_identity_texts(const limes_identity *identity, limes_named_array text[LIMES_IDENTITY_TEXTS]) {
  const limes_named_array all[LIMES_IDENTITY_TEXTS] = {
      {.name = MODEL, .text = identity->model},     {.name = ROWS, .text = identity->rows},
      {.name = COLUMNS, .text = identity->columns}, {.name = SHARD, .text = identity->shard},
      {.name = VERSION, .text = limes_version()},
  };
  memcpy(text, all, sizeof all);
}

void limes_identity_whole(limes_named_array *text) {
  if (text->text != NULL && strcmp(text->name, SHARD) == 0)
    text->text = ALL_TILES;
}

/* comparing */

typedef struct {
  const char *name, *called, *wanted;
  const limes_batch *items; /* NULL: the text names none */
} text_check;

static limes_status differs(limes_context *context, const char *path, const char *what, const char *is, const char *wanted) {
  return limes_fail(context, LIMES_WRONG_USE,
                    "%s holds another kernel (%s there: %s; asked for: %s): remove it, or write to another file", path, what, is,
                    wanted);
}

/* Whether the text names the first items of the batch, which has more. */
static bool is_beginning(const char *text, const limes_batch *batch) {
  char *end = NULL, said[64];
  unsigned long long items = strtoull(text, &end, 10);
  if (end == text || items == 0 || items >= batch->items)
    return false;
  say_items(said, sizeof said, batch, items);
  return strcmp(said, text) == 0;
}

/* One text of the file against the one that is wanted; items: it may name the first items of this batch. */
static limes_status check_text(limes_context *context, const limes_tiled *file, const char *path, const text_check *check,
                               bool *extends) {
  const char *is = NULL;
  limes_status status = limes_tiled_text(context, file, check->name, &is);
  if (status != LIMES_OK || strcmp(is, check->wanted) == 0)
    return status;
  if (check->items == NULL || !is_beginning(is, check->items))
    return differs(context, path, check->called, is, check->wanted);
  *extends = true;
  return LIMES_OK;
}

static limes_status warn_of_version(limes_context *context, const limes_tiled *file, const char *path) {
  const char *version = NULL;
  limes_status status = limes_tiled_text(context, file, VERSION, &version);
  if (status == LIMES_OK && strcmp(version, limes_version()) != 0)
    limes_log(context, LIMES_LOG_WARNING, "%s was begun by limes %s, this is %s: last digits may differ between its tiles", path,
              version, limes_version());
  return status;
}

limes_status limes_identity_check(limes_context *context, const limes_identity *identity, const limes_plan *plan,
                                  const limes_tiled *file, const char *path, bool *extends) {
  const text_check checks[] = {{MODEL, "model", identity->model, NULL},
                               {SHARD, "shard", identity->shard, NULL},
                               {ROWS, "rows", identity->rows, plan->a.batch},
                               {COLUMNS, "columns", identity->columns, plan->b.batch}};
  limes_status status = LIMES_OK;
  *extends = false;
  for (size_t i = 0; i < sizeof checks / sizeof *checks && status == LIMES_OK; i++)
    status = check_text(context, file, path, &checks[i], extends);
  return status == LIMES_OK ? warn_of_version(context, file, path) : status;
}

limes_status limes_identity_same(limes_context *context, const limes_tiled *file, const limes_tiled *other, const char *path) {
  static const char *const names[] = {MODEL, ROWS, COLUMNS};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *is = NULL, *wanted = NULL;
    limes_status status = limes_tiled_text(context, other, names[i], &is);
    if (status == LIMES_OK)
      status = limes_tiled_text(context, file, names[i], &wanted);
    if (status != LIMES_OK)
      return status;
    if (strcmp(is, wanted) != 0)
      return limes_fail(context, LIMES_WRONG_USE, "%s is of another kernel than the first file: %s there, %s in the first", path,
                        is, wanted);
  }
  return LIMES_OK;
}
