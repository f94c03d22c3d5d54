/* The parser: a descent over the text that takes the builder's steps and says where each one failed.
 *
 *     chain    = { layer }
 *     layer    = word [ "(" [ argument { "," argument } ] ")" ]
 *     argument = key "=" value | value | chain { "|" chain }
 *
 * A bare argument of a word with branches is its branches, unless it begins like a number. */
#include <stdlib.h>
#include <string.h>

#include "model/build.h"
#include "model/lex.h"
#include "model/param.h"
#include "model/place.h"
#include "model/suggest.h"

typedef struct {
  limes_context *context;
  limes_model *model;
  limes_lexer next;
} parser;

/* What has been read of a layer's brackets. */
typedef struct {
  limes_node *node;
  limes_lexer word, bracket; /* where they stand */
  size_t values;             /* bare values so far */
  bool keys, branches;       /* whether there were any */
} arguments;

static limes_status parse_chain(parser *p);

static limes_status place(const parser *p, limes_lexer at, limes_status status) {
  return status == LIMES_OK ? LIMES_OK : limes_place_error(p->context, p->model, at.line, at.column, status);
}

#define fail_at(p, at, ...) limes_fail_at((p)->context, (p)->model, (at).line, (at).column, __VA_ARGS__)

/* more: what a list takes besides what it has */
static limes_status parse_value(parser *p, limes_node *node, size_t k, bool more) {
  char character[LIMES_CHARACTER_SIZE];
  limes_lexer start = p->next;
  size_t length = limes_lex_value(&p->next);
  if (length == 0)
    return fail_at(p, start, "%s of %s has no value: there is %s instead", node->ops->params[k].name, node->ops->word,
                   limes_lex_describe(&start, character));
  limes_lex_advance(&p->next, length);
  return place(p, start, (more ? limes_build_more : limes_build_value)(p->context, node, k, start.at, length));
}

static limes_status parse_key_and_value(parser *p, arguments *a) {
  limes_lexer start = p->next;
  size_t length = limes_lex_word(&start), k = 0;
  a->keys = true;
  limes_status status = place(p, start, limes_build_key(p->context, a->node, start.at, length, &k));
  if (status != LIMES_OK)
    return status;
  limes_lex_advance(&p->next, length);
  limes_lex_blanks(&p->next);
  limes_lex_advance(&p->next, 1); /* the = */
  limes_lex_blanks(&p->next);
  return parse_value(p, a->node, k, false);
}

/* A value without a key, for the next parameter of the table */
static limes_status parse_bare_value(parser *p, arguments *a) {
  const limes_layer_ops *ops = a->node->ops;
  size_t n = limes_param_count(ops), k = a->values++;
  bool more = n > 0 && k >= n && ops->params[n - 1].rest;
  k = more ? n - 1 : k;
  char keys[1024], character[LIMES_CHARACTER_SIZE];
  if (limes_lex_value(&p->next) == 0)
    return fail_at(p, p->next, "%s does not belong between the brackets of %s", limes_lex_describe(&p->next, character),
                   ops->word);
  if (n == 0)
    return fail_at(p, p->next, "%s takes no parameters", ops->word);
  if (a->keys)
    return fail_at(p, p->next, "a value without a key cannot follow one with a key: write the key before it, one of %s",
                   limes_list_keys(ops, keys, sizeof keys));
  if (k >= n)
    return fail_at(p, p->next, "%s has %zu %s, and this is one value more: it takes %s", ops->word, n,
                   n == 1 ? "parameter" : "parameters", limes_list_keys(ops, keys, sizeof keys));
  if (!more && (a->node->given >> k & 1) != 0)
    return fail_at(p, p->next, "%s of %s is given twice", ops->params[k].name, ops->word);
  size_t key = limes_param_find(ops, p->next.at, limes_lex_word(&p->next));
  if (key < n && ops->params[k].kind != LIMES_PARAM_CHOICE)
    return fail_at(p, p->next, "%s of %s has no value: write %s=...", ops->params[key].name, ops->word, ops->params[key].name);
  return parse_value(p, a->node, k, more);
}

static limes_status parse_branches(parser *p, arguments *a) {
  if (a->branches)
    return fail_at(p, p->next, "branches of %s are separated by '|' and stand together; ',' separates them from parameters",
                   a->node->ops->word);
  a->branches = true;
  for (;;) {
    limes_lexer start = p->next;
    limes_status status = parse_chain(p);
    if (status != LIMES_OK)
      return status;
    if (p->model->path[p->model->n_open]->n == 0 && *p->next.at != '\0')
      return fail_at(p, start, "a branch of %s is empty: write 'identity' for one that changes nothing", a->node->ops->word);
    if (*p->next.at != '|')
      return LIMES_OK;
    status = place(p, p->next, limes_build_branch(p->context, p->model));
    if (status != LIMES_OK)
      return status;
    limes_lex_advance(&p->next, 1);
    limes_lex_blanks(&p->next);
  }
}

static limes_status parse_argument(parser *p, arguments *a) {
  if (*p->next.at == ',' || *p->next.at == ')')
    return fail_at(p, p->next, "a parameter%s of %s is missing here", limes_has_branches(a->node->ops) ? " or branch" : "",
                   a->node->ops->word);
  if (limes_lex_is_key(&p->next))
    return parse_key_and_value(p, a);
  if (limes_has_branches(a->node->ops) && !limes_lex_is_number(&p->next))
    return parse_branches(p, a);
  return parse_bare_value(p, a);
}

