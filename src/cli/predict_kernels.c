/* limes predict KERNELS.npz --labels L: the engine on kernels from anywhere. */
#include <math.h>
#include <stdlib.h>

#include "fitting.h"
#include "predict.h"
#include "truth.h"

typedef struct {
  limes_gp_kernels kernels;
  const double *solved; /* the tt of the mode's variance; NULL: none, then there is no covariance */
  bool covariance, variance;
} cli_given;

/* Array `name` of the file, checked to be [rows,columns] (a tt may be [rows] too); 0 sizes are learnt from it. */
static limes_status get(cli_session *session, limes_file *file, const char *path, const char *name, size_t *rows, size_t *columns,
                        bool *diagonal, const double **data) {
  limes_named_array array = {0};
  limes_status status = limes_file_get(session->context, file, name, &array);
  *data = NULL;
  if (status != LIMES_OK || array.data == NULL)
    return status;
  if (array.rank == 1 && diagonal != NULL && array.size[0] == *rows) {
    *diagonal = true;
    *data = array.data;
    return LIMES_OK;
  }
  if (array.rank != 2 || array.size[0] == 0 || array.size[1] == 0)
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s: %s must be a matrix", path, name);
  *rows = *rows == 0 ? array.size[0] : *rows;
  *columns = *columns == 0 ? array.size[1] : *columns;
  if (array.size[0] != *rows || array.size[1] != *columns)
    return limes_cli_fail(session, LIMES_BAD_INPUT,
                          "%s: %s is [%zu,%zu] and must be [%zu,%zu] to go with the labels and the other kernels", path, name,
                          array.size[0], array.size[1], *rows, *columns);
  *data = array.data;
  return LIMES_OK;
}

static limes_status need(cli_session *session, const char *path, const char *name, const char *with, const double *data) {
  if (data != NULL)
    return LIMES_OK;
  return limes_cli_fail(session, LIMES_BAD_INPUT, "%s has no array %s, which --with %s needs", path, name, with);
}

static limes_status read_family(cli_session *session, limes_file *file, const char *path, const char *family, size_t train,
                                size_t *test, const double *data[3], bool diagonal[1]) {
  static const char *const parts[] = {"dd", "td", "tt"};
  char name[16];
  size_t n = train, m = train;
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%s_%s", family, parts[i]);
    size_t *rows = i == 0 ? &m : test, *columns = i == 2 ? test : &n;
    limes_status status = get(session, file, path, name, rows, columns, i == 2 ? diagonal : NULL, &data[i]);
    if (status != LIMES_OK)
      return status;
  }
  return LIMES_OK;
}

static limes_status read_kernels(cli_session *session, const cli_settings *settings, limes_file *file, size_t train,
                                 cli_given *given) {
  const char *path = settings->argument[0], *with = limes_cli_withs[settings->with];
  const double *nngp[3] = {0}, *ntk[3] = {0};
  bool nngp_diagonal = false, ntk_diagonal = false, bayes = settings->with == LIMES_WITH_NNGP;
  size_t test = 0;
  limes_status status = read_family(session, file, path, "nngp", train, &test, nngp, &nngp_diagonal);
  if (status == LIMES_OK)
    status = read_family(session, file, path, "ntk", train, &test, ntk, &ntk_diagonal);
  if (status == LIMES_OK)
    status = need(session, path, bayes ? "nngp_dd" : "ntk_dd", with, bayes ? nngp[0] : ntk[0]);
  if (status == LIMES_OK)
    status = need(session, path, bayes ? "nngp_td" : "ntk_td", with, bayes ? nngp[1] : ntk[1]);
  if (status != LIMES_OK)
    return status;
  bool ntk_variance = settings->with == LIMES_WITH_NTK;
  given->solved = ntk_variance ? (isinf(settings->time) ? ntk[2] : NULL) : nngp[2];
  given->variance = given->solved != NULL && (settings->with != LIMES_WITH_ENSEMBLE || (nngp[0] != NULL && nngp[1] != NULL));
  bool diagonal = ntk_variance ? ntk_diagonal : nngp_diagonal;
  given->covariance = given->variance && !diagonal;
  given->kernels = (limes_gp_kernels){train, test, nngp[0], nngp[1], nngp[2], ntk[0], ntk[1], ntk[2], diagonal};
  return LIMES_OK;
}

typedef struct {
  double *y, *mean, *covariance, *variance, *probability, *own; /* own: training items predicted by others */
} cli_arrays;

static void free_arrays(cli_arrays *arrays) {
  free(arrays->y);
  free(arrays->mean);
  free(arrays->covariance);
  free(arrays->variance);
  free(arrays->probability);
  free(arrays->own);
}

static limes_status allocate(cli_session *session, const cli_given *given, const cli_truth *truth, cli_arrays *arrays) {
  size_t n = given->kernels.train, m = given->kernels.test, outputs = truth->outputs;
  arrays->y = calloc(n, outputs * sizeof(double));
  arrays->mean = calloc(m, outputs * sizeof(double));
  arrays->variance = given->variance ? calloc(m, sizeof(double)) : NULL;
  arrays->covariance = given->covariance ? calloc(m, m * sizeof(double)) : NULL;
  arrays->probability = truth->labels != NULL ? calloc(m, outputs * sizeof(double)) : NULL;
  arrays->own = truth->labels != NULL ? calloc(n, outputs * sizeof(double)) : NULL;
  bool missing = arrays->y == NULL || arrays->mean == NULL || (given->variance && arrays->variance == NULL) ||
                 (given->covariance && arrays->covariance == NULL) ||
                 (truth->labels != NULL && (arrays->probability == NULL || arrays->own == NULL));
  return missing ? limes_cli_no_memory(session) : LIMES_OK;
}

