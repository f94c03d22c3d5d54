/* What items are, from a file: classes, or targets. */
#ifndef LIMES_CLI_TRUTH_H
#define LIMES_CLI_TRUTH_H

#include "session.h"

typedef struct cli_truth {
  size_t items, outputs; /* outputs: K targets, or the number of classes */
  int64_t *labels;       /* [items], or NULL */
  double *targets;       /* [items,outputs], or NULL */
} cli_truth;

/* "FILE.npz:NAME", "FILE.npz" (its y), "FILE.npy", or a data argument with labels or targets. */
limes_status limes_cli_read_truth(cli_session *session, const cli_settings *settings, const char *name, cli_truth *truth);
void limes_cli_clear_truth(cli_truth *truth);

#endif
