/* The table of an answer, or its JSON object. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

#define WIDEST 20 /* classes that a terminal shows as a matrix */

static unsigned digits_of(size_t number) { return number < 10 ? 1 : 1 + digits_of(number / 10); }

static void print_matrix(const cli_answer *answer) {
  size_t classes = answer->outputs, most = classes - 1;
  for (size_t i = 0; i < classes * classes; i++)
    most = answer->confusion[i] > most ? answer->confusion[i] : most;
  unsigned width = digits_of(most) + 2;
  printf("\n  confusion: a row is a true class, a column what was said\n\n%*s |", 8, "");
  for (size_t k = 0; k < classes; k++)
    printf("%*zu", (int)width, k);
  printf("\n  %s+", "------");
  for (size_t k = 0; k < classes * width + 1; k++)
    putchar('-');
  putchar('\n');
  for (size_t i = 0; i < classes; i++) {
    printf("%7zu |", i);
    for (size_t k = 0; k < classes; k++)
      if (answer->confusion[i * classes + k] == 0)
        printf("%*s", (int)width, ".");
      else
        printf("%*zu", (int)width, answer->confusion[i * classes + k]);
    putchar('\n');
  }
}

/* With many classes: the ten most frequent mistakes. */
static void print_mistakes(const cli_answer *answer) {
  size_t classes = answer->outputs, last = SIZE_MAX, last_place = 0;
  puts("\n  most frequent mistakes");
  for (int shown = 0; shown < 10; shown++) {
    size_t best = 0, place = 0;
    for (size_t i = 0; i < classes * classes; i++) {
      size_t count = answer->confusion[i];
      bool later = count < last || (count == last && i > last_place);
      if (i / classes != i % classes && later && count > best) {
        best = count;
        place = i;
      }
    }
    if (best == 0)
      break;
    printf("  %6zu times %zu was taken for %zu\n", best, place / classes, place % classes);
    last = best;
    last_place = place;
  }
}

void limes_cli_print_confusion(const cli_answer *answer) {
  if (answer->outputs <= WIDEST)
    print_matrix(answer);
  else
    print_mistakes(answer);
}

static const char *chosen_by(const limes_gp_facts *facts) { return facts->finite_time ? "cross-validation" : "leave-one-out"; }

static void print_noise(const limes_gp_facts *facts, bool regression) {
  char remark[160];
  snprintf(remark, sizeof remark, "%.3g of the mean diagonal%s%s", facts->diag_reg, facts->noise_chosen ? ", chosen by " : "",
           facts->noise_chosen ? chosen_by(facts) : "");
  limes_cli_row("noise", remark, "%.4g", facts->noise);
  if (regression && facts->noise_chosen) {
    snprintf(remark, sizeof remark, "of the process: its variances in units of the kernel's, by %s", chosen_by(facts));
    limes_cli_row("scale", remark, "%.4g", facts->scale);
  }
  if (facts->jitter > 0)
    limes_cli_row("jitter", "added to the diagonal beyond the noise, to solve at all", "%.3g", facts->jitter);
  if (regression && isfinite(facts->log_evidence))
    limes_cli_row("log evidence", NULL, "%.1f", facts->log_evidence);
}

/* The length scales tried, the one taken marked */
static void print_length_scales(const cli_answer *answer) {
  bool classify = answer->kind == LIMES_CLASSIFICATION;
  printf("\n  length scale   %s: error%s  noise\n", chosen_by(&answer->facts), classify ? "  accuracy" : "");
  for (size_t r = 0; r < answer->readouts; r++) {
    const limes_fit_readout *readout = &answer->readout[r];
    printf("  %-14.6g %#*.4g", readout->length_scale, (int)strlen(chosen_by(&answer->facts)) + 7, readout->held_out_error);
    if (classify)
      printf("  %6.2f %%", 100 * readout->held_out_accuracy);
    printf("  %.4g%s\n", readout->noise, r == answer->chosen ? "  taken" : "");
  }
}

static void print_times(const cli_answer *answer) {
  char read[32], fit[32], predict[32];
  limes_cli_duration(answer->read_seconds, read, sizeof read);
  limes_cli_duration(answer->fit_seconds, fit, sizeof fit);
  limes_cli_duration(answer->predict_seconds, predict, sizeof predict);
  limes_cli_row("time", NULL, "reading %s, fitting %s, predicting %s", read, fit, predict);
}

static void print_class_scores(const cli_answer *answer) {
  size_t right = 0;
  char remark[80];
  for (size_t k = 0; k < answer->outputs; k++)
    right += answer->confusion[k * answer->outputs + k];
  snprintf(remark, sizeof remark, "%zu of %zu", right, answer->items);
  limes_cli_row("accuracy", remark, "%.2f %%", 100 * answer->class_scores.accuracy);
  limes_cli_row("NLL", "negative log likelihood, nats an item", "%.4f", answer->class_scores.nll);
  limes_cli_row("Brier", "0 is best, 2 worst", "%.4f", answer->class_scores.brier);
  limes_cli_row("ECE", "calibration error, 10 bins", "%.2f %%", 100 * answer->class_scores.ece);
}

static void print_class_counts(const cli_answer *answer) {
  puts("  no labels: what was said");
  for (size_t k = 0; k < answer->outputs && k < WIDEST; k++) {
    size_t count = 0;
    for (size_t i = 0; i < answer->items; i++)
      count += answer->class[i] == (int64_t)k;
    printf("  class %-8zu %zu\n", k, count);
  }
}

