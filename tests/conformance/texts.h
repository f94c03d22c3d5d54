/* Texts of layers, made from the parameter tables of all registered words. */
#ifndef LIMES_TESTS_TEXTS_H
#define LIMES_TESTS_TEXTS_H

#include "kernel/laws.h"
#include "model/build.h"
#include "model/param.h"

enum { LAYER_TEXT = 400, CHAIN_TEXT = 8000, VALUE_TEXT = 40, MOST_SAMPLES = 16, MOST_SETTINGS = 16 };

/* One parameter and the text of its value */
typedef struct {
  const limes_param *param;
  char value[VALUE_TEXT];
} setting;

/* A few moderate values: all choices and both switches, numbers on either side of 1, sizes that fit the items of items.h,
 * counts of 2 and 3, or half and three quarters of the default */
static inline size_t samples_of(const limes_param *param, char sample[MOST_SAMPLES][VALUE_TEXT]) {
  static const char *const sizes[] = {"2", "3", "2x3"}, *const ranges[] = {":2", ":", "0:1"}, *const switches[] = {"yes", "no"};
  static const double numbers_near_1[] = {0.6, 1.4, -0.3}, counts[] = {2, 3};
  size_t n = 0;
  switch (param->kind) {
  case LIMES_PARAM_REAL:
    for (size_t i = 0; i < 3; i++)
      if (i < 2 || param->least < 0)
        snprintf(sample[n++], VALUE_TEXT, "%g", fmin(numbers_near_1[i], param->most));
    break;
  case LIMES_PARAM_COUNT:
    for (size_t i = 0; i < 2; i++) {
      double count = param->fallback > 3 ? floor(param->fallback * counts[i] / 4) : counts[i];
      snprintf(sample[n++], VALUE_TEXT, "%g", fmax(param->least, fmin(count, param->most)));
    }
    break;
  case LIMES_PARAM_SIZE:
    for (; n < 3; n++)
      snprintf(sample[n], VALUE_TEXT, "%s", sizes[n]);
    break;
  case LIMES_PARAM_RANGE:
    for (; n < 3; n++)
      snprintf(sample[n], VALUE_TEXT, "%s", ranges[n]);
    break;
  case LIMES_PARAM_SWITCH:
    for (; n < 2; n++)
      snprintf(sample[n], VALUE_TEXT, "%s", switches[n]);
    break;
  case LIMES_PARAM_CHOICE:
    for (; param->choices[n] != NULL && n < MOST_SAMPLES; n++)
      snprintf(sample[n], VALUE_TEXT, "%.*s%s", (int)strcspn(param->choices[n], "("), param->choices[n],
               strchr(param->choices[n], '(') == NULL ? "" : "(2)");
    break;
  case LIMES_PARAM_LIST:
    snprintf(sample[n++], VALUE_TEXT, param->least < 0 ? "0.3:-0.8:0.5" : "1:3");
    break;
  }
  return n;
}

/* word(branches, key=value, ...) */
static inline void write_layer(const limes_layer_ops *ops, const char *branches, size_t n, const setting *set,
                               char text[LAYER_TEXT]) {
  size_t used = (size_t)snprintf(text, LAYER_TEXT, "%s%s%s", ops->word, n > 0 || *branches != 0 ? "(" : "", branches);
  for (size_t i = 0; i < n; i++)
    used += (size_t)snprintf(text + used, LAYER_TEXT - used, "%s%s=%s", i > 0 || *branches != 0 ? ", " : "", set[i].param->name,
                             set[i].value);
  used += (size_t)snprintf(text + used, LAYER_TEXT - used, "%s", n > 0 || *branches != 0 ? ")" : "");
  assert_true(used < LAYER_TEXT);
}

static inline bool parses(limes_context *context, const char *text) {
  limes_model *model = NULL;
  limes_status status = limes_model_parse(context, text, &model);
  limes_model_destroy(model);
  if (status != LIMES_OK && status != LIMES_WRONG_USE)
    fail_msg("%s: %s: %s", text, limes_status_text(status), limes_error(context));
  return status == LIMES_OK;
}

/* Branches that a word without others gets */
static inline const char *plain_branches(const limes_layer_ops *ops) {
  if (!limes_has_branches(ops))
    return "";
  return ops->most_branches == 1 ? "dense(w_std=1.3) relu dense" : "dense | dense(w_std=1.3) relu dense(b_std=0.4)";
}

/* First samples of what the word needs, without `varied` */
static inline size_t needed_settings(const limes_layer_ops *ops, const limes_param *varied, setting set[MOST_SETTINGS]) {
  char sample[MOST_SAMPLES][VALUE_TEXT];
  size_t n = 0;
  for (size_t k = 0; k < limes_param_count(ops); k++)
    if (ops->params[k].required && &ops->params[k] != varied) {
      (void)samples_of(&ops->params[k], sample);
      set[n].param = &ops->params[k];
      strcpy(set[n++].value, sample[0]);
    }
  return n;
}

static inline bool is_set(const limes_param *param, size_t n, const setting *set) {
  for (size_t i = 0; i < n; i++)
    if (set[i].param == param)
      return true;
  return false;
}

/* The layer with set[n], and with at most `more` settings of other parameters where the word refuses it without: some make sense
 * only beside others. */
static inline bool write_accepted(limes_context *context, const limes_layer_ops *ops, const char *branches, size_t n,
                                  setting *set, size_t more, char text[LAYER_TEXT]) {
  write_layer(ops, branches, n, set, text);
  if (parses(context, text))
    return true;
  for (size_t k = 0; more > 0 && k < limes_param_count(ops); k++) {
    char sample[MOST_SAMPLES][VALUE_TEXT];
    size_t samples = is_set(&ops->params[k], n, set) ? 0 : samples_of(&ops->params[k], sample);
    for (size_t i = 0; i < samples; i++) {
      set[n].param = &ops->params[k];
      strcpy(set[n].value, sample[i]);
      if (write_accepted(context, ops, branches, n + 1, set, more - 1, text))
        return true;
    }
  }
  return false;
}

typedef void layer_visitor(limes_context *context, const limes_layer_ops *ops, const limes_param *varied, const char *text,
                           void *user);

/* Every word with its defaults, then with each sample of each of its parameters. */
static inline void visit_layers_of(limes_context *context, const limes_layer_ops *ops, layer_visitor *visit, void *user) {
  setting set[MOST_SETTINGS];
  char text[LAYER_TEXT], sample[MOST_SAMPLES][VALUE_TEXT];
  if (!write_accepted(context, ops, plain_branches(ops), needed_settings(ops, NULL, set), set, 2, text))
    fail_msg("%s: no parameters were found that it takes; the last ones: %s", ops->word, limes_error(context));
  visit(context, ops, NULL, text, user);
  for (size_t k = 0; k < limes_param_count(ops); k++)
    for (size_t i = 0, samples = samples_of(&ops->params[k], sample); i < samples; i++) {
      size_t n = needed_settings(ops, &ops->params[k], set);
      set[n].param = &ops->params[k];
      strcpy(set[n].value, sample[i]);
      if (write_accepted(context, ops, plain_branches(ops), n + 1, set, 2, text))
        visit(context, ops, &ops->params[k], text, user);
      else
        fail_msg("%s: %s=%s is taken beside no other parameters", ops->word, ops->params[k].name, sample[i]);
    }
}

static inline void visit_layers(limes_context *context, layer_visitor *visit, void *user) {
  size_t count = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  for (size_t i = 0; i < count; i++)
    visit_layers_of(context, layers[i], visit, user);
}

#endif
