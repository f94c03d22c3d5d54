/* A fit on disk: texts (format, versions, task, model, normalization), the process, the training items. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/fit.h"

#define FORMAT "limes fit 1"
#define FORMAT_WITHOUT_VERSION 10 /* characters of "limes fit " */

static const char *const task_names[] = {"regression", "classification"};

static void add_text(limes_named_array *arrays, size_t *count, const char *name, const char *text) {
  arrays[(*count)++] = (limes_named_array){.name = name, .text = text};
}

static void add_normalization(limes_named_array *arrays, size_t *count, const limes_normalization *normalization) {
  const double *mean = NULL, *scale = NULL;
  size_t n = limes_normalization_values(normalization, &mean, &scale);
  add_text(arrays, count, "normalization", limes_normalization_kind(normalization));
  if (n == 0)
    return;
  arrays[(*count)++] = (limes_named_array){.name = "normalization_mean", .rank = 1, .size = {n}, .data = mean};
  arrays[(*count)++] = (limes_named_array){.name = "normalization_scale", .rank = 1, .size = {n}, .data = scale};
}

limes_status limes_fit_save(limes_context *context, const limes_fit *fit, const char *path) {
  limes_named_array arrays[LIMES_GP_ARRAYS + LIMES_ITEM_ARRAYS + 8];
  size_t count = 0, items = 0, length = strlen(path);
  if (length < 3 || strcmp(path + length - 3, ".h5") != 0)
    return limes_fail(context, LIMES_WRONG_USE, "%s: a fit is kept in HDF5: give a name that ends in .h5", path);
  add_text(arrays, &count, "format", FORMAT);
  add_text(arrays, &count, "limes_version", limes_version());
  add_text(arrays, &count, "task", task_names[fit->kind]);
  add_text(arrays, &count, "model", fit->text);
  if (fit->normalization != NULL)
    add_normalization(arrays, &count, fit->normalization);
  if (fit->kind == LIMES_CLASSIFICATION)
    arrays[count++] = (limes_named_array){.name = "temperature", .data = &fit->temperature};
  count += limes_gp_arrays(fit->gp, arrays + count);
  int64_t *memory = NULL;
  limes_status status = limes_items_arrays(context, fit->train, arrays + count, &items, &memory);
  if (status == LIMES_OK)
    status = limes_file_write(context, path, arrays, count + items);
  free(memory);
  return status;
}

/* The text of that name; lives with the file. */
static limes_status get_text(limes_context *context, limes_file *file, const char *name, const char **text) {
  limes_named_array array = {0};
  limes_status status = limes_file_get(context, file, name, &array);
  if (status == LIMES_OK && array.text == NULL)
    status = limes_fail(context, LIMES_BAD_INPUT, "the text '%s' of the fit is missing: the file is damaged, fit again", name);
  *text = array.text;
  return status;
}

static limes_status check_format(limes_context *context, limes_file *file) {
  limes_named_array array = {0};
  limes_status status = limes_file_get(context, file, "format", &array);
  if (status != LIMES_OK)
    return status;
  if (array.text == NULL || strncmp(array.text, FORMAT, FORMAT_WITHOUT_VERSION) != 0)
    return limes_fail(context, LIMES_BAD_INPUT, "this is no fit: give a file that classify or regress wrote with --save");
  if (strcmp(array.text, FORMAT) != 0)
    return limes_fail(context, LIMES_BAD_INPUT,
                      "the fit's format is '%.40s', and this version reads '%s': fit again, or take the version that wrote it",
                      array.text, FORMAT);
  return LIMES_OK;
}

static limes_status load_task(limes_context *context, limes_file *file, limes_task_kind *kind) {
  const char *text = NULL;
  limes_status status = get_text(context, file, "task", &text);
  if (status != LIMES_OK)
    return status;
  for (int i = LIMES_REGRESSION; i <= LIMES_CLASSIFICATION; i++)
    if (strcmp(text, task_names[i]) == 0) {
      *kind = (limes_task_kind)i;
      return LIMES_OK;
    }
  return limes_fail(context, LIMES_BAD_INPUT,
                    "the fit's task is '%.40s', neither regression nor classification: the file is damaged, fit again", text);
}

static limes_status load_normalization(limes_context *context, limes_file *file, limes_fit *fit) {
  limes_named_array kind = {0}, mean = {0}, scale = {0};
  size_t size[2] = {0, 0};
  limes_status status = limes_file_get(context, file, "normalization", &kind);
  if (status != LIMES_OK || kind.text == NULL)
    return status;
  status = limes_file_get(context, file, "normalization_mean", &mean);
  if (status == LIMES_OK && mean.data != NULL)
    status = limes_gp_find_array(context, file, "normalization_mean", 1, size, &mean);
  if (status == LIMES_OK && mean.data != NULL)
    status = limes_gp_find_array(context, file, "normalization_scale", 1, size, &scale);
  if (status == LIMES_OK)
    status = limes_normalization_restore(context, kind.text, size[0], mean.data, scale.data, &fit->normalization);
  return status;
}

static limes_status load_temperature(limes_context *context, limes_file *file, limes_fit *fit) {
  limes_named_array array = {0};
  if (fit->kind != LIMES_CLASSIFICATION)
    return LIMES_OK;
  limes_status status = limes_gp_find_array(context, file, "temperature", 0, NULL, &array);
  if (status != LIMES_OK)
    return status;
  fit->temperature = array.data[0];
  if (!(fit->temperature > 0 && fit->temperature < HUGE_VAL))
    return limes_fail(context, LIMES_BAD_INPUT, "the fit's temperature is %g: the file is damaged, fit again", fit->temperature);
  return LIMES_OK;
}

static limes_status load_parts(limes_context *context, limes_file *file, limes_fit *fit) {
  limes_status status = load_normalization(context, file, fit);
  if (status == LIMES_OK)
    status = load_temperature(context, file, fit);
  if (status == LIMES_OK)
    status = limes_gp_restore(context, file, &fit->gp);
  if (status == LIMES_OK)
    status = limes_items_restore(context, file, &fit->train);
  if (status == LIMES_OK && limes_batch_items(fit->train) != fit->gp->train)
    status = limes_fail(context, LIMES_BAD_INPUT,
                        "the fit has %zu training items but a solution for %zu: the file is damaged, fit again",
                        limes_batch_items(fit->train), fit->gp->train);
  return status;
}

static limes_status load(limes_context *context, limes_file *file, limes_fit **fit) {
  limes_task_kind kind = LIMES_REGRESSION;
  const char *text = NULL;
  limes_status status = check_format(context, file);
  if (status == LIMES_OK)
    status = load_task(context, file, &kind);
  if (status == LIMES_OK)
    status = get_text(context, file, "model", &text);
  if (status == LIMES_OK)
    status = limes_fit_begin(context, kind, text, fit);
  if (status == LIMES_OK)
    status = load_parts(context, file, *fit);
  return status;
}

limes_status limes_fit_load(limes_context *context, const char *path, limes_fit **fit) {
  limes_file *file = NULL;
  *fit = NULL;
  limes_status status = limes_file_open(context, path, &file);
  if (status != LIMES_OK)
    return status;
  status = load(context, file, fit);
  limes_file_close(file);
  if (status == LIMES_OK)
    return LIMES_OK;
  limes_fit_destroy(*fit);
  *fit = NULL;
  status = status == LIMES_WRONG_USE ? LIMES_BAD_INPUT : status; /* a model that this version does not know */
  bool named = strncmp(limes_error(context), path, strlen(path)) == 0;
  return named || status == LIMES_NO_MEMORY ? status : limes_fail_in(context, status, "%s: ", path);
}
