/* limes sample MODEL --data A --draws n [--width w] */
#include "sample.h"

#include <math.h>
#include <stdlib.h>

#include "command_list.h"
#include "outputs.h"
#include "record.h"

#define DEFAULT_DATA "digits:test"
#define DEFAULT_CIRCLE 200

static const cli_argument arguments[] = {
    {"MODEL", ARGUMENT_MODEL, .help = "the model: its text in quotes, @file, or the name of a shipped one"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"data", 0, OPTION_DATA, LIMES_CLI_FIELD(data), .value = "A",
     .help = "the items that functions are drawn at; where it is not given, 200 images on the circle through two digits"},
    {"draws", 0, OPTION_COUNT, LIMES_CLI_FIELD(draws), .value = "N", .fallback = "5", .least = 1, .help = "how many functions"},
    {"width", 0, OPTION_COUNT, LIMES_CLI_FIELD(width), .value = "W", .least = 1,
     .help = "draw as many networks of this width, too; key and value widths and heads are a sixteenth of it, at least 4"},
    {"circle", 0, OPTION_COUNT, LIMES_CLI_FIELD(circle), .value = "N", .least = 2,
     .help = "in place of the items, N points on the circle through the first two: cos(t) a + sin(t) b"},
    {"output", 'o', OPTION_FILE, LIMES_CLI_FIELD(output), .value = "OUT.npz",
     .help = "the file to write, .npz or .h5: arrays prior and networks, one row a function, and variance"},
    {"plot", 0, OPTION_FILE, LIMES_CLI_FIELD(plot), .value = "F.png", .help = "a picture of the functions (.png or .svg)"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes sample attention-digits --width 64 --plot prior.png",
     "Five functions of infinitely wide attention networks, and five networks of width 64, on a circle through two digits"},
    {"limes sample \"repeat(2, dense(w_std=2.5, b_std=1) erf) dense\" --data curve.csv --width 256 -o prior.npz --plot "
     "curves.png",
     "Functions of one number, whose values stand in curve.csv"},
    {.line = NULL},
};

static limes_status check(cli_session *session, const cli_settings *settings) {
  static const char *const endings[] = {".npz", ".h5", NULL};
  limes_status status = limes_cli_check_output(session, "output", settings->output, endings);
  return status == LIMES_OK ? limes_cli_check_picture(session, "plot", settings->plot) : status;
}

static limes_status read_items(cli_session *session, const cli_settings *settings, cli_inputs *inputs, cli_sample *sample) {
  size_t circle = settings->data == NULL && settings->circle == 0 ? DEFAULT_CIRCLE : (size_t)settings->circle;
  limes_status status =
      limes_cli_read_inputs(session, settings, settings->data == NULL ? DEFAULT_DATA : settings->data, NULL, inputs);
  if (status == LIMES_OK && circle > 0)
    status = limes_cli_circle(session, inputs, circle);
  return status == LIMES_OK ? limes_cli_find_line(session, inputs->first, circle > 0, sample) : status;
}

static limes_status allocate(cli_session *session, cli_sample *sample) {
  sample->prior = calloc(sample->draws, sample->items * sizeof(double));
  sample->variance = calloc(sample->items, sizeof(double));
  if (sample->width > 0)
    sample->networks = calloc(sample->draws, sample->items * sizeof(double));
  bool all = sample->prior != NULL && sample->variance != NULL && (sample->width == 0 || sample->networks != NULL);
  return all ? LIMES_OK : limes_cli_no_memory(session);
}

static limes_status draw(cli_session *session, const cli_settings *settings, const cli_inputs *inputs, cli_sample *sample) {
  sample->draws = (size_t)settings->draws;
  sample->width = (size_t)settings->width;
  sample->items = limes_batch_items(inputs->first);
  limes_status status = allocate(session, sample);
  double started = limes_cli_now();
  if (status == LIMES_OK)
    status = limes_sample_prior(session->context, inputs->model, inputs->first, sample->draws, sample->prior, sample->variance);
  sample->prior_seconds = limes_cli_now() - started;
  limes_network_settings network = {.width = sample->width, .seed = settings->seed};
  if (status == LIMES_OK && sample->networks != NULL)
    status = limes_sample_networks(session->context, inputs->model, inputs->first, &network, sample->draws, sample->networks);
  sample->network_seconds = limes_cli_now() - started - sample->prior_seconds;
  return status == LIMES_OK ? limes_cli_check_interrupt(session) : status;
}

