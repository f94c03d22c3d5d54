/* limes layers [NAME] */
#include <string.h>

#include "command_list.h"
#include "session.h"

static const cli_argument arguments[] = {
    {"NAME", ARGUMENT_WORD, .optional = true, .help = "the word to explain; all of them in a line each, where it is not given"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"names", 0, OPTION_SWITCH, LIMES_CLI_FIELD(names), .help = "only the words, one a line"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, NULL};

static const cli_example examples[] = {
    {"limes layers attention", "The parameters of attention, with their defaults"},
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

static limes_status run(cli_session *session, const cli_settings *settings) {
  char *text = NULL;
  const char *word = settings->arguments > 0 ? settings->argument[0] : NULL;
  if (settings->names || (settings->json && word == NULL))
    return print_names(session, settings->json);
  limes_status status = limes_word_reference(session->context, word, &text);
  if (status != LIMES_OK)
    return status;
  if (settings->json)
    status = limes_cli_print_json(session, json_pack("{s:s, s:s}", "name", word, "reference", text));
  else
    printf("%s%s", text, text[0] != '\0' && text[strlen(text) - 1] == '\n' ? "" : "\n");
  limes_free(text);
  return status;
}

const cli_command limes_cli_layers = {
    .name = "layers",
    .about = "Lists the words of the model language, or explains one of them",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
