/* The table of a training, or its JSON object. */
#include <math.h>

#include "train.h"

#define ROWS 12
#define Z95 1.959963984540054

double limes_cli_banded(const cli_trained *trained) {
  const limes_curves *network = &trained->curves[CURVE_NETWORK], *limit = &trained->curves[CURVE_LIMIT];
  size_t K = network->outputs, last = network->times - 1, inside = 0;
  if (limit->banded == 0)
    return NAN;
  const double *f = network->f + (last * (network->train + network->test) + network->train) * K;
  for (size_t i = 0; i < limit->banded * K; i++) {
    double mean = limit->mean[last * limit->banded * K + i], deviation = limit->deviation[last * limit->banded + i / K];
    inside += fabs(f[i] - mean) <= Z95 * deviation;
  }
  return (double)inside / (double)(limit->banded * K);
}

static double loss_of(const limes_curve_scores *scores, bool test) { return test ? scores->test_loss : scores->train_loss; }

static double accuracy_of(const limes_curve_scores *scores, bool test) {
  return test ? scores->test_accuracy : scores->train_accuracy;
}

static bool has(const cli_trained *trained, int curve, bool test) {
  return trained->scores[curve] != NULL && !isnan(loss_of(trained->scores[curve], test));
}

static void print_head(const cli_trained *trained) {
  size_t columns[2] = {0, 0};
  for (int test = 0; test < 2; test++)
    for (int c = 0; c < CURVES; c++)
      columns[test] += has(trained, c, test);
  printf("\n  loss     ");
  for (int test = 0; test < 2; test++)
    if (columns[test] > 0)
      printf("   %-*s", (int)(12 * columns[test]), test ? "test items" : "training items");
  printf("\n       time");
  for (int test = 0; test < 2; test++) {
    printf("%s", columns[test] > 0 ? "   " : "");
    for (int c = 0; c < CURVES; c++)
      if (has(trained, c, test))
        printf("%-12s", limes_cli_curve_names[c]);
  }
  putchar('\n');
}

static void print_row(const cli_trained *trained, size_t t) {
  printf("  %9.4g", trained->curves[CURVE_NETWORK].time[t]);
  for (int test = 0; test < 2; test++) {
    printf("%s", has(trained, CURVE_NETWORK, test) ? "   " : "");
    for (int c = 0; c < CURVES; c++)
      if (has(trained, c, test))
        printf("%-12.5g", loss_of(&trained->scores[c][t], test));
  }
  putchar('\n');
}

static void print_accuracy(const cli_trained *trained, int curve) {
  const limes_curve_scores *scores =
      trained->scores[curve] == NULL ? NULL : trained->scores[curve] + trained->curves[curve].times - 1;
  char label[32];
  if (scores == NULL || isnan(scores->train_accuracy))
    return;
  snprintf(label, sizeof label, "%s",
           curve == CURVE_NETWORK ? "accuracy"
           : curve == CURVE_LIMIT ? "  of the limit"
                                  : "  linearized");
  if (isnan(scores->test_accuracy))
    limes_cli_row(label, NULL, "%.2f %% of the training items", 100 * scores->train_accuracy);
  else
    limes_cli_row(label, NULL, "%.2f %% of the training items, %.2f %% of the test items", 100 * scores->train_accuracy,
                  100 * scores->test_accuracy);
}

static void print_gap(const cli_trained *trained, int curve) {
  if (trained->scores[curve] == NULL)
    return;
  limes_curve_gap gap = limes_curves_gap(&trained->curves[CURVE_NETWORK], &trained->curves[curve]);
  char text[96] = "", label[32];
  snprintf(label, sizeof label, "to %s", limes_cli_curve_names[curve]);
  if (!isnan(gap.test))
    snprintf(text, sizeof text, ", %.2f %% at the test items", 100 * gap.test);
  limes_cli_row(label, NULL, "%.2f %% apart at the training items%s (root mean square over time)", 100 * gap.train, text);
}

