/* What `limes train` shows: a training and what was predicted of it. */
#ifndef LIMES_CLI_TRAIN_H
#define LIMES_CLI_TRAIN_H

#include "inputs.h"

enum { CURVE_NETWORK, CURVE_LINEARIZED, CURVE_LIMIT, CURVES };
extern const char *const limes_cli_curve_names[CURVES];

typedef struct cli_trained {
  const cli_inputs *inputs;
  limes_training *training;
  limes_curves curves[CURVES];        /* without times: not known */
  limes_curve_scores *scores[CURVES]; /* [times] */
  const char *optimizer, *path;       /* path: of the checkpoint, or NULL */
  double seconds;
} cli_trained;

limes_status limes_cli_print_trained(cli_session *session, const cli_settings *settings, const cli_trained *trained);
limes_status limes_cli_plot_trained(cli_session *session, const char *path, const cli_trained *trained);

/* The share of the network's outputs at the end that lie in the ensemble's 95 % band; NAN where there is none. */
double limes_cli_banded(const cli_trained *trained);

#endif
