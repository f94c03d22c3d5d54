/* The reference of the words, made from the parameter tables of the layers. */
#include <stdlib.h>
#include <string.h>

#include "model/build.h"
#include "model/param.h"

#define LINE 100 /* columns of a signature */

/* Sections of the mathematics by their first digit */
static const struct {
  char section;
  const char *title;
} groups[] = {{'2', "Affine layers, pools and readouts"},
              {'3', "Elementwise nonlinearities"},
              {'4', "Normalization"},
              {'5', "Attention"},
              {'7', "Composition"},
              {'\0', "Others"}};

#define GROUPS (sizeof groups / sizeof *groups)

/* What is written, and a piece of it that is measured first. */
typedef struct {
  limes_text out, piece;
  size_t column;
} sheet;

const char *limes_word(size_t i) {
  size_t count = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  return i < count ? layers[i]->word : NULL;
}

static void begin_piece(sheet *page) {
  page->piece.length = 0;
  limes_text_add(&page->piece, "%s", "");
}

static const char *piece(const sheet *page) { return page->piece.failed ? "" : page->piece.data; }

/* Puts an argument into the signature: after a comma, in the next line where this one is full. */
static void put_argument(sheet *page, bool first) {
  size_t indent = strcspn(page->out.failed ? "" : page->out.data, "(") + 1;
  if (!first && page->column + page->piece.length + 3 > LINE) {
    limes_text_add(&page->out, ",\n%*s", (int)indent, "");
    page->column = indent;
  } else {
    limes_text_add(&page->out, "%s", first ? "(" : ", ");
    page->column += first ? 1 : 2;
  }
  limes_text_add(&page->out, "%s", piece(page));
  page->column += page->piece.length;
}

/* "filter", "stride=1", or "[alpha]" where leaving it out is a choice of its own */
static void put_param(sheet *page, const limes_param *param, bool first) {
  begin_piece(page);
  limes_param_print_default(param, &page->piece);
  bool left_out = strcmp(piece(page), "-") == 0;
  page->piece.length = 0;
  if (param->required || left_out)
    limes_text_add(&page->piece, param->required ? "%s" : "[%s]", param->name);
  else {
    limes_text_add(&page->piece, "%s=", param->name);
    limes_param_print_default(param, &page->piece);
  }
  put_argument(page, first);
}

/* In the order in which the printer writes them: needed parameters, branches, the others. */
static void put_signature(sheet *page, const limes_layer_ops *ops) {
  size_t n = limes_param_count(ops), k = 0;
  bool first = true;
  limes_text_add(&page->out, "%s", ops->word);
  page->column = page->out.length;
  for (; k < n && ops->params[k].required; k++, first = false)
    put_param(page, &ops->params[k], first);
  if (limes_has_branches(ops)) {
    begin_piece(page);
    limes_text_add(&page->piece, "%s", ops->most_branches == 1 ? "body" : "A | B | ...");
    put_argument(page, first);
    first = false;
  }
  for (; k < n; k++, first = false)
    put_param(page, &ops->params[k], first);
  limes_text_add(&page->out, "%s\n", first ? "" : ")");
}

/* Columns of the parameters' table: name, default, what it takes; then the meaning, unaligned. */
enum { NAME, DEFAULT, TAKES, COLUMNS };
static const char *const titles[COLUMNS] = {"parameter", "default", "takes"};

static void make_cell(sheet *page, const limes_param *param, int column) {
  begin_piece(page);
  if (column == NAME)
    limes_text_add(&page->piece, "%s", param->name);
  else if (column == DEFAULT && param->required)
    limes_text_add(&page->piece, "needed");
  else if (column == DEFAULT)
    limes_param_print_default(param, &page->piece);
  else
    limes_param_range(param, false, &page->piece);
}

static void put_table(sheet *page, const limes_layer_ops *ops) {
  size_t n = limes_param_count(ops), width[COLUMNS];
  for (int c = 0; c < COLUMNS; c++) {
    width[c] = strlen(titles[c]);
    for (size_t k = 0; k < n; k++) {
      make_cell(page, &ops->params[k], c);
      width[c] = page->piece.length > width[c] ? page->piece.length : width[c];
    }
  }
  limes_text_add(&page->out, "\n");
  for (int c = 0; c < COLUMNS; c++)
    limes_text_add(&page->out, "  %-*s", (int)width[c], titles[c]);
  limes_text_add(&page->out, "  meaning\n");
  for (size_t k = 0; k < n; k++) {
    for (int c = 0; c < COLUMNS; c++) {
      make_cell(page, &ops->params[k], c);
      limes_text_add(&page->out, "  %-*s", (int)width[c], piece(page));
    }
    limes_text_add(&page->out, "  %s\n", ops->params[k].help);
  }
}

static size_t group_of(const limes_layer_ops *ops) {
  size_t g = 0;
  while (g + 1 < GROUPS && (ops->section == NULL || ops->section[0] != groups[g].section))
    g++;
  return g;
}

static void put_word(sheet *page, const limes_layer_ops *ops) {
  put_signature(page, ops);
  limes_text_add(&page->out, "  %s\n", ops->summary);
  if (ops->section != NULL)
    limes_text_add(&page->out, "  mathematics: section %s\n", ops->section);
  if (limes_param_count(ops) > 0)
    put_table(page, ops);
}

static void put_overview(sheet *page) {
  size_t count = 0, width = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  for (size_t i = 0; i < count; i++)
    width = strlen(layers[i]->word) > width ? strlen(layers[i]->word) : width;
  for (size_t g = 0; g < GROUPS; g++) {
    bool any = false;
    for (size_t i = 0; i < count; i++)
      if (group_of(layers[i]) == g) {
        if (!any)
          limes_text_add(&page->out, "%s%s\n", page->out.length > 0 ? "\n" : "", groups[g].title);
        any = true;
        limes_text_add(&page->out, "  %-*s  %s\n", (int)width, layers[i]->word, layers[i]->summary);
      }
  }
}

limes_status limes_word_reference(limes_context *context, const char *word, char **text) {
  sheet page = {.out = {.context = context}, .piece = {.context = context}};
  const limes_layer_ops *ops = NULL;
  *text = NULL;
  limes_status status = word == NULL ? LIMES_OK : limes_build_find(context, word, strlen(word), &ops);
  if (status != LIMES_OK)
    return status;
  if (ops != NULL)
    put_word(&page, ops);
  else
    put_overview(&page);
  page.out.failed = page.out.failed || page.piece.failed;
  free(page.piece.data);
  return limes_text_finish(&page.out, text);
}
