/* How limes width shows its report. */
#ifndef LIMES_CLI_WIDTH_H
#define LIMES_CLI_WIDTH_H

#include "inputs.h"

typedef struct cli_width_result {
  const limes_width_report *report;
  const cli_inputs *inputs;
  limes_vary vary;
  double seconds;
} cli_width_result;

/* What stands along the axis of sizes: "width", "heads", "key width" */
const char *limes_cli_width_axis(limes_vary vary);

limes_status limes_cli_print_width(cli_session *session, const cli_width_result *result, bool json);
/* The errors against the size with the line of slope -1/2, and the outputs' quantiles against normal ones. */
limes_status limes_cli_plot_width(cli_session *session, const char *path, const cli_width_result *result);

#endif
