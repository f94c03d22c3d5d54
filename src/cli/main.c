/* limes: the program. */
#include <locale.h>
#include <string.h>

#include "session.h"

/* The first word that is neither an option nor an option's value, or NULL. */
static const char *command_word(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (argv[i][0] != '-')
      return argv[i];
    const cli_option *option = strncmp(argv[i], "--", 2) == 0 ? limes_cli_find_option(NULL, argv[i] + 2) : NULL;
    if (option != NULL && option->kind != OPTION_SWITCH)
      i++;
  }
  return NULL;
}

static const char *command_name(size_t i, const void *user) {
  (void)user;
  return limes_cli_command(i) == NULL ? NULL : limes_cli_command(i)->name;
}

static limes_status unknown_command(cli_session *session, const char *word) {
  const char *near = limes_cli_closest(word, command_name, NULL);
  if (near != NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "there is no command \"%s\"; did you mean %s?", word, near);
  return limes_cli_fail(session, LIMES_WRONG_USE, "there is no command \"%s\"; `limes --help` lists them", word);
}

/* What the build and the tests ask for: documents made of the tables. */
static bool print_document(int argc, char **argv) {
  static const struct {
    const char *option;
    void (*print)(void);
  } documents[] = {{"--man", limes_cli_print_manual},
                   {"--reference", limes_cli_print_reference},
                   {"--completion", limes_cli_print_completion}};
  for (size_t i = 0; argc == 2 && i < sizeof documents / sizeof *documents; i++)
    if (strcmp(argv[1], documents[i].option) == 0) {
      documents[i].print();
      return true;
    }
  return false;
}

static limes_status without_command(cli_session *session, const cli_settings *settings) {
  if (!settings->help)
    return limes_cli_fail(session, LIMES_WRONG_USE, "a command is missing; `limes --help` lists them");
  limes_cli_print_help(NULL);
  return LIMES_OK;
}

/* The commands, then the words of the model language. */
static const char *command_or_word(size_t i, const void *user) {
  size_t commands = 0;
  while (command_name(commands, user) != NULL)
    commands++;
  return i < commands ? command_name(i, user) : limes_word(i - commands);
}

/* limes help [WORD]: the same as limes [COMMAND] --help, or limes layers WORD. */
static limes_status help_of(cli_session *session, int argc, char **argv) {
  const char *word = argc > 2 ? argv[2] : NULL;
  const cli_command *command = word == NULL ? NULL : limes_cli_find_command(word);
  if (word == NULL || command != NULL) {
    limes_cli_print_help(command);
    return LIMES_OK;
  }
  for (size_t i = 0; limes_word(i) != NULL; i++)
    if (strcmp(limes_word(i), word) == 0)
      return limes_cli_show_word(session, word, false);
  const char *near = limes_cli_closest(word, command_or_word, NULL);
  if (near != NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "there is no command and no layer \"%s\"; did you mean %s?", word, near);
  return limes_cli_fail(session, LIMES_WRONG_USE,
                        "there is no command and no layer \"%s\"; `limes --help` and `limes layers` list them", word);
}

static limes_status run(cli_session *session, int argc, char **argv) {
  cli_settings settings;
  const char *word = command_word(argc, argv);
  const cli_command *command = word == NULL ? NULL : limes_cli_find_command(word);
  if (print_document(argc, argv))
    return LIMES_OK;
  if (argc > 1 && strcmp(argv[1], "help") == 0)
    return help_of(session, argc, argv);
  if (word != NULL && command == NULL)
    return unknown_command(session, word);
  limes_status status = limes_cli_parse(session, command, argc, argv, &settings);
  if (status != LIMES_OK)
    return status;
  if (settings.version) {
    printf("limes %s\n", limes_version());
    return LIMES_OK;
  }
  if (command == NULL)
    return without_command(session, &settings);
  if (settings.help) {
    limes_cli_print_help(command);
    return LIMES_OK;
  }
  limes_cli_session_apply(session, &settings);
  status = limes_cli_check_options(session, command, &settings);
  if (status == LIMES_OK)
    status = limes_cli_check_overwriting(session, command, &settings);
  return status == LIMES_OK ? command->run(session, &settings) : status;
}

int main(int argc, char **argv) {
  limes_cli_widen_blas(argv);
  setlocale(LC_CTYPE, "");
  setvbuf(stdout, NULL, _IOFBF, 1 << 16); /* results come out when the progress line is gone */
  cli_session session;
  limes_status status = limes_cli_session_open(&session);
  if (status == LIMES_OK) {
    limes_cli_catch_signals();
    status = run(&session, argc, argv);
  }
  int code = limes_cli_finish(&session, status);
  limes_cli_session_close(&session);
  return code;
}
