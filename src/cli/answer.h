/* Predictions with what is known about them: scores where the truth is there, the table, the JSON object, the file. */
#ifndef LIMES_CLI_ANSWER_H
#define LIMES_CLI_ANSWER_H

#include "inputs.h"

typedef struct cli_answer {
  limes_task_kind kind;
  size_t items, outputs;     /* outputs: classes or targets */
  const double *mean;        /* [items,outputs] */
  const double *variance;    /* [items]; NULL: not known */
  const double *covariance;  /* [items,items]; NULL: not asked for */
  const double *probability; /* [items,outputs]; NULL for regression */
  const int64_t *labels;     /* [items] the true classes; NULL: not known */
  const double *targets;     /* [items,outputs] the true targets; NULL: not known */
  const char *name, *with;   /* of the items; nngp, ntk or ensemble, NULL where it is not known */
  limes_gp_facts facts;
  const limes_fit_readout *readout; /* [readouts] the length scales tried; 0: there was one */
  size_t readouts, chosen;
  double temperature, read_seconds, fit_seconds, predict_seconds;

  /* made by limes_cli_score */
  int64_t *class;     /* [items] the most probable class */
  double *confidence; /* [items] its probability */
  size_t *confusion;  /* [outputs,outputs] row = true class; NULL without labels */
  limes_reliability_bin bins[LIMES_RELIABILITY_BINS];
  limes_class_scores class_scores;
  limes_regression_scores regression_scores;
} cli_answer;

/* The truth of a batch into the answer: its labels (checked against the classes) or targets; none is fine. */
limes_status limes_cli_set_truth(cli_session *session, limes_batch *batch, const char *name, cli_answer *answer);
limes_status limes_cli_score(cli_session *session, cli_answer *answer);
void limes_cli_clear_answer(cli_answer *answer);

/* One row an item, to .csv or .npz; inputs (NULL: none) say where it came from. */
limes_status limes_cli_write_answer(cli_session *session, const char *path, const cli_answer *answer, const cli_inputs *inputs);

limes_status limes_cli_print_answer(cli_session *session, const cli_settings *settings, const cli_answer *answer);
void limes_cli_print_confusion(const cli_answer *answer);

#endif
