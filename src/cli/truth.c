#include "truth.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "outputs.h"

static limes_status keep_labels(cli_session *session, const char *name, const int64_t *labels, size_t n, cli_truth *truth) {
  int64_t most = -1;
  for (size_t i = 0; i < n; i++) {
    if (labels[i] < 0 || labels[i] > 1000000)
      return limes_cli_fail(session, LIMES_BAD_INPUT,
                            "%s: item %zu has label %" PRId64 ", and classes are counted from 0 (to a million at most)", name, i,
                            labels[i]);
    most = labels[i] > most ? labels[i] : most;
  }
  truth->labels = calloc(n, sizeof *truth->labels);
  if (truth->labels == NULL)
    return limes_cli_no_memory(session);
  memcpy(truth->labels, labels, n * sizeof *labels);
  truth->items = n;
  truth->outputs = (size_t)most + 1;
  return LIMES_OK;
}

static limes_status keep_targets(cli_session *session, const char *name, const double *targets, size_t n, size_t outputs,
                                 cli_truth *truth) {
  for (size_t i = 0; i < n * outputs; i++)
    if (!isfinite(targets[i]))
      return limes_cli_fail(session, LIMES_BAD_INPUT, "%s: the target of item %zu is not a finite number", name, i / outputs);
  truth->targets = calloc(n * outputs, sizeof *truth->targets);
  if (truth->targets == NULL)
    return limes_cli_no_memory(session);
  memcpy(truth->targets, targets, n * outputs * sizeof *targets);
  truth->items = n;
  truth->outputs = outputs;
  return LIMES_OK;
}

static limes_status keep_array(cli_session *session, const char *name, const limes_named_array *array, cli_truth *truth) {
  if (array->rank < 1 || array->rank > 2 || array->size[0] == 0 || (array->rank == 2 && array->size[1] == 0))
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s must be an array [N] of classes or [N,K] of targets", name);
  if (array->rank == 1 && array->integers != NULL)
    return keep_labels(session, name, array->integers, array->size[0], truth);
  return keep_targets(session, name, array->data, array->size[0], array->rank == 2 ? array->size[1] : 1, truth);
}

/* name with its ":array" cut off, if what stands before it is a file of arrays; the array's name behind it, else y. */
static bool split(const char *name, char *path, size_t size, const char **array) {
  snprintf(path, size, "%s", name);
  char *colon = strrchr(path, ':');
  *array = limes_cli_ends_with(name, ".npy") ? "data" : "y";
  if (colon != NULL && strchr(colon, '/') == NULL) {
    *colon = '\0';
    *array = name + (colon - path) + 1;
  }
  return limes_cli_ends_with(path, ".npz") || limes_cli_ends_with(path, ".npy") || limes_cli_ends_with(path, ".h5");
}

static limes_status read_array(cli_session *session, const char *name, const char *path, const char *wanted, cli_truth *truth) {
  limes_file *file = NULL;
  limes_named_array array = {0};
  limes_status status = limes_file_open(session->context, path, &file);
  if (status == LIMES_OK)
    status = limes_file_get(session->context, file, wanted, &array);
  if (status == LIMES_OK && array.data == NULL)
    status = limes_cli_fail(session, LIMES_BAD_INPUT, "%s has no array of numbers named %s", path, wanted);
  if (status == LIMES_OK)
    status = keep_array(session, name, &array, truth);
  limes_file_close(file);
  return status;
}

static limes_status read_batch(cli_session *session, const cli_settings *settings, const char *name, cli_truth *truth) {
  limes_batch *batch = NULL;
  const int64_t *labels = NULL;
  const double *targets = NULL;
  size_t outputs = 0;
  limes_status status = limes_cli_read_batch(session, settings, name, &batch);
  if (status != LIMES_OK)
    return status;
  labels = limes_batch_labels(batch, &outputs);
  targets = limes_batch_targets(batch, &outputs);
  if (labels != NULL)
    status = keep_labels(session, name, labels, limes_batch_items(batch), truth);
  else if (targets != NULL)
    status = keep_targets(session, name, targets, limes_batch_items(batch), outputs, truth);
  else
    status = limes_cli_fail(session, LIMES_BAD_INPUT, "%s has neither labels nor targets", name);
  limes_batch_destroy(batch);
  return status;
}

limes_status limes_cli_read_truth(cli_session *session, const cli_settings *settings, const char *name, cli_truth *truth) {
  char path[4096];
  const char *array = NULL;
  if (split(name, path, sizeof path, &array))
    return read_array(session, name, path, array, truth);
  return read_batch(session, settings, name, truth);
}

void limes_cli_clear_truth(cli_truth *truth) {
  free(truth->labels);
  free(truth->targets);
}
