/* The manual page limes(1), in roff's man macros. */
#include <stdio.h>
#include <string.h>

#include "command.h"

/* Text with what roff reads as its own escaped: backslashes, hyphens, and a leading dot or quote. */
static void print_text(const char *text) {
  bool start = true;
  for (; *text != '\0'; text++) {
    if (start && (*text == '.' || *text == '\''))
      fputs("\\&", stdout);
    if (*text == '\\')
      fputs("\\e", stdout);
    else if (*text == '-')
      fputs("\\-", stdout);
    else if (*text == '\n')
      fputs("\n.PP\n", stdout);
    else
      putchar(*text);
    start = *text == '\n';
  }
}

static void print_sentence(const char *text) {
  print_text(text);
  puts(".");
}

static void print_option(const cli_option *option) {
  char value[128];
  limes_cli_value_name(option, value, sizeof value);
  fputs(".TP\n", stdout);
  if (option->letter)
    printf("\\fB\\-%c\\fR, ", option->letter);
  fputs("\\fB\\-\\-", stdout);
  print_text(option->name);
  fputs("\\fR", stdout);
  if (value[0] != '\0') {
    fputs(" \\fI", stdout);
    print_text(value);
    fputs("\\fR", stdout);
  }
  putchar('\n');
  print_sentence(option->help);
  if (option->fallback != NULL) {
    fputs("Default: ", stdout);
    print_sentence(option->fallback);
  }
}

static void print_table(const char *title, const cli_option *table) {
  printf(".SS %s\n", title);
  for (; table->name != NULL; table++)
    print_option(table);
}

static void print_command(const cli_command *command) {
  printf(".SS limes %s", command->name);
  for (const cli_argument *argument = command->arguments; argument != NULL && argument->name != NULL; argument++)
    printf(argument->optional ? " [%s]" : " %s", argument->name);
  putchar('\n');
  print_sentence(command->about);
  if (command->text != NULL && command->text[0] != '\0') {
    puts(".PP");
    print_text(command->text);
    putchar('\n');
  }
  for (const cli_argument *argument = command->arguments; argument != NULL && argument->name != NULL; argument++) {
    printf(".TP\n\\fI%s\\fR\n", argument->name);
    print_sentence(argument->help);
  }
  for (size_t i = 0; limes_cli_option_table(command, i) != NULL; i++) {
    const cli_option *table = limes_cli_option_table(command, i);
    if (table == limes_cli_data_options || table == limes_cli_gp_options)
      printf(".PP\nIt takes the options of \\fI%s\\fR too.\n", table == limes_cli_data_options ? "Data" : "Gaussian process");
    else if (table != limes_cli_common_options)
      for (const cli_option *option = table; option->name != NULL; option++)
        print_option(option);
  }
  for (const cli_example *example = command->examples; example != NULL && example->line != NULL; example++) {
    puts(".PP");
    print_sentence(example->says);
    puts(".PP\n.RS\n.EX");
    print_text(example->line);
    puts("\n.EE\n.RE");
  }
}

static void print_exit_codes(void) {
  static const char *const codes[][2] = {{"0", "done"},
                                         {"1", "failed while working"},
                                         {"2", "wrong usage; a model that does not fit its data is one"},
                                         {"3", "an input file that is broken or not what it should be"},
                                         {"4", "refused: it would not fit into memory"},
                                         {"130", "interrupted"}};
  puts(".SH EXIT STATUS");
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    printf(".TP\n%s\n", codes[i][0]);
    print_sentence(codes[i][1]);
  }
}

void limes_cli_print_manual(void) {
  printf(".TH LIMES 1 \"\" \"limes %s\" \"User Commands\"\n", limes_version());
  puts(
      ".SH NAME\nlimes \\- exact kernels of infinitely wide neural networks, attention included, and Gaussian processes on them\n"
      ".SH SYNOPSIS\n\\fBlimes\\fR \\fICOMMAND\\fR [\\fIarguments\\fR] [\\fIoptions\\fR]\n"
      ".SH DESCRIPTION\nResults go to standard output, progress and warnings to standard error. A model is the text itself, "
      "@\\fIfile\\fR, or the name of a shipped model.\n"
      ".SH OPTIONS");
  print_table("Every command", limes_cli_common_options);
  print_table("Data", limes_cli_data_options);
  print_table("Gaussian process", limes_cli_gp_options);
  puts(".SH COMMANDS");
  for (size_t i = 0; limes_cli_command(i) != NULL; i++)
    print_command(limes_cli_command(i));
  print_exit_codes();
}
