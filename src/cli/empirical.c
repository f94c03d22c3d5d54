/* limes empirical MODEL --data A [--against B] --width n -o OUT.npz */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command_list.h"
#include "finite.h"
#include "outputs.h"
#include "record.h"

#define DRAWS 10 /* where nobody says how many */

static const cli_argument arguments[] = {
    {"MODEL", ARGUMENT_MODEL, .help = "the model: its text in quotes, @file, or the name of a shipped one"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"data", 0, OPTION_DATA, LIMES_CLI_FIELD(data), .value = "A", .help = "the items of the rows"},
    {"against", 0, OPTION_DATA, LIMES_CLI_FIELD(against), .value = "B",
     .help = "the items of the columns; where it is not given, the symmetric kernel of A"},
    {"output", 'o', OPTION_FILE, LIMES_CLI_FIELD(output), .value = "OUT",
     .help = "the file to write (.npz or .h5), and to go on with where it is there"},
    {"get", 0, OPTION_CHOICE, LIMES_CLI_FIELD(get), .choices = limes_cli_gets, .fallback = "both", .help = "which kernels"},
    {"draws", 0, OPTION_COUNT, LIMES_CLI_FIELD(draws), .value = "M", .least = 1, .help = "how many networks; 10 by default"},
    {"parameters", 0, OPTION_FILE, LIMES_CLI_FIELD(parameters), .value = "FILE",
     .help = "of one network, instead of sampled ones (.npz or .h5, arrays such as dense_0.weight)"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, limes_cli_empirical_options, limes_cli_network_options,
                                           limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes empirical \"dense(w_std=sqrt(2)) relu dense\" --data digits[:50] --width 256 --draws 20 -o E.npz",
     "Mean kernels of 20 networks on 50 digits, with their standard errors"},
    {"limes empirical attention-digits --data digits[:20] --width 64 --outputs one --get ntk -o N.npz",
     "The NTK of networks with attention, of one output each: ten times as fast as over ten outputs"},
    {.line = NULL},
};

/* A computation: what is asked for, and what there is of it. */
typedef struct {
  cli_session *session;
  const cli_settings *settings;
  cli_inputs inputs;
  limes_network_settings network;
  limes_empirical_options options;
  limes_empirical_report report;
  char about[512]; /* of the networks, as the file says it */
  size_t rows, columns;
  limes_empirical_sums sums;
  size_t before; /* draws that the file had */
  double *error;
} cli_averages;

/* the file: means, errors, and what it needs to go on */

/* Standard errors sqrt(squares / (n - 1) / n) of one kernel */
static const double *errors_of(const cli_averages *c, const double *squares, double *error) {
  double n = (double)c->sums.draws;
  for (size_t k = 0; squares != NULL && k < c->rows * c->columns; k++)
    error[k] = sqrt(squares[k] / (n - 1) / n);
  return squares == NULL || c->sums.draws < 2 ? NULL : error;
}

static limes_status write_file(cli_averages *c) {
  cli_record record = {0};
  const limes_empirical_sums *sums = &c->sums;
  int64_t draws = (int64_t)sums->draws;
  double *of_ntk = c->error + c->rows * c->columns;
  limes_cli_record_numbers(&record, "nngp", sums->nngp, 2, c->rows, c->columns);
  limes_cli_record_numbers(&record, "ntk", sums->ntk, 2, c->rows, c->columns);
  limes_cli_record_numbers(&record, "nngp_error", errors_of(c, sums->nngp_squares, c->error), 2, c->rows, c->columns);
  limes_cli_record_numbers(&record, "ntk_error", errors_of(c, sums->ntk_squares, of_ntk), 2, c->rows, c->columns);
  limes_cli_record_numbers(&record, "nngp_squares", sums->nngp_squares, 2, c->rows, c->columns);
  limes_cli_record_numbers(&record, "ntk_squares", sums->ntk_squares, 2, c->rows, c->columns);
  limes_cli_record_integers(&record, "draws", &draws, 1);
  limes_cli_record_text(&record, "networks", c->about);
  limes_cli_record_text(&record, "route", limes_cli_routes[c->options.route]);
  limes_cli_record_inputs(&record, &c->inputs);
  limes_cli_record_labels(&record, &c->inputs);
  return limes_file_write(c->session->context, c->settings->output, record.array, record.count);
}

static limes_status keep(void *user, const limes_empirical_sums *sums) {
  cli_averages *c = user;
  (void)sums;
  return write_file(c);
}

/* going on */

/* What follows the last comma is the fingerprint of data; their names may differ. */
static const char *fingerprint_in(const char *text) {
  const char *comma = strrchr(text, ',');
  return comma == NULL ? text : comma;
}

