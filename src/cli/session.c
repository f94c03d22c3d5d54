#include "session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double limes_cli_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void say(cli_session *session, const char *kind, const char *text) {
  limes_cli_progress_wipe(&session->progress);
  fprintf(stderr, "limes: %s%s\n", kind, text);
}

/* Kernels of one model may be made or planned several times on the way: what there is to warn of is said once. */
static bool warned_already(cli_session *session, const char *text) {
  uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
  for (const char *at = text; *at != '\0'; at++)
    hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
  for (size_t i = 0; i < session->warnings; i++)
    if (session->warned[i] == hash)
      return true;
  if (session->warnings < CLI_MOST_WARNINGS)
    session->warned[session->warnings++] = hash;
  return false;
}

static void log_line(void *user, limes_log_level level, const char *text) {
  cli_session *session = user;
  if (level == LIMES_LOG_WARNING && !session->quiet && !warned_already(session, text))
    say(session, "warning: ", text);
  else if (level != LIMES_LOG_WARNING && session->verbose && !session->quiet)
    say(session, "", text);
}

void limes_cli_warn(cli_session *session, const char *format, ...) {
  char text[1024];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  log_line(session, LIMES_LOG_WARNING, text);
}

void limes_cli_note(cli_session *session, const char *format, ...) {
  char text[1024];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  log_line(session, LIMES_LOG_NOTE, text);
}

limes_status limes_cli_session_open(cli_session *session) {
  *session = (struct cli_session){.started = limes_cli_now()};
  limes_cli_progress_open(&session->progress);
  return limes_context_create(&session->context);
}

void limes_cli_session_apply(cli_session *session, const cli_settings *settings) {
  session->quiet = session->progress.quiet = settings->quiet;
  session->verbose = settings->verbose;
  limes_set_log(session->context, log_line, session);
  limes_set_progress(session->context, limes_cli_progress_show, session);
  limes_set_threads(session->context, (unsigned)(settings->threads > 4096 ? 4096 : settings->threads));
  limes_set_memory(session->context, settings->memory);
  limes_set_seed(session->context, settings->seed);
}

void limes_cli_session_close(cli_session *session) {
  limes_cli_progress_wipe(&session->progress);
  limes_context_destroy(session->context);
}

limes_status limes_cli_fail(cli_session *session, limes_status status, const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(session->error, sizeof session->error, format, list);
  va_end(list);
  return status;
}

limes_status limes_cli_no_memory(cli_session *session) {
  return limes_cli_fail(session, LIMES_NO_MEMORY, "out of memory; use fewer items, or a machine with more memory");
}

static int exit_code(limes_status status) {
  switch (status) {
  case LIMES_OK:
  case LIMES_WRONG_USE:
  case LIMES_BAD_INPUT:
  case LIMES_REFUSED:
  case LIMES_INTERRUPTED:
    return (int)status;
  default:
    return 1;
  }
}

int limes_cli_finish(cli_session *session, limes_status status) {
  limes_cli_progress_wipe(&session->progress);
  bool written = fflush(stdout) == 0 && !ferror(stdout);
  int reason = errno;
  if (status != LIMES_OK) {
    const char *text = session->error[0] != '\0' || session->context == NULL ? session->error : limes_error(session->context);
    fprintf(stderr, "limes: %s\n", text[0] != '\0' ? text : limes_status_text(status));
  } else if (!written) {
    fprintf(stderr, "limes: cannot write the results to standard output: %s\n", strerror(reason));
    return 1;
  }
  return exit_code(status);
}
