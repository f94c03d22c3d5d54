#include "fitting.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "outputs.h"
#include "picture.h"

const cli_option limes_cli_fitting_options[] = {
    {"train", 0, OPTION_DATA, LIMES_CLI_FIELD(train), .value = "A", .help = "the items to learn from"},
    {"test", 0, OPTION_DATA, LIMES_CLI_FIELD(test), .value = "B",
     .help = "the items to predict; without labels or targets there are no scores"},
    {"save", 0, OPTION_FILE, LIMES_CLI_FIELD(save), .value = "FIT.h5", .help = "keep the fit, for limes predict"},
    {.name = NULL},
};

const cli_option limes_cli_prediction_options[] = {
    {"output", 'o', OPTION_FILE, LIMES_CLI_FIELD(output), .value = "P.csv",
     .help = "the predictions, one row an item: .csv or .npz"},
    {"plot", 0, OPTION_FILE, LIMES_CLI_FIELD(plot), .value = "F.png", .help = "a picture of the result (.png or .svg)"},
    {.name = NULL},
};

limes_gp_options limes_cli_gp_settings(const cli_settings *settings) {
  limes_gp_options options = limes_gp_defaults();
  options.with = (limes_with)settings->with;
  options.noise = settings->noise;
  options.diag_reg = settings->diag_reg;
  options.time = settings->time;
  options.learning_rate = settings->learning_rate;
  return options;
}

static limes_status check(cli_session *session, const cli_settings *settings, const char *name) {
  static const char *const predictions[] = {".csv", ".npz", NULL}, *const fits[] = {".h5", NULL};
  limes_status status = limes_cli_need(session, name, "train", settings->train);
  if (status == LIMES_OK)
    status = limes_cli_need(session, name, "test", settings->test);
  if (status == LIMES_OK)
    status = limes_cli_check_output(session, "output", settings->output, predictions);
  if (status == LIMES_OK)
    status = limes_cli_check_output(session, "save", settings->save, fits);
  if (status == LIMES_OK)
    status = limes_cli_check_picture(session, "plot", settings->plot);
  if (status == LIMES_OK && !isnan(settings->noise) && !isnan(settings->diag_reg))
    return limes_cli_fail(session, LIMES_WRONG_USE, "--noise and --diag-reg say the same in two ways; give one of them");
  return status;
}

static limes_status check_truth(cli_session *session, const cli_settings *settings, limes_task_kind kind, limes_batch *train) {
  size_t outputs = 0;
  const int64_t *labels = NULL;
  if (kind == LIMES_CLASSIFICATION) {
    limes_status status = limes_cli_labels(session, train, settings->train, &labels, &outputs);
    if (status == LIMES_OK && labels == NULL)
      return limes_cli_fail(session, LIMES_BAD_INPUT,
                            "%s has no labels to learn from; a .npz has them as NAME_y, a .csv by --target COLUMN",
                            settings->train);
    if (status == LIMES_OK && outputs < 2)
      return limes_cli_fail(session, LIMES_BAD_INPUT, "%s has items of one class only; there is nothing to tell apart",
                            settings->train);
    return status;
  }
  if (limes_batch_targets(train, &outputs) != NULL)
    return LIMES_OK;
  if (limes_batch_labels(train, &outputs) != NULL)
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s has classes and no targets; use limes classify", settings->train);
  return limes_cli_fail(session, LIMES_BAD_INPUT,
                        "%s has no targets to learn from; a .npz has them as NAME_y, a .csv by --target COLUMN", settings->train);
}

/* What the test data say of themselves has to suit the training data: found before the work. */
static limes_status check_test(cli_session *session, limes_task_kind kind, const cli_inputs *inputs) {
  cli_answer wanted = {.kind = kind, .items = limes_batch_items(inputs->second)};
  const int64_t *labels = NULL;
  limes_status status = LIMES_OK;
  if (kind == LIMES_CLASSIFICATION)
    status = limes_cli_labels(session, inputs->first, inputs->first_name, &labels, &wanted.outputs);
  else
    (void)limes_batch_targets(inputs->first, &wanted.outputs);
  return status == LIMES_OK ? limes_cli_set_truth(session, inputs->second, inputs->second_name, &wanted) : status;
}

/* Classes that are tested and were never taught cannot be answered right: a warning with their items. */
static limes_status warn_unseen(cli_session *session, const cli_inputs *inputs) {
  size_t outputs = 0, tested = 0, unseen = 0, items = limes_batch_items(inputs->second);
  const int64_t *taught = NULL, *labels = NULL;
  limes_status status = limes_cli_labels(session, inputs->first, inputs->first_name, &taught, &outputs);
  if (status == LIMES_OK)
    status = limes_cli_labels(session, inputs->second, inputs->second_name, &labels, &tested);
  if (status != LIMES_OK || labels == NULL)
    return status;
  bool *seen = calloc(outputs, sizeof *seen);
  if (seen == NULL)
    return limes_cli_no_memory(session);
  int64_t one = -1;
  for (size_t i = 0; i < limes_batch_items(inputs->first); i++)
    seen[taught[i]] = true;
  for (size_t i = 0; i < items; i++)
    if ((uint64_t)labels[i] < outputs && !seen[labels[i]]) {
      one = unseen == 0 ? labels[i] : one;
      unseen++;
    }
  if (unseen > 0)
    limes_cli_warn(session, "%zu of the %zu items of %s are of classes that %s has no item of, class %" PRId64 " for one", unseen,
                   items, inputs->second_name, inputs->first_name, one);
  free(seen);
  return LIMES_OK;
}