static void print_regression_scores(const cli_answer *answer) {
  const limes_regression_scores *scores = &answer->regression_scores;
  limes_cli_row("RMSE", "in the units of the targets", "%.5g", scores->rmse);
  limes_cli_row("NLL", "negative log likelihood, nats a number", "%.4f", scores->nll);
  limes_cli_row("calibration", NULL, "%.0f, %.0f, %.0f %% of the targets are in their 50, 80, 95 %% intervals",
                100 * scores->within[0], 100 * scores->within[1], 100 * scores->within[2]);
}

/* Without the truth: the first predictions themselves. */
static void print_first(const cli_answer *answer) {
  size_t items = answer->items < 10 ? answer->items : 10, outputs = answer->outputs < 5 ? answer->outputs : 5;
  printf("  no targets: what is predicted%s\n", answer->variance == NULL ? "" : " (+- 1 sd, noise included)");
  for (size_t i = 0; i < items; i++) {
    printf("  item %-9zu", i);
    for (size_t k = 0; k < outputs; k++)
      printf(" %-12.6g", answer->mean[i * answer->outputs + k]);
    if (answer->variance != NULL)
      printf(" +- %.3g", sqrt(fmax(answer->variance[i] + answer->facts.noise, 0)));
    puts(outputs < answer->outputs ? " ..." : "");
  }
  if (items < answer->items)
    puts("  ...");
}

static json_t *confusion_json(const cli_answer *answer) {
  json_t *rows = json_array();
  for (size_t i = 0; i < answer->outputs; i++) {
    json_t *row = json_array();
    for (size_t k = 0; k < answer->outputs; k++)
      json_array_append_new(row, json_integer((json_int_t)answer->confusion[i * answer->outputs + k]));
    json_array_append_new(rows, row);
  }
  return rows;
}

static void add(json_t *object, const char *key, double value) { json_object_set_new(object, key, limes_cli_json_number(value)); }

static void add_scores(json_t *object, const cli_answer *answer) {
  if (answer->labels != NULL) {
    add(object, "accuracy", answer->class_scores.accuracy);
    add(object, "nll", answer->class_scores.nll);
    add(object, "brier", answer->class_scores.brier);
    add(object, "ece", answer->class_scores.ece);
    json_object_set_new(object, "confusion", confusion_json(answer));
  }
  if (answer->targets != NULL && answer->variance != NULL) {
    add(object, "rmse", answer->regression_scores.rmse);
    add(object, "nll", answer->regression_scores.nll);
    json_object_set_new(object, "within",
                        json_pack("[f,f,f]", answer->regression_scores.within[0], answer->regression_scores.within[1],
                                  answer->regression_scores.within[2]));
  }
}

static void add_length_scales(json_t *object, const cli_answer *answer) {
  json_t *all = json_array();
  for (size_t r = 0; r < answer->readouts; r++) {
    json_t *one = json_object();
    add(one, "length_scale", answer->readout[r].length_scale);
    add(one, "held_out_error", answer->readout[r].held_out_error);
    if (answer->kind == LIMES_CLASSIFICATION)
      add(one, "held_out_accuracy", answer->readout[r].held_out_accuracy);
    add(one, "noise", answer->readout[r].noise);
    json_array_append_new(all, one);
  }
  add(object, "length_scale", answer->readout[answer->chosen].length_scale);
  json_object_set_new(object, "length_scales", all);
}

static limes_status print_object(cli_session *session, const cli_answer *answer) {
  json_t *object = json_object();
  add_scores(object, answer);
  add(object, "noise", answer->facts.noise);
  add(object, "diag_reg", answer->facts.diag_reg);
  json_object_set_new(object, "noise_chosen", json_boolean(answer->facts.noise_chosen));
  add(object, "scale", answer->facts.scale);
  add(object, "jitter", answer->facts.jitter);
  add(object, "log_evidence", answer->facts.log_evidence);
  if (answer->kind == LIMES_CLASSIFICATION)
    add(object, "temperature", answer->temperature);
  if (answer->readouts > 0)
    add_length_scales(object, answer);
  json_object_set_new(object, "items", json_integer((json_int_t)answer->items));
  if (answer->with != NULL)
    json_object_set_new(object, "with", json_string(answer->with));
  add(object, "seconds", answer->read_seconds + answer->fit_seconds + answer->predict_seconds);
  json_object_set_new(
      object, "parts",
      json_pack("{s:f, s:f, s:f}", "read", answer->read_seconds, "fit", answer->fit_seconds, "predict", answer->predict_seconds));
  return limes_cli_print_json(session, object);
}

limes_status limes_cli_print_answer(cli_session *session, const cli_settings *settings, const cli_answer *answer) {
  if (settings->json)
    return print_object(session, answer);
  printf("%s: %zu item%s\n\n", answer->name, answer->items, answer->items == 1 ? "" : "s");
  if (answer->confusion != NULL)
    print_class_scores(answer);
  else if (answer->kind == LIMES_CLASSIFICATION)
    print_class_counts(answer);
  else if (answer->targets != NULL && answer->variance != NULL)
    print_regression_scores(answer);
  else if (answer->targets == NULL)
    print_first(answer);
  print_noise(&answer->facts, answer->kind == LIMES_REGRESSION);
  if (answer->kind == LIMES_CLASSIFICATION && isfinite(answer->temperature)) {
    char remark[80];
    snprintf(remark, sizeof remark, "of the softmax, by %s", chosen_by(&answer->facts));
    limes_cli_row("temperature", remark, "%.4g", answer->temperature);
  }
  print_times(answer);
  if (answer->readouts > 0)
    print_length_scales(answer);
  if (answer->confusion != NULL)
    limes_cli_print_confusion(answer);
  return LIMES_OK;
}
