#include "command.h"

const char *const limes_cli_normalizations[] = {"none", "unit", "per-channel", "per-feature", "per-image", NULL};
const char *const limes_cli_gets[] = {"nngp", "ntk", "both", NULL};
const char *const limes_cli_withs[] = {"nngp", "ntk", "ensemble", NULL}; /* in the order of limes_with */

static const char *const parameterizations[] = {"ntk", "standard", NULL}; /* in the order of limes_parameterization */

const cli_option limes_cli_common_options[] = {
    {"json", 0, OPTION_SWITCH, LIMES_CLI_FIELD(json), .help = "print one JSON object instead of the table"},
    {"threads", 0, OPTION_COUNT, LIMES_CLI_FIELD(threads), .value = "N", .least = 1,
     .help = "how many threads work; as many as the process may use, where it is not given"},
    {"memory", 0, OPTION_BYTES, LIMES_CLI_FIELD(memory), .value = "SIZE",
     .help = "the most memory to plan for (800M, 12G); half of what is free, where it is not given"},
    {"seed", 0, OPTION_COUNT, LIMES_CLI_FIELD(seed), .value = "S", .fallback = "0",
     .help = "of everything that is drawn by chance"},
    {"quiet", 0, OPTION_SWITCH, LIMES_CLI_FIELD(quiet), .help = "no progress, no warnings: only results and errors"},
    {"verbose", 'v', OPTION_SWITCH, LIMES_CLI_FIELD(verbose), .help = "more about what is done, on standard error"},
    {"help", 'h', OPTION_SWITCH, LIMES_CLI_FIELD(help), .help = "print this and stop"},
    {"version", 0, OPTION_SWITCH, LIMES_CLI_FIELD(version), .help = "print the version and stop"},
    {.name = NULL},
};

const cli_option limes_cli_data_options[] = {
    {"normalize", 0, OPTION_CHOICE, LIMES_CLI_FIELD(normalize), .choices = limes_cli_normalizations,
     .help = "statistics come from the first (training) data: unit divides by the format's largest value, per-channel and "
             "per-feature make mean 0 and deviation 1; by default unit for digits, mnist and cifar10, none for the rest"},
    {"balanced", 0, OPTION_SWITCH, LIMES_CLI_FIELD(balanced),
     .help = "as many items of each class as the rarest one has; of the first (training) data only, the others stay as they are"},
    {"resize", 0, OPTION_EXTENT, LIMES_CLI_FIELD(resize), .value = "HxW", .help = "make images that size (area mean)"},
    {"vectors", 0, OPTION_FILE, LIMES_CLI_FIELD(vectors), .value = "FILE",
     .help = "word vectors for imdb, text or .gz (GloVe's format)"},
    {"max-tokens", 0, OPTION_COUNT, LIMES_CLI_FIELD(max_tokens), .value = "N", .fallback = "500", .least = 1,
     .help = "imdb: a review is cut after so many tokens"},
    {"target", 0, OPTION_TEXT, LIMES_CLI_FIELD(target), .value = "COLUMN",
     .help = "csv: name or number (from 1) of the column to predict"},
    {.name = NULL},
};

const cli_option limes_cli_gp_options[] = {
    {"with", 0, OPTION_CHOICE, LIMES_CLI_FIELD(with), .choices = limes_cli_withs, .fallback = "nngp",
     .help = "nngp: the Bayesian posterior of the infinite network; ensemble: infinite networks trained by gradient flow; ntk: "
             "the tangent kernel taken as a covariance"},
    {"noise", 0, OPTION_NUMBER, LIMES_CLI_FIELD(noise), .value = "V", .least = 0,
     .help = "variance of the noise, absolute; chosen by leave-one-out where neither --noise nor --diag-reg is given"},
    {"diag-reg", 0, OPTION_NUMBER, LIMES_CLI_FIELD(diag_reg), .value = "V", .least = 0,
     .help = "the noise relative to the mean diagonal of the kernel that is solved"},
    {"time", 0, OPTION_NUMBER, LIMES_CLI_FIELD(time), .value = "T", .fallback = "inf", .least = 0, .infinite = true,
     .help = "how long gradient flow trains; inf is the end of training"},
    {"learning-rate", 0, OPTION_NUMBER, LIMES_CLI_FIELD(learning_rate), .value = "ETA", .fallback = "1", .least = 0, .open = true,
     .help = "of gradient flow"},
    {.name = NULL},
};

const cli_option limes_cli_network_options[] = {
    {"width", 0, OPTION_COUNT, LIMES_CLI_FIELD(width), .value = "N", .least = 1,
     .help = "channels of the layers with weights, as far as the model's text does not say; 512 where it is not given"},
    {"heads", 0, OPTION_COUNT, LIMES_CLI_FIELD(heads), .value = "H", .least = 1,
     .help = "heads of attention; a sixteenth of --width and at least 4, where that is given"},
    {"key-width", 0, OPTION_COUNT, LIMES_CLI_FIELD(key_width), .value = "D", .least = 1,
     .help = "channels of keys and queries of a head; as many as heads by default"},
    {"value-width", 0, OPTION_COUNT, LIMES_CLI_FIELD(value_width), .value = "D", .least = 1,
     .help = "channels of values of a head; as many as heads by default"},
    {"parameterization", 0, OPTION_CHOICE, LIMES_CLI_FIELD(parameterization), .choices = parameterizations, .fallback = "ntk",
     .help = "ntk: weights are a factor times parameters of deviation 1; standard: parameters are the weights"},
    {.name = NULL},
};
