#include "store/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"

#define ATTEMPTS 1000 /* names of temporary files to try */

const char *limes_system_text(int error) {
  const char *text = strerrordesc_np(error);
  return text != NULL ? text : "unknown error";
}

limes_status limes_cannot_write(limes_context *context, const char *path, int error) {
  return limes_fail(context, LIMES_FAILED, "%s cannot be written: %s%s", path, limes_system_text(error),
                    error == ENOSPC || error == EDQUOT || error == EFBIG ? "; free some space or write to another disk" : "");
}

/* The folder of path with its slash, or "" for the current one. */
static char *folder_of(limes_context *context, const char *path) {
  const char *slash = strrchr(path, '/');
  return limes_format_text(context, "%.*s", slash == NULL ? 0 : (int)(slash - path + 1), path);
}

static limes_status check_place(limes_context *context, const char *path, const char *folder) {
  struct stat about;
  if (folder[0] != '\0' && stat(folder, &about) != 0)
    return limes_fail(context, LIMES_FAILED, "%s cannot be written: the folder %s does not exist; make it first or name another",
                      path, folder);
  if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
    return limes_fail(context, LIMES_FAILED, "%s cannot be written: it is %s; name a file", path,
                      S_ISDIR(about.st_mode) ? "a folder" : "not a regular file");
  return LIMES_OK;
}

/* A new file in the folder, under a name nobody has. */
static limes_status create_beside(limes_context *context, const char *path, const char *folder, char **temporary) {
  for (unsigned i = 0; i < ATTEMPTS; i++) {
    *temporary = limes_format_text(context, "%s.limes-%ld-%u.part", folder, (long)getpid(), i);
    if (*temporary == NULL)
      return LIMES_NO_MEMORY;
    int descriptor = open(*temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
      close(descriptor);
      return LIMES_OK;
    }
    int error = errno;
    free(*temporary);
    *temporary = NULL;
    if (error != EEXIST)
      return limes_cannot_write(context, path, error);
  }
  return limes_cannot_write(context, path, EEXIST);
}

limes_status limes_draft_begin(limes_context *context, const char *path, limes_draft *draft) {
  *draft = (limes_draft){0};
  draft->path = limes_copy_text(context, path);
  char *folder = folder_of(context, path);
  limes_status status = draft->path == NULL || folder == NULL ? LIMES_NO_MEMORY : check_place(context, path, folder);
  if (status == LIMES_OK)
    status = create_beside(context, path, folder, &draft->temporary);
  free(folder);
  if (status != LIMES_OK)
    limes_draft_abandon(draft);
  return status;
}

/* What the reservation itself does not look at: the process's limit on the size of files. */
static bool over_limit(uint64_t bytes) {
  struct rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur;
}

/* Where the file system cannot reserve: whether there is room now. */
static int check_room(int descriptor, uint64_t bytes) {
  struct statvfs disk;
  if (fstatvfs(descriptor, &disk) != 0)
    return errno;
  return disk.f_bavail < bytes / disk.f_frsize + 1 ? ENOSPC : 0;
}

limes_status limes_draft_reserve(limes_context *context, const char *path, const char *temporary, uint64_t bytes) {
  if (over_limit(bytes))
    return limes_cannot_write(context, path, EFBIG);
  int descriptor = open(temporary, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0)
    return limes_cannot_write(context, path, errno);
  int error = fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) == 0 ? 0 : errno;
  if (error == EOPNOTSUPP || error == ENOSYS)
    error = check_room(descriptor, bytes);
  close(descriptor);
  return error == 0 ? LIMES_OK : limes_cannot_write(context, path, error);
}

static int sync_path(const char *path, int flags) {
  int descriptor = open(path, flags | O_CLOEXEC);
  if (descriptor < 0)
    return errno;
  int error = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  return error;
}

limes_status limes_draft_commit(limes_context *context, limes_draft *draft) {
  char *folder = folder_of(context, draft->path);
  if (folder == NULL) {
    limes_draft_abandon(draft);
    return LIMES_NO_MEMORY;
  }
  int error = sync_path(draft->temporary, O_RDONLY);
  if (error == 0 && rename(draft->temporary, draft->path) != 0)
    error = errno;
  limes_status status = error == 0 ? LIMES_OK : limes_cannot_write(context, draft->path, error);
  if (status == LIMES_OK) {
    free(draft->temporary);
    draft->temporary = NULL;
    /* some file systems cannot sync a folder; the file itself is safe then too */
    (void)sync_path(folder[0] == '\0' ? "." : folder, O_RDONLY | O_DIRECTORY);
  }
  free(folder);
  limes_draft_abandon(draft);
  return status;
}

void limes_draft_abandon(limes_draft *draft) {
  if (draft->temporary != NULL)
    unlink(draft->temporary);
  free(draft->temporary);
  free(draft->path);
  *draft = (limes_draft){0};
}
