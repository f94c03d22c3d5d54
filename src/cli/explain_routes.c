/* limes explain MODEL --data A --empirical */
#include "finite.h"

static json_t *route_json(const limes_route_report *route) {
  return json_pack("{s:s, s:o, s:f, s:I, s:I}", "route", limes_cli_routes[route->route], "seconds",
                   route->threads == 0 ? json_null() : json_real(route->seconds), "flops", route->flops, "bytes",
                   (json_int_t)route->bytes, "threads", (json_int_t)route->threads);
}

static limes_status print_routes(cli_session *session, const cli_settings *settings, const limes_empirical_report *report) {
  if (!settings->json) {
    fputs(report->text, stdout);
    return LIMES_OK;
  }
  json_t *routes = json_array();
  for (int k = 0; k < LIMES_NTK_ROUTES; k++)
    json_array_append_new(routes, route_json(&report->route[k]));
  bool fits = report->chosen != LIMES_NTK_AUTO;
  return limes_cli_print_json(session, json_pack("{s:o, s:o, s:I, s:I, s:I}", "routes", routes, "chosen",
                                                 fits ? json_string(limes_cli_routes[report->chosen]) : json_null(), "parameters",
                                                 (json_int_t)report->parameters, "outputs", (json_int_t)report->outputs,
                                                 "free_bytes", (json_int_t)report->free_bytes));
}

limes_status limes_cli_explain_routes(cli_session *session, const cli_settings *settings, const cli_inputs *inputs) {
  limes_network_settings network;
  limes_empirical_options options;
  limes_empirical_report report = {0};
  limes_status status = limes_cli_empirical_settings(session, settings, 1, &network, &options);
  if (status == LIMES_OK)
    status = limes_cli_explain_networks(session, inputs, &network, &options, &report);
  limes_cli_progress_wipe(&session->progress);
  if (report.text != NULL) {
    limes_status printed = print_routes(session, settings, &report);
    status = status == LIMES_OK ? printed : status;
  }
  limes_free(report.text);
  return status;
}
