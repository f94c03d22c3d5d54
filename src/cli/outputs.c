#include "outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool limes_cli_ends_with(const char *path, const char *ending) {
  size_t n = strlen(path), m = strlen(ending);
  return n > m && strcasecmp(path + n - m, ending) == 0;
}

static void list_endings(const char *const *endings, char *text, size_t size) {
  size_t used = 0;
  for (size_t i = 0; endings[i] != NULL && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "" : endings[i + 1] == NULL ? " or " : ", ", endings[i]);
}

/* The folder that path lies in, into text. */
static void folder_of(const char *path, char *text, size_t size) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL)
    snprintf(text, size, ".");
  else
    snprintf(text, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static limes_status check_folder(cli_session *session, const char *path) {
  char folder[4096];
  struct stat about;
  folder_of(path, folder, sizeof folder);
  if (stat(folder, &about) != 0)
    return limes_cli_fail(session, LIMES_WRONG_USE, "%s cannot be written: the folder %s is not there; make it first", path,
                          folder);
  if (!S_ISDIR(about.st_mode))
    return limes_cli_fail(session, LIMES_WRONG_USE, "%s cannot be written: %s is not a folder", path, folder);
  if (access(folder, W_OK | X_OK) != 0)
    return limes_cli_fail(session, LIMES_WRONG_USE, "%s cannot be written: %s: %s", path, folder, strerror(errno));
  if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
    return limes_cli_fail(session, LIMES_WRONG_USE, "%s cannot be written: it is a folder", path);
  return LIMES_OK;
}

limes_status limes_cli_check_output(cli_session *session, const char *option, const char *path, const char *const *endings) {
  if (path == NULL)
    return LIMES_OK;
  char names[128];
  list_endings(endings, names, sizeof names);
  for (size_t i = 0; endings[i] != NULL; i++)
    if (limes_cli_ends_with(path, endings[i]))
      return check_folder(session, path);
  return limes_cli_fail(session, LIMES_WRONG_USE, "--%s writes %s, and %s ends in none of these", option, names, path);
}

static bool have_gnuplot(void) {
  const char *path = getenv("PATH");
  for (const char *folder = path; folder != NULL && *folder != '\0';) {
    char name[4096];
    size_t length = strcspn(folder, ":");
    snprintf(name, sizeof name, "%.*s/gnuplot", (int)length, folder);
    if (access(name, X_OK) == 0)
      return true;
    folder += length + (folder[length] == ':');
  }
  return false;
}

limes_status limes_cli_check_picture(cli_session *session, const char *option, const char *path) {
  static const char *const endings[] = {".png", ".svg", NULL};
  if (path == NULL)
    return LIMES_OK;
  limes_status status = limes_cli_check_output(session, option, path, endings);
  if (status == LIMES_OK && !have_gnuplot())
    return limes_cli_fail(session, LIMES_FAILED,
                          "pictures are drawn by gnuplot, which is not installed; on Debian it is the package gnuplot-nox");
  return status;
}

static limes_status cannot_write(cli_session *session, const char *path) {
  return limes_cli_fail(session, LIMES_FAILED, "%s cannot be written: %s", path, strerror(errno));
}

limes_status limes_cli_draft_open(cli_session *session, const char *path, cli_draft *draft) {
  draft->path = path;
  int length = snprintf(draft->name, sizeof draft->name, "%s.XXXXXX", path);
  if (length < 0 || (size_t)length >= sizeof draft->name)
    return limes_cli_fail(session, LIMES_WRONG_USE, "the name of the output is too long");
  int file = mkstemp(draft->name);
  if (file < 0)
    return cannot_write(session, path);
  mode_t mask = umask(0);
  umask(mask);
  draft->file = fchmod(file, 0666 & ~mask) == 0 ? fdopen(file, "w") : NULL;
  if (draft->file != NULL)
    return LIMES_OK;
  limes_status status = cannot_write(session, path);
  close(file);
  unlink(draft->name);
  return status;
}

limes_status limes_cli_draft_close(cli_session *session, cli_draft *draft, bool keep) {
  bool whole = fflush(draft->file) == 0 && !ferror(draft->file) && fsync(fileno(draft->file)) == 0;
  limes_status status = whole || !keep ? LIMES_OK : cannot_write(session, draft->path);
  if (fclose(draft->file) != 0 && keep && status == LIMES_OK)
    status = cannot_write(session, draft->path);
  if (keep && status == LIMES_OK && rename(draft->name, draft->path) != 0)
    status = cannot_write(session, draft->path);
  if (!keep || status != LIMES_OK)
    unlink(draft->name);
  return status;
}
