/* limes explain MODEL --data A [--against B] */
#include <string.h>

#include "command_list.h"
#include "inputs.h"

static const cli_argument arguments[] = {
    {"MODEL", ARGUMENT_MODEL, .help = "the model: its text in quotes, @file, or the name of a shipped one"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"data", 0, OPTION_DATA, LIMES_CLI_FIELD(data), .value = "A", .help = "the items of the rows"},
    {"against", 0, OPTION_DATA, LIMES_CLI_FIELD(against), .value = "B",
     .help = "the items of the columns; where it is not given, the symmetric kernel of A"},
    {"get", 0, OPTION_CHOICE, LIMES_CLI_FIELD(get), .choices = limes_cli_gets, .fallback = "both", .help = "which kernels"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes explain attention-digits --data digits:train",
     "What each layer needs, and how long the kernel of the training digits will take"},
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

/* A plan that does not fit is printed too: its figures are the reason. */
static limes_status run(cli_session *session, const cli_settings *settings) {
  cli_inputs inputs = {0};
  limes_plan_report report = {0};
  limes_status status = limes_cli_need(session, "explain", "data", settings->data);
  if (status == LIMES_OK)
    status = limes_cli_read_inputs(session, settings, settings->data, settings->against, &inputs);
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