static limes_status write(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                          const cli_sample *sample) {
  cli_record record = {0};
  limes_cli_record_numbers(&record, "prior", sample->prior, 2, sample->draws, sample->items);
  limes_cli_record_numbers(&record, "networks", sample->networks, 2, sample->draws, sample->items);
  limes_cli_record_numbers(&record, "variance", sample->variance, 1, sample->items, 0);
  limes_cli_record_numbers(&record, "place", sample->place, 1, sample->items, 0);
  limes_cli_record_inputs(&record, inputs);
  limes_cli_record_labels(&record, inputs);
  return limes_file_write(session->context, settings->output, record.array, record.count);
}

/* Mean square of the functions in deviations of the prior: 1 where they have its variance */
static double mean_square(const cli_sample *sample, const double *functions) {
  size_t count = sample->draws * sample->items;
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += pow(limes_cli_standardized(sample, functions, i), 2);
  return sum / (double)count;
}

static limes_status print_json(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                               const cli_sample *sample) {
  json_t *object =
      json_pack("{s:s, s:I, s:I, s:o, s:f}", "model", inputs->model_text, "draws", (json_int_t)sample->draws, "items",
                (json_int_t)sample->items, "prior_mean_square", limes_cli_json_number(mean_square(sample, sample->prior)),
                "seconds", sample->prior_seconds + sample->network_seconds);
  if (sample->networks != NULL) {
    json_object_set_new(object, "width", json_integer((json_int_t)sample->width));
    json_object_set_new(object, "networks_mean_square", limes_cli_json_number(mean_square(sample, sample->networks)));
  }
  if (settings->output != NULL)
    json_object_set_new(object, "output", json_string(settings->output));
  if (settings->plot != NULL)
    json_object_set_new(object, "plot", json_string(settings->plot));
  return limes_cli_print_json(session, object);
}

static void print_functions(const char *name, const cli_sample *sample, const double *functions) {
  double least = INFINITY, most = -INFINITY;
  for (size_t i = 0; i < sample->draws * sample->items; i++) {
    least = fmin(least, functions[i]);
    most = fmax(most, functions[i]);
  }
  limes_cli_row(name, NULL, "from %.4g to %.4g, mean square %.4g variances of the prior", least, most,
                mean_square(sample, functions));
}

static limes_status print(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                          const cli_sample *sample) {
  char time[32], width[32];
  if (settings->json)
    return print_json(session, settings, inputs, sample);
  limes_cli_duration(sample->prior_seconds + sample->network_seconds, time, sizeof time);
  printf("%zu function%s at %zu items\n\n", sample->draws, sample->draws == 1 ? "" : "s", sample->items);
  print_functions("prior", sample, sample->prior);
  snprintf(width, sizeof width, "width %zu", sample->width);
  if (sample->networks != NULL)
    print_functions(width, sample, sample->networks);
  limes_cli_row("model", NULL, "%s", inputs->model_text);
  limes_cli_row("normalize", NULL, "%s", limes_normalization_kind(inputs->normalization));
  limes_cli_row("time", NULL, "%s", time);
  return LIMES_OK;
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  cli_inputs inputs = {0};
  cli_sample sample = {0};
  limes_status status = check(session, settings);
  if (status == LIMES_OK)
    status = read_items(session, settings, &inputs, &sample);
  if (status == LIMES_OK)
    status = draw(session, settings, &inputs, &sample);
  if (status == LIMES_OK && settings->output != NULL)
    status = write(session, settings, &inputs, &sample);
  if (status == LIMES_OK && settings->plot != NULL)
    status = limes_cli_plot_sample(session, settings->plot, &sample, &inputs);
  if (status == LIMES_OK)
    status = print(session, settings, &inputs, &sample);
  free(sample.prior);
  free(sample.networks);
  free(sample.variance);
  free(sample.place);
  limes_cli_clear_inputs(&inputs);
  return status;
}

const cli_command limes_cli_sample = {
    .name = "sample",
    .about = "Draws functions from the prior of infinitely wide networks, and finite networks beside them",
    .text =
        "The prior is the Gaussian process that networks are before training: mean zero, covariance NNGP, drawn by its Cholesky "
        "factor. The same --seed gives the same functions, however many are drawn.\n"
        "The picture shows curves where the items are on a line (one feature, a circle, or items that follow each other in "
        "small steps), with the band of 95 % of the prior; otherwise each function as a row of colours, and the quantiles of "
        "all values against those of the prior.\n"
        "The file has prior and networks [N,items], variance [items], place [items] where they are on a line, and what it was "
        "made of.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
