/* limes predict FIT.h5 --test B */
#include <math.h>

#include "fitting.h"
#include "predict.h"

/* What a fit has fixed cannot be asked for again. */
static limes_status check_options(cli_session *session, const cli_settings *settings) {
  if (!isnan(settings->noise) || !isnan(settings->diag_reg) || !isinf(settings->time) || settings->learning_rate != 1)
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "a saved fit has its noise, time and learning rate already; fit again to change them");
  if (settings->with != LIMES_WITH_NNGP)
    return limes_cli_fail(session, LIMES_WRONG_USE, "a saved fit was made with its own process already; leave --with out");
  if (settings->balanced)
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "--balanced is for training data, which a saved fit has no need of; leave it out");
  if (settings->normalize >= 0)
    return limes_cli_fail(session, LIMES_WRONG_USE, "a saved fit has its normalization already; leave --normalize out");
  return LIMES_OK;
}

limes_status limes_cli_predict_fit(cli_session *session, const cli_settings *settings) {
  limes_fit *fit = NULL;
  limes_batch *test = NULL;
  cli_inputs inputs = {0}; /* the training items are no longer known, the model is */
  cli_answer answer = {.name = settings->test};
  double started = limes_cli_now();
  limes_status status = check_options(session, settings);
  if (status == LIMES_OK)
    status = limes_fit_load(session->context, settings->argument[0], &fit);
  if (status == LIMES_OK) {
    answer.with = limes_cli_withs[limes_fit_with(fit)];
    status = limes_model_parse(session->context, limes_fit_model_text(fit), &inputs.model);
  }
  if (status == LIMES_OK)
    status = limes_model_print(session->context, inputs.model, &inputs.model_text);
  answer.fit_seconds = limes_cli_now() - started;
  started = limes_cli_now();
  if (status == LIMES_OK)
    status = limes_cli_read_batch(session, settings, settings->test, &test);
  if (status == LIMES_OK && limes_fit_normalization(fit) != NULL)
    status = limes_normalization_apply(session->context, limes_fit_normalization(fit), test);
  answer.read_seconds = limes_cli_now() - started;
  if (status == LIMES_OK)
    status = limes_cli_answer(session, settings, fit, &inputs, test, &answer);
  limes_cli_clear_answer(&answer);
  limes_cli_clear_inputs(&inputs);
  limes_batch_destroy(test);
  limes_fit_destroy(fit);
  return status;
}
