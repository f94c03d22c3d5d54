/* What commands on finite networks share: networks and routes as options say them. */
#ifndef LIMES_CLI_FINITE_H
#define LIMES_CLI_FINITE_H

#include "inputs.h"

extern const char *const limes_cli_routes[]; /* in the order of limes_ntk_route */
extern const cli_option limes_cli_empirical_options[];

/* The networks of limes_cli_network_options. */
limes_network_settings limes_cli_network_settings(const cli_settings *settings);

/* Networks, outputs, draws (`draws` where none are given) and route. */
limes_status limes_cli_empirical_settings(cli_session *session, const cli_settings *settings, size_t draws,
                                          limes_network_settings *network, limes_empirical_options *options);

/* limes_explain_empirical. Where the last layer can have any width, the networks get as many outputs as the NTK is averaged over:
 * network->outputs is set then. */
limes_status limes_cli_explain_networks(cli_session *session, const cli_inputs *inputs, limes_network_settings *network,
                                        const limes_empirical_options *options, limes_empirical_report *report);

/* Prints the routes to the NTK of sampled networks: limes explain --empirical. */
limes_status limes_cli_explain_routes(cli_session *session, const cli_settings *settings, const cli_inputs *inputs);

/* "width 64, 1 output, seed 0, ntk parameterization", for a file: what tells one family of networks from another */
void limes_cli_about_networks(const cli_settings *settings, const limes_network_settings *network,
                              const limes_empirical_options *options, char *text, size_t size);

#endif
