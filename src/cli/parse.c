/* The command line by the tables: options stand anywhere, "--name value" or "--name=value", "--" ends them. */
#include <math.h>
#include <string.h>

#include "session.h"

static void clear(const cli_option *option, cli_settings *settings) {
  void *field = (char *)settings + option->offset;
  if (option->kind == OPTION_NUMBER)
    *(double *)field = NAN;
  else if (option->kind == OPTION_CHOICE)
    *(int *)field = -1;
}

static limes_status set_fallbacks(cli_session *session, const cli_command *command, cli_settings *settings) {
  *settings = (struct cli_settings){0};
  for (size_t i = 0; limes_cli_option_table(command, i) != NULL; i++)
    for (const cli_option *option = limes_cli_option_table(command, i); option->name != NULL; option++) {
      clear(option, settings);
      if (option->fallback == NULL)
        continue;
      limes_status status = limes_cli_set_option(session, option, option->fallback, settings);
      if (status != LIMES_OK)
        return status;
    }
  return LIMES_OK;
}

/* The names of all options of a command in a row, for limes_cli_closest. */
static const char *option_name(size_t i, const void *user) {
  for (size_t table = 0; limes_cli_option_table(user, table) != NULL; table++)
    for (const cli_option *option = limes_cli_option_table(user, table); option->name != NULL; option++)
      if (i-- == 0)
        return option->name;
  return NULL;
}

static limes_status unknown_option(cli_session *session, const cli_command *command, const char *name) {
  const char *of = command == NULL ? "limes" : command->name, *near = limes_cli_closest(name, option_name, command);
  if (near != NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "%s has no option --%s; did you mean --%s?", of, name, near);
  return limes_cli_fail(session, LIMES_WRONG_USE, "%s has no option --%s; `limes%s%s --help` lists them", of, name,
                        command == NULL ? "" : " ", command == NULL ? "" : command->name);
}

static const cli_option *find_letter(const cli_command *command, char letter) {
  for (size_t i = 0; limes_cli_option_table(command, i) != NULL; i++)
    for (const cli_option *option = limes_cli_option_table(command, i); option->name != NULL; option++)
      if (option->letter == letter)
        return option;
  return NULL;
}

/* -data for --data, which as letters would mean something else. */
static limes_status one_dash(cli_session *session, const cli_command *command, const char *word) {
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 1, "="), word + 1);
  if (strlen(name) < 2 || limes_cli_find_option(command, name) == NULL)
    return LIMES_OK;
  return limes_cli_fail(session, LIMES_WRONG_USE, "%s has no option -%s; did you mean --%s?",
                        command == NULL ? "limes" : command->name, name, name);
}

/* The option that argv[i] names, and where its value starts within the word (NULL: it has none there). */
static limes_status find(cli_session *session, const cli_command *command, const char *word, const cli_option **option,
                         const char **value) {
  *value = NULL;
  if (word[1] != '-') {
    limes_status status = one_dash(session, command, word);
    if (status != LIMES_OK)
      return status;
    *option = find_letter(command, word[1]);
    if (*option == NULL)
      return limes_cli_fail(session, LIMES_WRONG_USE, "%s has no option -%c", command == NULL ? "limes" : command->name, word[1]);
    if (word[2] != '\0')
      *value = word[2] == '=' ? word + 3 : word + 2;
    return LIMES_OK;
  }
  char name[64];
  size_t length = strcspn(word + 2, "=");
  snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), word + 2);
  *option = limes_cli_find_option(command, name);
  if (*option == NULL)
    return unknown_option(session, command, name);
  if (word[2 + length] == '=')
    *value = word + 2 + length + 1;
  return LIMES_OK;
}

const char *limes_cli_given(const cli_settings *settings, const char *name) {
  for (size_t i = 0; i < settings->givens; i++)
    if (strcmp(settings->given[i].option->name, name) == 0)
      return settings->given[i].text;
  return NULL;
}

/* Two options of one field (--with, --mode) are the same one here. */
static limes_status note_given(cli_session *session, const cli_option *option, const char *text, cli_settings *settings) {
  for (size_t i = 0; i < settings->givens; i++) {
    const cli_option *before = settings->given[i].option;
    if (before->offset != option->offset)
      continue;
    if (strcmp(settings->given[i].text, text) == 0)
      return LIMES_OK;
    return limes_cli_fail(session, LIMES_WRONG_USE, "--%s %s and --%s %s contradict each other; give one of them", before->name,
                          settings->given[i].text, option->name, text);
  }
  settings->given[settings->givens].option = option;
  settings->given[settings->givens++].text = text;
  return LIMES_OK;
}

