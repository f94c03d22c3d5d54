/* Functions drawn from the prior and from finite networks, and what a picture needs to know of their items. */
#ifndef LIMES_CLI_SAMPLE_H
#define LIMES_CLI_SAMPLE_H

#include "inputs.h"

typedef struct cli_sample {
  size_t draws, items, width;
  double *prior, *networks; /* [draws,items]; networks NULL: not asked for */
  double *variance;         /* [items] of the prior */
  double *place;            /* [items] where each item stands on the line; NULL where they are on none */
  const char *axis;         /* what place is */
  double prior_seconds, network_seconds;
} cli_sample;

/* Value i of function d in deviations of the prior; 0 where that has none. */
double limes_cli_standardized(const cli_sample *sample, const double *functions, size_t i);

/* In place of the items of the inputs: `count` of them on the circle cos(t) a + sin(t) b through the first two. */
limes_status limes_cli_circle(cli_session *session, cli_inputs *inputs, size_t count);

/* Fills sample->place and its axis: the one feature, the angle of a circle, or the way along items that follow each other in
 * small steps. */
limes_status limes_cli_find_line(cli_session *session, const limes_batch *batch, bool circle, cli_sample *sample);

limes_status limes_cli_plot_sample(cli_session *session, const char *path, const cli_sample *sample, const cli_inputs *inputs);

#endif
