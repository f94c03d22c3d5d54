#include <signal.h>

#include "session.h"

static volatile sig_atomic_t caught;

static void catch_signal(int number) { caught = number; }

/* The default action comes back with the first signal, so that a second one ends the program at once. */
void limes_cli_catch_signals(void) {
  struct sigaction action = {.sa_handler = catch_signal, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a sentence like that of a full disk */
}

bool limes_cli_interrupted(void) { return caught != 0; }

limes_status limes_cli_check_interrupt(cli_session *session) {
  return caught == 0 ? LIMES_OK : limes_cli_fail(session, LIMES_INTERRUPTED, "interrupted; no half-written file is left");
}