/* Probabilities by a softmax whose temperature the training items choose, each predicted by others. */
static limes_status probabilities(cli_session *session, const limes_gp *gp, const cli_given *given, const cli_truth *truth,
                                  cli_arrays *arrays, double *temperature) {
  size_t n = given->kernels.train, m = given->kernels.test, classes = truth->outputs;
  limes_status status = limes_gp_held_out(session->context, gp, arrays->own);
  if (status == LIMES_OK)
    status = limes_fit_temperature(session->context, n, classes, arrays->own, truth->labels, temperature);
  if (status == LIMES_OK)
    limes_softmax_probabilities(m, classes, arrays->mean, *temperature, arrays->probability);
  return status;
}

static limes_status solve(cli_session *session, const cli_settings *settings, const cli_given *given, const cli_truth *truth,
                          cli_arrays *arrays, cli_answer *answer) {
  limes_gp *gp = NULL;
  limes_gp_options options = limes_cli_gp_settings(settings);
  options.scaled = truth->labels == NULL;
  double started = limes_cli_now();
  if (truth->labels != NULL)
    limes_one_hot(truth->items, truth->outputs, truth->labels, arrays->y);
  limes_status status = limes_gp_fit(session->context, &given->kernels, truth->labels != NULL ? arrays->y : truth->targets,
                                     truth->outputs, false, &options, &gp);
  answer->fit_seconds = limes_cli_now() - started;
  if (status != LIMES_OK)
    return status;
  started = limes_cli_now();
  answer->facts = limes_gp_describe(gp);
  status = limes_gp_predict(session->context, gp, &given->kernels, arrays->mean, arrays->covariance, arrays->variance);
  if (status == LIMES_OK && truth->labels != NULL)
    status = probabilities(session, gp, given, truth, arrays, &answer->temperature);
  answer->predict_seconds = limes_cli_now() - started;
  limes_gp_destroy(gp);
  return status;
}

static limes_status set_truth(cli_session *session, const cli_settings *settings, const cli_truth *known, cli_answer *answer) {
  if (settings->test_labels == NULL)
    return LIMES_OK;
  if (known->items != answer->items)
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s says what %zu items are, and the kernels have %zu test items",
                          settings->test_labels, known->items, answer->items);
  if ((known->labels != NULL) != (answer->kind == LIMES_CLASSIFICATION) ||
      (known->targets != NULL && known->outputs != answer->outputs) || known->outputs > answer->outputs)
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s and %s do not hold the same classes or targets", settings->test_labels,
                          settings->labels);
  answer->labels = known->labels;
  answer->targets = known->targets;
  return LIMES_OK;
}

static limes_status answer_all(cli_session *session, const cli_settings *settings, const cli_given *given, const cli_truth *truth,
                               const struct cli_truth *known) {
  cli_arrays arrays = {0};
  cli_answer answer = {.kind = truth->labels != NULL ? LIMES_CLASSIFICATION : LIMES_REGRESSION,
                       .items = given->kernels.test,
                       .outputs = truth->outputs,
                       .name = settings->argument[0],
                       .with = limes_cli_withs[settings->with],
                       .temperature = NAN};
  limes_status status = set_truth(session, settings, known, &answer);
  if (status == LIMES_OK)
    status = allocate(session, given, truth, &arrays);
  if (status == LIMES_OK)
    status = solve(session, settings, given, truth, &arrays, &answer);
  answer.mean = arrays.mean;
  answer.variance = arrays.variance;
  answer.covariance = arrays.covariance;
  answer.probability = arrays.probability;
  if (status == LIMES_OK)
    status = limes_cli_score(session, &answer);
  if (status == LIMES_OK)
    status = limes_cli_check_interrupt(session);
  if (status == LIMES_OK)
    status = limes_cli_write_answer(session, settings->output, &answer, NULL);
  if (status == LIMES_OK)
    status = limes_cli_print_answer(session, settings, &answer);
  limes_cli_clear_answer(&answer);
  free_arrays(&arrays);
  return status;
}

limes_status limes_cli_predict_kernels(cli_session *session, const cli_settings *settings) {
  limes_file *file = NULL;
  cli_truth truth = {0}, known = {0};
  cli_given given = {0};
  limes_status status = limes_cli_read_truth(session, settings, settings->labels, &truth);
  if (status == LIMES_OK && settings->test_labels != NULL)
    status = limes_cli_read_truth(session, settings, settings->test_labels, &known);
  if (status == LIMES_OK)
    status = limes_file_open(session->context, settings->argument[0], &file);
  if (status == LIMES_OK)
    status = read_kernels(session, settings, file, truth.items, &given);
  if (status == LIMES_OK)
    status = answer_all(session, settings, &given, &truth, &known);
  limes_file_close(file);
  limes_cli_clear_truth(&known);
  limes_cli_clear_truth(&truth);
  return status;
}
