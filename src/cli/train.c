/* limes train MODEL --train A --test B */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command_list.h"
#include "outputs.h"
#include "picture.h"

#define MOST_COMPARED 2000 /* training items whose kernel is decomposed without being asked for */
#define BANDED 100         /* test items with a band */
#define BATCH 32
#define EPOCHS 20

enum { COMPARE_NONE, COMPARE_LIMIT, COMPARE_ALL };
static const char *const comparisons[] = {"none", "limit", "all", NULL};
static const char *const optimizers[] = {"flow", "sgd", "momentum", "adam", NULL}; /* in the order of limes_optimizer */
static const char *const losses[] = {"mse", "cross-entropy", NULL};                /* in the order of limes_loss */
const char *const limes_cli_curve_names[CURVES] = {"network", "linearized", "limit"};

static const cli_argument arguments[] = {
    {"MODEL", ARGUMENT_MODEL, .help = "the model: its text in quotes, @file, or the name of a shipped one"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"draw", 0, OPTION_COUNT, LIMES_CLI_FIELD(draw), .value = "I", .fallback = "0",
     .help = "which network of the seed it is: equal seed and draw give equal parameters"},
    {"train", 0, OPTION_DATA, LIMES_CLI_FIELD(train), .value = "A", .help = "the items to learn from"},
    {"test", 0, OPTION_DATA, LIMES_CLI_FIELD(test), .value = "B", .help = "items to watch while it learns; without them, only A"},
    {"optimizer", 0, OPTION_CHOICE, LIMES_CLI_FIELD(optimizer), .choices = optimizers, .fallback = "flow",
     .help = "flow: gradient flow by all items, integrated with error control; the others go by steps"},
    {"loss", 0, OPTION_CHOICE, LIMES_CLI_FIELD(loss), .choices = losses, .fallback = "mse",
     .help = "mse: half the mean squared error, of classes to one-hot less 1/classes; cross-entropy: of classes only"},
    {"learning-rate", 0, OPTION_NUMBER, LIMES_CLI_FIELD(learning_rate), .value = "ETA", .least = 0, .open = true,
     .help = "1 for flow, 0.01 for adam, half of the largest stable one for sgd and momentum, where it is not given"},
    {"decay", 0, OPTION_SWITCH, LIMES_CLI_FIELD(decay), .help = "the learning rate falls in a straight line to 0; not for flow"},
    {"momentum", 0, OPTION_NUMBER, LIMES_CLI_FIELD(momentum), .value = "MU", .fallback = "0.9", .least = 0,
     .help = "of --optimizer momentum; less than 1"},
    {"batch", 0, OPTION_COUNT, LIMES_CLI_FIELD(batch), .value = "N", .least = 1,
     .help = "items of a step, 32 where it is not given; flow goes by all"},
    {"epochs", 0, OPTION_COUNT, LIMES_CLI_FIELD(epochs), .value = "N", .least = 1,
     .help = "how many times all items are seen, 20 where neither it nor --steps is given"},
    {"steps", 0, OPTION_COUNT, LIMES_CLI_FIELD(steps), .value = "N", .least = 1, .help = "how many steps, instead of --epochs"},
    {"time", 0, OPTION_NUMBER, LIMES_CLI_FIELD(time), .value = "T", .least = 0, .open = true,
     .help = "when flow ends; by the largest eigenvalue of the tangent kernel, where it is not given"},
    {"tolerance", 0, OPTION_NUMBER, LIMES_CLI_FIELD(tolerance), .value = "V", .fallback = "1e-4", .least = 0, .open = true,
     .help = "of flow: the largest error of a parameter in a step"},
    {"records", 0, OPTION_COUNT, LIMES_CLI_FIELD(records), .value = "N", .fallback = "41", .least = 2,
     .help = "at how many times outputs are recorded, the first and the last included"},
    {"compare", 0, OPTION_CHOICE, LIMES_CLI_FIELD(compare), .choices = comparisons,
     .help = "limit: with the prediction of the infinite network; all: with the linearized network, too, which is done for up to "
             "2000 items where it is not given; not for adam and cross-entropy"},
    {"save", 0, OPTION_FILE, LIMES_CLI_FIELD(save), .value = "CKPT.h5",
     .help = "a checkpoint; where it is there, training goes on from it"},
    {"save-every", 0, OPTION_NUMBER, LIMES_CLI_FIELD(save_every), .value = "S", .fallback = "5", .least = 0,
     .help = "seconds between checkpoints; 0: after every step"},
    {"output", 'o', OPTION_FILE, LIMES_CLI_FIELD(output), .value = "OUT.npz",
     .help = "outputs of all items over time: arrays time, network, linearized, limit [time, training then test items, outputs]"},
    {"plot", 0, OPTION_FILE, LIMES_CLI_FIELD(plot), .value = "F.png", .help = "a picture of losses and outputs (.png or .svg)"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, limes_cli_network_options, limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes train \"flatten dense(w_std=sqrt(2)) relu dense\" --train digits:train[:100] --test digits:test --width 256 --plot "
     "t.png",
     "Gradient flow on 100 digits, beside the linearized network and the infinite one"},
    {.line = NULL},
};

