/* Everything that can be said on a command line, as the tables of the commands fill it in. */
#ifndef LIMES_CLI_SETTINGS_H
#define LIMES_CLI_SETTINGS_H

#include <limes/limes.h>

#define LIMES_CLI_MAX_ARGUMENTS 1024
#define LIMES_CLI_MAX_OPTIONS 64

typedef struct cli_settings {
  const char *argument[LIMES_CLI_MAX_ARGUMENTS];
  size_t arguments;

  struct {
    const struct cli_option *option;
    const char *text; /* as it stands on the command line */
  } given[LIMES_CLI_MAX_OPTIONS];
  size_t givens;

  /* common */
  uint64_t threads, seed, memory;
  bool quiet, verbose, json, help, version;

  /* data */
  const char *data, *against, *train, *test, *labels, *test_labels;
  int normalize; /* index into limes_cli_normalizations; -1: by the format */
  const char *vectors, *target;
  uint64_t max_tokens;
  size_t resize[2];
  bool balanced;

  /* kernels */
  int get; /* index into limes_cli_gets */
  bool positions, diagonal, layers;
  bool positions_correlation; /* explain */
  const char *shard;          /* I/N */

  /* Gaussian process */
  int with; /* limes_with */
  int method;
  double noise, diag_reg, time, learning_rate;

  /* finite networks */
  uint64_t width, heads, key_width, value_width, draws, draw;
  int parameterization, route; /* limes_parameterization; limes_ntk_route */
  const char *network_outputs; /* one, all or a number */
  const char *parameters;      /* a file */
  bool empirical;
  uint64_t circle; /* points of one; 0: not given */

  /* the width study */
  const char *widths, *heads_list;
  int vary; /* limes_vary */
  uint64_t items, output_draws;
  double most_seconds;

  /* training */
  int optimizer, loss, compare;
  uint64_t batch, epochs, steps, records;
  double momentum, tolerance, save_every;
  bool decay;

  bool names; /* layers, models: only the names */

  /* outputs */
  const char *output, *plot, *save;
} cli_settings;

enum { GET_NNGP, GET_NTK, GET_BOTH };

#endif
