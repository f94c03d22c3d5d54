/* Models at random, made by the builder from the parameter tables of all registered words; and whether two are the same. */
#ifndef LIMES_TESTS_RANDOM_MODEL_H
#define LIMES_TESTS_RANDOM_MODEL_H

#include "helpers.h"
#include "model/build.h"
#include "model/number.h"
#include "model/param.h"

typedef struct {
  uint64_t state; /* xorshift, not 0 */
} random_source;

static inline uint64_t random_bits(random_source *source) {
  source->state ^= source->state << 13;
  source->state ^= source->state >> 7;
  source->state ^= source->state << 17;
  return source->state * UINT64_C(0x2545F4914F6CDD1D);
}

static inline size_t random_below(random_source *source, size_t n) { return (size_t)(random_bits(source) >> 11) % n; }

/* A finite number of any size and any bits */
static inline double random_double(random_source *source) {
  double value = NAN;
  while (!isfinite(value)) {
    uint64_t bits = random_bits(source);
    memcpy(&value, &bits, sizeof value);
  }
  return value;
}

/* A number as people write them, or with all its digits, or at the ends of what the parameter takes */
static inline double random_number(random_source *source, const limes_param *param) {
  double least = param->least, most = param->most, value = 0;
  switch (random_below(source, 5)) {
  case 0:
    value = (double)random_below(source, 100);
    break;
  case 1:
    value = (double)random_below(source, 2000) / 100 - 10;
    break;
  case 2:
    value = sqrt((double)random_below(source, 110));
    break;
  case 3:
    value = random_below(source, 2) == 0 ? least : most;
    break;
  default:
    value = random_double(source);
    break;
  }
  bool real = param->kind == LIMES_PARAM_REAL || param->kind == LIMES_PARAM_LIST;
  if (!real)
    value = floor(value);
  if (value >= least && value <= most && !(param->open && value == least))
    return value;
  return real ? most : least;
}

/* 48:16 */
static inline void set_random_list(limes_context *context, limes_model *model, const limes_param *param, random_source *source) {
  char text[LIMES_MOST_LISTED * (LIMES_NUMBER_SIZE + 1)];
  size_t used = 0;
  for (size_t i = 0, n = 1 + random_below(source, LIMES_MOST_LISTED); i < n; i++) {
    char number[LIMES_NUMBER_SIZE];
    limes_number_print(random_number(source, param), number);
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : ":", number);
  }
  assert_ok(context, limes_model_set(context, model, param->name, text));
}

static inline void set_random(limes_context *context, limes_model *model, const limes_param *param, random_source *source) {
  char size[32], choice[64];
  size_t choices = 0, chosen = 0, name = 0;
  switch (param->kind) {
  case LIMES_PARAM_SIZE:
    if (random_below(source, 2) == 0) {
      snprintf(size, sizeof size, "%zux%zu", 1 + random_below(source, 9), 1 + random_below(source, 9));
      assert_ok(context, limes_model_set(context, model, param->name, size));
      break;
    } /* fall through */
  case LIMES_PARAM_REAL:
  case LIMES_PARAM_COUNT:
    assert_ok(context, limes_model_set_number(context, model, param->name, random_number(source, param)));
    break;
  case LIMES_PARAM_CHOICE:
    while (param->choices[choices] != NULL)
      choices++;
    chosen = random_below(source, choices);
    name = strcspn(param->choices[chosen], "(");
    snprintf(choice, sizeof choice, "%.*s", (int)name, param->choices[chosen]);
    if (param->choices[chosen][name] == '(')
      snprintf(choice + name, sizeof choice - name, "(%zu)", 1 + random_below(source, 1 << 30));
    assert_ok(context, limes_model_set(context, model, param->name, choice));
    break;
  case LIMES_PARAM_RANGE: {
    const char *ranges[] = {":", "0:1", "3:", ":7", "12:345"};
    assert_ok(context, limes_model_set(context, model, param->name, ranges[random_below(source, 5)]));
    break;
  }
  case LIMES_PARAM_LIST:
    set_random_list(context, model, param, source);
    break;
  case LIMES_PARAM_SWITCH:
    assert_ok(context, limes_model_set(context, model, param->name, random_below(source, 2) == 0 ? "yes" : "no"));
    break;
  }
}

