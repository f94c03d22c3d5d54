/* limes kernel MODEL --data A [--against B] -o OUT */
#include <math.h>
#include <stdlib.h>

#include "command_list.h"
#include "kernel_store.h"
#include "layer_kernels.h"
#include "outputs.h"
#include "picture.h"
#include "record.h"

#define LARGE (64u << 20) /* bytes of a matrix from which on memory is asked for first */

static const cli_argument arguments[] = {
    {"MODEL", ARGUMENT_MODEL, .help = "the model: its text in quotes, @file, or the name of a shipped one"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"data", 0, OPTION_DATA, LIMES_CLI_FIELD(data), .value = "A", .help = "the items of the rows"},
    {"against", 0, OPTION_DATA, LIMES_CLI_FIELD(against), .value = "B",
     .help = "the items of the columns; where it is not given, the symmetric kernel of A"},
    {"output", 'o', OPTION_FILE, LIMES_CLI_FIELD(output), .value = "OUT",
     .help = "the file to write: .npz, .h5, or .npy for one kernel; arrays nngp and ntk, of sampled models nngp_error and "
             "ntk_error, float64"},
    {"get", 0, OPTION_CHOICE, LIMES_CLI_FIELD(get), .choices = limes_cli_gets, .fallback = "both", .help = "which kernels"},
    {"diagonal", 0, OPTION_SWITCH, LIMES_CLI_FIELD(diagonal), .help = "only the variances: each item with itself"},
    {"positions", 0, OPTION_SWITCH, LIMES_CLI_FIELD(positions),
     .help = "keep the positions of a model that has not pooled them: [A, B, positions of A, positions of B]"},
    {"shard", 0, OPTION_TEXT, LIMES_CLI_FIELD(shard), .value = "I/N",
     .help = "only every N-th tile of an .h5 file, from the I-th on; `limes merge` joins the files"},
    {"layers", 0, OPTION_SWITCH, LIMES_CLI_FIELD(layers),
     .help = "a kernel behind every layer, in one pass: [layers, A, B], and the texts layers and pooled with a line for each"},
    {"plot", 0, OPTION_FILE, LIMES_CLI_FIELD(plot), .value = "F.png", .help = "a picture of the kernels (.png or .svg)"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes kernel cnn-gp --data digits:test -o K.npz", "NNGP and NTK of the shipped model cnn-gp between the 360 test digits"},
    {"limes kernel \"conv(3) relu flatten dense\" --data digits:train --against digits:test --get ntk -o K.npy",
     "The NTK between training and test digits as one array"},
    {"limes kernel \"conv(3) relu correlated_readout(length_scale=1:2:4) dense\" --data \"digits:test[:50]\" -o scales.npz",
     "Three length scales from one pass, as arrays [3,50,50]"},
    {"limes kernel cnn-gp --data \"digits:test[:50]\" --layers -o layers.npz", "The kernels behind each layer of cnn-gp"},
    {"limes kernel \"dense attention(scale=sqrt) relu flatten dense\" --data \"digits:test[:4]\" --resize 3x3 -o sampled.npz",
     "Softmax attention with logits over the root of the key width, which is sampled: the arrays nngp_error and ntk_error are "
     "its "
     "standard errors"},
    {"limes kernel cnn-gp --data digits:test -o K.h5",
     "The same into a file that survives a kill: the command, given again, goes on where it stopped"},
    {.line = NULL},
};

typedef struct {
  double *nngp, *ntk;             /* NULL: not wanted */
  double *nngp_error, *ntk_error; /* of a model with sampled layers; NULL: exact */
  unsigned rank;
  size_t size[LIMES_MAX_RANK];
  size_t rows, columns;
  const double *length_scale; /* [readouts]; NULL: there is one readout */
  size_t readouts;
  cli_layers layers; /* of --layers */
  double seconds;
} cli_kernels;

static bool multiply(size_t a, size_t b, size_t *product) { return !__builtin_mul_overflow(a, b, product); }

/* What cannot fit is refused before the work; kernels of the model's end have a plan for that. */
static limes_status check_size(cli_session *session, const cli_settings *settings, const cli_kernels *kernels, size_t *count) {
  *count = 1;
  for (unsigned i = 0; i < kernels->rank; i++)
    if (!multiply(*count, kernels->size[i], count))
      return limes_cli_fail(session, LIMES_REFUSED, "the kernel has more entries than can be counted; take fewer items");
  double bytes = (settings->get == GET_BOTH ? 16.0 : 8.0) * (double)*count;
  double limit = (double)limes_memory_limit(session->context);
  if ((!settings->positions && !settings->layers) || bytes <= limit)
    return LIMES_OK;
  char wanted[32], allowed[32];
  limes_cli_bytes(bytes, wanted, sizeof wanted);
  limes_cli_bytes(limit, allowed, sizeof allowed);
  return limes_cli_fail(session, LIMES_REFUSED,
                        "kernels of all %s would take %s, and %s may be planned for: use fewer items, one kernel by --get, or "
                        "allow more with --memory",
                        settings->layers ? "layers" : "positions", wanted, allowed);
}

static limes_status allocate(cli_session *session, const cli_settings *settings, bool sampled, cli_kernels *kernels) {
  size_t count = 1;
  limes_status status = check_size(session, settings, kernels, &count);
  if (status != LIMES_OK)
    return status;
  kernels->nngp = settings->get == GET_NTK ? NULL : calloc(count, sizeof(double));
  kernels->ntk = settings->get == GET_NNGP ? NULL : calloc(count, sizeof(double));
  if (sampled) {
    kernels->nngp_error = kernels->nngp == NULL ? NULL : calloc(count, sizeof(double));
    kernels->ntk_error = kernels->ntk == NULL ? NULL : calloc(count, sizeof(double));
    if ((kernels->nngp == NULL) != (kernels->nngp_error == NULL) || (kernels->ntk == NULL) != (kernels->ntk_error == NULL))
      return limes_cli_no_memory(session);
  }
  if ((settings->get != GET_NTK && kernels->nngp == NULL) || (settings->get != GET_NNGP && kernels->ntk == NULL))
    return limes_cli_no_memory(session);
  return LIMES_OK;
}

/* Large matrices are planned before they are had: what cannot fit is refused with the figure. */
static limes_status check_memory(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                                 const cli_kernels *kernels) {
  double entries = (double)kernels->readouts * (double)kernels->rows * (double)kernels->columns;
  if (settings->memory == 0 && entries * sizeof(double) < LARGE)
    return LIMES_OK;
  limes_plan_report report = {0};
  limes_status status = limes_explain(session->context, inputs->model, inputs->first, inputs->second, settings->get != GET_NTK,
                                      settings->get != GET_NNGP, &report);
  limes_free(report.text);
  return status;
}

/* [planes, rows, columns], without the first where planes = 0, and without the last of variances */
static void set_size(cli_kernels *kernels, size_t planes, bool diagonal) {
  kernels->rank = 0;
  if (planes > 0)
    kernels->size[kernels->rank++] = planes;
  kernels->size[kernels->rank++] = kernels->rows;
  if (!diagonal)
    kernels->size[kernels->rank++] = kernels->columns;
}

static limes_kernel_output output_of(const cli_kernels *kernels) {
  return (limes_kernel_output){
      .nngp = kernels->nngp, .ntk = kernels->ntk, .nngp_error = kernels->nngp_error, .ntk_error = kernels->ntk_error};
}

static limes_status compute_positions(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                                      cli_kernels *kernels) {
  unsigned axes = 0;
  size_t size[4] = {0};
  limes_kernel_output out = {0};
  limes_status status = limes_kernel_positions(session->context, inputs->model, inputs->first, inputs->second, &out, &axes, size);
  if (status != LIMES_OK)
    return status;
  set_size(kernels, 0, false);
  kernels->rank += 2 * axes;
  for (unsigned i = 0; i < 2 * axes; i++)
    kernels->size[2 + i] = size[i];
  status = allocate(session, settings, limes_model_sampled(inputs->model), kernels);
  out = output_of(kernels);
  if (status == LIMES_OK)
    status = limes_kernel_positions(session->context, inputs->model, inputs->first, inputs->second, &out, &axes, size);
  return status;
}

/* A kernel behind every layer: how many there are is asked first */
static limes_status compute_layers(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                                   cli_kernels *kernels) {
  limes_kernel_output out = {0};
  limes_layer_facts *facts = NULL;
  size_t count = 0;
  limes_status status = limes_kernel_layers(session->context, inputs->model, inputs->first, inputs->second, &out, &facts, &count);
  if (status == LIMES_OK)
    status = limes_cli_name_layers(session, facts, count, &kernels->layers);
  limes_free(facts);
  if (status != LIMES_OK)
    return status;
  set_size(kernels, count, false);
  status = allocate(session, settings, limes_model_sampled(inputs->model), kernels);
  out = output_of(kernels);
  if (status != LIMES_OK)
    return status;
  status = limes_kernel_layers(session->context, inputs->model, inputs->first, inputs->second, &out, &facts, &count);
  limes_free(facts);
  return status;
}

static limes_status compute_end(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                                cli_kernels *kernels) {
  set_size(kernels, kernels->readouts == 1 ? 0 : kernels->readouts, settings->diagonal);
  limes_status status = settings->diagonal ? LIMES_OK : check_memory(session, settings, inputs, kernels);
  if (status == LIMES_OK)
    status = allocate(session, settings, limes_model_sampled(inputs->model) && !settings->diagonal, kernels);
  if (status != LIMES_OK)
    return status;
  if (settings->diagonal)
    return limes_kernel_diagonal(session->context, inputs->model, inputs->first, kernels->nngp, kernels->ntk);
  limes_kernel_output out = output_of(kernels);
  return limes_kernel(session->context, inputs->model, inputs->first, inputs->second, &out);
}

/* A model whose kernels fill no file tile by tile has no part of one. */
static limes_status check_shard(cli_session *session, const cli_settings *settings, const limes_model *model) {
  if (settings->shard == NULL || limes_cli_is_store(settings, model))
    return LIMES_OK;
  return limes_cli_fail(session, LIMES_WRONG_USE,
                        "--shard is for exact kernels of one length scale, and this model %s: leave --shard out",
                        limes_model_sampled(model) ? "is sampled" : "has several");
}

static limes_status compute(cli_session *session, const cli_settings *settings, const cli_inputs *inputs, cli_kernels *kernels) {
  double started = limes_cli_now();
  kernels->rows = limes_batch_items(inputs->first);
  kernels->columns = limes_batch_items(inputs->second == NULL ? inputs->first : inputs->second);
  kernels->readouts = limes_model_readouts(inputs->model, &kernels->length_scale);
  if (settings->plot != NULL && kernels->readouts > 1)
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "--plot draws the kernel of one length scale, and the model has %zu: leave one of them in it",
                          kernels->readouts);
  limes_status status = settings->positions ? compute_positions(session, settings, inputs, kernels)
                        : settings->layers  ? compute_layers(session, settings, inputs, kernels)
                                            : compute_end(session, settings, inputs, kernels);
  kernels->seconds = limes_cli_now() - started;
  return status == LIMES_OK ? limes_cli_check_interrupt(session) : status;
}

