/* Predictions as a file: .csv, one row an item, or .npz. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "answer.h"
#include "outputs.h"
#include "record.h"

/* The shortest of 15, 16 and 17 digits that reads back as the same number; an empty cell where it is not finite. */
static void print_number(FILE *file, double value) {
  char text[40] = "";
  for (int digits = 15; digits <= 17 && isfinite(value); digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value)
      break;
  }
  fputs(text, file);
}

static void print_columns(FILE *file, const char *name, size_t n) {
  for (size_t k = 0; k < n; k++)
    if (n == 1)
      fprintf(file, ",%s", name);
    else
      fprintf(file, ",%s_%zu", name, k);
}

static void print_header(FILE *file, const cli_answer *answer) {
  fputs("item", file);
  if (answer->probability != NULL)
    fputs(",class,p", file);
  print_columns(file, "mean", answer->outputs);
  if (answer->variance != NULL)
    fputs(",variance", file);
  if (answer->probability != NULL)
    print_columns(file, "p", answer->outputs);
  if (answer->labels != NULL)
    fputs(",label", file);
  if (answer->targets != NULL)
    print_columns(file, "target", answer->outputs);
  fputc('\n', file);
}

static void print_cells(FILE *file, const double *values, size_t n) {
  for (size_t k = 0; k < n; k++) {
    fputc(',', file);
    print_number(file, values[k]);
  }
}

static void print_item(FILE *file, const cli_answer *answer, size_t i) {
  size_t outputs = answer->outputs;
  fprintf(file, "%zu", i);
  if (answer->probability != NULL) {
    fprintf(file, ",%" PRId64, answer->class[i]);
    print_cells(file, &answer->confidence[i], 1);
  }
  print_cells(file, answer->mean + i * outputs, outputs);
  if (answer->variance != NULL)
    print_cells(file, &answer->variance[i], 1);
  if (answer->probability != NULL)
    print_cells(file, answer->probability + i * outputs, outputs);
  if (answer->labels != NULL)
    fprintf(file, ",%" PRId64, answer->labels[i]);
  if (answer->targets != NULL)
    print_cells(file, answer->targets + i * outputs, outputs);
  fputc('\n', file);
}

static limes_status write_csv(cli_session *session, const char *path, const cli_answer *answer) {
  cli_draft draft;
  limes_status status = limes_cli_draft_open(session, path, &draft);
  if (status != LIMES_OK)
    return status;
  print_header(draft.file, answer);
  for (size_t i = 0; i < answer->items && !ferror(draft.file); i++)
    print_item(draft.file, answer, i);
  status = limes_cli_check_interrupt(session);
  limes_status closed = limes_cli_draft_close(session, &draft, status == LIMES_OK);
  return status == LIMES_OK ? closed : status;
}

static limes_status write_arrays(cli_session *session, const char *path, const cli_answer *answer, const cli_inputs *inputs) {
  cli_record record = {0};
  size_t n = answer->items, outputs = answer->outputs;
  limes_cli_record_numbers(&record, "mean", answer->mean, 2, n, outputs);
  limes_cli_record_numbers(&record, "cov", answer->covariance, 2, n, n);
  limes_cli_record_numbers(&record, "variance", answer->variance, 1, n, 0);
  limes_cli_record_integers(&record, "class", answer->class, n);
  limes_cli_record_numbers(&record, "p", answer->confidence, 1, n, 0);
  limes_cli_record_numbers(&record, "probability", answer->probability, 2, n, outputs);
  limes_cli_record_integers(&record, "label", answer->labels, n);
  limes_cli_record_numbers(&record, "target", answer->targets, 2, n, outputs);
  limes_cli_record_numbers(&record, "noise", &answer->facts.noise, 0, 0, 0);
  limes_cli_record_text(&record, "with", answer->with);
  if (inputs != NULL && inputs->model_text != NULL)
    limes_cli_record_inputs(&record, inputs);
  return limes_file_write(session->context, path, record.array, record.count);
}

limes_status limes_cli_write_answer(cli_session *session, const char *path, const cli_answer *answer, const cli_inputs *inputs) {
  if (path == NULL)
    return LIMES_OK;
  return limes_cli_ends_with(path, ".csv") ? write_csv(session, path, answer) : write_arrays(session, path, answer, inputs);
}
