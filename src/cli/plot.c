/* limes plot FILE [-o F.png] */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command_list.h"
#include "picture.h"

static const cli_argument arguments[] = {
    {"FILE", ARGUMENT_FILE, .help = "kernels (a file of limes kernel) or predictions (.npz of classify, regress, predict)"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"output", 'o', OPTION_FILE, LIMES_CLI_FIELD(output), .value = "F.png",
     .help = "the picture (.png or .svg); FILE with the ending .png, where it is not given"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, NULL};

static const cli_example examples[] = {
    {"limes plot K.npz", "The heat maps of a kernel file as K.png"},
    {"limes plot predictions.npz -o reliability.svg", "Reliability and confusion matrix of predictions"},
    {.line = NULL},
};

/* An array of the file where it has the rank; without it array->data is NULL. */
static limes_status get(cli_session *session, limes_file *file, const char *name, unsigned rank, limes_named_array *array) {
  limes_status status = limes_file_get(session->context, file, name, array);
  if (status == LIMES_OK && array->data != NULL &&
      (array->rank != rank || array->size[0] == 0 || (rank == 2 && array->size[1] == 0)))
    *array = (limes_named_array){.name = name};
  return status;
}

static const int64_t *labels_of(const limes_named_array *array, size_t n) {
  if (array->integers == NULL || array->size[0] != n)
    return NULL;
  for (size_t i = 0; i < n; i++)
    if (array->integers[i] < 0 || array->integers[i] > 1000000)
      return NULL;
  return array->integers;
}

static limes_status plot_kernels(cli_session *session, const char *path, limes_file *file, bool *drawn) {
  limes_named_array nngp = {0}, ntk = {0}, labels = {0}, against = {0}, model = {0};
  limes_status status = get(session, file, "nngp", 2, &nngp);
  if (status == LIMES_OK)
    status = get(session, file, "ntk", 2, &ntk);
  if (status == LIMES_OK && nngp.data == NULL && ntk.data == NULL)
    status = get(session, file, "data", 2, &nngp); /* a .npy of one kernel */
  if (status == LIMES_OK)
    status = get(session, file, "labels", 1, &labels);
  if (status == LIMES_OK)
    status = get(session, file, "labels_against", 1, &against);
  if (status == LIMES_OK)
    status = limes_file_get(session->context, file, "model", &model);
  const limes_named_array *one = nngp.data != NULL ? &nngp : &ntk;
  *drawn = one->data != NULL;
  if (status != LIMES_OK || !*drawn)
    return status;
  cli_kernel_picture picture = {
      .rows = one->size[0], .columns = one->size[1], .nngp = nngp.data, .ntk = ntk.data, .title = model.text};
  if (ntk.data != NULL && (ntk.size[0] != picture.rows || ntk.size[1] != picture.columns))
    picture.ntk = NULL;
  picture.row_labels = labels_of(&labels, picture.rows);
  picture.column_labels = against.integers != NULL ? labels_of(&against, picture.columns) : labels_of(&labels, picture.columns);
  return limes_cli_plot_kernels(session, path, &picture);
}

static limes_status plot_classes(cli_session *session, const char *path, cli_answer *answer, const limes_named_array *probability,
                                 const limes_named_array *label) {
  if (label->integers == NULL || label->size[0] != probability->size[0])
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s has no array label of the true classes: there is nothing to compare with",
                          answer->name);
  *answer = (struct cli_answer){.kind = LIMES_CLASSIFICATION,
                                .items = probability->size[0],
                                .outputs = probability->size[1],
                                .name = answer->name,
                                .probability = probability->data,
                                .labels = label->integers};
  for (size_t i = 0; i < answer->items; i++)
    if (label->integers[i] < 0 || (size_t)label->integers[i] >= answer->outputs)
      return limes_cli_fail(session, LIMES_BAD_INPUT, "%s: the label of item %zu is none of the %zu classes", answer->name, i,
                            answer->outputs);
  cli_answer_picture picture = {.answer = answer};
  limes_status status = limes_cli_score(session, answer);
  return status == LIMES_OK ? limes_cli_plot_classes(session, path, &picture) : status;
}

static limes_status plot_predictions(cli_session *session, const char *path, limes_file *file, cli_answer *answer, bool *drawn) {
  limes_named_array probability = {0}, label = {0}, mean = {0}, variance = {0}, target = {0}, noise = {0};
  limes_status status = get(session, file, "probability", 2, &probability);
  if (status == LIMES_OK)
    status = get(session, file, "label", 1, &label);
  if (status == LIMES_OK)
    status = get(session, file, "mean", 2, &mean);
  if (status == LIMES_OK)
    status = get(session, file, "variance", 1, &variance);
  if (status == LIMES_OK)
    status = get(session, file, "target", 2, &target);
  if (status == LIMES_OK)
    status = limes_file_get(session->context, file, "noise", &noise);
  *drawn =
      status == LIMES_OK && (probability.data != NULL || (mean.data != NULL && target.data != NULL && variance.data != NULL));
  if (!*drawn)
    return status;
  if (probability.data != NULL)
    return plot_classes(session, path, answer, &probability, &label);
  if (memcmp(mean.size, target.size, 2 * sizeof(size_t)) != 0 || variance.size[0] != mean.size[0])
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s: mean, target and variance are of different sizes", answer->name);
  *answer = (struct cli_answer){.kind = LIMES_REGRESSION,
                                .items = mean.size[0],
                                .outputs = mean.size[1],
                                .name = answer->name,
                                .mean = mean.data,
                                .variance = variance.data,
                                .targets = target.data,
                                .facts.noise = noise.data != NULL ? noise.data[0] : 0};
  cli_answer_picture picture = {.answer = answer};
  status = limes_cli_score(session, answer);
  return status == LIMES_OK ? limes_cli_plot_regression(session, path, &picture) : status;
}

/* FILE with its ending replaced. */
static void default_output(const char *file, char *path, size_t size) {
  snprintf(path, size - 4, "%s", file);
  char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
  if (dot != NULL && (slash == NULL || dot > slash + 1))
    *dot = '\0';
  strcat(path, ".png");
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  char path[4096];
  limes_file *file = NULL;
  cli_answer answer = {.name = settings->argument[0]};
  bool drawn = false;
  if (settings->output != NULL)
    snprintf(path, sizeof path, "%s", settings->output);
  else
    default_output(settings->argument[0], path, sizeof path);
  limes_status status = limes_cli_check_picture(session, "output", path);
  if (status == LIMES_OK)
    status = limes_file_open(session->context, settings->argument[0], &file);
  if (status == LIMES_OK)
    status = plot_predictions(session, path, file, &answer, &drawn);
  if (status == LIMES_OK && !drawn)
    status = plot_kernels(session, path, file, &drawn);
  if (status == LIMES_OK && !drawn)
    status = limes_cli_fail(session, LIMES_BAD_INPUT,
                            "%s holds neither kernels of one matrix each (nngp, ntk) nor predictions (probability and label, or "
                            "mean, variance and target)",
                            settings->argument[0]);
  if (status == LIMES_OK && settings->json)
    status = limes_cli_print_json(session, json_pack("{s:s}", "output", path));
  else if (status == LIMES_OK)
    printf("%s\n", path);
  limes_cli_clear_answer(&answer);
  limes_file_close(file);
  return status;
}

const cli_command limes_cli_plot = {
    .name = "plot",
    .about = "Draws a file of kernels or of predictions",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
