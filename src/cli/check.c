/* limes check: the self-test of the installation. */
#include "check.h"

#include <stdlib.h>

#include "command_list.h"
#include "kernel_store.h"

static const cli_argument arguments[] = {
    {"K.h5", ARGUMENT_FILE, .optional = true, .help = "a kernel file whose tiles are checked; without it, the installation"},
    {.name = NULL},
};

static const struct {
  const char *name;
  law *law;
} laws[] = {
    {"duals are the integrals they stand for", limes_cli_check_duals},
    {"their slopes obey Price's theorem", limes_cli_check_slopes},
    {"a kernel is symmetric", limes_cli_check_symmetric},
    {"a kernel is positive definite", limes_cli_check_definite},
    {"a kernel does not depend on threads", limes_cli_check_threads},
    {"masking equals removing", limes_cli_check_masks},
    {"a noiseless posterior interpolates", limes_cli_check_interpolates},
    {"the digits are there", limes_cli_check_digits},
    {".npz files come back", limes_cli_check_npz},
    {".h5 files come back", limes_cli_check_h5},
    {"a kept fit predicts the same", limes_cli_check_fit_file},
};
#define LAWS (sizeof laws / sizeof *laws)

static void print_machine(cli_session *session) {
  const char *core = limes_blas_core(), *wider = limes_blas_wider_core();
  char remark[160] = "";
  if (wider != NULL)
    snprintf(remark, sizeof remark, "narrower than the processor, which can do %s%s", wider,
             getenv("OPENBLAS_CORETYPE") != NULL ? "; the environment sets OPENBLAS_CORETYPE" : "");
  limes_cli_row("limes", NULL, "%s", limes_version());
  limes_cli_row("OpenBLAS core", remark, "%s", core);
  limes_cli_row("threads", NULL, "%u", limes_threads(session->context));
  putchar('\n');
}

typedef struct {
  size_t passed, failed;
  json_t *list; /* NULL: lines are printed */
} cli_tally;

static void report(cli_tally *tally, const char *name, bool right, const char *says) {
  tally->passed += right;
  tally->failed += !right;
  if (tally->list != NULL)
    json_array_append_new(tally->list, json_pack("{s:s, s:b, s:s}", "name", name, "passed", right, "says", says));
  else
    printf("  %-6s %-40s %s\n", right ? "ok" : "FAILED", name, says);
}

static limes_status run_laws(cli_session *session, cli_tally *tally) {
  for (size_t i = 0; i < LAWS; i++) {
    bool right = false;
    char says[SAYS_SIZE] = "", error[512];
    limes_status status = laws[i].law(session, &right, says);
    if (status == LIMES_INTERRUPTED)
      return status;
    if (status != LIMES_OK) {
      snprintf(error, sizeof error, "%.500s", session->error[0] != '\0' ? session->error : limes_error(session->context));
      session->error[0] = '\0';
    }
    report(tally, laws[i].name, status == LIMES_OK && right, status == LIMES_OK ? says : error);
  }
  return LIMES_OK;
}

static limes_status check_kernels(cli_session *session, const cli_settings *settings) {
  bool is = false;
  limes_status status = limes_cli_show_store(session, settings, settings->argument[0], true, &is);
  if (status == LIMES_OK && !is)
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s is no kernel file of limes, or too damaged to be read as one: %s",
                          settings->argument[0], limes_error(session->context));
  return status;
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  if (settings->arguments > 0)
    return check_kernels(session, settings);
  cli_tally tally = {.list = settings->json ? json_array() : NULL};
  if (!settings->json)
    print_machine(session);
  session->quiet = !settings->verbose; /* what the laws make the library warn of is meant */
  limes_status status = run_laws(session, &tally);
  if (status != LIMES_OK) {
    json_decref(tally.list);
    return status;
  }
  if (settings->json)
    status = limes_cli_print_json(session, json_pack("{s:I, s:I, s:s, s:s, s:o}", "passed", (json_int_t)tally.passed, "failed",
                                                     (json_int_t)tally.failed, "version", limes_version(), "core",
                                                     limes_blas_core(), "checks", tally.list));
  else
    printf("\n%zu passed, %zu failed\n", tally.passed, tally.failed);
  if (status == LIMES_OK && tally.failed > 0)
    return limes_cli_fail(session, LIMES_FAILED, "%zu of %zu checks failed", tally.failed, LAWS);
  return status;
}

const cli_command limes_cli_check = {
    .name = "check",
    .about = "Tests the installation: arithmetic, kernels, threads, files; or one kernel file",
    .text = "It also says which OpenBLAS core is at work, and whether it is narrower than the processor.",
    .arguments = arguments,
    .options = NULL,
    .run = run,
};
