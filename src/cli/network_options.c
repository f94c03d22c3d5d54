#include "command.h"

static const char *const parameterizations[] = {"ntk", "standard", NULL}; /* in the order of limes_parameterization */

const cli_option limes_cli_network_options[] = {
    {"width", 0, OPTION_COUNT, LIMES_CLI_FIELD(width), .value = "N", .least = 1,
     .help = "channels of every layer with weights; the words' own defaults, where it is not given. A width in the model's text "
             "stays"},
    {"heads", 0, OPTION_COUNT, LIMES_CLI_FIELD(heads), .value = "H", .least = 1,
     .help = "of attention; a sixteenth of the width and at least 4, where a width is given"},
    {"key-width", 0, OPTION_COUNT, LIMES_CLI_FIELD(key_width), .value = "D", .least = 1, .help = "of each head, likewise"},
    {"value-width", 0, OPTION_COUNT, LIMES_CLI_FIELD(value_width), .value = "D", .least = 1, .help = "of each head, likewise"},
    {"draw", 0, OPTION_COUNT, LIMES_CLI_FIELD(draw), .value = "I", .fallback = "0",
     .help = "which network of the seed it is: equal seed and draw give equal parameters"},
    {"parameterization", 0, OPTION_CHOICE, LIMES_CLI_FIELD(parameterization), .choices = parameterizations, .fallback = "ntk",
     .help = "ntk: parameters of variance 1, scaled by the layer; standard: the weights themselves"},
    {.name = NULL},
};
