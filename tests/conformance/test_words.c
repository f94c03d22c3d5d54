/* What every registered word owes its user: documentation, and a sentence that helps for each mistake. */
#include <dirent.h>

#include "conformance/texts.h"

typedef void word_visitor(limes_context *context, const limes_layer_ops *ops);

static void each_word(void **state, word_visitor *visit) {
  size_t count = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  assert_true(count > 0);
  for (size_t i = 0; i < count; i++)
    visit(*state, layers[i]);
}

/* documentation */

/* The text of a page of the manual, NULL where there is none: the caller frees it */
static char *page(const char *name) {
  const char *root = getenv("LIMES_SOURCE_ROOT");
  char path[1024];
  snprintf(path, sizeof path, "%s/docs/%s", root == NULL ? "." : root, name);
  FILE *file = fopen(path, "r");
  if (file == NULL)
    return NULL;
  size_t size = 1 << 20;
  char *text = calloc(size, 1);
  assert_non_null(text);
  assert_true(fread(text, 1, size - 1, file) < size - 1);
  fclose(file);
  return text;
}

static void describe_word(limes_context *context, const limes_layer_ops *ops) {
  char *text = NULL, heading[16], written[80];
  if (ops->summary == NULL || strlen(ops->summary) < 3 || ops->section == NULL || ops->word == NULL)
    fail_msg("%s has no summary or section", ops->word);
  assert_ok(context, limes_word_reference(context, ops->word, &text));
  assert_non_null(strstr(text, ops->summary));
  for (size_t k = 0; k < limes_param_count(ops); k++)
    if (ops->params[k].help == NULL || strlen(ops->params[k].help) < 5 || strstr(text, ops->params[k].name) == NULL ||
        strstr(text, ops->params[k].help) == NULL)
      fail_msg("%s: parameter %s is not documented:\n%s", ops->word, ops->params[k].name, text);
  limes_free(text);
  char *mathematics = page("mathematics.md"), *language = page("language.md");
  assert_non_null(mathematics);
  assert_non_null(language);
  snprintf(heading, sizeof heading, "\n## %.1s", ops->section);
  const char *section = strstr(mathematics, heading), *end = section == NULL ? NULL : strstr(section + 1, "\n## ");
  const char *formula = section == NULL ? NULL : strstr(section, ops->word);
  if (formula == NULL || (end != NULL && formula > end))
    fail_msg("%s does not stand in section %s of docs/mathematics.md", ops->word, ops->section);
  snprintf(written, sizeof written, "`%s", ops->word);
  if (strstr(language, written) == NULL)
    fail_msg("%s does not stand in docs/language.md", ops->word);
  free(mathematics);
  free(language);
}

static void every_word_is_documented(void **state) {
  size_t count = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  each_word(state, describe_word);
  for (size_t i = 0; i < count; i++)
    assert_string_equal(limes_word(i), layers[i]->word);
  assert_null(limes_word(count));
}

static void find_page(limes_context *context, const limes_layer_ops *ops) {
  (void)context;
  char name[80];
  snprintf(name, sizeof name, "layers/%s.md", ops->word);
  char *text = page(name);
  if (text == NULL || strstr(text, ops->word) == NULL)
    fail_msg("docs/%s is missing, or does not speak of its word", name);
  for (size_t k = 0; k < limes_param_count(ops); k++)
    if (strstr(text, ops->params[k].name) == NULL)
      fail_msg("docs/%s does not speak of %s", name, ops->params[k].name);
  free(text);
}

static void every_word_has_its_page(void **state) {
  char *index = page("layers/dense.md");
  if (index == NULL)
    skip(); /* the manual has no pages of layers */
  free(index);
  each_word(state, find_page);
}

static void all_words_stand_in_the_overview(void **state) {
  limes_context *context = *state;
  char *text = NULL;
  const char *word;
  assert_ok(context, limes_word_reference(context, NULL, &text));
  for (size_t i = 0; (word = limes_word(i)) != NULL; i++)
    if (strstr(text, word) == NULL)
      fail_msg("%s is missing from the overview:\n%s", word, text);
  limes_free(text);
}

