/* Files come back as they were written; a fit that was kept predicts the same. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

typedef struct {
  char folder[512], file[600];
} cli_scratch;

static limes_status open_scratch(cli_session *session, const char *name, cli_scratch *scratch) {
  const char *root = getenv("TMPDIR");
  int length =
      snprintf(scratch->folder, sizeof scratch->folder, "%s/limes-check-XXXXXX", root == NULL || root[0] == '\0' ? "/tmp" : root);
  if (length < 0 || (size_t)length >= sizeof scratch->folder || mkdtemp(scratch->folder) == NULL)
    return limes_cli_fail(session, LIMES_FAILED, "no folder for temporary files under %s: %s", scratch->folder, strerror(errno));
  snprintf(scratch->file, sizeof scratch->file, "%s/%s", scratch->folder, name);
  return LIMES_OK;
}

static void close_scratch(const cli_scratch *scratch) {
  unlink(scratch->file);
  rmdir(scratch->folder);
}

static limes_status read_back(cli_session *session, const char *path, const double *numbers, size_t count, const char *text,
                              bool *right) {
  limes_file *file = NULL;
  limes_named_array array = {0}, said = {0};
  limes_status status = limes_file_open(session->context, path, &file);
  if (status == LIMES_OK)
    status = limes_file_get(session->context, file, "numbers", &array);
  if (status == LIMES_OK)
    status = limes_file_get(session->context, file, "text", &said);
  *right = status == LIMES_OK && array.data != NULL && array.rank == 2 &&
           memcmp(array.data, numbers, count * sizeof *numbers) == 0 && said.text != NULL && strcmp(said.text, text) == 0;
  limes_file_close(file);
  return status;
}

static limes_status round_trip(cli_session *session, const char *name, bool *right, char *says) {
  static const double numbers[] = {0.1, -1e300, 5e-324, 1.0 / 3, 0, INFINITY};
  static const char text[] = "σ² of a layer";
  limes_named_array arrays[] = {{.name = "numbers", .rank = 2, .size = {2, 3}, .data = numbers}, {.name = "text", .text = text}};
  cli_scratch scratch;
  limes_status status = open_scratch(session, name, &scratch);
  if (status != LIMES_OK)
    return status;
  status = limes_file_write(session->context, scratch.file, arrays, 2);
  if (status == LIMES_OK)
    status = read_back(session, scratch.file, numbers, 6, text, right);
  close_scratch(&scratch);
  snprintf(says, SAYS_SIZE, "numbers and text %s", *right ? "come back to the bit" : "come back changed");
  return status;
}

limes_status limes_cli_check_npz(cli_session *session, bool *right, char *says) {
  return round_trip(session, "check.npz", right, says);
}
limes_status limes_cli_check_h5(cli_session *session, bool *right, char *says) {
  return round_trip(session, "check.h5", right, says);
}

#define ITEMS 12

static limes_status predict_mean(cli_session *session, const limes_fit *fit, const limes_batch *batch, double mean[ITEMS]) {
  limes_predictions predictions = {0};
  limes_status status = limes_fit_predict(session->context, fit, batch, &predictions);
  if (status == LIMES_OK)
    memcpy(mean, predictions.mean, ITEMS * sizeof *mean);
  limes_predictions_clear(&predictions);
  return status;
}

static limes_status fit_batch(cli_session *session, const limes_batch *batch, limes_fit **fit) {
  limes_model *model = NULL;
  limes_gp_options options = limes_gp_defaults();
  limes_status status = limes_model_parse(session->context, "dense relu dense", &model);
  if (status == LIMES_OK)
    status = limes_fit_create(session->context, model, batch, NULL, LIMES_REGRESSION, &options, fit);
  limes_model_destroy(model);
  return status;
}

static limes_status keep_and_load(cli_session *session, const limes_fit *fit, limes_fit **loaded) {
  cli_scratch scratch;
  limes_status status = open_scratch(session, "fit.h5", &scratch);
  if (status != LIMES_OK)
    return status;
  status = limes_fit_save(session->context, fit, scratch.file);
  if (status == LIMES_OK)
    status = limes_fit_load(session->context, scratch.file, loaded);
  close_scratch(&scratch);
  return status;
}

limes_status limes_cli_check_fit_file(cli_session *session, bool *right, char *says) {
  static const size_t size[2] = {0, 0};
  limes_batch *batch = NULL;
  limes_fit *fit = NULL, *loaded = NULL;
  double y[ITEMS], before[ITEMS] = {0}, after[ITEMS] = {1}, worst = 0;
  for (size_t i = 0; i < ITEMS; i++)
    y[i] = cos((double)i);
  limes_status status = limes_cli_sample_batch(session, ITEMS, 0, size, 3, NULL, &batch);
  if (status == LIMES_OK)
    status = limes_batch_set_targets(session->context, batch, y, 1);
  if (status == LIMES_OK)
    status = fit_batch(session, batch, &fit);
  if (status == LIMES_OK)
    status = keep_and_load(session, fit, &loaded);
  if (status == LIMES_OK)
    status = predict_mean(session, fit, batch, before);
  if (status == LIMES_OK)
    status = predict_mean(session, loaded, batch, after);
  for (size_t i = 0; i < ITEMS; i++)
    worst = fmax(worst, fabs(before[i] - after[i]));
  *right = worst < 1e-12;
  snprintf(says, SAYS_SIZE, "predictions before and after, largest difference %.1e", worst);
  limes_fit_destroy(loaded);
  limes_fit_destroy(fit);
  limes_batch_destroy(batch);
  return status;
}