static limes_status write(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                          const cli_kernels *kernels) {
  cli_record record = {0};
  limes_cli_record_numbers(&record, "nngp", kernels->nngp, kernels->rank, 0, 0);
  limes_cli_record_numbers(&record, "ntk", kernels->ntk, kernels->rank, 0, 0);
  if (!limes_cli_ends_with(settings->output, ".npy")) {
    limes_cli_record_numbers(&record, "nngp_error", kernels->nngp_error, kernels->rank, 0, 0);
    limes_cli_record_numbers(&record, "ntk_error", kernels->ntk_error, kernels->rank, 0, 0);
  }
  for (size_t i = 0; i < record.count; i++)
    for (unsigned axis = 0; axis < kernels->rank; axis++)
      record.array[i].size[axis] = kernels->size[axis];
  if (!limes_cli_ends_with(settings->output, ".npy")) {
    limes_cli_record_inputs(&record, inputs);
    limes_cli_record_labels(&record, inputs);
    limes_cli_record_text(&record, "layers", kernels->layers.names);
    limes_cli_record_text(&record, "pooled", kernels->layers.pooled);
    if (!settings->layers)
      limes_cli_record_numbers(&record, "length_scale", kernels->length_scale, 1, kernels->readouts, 0);
  }
  return limes_file_write(session->context, settings->output, record.array, record.count);
}