/* mistakes */

static unsigned not_refused;

/* Refused as wrong usage by a sentence that has `names` in it */
static void assert_refused(limes_context *context, const char *text, const char *names) {
  limes_model *model = NULL;
  limes_status status = limes_model_parse(context, text, &model);
  if (status != LIMES_WRONG_USE || model != NULL || strstr(limes_error(context), names) == NULL) {
    print_error("%s: %s: '%s', which should name '%s'\n", text, limes_status_text(status),
                status == LIMES_OK ? "accepted" : limes_error(context), names);
    not_refused++;
  }
  limes_model_destroy(model);
}

/* The word with what it needs, and with this value of this parameter, in a key's place `key` */
static void write_with(const limes_layer_ops *ops, const limes_param *param, const char *key, const char *value,
                       char text[LAYER_TEXT]) {
  setting set[MOST_SETTINGS];
  limes_param renamed = {.name = key};
  size_t n = needed_settings(ops, param, set);
  set[n].param = &renamed;
  snprintf(set[n].value, VALUE_TEXT, "%s", value);
  write_layer(ops, plain_branches(ops), n + 1, set, text);
}

static void refuse_value(limes_context *context, const limes_layer_ops *ops, const limes_param *param, const char *value) {
  char text[LAYER_TEXT];
  write_with(ops, param, param->name, value, text);
  assert_refused(context, text, param->name);
}

static void refuse_numbers(limes_context *context, const limes_layer_ops *ops, const limes_param *param) {
  static const char *const never[] = {"nan", "inf", "-inf", "1e999", "-1e999", "sqrt(-2)", "2x", "0x10", "1,5", "--1"};
  char number[VALUE_TEXT];
  for (size_t i = 0; i < sizeof never / sizeof *never; i++)
    refuse_value(context, ops, param, never[i]);
  snprintf(number, sizeof number, "%.17g", param->open ? param->least : param->least - fmax(1, 1e-3 * fabs(param->least)));
  refuse_value(context, ops, param, number);
  snprintf(number, sizeof number, "%.17g", param->most + fmax(1, 1e-3 * fabs(param->most)));
  refuse_value(context, ops, param, number);
  if (param->kind != LIMES_PARAM_REAL && param->kind != LIMES_PARAM_LIST)
    refuse_value(context, ops, param, "2.5");
  if (param->kind == LIMES_PARAM_SIZE) {
    refuse_value(context, ops, param, "2x0");
    refuse_value(context, ops, param, "2x2x2");
  }
}

static void refuse_values(limes_context *context, const limes_layer_ops *ops) {
  static const char *const ranges[] = {"3", "4:4", "4:2", "-1:2", "0:4:2", "0:0", "0:1e2", ":4294967295", "x"};
  for (size_t k = 0; k < limes_param_count(ops); k++) {
    const limes_param *param = &ops->params[k];
    refuse_value(context, ops, param, "");
    refuse_value(context, ops, param, "rubbish");
    if (param->kind == LIMES_PARAM_CHOICE || param->kind == LIMES_PARAM_SWITCH) {
      refuse_value(context, ops, param, "2");
    } else if (param->kind == LIMES_PARAM_RANGE) {
      for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        refuse_value(context, ops, param, ranges[i]);
    } else {
      refuse_value(context, ops, param, "yes");
      refuse_numbers(context, ops, param);
    }
    if (param->kind == LIMES_PARAM_LIST)
      refuse_value(context, ops, param, "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17");
  }
}

static void values_without_sense_are_refused(void **state) {
  not_refused = 0;
  each_word(state, refuse_values);
  assert_int_equal(not_refused, 0);
}

