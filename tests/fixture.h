/* One context for all tests of a program; it keeps the last line of its log. */
#ifndef LIMES_TESTS_FIXTURE_H
#define LIMES_TESTS_FIXTURE_H

#include "helpers.h"

static limes_context *context;
static char last_log[4096];

static inline void keep_log(void *user, limes_log_level level, const char *text) {
  (void)user;
  if (level != LIMES_LOG_DETAIL)
    snprintf(last_log, sizeof last_log, "%s", text);
}

static inline int begin(void **state) {
  (void)state;
  if (limes_context_create(&context) != LIMES_OK)
    return -1;
  limes_set_log(context, keep_log, NULL);
  return 0;
}

static inline int end(void **state) {
  (void)state;
  limes_context_destroy(context);
  return 0;
}

#endif