/* What may stand behind an argument: a comma or the closing bracket. */
static limes_status parse_separator(parser *p, const arguments *a, bool *closed) {
  char character[LIMES_CHARACTER_SIZE];
  limes_lex_blanks(&p->next);
  char byte = *p->next.at;
  if (byte == '\0')
    return fail_at(p, a->bracket, "the bracket that opens here is never closed: ')' is missing");
  if (byte == '|' && !limes_has_branches(a->node->ops))
    return fail_at(p, p->next, "%s has no branches, so '|' cannot stand in its brackets: ')' may be missing before it",
                   a->node->ops->word);
  if (byte != ',' && byte != ')')
    return fail_at(p, p->next, "',' or ')' is missing before %s, between the brackets of %s",
                   limes_lex_describe(&p->next, character), a->node->ops->word);
  *closed = byte == ')';
  limes_lex_advance(&p->next, 1);
  limes_lex_blanks(&p->next);
  return LIMES_OK;
}

/* All that stands between the brackets; p->next is behind the opening one. */
static limes_status parse_arguments(parser *p, arguments *a) {
  bool closed = false;
  limes_lex_blanks(&p->next);
  if (*p->next.at == ')') {
    limes_lex_advance(&p->next, 1);
    return LIMES_OK;
  }
  while (!closed) {
    if (*p->next.at == '\0')
      return fail_at(p, a->bracket, "the bracket that opens here is never closed: ')' is missing");
    limes_status status = parse_argument(p, a);
    if (status == LIMES_OK)
      status = parse_separator(p, a, &closed);
    if (status != LIMES_OK)
      return status;
  }
  return LIMES_OK;
}

static limes_status missing_branches(const parser *p, const arguments *a) {
  const char *word = a->node->ops->word;
  if (a->node->ops->most_branches == 1)
    return fail_at(p, a->word, "%s needs a branch in brackets, such as %s(%sdense)", word, word,
                   a->node->ops->kind == LIMES_WORD_REPEAT ? "2, " : "");
  return fail_at(p, a->word, "%s needs branches in brackets, such as %s(dense | identity)", word, word);
}

static limes_status parse_layer(parser *p) {
  arguments a = {.word = p->next};
  size_t length = limes_lex_word(&p->next);
  const limes_layer_ops *ops = NULL;
  limes_status status = limes_build_find(p->context, a.word.at, length, &ops);
  if (status == LIMES_OK)
    status = limes_build_append(p->context, p->model, ops, &a.node);
  if (status != LIMES_OK)
    return place(p, a.word, status);
  a.node->line = a.word.line;
  a.node->column = a.word.column;
  limes_lex_advance(&p->next, length);
  limes_lex_blanks(&p->next);
  if (*p->next.at == '(') {
    a.bracket = p->next;
    limes_lex_advance(&p->next, 1);
    status = parse_arguments(p, &a);
    if (status != LIMES_OK)
      return status;
  }
  if (limes_has_branches(ops)) {
    status = a.branches ? place(p, a.word, limes_build_close(p->context, p->model)) : missing_branches(p, &a);
    if (status != LIMES_OK)
      return status;
  }
  return place(p, a.word, limes_build_check(p->context, a.node));
}

/* Layers up to the end of the text or to what ends a branch. */
static limes_status parse_chain(parser *p) {
  char character[LIMES_CHARACTER_SIZE], quote[LIMES_QUOTE_SIZE];
  for (;;) {
    limes_lex_blanks(&p->next);
    if (*p->next.at == '\0' || *p->next.at == ')' || *p->next.at == '|' || *p->next.at == ',')
      return LIMES_OK;
    size_t length = limes_lex_word(&p->next);
    if (length == 0)
      return fail_at(p, p->next, "a word of the language is expected here, not %s", limes_lex_describe(&p->next, character));
    if (limes_lex_is_key(&p->next))
      return fail_at(p, p->next,
                     "%s is followed by '=', as a parameter is, but a word is expected here: parameters stand in the "
                     "brackets behind a word, separated by commas",
                     limes_quote(p->next.at, length, quote));
    limes_status status = parse_layer(p);
    if (status != LIMES_OK)
      return status;
  }
}

static limes_status parse_model(parser *p) {
  limes_status status = parse_chain(p);
  if (status != LIMES_OK)
    return status;
  if (*p->next.at == ')')
    return fail_at(p, p->next, "this ')' closes no bracket");
  if (*p->next.at == '|')
    return fail_at(p, p->next,
                   "'|' separates branches and stands only in the brackets of a word that has them, such as sum(A | B)");
  if (*p->next.at == ',')
    return fail_at(p, p->next, "words are separated by blanks, not by commas");
  if (p->model->chain.n == 0)
    return fail_at(p, p->next, "the model is empty: write at least one word, such as dense; 'limes layers' lists the words");
  return LIMES_OK;
}

limes_status limes_model_parse_named(limes_context *context, const char *text, const char *name, limes_model **model) {
  *model = NULL;
  if (strnlen(text, LIMES_MAX_TEXT + 1) > LIMES_MAX_TEXT)
    return limes_fail(context, LIMES_WRONG_USE, "the model's text is longer than 1 MB (%u bytes)", LIMES_MAX_TEXT);
  parser p = {.context = context};
  limes_status status = limes_model_create(context, &p.model);
  if (status != LIMES_OK)
    return status;
  p.model->text = limes_copy_text(context, text);
  p.model->name = name == NULL ? NULL : limes_copy_text(context, name);
  p.next = (limes_lexer){.at = p.model->text, .line = 1, .column = 1};
  status = p.model->text == NULL || (name != NULL && p.model->name == NULL) ? LIMES_NO_MEMORY : parse_model(&p);
  if (status != LIMES_OK) {
    limes_model_destroy(p.model);
    return status;
  }
  *model = p.model;
  return LIMES_OK;
}

limes_status limes_model_parse(limes_context *context, const char *text, limes_model **model) {
  return limes_model_parse_named(context, text, NULL, model);
}