/* The layer added or opened last */
static inline limes_node *last_layer(const limes_model *model) {
  const limes_chain *chain = model->path[model->n_open];
  if (chain->n == 0)
    chain = model->path[model->n_open - 1];
  return &chain->node[chain->n - 1];
}

/* Parameters at random; where they do not go together, again with fewer. */
static inline void set_random_params(limes_context *context, limes_model *model, random_source *source) {
  limes_node *node = last_layer(model);
  size_t n = limes_param_count(node->ops), odds = 2;
  do {
    limes_param_defaults(node->ops, node->param);
    node->given = 0;
    for (size_t k = 0; k < n; k++)
      if (node->ops->params[k].required || random_below(source, odds) == 0)
        set_random(context, model, &node->ops->params[k], source);
    odds *= 2;
  } while (limes_build_check(context, node) != LIMES_OK);
}

static inline void add_random_chain(limes_context *context, limes_model *model, size_t layers, random_source *source) {
  size_t count = 0;
  const limes_layer_ops *const *words = limes_layers(&count);
  for (; layers > 0; layers--) {
    const limes_layer_ops *ops = words[random_below(source, count)];
    if (!limes_has_branches(ops)) {
      assert_ok(context, limes_model_add(context, model, ops->word));
      set_random_params(context, model, source);
      continue;
    }
    if (model->n_open > 5)
      continue;
    assert_ok(context, limes_model_open(context, model, ops->word));
    set_random_params(context, model, source);
    size_t branches = ops->least_branches;
    branches += ops->most_branches > branches ? random_below(source, 3) : 0;
    for (size_t i = 0; i < branches; i++) {
      if (i > 0)
        assert_ok(context, limes_model_branch(context, model));
      add_random_chain(context, model, random_below(source, 3), source);
      assert_ok(context, limes_model_add(context, model, "relu"));
    }
    assert_ok(context, limes_model_close(context, model));
  }
}

static inline limes_model *random_model(limes_context *context, random_source *source) {
  limes_model *model = NULL;
  assert_ok(context, limes_model_create(context, &model));
  add_random_chain(context, model, random_below(source, 6), source);
  assert_ok(context, limes_model_add(context, model, "dense"));
  return model;
}

/* The same value to the last bit */
static inline bool same_value(const limes_param *param, const void *a, const void *b) {
  const char *x = (const char *)a + param->offset, *y = (const char *)b + param->offset;
  const limes_size *s = (const void *)x, *t = (const void *)y;
  switch (param->kind) {
  case LIMES_PARAM_REAL:
    return memcmp(x, y, sizeof(double)) == 0;
  case LIMES_PARAM_COUNT:
    return memcmp(x, y, sizeof(uint32_t)) == 0;
  case LIMES_PARAM_SIZE:
    return s->n[0] == t->n[0] && s->n[1] == t->n[1] && s->each_axis == t->each_axis;
  case LIMES_PARAM_CHOICE:
    return memcmp(x, y, sizeof(int)) == 0 &&
           (param->argument == 0 || memcmp((const char *)a + param->argument, (const char *)b + param->argument, 4) == 0);
  case LIMES_PARAM_SWITCH:
    return *(const bool *)x == *(const bool *)y;
  case LIMES_PARAM_RANGE:
    return memcmp(x, y, sizeof(limes_interval)) == 0;
  case LIMES_PARAM_LIST:
    return memcmp(x, y, sizeof(limes_list)) == 0;
  }
  return false;
}

static inline bool same_chain(const limes_chain *a, const limes_chain *b);

static inline bool same_node(const limes_node *a, const limes_node *b) {
  if (a->ops != b->ops || a->n_branch != b->n_branch)
    return false;
  for (size_t k = 0; k < limes_param_count(a->ops); k++)
    if (!same_value(&a->ops->params[k], a->param, b->param)) {
      print_error("%s of %s differs\n", a->ops->params[k].name, a->ops->word);
      return false;
    }
  for (size_t i = 0; i < a->n_branch; i++)
    if (!same_chain(&a->branch[i], &b->branch[i]))
      return false;
  return true;
}

static inline bool same_chain(const limes_chain *a, const limes_chain *b) {
  bool same = a->n == b->n;
  for (size_t i = 0; same && i < a->n; i++)
    same = same_node(&a->node[i], &b->node[i]);
  return same;
}

static inline bool same_model(const limes_model *a, const limes_model *b) { return same_chain(&a->chain, &b->chain); }

#endif
