/* Files that a command will write: found impossible before the work, written whole or not at all. */
#ifndef LIMES_CLI_OUTPUTS_H
#define LIMES_CLI_OUTPUTS_H

#include "session.h"

/* Refuses an ending that is not among `endings` (".npz", ..., ended by NULL) and a folder that is not there or cannot be
 * written to. path NULL: nothing to write, which is fine. option: the name without dashes, for the sentence. */
limes_status limes_cli_check_output(cli_session *session, const char *option, const char *path, const char *const *endings);
/* The same for a picture (.png, .svg), and that gnuplot is there. */
limes_status limes_cli_check_picture(cli_session *session, const char *option, const char *path);

bool limes_cli_ends_with(const char *path, const char *ending);

/* A text file that replaces `path` when it is complete. */
typedef struct cli_draft {
  FILE *file;
  const char *path;
  char name[4096]; /* of the temporary file, beside path */
} cli_draft;
limes_status limes_cli_draft_open(cli_session *session, const char *path, cli_draft *draft);
/* keep = false throws it away. */
limes_status limes_cli_draft_close(cli_session *session, cli_draft *draft, bool keep);

#endif
