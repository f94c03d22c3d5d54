/* limes merge PART.h5... -o K.h5 */
#include "command_list.h"
#include "inputs.h"
#include "kernel_store.h"
#include "outputs.h"

static const cli_argument arguments[] = {
    {"PART.h5...", ARGUMENT_FILE, .many = true, .help = "the files of the shards, of one kernel"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"output", 'o', OPTION_FILE, LIMES_CLI_FIELD(output), .value = "K.h5", .help = "the file to write; it must not be there yet"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, NULL};

static const cli_example examples[] = {
    {"limes kernel cnn-gp --data digits:test --shard 1/2 -o one.h5", "Half of the tiles, on one machine"},
    {"limes kernel cnn-gp --data digits:test --shard 2/2 -o two.h5", "The other half, on another"},
    {"limes merge one.h5 two.h5 -o whole.h5", "Both together"},
    {.line = NULL},
};

static limes_status run(cli_session *session, const cli_settings *settings) {
  static const char *const endings[] = {".h5", NULL};
  limes_kernel_file_report report;
  limes_status status = limes_cli_need(session, "merge", "output", settings->output);
  if (status == LIMES_OK)
    status = limes_cli_check_output(session, "output", settings->output, endings);
  if (status == LIMES_OK)
    status = limes_kernel_file_merge(session->context, settings->output, settings->argument, settings->arguments, &report);
  if (status != LIMES_OK)
    return status;
  if (report.damaged > 0)
    limes_cli_warn(session, "%zu tiles of the parts are damaged and were left out", report.damaged);
  if (report.done < report.tiles)
    limes_cli_note(session, "%zu tiles are still missing: `limes kernel` with the same model and data, -o %s, computes them",
                   report.tiles - report.done, settings->output);
  if (settings->json)
    return limes_cli_print_json(session, limes_cli_tiles_json(settings->output, &report));
  printf("%s: %zu x %zu, float64\n\n", settings->output, report.rows, report.columns);
  limes_cli_print_tiles(&report, false);
  return LIMES_OK;
}

const cli_command limes_cli_merge = {
    .name = "merge",
    .about = "Joins the .h5 files of the shards of one kernel",
    .text = "Every tile is checked on its way. What is still missing afterwards is computed by `limes kernel`.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
