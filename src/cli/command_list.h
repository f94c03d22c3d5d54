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
  X(width)                                                                                                                       \
  X(explain)                                                                                                                     \
  X(train)                                                                                                                       \
  X(empirical)                                                                                                                   \
  X(dual)                                                                                                                        \
  X(sample)                                                                                                                      \
  X(plot)                                                                                                                        \
  X(data)                                                                                                                        \
  X(layers)                                                                                                                      \
  X(models)                                                                                                                      \
  X(check)

#define DECLARE_COMMAND(name) extern const cli_command limes_cli_##name;
LIMES_CLI_COMMAND_LIST(DECLARE_COMMAND)
#undef DECLARE_COMMAND

#endif
