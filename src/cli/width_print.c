/* The report of limes width as a table and as JSON. */
#include <math.h>

#include "width.h"

const char *limes_cli_width_axis(limes_vary vary) {
  return vary == LIMES_VARY_HEADS ? "heads" : vary == LIMES_VARY_KEY_WIDTH ? "key width" : "width";
}

/* JSON */

static json_t *pair(const double interval[2]) {
  return json_pack("[o, o]", limes_cli_json_number(interval[0]), limes_cli_json_number(interval[1]));
}

static json_t *sizes_json(const limes_width_report *report) {
  json_t *sizes = json_array();
  for (size_t i = 0; i < report->n; i++)
    json_array_append_new(sizes, json_integer((json_int_t)report->size[i]));
  return sizes;
}

static json_t *kernel_json(const limes_width_report *report, const limes_width_kernel *kernel) {
  json_t *errors = json_array(), *intervals = json_array(), *bias = json_array(), *scatter = json_array();
  for (size_t i = 0; i < report->n; i++) {
    const limes_width_error *at = &kernel->at[i];
    json_array_append_new(errors, limes_cli_json_number(at->error));
    json_array_append_new(intervals, pair(at->interval));
    json_array_append_new(bias, limes_cli_json_number(at->bias_squared));
    json_array_append_new(scatter, limes_cli_json_number(at->variance_squared));
  }
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "slope", limes_cli_json_number(kernel->slope), "interval",
                   pair(kernel->interval), "widths", sizes_json(report), "errors", errors, "error_intervals", intervals,
                   "bias_squared", bias, "variance_squared", scatter);
}

static json_t *outputs_json(const limes_width_report *report) {
  json_t *kurtosis = json_array(), *intervals = json_array(), *predicted = json_array(), *noise = json_array(), *p = json_array();
  for (size_t i = 0; i < report->n; i++) {
    const limes_width_outputs *at = &report->output[i];
    json_array_append_new(kurtosis, limes_cli_json_number(at->kurtosis));
    json_array_append_new(intervals, pair(at->interval));
    json_array_append_new(predicted, limes_cli_json_number(at->predicted));
    json_array_append_new(noise, limes_cli_json_number(at->predicted_noise));
    json_array_append_new(p, limes_cli_json_number(at->p));
  }
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "widths", sizes_json(report), "kurtosis", kurtosis, "intervals",
                   intervals, "predicted", predicted, "predicted_errors", noise, "normality_p", p, "draws",
                   (json_int_t)report->output_draws);
}

static limes_status print_json(cli_session *session, const cli_width_result *result) {
  const limes_width_report *report = result->report;
  json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:b, s:f}", "model", result->inputs->model_text, "vary",
                             limes_cli_width_axis(result->vary), "items", (json_int_t)report->items, "draws",
                             (json_int_t)report->draws, "enough", report->enough, "seconds", result->seconds);
  if (object == NULL)
    return limes_cli_no_memory(session);
  json_object_set_new(object, "nngp", kernel_json(report, &report->nngp));
  json_object_set_new(object, "ntk", report->ntk.at == NULL ? json_null() : kernel_json(report, &report->ntk));
  json_object_set_new(object, "outputs", report->output == NULL ? json_null() : outputs_json(report));
  return limes_cli_print_json(session, object);
}

/* tables */

static void print_kernel(const cli_width_result *result, const char *name, const limes_width_kernel *kernel) {
  const limes_width_report *report = result->report;
  bool within = kernel->interval[0] <= -0.5 && -0.5 <= kernel->interval[1];
  printf("%s: slope %.3f, 95 %% from %.3f to %.3f%s\n\n", name, kernel->slope, kernel->interval[0], kernel->interval[1],
         within ? ", -0.5 is within" : ", -0.5 is not within");
  printf("  %9s  %9s  %-20s  %9s  %9s\n", limes_cli_width_axis(result->vary), "error", "95 %", "bias", "scatter");
  for (size_t i = 0; i < report->n; i++) {
    const limes_width_error *at = &kernel->at[i];
    char bias[32], interval[48];
    bool seen = at->bias_squared > 3 * at->bias_noise * at->bias_noise; /* two standard errors, where one direction leads */
    snprintf(bias, sizeof bias, seen ? "%.4f" : "< %.4f", seen ? sqrt(at->bias_squared) : 2 * at->bias_noise);
    snprintf(interval, sizeof interval, "%.4f to %.4f", at->interval[0], at->interval[1]);
    printf("  %9zu  %9.4f  %-20s  %9s  %9.4f\n", report->size[i], at->error, interval, bias, sqrt(at->variance_squared));
  }
  puts("");
}

static void print_outputs(const cli_width_result *result) {
  const limes_width_report *report = result->report;
  printf("outputs of %zu draws: excess kurtosis, and whether they follow the limit's normal law\n\n", report->output_draws);
  printf("  %9s  %9s  %-20s  %-18s  %9s\n", limes_cli_width_axis(result->vary), "kurtosis", "95 %", "predicted", "p normal");
  for (size_t i = 0; i < report->n; i++) {
    const limes_width_outputs *at = &report->output[i];
    char predicted[32] = "-", interval[48];
    if (report->heads[i] > 0)
      snprintf(predicted, sizeof predicted, "%.4f +- %.4f", at->predicted, 2 * at->predicted_noise);
    snprintf(interval, sizeof interval, "%.4f to %.4f", at->interval[0], at->interval[1]);
    printf("  %9zu  %9.4f  %-20s  %-18s  %9.3g\n", report->size[i], at->kurtosis, interval, predicted, at->p);
  }
  if (report->heads[0] > 0)
    puts("\n  predicted: 3 (E q^2 / (E q)^2 - 1) / heads, q = s'Ks of a row s of attention weights; it stays at any width");
  puts("");
}

limes_status limes_cli_print_width(cli_session *session, const cli_width_result *result, bool json) {
  const limes_width_report *report = result->report;
  char time[32];
  if (!report->enough)
    limes_cli_note(session, "the slopes are not known to +-0.05 with %zu draws: give more by --draws", report->draws);
  if (json)
    return print_json(session, result);
  limes_cli_duration(result->seconds, time, sizeof time);
  print_kernel(result, "NNGP", &report->nngp);
  if (report->ntk.at != NULL)
    print_kernel(result, "NTK", &report->ntk);
  if (report->output != NULL)
    print_outputs(result);
  limes_cli_row("model", NULL, "%s", result->inputs->model_text);
  limes_cli_row("draws", NULL, "%zu of each size", report->draws);
  limes_cli_row("items", NULL, "%zu", report->items);
  limes_cli_row("time", NULL, "%s", time);
  return LIMES_OK;
}