static limes_status plot(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                         const cli_kernels *kernels) {
  size_t classes = 0;
  const int64_t *rows = limes_batch_labels(inputs->first, &classes);
  const int64_t *columns = inputs->second == NULL ? rows : limes_batch_labels(inputs->second, &classes);
  cli_kernel_picture picture = {.rows = kernels->rows,
                                .columns = kernels->columns,
                                .nngp = kernels->nngp,
                                .ntk = kernels->ntk,
                                .row_labels = rows,
                                .column_labels = columns,
                                .title = inputs->model_text};
  return limes_cli_plot_kernels(session, settings->plot, &picture);
}

/* Mean, least and largest entry of one kernel, as a row of the table. */
static void print_range(const char *name, const double *data, size_t count) {
  double least = INFINITY, most = -INFINITY, sum = 0;
  for (size_t i = 0; i < count; i++) {
    least = data[i] < least ? data[i] : least;
    most = data[i] > most ? data[i] : most;
    sum += data[i];
  }
  limes_cli_row(name, NULL, "from %.6g to %.6g, mean %.6g", least, most, sum / (double)count);
}

static void print_length_scales(const cli_kernels *kernels) {
  char text[256] = "";
  size_t used = 0;
  for (size_t r = 0; r < kernels->readouts; r++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%.6g", r == 0 ? "" : ", ", kernels->length_scale[r]);
  limes_cli_row("length scales", NULL, "%s", text);
}

/* Root of the mean square of the standard errors over that of the kernel; 0 where it is exact */
static double relative_error(const double *kernel, const double *error, size_t count) {
  double error2 = 0, value2 = 0;
  for (size_t i = 0; error != NULL && i < count; i++) {
    error2 += error[i] * error[i];
    value2 += kernel[i] * kernel[i];
  }
  return value2 > 0 ? sqrt(error2 / value2) : 0;
}

static void print_error(const char *name, const double *kernel, const double *error, size_t count) {
  if (error != NULL)
    limes_cli_row(name, NULL, "%.2g of the kernel; four times the samples= halve it", relative_error(kernel, error, count));
}

static json_t *json_of(const cli_settings *settings, const cli_inputs *inputs, const cli_kernels *kernels, size_t count) {
  json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:f}", "output", settings->output, "model", inputs->model_text, "rows",
                             (json_int_t)kernels->rows, "columns", (json_int_t)kernels->columns, "seconds", kernels->seconds);
  if (kernels->nngp_error != NULL)
    json_object_set_new(object, "nngp_relative_error",
                        limes_cli_json_number(relative_error(kernels->nngp, kernels->nngp_error, count)));
  if (kernels->ntk_error != NULL)
    json_object_set_new(object, "ntk_relative_error",
                        limes_cli_json_number(relative_error(kernels->ntk, kernels->ntk_error, count)));
  if (settings->layers)
    json_object_set_new(object, "layers", limes_cli_layers_json(&kernels->layers));
  else if (kernels->readouts > 1) {
    json_t *scales = json_array();
    for (size_t r = 0; r < kernels->readouts; r++)
      json_array_append_new(scales, limes_cli_json_number(kernels->length_scale[r]));
    json_object_set_new(object, "length_scale", scales);
  }
  return object;
}

