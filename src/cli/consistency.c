/* Options that say nothing beside the others: most are slips, and a slip that is passed over looks like an answer. */
#include <string.h>

#include "session.h"

/* Whether a data argument of the command line, as an option or not, is one that `suits`. */
static bool any_data(const cli_command *command, const cli_settings *settings, bool (*suits)(const char *name)) {
  for (size_t i = 0; i < settings->arguments; i++)
    if (limes_cli_argument(command, i)->kind == ARGUMENT_DATA && suits(settings->argument[i]))
      return true;
  for (size_t i = 0; i < settings->givens; i++)
    if (settings->given[i].option->kind == OPTION_DATA && suits(settings->given[i].text))
      return true;
  return false;
}

static bool is_reviews(const char *name) { return strncmp(name, "imdb:", 5) == 0; }

static bool is_table(const char *name) { return strstr(name, ".csv") != NULL; }

limes_status limes_cli_check_options(cli_session *session, const cli_command *command, const cli_settings *settings) {
  static const char *const of_reviews[] = {"vectors", "max-tokens"};
  for (size_t i = 0; i < 2; i++)
    if (limes_cli_given(settings, of_reviews[i]) != NULL && !any_data(command, settings, is_reviews))
      return limes_cli_fail(session, LIMES_WRONG_USE, "--%s is for imdb: data, and there are none here; leave it out",
                            of_reviews[i]);
  if (settings->target != NULL && !any_data(command, settings, is_table))
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "--target names a column of a .csv file, and there is none here; leave it out");
  /* programs that give both always may say --time inf */
  const cli_option *time = limes_cli_find_option(command, "time");
  bool to_the_end = time != NULL && time->infinite && limes_cli_given(settings, "time") == NULL;
  if (limes_cli_given(settings, "learning-rate") != NULL && to_the_end)
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "--learning-rate makes no difference at the end of training; say when to stop by --time T");
  return LIMES_OK;
}
