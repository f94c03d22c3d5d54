#include "model/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 400 /* more characters than any number has a use for */

static size_t digits(const char *text, const char *end) {
  const char *at = text;
  while (at < end && *at >= '0' && *at <= '9')
    at++;
  return (size_t)(at - text);
}

/* Digits with an optional point and exponent, without a sign; all of it. */
static bool is_decimal(const char *at, const char *end) {
  size_t whole = digits(at, end), part = 0;
  at += whole;
  if (at < end && *at == '.') {
    part = digits(at + 1, end);
    at += 1 + part;
  }
  if (whole + part == 0)
    return false;
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-'))
      at++;
    size_t exponent = digits(at, end);
    if (exponent == 0)
      return false;
    at += exponent;
  }
  return at == end;
}

/* The locale "C" without touching the caller's: 0.5 is 0.5 where people write 0,5. */
static double decimal(const char *text, size_t length) {
  char copy[LONGEST + 1];
  memcpy(copy, text, length);
  copy[length] = '\0';
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  double value = plain == (locale_t)0 ? NAN : strtod_l(copy, NULL, plain);
  if (plain != (locale_t)0)
    freelocale(plain);
  return value;
}

static const char *skip_blanks(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t'))
    at++;
  return at;
}

/* What stands between the brackets of sqrt( ... ); false where that is not how the text looks. */
static bool root_argument(const char **at, const char **end) {
  if (*end - *at < 6 || memcmp(*at, "sqrt", 4) != 0 || (*end)[-1] != ')')
    return false;
  const char *open = skip_blanks(*at + 4, *end);
  if (*open != '(')
    return false;
  *at = skip_blanks(open + 1, *end - 1);
  *end -= 1;
  while (*end > *at && ((*end)[-1] == ' ' || (*end)[-1] == '\t'))
    *end -= 1;
  return true;
}

bool limes_number_read(const char *text, size_t length, double *value) {
  const char *at = text, *end = text + length;
  if (length == 0 || length > LONGEST)
    return false;
  bool negative = *at == '-';
  at += *at == '-' || *at == '+';
  bool root = root_argument(&at, &end);
  if (!is_decimal(at, end))
    return false;
  double size = decimal(at, (size_t)(end - at));
  size = root ? sqrt(size) : size;
  *value = negative && size > 0 ? -size : size; /* there is one zero */
  return true;
}

/* sqrt(2) for 1.4142135623730951, where the value is exactly that */
static bool print_root(double value, char text[LIMES_NUMBER_SIZE]) {
  double square = nearbyint(value * value);
  if (square < 2 || square > 99 || sqrt(square) != fabs(value) || value == nearbyint(value))
    return false;
  snprintf(text, LIMES_NUMBER_SIZE, "%ssqrt(%d)", value < 0 ? "-" : "", (int)square);
  return true;
}

void limes_number_print(double value, char text[LIMES_NUMBER_SIZE]) {
  if (print_root(value, text))
    return;
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  locale_t before = uselocale(plain);
  double back = 0;
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(text, LIMES_NUMBER_SIZE, "%.*g", precision, value);
    if (limes_number_read(text, strlen(text), &back) && back == value)
      break;
  }
  (void)uselocale(before);
  if (plain != (locale_t)0)
    freelocale(plain);
}
