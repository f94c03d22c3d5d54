#include <cblas.h>
#include <string.h>

#include "limes/status.h"

const char *limes_blas_core(void) { return openblas_get_corename(); }

static bool among(const char *name, const char *const *names) {
  for (; *names != NULL; names++)
    if (strcmp(name, *names) == 0)
      return true;
  return false;
}

const char *limes_blas_wider_core(void) {
#if defined(__x86_64__)
  static const char *const wide[] = {"SkylakeX", "Cooperlake", "SapphireRapids", NULL}, *const middle[] = {"Haswell", "Zen",
                                                                                                           "Excavator", NULL};
  const char *core = limes_blas_core();
  if (among(core, wide))
    return NULL;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && !among(core, middle))
    return "Haswell";
#endif
  return NULL;
}