/* checks */

static limes_status check_pairs(cli_session *session, const cli_settings *settings) {
  static const char *const by_steps[] = {"batch", "epochs", "steps"}, *const of_flow[] = {"time", "tolerance"};
  bool flow = settings->optimizer == LIMES_FLOW;
  for (size_t i = 0; i < 3; i++)
    if (flow && limes_cli_given(settings, by_steps[i]) != NULL)
      return limes_cli_fail(session, LIMES_WRONG_USE,
                            "--%s is for optimizers that go by steps: add --optimizer sgd, momentum or adam", by_steps[i]);
  for (size_t i = 0; i < 2; i++)
    if (!flow && limes_cli_given(settings, of_flow[i]) != NULL)
      return limes_cli_fail(session, LIMES_WRONG_USE, "--%s is for --optimizer flow; %s ends after --epochs or --steps",
                            of_flow[i], optimizers[settings->optimizer]);
  if (flow && settings->decay)
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "--decay is for optimizers that go by steps: add --optimizer sgd, momentum or adam");
  if (settings->optimizer != LIMES_MOMENTUM && limes_cli_given(settings, "momentum") != NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--momentum is for --optimizer momentum");
  if (settings->epochs > 0 && settings->steps > 0)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--epochs and --steps say the same in two ways; give one of them");
  if (settings->save == NULL && limes_cli_given(settings, "save-every") != NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--save-every is for checkpoints: add --save CKPT.h5");
  if (settings->compare > COMPARE_NONE && (settings->optimizer == LIMES_ADAM || settings->loss == LIMES_CROSS_ENTROPY))
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "--compare %s is for flow, sgd and momentum on mse: there is no prediction for %s",
                          comparisons[settings->compare], settings->optimizer == LIMES_ADAM ? "adam" : "cross-entropy");
  return LIMES_OK;
}

static limes_status check(cli_session *session, const cli_settings *settings) {
  static const char *const checkpoints[] = {".h5", NULL}, *const outputs[] = {".npz", ".h5", NULL};
  limes_status status = limes_cli_need(session, "train", "train", settings->train);
  if (status == LIMES_OK)
    status = limes_cli_check_output(session, "save", settings->save, checkpoints);
  if (status == LIMES_OK)
    status = limes_cli_check_output(session, "output", settings->output, outputs);
  if (status == LIMES_OK)
    status = limes_cli_check_picture(session, "plot", settings->plot);
  return status == LIMES_OK ? check_pairs(session, settings) : status;
}

/* training */

static double or_chosen(double value) { return isnan(value) ? 0 : value; }

