/* Values of options: text to number, with the range that the table gives. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

static limes_status wrong(cli_session *session, const cli_option *option, const char *text, const char *wanted) {
  return limes_cli_fail(session, LIMES_WRONG_USE, "--%s takes %s, not \"%s\"", option->name, wanted, text);
}

static const char *choice_name(size_t i, const void *user) { return ((const char *const *)user)[i]; }

static limes_status set_choice(cli_session *session, const cli_option *option, const char *text, int *value) {
  for (int i = 0; option->choices[i] != NULL; i++)
    if (strcmp(option->choices[i], text) == 0) {
      *value = i;
      return LIMES_OK;
    }
  char names[512];
  limes_cli_value_name(option, names, sizeof names);
  const char *near = limes_cli_closest(text, choice_name, option->choices);
  if (near == NULL)
    return wrong(session, option, text, names);
  return limes_cli_fail(session, LIMES_WRONG_USE, "--%s takes %s, not \"%s\"; did you mean %s?", option->name, names, text, near);
}

static limes_status set_number(cli_session *session, const cli_option *option, const char *text, double *value) {
  char *end = NULL;
  double number = strtod(text, &end);
  if (end == text || *end != '\0' || isnan(number) || (isinf(number) && !option->infinite))
    return wrong(session, option, text, option->infinite ? "a number or inf" : "a number");
  if (number < option->least || (option->open && number <= option->least))
    return limes_cli_fail(session, LIMES_WRONG_USE, "--%s takes a number %s %g, not %s", option->name,
                          option->open ? "above" : "from", option->least, text);
  *value = number;
  return LIMES_OK;
}

static limes_status set_count(cli_session *session, const cli_option *option, const char *text, uint64_t *value) {
  char *end = NULL;
  errno = 0;
  unsigned long long number = strtoull(text, &end, 10);
  if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0)
    return wrong(session, option, text, "a whole number");
  if ((double)number < option->least)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--%s takes a whole number from %g, not %s", option->name, option->least,
                          text);
  *value = number;
  return LIMES_OK;
}

/* 1024 to the power that the unit stands for; -1: no unit ("G", "GB" and "GiB" are the same). */
static int unit_power(const char *unit) {
  static const char letters[] = "kmgt";
  if (unit[0] == '\0' || strcasecmp(unit, "b") == 0)
    return 0;
  const char *place = strchr(letters, tolower((unsigned char)unit[0]));
  if (place == NULL || (unit[1] != '\0' && strcasecmp(unit + 1, "b") != 0 && strcasecmp(unit + 1, "ib") != 0))
    return -1;
  return (int)(place - letters) + 1;
}

static limes_status set_bytes(cli_session *session, const cli_option *option, const char *text, uint64_t *value) {
  char *end = NULL;
  double number = strtod(text, &end);
  int power = end == text ? -1 : unit_power(end);
  double bytes = number * pow(1024, power);
  if (power < 0 || !(bytes >= 1) || bytes > 1e18)
    return wrong(session, option, text, "a size such as 800M or 12G");
  *value = (uint64_t)bytes;
  return LIMES_OK;
}

static limes_status set_extent(cli_session *session, const cli_option *option, const char *text, size_t value[2]) {
  unsigned height = 0, width = 0;
  int used = 0;
  if (sscanf(text, "%5ux%5u%n", &height, &width, &used) != 2 || text[used] != '\0' || height == 0 || width == 0)
    return wrong(session, option, text, "a size such as 16x16");
  value[0] = height;
  value[1] = width;
  return LIMES_OK;
}

limes_status limes_cli_set_option(cli_session *session, const cli_option *option, const char *text, cli_settings *settings) {
  void *field = (char *)settings + option->offset;
  switch (option->kind) {
  case OPTION_SWITCH:
    *(bool *)field = true;
    return LIMES_OK;
  case OPTION_TEXT:
  case OPTION_FILE:
  case OPTION_DATA:
    if (text[0] == '\0')
      return limes_cli_fail(session, LIMES_WRONG_USE, "--%s takes %s, not an empty word", option->name, option->value);
    *(const char **)field = text;
    return LIMES_OK;
  case OPTION_CHOICE:
    return set_choice(session, option, text, field);
  case OPTION_NUMBER:
    return set_number(session, option, text, field);
  case OPTION_COUNT:
    return set_count(session, option, text, field);
  case OPTION_BYTES:
    return set_bytes(session, option, text, field);
  case OPTION_EXTENT:
    return set_extent(session, option, text, field);
  }
  return LIMES_OK;
}
