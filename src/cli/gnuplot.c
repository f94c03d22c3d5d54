#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned char viridis[][3] = {{68, 1, 84},    {72, 36, 117},  {65, 68, 135},  {53, 95, 141},
                                           {42, 120, 142}, {33, 145, 140}, {34, 168, 132}, {68, 191, 112},
                                           {122, 209, 81}, {189, 223, 38}, {253, 231, 37}};
#define STOPS (sizeof viridis / sizeof *viridis)

void limes_cli_viridis(double t, unsigned char rgb[3]) {
  double place = (t > 0 ? t < 1 ? t : 1 : 0) * (STOPS - 1);
  size_t stop = place >= STOPS - 1 ? STOPS - 2 : (size_t)place;
  for (int i = 0; i < 3; i++)
    rgb[i] = (unsigned char)(viridis[stop][i] + (place - (double)stop) * (viridis[stop + 1][i] - viridis[stop][i]) + 0.5);
}

static void print_palette(FILE *pipe) {
  fputs("set palette defined (", pipe);
  for (size_t i = 0; i < STOPS; i++)
    fprintf(pipe, "%s%zu '#%02x%02x%02x'", i == 0 ? "" : ", ", i, viridis[i][0], viridis[i][1], viridis[i][2]);
  fputs(")\n", pipe);
}

static limes_status spawn(cli_session *session, cli_canvas *canvas, const int ends[2]) {
  char *arguments[] = {"gnuplot", NULL};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, canvas->complaints, STDERR_FILENO);
  int failed = posix_spawnp(&canvas->child, "gnuplot", &actions, NULL, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    return limes_cli_fail(session, LIMES_FAILED, "gnuplot cannot be started: %s", strerror(failed));
  return LIMES_OK;
}

static limes_status connect(cli_session *session, cli_canvas *canvas) {
  int ends[2];
  canvas->complaints = memfd_create("complaints", MFD_CLOEXEC);
  if (canvas->complaints < 0 || pipe2(ends, O_CLOEXEC) != 0)
    return limes_cli_fail(session, LIMES_FAILED, "gnuplot cannot be started: %s", strerror(errno));
  signal(SIGPIPE, SIG_IGN); /* a gnuplot that dies is a sentence, not our end */
  limes_status status = spawn(session, canvas, ends);
  close(ends[0]);
  canvas->pipe = status == LIMES_OK ? fdopen(ends[1], "w") : NULL;
  if (canvas->pipe == NULL)
    close(ends[1]);
  return status == LIMES_OK && canvas->pipe == NULL ? limes_cli_no_memory(session) : status;
}

static void start_script(cli_canvas *canvas) {
  const char *terminal =
      limes_cli_ends_with(canvas->draft.path, ".svg") ? "svg background 'white'" : "pngcairo background rgb 'white' pointscale 2";
  unsigned scale = limes_cli_ends_with(canvas->draft.path, ".svg") ? 1 : 2;
  fprintf(canvas->pipe, "set terminal %s noenhanced font 'Sans,12' fontscale %u linewidth %u size %u,%u\nset output ", terminal,
          scale, scale, scale * canvas->width, scale * canvas->height);
  limes_cli_quote(canvas, canvas->draft.name);
  fputs("\nset encoding utf8\n", canvas->pipe);
  print_palette(canvas->pipe);
  fputs("set multiplot\n", canvas->pipe);
}

limes_status limes_cli_canvas_open(cli_session *session, const char *path, unsigned width, unsigned height, cli_canvas *canvas) {
  *canvas = (struct cli_canvas){.width = width, .height = height, .complaints = -1};
  limes_status status = limes_cli_draft_open(session, path, &canvas->draft);
  if (status != LIMES_OK)
    return status;
  status = connect(session, canvas);
  if (status == LIMES_OK) {
    start_script(canvas);
    return LIMES_OK;
  }
  (void)!limes_cli_draft_close(session, &canvas->draft, false);
  if (canvas->complaints >= 0)
    close(canvas->complaints);
  signal(SIGPIPE, SIG_DFL);
  return status;
}

/* The first line of what gnuplot said that is a sentence. */
static void first_complaint(int file, char *text, size_t size) {
  char all[4096] = "";
  ssize_t length = pread(file, all, sizeof all - 1, 0);
  all[length > 0 ? length : 0] = '\0';
  const char *line = strstr(all, "line ");
  snprintf(text, size, "%s", line == NULL ? all : line);
  text[strcspn(text, "\n")] = '\0';
}