static void refuse_shape(limes_context *context, const limes_layer_ops *ops) {
  char text[LAYER_TEXT], sample[MOST_SAMPLES][VALUE_TEXT];
  setting set[MOST_SETTINGS];
  size_t n = limes_param_count(ops);
  for (size_t k = 0; k < n; k++) {
    const limes_param *param = &ops->params[k];
    (void)samples_of(param, sample);
    size_t needed = needed_settings(ops, param, set);
    write_layer(ops, plain_branches(ops), needed, set, text);
    if (param->required)
      assert_refused(context, text, param->name);
    for (size_t twice = 0; twice < 2; twice++) {
      set[needed + twice].param = param;
      strcpy(set[needed + twice].value, sample[0]);
    }
    write_layer(ops, plain_branches(ops), needed + 2, set, text);
    assert_refused(context, text, param->name);
  }
  if (n > 0 && ops->params[n - 1].rest)
    return;
  size_t used = (size_t)snprintf(text, sizeof text, "%s(%s", ops->word, plain_branches(ops));
  for (size_t k = 0; k <= n; k++) {
    if (k < n)
      (void)samples_of(&ops->params[k], sample);
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > strlen(ops->word) + 1 ? ", " : "", sample[0]);
  }
  snprintf(text + used, sizeof text - used, ")");
  if (n > 0 || !limes_has_branches(ops))
    assert_refused(context, text, ops->word);
}

static void missing_doubled_and_too_many_parameters_are_refused(void **state) {
  not_refused = 0;
  each_word(state, refuse_shape);
  assert_int_equal(not_refused, 0);
}

/* typing errors */

/* Whether one letter inserted, dropped, replaced, or two neighbours swapped make one of the other */
static bool one_slip_apart(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b), front = 0, back = 0;
  while (front < n && front < m && a[front] == b[front])
    front++;
  while (back < n - front && back < m - front && a[n - 1 - back] == b[m - 1 - back])
    back++;
  size_t left = n - front - back, right = m - front - back;
  bool swapped = left == 2 && right == 2 && a[front] == b[front + 1] && a[front + 1] == b[front];
  return (left <= 1 && right <= 1) || swapped;
}

/* Slip number i of a name: a letter dropped, doubled, replaced, or swapped with the next; false behind the last */
static bool slip(const char *name, size_t i, char out[VALUE_TEXT]) {
  size_t n = strlen(name), at = i / 4;
  if (at >= n)
    return false;
  const char *rest = name + at + 1;
  switch (i % 4) {
  case 0:
    snprintf(out, VALUE_TEXT, "%.*s%s", (int)at, name, rest);
    break;
  case 1:
    snprintf(out, VALUE_TEXT, "%.*s%c%s", (int)at + 1, name, name[at], rest);
    break;
  case 2:
    snprintf(out, VALUE_TEXT, "%.*s%c%s", (int)at, name, name[at] == 'y' ? 'g' : 'y', rest);
    break;
  default:
    snprintf(out, VALUE_TEXT, "%.*s%c%c%s", (int)at, name, *rest, name[at], *rest == 0 ? "" : rest + 1);
    break;
  }
  return true;
}

/* The offered name is the right one, or one that the slip is as close to */
static void assert_offered(limes_context *context, const char *text, const char *typed, const char *right) {
  limes_model *model = NULL;
  limes_status status = limes_model_parse(context, text, &model);
  char offered[VALUE_TEXT] = "";
  const char *found = strstr(limes_error(context), "did you mean '");
  limes_model_destroy(model);
  if (status == LIMES_OK)
    fail_msg("%s was accepted", text);
  if (found != NULL)
    (void)sscanf(found, "did you mean '%39[^'(]", offered);
  if (status != LIMES_WRONG_USE || (strcmp(offered, right) != 0 && !one_slip_apart(typed, offered)))
    fail_msg("%s: should offer '%s': %s", text, right, limes_error(context));
}

static void slip_in_parameters(limes_context *context, const limes_layer_ops *ops) {
  char typed[VALUE_TEXT], text[LAYER_TEXT], sample[MOST_SAMPLES][VALUE_TEXT];
  for (size_t k = 0; k < limes_param_count(ops); k++) {
    const limes_param *param = &ops->params[k];
    (void)samples_of(param, sample);
    for (size_t i = 0; strlen(param->name) > 1 && slip(param->name, i, typed); i++) {
      if (limes_param_find(ops, typed, strlen(typed)) < limes_param_count(ops))
        continue;
      write_with(ops, param, typed, sample[0], text);
      assert_offered(context, text, typed, param->name);
    }
  }
}