static limes_status take_option(cli_session *session, const cli_command *command, int argc, char **argv, int *i,
                                cli_settings *settings) {
  const cli_option *option = NULL;
  const char *value = NULL;
  limes_status status = find(session, command, argv[*i], &option, &value);
  if (status != LIMES_OK)
    return status;
  if (option->kind == OPTION_SWITCH) {
    if (value != NULL)
      return limes_cli_fail(session, LIMES_WRONG_USE, "--%s is a switch and takes no value", option->name);
    return limes_cli_set_option(session, option, "", settings);
  }
  if (value == NULL && *i + 1 >= argc)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--%s needs a value: %s", option->name, option->help);
  value = value != NULL ? value : argv[++*i];
  status = note_given(session, option, value, settings);
  return status == LIMES_OK ? limes_cli_set_option(session, option, value, settings) : status;
}

static const char *choice_name(size_t i, const void *user) { return ((const char *const *)user)[i]; }

static limes_status check_choice(cli_session *session, const cli_command *command, const cli_settings *settings, size_t number) {
  const cli_argument *argument = limes_cli_argument(command, number);
  const char *word = settings->argument[number];
  if (argument->kind != ARGUMENT_CHOICE)
    return LIMES_OK;
  for (size_t i = 0; argument->choices[i] != NULL; i++)
    if (strcmp(argument->choices[i], word) == 0)
      return LIMES_OK;
  const char *near = limes_cli_closest(word, choice_name, argument->choices);
  if (near == NULL && settings->arguments == number + 1 && argument[1].name != NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "%s has no \"%s\"; write: limes %s %s %s", command->name, word, command->name,
                          argument->choices[0], word);
  return limes_cli_fail(session, LIMES_WRONG_USE, "%s has no \"%s\"; there is %s", command->name, word,
                        near != NULL ? near : argument->choices[0]);
}

const cli_argument *limes_cli_argument(const cli_command *command, size_t i) {
  const cli_argument *argument = command == NULL ? NULL : command->arguments;
  if (argument == NULL)
    return NULL;
  for (; i > 0 && argument->name != NULL && !argument->many; i--)
    argument++;
  return argument->name == NULL ? NULL : argument;
}

static limes_status take_argument(cli_session *session, const cli_command *command, const char *word, cli_settings *settings) {
  if (limes_cli_argument(command, settings->arguments) == NULL || settings->arguments == LIMES_CLI_MAX_ARGUMENTS)
    return limes_cli_fail(session, LIMES_WRONG_USE, "%s takes %s, and \"%s\" is one too many%s",
                          command == NULL ? "limes" : command->name,
                          settings->arguments == 0   ? "no arguments"
                          : settings->arguments == 1 ? "one argument"
                          : settings->arguments == 2 ? "two arguments"
                                                     : "fewer",
                          word,
                          command != NULL && command->arguments != NULL && command->arguments[0].kind == ARGUMENT_MODEL
                              ? "; a model of several words needs quotes around it"
                              : "");
  settings->argument[settings->arguments++] = word;
  return LIMES_OK;
}

/* Help is answered even where an argument is missing. */
static limes_status check_arguments(cli_session *session, const cli_command *command, const cli_settings *settings) {
  if (command == NULL || command->arguments == NULL || settings->help || settings->version)
    return LIMES_OK;
  for (size_t i = 0; i < settings->arguments; i++) {
    limes_status status = check_choice(session, command, settings, i);
    if (status != LIMES_OK)
      return status;
  }
  const cli_argument *next = limes_cli_argument(command, settings->arguments);
  if (next == NULL || next->optional || (next->many && settings->arguments > 0))
    return LIMES_OK;
  return limes_cli_fail(session, LIMES_WRONG_USE, "%s needs %s: %s", command->name, next->name, next->help);
}

limes_status limes_cli_parse(cli_session *session, const cli_command *command, int argc, char **argv, cli_settings *settings) {
  limes_status status = set_fallbacks(session, command, settings);
  bool options = true, taken = command == NULL;
  for (int i = 1; i < argc && status == LIMES_OK; i++) {
    const char *word = argv[i];
    if (options && strcmp(word, "--") == 0)
      options = false;
    else if (options && word[0] == '-' && word[1] != '\0')
      status = take_option(session, command, argc, argv, &i, settings);
    else if (!taken && strcmp(word, command->name) == 0)
      taken = true;
    else
      status = take_argument(session, command, word, settings);
  }
  return status == LIMES_OK ? check_arguments(session, command, settings) : status;
}
