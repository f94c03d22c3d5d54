/* limes regress MODEL --train A --test B */
#include "command_list.h"
#include "fitting.h"

static const cli_argument arguments[] = {
    {"MODEL", ARGUMENT_MODEL, .help = "the model: its text in quotes, @file, or the name of a shipped one"},
    {.name = NULL},
};

static const cli_option *const tables[] = {limes_cli_fitting_options, limes_cli_prediction_options, limes_cli_gp_options,
                                           limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes regress fcn --train table.csv --test new.csv --target price --normalize per-feature -o prices.csv",
     "The column price of a table, and predictions for rows that have none"},
    {.line = NULL},
};

static limes_status run(cli_session *session, const cli_settings *settings) {
  return limes_cli_run_fit(session, settings, "regress", LIMES_REGRESSION);
}

const cli_command limes_cli_regress = {
    .name = "regress",
    .about = "Learns targets from training data and predicts those of test data, with error bars",
    .text =
        "Prints the root mean squared error, the negative log likelihood, and how many targets lie in their 50, 80 and 95 % "
        "intervals. Variances in files are those of the function; the noise comes on top.\n"
        "Of several length scales in the model (correlated_readout) the one with the least leave-one-out error is taken, and a "
        "table shows them all.\n"
        "A .csv of predictions has a row an item: mean, variance, and target where it is known (mean_0 ... with several). A "
        ".npz has the arrays mean, variance, target, and what they were made of. --json gives rmse, nll, noise, and more; "
        "length_scale and length_scales where there are several.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
