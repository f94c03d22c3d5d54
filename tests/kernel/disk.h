/* A disk that fails on command, for a test linked with --wrap of pwrite64 and fdatasync against the static library: writes that
 * fail, and a power failure, after which of the writes since the last sync some are lost, some are there, and one may be there by
 * half. */
#ifndef LIMES_TESTS_DISK_H
#define LIMES_TESTS_DISK_H

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOGGED 100000

static struct {
  pthread_mutex_t lock;
  long writes, fail_at; /* 0: never */
  int error;
  size_t logged;
  struct {
    off_t place;
    size_t count;
    char *before;
  } log[LOGGED]; /* since the last sync */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

ssize_t __real_pwrite64(int descriptor, const void *bytes, size_t count, off_t place);
int __real_fdatasync(int descriptor);
ssize_t __wrap_pwrite64(int descriptor, const void *bytes, size_t count, off_t place);
int __wrap_fdatasync(int descriptor);

ssize_t __wrap_pwrite64(int descriptor, const void *bytes, size_t count, off_t place) {
  pthread_mutex_lock(&disk.lock);
  ssize_t done = -1;
  if (disk.fail_at > 0 && ++disk.writes >= disk.fail_at)
    errno = disk.error;
  else {
    if (disk.fail_at > 0 && disk.logged < LOGGED) {
      char *before = malloc(count);
      if (before != NULL && pread(descriptor, before, count, place) == (ssize_t)count) {
        disk.log[disk.logged].place = place;
        disk.log[disk.logged].count = count;
        disk.log[disk.logged++].before = before;
      } else
        free(before);
    }
    done = __real_pwrite64(descriptor, bytes, count, place);
  }
  pthread_mutex_unlock(&disk.lock);
  return done;
}

static void forget_log(void) {
  for (size_t i = 0; i < disk.logged; i++)
    free(disk.log[i].before);
  disk.logged = 0;
}

/* The test needs no disk: what has been synced is what is no longer in the log. */
int __wrap_fdatasync(int descriptor) {
  pthread_mutex_lock(&disk.lock);
  bool fails = disk.fail_at > 0 && disk.writes >= disk.fail_at;
  if (!fails)
    forget_log();
  pthread_mutex_unlock(&disk.lock);
  (void)descriptor;
  if (fails)
    errno = disk.error;
  return fails ? -1 : 0;
}

/* From the k-th write on every write fails with this error. k = 0: the disk is whole again. */
static void disk_fails_at(long k, int error) {
  pthread_mutex_lock(&disk.lock);
  disk.writes = 0;
  disk.fail_at = k;
  disk.error = error;
  forget_log();
  pthread_mutex_unlock(&disk.lock);
}

/* What a power failure leaves of the writes since the last sync, backwards: bits of `choice` say which are lost, and which by
 * half. */
static void lose_power(int descriptor, uint64_t choice) {
  for (size_t i = disk.logged; i-- > 0; choice = choice * 6364136223846793005u + 1442695040888963407u) {
    size_t lost = choice >> 62 == 0 ? 0 : choice >> 62 == 1 ? disk.log[i].count / 2 : disk.log[i].count;
    if (lost > 0)
      (void)!__real_pwrite64(descriptor, disk.log[i].before, lost, disk.log[i].place);
  }
  forget_log();
}

#endif
