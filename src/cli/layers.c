/* limes layers [NAME] */
#include <string.h>

#include "command_list.h"
#include "layer_page.h"
#include "session.h"

static const cli_argument arguments[] = {
    {"NAME", ARGUMENT_WORD, .optional = true, .help = "the word whose page to show; a line for each word, where it is not given"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"names", 0, OPTION_SWITCH, LIMES_CLI_FIELD(names), .help = "only the words, one a line"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, NULL};

static const cli_example examples[] = {
    {"limes layers attention", "The page of attention: parameters with their defaults, formulas, an example"},
    {.line = NULL},
};

static limes_status print_names(cli_session *session, bool json) {
  json_t *words = json ? json_array() : NULL;
  for (size_t i = 0; limes_word(i) != NULL; i++)
    if (json)
      json_array_append_new(words, json_string(limes_word(i)));
    else
      puts(limes_word(i));
  return json ? limes_cli_print_json(session, json_pack("{s:o}", "words", words)) : LIMES_OK;
}

/* The lines of the page as they stand in docs/layers. */
static json_t *json_page(const char *const *lines) {
  json_t *page = json_array();
  for (; lines != NULL && *lines != NULL; lines++)
    json_array_append_new(page, json_string(*lines));
  return page;
}

limes_status limes_cli_show_word(cli_session *session, const char *word, bool json) {
  char *text = NULL;
  limes_status status = limes_word_reference(session->context, word, &text);
  if (status != LIMES_OK)
    return status;
  const char *const *page = word == NULL ? NULL : limes_cli_layer_page(word);
  if (json)
    status =
        limes_cli_print_json(session, json_pack("{s:s, s:s, s:o}", "name", word, "reference", text, "page", json_page(page)));
  else if (page != NULL)
    limes_cli_print_layer_page(word, page, text);
  else
    fputs(text, stdout);
  limes_free(text);
  return status;
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  const char *word = settings->arguments > 0 ? settings->argument[0] : NULL;
  if (settings->names || (settings->json && word == NULL))
    return print_names(session, settings->json);
  return limes_cli_show_word(session, word, settings->json);
}

const cli_command limes_cli_layers = {
    .name = "layers",
    .about = "Lists the words of the model language, or shows the page of one of them",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