static limes_train_settings train_settings(const cli_settings *settings, size_t items) {
  limes_train_settings s = limes_train_defaults();
  s.optimizer = (limes_optimizer)settings->optimizer;
  s.loss = (limes_loss)settings->loss;
  s.learning_rate = or_chosen(settings->learning_rate);
  s.decay = settings->decay;
  s.momentum = settings->momentum;
  s.time = or_chosen(settings->time);
  s.tolerance = settings->tolerance;
  s.records = (size_t)settings->records;
  s.seed = settings->seed;
  s.save_every = settings->save_every;
  if (s.optimizer == LIMES_FLOW)
    return s;
  size_t batch = settings->batch == 0 ? BATCH : (size_t)settings->batch,
         epochs = settings->epochs == 0 ? EPOCHS : (size_t)settings->epochs;
  s.batch = batch < items ? batch : items;
  s.steps = settings->steps > 0 ? (size_t)settings->steps : epochs * ((items + s.batch - 1) / s.batch);
  return s;
}

static limes_status create_network(cli_session *session, const cli_settings *settings, const cli_inputs *inputs,
                                   limes_network **network) {
  const limes_batch *batches[2] = {inputs->first, inputs->second};
  limes_network_settings wanted = {.width = (size_t)settings->width,
                                   .heads = (size_t)settings->heads,
                                   .key_width = (size_t)settings->key_width,
                                   .value_width = (size_t)settings->value_width,
                                   .seed = settings->seed,
                                   .draw = settings->draw,
                                   .parameterization = (limes_parameterization)settings->parameterization};
  const int64_t *labels = limes_batch_labels(inputs->first, &wanted.outputs);
  if (labels == NULL && settings->loss == LIMES_CROSS_ENTROPY) {
    limes_status status = limes_cli_labels(session, inputs->first, inputs->first_name, &labels, &wanted.outputs);
    if (status != LIMES_OK)
      return status;
  }
  if (labels == NULL && limes_batch_targets(inputs->first, &wanted.outputs) == NULL)
    return limes_cli_fail(session, LIMES_BAD_INPUT,
                          "%s has nothing to learn; a .npz has labels or targets as NAME_y, a .csv by --target COLUMN",
                          inputs->first_name);
  return limes_network_create(session->context, inputs->model, batches, inputs->second == NULL ? 1 : 2, &wanted, network);
}

/* A prediction that cannot be had is a warning: what was trained is worth more. */
static limes_status or_warn(cli_session *session, const char *what, limes_status status) {
  if (status == LIMES_OK || status == LIMES_INTERRUPTED || status == LIMES_NO_MEMORY)
    return status;
  limes_cli_warn(session, "no prediction of the %s: %s", what, limes_error(session->context));
  return LIMES_OK;
}

static limes_status compare(cli_session *session, const cli_settings *settings, cli_trained *trained) {
  limes_training *training = trained->training;
  int how = settings->compare;
  if (how < 0)
    how = settings->optimizer == LIMES_ADAM || settings->loss == LIMES_CROSS_ENTROPY ||
                  limes_training_describe(training).train > MOST_COMPARED
              ? COMPARE_NONE
              : COMPARE_ALL;
  limes_status status = LIMES_OK;
  if (how != COMPARE_NONE)
    status = or_warn(session, "limit", limes_training_limit(session->context, training, BANDED, &trained->curves[CURVE_LIMIT]));
  if (status == LIMES_OK && how == COMPARE_ALL)
    status = or_warn(session, "linearized network",
                     limes_training_linearized(session->context, training, &trained->curves[CURVE_LINEARIZED]));
  return status;
}

static limes_status score(cli_session *session, cli_trained *trained) {
  for (int c = 0; c < CURVES; c++) {
    const limes_curves *curves = &trained->curves[c];
    if (curves->times == 0)
      continue;
    trained->scores[c] = calloc(curves->times, sizeof *trained->scores[c]);
    if (trained->scores[c] == NULL)
      return limes_cli_no_memory(session);
    for (size_t t = 0; t < curves->times; t++)
      trained->scores[c][t] = limes_training_score(trained->training, curves, t);
  }
  return LIMES_OK;
}

