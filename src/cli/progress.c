/* Progress on stderr: on a terminal one line, redrawn; elsewhere nothing for short work, then a line every ten seconds. */
#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "session.h"

#define PAUSE 10.0 /* seconds between lines where stderr is no terminal */
#define BAR 24     /* cells */

void limes_cli_progress_open(cli_progress *progress) {
  *progress =
      (struct cli_progress){.terminal = isatty(STDERR_FILENO) != 0, .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
  progress->started = progress->said = limes_cli_now();
}

void limes_cli_progress_wipe(cli_progress *progress) {
  if (!progress->shown)
    return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
  progress->shown = false;
}

static unsigned terminal_width(void) {
  struct winsize size = {0};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void draw_bar(const cli_progress *progress, double done, char *text, size_t size) {
  unsigned full = (unsigned)(done * BAR + 0.5);
  size_t used = 0;
  for (unsigned i = 0; i < BAR && used + 4 < size; i++) {
    const char *cell = progress->unicode ? (i < full ? "█" : "░") : i < full ? "#" : ".";
    used += (size_t)snprintf(text + used, size - used, "%s", cell);
  }
}

/* The line's parts from most to least wanted, as far as the terminal is wide. */
static void redraw(cli_progress *progress, const char *what, double done, const char *left) {
  char bar[4 * BAR + 1] = "";
  unsigned width = terminal_width();
  draw_bar(progress, done, bar, sizeof bar);
  fprintf(stderr, "\r\033[K");
  if (width >= 80)
    fprintf(stderr, "%-30.30s %s %3.0f %% %s", what, bar, 100 * done, left);
  else if (width >= 20)
    fprintf(stderr, "%.*s %3.0f %%", (int)(width - 8), what, 100 * done);
  fflush(stderr);
  progress->shown = true;
}

int limes_cli_progress_show(void *user, const char *what, double done, double seconds_left) {
  cli_session *session = user;
  cli_progress *progress = &session->progress;
  if (limes_cli_interrupted())
    return 1;
  if (progress->quiet)
    return 0;
  char left[40] = "", time[32];
  if (seconds_left >= 0) {
    limes_cli_duration(seconds_left, time, sizeof time);
    snprintf(left, sizeof left, "%s left", time);
  }
  double now = limes_cli_now();
  if (progress->terminal && now - progress->started > 0.3)
    redraw(progress, what, done, left);
  else if (!progress->terminal && now - progress->said >= PAUSE) {
    progress->said = now;
    fprintf(stderr, "limes: %s: %.0f %%%s%s\n", what, 100 * done, left[0] != '\0' ? ", " : "", left);
  }
  return 0;
}
