/* limes models [NAME] */
#include <string.h>

#include "command_list.h"
#include "session.h"

static const cli_argument arguments[] = {
    {"NAME", ARGUMENT_WORD, .optional = true,
     .help = "the model to print, as text for a file; all of them, where it is not given"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"names", 0, OPTION_SWITCH, LIMES_CLI_FIELD(names), .help = "only the names, one a line"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, NULL};

static const cli_example examples[] = {
    {"limes models attention-digits > mine.limes", "A shipped model as the start of one's own, to be used as @mine.limes"},
    {.line = NULL},
};

static const char *model_name(size_t i, const void *user) {
  (void)user;
  return limes_model_shipped(i) == NULL ? NULL : limes_model_shipped(i)->name;
}

static const limes_shipped_model *find(const char *name) {
  for (size_t i = 0; limes_model_shipped(i) != NULL; i++)
    if (strcmp(limes_model_shipped(i)->name, name) == 0)
      return limes_model_shipped(i);
  return NULL;
}

static json_t *model_json(const limes_shipped_model *model) {
  return json_pack("{s:s, s:s, s:s}", "name", model->name, "text", model->text, "about", model->about);
}

static limes_status print_all(cli_session *session, const cli_settings *settings) {
  json_t *all = json_array();
  for (size_t i = 0; limes_model_shipped(i) != NULL; i++) {
    const limes_shipped_model *model = limes_model_shipped(i);
    if (settings->json)
      json_array_append_new(all, model_json(model));
    else if (settings->names)
      puts(model->name);
    else
      printf("%s\n    %s\n    %s\n\n", model->name, model->about, model->text);
  }
  if (settings->json)
    return limes_cli_print_json(session, json_pack("{s:o}", "models", all));
  json_decref(all);
  return LIMES_OK;
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  if (settings->arguments == 0)
    return print_all(session, settings);
  const char *name = settings->argument[0], *near = limes_cli_closest(name, model_name, NULL);
  const limes_shipped_model *model = find(name);
  if (model == NULL && near != NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "there is no shipped model \"%s\"; did you mean %s?", name, near);
  if (model == NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "there is no shipped model \"%s\"; `limes models` lists them", name);
  if (settings->json)
    return limes_cli_print_json(session, model_json(model));
  printf("# %s: %s\n%s\n", model->name, model->about, model->text);
  return LIMES_OK;
}

const cli_command limes_cli_models = {
    .name = "models",
    .about = "Lists the shipped models, or prints one of them",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
