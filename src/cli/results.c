/* How results are printed: rows, durations, sizes, JSON. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "session.h"

void limes_cli_row(const char *label, const char *remark, const char *format, ...) {
  char value[256];
  va_list list;
  va_start(list, format);
  vsnprintf(value, sizeof value, format, list);
  va_end(list);
  if (remark != NULL && remark[0] != '\0')
    printf("  %-14s %-12s %s\n", label, value, remark);
  else
    printf("  %-14s %s\n", label, value);
}

void limes_cli_duration(double seconds, char *text, size_t size) {
  if (seconds < 9.95)
    snprintf(text, size, seconds < 0.0995 ? "%.3f s" : "%.1f s", seconds);
  else if (seconds < 99.5)
    snprintf(text, size, "%.0f s", seconds);
  else if (seconds < 5970)
    snprintf(text, size, "%.0f min %02d s", floor(seconds / 60), (int)fmod(seconds, 60));
  else
    snprintf(text, size, "%.0f h %02d min", floor(seconds / 3600), (int)fmod(seconds / 60, 60));
}

void limes_cli_bytes(double bytes, char *text, size_t size) {
  static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
    bytes /= 1000;
    unit++;
  }
  snprintf(text, size, unit == 0 || bytes >= 99.5 ? "%.0f %s" : "%.3g %s", bytes, units[unit]);
}

json_t *limes_cli_json_number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

limes_status limes_cli_print_json(cli_session *session, json_t *object) {
  char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
  json_decref(object);
  if (text == NULL)
    return limes_cli_no_memory(session);
  puts(text);
  free(text);
  return LIMES_OK;
}
