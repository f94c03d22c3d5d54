/* What cmocka lacks: comparing numbers, and making them. */
#ifndef LIMES_TESTS_HELPERS_H
#define LIMES_TESTS_HELPERS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limes/status.h"

#define assert_close(a, b, tolerance) limes_assert_close((a), (b), (tolerance), 0, #a, #b, __FILE__, __LINE__)
#define assert_close_at(a, b, tolerance, index) limes_assert_close((a), (b), (tolerance), (index), #a, #b, __FILE__, __LINE__)
#define assert_ok(context, call) limes_assert_ok((context), (call), #call, __FILE__, __LINE__)

static inline void limes_assert_close(double a, double b, double tolerance, size_t index, const char *text_a, const char *text_b,
                                      const char *file, int line) {
  if (fabs(a - b) <= tolerance || a == b)
    return;
  print_error("%s = %.17g\n%s = %.17g\nindex %zu: they differ by %.3g, allowed %.3g\n", text_a, a, text_b, b, index, fabs(a - b),
              tolerance);
  _fail(file, line);
}

static inline void limes_assert_ok(const limes_context *context, limes_status status, const char *text, const char *file,
                                   int line) {
  if (status == LIMES_OK)
    return;
  print_error("%s: %s: %s\n", text, limes_status_text(status), context == NULL ? "" : limes_error(context));
  _fail(file, line);
}

/* Of (-1/2, 1/2); any seed in *state will do */
static inline double uniform(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) * 0x1p-53 - 0.5;
}

static inline limes_context *new_context(void) {
  limes_context *made = NULL;
  assert_int_equal(limes_context_create(&made), LIMES_OK);
  return made;
}

#endif
