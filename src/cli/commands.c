#include <string.h>

#include "command.h"
#include "command_list.h"

static const cli_command *const commands[] = {
#define COMMAND_ENTRY(name) &limes_cli_##name,
    LIMES_CLI_COMMAND_LIST(COMMAND_ENTRY)
#undef COMMAND_ENTRY
};

const cli_command *limes_cli_command(size_t i) { return i < sizeof commands / sizeof *commands ? commands[i] : NULL; }

const cli_command *limes_cli_find_command(const char *name) {
  for (size_t i = 0; limes_cli_command(i) != NULL; i++)
    if (strcmp(limes_cli_command(i)->name, name) == 0)
      return limes_cli_command(i);
  return NULL;
}

const cli_option *limes_cli_option_table(const cli_command *command, size_t i) {
  size_t count = 0;
  while (command != NULL && command->options != NULL && command->options[count] != NULL)
    count++;
  return i < count ? command->options[i] : i == count ? limes_cli_common_options : NULL;
}

const cli_option *limes_cli_find_option(const cli_command *command, const char *name) {
  for (size_t i = 0; limes_cli_option_table(command, i) != NULL; i++)
    for (const cli_option *option = limes_cli_option_table(command, i); option->name != NULL; option++)
      if (strcmp(option->name, name) == 0)
        return option;
  return NULL;
}