static void print_summary(const cli_trained *trained) {
  char time[32];
  double banded = limes_cli_banded(trained);
  for (int c = 0; c < CURVES; c++)
    print_accuracy(trained, c);
  print_gap(trained, CURVE_LINEARIZED);
  print_gap(trained, CURVE_LIMIT);
  if (!isnan(banded))
    limes_cli_row("band", NULL, "%.1f %% of the outputs at %zu test items are in the ensemble's 95 %% band", 100 * banded,
                  trained->curves[CURVE_LIMIT].banded);
  if (trained->path != NULL)
    limes_cli_row("checkpoint", NULL, "%s", trained->path);
  limes_cli_duration(trained->seconds, time, sizeof time);
  limes_cli_row("time", NULL, "%s", time);
}

static json_t *series(const cli_trained *trained, int curve, double (*value)(const limes_curve_scores *, bool), bool test) {
  json_t *array = json_array();
  for (size_t t = 0; t < trained->curves[curve].times; t++)
    json_array_append_new(array, limes_cli_json_number(value(&trained->scores[curve][t], test)));
  return array;
}

static json_t *curve_json(const cli_trained *trained, int curve) {
  json_t *object = json_object();
  json_object_set_new(object, "train_loss", series(trained, curve, loss_of, false));
  json_object_set_new(object, "test_loss", series(trained, curve, loss_of, true));
  json_object_set_new(object, "train_accuracy", series(trained, curve, accuracy_of, false));
  json_object_set_new(object, "test_accuracy", series(trained, curve, accuracy_of, true));
  if (curve != CURVE_NETWORK) {
    limes_curve_gap gap = limes_curves_gap(&trained->curves[CURVE_NETWORK], &trained->curves[curve]);
    json_object_set_new(object, "train_gap", limes_cli_json_number(gap.train));
    json_object_set_new(object, "test_gap", limes_cli_json_number(gap.test));
  }
  return object;
}

static limes_status print_object(cli_session *session, const cli_trained *trained) {
  limes_training_facts facts = limes_training_describe(trained->training);
  json_t *object = json_object(), *time = json_array();
  for (size_t t = 0; t < trained->curves[CURVE_NETWORK].times; t++)
    json_array_append_new(time, json_real(trained->curves[CURVE_NETWORK].time[t]));
  json_object_set_new(object, "time", time);
  for (int c = 0; c < CURVES; c++)
    if (trained->scores[c] != NULL)
      json_object_set_new(object, limes_cli_curve_names[c], curve_json(trained, c));
  json_object_set_new(object, "banded", limes_cli_json_number(limes_cli_banded(trained)));
  json_object_set_new(object, "optimizer", json_string(trained->optimizer));
  json_object_set_new(object, "learning_rate", json_real(facts.learning_rate));
  json_object_set_new(object, "steps", json_integer((json_int_t)facts.step));
  json_object_set_new(object, "parameters", json_integer((json_int_t)facts.parameters));
  json_object_set_new(object, "seconds", json_real(trained->seconds));
  return limes_cli_print_json(session, object);
}

limes_status limes_cli_print_trained(cli_session *session, const cli_settings *settings, const cli_trained *trained) {
  limes_training_facts facts = limes_training_describe(trained->training);
  size_t last = trained->curves[CURVE_NETWORK].times - 1, rows = last < ROWS ? last : ROWS;
  if (settings->json)
    return print_object(session, trained);
  printf("%s: %zu items, %zu %s, %zu parameters\n%s, learning rate %.4g, %zu steps, to time %.4g\n", trained->inputs->first_name,
         facts.train, facts.outputs, facts.classes ? "classes" : "targets", facts.parameters, trained->optimizer,
         facts.learning_rate, facts.step, facts.time);
  print_head(trained);
  for (size_t i = 0; i <= rows; i++)
    print_row(trained, last * i / rows);
  putchar('\n');
  print_summary(trained);
  return LIMES_OK;
}
