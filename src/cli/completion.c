/* The completion for bash: commands, options, choices, data names, words and names of models. */
#include <stdio.h>
#include <string.h>

#include "command.h"

static void print_commands(void) {
  fputs("  local commands=\"", stdout);
  for (size_t i = 0; limes_cli_command(i) != NULL; i++)
    printf("%s%s", i == 0 ? "" : " ", limes_cli_command(i)->name);
  puts("\"");
}

static void print_names(const cli_command *command) {
  for (size_t i = 0; limes_cli_option_table(command, i) != NULL; i++)
    for (const cli_option *option = limes_cli_option_table(command, i); option->name != NULL; option++)
      printf("%s--%s", i == 0 && option == limes_cli_option_table(command, 0) ? "" : " ", option->name);
}

static void print_values(const cli_option *option) {
  printf("    --%s) ", option->name);
  switch (option->kind) {
  case OPTION_CHOICE:
    fputs("words=\"", stdout);
    for (size_t i = 0; option->choices[i] != NULL; i++)
      printf("%s%s", i == 0 ? "" : " ", option->choices[i]);
    puts("\" ;;");
    break;
  case OPTION_DATA:
    puts("words=\"$data\"; files=yes ;;");
    break;
  case OPTION_FILE:
    puts("files=yes ;;");
    break;
  default:
    puts("return ;;");
  }
}

/* Whether an option of that name stood in an earlier table: one case for each name is enough. */
static bool seen(size_t commands, size_t tables, const char *name) {
  for (size_t i = 0; i <= commands; i++)
    for (size_t j = 0; limes_cli_option_table(limes_cli_command(i), j) != NULL && (i < commands || j < tables); j++)
      for (const cli_option *option = limes_cli_option_table(limes_cli_command(i), j); option->name != NULL; option++)
        if (strcmp(option->name, name) == 0)
          return true;
  return false;
}

static void print_all_values(void) {
  for (size_t i = 0; limes_cli_command(i) != NULL; i++)
    for (size_t j = 0; limes_cli_option_table(limes_cli_command(i), j) != NULL; j++)
      for (const cli_option *option = limes_cli_option_table(limes_cli_command(i), j); option->name != NULL; option++)
        if (option->kind != OPTION_SWITCH && !seen(i, j, option->name))
          print_values(option);
}

static void print_argument(const cli_command *command) {
  const cli_argument *argument = command->arguments;
  if (argument == NULL || argument->name == NULL)
    return;
  printf("    %s) ", command->name);
  if (argument->kind == ARGUMENT_MODEL)
    puts("words=$(limes models --names 2>/dev/null); files=@ ;;");
  else if (argument->kind == ARGUMENT_WORD && strcmp(command->name, "models") == 0)
    puts("words=$(limes models --names 2>/dev/null) ;;");
  else if (argument->kind == ARGUMENT_WORD)
    printf("words=$(limes layers --names 2>/dev/null)%s ;;\n", argument[1].name != NULL ? "; files=yes" : "");
  else if (argument->kind == ARGUMENT_CHOICE) {
    fputs("words=\"$data", stdout);
    for (size_t i = 0; argument->choices[i] != NULL; i++)
      printf(" %s", argument->choices[i]);
    puts("\"; files=yes ;;");
  } else
    puts("files=yes ;;");
}

void limes_cli_print_completion(void) {
  puts("# bash completion for limes, made by `limes --completion`\n_limes() {\n"
       "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= words= files= i\n"
       "  local data=\"digits digits:train digits:test cifar10: mnist: imdb: uci:\"");
  print_commands();
  puts("  for ((i = 1; i < COMP_CWORD; i++)); do\n"
       "    if [[ \" $commands \" == *\" ${COMP_WORDS[i]} \"* ]]; then command=${COMP_WORDS[i]}; break; fi\n  done\n"
       "  # bash takes = and : for words of their own\n"
       "  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
       "  case $before in\n    -o) before=--output ;;\n  esac\n"
       "  case $before in");
  print_all_values();
  puts("  esac\n  if [[ -z $words$files ]]; then\n    if [[ $word == -* ]]; then\n      case $command in");
  for (size_t i = 0; limes_cli_command(i) != NULL; i++) {
    printf("        %s) words=\"", limes_cli_command(i)->name);
    print_names(limes_cli_command(i));
    puts("\" ;;");
  }
  fputs("        *) words=\"", stdout);
  print_names(NULL);
  puts("\" ;;\n      esac\n    else\n      case $command in");
  for (size_t i = 0; limes_cli_command(i) != NULL; i++)
    print_argument(limes_cli_command(i));
  puts("        '') words=$commands ;;\n      esac\n    fi\n  fi\n"
       "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
       "  [[ $files == yes ]] && COMPREPLY+=($(compgen -f -- \"$word\"))\n"
       "  [[ $files == @ && $word == @* ]] && COMPREPLY+=($(compgen -P @ -f -- \"${word#@}\"))\n"
       "  declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions \"$word\"\n  return 0\n}\n"
       "complete -o filenames -F _limes limes");
}