static limes_status wait_for(cli_session *session, cli_canvas *canvas, bool sent) {
  int ended = 0;
  char said[256];
  while (waitpid(canvas->child, &ended, 0) < 0 && errno == EINTR)
    ;
  if (limes_cli_interrupted())
    return limes_cli_check_interrupt(session);
  if (sent && WIFEXITED(ended) && WEXITSTATUS(ended) == 0)
    return LIMES_OK;
  first_complaint(canvas->complaints, said, sizeof said);
  return limes_cli_fail(session, LIMES_FAILED, "%s cannot be drawn: gnuplot stopped%s%s", canvas->draft.path,
                        said[0] != '\0' ? ": " : "", said);
}

/* gnuplot does not notice a full disk: a whole picture ends as its format says. */
static bool is_whole(const cli_canvas *canvas) {
  char end[17] = "";
  int file = fileno(canvas->draft.file);
  off_t size = lseek(file, 0, SEEK_END);
  if (size < 16 || pread(file, end, 16, size - 16) != 16)
    return false;
  return limes_cli_ends_with(canvas->draft.path, ".svg") ? strstr(end, "</svg>") != NULL : memcmp(end + 8, "IEND", 4) == 0;
}

limes_status limes_cli_canvas_close(cli_session *session, cli_canvas *canvas, limes_status status) {
  fputs("unset multiplot\nset output\n", canvas->pipe);
  bool sent = fflush(canvas->pipe) == 0 && !ferror(canvas->pipe);
  fclose(canvas->pipe);
  limes_status drawn = wait_for(session, canvas, sent);
  status = status == LIMES_OK ? drawn : status;
  if (status == LIMES_OK && !is_whole(canvas))
    status = limes_cli_fail(session, LIMES_FAILED, "%s cannot be written: the picture came out cut short; is the disk full?",
                            canvas->draft.path);
  limes_status closed = limes_cli_draft_close(session, &canvas->draft, status == LIMES_OK);
  close(canvas->complaints);
  signal(SIGPIPE, SIG_DFL);
  return status == LIMES_OK ? closed : status;
}

void limes_cli_panel(cli_canvas *canvas, double left, double bottom, double right, double top) {
  FILE *pipe = canvas->pipe;
  fputs("unset label\nunset arrow\nunset object\nunset key\nunset title\nunset xlabel\nunset ylabel\nunset colorbox\n"
        "set border 3 lw 0.8 lc rgb '#444444'\nset xtics out nomirror scale 0.6 autofreq font ',10'\n"
        "set ytics out nomirror scale 0.6 autofreq font ',10'\n"
        "set xrange [*:*] noreverse\nset yrange [*:*] noreverse\nset cbrange [*:*]\nunset grid\nset size noratio\nset style fill "
        "solid 0.85 noborder\n",
        pipe);
  fprintf(pipe,
          "set lmargin at screen %.6f\nset rmargin at screen %.6f\nset bmargin at screen %.6f\nset tmargin at screen %.6f\n",
          left / canvas->width, right / canvas->width, bottom / canvas->height, top / canvas->height);
}

void limes_cli_words(cli_canvas *canvas) {
  limes_cli_panel(canvas, 0, 0, canvas->width, canvas->height);
  fputs("unset border\nunset xtics\nunset ytics\nset xrange [0:1]\nset yrange [0:1]\n", canvas->pipe);
}

void limes_cli_end_words(cli_canvas *canvas) { fputs("plot -1 notitle\n", canvas->pipe); }

void limes_cli_quote(cli_canvas *canvas, const char *text) {
  fputc('\'', canvas->pipe);
  for (; *text != '\0'; text++) {
    if (*text == '\'')
      fputc('\'', canvas->pipe);
    fputc(*text == '\n' ? ' ' : *text, canvas->pipe);
  }
  fputc('\'', canvas->pipe);
}

void limes_cli_text(cli_canvas *canvas, double x, double y, const char *align, unsigned size, const char *text) {
  fputs("set label ", canvas->pipe);
  limes_cli_quote(canvas, text);
  fprintf(canvas->pipe, " at screen %.6f,%.6f %s font ',%u' front\n", x / canvas->width, y / canvas->height, align, size);
}

void limes_cli_send(cli_canvas *canvas, const void *data, size_t size, size_t count) { fwrite(data, size, count, canvas->pipe); }
