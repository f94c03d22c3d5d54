/* limes kernel MODEL --data A -o K.h5, and what looks at such a file. */
#include "kernel_store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "outputs.h"
#include "picture.h"
#include "record.h"

/* Tiles have neither errors nor several readouts. */
static bool fills_tiles(const limes_model *model) {
  return !limes_model_sampled(model) && limes_model_readouts(model, NULL) == 1;
}

bool limes_cli_is_store(const cli_settings *settings, const limes_model *model) {
  return limes_cli_ends_with(settings->output, ".h5") && !settings->diagonal && !settings->positions && !settings->layers &&
         (model == NULL || fills_tiles(model));
}

/* "2/8" */
static limes_status read_shard(cli_session *session, const char *text, limes_kernel_file_options *options) {
  int end = 0;
  if (text == NULL)
    return LIMES_OK;
  if (sscanf(text, "%u/%u%n", &options->shard, &options->shards, &end) == 2 && text[end] == '\0' && options->shard > 0 &&
      options->shard <= options->shards)
    return LIMES_OK;
  return limes_cli_fail(session, LIMES_WRONG_USE, "--shard %s is no part of a whole: write --shard 1/4 for the first of four",
                        text);
}

static double share_of(const limes_kernel_file_report *report) {
  return report->tiles == 0 ? 1 : (double)report->done / (double)report->tiles;
}

void limes_cli_print_tiles(const limes_kernel_file_report *report, bool verified) {
  limes_cli_row("tiles", NULL, "%zu of %zu done (%.1f %%)", report->done, report->tiles, 100 * share_of(report));
  if (verified || report->damaged > 0)
    limes_cli_row("damaged", NULL, "%zu", report->damaged);
}

json_t *limes_cli_tiles_json(const char *path, const limes_kernel_file_report *report) {
  return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b}", "output", path, "rows", (json_int_t)report->rows, "columns",
                   (json_int_t)report->columns, "tiles", (json_int_t)report->tiles, "done", (json_int_t)report->done, "damaged",
                   (json_int_t)report->damaged, "complete", report->done == report->tiles);
}

static limes_status print_result(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                                 const limes_kernel_file_report *report, double seconds) {
  char time[32];
  if (settings->json) {
    json_t *object = limes_cli_tiles_json(settings->output, report);
    json_object_set_new(object, "model", json_string(inputs->model_text));
    json_object_set_new(object, "computed", json_integer((json_int_t)report->computed));
    json_object_set_new(object, "seconds", json_real(seconds));
    return limes_cli_print_json(session, object);
  }
  limes_cli_duration(seconds, time, sizeof time);
  printf("%s: %zu x %zu, float64\n\n", settings->output, report->rows, report->columns);
  limes_cli_print_tiles(report, false);
  limes_cli_row("computed now", NULL, "%zu", report->computed);
  limes_cli_row("model", NULL, "%s", inputs->model_text);
  limes_cli_row("normalize", NULL, "%s", limes_normalization_kind(inputs->normalization));
  limes_cli_row("time", NULL, "%s", time);
  if (report->done < report->tiles)
    limes_cli_note(session, "%s waits for its other shards: `limes merge` joins them", settings->output);
  return LIMES_OK;
}

static limes_status read_kernel(cli_session *session, limes_file *file, const char *name, double **data) {
  limes_named_array array = {0};
  limes_status status = limes_file_get(session->context, file, name, &array);
  *data = (double *)array.data;
  return status;
}

