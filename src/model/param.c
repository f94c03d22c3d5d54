#include "model/param.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/number.h"
#include "model/suggest.h"

#define UNLIMITED_REAL 1e100 /* bounds of tables that mean none */
#define UNLIMITED_COUNT (1 << 20)

static void *field(const limes_param *param, void *params) { return (char *)params + param->offset; }
static const void *field_of(const limes_param *param, const void *params) { return (const char *)params + param->offset; }

size_t limes_param_count(const limes_layer_ops *ops) {
  size_t n = 0;
  while (ops->params != NULL && ops->params[n].name != NULL)
    n++;
  return n;
}

size_t limes_param_find(const limes_layer_ops *ops, const char *text, size_t length) {
  size_t n = limes_param_count(ops), k = 0;
  while (k < n && (strlen(ops->params[k].name) != length || memcmp(ops->params[k].name, text, length) != 0))
    k++;
  return k;
}

static bool is_real(const limes_param *param) { return param->kind == LIMES_PARAM_REAL || param->kind == LIMES_PARAM_LIST; }

/* value has been checked, or is the table's default */
static void store(const limes_param *param, void *params, double value) {
  bool decided = !isnan(value);
  bool real = is_real(param);
  uint32_t whole = decided && !real ? (uint32_t)value : 0; /* a real number may be beyond any whole one */
  switch (param->kind) {
  case LIMES_PARAM_REAL:
    *(double *)field(param, params) = value;
    break;
  case LIMES_PARAM_COUNT:
    *(uint32_t *)field(param, params) = whole;
    break;
  case LIMES_PARAM_SIZE:
    *(limes_size *)field(param, params) = (limes_size){{whole, whole}, false};
    break;
  case LIMES_PARAM_CHOICE:
    *(int *)field(param, params) = decided ? (int)value : -1;
    break;
  case LIMES_PARAM_SWITCH:
    *(bool *)field(param, params) = whole != 0;
    break;
  case LIMES_PARAM_LIST:
    *(limes_list *)field(param, params) = (limes_list){decided, {decided ? value : 0}};
    break;
  }
}

void limes_param_defaults(const limes_layer_ops *ops, void *params) {
  for (size_t k = 0; k < limes_param_count(ops); k++)
    store(&ops->params[k], params, ops->params[k].required ? NAN : ops->params[k].fallback);
}

bool limes_param_is_default(const limes_param *param, const void *params) {
  const void *at = field_of(param, params);
  bool decided = !isnan(param->fallback);
  double whole = decided ? param->fallback : 0;
  switch (param->kind) {
  case LIMES_PARAM_REAL: {
    double value = *(const double *)at;
    return decided ? value == param->fallback : isnan(value);
  }
  case LIMES_PARAM_COUNT:
    return *(const uint32_t *)at == whole;
  case LIMES_PARAM_SIZE: {
    const limes_size *size = at;
    return !size->each_axis && size->n[0] == whole;
  }
  case LIMES_PARAM_CHOICE:
    return *(const int *)at == (decided ? (int)param->fallback : -1);
  case LIMES_PARAM_SWITCH:
    return *(const bool *)at == (whole != 0);
  case LIMES_PARAM_LIST: {
    const limes_list *list = at;
    return decided ? list->n == 1 && list->value[0] == param->fallback : list->n == 0;
  }
  }
  return false;
}

static bool unlimited_above(const limes_param *param) {
  return param->most >= (is_real(param) ? UNLIMITED_REAL : UNLIMITED_COUNT);
}

static void print_choices(const limes_param *param, limes_text *text) {
  for (size_t k = 0; param->choices[k] != NULL; k++)
    limes_text_add(text, "%s%s", k == 0 ? "" : param->choices[k + 1] == NULL ? " or " : ", ", param->choices[k]);
}

