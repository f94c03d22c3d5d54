/* limes explain MODEL --data A [--against B] */
#include <string.h>

#include "command_list.h"
#include "finite.h"
#include "inputs.h"

static const cli_argument arguments[] = {
    {"MODEL", ARGUMENT_MODEL, .help = "the model: its text in quotes, @file, or the name of a shipped one"},
    {.name = NULL},
};

static const cli_option own_options[] = {
    {"data", 0, OPTION_DATA, LIMES_CLI_FIELD(data), .value = "A", .help = "the items of the rows"},
    {"against", 0, OPTION_DATA, LIMES_CLI_FIELD(against), .value = "B",
     .help = "the items of the columns; where it is not given, the symmetric kernel of A"},
    {"get", 0, OPTION_CHOICE, LIMES_CLI_FIELD(get), .choices = limes_cli_gets, .fallback = "both", .help = "which kernels"},
    {"empirical", 0, OPTION_SWITCH, LIMES_CLI_FIELD(empirical),
     .help = "instead of the exact kernel, the routes to the NTK of sampled networks (`limes empirical`)"},
    {"draws", 0, OPTION_COUNT, LIMES_CLI_FIELD(draws), .value = "M", .least = 1, .help = "with --empirical: how many networks"},
    {.name = NULL},
};

static const cli_option *const tables[] = {own_options, limes_cli_empirical_options, limes_cli_network_options,
                                           limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes explain attention-digits --data digits:train",
     "What each layer needs, and how long the kernel of the training digits will take"},
    {"limes explain fcn --data digits[:64] --empirical --width 1024", "What the routes to the NTK of one network cost"},
    {.line = NULL},
};

static limes_status print(cli_session *session, const cli_settings *settings, const limes_plan_report *report) {
  if (settings->json)
    return limes_cli_print_json(session, json_pack("{s:o, s:I, s:f, s:I, s:s}", "seconds", limes_cli_json_number(report->seconds),
                                                   "bytes", (json_int_t)report->bytes, "flops", report->flops, "free_bytes",
                                                   (json_int_t)report->free_bytes, "plan", report->text));
  size_t length = strlen(report->text);
  printf("%s%s", report->text, length > 0 && report->text[length - 1] == '\n' ? "" : "\n");
  return LIMES_OK;
}

static json_t *route_json(const limes_route_report *route) {
  return json_pack("{s:s, s:o, s:f, s:I, s:I}", "route", limes_cli_routes[route->route], "seconds",
                   route->threads == 0 ? json_null() : json_real(route->seconds), "flops", route->flops, "bytes",
                   (json_int_t)route->bytes, "threads", (json_int_t)route->threads);
}

static limes_status print_routes(cli_session *session, const cli_settings *settings, const limes_empirical_report *report) {
  if (!settings->json) {
    fputs(report->text, stdout);
    return LIMES_OK;
  }
  json_t *routes = json_array();
  for (int k = 0; k < LIMES_NTK_ROUTES; k++)
    json_array_append_new(routes, route_json(&report->route[k]));
  bool fits = report->chosen != LIMES_NTK_AUTO;
  return limes_cli_print_json(session, json_pack("{s:o, s:o, s:I, s:I, s:I}", "routes", routes, "chosen",
                                                 fits ? json_string(limes_cli_routes[report->chosen]) : json_null(), "parameters",
                                                 (json_int_t)report->parameters, "outputs", (json_int_t)report->outputs,
                                                 "free_bytes", (json_int_t)report->free_bytes));
}

static limes_status explain_empirical(cli_session *session, const cli_settings *settings, const cli_inputs *inputs) {
  limes_network_settings network;
  limes_empirical_options options;
  limes_empirical_report report = {0};
  limes_status status = limes_cli_empirical_settings(session, settings, 1, &network, &options);
  if (status == LIMES_OK)
    status = limes_cli_explain_networks(session, inputs, &network, &options, &report);
  limes_cli_progress_wipe(&session->progress);
  if (report.text != NULL) {
    limes_status printed = print_routes(session, settings, &report);
    status = status == LIMES_OK ? printed : status;
  }
  limes_free(report.text);
  return status;
}

/* A plan that does not fit is printed too: its figures are the reason. */
static limes_status run(cli_session *session, const cli_settings *settings) {
  cli_inputs inputs = {0};
  limes_plan_report report = {0};
  limes_status status = limes_cli_need(session, "explain", "data", settings->data);
  if (status == LIMES_OK)
    status = limes_cli_read_inputs(session, settings, settings->data, settings->against, &inputs);
  if (status == LIMES_OK && settings->empirical) {
    status = explain_empirical(session, settings, &inputs);
    limes_cli_clear_inputs(&inputs);
    return status;
  }
  if (status == LIMES_OK)
    status = limes_explain(session->context, inputs.model, inputs.first, inputs.second, settings->get != GET_NTK,
                           settings->get != GET_NNGP, &report);
  limes_cli_progress_wipe(&session->progress);
  if (report.text != NULL && (status == LIMES_OK || status == LIMES_REFUSED)) {
    limes_status printed = print(session, settings, &report);
    status = status == LIMES_OK ? printed : status;
  }
  limes_free(report.text);
  limes_cli_clear_inputs(&inputs);
  return status;
}

const cli_command limes_cli_explain = {
    .name = "explain",
    .about = "Shows the plan of a kernel before anything runs: layers, covariances, work, memory, time",
    .text = "A plan that cannot fit into memory is refused with exit code 4.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
