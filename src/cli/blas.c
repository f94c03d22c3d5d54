#include <stdlib.h>
#include <unistd.h>

#include "session.h"

/* OpenBLAS reads OPENBLAS_CORETYPE when it loads, before main. Where it did not know the processor and nobody has set the
 * variable, the program starts itself once more with it: matrix products are 4 times as fast. */
void limes_cli_widen_blas(char **argv) {
  const char *wider = limes_blas_wider_core();
  if (wider == NULL || getenv("OPENBLAS_CORETYPE") != NULL || setenv("OPENBLAS_CORETYPE", wider, 1) != 0)
    return;
  execv("/proc/self/exe", argv); /* where this fails, the slower kernels do the same work */
}
