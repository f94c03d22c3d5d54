/* limes explain MODEL --data A [--against B] */
#include <stdio.h>
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
    {"positions-correlation", 0, OPTION_SWITCH, LIMES_CLI_FIELD(positions_correlation),
     .help = "instead of the plan, how alike the positions of an item are behind every layer: the mean of K_ab / sqrt(K_aa K_bb) "
             "over pairs of positions and over the items of A"},
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
    {"limes explain transformer --data digits:test[:50] --positions-correlation",
     "How fast the positions become alike, layer by layer"},
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

#define BAR 30 /* characters of a correlation of 1 */

static json_t *correlation_json(const limes_layer_correlation *layer, size_t count) {
  json_t *layers = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(layers, json_pack("{s:s, s:i, s:i, s:I, s:o}", "layer", layer[i].word, "line", (int)layer[i].line,
                                            "column", (int)layer[i].column, "items", (json_int_t)layer[i].items, "correlation",
                                            limes_cli_json_number(layer[i].correlation)));
  return json_pack("{s:o}", "positions_correlation", layers);
}

static void print_correlation(const limes_layer_correlation *layer) {
  char place[32] = "";
  if (layer->line > 0)
    snprintf(place, sizeof place, "%u:%u", layer->line, layer->column);
  int length = layer->correlation > 0 ? (int)(BAR * layer->correlation + 0.5) : 0;
  if (layer->items == 0)
    printf("  %-18s %8s %12s\n", layer->word, place, "-");
  else
    printf("  %-18s %8s %12.6f%s%.*s\n", layer->word, place, layer->correlation, length > 0 ? "  " : "", length,
           "##############################");
}

static limes_status explain_correlation(cli_session *session, const cli_settings *settings, const cli_inputs *inputs) {
  limes_layer_correlation *layers = NULL;
  size_t count = 0;
  limes_status status = limes_positions_correlation(session->context, inputs->model, inputs->first, &layers, &count);
  limes_cli_progress_wipe(&session->progress);
  if (status == LIMES_OK && settings->json) {
    status = limes_cli_print_json(session, correlation_json(layers, count));
  } else if (status == LIMES_OK) {
    printf("  %-18s %8s %12s\n", "layer", "place", "correlation");
    for (size_t i = 0; i < count; i++)
      print_correlation(&layers[i]);
  }
  limes_free(layers);
  return status;
}

/* A plan that does not fit is printed too: its figures are the reason. */
static limes_status run(cli_session *session, const cli_settings *settings) {
  cli_inputs inputs = {0};
  limes_plan_report report = {0};
  limes_status status = limes_cli_need(session, "explain", "data", settings->data);
  if (status == LIMES_OK && settings->positions_correlation && settings->against != NULL)
    status = limes_cli_fail(session, LIMES_WRONG_USE,
                            "--positions-correlation looks at the items of --data alone; leave --against out");
  if (status == LIMES_OK && settings->positions_correlation && settings->empirical)
    status = limes_cli_fail(session, LIMES_WRONG_USE, "--positions-correlation and --empirical exclude each other");
  if (status == LIMES_OK)
    status = limes_cli_read_inputs(session, settings, settings->data, settings->against, &inputs);
  if (status == LIMES_OK && (settings->positions_correlation || settings->empirical)) {
    status = settings->empirical ? limes_cli_explain_routes(session, settings, &inputs)
                                 : explain_correlation(session, settings, &inputs);
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
