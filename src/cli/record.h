/* The arrays of an output file, gathered one by one. */
#ifndef LIMES_CLI_RECORD_H
#define LIMES_CLI_RECORD_H

#include "inputs.h"

#define RECORD_MOST 24

typedef struct cli_record {
  limes_named_array array[RECORD_MOST];
  size_t count;
  char data[2][512]; /* the names of the data sets with their fingerprints */
} cli_record;

/* data NULL: nothing is added. What they point to must live until the file is written. */
void limes_cli_record_numbers(cli_record *record, const char *name, const double *data, unsigned rank, size_t rows,
                              size_t columns);
void limes_cli_record_integers(cli_record *record, const char *name, const int64_t *integers, size_t n);
void limes_cli_record_text(cli_record *record, const char *name, const char *text);

/* Where it all came from: model, data with fingerprints, normalization. */
void limes_cli_record_inputs(cli_record *record, const cli_inputs *inputs);
/* labels and labels_against, where there are some. */
void limes_cli_record_labels(cli_record *record, const cli_inputs *inputs);
void limes_cli_record_normalization(cli_record *record, const limes_normalization *normalization);

#endif
