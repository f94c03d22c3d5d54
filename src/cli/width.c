/* limes width MODEL --data A [--widths 32,64,...] */
#include "width.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command_list.h"
#include "outputs.h"

#define MOST_SIZES 32

static const cli_argument arguments[] = {
    {"MODEL", ARGUMENT_MODEL, .help = "the model: its text in quotes, @file, or the name of a shipped one"},
    {.name = NULL},
};

static const char *const varies[] = {"all", "width", "heads", "key_width", NULL}; /* in the order of limes_vary */
static const char *const parameterizations[] = {"ntk", "standard", NULL};         /* of limes_parameterization */

static const cli_option options[] = {
    {"data", 0, OPTION_DATA, LIMES_CLI_FIELD(data), .value = "A", .help = "the items; its first ones, as many as --items says"},
    {"widths", 0, OPTION_TEXT, LIMES_CLI_FIELD(widths), .value = "N,N,...",
     .help = "the sizes to try, rising; key widths with --vary key_width. Where it is not given, three to five, each twice the "
             "one before, from at least 64 and 16 times the depth on"},
    {"vary", 0, OPTION_CHOICE, LIMES_CLI_FIELD(vary), .choices = varies, .fallback = "all",
     .help = "what grows: the channels with heads and key width max(4, width / 16), or one of them alone"},
    {"heads", 0, OPTION_TEXT, LIMES_CLI_FIELD(heads_list), .value = "H,H,...",
     .help = "heads of attention: one number, or with --vary heads the numbers to try (1,2,4,8,16)"},
    {"width", 0, OPTION_COUNT, LIMES_CLI_FIELD(width), .value = "N", .least = 1,
     .help = "channels where only heads or key width grow; 256 where it is not given"},
    {"key-width", 0, OPTION_COUNT, LIMES_CLI_FIELD(key_width), .value = "N", .least = 1, .help = "channels of a key"},
    {"value-width", 0, OPTION_COUNT, LIMES_CLI_FIELD(value_width), .value = "N", .least = 1, .help = "channels of a value"},
    {"items", 0, OPTION_COUNT, LIMES_CLI_FIELD(items), .value = "N", .fallback = "8", .least = 1,
     .help = "how many items take part"},
    {"draws", 0, OPTION_COUNT, LIMES_CLI_FIELD(draws), .value = "N", .least = 2,
     .help = "networks of each size; where it is not given, as many as make the slopes' intervals narrower than +-0.05, at most "
             "2000"},
    {"most-seconds", 0, OPTION_NUMBER, LIMES_CLI_FIELD(most_seconds), .value = "S", .fallback = "600", .least = 0, .open = true,
     .infinite = true, .help = "without --draws: about how long draws go on"},
    {"output-draws", 0, OPTION_COUNT, LIMES_CLI_FIELD(output_draws), .value = "N", .fallback = "256", .least = 0,
     .help = "networks of each size whose outputs are looked at; 0: none"},
    {"parameterization", 0, OPTION_CHOICE, LIMES_CLI_FIELD(parameterization), .choices = parameterizations, .fallback = "ntk",
     .help = "standard: only the NNGP is compared, as the other kernel grows with the width"},
    {"plot", 0, OPTION_FILE, LIMES_CLI_FIELD(plot), .value = "F.png",
     .help = "a picture (.png or .svg): errors against size, and quantiles of the outputs"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes width attention-digits --data digits --resize 3x3 --items 4 --widths 32,64 --draws 8 --output-draws 40 --plot "
     "width.png",
     "How networks of a shipped model come near their limit, with a picture"},
    {"limes width \"dense attention(scale=sqrt, zeta=relu) global_avg_pool dense\" --data digits --resize 2x2 --items 2 --vary "
     "heads "
     "--heads 1,2,4 --width 64 --draws 4 --output-draws 100",
     "What few heads leave of random attention"},
    {.line = NULL},
};

/* "32,64,128" */
static limes_status read_list(cli_session *session, const char *option, const char *text, size_t size[MOST_SIZES], size_t *n) {
  *n = 0;
  for (const char *at = text; text != NULL; at++) {
    char *end = NULL;
    errno = 0;
    unsigned long long number = isdigit((unsigned char)*at) ? strtoull(at, &end, 10) : 0;
    if (end == NULL || errno != 0 || number == 0 || (*end != ',' && *end != '\0') || *n == MOST_SIZES)
      return limes_cli_fail(session, LIMES_WRONG_USE,
                            "--%s takes whole numbers from 1 with commas between them, at most %d, not \"%s\"", option,
                            MOST_SIZES, text);
    size[(*n)++] = (size_t)number;
    if (*end == '\0')
      break;
    at = end;
  }
  return LIMES_OK;
}

