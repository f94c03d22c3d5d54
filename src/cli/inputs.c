#include "inputs.h"

#include <math.h>
#include <stdlib.h>

limes_status limes_cli_need(cli_session *session, const char *command, const char *option, const char *value) {
  if (value != NULL)
    return LIMES_OK;
  const struct cli_option *wanted = limes_cli_find_option(limes_cli_find_command(command), option);
  return limes_cli_fail(session, LIMES_WRONG_USE, "%s needs --%s: %s", command, option, wanted->help);
}

/* like: the data set read before, NULL for the first. */
static limes_status read_like(cli_session *session, const cli_settings *settings, const char *name, const limes_batch *like,
                              limes_batch **batch) {
  limes_read_options options = {.vectors = settings->vectors,
                                .max_tokens = (size_t)settings->max_tokens,
                                .target = settings->target,
                                .resize = {settings->resize[0], settings->resize[1]},
                                .like = like,
                                .balanced = settings->balanced && like == NULL};
  limes_status status = limes_batch_read(session->context, name, &options, batch);
  if (status == LIMES_OK)
    limes_cli_note(session, "%s: %s", name, limes_batch_summary(*batch));
  return status == LIMES_OK ? limes_cli_check_interrupt(session) : status;
}

limes_status limes_cli_read_batch(cli_session *session, const cli_settings *settings, const char *name, limes_batch **batch) {
  return read_like(session, settings, name, NULL, batch);
}

/* "images with 3 features" */
static void describe(const limes_batch *batch, char *text, size_t size) {
  static const char *const kinds[] = {"items without positions", "sequences", "images"};
  size_t features = limes_batch_features(batch);
  snprintf(text, size, "%s with %zu feature%s", kinds[limes_batch_axes(batch)], features, features == 1 ? "" : "s");
}

static limes_status check_alike(cli_session *session, const cli_inputs *inputs) {
  if (limes_batch_features(inputs->first) == limes_batch_features(inputs->second) &&
      limes_batch_axes(inputs->first) == limes_batch_axes(inputs->second))
    return LIMES_OK;
  char first[80], second[80];
  describe(inputs->first, first, sizeof first);
  describe(inputs->second, second, sizeof second);
  return limes_cli_fail(session, LIMES_WRONG_USE,
                        "the two data sets have different widths: %s holds %s, %s holds %s; they must be alike",
                        inputs->first_name, first, inputs->second_name, second);
}

static limes_status read_model(cli_session *session, const char *text, cli_inputs *inputs) {
  limes_status status = limes_model_read(session->context, text, &inputs->model);
  return status == LIMES_OK ? limes_model_print(session->context, inputs->model, &inputs->model_text) : status;
}

static limes_status normalize(cli_session *session, const cli_settings *settings, cli_inputs *inputs) {
  inputs->first_fingerprint = limes_batch_fingerprint(inputs->first);
  inputs->second_fingerprint = inputs->second == NULL ? 0 : limes_batch_fingerprint(inputs->second);
  const char *kind = settings->normalize < 0 ? NULL : limes_cli_normalizations[settings->normalize];
  limes_status status = limes_normalization_fit(session->context, kind, inputs->first, &inputs->normalization);
  if (status == LIMES_OK)
    status = limes_normalization_apply(session->context, inputs->normalization, inputs->first);
  if (status == LIMES_OK && inputs->second != NULL)
    status = limes_normalization_apply(session->context, inputs->normalization, inputs->second);
  return status;
}

/* A table without the target's column is one of items to predict: it is read as it is where its width is right. */
static limes_status read_second(cli_session *session, const cli_settings *settings, cli_inputs *inputs) {
  limes_status status = read_like(session, settings, inputs->second_name, inputs->first, &inputs->second);
  if (settings->target == NULL || (status != LIMES_WRONG_USE && status != LIMES_BAD_INPUT))
    return status;
  cli_settings plain = *settings;
  plain.target = NULL;
  limes_status alone = read_like(session, &plain, inputs->second_name, inputs->first, &inputs->second);
  if (alone != LIMES_OK && status == LIMES_WRONG_USE) /* there is no such target: what else is wrong says more */
    return alone;
  if (alone == LIMES_OK && limes_batch_features(inputs->second) == limes_batch_features(inputs->first))
    return LIMES_OK;
  limes_batch_destroy(inputs->second);
  inputs->second = NULL;
  return read_like(session, settings, inputs->second_name, inputs->first, &inputs->second); /* for its error */
}

limes_status limes_cli_read_inputs(cli_session *session, const cli_settings *settings, const char *first_name,
                                   const char *second_name, cli_inputs *inputs) {
  double started = limes_cli_now();
  inputs->first_name = first_name;
  inputs->second_name = second_name;
  limes_status status = read_model(session, settings->argument[0], inputs);
  if (status == LIMES_OK)
    status = limes_cli_read_batch(session, settings, first_name, &inputs->first);
  if (status == LIMES_OK && second_name != NULL)
    status = read_second(session, settings, inputs);
  if (status == LIMES_OK && second_name != NULL)
    status = check_alike(session, inputs);
  if (status == LIMES_OK)
    status = normalize(session, settings, inputs);
  inputs->seconds = limes_cli_now() - started;
  return status;
}

void limes_cli_clear_inputs(cli_inputs *inputs) {
  limes_normalization_destroy(inputs->normalization);
  limes_batch_destroy(inputs->second);
  limes_batch_destroy(inputs->first);
  limes_free(inputs->model_text);
  limes_model_destroy(inputs->model);
}

static limes_status whole_targets(cli_session *session, const double *targets, size_t n, const char *name, int64_t *labels) {
  for (size_t i = 0; i < n; i++) {
    if (!(targets[i] >= 0) || targets[i] > 1e6 || targets[i] != floor(targets[i]))
      return limes_cli_fail(session, LIMES_BAD_INPUT,
                            "%s: item %zu has the target %g, and classes are whole numbers from 0; use regress", name, i,
                            targets[i]);
    labels[i] = (int64_t)targets[i];
  }
  return LIMES_OK;
}

limes_status limes_cli_labels(cli_session *session, limes_batch *batch, const char *name, const int64_t **labels,
                              size_t *classes) {
  size_t outputs = 0, n = limes_batch_items(batch);
  *labels = limes_batch_labels(batch, classes);
  const double *targets = limes_batch_targets(batch, &outputs);
  if (*labels != NULL || targets == NULL || outputs != 1)
    return LIMES_OK;
  int64_t *copy = calloc(n, sizeof *copy);
  if (copy == NULL)
    return limes_cli_no_memory(session);
  limes_status status = whole_targets(session, targets, n, name, copy);
  if (status == LIMES_OK)
    status = limes_batch_set_labels(session->context, batch, copy);
  free(copy);
  if (status == LIMES_OK)
    *labels = limes_batch_labels(batch, classes);
  return status;
}
