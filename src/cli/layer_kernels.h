/* The layers of limes kernel --layers: their names, and a table of their kernels. */
#ifndef LIMES_CLI_LAYER_KERNELS_H
#define LIMES_CLI_LAYER_KERNELS_H

#include "session.h"

typedef struct cli_layers {
  size_t count;
  char *names;  /* a line a layer: "3 relu", "9 dense, length_scale 4"; numbers count from 1 */
  char *pooled; /* a line a layer: flatten, global_avg_pool, or none where it has no positions */
} cli_layers;

/* Clear them on every way out. */
limes_status limes_cli_name_layers(cli_session *session, const limes_layer_facts *facts, size_t count, cli_layers *layers);
void limes_cli_clear_layers(cli_layers *layers);

/* A row a layer with the means of its kernels [count, entries]; NULL: not wanted */
void limes_cli_print_layers(const cli_layers *layers, size_t entries, const double *nngp, const double *ntk);
json_t *limes_cli_layers_json(const cli_layers *layers);

#endif