static limes_status compare(const cli_averages *c, limes_file *file, const limes_named_array *wanted) {
  limes_named_array there = {0};
  limes_status status = limes_file_get(c->session->context, file, wanted->name, &there);
  if (status != LIMES_OK || wanted->text == NULL)
    return status;
  bool data = strcmp(wanted->name, "data") == 0 || strcmp(wanted->name, "against") == 0;
  const char *is = there.text == NULL ? "nothing" : there.text;
  if (strcmp(data ? fingerprint_in(is) : is, data ? fingerprint_in(wanted->text) : wanted->text) == 0)
    return LIMES_OK;
  return limes_cli_fail(c->session, LIMES_WRONG_USE,
                        "%s is there already and holds other averages: its %s is \"%s\" and not \"%s\"; name another file, or "
                        "remove this one",
                        c->settings->output, wanted->name, is, wanted->text);
}

static limes_status take(const cli_averages *c, limes_file *file, const char *name, double *to) {
  limes_named_array there = {0};
  if (to == NULL)
    return LIMES_OK;
  limes_status status = limes_file_get(c->session->context, file, name, &there);
  if (status != LIMES_OK)
    return status;
  if (there.data == NULL || there.rank != 2 || there.size[0] != c->rows || there.size[1] != c->columns)
    return limes_cli_fail(c->session, LIMES_WRONG_USE,
                          "%s is there already and holds other averages: it has no %s [%zu,%zu]; name another file, or remove "
                          "this one",
                          c->settings->output, name, c->rows, c->columns);
  memcpy(to, there.data, c->rows * c->columns * sizeof *to);
  return LIMES_OK;
}

static limes_status take_sums(cli_averages *c, limes_file *file, int64_t draws) {
  limes_status status = take(c, file, "nngp", c->sums.nngp);
  if (status == LIMES_OK)
    status = take(c, file, "ntk", c->sums.ntk);
  if (status == LIMES_OK)
    status = take(c, file, "nngp_squares", c->sums.nngp_squares);
  if (status == LIMES_OK)
    status = take(c, file, "ntk_squares", c->sums.ntk_squares);
  if (status == LIMES_OK && (draws < 0 || (uint64_t)draws > c->options.draws))
    return limes_cli_fail(c->session, LIMES_WRONG_USE, "%s holds %lld draws already: ask for as many or more by --draws",
                          c->settings->output, (long long)draws);
  c->sums.draws = c->before = (size_t)draws;
  return status;
}

/* A file of other things is replaced, as everywhere. */
static limes_status read_file(cli_averages *c, limes_file *file) {
  limes_named_array draws = {0}, route = {0};
  limes_status status = limes_file_get(c->session->context, file, "draws", &draws);
  if (status == LIMES_OK)
    status = limes_file_get(c->session->context, file, "route", &route);
  if (status != LIMES_OK || draws.integers == NULL || route.text == NULL)
    return status;
  cli_record wanted = {0};
  limes_cli_record_inputs(&wanted, &c->inputs);
  limes_cli_record_text(&wanted, "networks", c->about);
  if (c->settings->route != LIMES_NTK_AUTO)
    limes_cli_record_text(&wanted, "route", limes_cli_routes[c->settings->route]);
  for (size_t i = 0; i < wanted.count && status == LIMES_OK; i++)
    status = compare(c, file, &wanted.array[i]);
  for (int k = 0; k < LIMES_NTK_ROUTES; k++)
    if (strcmp(route.text, limes_cli_routes[k]) == 0)
      c->options.route = (limes_ntk_route)k;
  return status == LIMES_OK ? take_sums(c, file, draws.integers[0]) : status;
}

static limes_status go_on(cli_averages *c) {
  limes_file *file = NULL;
  if (access(c->settings->output, F_OK) != 0 || c->settings->parameters != NULL)
    return LIMES_OK;
  limes_status status = limes_file_open(c->session->context, c->settings->output, &file);
  if (status != LIMES_OK) /* not one of ours */
    return LIMES_OK;
  status = read_file(c, file);
  limes_file_close(file);
  if (status == LIMES_OK && c->before > 0)
    limes_cli_note(c->session, "%s: %zu draws are there", c->settings->output, c->before);
  return status;
}

/* the run */

static limes_status allocate(cli_averages *c) {
  bool nngp = c->settings->get != GET_NTK, ntk = c->settings->get != GET_NNGP;
  c->rows = limes_batch_items(c->inputs.first);
  c->columns = limes_batch_items(c->inputs.second == NULL ? c->inputs.first : c->inputs.second);
  size_t n = c->rows * c->columns;
  double **wanted[] = {&c->sums.nngp, &c->sums.nngp_squares, &c->sums.ntk, &c->sums.ntk_squares};
  for (int k = 0; k < 4; k++)
    if ((k < 2 ? nngp : ntk) && (*wanted[k] = calloc(n, sizeof(double))) == NULL)
      return limes_cli_no_memory(c->session);
  c->error = calloc(2 * n, sizeof(double));
  return c->error == NULL ? limes_cli_no_memory(c->session) : LIMES_OK;
}

static limes_status check_kept(cli_averages *c, limes_status status) {
  if (status != LIMES_INTERRUPTED || c->sums.draws == 0)
    return status;
  limes_status written = c->sums.draws > c->before ? write_file(c) : LIMES_OK;
  if (written != LIMES_OK)
    return written;
  return limes_cli_fail(c->session, LIMES_INTERRUPTED,
                        "interrupted after %zu of %zu draws, which %s holds; the same command goes on", c->sums.draws,
                        c->options.draws, c->settings->output);
}