static limes_status write(cli_session *session, const char *path, const cli_trained *trained) {
  limes_named_array array[CURVES + 4];
  const limes_curves *network = &trained->curves[CURVE_NETWORK], *limit = &trained->curves[CURVE_LIMIT];
  size_t count = 0;
  if (path == NULL)
    return LIMES_OK;
  array[count++] = (limes_named_array){.name = "model", .text = trained->inputs->model_text};
  array[count++] = (limes_named_array){.name = "time", .rank = 1, .size = {network->times}, .data = network->time};
  for (int c = 0; c < CURVES; c++)
    if (trained->curves[c].times > 0)
      array[count++] = (limes_named_array){.name = limes_cli_curve_names[c],
                                           .rank = 3,
                                           .size = {network->times, network->train + network->test, network->outputs},
                                           .data = trained->curves[c].f};
  if (limit->banded > 0) {
    array[count++] = (limes_named_array){
        .name = "ensemble_mean", .rank = 3, .size = {limit->times, limit->banded, limit->outputs}, .data = limit->mean};
    array[count++] = (limes_named_array){
        .name = "ensemble_deviation", .rank = 2, .size = {limit->times, limit->banded}, .data = limit->deviation};
  }
  return limes_file_write(session->context, path, array, count);
}

static limes_status show(cli_session *session, const cli_settings *settings, cli_trained *trained) {
  limes_status status = limes_training_curves(session->context, trained->training, &trained->curves[CURVE_NETWORK]);
  if (status == LIMES_OK)
    status = compare(session, settings, trained);
  if (status == LIMES_OK)
    status = score(session, trained);
  if (status == LIMES_OK)
    status = write(session, settings->output, trained);
  if (status == LIMES_OK && settings->plot != NULL)
    status = limes_cli_plot_trained(session, settings->plot, trained);
  return status == LIMES_OK ? limes_cli_print_trained(session, settings, trained) : status;
}

static void clear(cli_trained *trained) {
  for (int c = 0; c < CURVES; c++) {
    limes_curves_clear(&trained->curves[c]);
    free(trained->scores[c]);
  }
  limes_training_destroy(trained->training);
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  cli_inputs inputs = {0};
  limes_network *network = NULL;
  cli_trained trained = {.inputs = &inputs, .optimizer = optimizers[settings->optimizer], .path = settings->save};
  limes_status status = check(session, settings);
  if (status == LIMES_OK)
    status = limes_cli_read_inputs(session, settings, settings->train, settings->test, &inputs);
  if (status == LIMES_OK)
    status = create_network(session, settings, &inputs, &network);
  if (status == LIMES_OK) {
    limes_train_settings wanted = train_settings(settings, limes_batch_items(inputs.first));
    status = limes_training_create(session->context, network, inputs.first, inputs.second, &wanted, &trained.training);
  }
  double started = limes_cli_now();
  if (status == LIMES_OK)
    status = limes_training_run(session->context, trained.training, settings->save);
  trained.seconds = limes_cli_now() - started;
  if (status == LIMES_OK)
    status = show(session, settings, &trained);
  clear(&trained);
  limes_network_destroy(network);
  limes_cli_clear_inputs(&inputs);
  return status;
}

const cli_command limes_cli_train = {
    .name = "train",
    .about = "Trains a network of finite width, beside what its infinite limit predicts",
    .text =
        "Prints losses over time of the network, of the network linearized in its parameters around its start, and of the "
        "prediction of the limit from the network's own start. How far the network is from each is a root mean square over all "
        "times and items, relative to that of the prediction. The band is the ensemble of all networks of the limit.\n"
        "The loss of squared errors is sum (f - y)^2 / (2 N K), with N items and K outputs; a step of sgd is one unit of time.\n"
        "With --save, training that was stopped at any moment, by Ctrl-C or a kill, goes on when the same command is given "
        "again, and ends with the same bits. --json gives time, losses, accuracies, and distances.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