void limes_param_range(const limes_param *param, bool all_bounds, limes_text *text) {
  if (param->kind == LIMES_PARAM_SWITCH) {
    limes_text_add(text, "yes or no");
    return;
  }
  if (param->kind == LIMES_PARAM_CHOICE) {
    print_choices(param, text);
    return;
  }
  char least[LIMES_NUMBER_SIZE], most[LIMES_NUMBER_SIZE];
  limes_number_print(param->least, least);
  limes_number_print(param->most, most);
  limes_text_add(text, "%s",
                 param->kind == LIMES_PARAM_REAL    ? "a number"
                 : param->rest                      ? "numbers (0.3, -0.8, ...)"
                 : param->kind == LIMES_PARAM_LIST  ? "numbers (48:16)"
                 : param->kind == LIMES_PARAM_COUNT ? "a whole number"
                                                    : "a size (3 or 3x3)");
  bool from = all_bounds || param->least > -UNLIMITED_REAL, to = all_bounds || !unlimited_above(param);
  if (from && to)
    limes_text_add(text, param->open ? " above %s, at most %s" : " from %s to %s", least, most);
  else if (from)
    limes_text_add(text, param->open ? " above %s" : ", %s or more", least);
  else if (to)
    limes_text_add(text, ", at most %s", most);
}

/* "'abc' is not a value of w_std: it takes a number, 0 or more" */
static limes_status refuse(limes_context *context, const limes_param *param, const char *shown, bool too_large,
                           const char *suggested) {
  limes_text range = {.context = context};
  char *text = NULL;
  limes_param_range(param, too_large, &range);
  if (limes_text_finish(&range, &text) != LIMES_OK)
    return LIMES_NO_MEMORY;
  if (suggested != NULL)
    (void)limes_fail(context, LIMES_WRONG_USE, "%s is not a value of %s: did you mean '%s'? It takes %s", shown, param->name,
                     suggested, text);
  else
    (void)limes_fail(context, LIMES_WRONG_USE, "%s is not a value of %s: it takes %s", shown, param->name, text);
  free(text);
  return LIMES_WRONG_USE;
}

static bool in_range(const limes_param *param, double value) {
  return value >= param->least && value <= param->most && !(param->open && value == param->least);
}

static bool fits(const limes_param *param, double value) {
  switch (param->kind) {
  case LIMES_PARAM_REAL:
  case LIMES_PARAM_LIST:
    return in_range(param, value);
  case LIMES_PARAM_COUNT:
  case LIMES_PARAM_SIZE:
    return in_range(param, value) && value >= 0 && value <= UINT32_MAX && value == floor(value);
  case LIMES_PARAM_SWITCH:
    return value == 0 || value == 1;
  case LIMES_PARAM_CHOICE:
    break;
  }
  return false;
}

limes_status limes_param_set_number(limes_context *context, const limes_param *param, void *params, double value) {
  if (!fits(param, value)) {
    char shown[LIMES_NUMBER_SIZE] = "a number that is not finite";
    bool too_large = param->kind != LIMES_PARAM_CHOICE && param->kind != LIMES_PARAM_SWITCH && value > param->most;
    if (isfinite(value))
      limes_number_print(value, shown);
    return refuse(context, param, shown, too_large, NULL);
  }
  store(param, params, value == 0 ? 0 : value);
  return LIMES_OK;
}

/* AxB with whole numbers; false where it does not look like that */
static bool read_axes(const char *text, size_t length, double n[2]) {
  const char *x = memchr(text, 'x', length);
  for (const char *at = text; at < text + length; at++)
    if (at != x && (*at < '0' || *at > '9'))
      return false;
  return x != NULL && limes_number_read(text, (size_t)(x - text), &n[0]) &&
         limes_number_read(x + 1, length - (size_t)(x - text) - 1, &n[1]);
}

static limes_status read_word(limes_context *context, const limes_param *param, void *params, const char *text, size_t length) {
  static const char *const switches[] = {"no", "yes", NULL};
  const char *const *words = param->kind == LIMES_PARAM_SWITCH ? switches : param->choices;
  limes_closest closest = limes_closest_to(text, length);
  char quote[LIMES_QUOTE_SIZE];
  for (size_t k = 0; words[k] != NULL; k++) {
    if (strlen(words[k]) == length && memcmp(words[k], text, length) == 0) {
      store(param, params, (double)k);
      return LIMES_OK;
    }
    limes_closest_try(&closest, words[k]);
  }
  return refuse(context, param, limes_quote(text, length, quote), false, words == switches ? NULL : closest.best);
}

static limes_status too_many(limes_context *context, const limes_param *param) {
  return limes_fail(context, LIMES_WRONG_USE, "%s takes at most %d numbers, and these are more", param->name, LIMES_MOST_LISTED);
}

