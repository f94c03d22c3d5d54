/* The self-test of an installation: laws that the library has to keep on this machine. */
#ifndef LIMES_CLI_CHECK_H
#define LIMES_CLI_CHECK_H

#include "session.h"

/* Runs a law; *right says whether it holds, says[128] what was measured. A status other than LIMES_OK is a failure too. */
typedef limes_status law(cli_session *session, bool *right, char *says);

law limes_cli_check_duals, limes_cli_check_slopes;
law limes_cli_check_symmetric, limes_cli_check_definite, limes_cli_check_threads, limes_cli_check_masks, limes_cli_check_digits;
law limes_cli_check_interpolates;
law limes_cli_check_npz, limes_cli_check_h5, limes_cli_check_fit_file;

#define SAYS_SIZE 128

/* A batch of images or sequences with values drawn by a small generator of its own. lengths NULL: none. */
limes_status limes_cli_sample_batch(cli_session *session, size_t items, unsigned axes, const size_t size[2], size_t features,
                                    const int64_t *lengths, limes_batch **batch);

#endif
