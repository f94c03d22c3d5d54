/* Fit, predict, score, write, draw: the way that classify and regress share. */
#ifndef LIMES_CLI_FITTING_H
#define LIMES_CLI_FITTING_H

#include "answer.h"

extern const cli_option limes_cli_fitting_options[];    /* --train, --test, --save */
extern const cli_option limes_cli_prediction_options[]; /* -o, --plot */

limes_gp_options limes_cli_gp_settings(const cli_settings *settings);

/* The whole command, of name "classify" or "regress". */
limes_status limes_cli_run_fit(cli_session *session, const cli_settings *settings, const char *name, limes_task_kind kind);

/* Predictions of a fit on a batch: scores, file, picture, table. The answer comes with name, seconds and with filled in. */
limes_status limes_cli_answer(cli_session *session, const cli_settings *settings, const limes_fit *fit, const cli_inputs *inputs,
                              limes_batch *test, cli_answer *answer);

#endif
