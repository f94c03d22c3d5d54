/* Kernels in a file that can be resumed. */
#ifndef LIMES_CLI_KERNEL_STORE_H
#define LIMES_CLI_KERNEL_STORE_H

#include "inputs.h"

/* Whether the settings ask for one: an .h5 file of matrices, of a model that is exact and has one readout; NULL: of any model. */
bool limes_cli_is_store(const cli_settings *settings, const limes_model *model);

/* Computes what is missing in it, prints the table or the JSON object, draws the picture. */
limes_status limes_cli_kernel_store(cli_session *session, const cli_settings *settings, const cli_inputs *inputs);

/* Prints what such a file holds: of `limes data info` (verify = false) and `limes check` (true). *is = false: it is no such file.
 */
limes_status limes_cli_show_store(cli_session *session, const cli_settings *settings, const char *path, bool verify, bool *is);

/* The rows of the table, or of the object, that say how far a file is. */
void limes_cli_print_tiles(const limes_kernel_file_report *report, bool verified);
json_t *limes_cli_tiles_json(const char *path, const limes_kernel_file_report *report);

#endif
