/* The two forms of limes predict. */
#ifndef LIMES_CLI_PREDICT_H
#define LIMES_CLI_PREDICT_H

#include "session.h"

limes_status limes_cli_predict_kernels(cli_session *session, const cli_settings *settings);
limes_status limes_cli_predict_fit(cli_session *session, const cli_settings *settings);

#endif
