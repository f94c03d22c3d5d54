/* What most commands read: a model, one or two data sets, and the normalization that the first one fixes. */
#ifndef LIMES_CLI_INPUTS_H
#define LIMES_CLI_INPUTS_H

#include "session.h"

typedef struct cli_inputs {
  limes_model *model;
  char *model_text;            /* as the library prints it */
  limes_batch *first, *second; /* second may be NULL */
  const char *first_name, *second_name;
  uint64_t first_fingerprint, second_fingerprint; /* of the data as they were read, before normalization */
  limes_normalization *normalization;
  double seconds;
} cli_inputs;

/* Zero-initialize inputs; clear them on every way out. second_name may be NULL. */
limes_status limes_cli_read_inputs(cli_session *session, const cli_settings *settings, const char *first_name,
                                   const char *second_name, cli_inputs *inputs);
void limes_cli_clear_inputs(cli_inputs *inputs);

/* One data set by the options that say how data are read, not normalized. *batch belongs to the caller. */
limes_status limes_cli_read_batch(cli_session *session, const cli_settings *settings, const char *name, limes_batch **batch);

/* Labels [N] of a batch: its own, or whole targets taken as classes; NULL with LIMES_OK where it has none. */
limes_status limes_cli_labels(cli_session *session, limes_batch *batch, const char *name, const int64_t **labels,
                              size_t *classes);

/* LIMES_WRONG_USE where the option was not given. */
limes_status limes_cli_need(cli_session *session, const char *command, const char *option, const char *value);

#endif