static limes_status print(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                          const cli_kernels *kernels) {
  char shape[128] = "", time[32];
  size_t used = 0, count = 1;
  for (unsigned i = 0; i < kernels->rank; i++) {
    used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%zu", i == 0 ? "" : " x ", kernels->size[i]);
    count *= kernels->size[i];
  }
  if (settings->json)
    return limes_cli_print_json(session, json_of(settings, inputs, kernels, count));
  limes_cli_duration(kernels->seconds, time, sizeof time);
  printf("%s: %s, float64\n\n", settings->output, shape);
  if (kernels->nngp != NULL)
    print_range("NNGP", kernels->nngp, count);
  if (kernels->ntk != NULL)
    print_range("NTK", kernels->ntk, count);
  if (kernels->readouts > 1 && !settings->layers)
    print_length_scales(kernels);
  print_error("error NNGP", kernels->nngp, kernels->nngp_error, count);
  print_error("error NTK", kernels->ntk, kernels->ntk_error, count);
  limes_cli_row("model", NULL, "%s", inputs->model_text);
  limes_cli_row("normalize", NULL, "%s", limes_normalization_kind(inputs->normalization));
  limes_cli_row("time", NULL, "%s", time);
  if (settings->layers)
    limes_cli_print_layers(&kernels->layers, kernels->rows * kernels->columns, kernels->nngp, kernels->ntk);
  return LIMES_OK;
}