static limes_status draw(cli_session *session, const cli_settings *settings, const limes_fit *fit, const cli_inputs *inputs,
                         limes_batch *test, const cli_answer *answer) {
  double *kernel = NULL;
  limes_status status = LIMES_OK;
  cli_answer_picture picture = {.answer = answer, .inputs = inputs, .test = test};
  if (settings->plot == NULL)
    return LIMES_OK;
  if (answer->kind == LIMES_REGRESSION)
    return limes_cli_plot_regression(session, settings->plot, &picture);
  if (inputs->first != NULL)
    status = limes_fit_training_kernel(session->context, fit, &kernel, &picture.kernel_items);
  picture.kernel = kernel;
  if (status == LIMES_OK)
    status = limes_cli_plot_classes(session, settings->plot, &picture);
  limes_free(kernel);
  return status;
}

limes_status limes_cli_answer(cli_session *session, const cli_settings *settings, const limes_fit *fit, const cli_inputs *inputs,
                              limes_batch *test, cli_answer *answer) {
  limes_predictions predictions = {0};
  double started = limes_cli_now();
  answer->kind = limes_fit_kind(fit);
  answer->items = limes_batch_items(test);
  answer->outputs = limes_fit_outputs(fit);
  answer->facts = limes_fit_facts(fit);
  answer->temperature = limes_fit_temperature_used(fit);
  answer->readout = limes_fit_readouts(fit, &answer->readouts, &answer->chosen);
  limes_status status = limes_cli_set_truth(session, test, answer->name, answer);
  if (status == LIMES_OK && settings->plot != NULL && answer->kind == LIMES_REGRESSION && answer->targets == NULL)
    limes_cli_warn(session, "%s has no targets: the picture shows predictions only", answer->name);
  if (status == LIMES_OK)
    status = limes_fit_predict(session->context, fit, test, &predictions);
  answer->predict_seconds = limes_cli_now() - started;
  answer->mean = predictions.mean;
  answer->variance = predictions.variance;
  answer->probability = predictions.probability;
  if (status == LIMES_OK)
    status = limes_cli_score(session, answer);
  if (status == LIMES_OK)
    status = limes_cli_check_interrupt(session);
  if (status == LIMES_OK)
    status = limes_cli_write_answer(session, settings->output, answer, inputs);
  if (status == LIMES_OK)
    status = draw(session, settings, fit, inputs, test, answer);
  if (status == LIMES_OK)
    status = limes_cli_print_answer(session, settings, answer);
  limes_predictions_clear(&predictions);
  return status;
}

/* Of several length scales the fit has kept one: files say what they were made of. */
static limes_status take_fitted_text(cli_session *session, const limes_fit *fit, cli_inputs *inputs) {
  char *text = strdup(limes_fit_model_text(fit));
  if (text == NULL)
    return limes_cli_no_memory(session);
  limes_free(inputs->model_text);
  inputs->model_text = text;
  return LIMES_OK;
}

limes_status limes_cli_run_fit(cli_session *session, const cli_settings *settings, const char *name, limes_task_kind kind) {
  cli_inputs inputs = {0};
  limes_fit *fit = NULL;
  cli_answer answer = {.name = settings->test, .with = limes_cli_withs[settings->with]};
  limes_gp_options options = limes_cli_gp_settings(settings);
  limes_status status = check(session, settings, name);
  if (status == LIMES_OK)
    status = limes_cli_read_inputs(session, settings, settings->train, settings->test, &inputs);
  if (status == LIMES_OK)
    status = check_truth(session, settings, kind, inputs.first);
  if (status == LIMES_OK)
    status = check_test(session, kind, &inputs);
  if (status == LIMES_OK && kind == LIMES_CLASSIFICATION)
    status = warn_unseen(session, &inputs);
  double started = limes_cli_now();
  answer.read_seconds = inputs.seconds;
  if (status == LIMES_OK)
    status = limes_fit_create(session->context, inputs.model, inputs.first, inputs.normalization, kind, &options, &fit);
  answer.fit_seconds = limes_cli_now() - started;
  if (status == LIMES_OK)
    status = take_fitted_text(session, fit, &inputs);
  if (status == LIMES_OK)
    status = limes_cli_check_interrupt(session);
  if (status == LIMES_OK && settings->save != NULL)
    status = limes_fit_save(session->context, fit, settings->save);
  if (status == LIMES_OK)
    status = limes_cli_answer(session, settings, fit, &inputs, inputs.second, &answer);
  limes_cli_clear_answer(&answer);
  limes_fit_destroy(fit);
  limes_cli_clear_inputs(&inputs);
  return status;
}