/* The picture needs both whole matrices in memory. */
static limes_status plot(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                         const limes_kernel_file_report *report) {
  limes_file *file = NULL;
  size_t classes = 0;
  cli_kernel_picture picture = {.rows = report->rows, .columns = report->columns, .title = inputs->model_text};
  double *nngp = NULL, *ntk = NULL;
  picture.row_labels = picture.column_labels = limes_batch_labels(inputs->first, &classes);
  if (inputs->second != NULL)
    picture.column_labels = limes_batch_labels(inputs->second, &classes);
  limes_status status = limes_file_open(session->context, settings->output, &file);
  if (status == LIMES_OK)
    status = read_kernel(session, file, "nngp", &nngp);
  if (status == LIMES_OK)
    status = read_kernel(session, file, "ntk", &ntk);
  picture.nngp = nngp;
  picture.ntk = ntk;
  if (status == LIMES_OK)
    status = limes_cli_plot_kernels(session, settings->plot, &picture);
  limes_file_close(file);
  return status;
}

limes_status limes_cli_kernel_store(cli_session *session, const cli_settings *settings, const cli_inputs *inputs) {
  cli_record record = {0};
  limes_kernel_file_options options = {.nngp = settings->get != GET_NTK, .ntk = settings->get != GET_NNGP};
  limes_kernel_file_report report;
  double started = limes_cli_now();
  limes_cli_record_inputs(&record, inputs);
  limes_cli_record_labels(&record, inputs);
  options.about = record.array;
  options.n_about = record.count;
  limes_status status = read_shard(session, settings->shard, &options);
  if (status == LIMES_OK && options.shards > 1 && settings->plot != NULL)
    status = limes_cli_fail(session, LIMES_WRONG_USE,
                            "--plot draws the whole kernel, and a shard has only a part of it: draw the "
                            "merged file by `limes plot`");
  if (status == LIMES_OK)
    status =
        limes_kernel_file(session->context, inputs->model, inputs->first, inputs->second, settings->output, &options, &report);
  if (status == LIMES_OK && settings->plot != NULL)
    status = plot(session, settings, inputs, &report);
  return status == LIMES_OK ? print_result(session, settings, inputs, &report, limes_cli_now() - started) : status;
}

/* a file as it is */

/* Texts that say what the kernel is, in the order of the table. */
static const char *const texts[][2] = {
    {"model", "kernel_model"},     {"kernels", "tiled_matrices"}, {"rows", "kernel_rows"},
    {"columns", "kernel_columns"}, {"shard", "kernel_shard"},     {"data", "data"},
    {"against", "against"},        {"normalize", "normalize"},    {"written by", "limes_version"}};
#define TEXTS (sizeof texts / sizeof *texts)

static limes_status show_texts(cli_session *session, const char *path, json_t *object) {
  limes_file *file = NULL;
  limes_status status = limes_file_open(session->context, path, &file);
  for (size_t i = 0; i < TEXTS && status == LIMES_OK; i++) {
    limes_named_array array = {0};
    status = limes_file_get(session->context, file, texts[i][1], &array);
    if (status != LIMES_OK || array.text == NULL)
      continue;
    if (object != NULL)
      json_object_set_new(object, texts[i][1], json_string(array.text));
    else
      limes_cli_row(texts[i][0], NULL, "%s", array.text);
  }
  limes_file_close(file);
  return status;
}

limes_status limes_cli_show_store(cli_session *session, const cli_settings *settings, const char *path, bool verify, bool *is) {
  limes_kernel_file_report report;
  limes_status status = limes_kernel_file_check(session->context, path, verify, is, &report);
  if (status != LIMES_OK || !*is)
    return status;
  json_t *object = settings->json ? limes_cli_tiles_json(path, &report) : NULL;
  if (object == NULL) {
    printf("%s: kernels, %zu x %zu, float64\n\n", path, report.rows, report.columns);
    limes_cli_print_tiles(&report, verify);
  }
  status = show_texts(session, path, object);
  if (object != NULL && status == LIMES_OK)
    status = limes_cli_print_json(session, object);
  else
    json_decref(object);
  if (status == LIMES_OK && report.damaged > 0)
    return limes_cli_fail(session, LIMES_BAD_INPUT,
                          "%s: of its tiles %zu are damaged; the command that made it computes them again", path, report.damaged);
  return status;
}
