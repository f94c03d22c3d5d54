#include "answer.h"

#include <inttypes.h>
#include <stdlib.h>

static limes_status check_labels(cli_session *session, const char *name, const int64_t *labels, size_t n, size_t classes) {
  for (size_t i = 0; i < n; i++)
    if (labels[i] < 0 || (uint64_t)labels[i] >= classes)
      return limes_cli_fail(session, LIMES_BAD_INPUT,
                            "%s: item %zu has label %" PRId64 ", and the training data have classes 0 to %zu", name, i, labels[i],
                            classes - 1);
  return LIMES_OK;
}

limes_status limes_cli_set_truth(cli_session *session, limes_batch *batch, const char *name, cli_answer *answer) {
  size_t outputs = 0;
  if (answer->kind == LIMES_CLASSIFICATION) {
    limes_status status = limes_cli_labels(session, batch, name, &answer->labels, &outputs);
    if (status != LIMES_OK || answer->labels == NULL)
      return status;
    return check_labels(session, name, answer->labels, answer->items, answer->outputs);
  }
  answer->targets = limes_batch_targets(batch, &outputs);
  if (answer->targets != NULL && outputs != answer->outputs)
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s has %zu targets an item, and the training data have %zu", name, outputs,
                          answer->outputs);
  return LIMES_OK;
}

static void choose_classes(cli_answer *answer) {
  for (size_t i = 0; i < answer->items; i++) {
    const double *row = answer->probability + i * answer->outputs;
    size_t best = 0;
    for (size_t k = 1; k < answer->outputs; k++)
      best = row[k] > row[best] ? k : best;
    answer->class[i] = (int64_t)best;
    answer->confidence[i] = row[best];
  }
}

limes_status limes_cli_score(cli_session *session, cli_answer *answer) {
  if (answer->kind == LIMES_REGRESSION) {
    if (answer->targets != NULL && answer->variance != NULL)
      answer->regression_scores = limes_score_regression(answer->items, answer->outputs, answer->targets, answer->mean,
                                                         answer->variance, answer->facts.noise);
    return LIMES_OK;
  }
  answer->class = calloc(answer->items, sizeof *answer->class);
  answer->confidence = calloc(answer->items, sizeof *answer->confidence);
  answer->confusion = answer->labels == NULL ? NULL : calloc(answer->outputs, answer->outputs * sizeof *answer->confusion);
  if (answer->class == NULL || answer->confidence == NULL || (answer->labels != NULL && answer->confusion == NULL))
    return limes_cli_no_memory(session);
  choose_classes(answer);
  if (answer->labels != NULL)
    answer->class_scores =
        limes_score_classes(answer->items, answer->outputs, answer->probability, answer->labels, answer->confusion, answer->bins);
  return LIMES_OK;
}

void limes_cli_clear_answer(cli_answer *answer) {
  free(answer->class);
  free(answer->confidence);
  free(answer->confusion);
}