static void a_slip_in_a_parameter_is_answered_with_its_name(void **state) { each_word(state, slip_in_parameters); }

static void slip_in_choices(limes_context *context, const limes_layer_ops *ops) {
  char typed[VALUE_TEXT], text[LAYER_TEXT], right[VALUE_TEXT];
  for (size_t k = 0; k < limes_param_count(ops); k++)
    for (size_t c = 0; ops->params[k].kind == LIMES_PARAM_CHOICE && ops->params[k].choices[c] != NULL; c++) {
      const char *choice = ops->params[k].choices[c];
      snprintf(right, sizeof right, "%.*s", (int)strcspn(choice, "("), choice);
      for (size_t i = 0; slip(right, i, typed); i++) {
        if (strcmp(typed, right) == 0)
          continue;
        write_with(ops, &ops->params[k], ops->params[k].name, typed, text);
        if (!parses(context, text))
          assert_offered(context, text, typed, right);
      }
    }
}

static void a_slip_in_a_choice_is_answered_with_its_name(void **state) { each_word(state, slip_in_choices); }

static void slip_in_word(limes_context *context, const limes_layer_ops *ops) {
  char typed[VALUE_TEXT];
  for (size_t i = 0; slip(ops->word, i, typed); i++)
    if (limes_layer_find(typed) == NULL)
      assert_offered(context, typed, typed, ops->word);
}

static void a_slip_in_a_word_is_answered_with_the_word(void **state) { each_word(state, slip_in_word); }

/* what is allowed */

static void accept_borders(limes_context *context, const limes_layer_ops *ops) {
  for (size_t k = 0; k < limes_param_count(ops); k++) {
    const limes_param *param = &ops->params[k];
    for (int end = 0; end < 2; end++) {
      double border = end == 0 ? (param->open ? nextafter(param->least, 1) : param->least) : param->most;
      setting set[MOST_SETTINGS];
      char text[LAYER_TEXT];
      size_t n = needed_settings(ops, param, set);
      set[n].param = param;
      snprintf(set[n].value, VALUE_TEXT, "%.17g", border);
      bool number = param->kind == LIMES_PARAM_REAL || param->kind == LIMES_PARAM_COUNT || param->kind == LIMES_PARAM_SIZE;
      if (number && !write_accepted(context, ops, plain_branches(ops), n + 1, set, 2, text))
        fail_msg("%s: %s=%s, an end of its range, is refused", ops->word, param->name, set[n].value);
    }
  }
}

static void parameters_at_their_borders_are_accepted(void **state) { each_word(state, accept_borders); }

static void print_and_parse(limes_context *context, const limes_layer_ops *ops, const limes_param *varied, const char *text,
                            void *user) {
  (void)ops;
  (void)varied;
  (void)user;
  limes_model *model = parsed(context, text);
  char *printed = NULL, *again = NULL;
  assert_ok(context, limes_model_print(context, model, &printed));
  limes_model_destroy(model);
  model = parsed(context, printed);
  assert_ok(context, limes_model_print(context, model, &again));
  assert_string_equal(again, printed);
  limes_model_destroy(model);
  limes_free(printed);
  limes_free(again);
}

static void printing_parses_back_to_the_same_text(void **state) { visit_layers(*state, print_and_parse, NULL); }

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_word_is_documented),
      cmocka_unit_test(every_word_has_its_page),
      cmocka_unit_test(all_words_stand_in_the_overview),
      cmocka_unit_test(values_without_sense_are_refused),
      cmocka_unit_test(missing_doubled_and_too_many_parameters_are_refused),
      cmocka_unit_test(a_slip_in_a_parameter_is_answered_with_its_name),
      cmocka_unit_test(a_slip_in_a_choice_is_answered_with_its_name),
      cmocka_unit_test(a_slip_in_a_word_is_answered_with_the_word),
      cmocka_unit_test(parameters_at_their_borders_are_accepted),
      cmocka_unit_test(printing_parses_back_to_the_same_text),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
