#include "record.h"

#include <inttypes.h>

void limes_cli_record_numbers(cli_record *record, const char *name, const double *data, unsigned rank, size_t rows,
                              size_t columns) {
  if (data != NULL && record->count < RECORD_MOST)
    record->array[record->count++] = (limes_named_array){.name = name, .rank = rank, .size = {rows, columns}, .data = data};
}

void limes_cli_record_integers(cli_record *record, const char *name, const int64_t *integers, size_t n) {
  if (integers != NULL && record->count < RECORD_MOST)
    record->array[record->count++] = (limes_named_array){.name = name, .rank = 1, .size = {n}, .integers = integers};
}

void limes_cli_record_text(cli_record *record, const char *name, const char *text) {
  if (text != NULL && record->count < RECORD_MOST)
    record->array[record->count++] = (limes_named_array){.name = name, .rank = 0, .text = text};
}

static const char *data_text(const char *name, uint64_t fingerprint, char *text, size_t size) {
  snprintf(text, size, "%s, fingerprint %016" PRIx64, name, fingerprint);
  return text;
}

void limes_cli_record_normalization(cli_record *record, const limes_normalization *normalization) {
  const double *mean = NULL, *scale = NULL;
  if (normalization == NULL)
    return;
  size_t n = limes_normalization_values(normalization, &mean, &scale);
  limes_cli_record_text(record, "normalize", limes_normalization_kind(normalization));
  if (n == 0)
    return;
  limes_cli_record_numbers(record, "normalize_mean", mean, 1, n, 0);
  limes_cli_record_numbers(record, "normalize_scale", scale, 1, n, 0);
}

void limes_cli_record_inputs(cli_record *record, const cli_inputs *inputs) {
  limes_cli_record_text(record, "model", inputs->model_text);
  if (inputs->first != NULL)
    limes_cli_record_text(record, "data",
                          data_text(inputs->first_name, inputs->first_fingerprint, record->data[0], sizeof record->data[0]));
  if (inputs->second != NULL)
    limes_cli_record_text(record, "against",
                          data_text(inputs->second_name, inputs->second_fingerprint, record->data[1], sizeof record->data[1]));
  limes_cli_record_normalization(record, inputs->normalization);
}

void limes_cli_record_labels(cli_record *record, const cli_inputs *inputs) {
  size_t classes = 0;
  limes_cli_record_integers(record, "labels", limes_batch_labels(inputs->first, &classes), limes_batch_items(inputs->first));
  if (inputs->second != NULL)
    limes_cli_record_integers(record, "labels_against", limes_batch_labels(inputs->second, &classes),
                              limes_batch_items(inputs->second));
}
