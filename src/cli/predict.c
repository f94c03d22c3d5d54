/* limes predict KERNELS.npz --labels L, and limes predict FIT.h5 --test B */
#include "predict.h"

#include <math.h>

#include "command_list.h"
#include "fitting.h"
#include "outputs.h"

static const cli_argument arguments[] = {
    {"FILE", ARGUMENT_FILE,
     .help = "kernels from anywhere (with --labels), or a fit that classify or regress saved (with --test)"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"labels", 0, OPTION_DATA, LIMES_CLI_FIELD(labels), .value = "L",
     .help = "for kernels: what the training items are, FILE.npz:NAME (NAME is y where it is not given), .npy, or data with "
             "labels; whole numbers [N] are classes, other arrays [N] or [N,K] targets, taken as they are"},
    {"test-labels", 0, OPTION_DATA, LIMES_CLI_FIELD(test_labels), .value = "L",
     .help = "for kernels: the truth about the test items, for scores"},
    {"mode", 0, OPTION_CHOICE, LIMES_CLI_FIELD(with), .choices = limes_cli_withs, .help = "the same as --with"},
    {"test", 0, OPTION_DATA, LIMES_CLI_FIELD(test), .value = "B",
     .help = "for a fit: the items to predict; labels are not needed"},
    {"output", 'o', OPTION_FILE, LIMES_CLI_FIELD(output), .value = "OUT",
     .help = "the predictions: .npz (mean [N,K], cov [N,N] where nngp_tt or ntk_tt allow it, variance, class, p) or .csv, one "
             "row an item"},
    {"plot", 0, OPTION_FILE, LIMES_CLI_FIELD(plot), .value = "F.png",
     .help = "for a fit: a picture of the result (.png or .svg)"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, limes_cli_gp_options, limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes predict kernels.npz --labels labels.npy --diag-reg 1e-3 -o answer.npz",
     "Predictions from kernels that another program made"},
    {"limes predict fit.h5 --test \"digits:test[:20]\" -o predictions.csv", "A kept fit on other items"},
    {.line = NULL},
};

static limes_status check(cli_session *session, const cli_settings *settings) {
  static const char *const predictions[] = {".csv", ".npz", NULL};
  if (settings->labels != NULL && settings->test != NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "--labels goes with a file of kernels and --test with a saved fit; give one of them");
  if (settings->labels == NULL && settings->test == NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE,
                          "predict needs --labels L for a file of kernels, or --test B for a saved fit");
  if (!isnan(settings->noise) && !isnan(settings->diag_reg))
    return limes_cli_fail(session, LIMES_WRONG_USE, "--noise and --diag-reg say the same in two ways; give one of them");
  if (settings->plot != NULL && settings->test == NULL)
    return limes_cli_fail(session, LIMES_WRONG_USE, "--plot goes with a saved fit; `limes plot` draws a file of predictions");
  limes_status status = limes_cli_check_output(session, "output", settings->output, predictions);
  return status == LIMES_OK ? limes_cli_check_picture(session, "plot", settings->plot) : status;
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  limes_status status = check(session, settings);
  if (status != LIMES_OK)
    return status;
  return settings->test != NULL ? limes_cli_predict_fit(session, settings) : limes_cli_predict_kernels(session, settings);
}

const cli_command limes_cli_predict = {
    .name = "predict",
    .about = "Predicts from kernels made anywhere, or by a fit that was saved",
    .text = "A file of kernels (.npz or .h5) holds nngp_dd, nngp_td, nngp_tt, ntk_dd, ntk_td, ntk_tt, where d stands for the N "
            "training and t for the M test items: nngp needs nngp_dd and nngp_td, ntk needs ntk_dd and ntk_td, ensemble needs "
            "ntk_dd and ntk_td for the mean and all but ntk_tt for the covariance. A tt array may be the diagonal alone.\n"
            "A saved fit brings its own model, noise and normalization: options about these are for kernels only.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
