/* limes --help and limes COMMAND --help. */
#include <stdio.h>
#include <string.h>

#include "command.h"

#define COLUMNS 96
#define MARGIN 26 /* where the sentences start */

void limes_cli_value_name(const cli_option *option, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  if (option->kind != OPTION_CHOICE) {
    snprintf(text, size, "%s", option->value == NULL ? "" : option->value);
    return;
  }
  for (size_t i = 0; option->choices[i] != NULL && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "" : "|", option->choices[i]);
}

/* Words of text from column MARGIN on, wrapped; the line has `used` characters already. */
static void print_wrapped(size_t used, size_t margin, const char *text) {
  if (used > 0 && used + 1 > margin) {
    putchar('\n');
    used = 0;
  }
  printf("%*s", (int)(margin - used), "");
  size_t column = margin;
  while (*text != '\0') {
    size_t length = strcspn(text, " ");
    if (column > margin && column + 1 + length > COLUMNS) {
      printf("\n%*s", (int)margin, "");
      column = margin;
    } else if (column > margin) {
      putchar(' ');
      column++;
    }
    printf("%.*s", (int)length, text);
    column += length;
    text += length + strspn(text + length, " ");
  }
  putchar('\n');
}

static void print_option(const cli_option *option) {
  char value[128], head[224], tail[64] = "", sentence[1024];
  limes_cli_value_name(option, value, sizeof value);
  size_t used =
      (size_t)snprintf(head, sizeof head, "  %c%c%s--%s%s%s", option->letter ? '-' : ' ', option->letter ? option->letter : ' ',
                       option->letter ? ", " : "  ", option->name, value[0] ? " " : "", value);
  fputs(head, stdout);
  if (option->fallback != NULL)
    snprintf(tail, sizeof tail, " [%s]", option->fallback);
  snprintf(sentence, sizeof sentence, "%s%s", option->help, tail);
  print_wrapped(used, MARGIN, sentence);
}

static void print_table(const cli_option *table) {
  for (; table->name != NULL; table++)
    print_option(table);
}

static const char *title_of(const cli_option *table) {
  return table == limes_cli_common_options ? "Every command"
         : table == limes_cli_data_options ? "Data"
         : table == limes_cli_gp_options   ? "Gaussian process"
                                           : "Options";
}

static void print_usage(const cli_command *command) {
  printf("usage: limes %s", command->name);
  for (const cli_argument *argument = command->arguments; argument != NULL && argument->name != NULL; argument++)
    printf(argument->optional ? " [%s]" : " %s", argument->name);
  puts(" [options]");
}

static void print_command_help(const cli_command *command) {
  print_usage(command);
  putchar('\n');
  print_wrapped(0, 0, command->about);
  for (const char *line = command->text; line != NULL && *line != '\0';) {
    char paragraph[1024];
    size_t length = strcspn(line, "\n");
    snprintf(paragraph, sizeof paragraph, "%.*s", (int)length, line);
    putchar('\n');
    print_wrapped(0, 0, paragraph);
    line += length + (line[length] == '\n');
  }
  if (command->arguments != NULL && command->arguments[0].name != NULL)
    puts("\nArguments");
  for (const cli_argument *argument = command->arguments; argument != NULL && argument->name != NULL; argument++)
    print_wrapped((size_t)printf("  %s", argument->name), MARGIN, argument->help);
  const char *last = "";
  for (size_t i = 0; limes_cli_option_table(command, i) != NULL; i++) {
    const cli_option *table = limes_cli_option_table(command, i);
    if (strcmp(last, title_of(table)) != 0)
      printf("\n%s\n", title_of(table));
    last = title_of(table);
    print_table(table);
  }
  if (command->examples == NULL)
    return;
  puts("\nExamples");
  for (const cli_example *example = command->examples; example->line != NULL; example++)
    printf("  %s\n      %s\n", example->line, example->says);
}

void limes_cli_print_help(const cli_command *command) {
  if (command != NULL) {
    print_command_help(command);
    return;
  }
  puts("usage: limes COMMAND [arguments] [options]\n\n"
       "Exact kernels of infinitely wide neural networks, attention included, and Gaussian processes on them.\n\n"
       "Commands");
  for (size_t i = 0; limes_cli_command(i) != NULL; i++)
    print_wrapped((size_t)printf("  %s", limes_cli_command(i)->name), 14, limes_cli_command(i)->about);
  puts("\nOptions");
  print_table(limes_cli_common_options);
  puts("\nTry\n  limes classify attention-digits --train digits:train --test digits:test --plot digits.png\n"
       "  limes COMMAND --help");
}
