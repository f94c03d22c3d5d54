/* limes dual WORD FILE.npz -o OUT.npz */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command_list.h"
#include "outputs.h"
#include "record.h"

static const cli_argument arguments[] = {
    {"WORD", ARGUMENT_WORD, .help = "a nonlinearity with its parameters: relu, \"abrelu(-0.5, 1.5)\""},
    {"FILE", ARGUMENT_FILE, .help = "a file (.npz or .h5) with the arrays k12, k11, k22, all of one shape"},
    {.name = NULL},
};

static const cli_option options[] = {
    {"output", 'o', OPTION_FILE, LIMES_CLI_FIELD(output), .value = "OUT",
     .help = "the file to write, .npz or .h5: arrays phi_phi and dphi_dphi"},
    {.name = NULL},
};

static const cli_option *const tables[] = {options, NULL};

static const cli_example examples[] = {
    {"limes dual \"erf(1.5, 0.7)\" pairs.npz -o duals.npz", "The dual of 1.5 erf(0.7 u) at the covariances in pairs.npz"},
    {.line = NULL},
};

static limes_status read_covariance(cli_session *session, limes_file *file, const char *path, const char *name,
                                    limes_named_array *array) {
  limes_status status = limes_file_get(session->context, file, name, array);
  if (status == LIMES_OK && array->data == NULL)
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s has no array of numbers named %s; dual needs k12, k11 and k22", path,
                          name);
  return status;
}

static limes_status read_covariances(cli_session *session, limes_file *file, const char *path, limes_named_array k[3]) {
  static const char *const names[] = {"k12", "k11", "k22"};
  for (int i = 0; i < 3; i++) {
    limes_status status = read_covariance(session, file, path, names[i], &k[i]);
    if (status != LIMES_OK)
      return status;
    if (k[i].rank != k[0].rank || memcmp(k[i].size, k[0].size, k[0].rank * sizeof(size_t)) != 0)
      return limes_cli_fail(session, LIMES_BAD_INPUT, "%s: %s and k12 have different shapes", path, names[i]);
  }
  return LIMES_OK;
}

static limes_status write(cli_session *session, const cli_settings *settings, const limes_named_array *shape,
                          const double *phi_phi, const double *dphi_dphi) {
  cli_record record = {0};
  limes_cli_record_numbers(&record, "phi_phi", phi_phi, shape->rank, 0, 0);
  limes_cli_record_numbers(&record, "dphi_dphi", dphi_dphi, shape->rank, 0, 0);
  for (size_t i = 0; i < 2; i++)
    memcpy(record.array[i].size, shape->size, sizeof shape->size);
  limes_cli_record_text(&record, "word", settings->argument[0]);
  return limes_file_write(session->context, settings->output, record.array, record.count);
}

static limes_status compute(cli_session *session, const cli_settings *settings, const limes_named_array k[3]) {
  size_t n = 1;
  for (unsigned axis = 0; axis < k[0].rank; axis++)
    n *= k[0].size[axis];
  double *phi_phi = calloc(n > 0 ? n : 1, sizeof *phi_phi), *dphi_dphi = calloc(n > 0 ? n : 1, sizeof *dphi_dphi);
  limes_status status = phi_phi == NULL || dphi_dphi == NULL ? limes_cli_no_memory(session) : LIMES_OK;
  if (status == LIMES_OK)
    status = limes_dual(session->context, settings->argument[0], n, k[0].data, k[1].data, k[2].data, phi_phi, dphi_dphi);
  if (status == LIMES_OK)
    status = limes_cli_check_interrupt(session);
  if (status == LIMES_OK)
    status = write(session, settings, &k[0], phi_phi, dphi_dphi);
  if (status == LIMES_OK && settings->json)
    status = limes_cli_print_json(
        session, json_pack("{s:s, s:s, s:I}", "output", settings->output, "word", settings->argument[0], "count", (json_int_t)n));
  else if (status == LIMES_OK)
    printf("%s: phi_phi and dphi_dphi of %s at %zu triples of covariances\n", settings->output, settings->argument[0], n);
  free(phi_phi);
  free(dphi_dphi);
  return status;
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  static const char *const endings[] = {".npz", ".h5", NULL};
  limes_file *file = NULL;
  limes_named_array k[3] = {0};
  limes_status status = limes_cli_need(session, "dual", "output", settings->output);
  if (status == LIMES_OK)
    status = limes_cli_check_output(session, "output", settings->output, endings);
  if (status == LIMES_OK)
    status = limes_file_open(session->context, settings->argument[1], &file);
  if (status == LIMES_OK)
    status = read_covariances(session, file, settings->argument[1], k);
  if (status == LIMES_OK)
    status = compute(session, settings, k);
  limes_file_close(file);
  return status;
}

const cli_command limes_cli_dual = {
    .name = "dual",
    .about = "Evaluates the dual activation of a nonlinearity, without a network",
    .text = "For every triple of covariances, with (u, v) normal of covariance [[k11, k12], [k12, k22]]: phi_phi = E[phi(u) "
            "phi(v)] and dphi_dphi = E[phi'(u) phi'(v)].",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
