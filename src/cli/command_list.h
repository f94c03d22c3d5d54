/* The commands, in the order in which help lists them. */
#ifndef LIMES_CLI_COMMAND_LIST_H
#define LIMES_CLI_COMMAND_LIST_H

#include "command.h"

#define LIMES_CLI_COMMAND_LIST(X)                                                                                                \
  X(classify)                                                                                                                    \
  X(regress)                                                                                                                     \
  X(predict)                                                                                                                     \
  X(kernel)                                                                                                                      \
  X(merge)                                                                                                                       \
  X(explain)                                                                                                                     \
  X(train)                                                                                                                       \
  X(dual)                                                                                                                        \
  X(plot)                                                                                                                        \
  X(data)                                                                                                                        \
  X(layers)                                                                                                                      \
  X(models)                                                                                                                      \
  X(check)

#define DECLARE_COMMAND(name) extern const cli_command limes_cli_##name;
LIMES_CLI_COMMAND_LIST(DECLARE_COMMAND)
#undef DECLARE_COMMAND

#endif
