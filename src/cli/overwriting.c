/* An output that is an input of the same command, or another output of it, would be lost without a word. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outputs.h"

static bool is_output(const cli_option *option) {
  return option->offset == offsetof(cli_settings, output) || option->offset == offsetof(cli_settings, plot) ||
         option->offset == offsetof(cli_settings, save);
}

static bool same_file(const struct stat *a, const struct stat *b) { return a->st_dev == b->st_dev && a->st_ino == b->st_ino; }

/* Whether text[length] names the file. */
static bool names(const char *text, size_t length, const struct stat *file) {
  char path[4096];
  struct stat about;
  if (length == 0 || length >= sizeof path)
    return false;
  memcpy(path, text, length);
  path[length] = '\0';
  return stat(path, &about) == 0 && same_file(&about, file);
}

/* Whether an input reads the file: FILE, @FILE, PREFIX:FILE, each with :NAME or [RANGE] behind it. */
static bool reads(const char *input, const struct stat *file) {
  const char *colon = strchr(input, ':'),
             *starts[] = {input, input[0] == '@' ? input + 1 : NULL, colon == NULL ? NULL : colon + 1};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
    for (size_t length = starts[i] == NULL ? 0 : strlen(starts[i]), end = length; end > 0; end--)
      if ((end == length || strchr(":[", starts[i][end]) != NULL) && names(starts[i], end, file))
        return true;
  return false;
}

static limes_status also(cli_session *session, const cli_option *output, const char *path, const char *dashes,
                         const char *input) {
  char name[64];
  if (output->letter != 0)
    snprintf(name, sizeof name, "-%c", output->letter);
  else
    snprintf(name, sizeof name, "--%s", output->name);
  return limes_cli_fail(session, LIMES_WRONG_USE, "%s %s is also %s%s: name another file", name, path, dashes, input);
}

static limes_status check_inputs(cli_session *session, const cli_command *command, const cli_settings *settings,
                                 const cli_option *output, const char *path) {
  struct stat file;
  if (stat(path, &file) != 0 || !S_ISREG(file.st_mode))
    return LIMES_OK;
  for (size_t i = 0; i < settings->arguments; i++)
    if (reads(settings->argument[i], &file))
      return also(session, output, path, "", limes_cli_argument(command, i)->name);
  for (size_t i = 0; i < settings->givens; i++) {
    const cli_option *option = settings->given[i].option;
    if ((option->kind == OPTION_FILE || option->kind == OPTION_DATA) && !is_output(option) &&
        reads(settings->given[i].text, &file))
      return also(session, output, path, "--", option->name);
  }
  return LIMES_OK;
}

/* Files that need not be there yet: the same folder and the same name in it. */
static bool one_place(const char *a, const char *b) {
  const char *slash[2] = {strrchr(a, '/'), strrchr(b, '/')}, *path[2] = {a, b};
  struct stat folder[2];
  for (int i = 0; i < 2; i++) {
    char text[4096] = ".";
    if (slash[i] != NULL)
      snprintf(text, sizeof text, "%.*s", (int)(slash[i] - path[i]) + 1, path[i]);
    if (stat(text, &folder[i]) != 0)
      return false;
  }
  return same_file(&folder[0], &folder[1]) &&
         strcmp(slash[0] == NULL ? a : slash[0] + 1, slash[1] == NULL ? b : slash[1] + 1) == 0;
}

static bool one_output(const char *a, const char *b) {
  struct stat first, second;
  if (stat(a, &first) == 0 && stat(b, &second) == 0)
    return S_ISREG(first.st_mode) && same_file(&first, &second);
  return one_place(a, b);
}

limes_status limes_cli_check_overwriting(cli_session *session, const cli_command *command, const cli_settings *settings) {
  for (size_t i = 0; i < settings->givens; i++) {
    const cli_option *output = settings->given[i].option;
    const char *path = settings->given[i].text;
    if (!is_output(output))
      continue;
    limes_status status = check_inputs(session, command, settings, output, path);
    if (status != LIMES_OK)
      return status;
    for (size_t k = 0; k < i; k++)
      if (is_output(settings->given[k].option) && one_output(path, settings->given[k].text))
        return also(session, output, path, "--", settings->given[k].option->name);
  }
  return LIMES_OK;
}
