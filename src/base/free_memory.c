#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"

#define LEAST_FREE 4096

/* The number behind `key` in a file of "key number" lines; 0 where there is none. */
static uint64_t number_behind(const char *path, const char *key) {
  FILE *file = fopen(path, "r");
  if (file == NULL)
    return 0;
  char line[256];
  uint64_t value = 0;
  while (fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), "%" SCNu64, &value) == 1)
      break;
  fclose(file);
  return value;
}

/* The number a file begins with; UINT64_MAX where there is none ("max"). */
static uint64_t number_of(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL)
    return UINT64_MAX;
  uint64_t value = UINT64_MAX;
  if (fscanf(file, "%" SCNu64, &value) != 1)
    value = UINT64_MAX;
  fclose(file);
  return value;
}

uint64_t limes_memory_free(void) {
  uint64_t machine = number_behind("/proc/meminfo", "MemAvailable:") * 1024;
  uint64_t most = number_of("/sys/fs/cgroup/memory.max"), used = number_of("/sys/fs/cgroup/memory.current");
  if (most == UINT64_MAX || used == UINT64_MAX)
    return machine;
  uint64_t cache = number_behind("/sys/fs/cgroup/memory.stat", "inactive_file "); /* counted as used, given back when asked for */
  used = used > cache ? used - cache : 0;
  uint64_t group = most > used + LEAST_FREE ? most - used : LEAST_FREE; /* 0 means that nothing is known */
  return machine == 0 || group < machine ? group : machine;
}

uint64_t limes_memory_limit(const limes_context *context) {
  uint64_t free_now = context->memory == 0 ? limes_memory_free() : 0;
  return context->memory != 0 ? context->memory : free_now == 0 ? UINT64_MAX : free_now / 2;
}