static limes_status read_sizes(cli_session *session, const cli_settings *settings, size_t size[MOST_SIZES],
                               limes_width_options *wanted) {
  size_t heads[MOST_SIZES], n_heads = 0;
  bool by_heads = wanted->vary == LIMES_VARY_HEADS;
  limes_status status = read_list(session, "heads", settings->heads_list, heads, &n_heads);
  if (status == LIMES_OK)
    status = read_list(session, "widths", settings->widths, size, &wanted->n_sizes);
  if (status != LIMES_OK)
    return status;
  if (by_heads && wanted->n_sizes > 0)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--vary heads tries the numbers of --heads; give the channels by --width");
  if (!by_heads && n_heads > 1)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--heads takes one number here; to try several add --vary heads");
  if (by_heads) {
    memcpy(size, heads, sizeof heads);
    wanted->n_sizes = n_heads;
  } else if (n_heads == 1) {
    wanted->heads = heads[0];
  }
  if (settings->width > 0 && (wanted->vary == LIMES_VARY_ALL || wanted->vary == LIMES_VARY_WIDTH))
    return limes_cli_fail(
        session, LIMES_WRONG_USE,
        "--width holds the channels where they do not grow: add --vary heads or --vary key_width, or give sizes "
        "by --widths");
  if (settings->key_width > 0 && wanted->vary == LIMES_VARY_KEY_WIDTH)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--vary key_width tries the numbers of --widths; leave out --key-width");
  wanted->sizes = size;
  return LIMES_OK;
}

static limes_status check(cli_session *session, const cli_settings *settings, size_t size[MOST_SIZES],
                          limes_width_options *wanted) {
  *wanted = (limes_width_options){.vary = (limes_vary)settings->vary,
                                  .width = (size_t)settings->width,
                                  .key_width = (size_t)settings->key_width,
                                  .value_width = (size_t)settings->value_width,
                                  .parameterization = (limes_parameterization)settings->parameterization,
                                  .items = (size_t)settings->items,
                                  .draws = (size_t)settings->draws,
                                  .most_seconds = settings->most_seconds,
                                  .output_draws = (size_t)settings->output_draws};
  limes_status status = limes_cli_need(session, "width", "data", settings->data);
  if (status == LIMES_OK)
    status = limes_cli_check_picture(session, "plot", settings->plot);
  return status == LIMES_OK ? read_sizes(session, settings, size, wanted) : status;
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  cli_inputs inputs = {0};
  limes_width_options wanted;
  limes_width_report *report = NULL;
  size_t size[MOST_SIZES] = {0};
  double started = limes_cli_now();
  limes_status status = check(session, settings, size, &wanted);
  if (status == LIMES_OK)
    status = limes_cli_read_inputs(session, settings, settings->data, NULL, &inputs);
  if (status == LIMES_OK)
    status = limes_width_study(session->context, inputs.model, inputs.first, &wanted, &report);
  if (status == LIMES_OK)
    status = limes_cli_check_interrupt(session);
  limes_cli_progress_wipe(&session->progress);
  cli_width_result result = {.report = report, .inputs = &inputs, .vary = wanted.vary, .seconds = limes_cli_now() - started};
  if (status == LIMES_OK && settings->plot != NULL)
    status = limes_cli_plot_width(session, settings->plot, &result);
  if (status == LIMES_OK)
    status = limes_cli_print_width(session, &result, settings->json);
  limes_width_report_destroy(report);
  limes_cli_clear_inputs(&inputs);
  return status;
}

const cli_command limes_cli_width = {
    .name = "width",
    .about = "Samples networks of growing size and shows how they come near their limit",
    .text =
        "For each size: how far the NNGP and the NTK of one network are from the exact kernel (Frobenius norm, relative, root "
        "mean square over the draws), how much of that is bias and how much scatter, and the slope of all of them in double "
        "logarithm, which is -0.5 where networks are wide enough. Then how Gaussian their outputs are: excess kurtosis, and the "
        "test of Anderson and Darling against the limit's law for the first item. Few heads of random attention (scale=sqrt) "
        "stay non-Gaussian at any width; what theory says of them stands beside.\n"
        "--json gives nngp and ntk with slope, interval, widths, errors, and more.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
