/* What a running command has: the library's context, progress on stderr, errors, and the clock. */
#ifndef LIMES_CLI_SESSION_H
#define LIMES_CLI_SESSION_H

#include <stdio.h>

#include <jansson.h>

#include "command.h"

typedef struct cli_progress {
  bool shown;    /* a line stands on the terminal and has to be wiped */
  bool terminal; /* redraw one line; else a line every ten seconds */
  bool unicode;  /* the terminal shows UTF-8 */
  bool quiet;
  double started, said; /* seconds */
} cli_progress;

#define CLI_MOST_WARNINGS 64

struct cli_session {
  limes_context *context;
  cli_progress progress;
  bool quiet, verbose;
  double started;
  uint64_t warned[CLI_MOST_WARNINGS]; /* [warnings] hashes of what was warned of */
  size_t warnings;
  char error[4096]; /* of the program itself; empty: the context's is the one */
};

limes_status limes_cli_session_open(cli_session *session);
void limes_cli_session_apply(cli_session *session, const cli_settings *settings);
void limes_cli_session_close(cli_session *session);

/* Keeps a sentence as the error and returns status. */
limes_status limes_cli_fail(cli_session *session, limes_status status, const char *format, ...) LIMES_PRINTF(3, 4);
limes_status limes_cli_no_memory(cli_session *session);
/* Prints the error to stderr; the exit code of a status. */
int limes_cli_finish(cli_session *session, limes_status status);

double limes_cli_now(void); /* seconds of a steady clock */

/* A warning or a note of the program itself, to stderr. */
void limes_cli_warn(cli_session *session, const char *format, ...) LIMES_PRINTF(2, 3);
void limes_cli_note(cli_session *session, const char *format, ...) LIMES_PRINTF(2, 3);

/* Starts the program once more where OpenBLAS chose kernels narrower than the processor. Before anything else. */
void limes_cli_widen_blas(char **argv);

/* progress */
void limes_cli_progress_open(cli_progress *progress);
void limes_cli_progress_wipe(cli_progress *progress);
limes_progress_callback limes_cli_progress_show; /* user: the session */

/* signals: the first SIGINT or SIGTERM sets a flag, a second one ends the program */
void limes_cli_catch_signals(void);
bool limes_cli_interrupted(void);
/* LIMES_INTERRUPTED with its sentence where a signal came, else LIMES_OK. */
limes_status limes_cli_check_interrupt(cli_session *session);

/* The reference of a word of the language (NULL: one line for each), with its page. */
limes_status limes_cli_show_word(cli_session *session, const char *word, bool json);

/* results */
/* One line of the table: "  label      value    remark". */
void limes_cli_row(const char *label, const char *remark, const char *format, ...) LIMES_PRINTF(3, 4);
/* Prints one object as the answer of --json, and takes it. */
limes_status limes_cli_print_json(cli_session *session, json_t *object);
/* A number, or null where it is not finite. */
json_t *limes_cli_json_number(double value);
/* "1.4 s", "3 min 5 s", "2 h 7 min" */
void limes_cli_duration(double seconds, char *text, size_t size);
/* "512 bytes", "1.3 GB" */
void limes_cli_bytes(double bytes, char *text, size_t size);

#endif