static limes_status check(cli_session *session, const cli_settings *settings) {
  static const char *const endings[] = {".npz", ".npy", ".h5", NULL};
  limes_status status = limes_cli_need(session, "kernel", "data", settings->data);
  if (status == LIMES_OK)
    status = limes_cli_need(session, "kernel", "output", settings->output);
  if (status == LIMES_OK)
    status = limes_cli_check_output(session, "output", settings->output, endings);
  if (status == LIMES_OK)
    status = limes_cli_check_picture(session, "plot", settings->plot);
  if (status != LIMES_OK)
    return status;
  if (limes_cli_ends_with(settings->output, ".npy") && settings->get == GET_BOTH)
    return limes_cli_fail(session, LIMES_WRONG_USE, "a .npy file holds one array: add --get nngp or --get ntk, or write .npz");
  if (settings->diagonal && settings->against != NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--diagonal pairs each item with itself and takes no --against");
  if (settings->diagonal && settings->positions)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--diagonal and --positions exclude each other");
  if (settings->shard != NULL && !limes_cli_is_store(settings, NULL))
    return limes_cli_fail(
        session, LIMES_WRONG_USE,
        "--shard fills a part of an .h5 file of matrices: name one with -o, without --diagonal, --positions and "
        "--layers");
  if (settings->layers && (settings->diagonal || settings->positions))
    return limes_cli_fail(session, LIMES_WRONG_USE, "--layers gives matrices of numbers; leave out --diagonal and --positions");
  if (settings->plot != NULL && (settings->diagonal || settings->positions || settings->layers))
    return limes_cli_fail(session, LIMES_WRONG_USE, "--plot draws one kernel; leave out --diagonal, --positions and --layers");
  return LIMES_OK;
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  cli_inputs inputs = {0};
  cli_kernels kernels = {0};
  limes_status status = check(session, settings);
  if (status == LIMES_OK)
    status = limes_cli_read_inputs(session, settings, settings->data, settings->against, &inputs);
  if (status == LIMES_OK)
    status = check_shard(session, settings, inputs.model);
  if (status == LIMES_OK && limes_cli_is_store(settings, inputs.model)) {
    status = limes_cli_kernel_store(session, settings, &inputs);
    limes_cli_clear_inputs(&inputs);
    return status;
  }
  if (status == LIMES_OK)
    status = compute(session, settings, &inputs, &kernels);
  if (status == LIMES_OK)
    status = write(session, settings, &inputs, &kernels);
  if (status == LIMES_OK && settings->plot != NULL)
    status = plot(session, settings, &inputs, &kernels);
  if (status == LIMES_OK)
    status = print(session, settings, &inputs, &kernels);
  free(kernels.nngp);
  free(kernels.ntk);
  limes_cli_clear_layers(&kernels.layers);
  free(kernels.nngp_error);
  free(kernels.ntk_error);
  limes_cli_clear_inputs(&inputs);
  return status;
}

const cli_command limes_cli_kernel = {
    .name = "kernel",
    .about = "Computes exact NNGP and NTK matrices of a model on data",
    .text =
        "The file also says which model, data (with their fingerprint) and normalization it was made of, and the labels "
        "where there are some.\n"
        "An .h5 file of matrices fills tile by tile. Killed at any moment, it keeps the tiles that are done; the same command "
        "checks them, goes on with the others, and ends with the same bits. Where the data have grown at their end, the file "
        "grows and nothing in it is computed again. --shard spreads the tiles over many machines, and `limes merge` joins them. "
        "Kernels of sampled models, with their errors, and of several length scales are computed whole and then written.\n"
        "A model with several length scales (correlated_readout) gives arrays [length scales, A, B], with --diagonal [length "
        "scales, A], and an array length_scale. With --layers, repeats are unfolded, and a layer with branches stands behind "
        "those of its branches; layers with positions are shown as flatten would give them where all items have the same "
        "positions, as global_avg_pool would where they differ: pooled says which.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