static limes_status compute(cli_averages *c) {
  limes_context *context = c->session->context;
  limes_status status = limes_cli_explain_networks(c->session, &c->inputs, &c->network, &c->options, &c->report);
  if (status != LIMES_OK)
    return status;
  c->options.route = c->report.chosen;
  c->options.keep = keep;
  c->options.user = c;
  limes_cli_note(c->session, "%zu parameters, %s, %u at a time", c->report.parameters, limes_cli_routes[c->options.route],
                 c->report.route[c->options.route].threads);
  return check_kept(
      c, limes_empirical_draws(context, c->inputs.model, c->inputs.first, c->inputs.second, &c->network, &c->options, &c->sums));
}

/* Mean entry, and the root mean square of the standard errors relative to it */
static void print_kernel(const cli_averages *c, const char *name, const double *mean, const double *squares) {
  double sum = 0, square = 0, n = (double)c->sums.draws, entries = (double)c->rows * (double)c->columns;
  for (size_t k = 0; mean != NULL && k < c->rows * c->columns; k++) {
    sum += mean[k];
    square += squares[k] / fmax(n - 1, 1) / n;
  }
  if (mean != NULL && c->sums.draws > 1)
    limes_cli_row(name, NULL, "mean %.6g, standard error %.2g", sum / entries, sqrt(square / entries));
  else if (mean != NULL)
    limes_cli_row(name, NULL, "mean %.6g", sum / entries);
}

static limes_status print(cli_averages *c, double seconds) {
  char time[32];
  if (c->settings->json)
    return limes_cli_print_json(
        c->session, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:f}", "output", c->settings->output, "model",
                              c->inputs.model_text, "rows", (json_int_t)c->rows, "columns", (json_int_t)c->columns, "draws",
                              (json_int_t)c->sums.draws, "added", (json_int_t)(c->sums.draws - c->before), "parameters",
                              (json_int_t)c->report.parameters, "route", limes_cli_routes[c->options.route], "seconds", seconds));
  limes_cli_duration(seconds, time, sizeof time);
  printf("%s: %zu x %zu, %zu draw%s\n\n", c->settings->output, c->rows, c->columns, c->sums.draws, c->sums.draws == 1 ? "" : "s");
  print_kernel(c, "NNGP", c->sums.nngp, c->sums.nngp_squares);
  print_kernel(c, "NTK", c->sums.ntk, c->sums.ntk_squares);
  limes_cli_row("model", NULL, "%s", c->inputs.model_text);
  limes_cli_row("networks", NULL, "%s", c->about);
  if (c->report.parameters > 0)
    limes_cli_row("parameters", NULL, "%zu", c->report.parameters);
  limes_cli_row("route", NULL, "%s", limes_cli_routes[c->options.route]);
  limes_cli_row("time", NULL, "%s", time);
  return LIMES_OK;
}

static limes_status prepare(cli_averages *c) {
  const cli_settings *settings = c->settings;
  static const char *const endings[] = {".npz", ".h5", NULL};
  limes_status status = limes_cli_need(c->session, "empirical", "data", settings->data);
  if (status == LIMES_OK)
    status = limes_cli_need(c->session, "empirical", "output", settings->output);
  if (status == LIMES_OK)
    status = limes_cli_check_output(c->session, "output", settings->output, endings);
  if (status == LIMES_OK)
    status = limes_cli_empirical_settings(c->session, settings, DRAWS, &c->network, &c->options);
  if (status == LIMES_OK)
    status = limes_cli_read_inputs(c->session, settings, settings->data, settings->against, &c->inputs);
  limes_cli_about_networks(settings, &c->network, &c->options, c->about, sizeof c->about);
  return status;
}

static void clear(cli_averages *c) {
  free(c->sums.nngp);
  free(c->sums.ntk);
  free(c->sums.nngp_squares);
  free(c->sums.ntk_squares);
  free(c->error);
  limes_free(c->report.text);
  limes_cli_clear_inputs(&c->inputs);
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  cli_averages c = {.session = session, .settings = settings};
  limes_status status = prepare(&c);
  if (status == LIMES_OK)
    status = allocate(&c);
  if (status == LIMES_OK)
    status = go_on(&c);
  double started = limes_cli_now();
  if (status == LIMES_OK && c.sums.draws < c.options.draws)
    status = compute(&c);
  if (status == LIMES_OK)
    status = limes_cli_check_interrupt(session);
  if (status == LIMES_OK)
    status = print(&c, limes_cli_now() - started);
  clear(&c);
  return status;
}

const cli_command limes_cli_empirical = {
    .name = "empirical",
    .about = "Averages NNGP and NTK matrices of sampled networks of finite width",
    .text =
        "The NNGP has the last weights integrated out, the NTK is summed over all parameters and averaged over outputs. nngp and "
        "ntk are means over the draws, nngp_error and ntk_error their standard errors.\n"
        "The file also holds what it needs to go on: interrupted or killed, the same command continues it, and so does one with "
        "more "
        "--draws; it ends with the bits of one uninterrupted run, on any number of threads.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
