/* docs/commands.md, in markdown. */
#include <stdio.h>
#include <string.h>

#include "command.h"

/* Text in a table's cell: its bars would end it. */
static void print_cell(const char *text) {
  for (; *text != '\0'; text++)
    printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_option(const cli_option *option) {
  char value[128];
  limes_cli_value_name(option, value, sizeof value);
  fputs("| `", stdout);
  if (option->letter)
    printf("-%c`, `", option->letter);
  printf("--%s%s", option->name, value[0] ? " " : "");
  print_cell(value);
  fputs("` | ", stdout);
  print_cell(option->help);
  if (option->fallback != NULL)
    printf(" | %s |\n", option->fallback);
  else
    puts(" | |");
}

static void print_head(void) { puts("\n| option | what it does | default |\n|---|---|---|"); }

static void print_rows(const cli_option *table) {
  for (; table->name != NULL; table++)
    print_option(table);
}

static void print_table(const char *title, const cli_option *table) {
  printf("\n## %s\n", title);
  print_head();
  print_rows(table);
}

static void print_command(const cli_command *command) {
  printf("\n## limes %s\n\n    limes %s", command->name, command->name);
  for (const cli_argument *argument = command->arguments; argument != NULL && argument->name != NULL; argument++)
    printf(argument->optional ? " [%s]" : " %s", argument->name);
  printf(" [options]\n\n%s.\n", command->about);
  for (const char *line = command->text; line != NULL && *line != '\0';) {
    size_t length = strcspn(line, "\n");
    printf("\n%.*s\n", (int)length, line);
    line += length + (line[length] == '\n');
  }
  if (command->arguments != NULL && command->arguments[0].name != NULL)
    putchar('\n');
  for (const cli_argument *argument = command->arguments; argument != NULL && argument->name != NULL; argument++)
    printf("* `%s`: %s.\n", argument->name, argument->help);
  bool data = false, gp = false, head = false;
  for (size_t i = 0; limes_cli_option_table(command, i) != NULL; i++) {
    const cli_option *table = limes_cli_option_table(command, i);
    data = data || table == limes_cli_data_options;
    gp = gp || table == limes_cli_gp_options;
    if (table == limes_cli_common_options || table == limes_cli_data_options || table == limes_cli_gp_options)
      continue;
    if (!head)
      print_head();
    head = true;
    print_rows(table);
  }
  printf("\nAlso the options of [every command](#every-command)%s%s.\n", data ? ", [data](#data)" : "",
         gp ? ", [the Gaussian process](#gaussian-process)" : "");
  for (const cli_example *example = command->examples; example != NULL && example->line != NULL; example++)
    printf("\n%s:\n\n```sh\n%s\n```\n", example->says, example->line);
}

void limes_cli_print_reference(void) {
  puts("<!-- made by `limes --reference`; edit the tables in src/cli and make it again -->\n# The commands\n\n"
       "`limes COMMAND [arguments] [options]`: results on standard output, progress and warnings on standard error. Options may "
       "stand\n"
       "anywhere, as `--name value` or `--name=value`; `--` ends them.\n\n"
       "| exit code | means |\n|---|---|\n| 0 | done |\n| 1 | failed while working |\n"
       "| 2 | wrong usage; a model that does not fit its data is one |\n| 3 | an input file that is broken or not what it should "
       "be |\n"
       "| 4 | refused: it would not fit into memory |\n| 130 | interrupted |\n\n| command | does |\n|---|---|");
  for (size_t i = 0; limes_cli_command(i) != NULL; i++)
    printf("| [`%s`](#limes-%s) | %s |\n", limes_cli_command(i)->name, limes_cli_command(i)->name, limes_cli_command(i)->about);
  for (size_t i = 0; limes_cli_command(i) != NULL; i++)
    print_command(limes_cli_command(i));
  puts("\n# Options of several commands");
  print_table("Every command", limes_cli_common_options);
  print_table("Data", limes_cli_data_options);
  print_table("Gaussian process", limes_cli_gp_options);
}