/* Numbers separated by colons; *list keeps what it has where one of them is none. */
static limes_status append(limes_context *context, const limes_param *param, limes_list *list, const char *text, size_t length) {
  limes_list longer = *list;
  for (const char *at = text, *end = text + length; at <= end;) {
    const char *colon = memchr(at, ':', (size_t)(end - at)), *stop = colon == NULL ? end : colon;
    double value = 0;
    char quote[LIMES_QUOTE_SIZE];
    bool is_number = limes_number_read(at, (size_t)(stop - at), &value);
    if (!is_number || !fits(param, value))
      return refuse(context, param, limes_quote(at, (size_t)(stop - at), quote), is_number && value > param->most, NULL);
    if (longer.n == LIMES_MOST_LISTED)
      return too_many(context, param);
    longer.value[longer.n++] = value;
    at = stop + 1;
  }
  *list = longer;
  return LIMES_OK;
}

limes_status limes_param_append(limes_context *context, const limes_param *param, void *params, const char *text, size_t length) {
  return append(context, param, field(param, params), text, length);
}

static limes_status read_list(limes_context *context, const limes_param *param, void *params, const char *text, size_t length) {
  limes_list list = {0};
  limes_status status = append(context, param, &list, text, length);
  if (status == LIMES_OK)
    *(limes_list *)field(param, params) = list;
  return status;
}

limes_status limes_param_read(limes_context *context, const limes_param *param, void *params, const char *text, size_t length) {
  char quote[LIMES_QUOTE_SIZE];
  double value = 0, axis[2];
  if (param->kind == LIMES_PARAM_CHOICE || param->kind == LIMES_PARAM_SWITCH)
    return read_word(context, param, params, text, length);
  if (param->kind == LIMES_PARAM_LIST)
    return read_list(context, param, params, text, length);
  if (param->kind == LIMES_PARAM_SIZE && read_axes(text, length, axis) && fits(param, axis[0]) && fits(param, axis[1])) {
    *(limes_size *)field(param, params) = (limes_size){{(uint32_t)axis[0], (uint32_t)axis[1]}, true};
    return LIMES_OK;
  }
  bool is_number = limes_number_read(text, length, &value);
  if (!is_number || !fits(param, value))
    return refuse(context, param, limes_quote(text, length, quote), is_number && value > param->most, NULL);
  store(param, params, value);
  return LIMES_OK;
}

static void print_number(double value, limes_text *text) {
  char number[LIMES_NUMBER_SIZE];
  limes_number_print(value, number);
  limes_text_add(text, "%s", number);
}

static void print_list(const limes_list *list, const char *separator, limes_text *text) {
  for (uint32_t i = 0; i < list->n; i++) {
    limes_text_add(text, "%s", i == 0 ? "" : separator);
    print_number(list->value[i], text);
  }
}

void limes_param_print_bare(const limes_param *param, const void *params, limes_text *text) {
  if (param->rest)
    print_list(field_of(param, params), ", ", text);
  else
    limes_param_print(param, params, text);
}

void limes_param_print(const limes_param *param, const void *params, limes_text *text) {
  const void *at = field_of(param, params);
  const limes_size *size = at;
  switch (param->kind) {
  case LIMES_PARAM_REAL:
    print_number(*(const double *)at, text);
    break;
  case LIMES_PARAM_COUNT:
    limes_text_add(text, "%u", (unsigned)*(const uint32_t *)at);
    break;
  case LIMES_PARAM_SIZE:
    limes_text_add(text, "%u", (unsigned)size->n[0]);
    if (size->each_axis)
      limes_text_add(text, "x%u", (unsigned)size->n[1]);
    break;
  case LIMES_PARAM_CHOICE:
    limes_text_add(text, "%s", param->choices[*(const int *)at]);
    break;
  case LIMES_PARAM_SWITCH:
    limes_text_add(text, "%s", *(const bool *)at ? "yes" : "no");
    break;
  case LIMES_PARAM_LIST:
    print_list(at, ":", text);
    break;
  }
}

void limes_param_print_default(const limes_param *param, limes_text *text) {
  bool no_size = param->kind == LIMES_PARAM_SIZE && param->fallback == 0;
  if (isnan(param->fallback) || no_size)
    limes_text_add(text, "-");
  else if (param->kind == LIMES_PARAM_CHOICE)
    limes_text_add(text, "%s", param->choices[(int)param->fallback]);
  else if (param->kind == LIMES_PARAM_SWITCH)
    limes_text_add(text, "%s", param->fallback != 0 ? "yes" : "no");
  else
    print_number(param->fallback, text);
}
