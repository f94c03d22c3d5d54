#include "finite.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const limes_cli_routes[] = {"structured", "jacobian", "tangents", "layerwise", "auto", NULL};

const cli_option limes_cli_empirical_options[] = {
    {"outputs", 0, OPTION_TEXT, LIMES_CLI_FIELD(network_outputs), .value = "one|all|K", .fallback = "one",
     .help = "over how many outputs the NTK is averaged, and how many the networks have; all: as many as the last layer is wide, "
             "by the "
             "text or --width"},
    {"route", 0, OPTION_CHOICE, LIMES_CLI_FIELD(route), .choices = limes_cli_routes, .fallback = "auto",
     .help = "how the NTK is summed over parameters; `limes explain --empirical` shows what each costs"},
    {.name = NULL},
};

limes_network_settings limes_cli_network_settings(const cli_settings *settings) {
  return (limes_network_settings){.width = (size_t)settings->width,
                                  .heads = (size_t)settings->heads,
                                  .key_width = (size_t)settings->key_width,
                                  .value_width = (size_t)settings->value_width,
                                  .seed = settings->seed,
                                  .parameterization = (limes_parameterization)settings->parameterization};
}

/* one, all (0) or a number */
static limes_status read_outputs(cli_session *session, const char *text, size_t *outputs) {
  char *end = NULL;
  unsigned long number = strtoul(text, &end, 10);
  *outputs = strcmp(text, "one") == 0 ? 1 : strcmp(text, "all") == 0 ? 0 : number;
  bool named = strcmp(text, "one") == 0 || strcmp(text, "all") == 0;
  if (named || (isdigit((unsigned char)text[0]) && *end == '\0' && number > 0 && number <= 1000000000))
    return LIMES_OK;
  return limes_cli_fail(session, LIMES_WRONG_USE, "--outputs takes one, all or a whole number from 1, not \"%s\"", text);
}

limes_status limes_cli_empirical_settings(cli_session *session, const cli_settings *settings, size_t draws,
                                          limes_network_settings *network, limes_empirical_options *options) {
  *network = limes_cli_network_settings(settings);
  *options = (limes_empirical_options){.draws = settings->draws > 0 ? (size_t)settings->draws : draws,
                                       .route = (limes_ntk_route)settings->route,
                                       .parameters = settings->parameters};
  if (settings->parameters != NULL && settings->draws > 1)
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "--parameters gives one network, and --draws %" PRIu64 " asks for more: leave one of them out",
                          settings->draws);
  if (settings->parameters != NULL)
    options->draws = 1;
  return read_outputs(session, settings->network_outputs, &options->outputs);
}

limes_status limes_cli_explain_networks(cli_session *session, const cli_inputs *inputs, limes_network_settings *network,
                                        const limes_empirical_options *options, limes_empirical_report *report) {
  network->outputs = options->outputs;
  limes_status status =
      limes_explain_empirical(session->context, inputs->model, inputs->first, inputs->second, network, options, report);
  if (status != LIMES_WRONG_USE || network->outputs == 0)
    return status;
  network->outputs = 0; /* the text says how wide the last layer is */
  return limes_explain_empirical(session->context, inputs->model, inputs->first, inputs->second, network, options, report);
}

void limes_cli_about_networks(const cli_settings *settings, const limes_network_settings *network,
                              const limes_empirical_options *options, char *text, size_t size) {
  const struct {
    const char *name;
    size_t value;
  } sizes[] = {{"width", network->width},
               {"heads", network->heads},
               {"key width", network->key_width},
               {"value width", network->value_width},
               {"outputs", options->outputs}};
  size_t used = 0;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    if (sizes[i].value > 0 && used < size)
      used += (size_t)snprintf(text + used, size - used, "%s %zu, ", sizes[i].name, sizes[i].value);
  static const char *const parameterizations[] = {"ntk", "standard"};
  char seed[24];
  snprintf(seed, sizeof seed, "%" PRIu64, network->seed);
  const char *file = settings->parameters;
  if (used < size)
    snprintf(text + used, size - used, "%s parameterization, %s %.300s", parameterizations[network->parameterization],
             file == NULL ? "seed" : "parameters of", file == NULL ? seed : file);
}
