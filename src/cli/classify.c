/* limes classify MODEL --train A --test B */
#include "command_list.h"
#include "fitting.h"

static const cli_argument arguments[] = {
    {"MODEL", ARGUMENT_MODEL, .help = "the model: its text in quotes, @file, or the name of a shipped one"},
    {.name = NULL},
};

static const char *const methods[] = {"labels", NULL};

static const cli_option options[] = {
    {"method", 0, OPTION_CHOICE, LIMES_CLI_FIELD(method), .choices = methods, .fallback = "labels",
     .help = "labels: regression on one-hot labels, probabilities by a softmax whose temperature leave-one-out chooses"},
    {.name = NULL},
};

static const cli_option *const tables[] = {limes_cli_fitting_options, options, limes_cli_prediction_options, limes_cli_gp_options,
                                           limes_cli_data_options,    NULL};

static const cli_example examples[] = {
    {"limes classify attention-digits --train \"digits:train[:400]\" --test digits:test --plot digits.png",
     "Some of the embedded digits with the exact kernel of an attention network"},
    {"limes classify \"conv(3) relu flatten dense\" --train digits:train --test digits:test --with ensemble --diag-reg 1e-4 "
     "--save fit.h5 -o predictions.npz",
     "Infinite networks trained to the end by gradient flow; the fit and the predictions are kept"},
    {.line = NULL},
};

static limes_status run(cli_session *session, const cli_settings *settings) {
  return limes_cli_run_fit(session, settings, "classify", LIMES_CLASSIFICATION);
}

const cli_command limes_cli_classify = {
    .name = "classify",
    .about = "Learns classes from training data and predicts those of test data, with probabilities",
    .text =
        "Prints accuracy, negative log likelihood, Brier score, calibration error and the confusion matrix. The picture "
        "shows the training kernel ordered by class, the reliability of the probabilities, mistakes, and what the first "
        "attention layer looks at.\n"
        "Of several length scales in the model (correlated_readout) the one with the least leave-one-out error is taken, and a "
        "table shows them all.\n"
        "A .csv of predictions has a row an item: class, p (its probability), mean_0 ..., variance, p_0 ..., and label where "
        "it is known. A .npz has the arrays class, p, mean, variance, probability, label, and what they were made of. --json "
        "gives accuracy (0 to 1), nll, brier, ece, confusion, noise, seconds, and more; length_scale and length_scales where "
        "there are several.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
