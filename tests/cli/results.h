/* What the program wrote: arrays and texts of files, JSON objects. */
#ifndef LIMES_TESTS_CLI_RESULTS_H
#define LIMES_TESTS_CLI_RESULTS_H

#include <jansson.h>

#include "limes/limes.h"
#include "program.h"

/* The array of a file, [count] numbers: its first value; the shape is checked. */
static inline double *numbers_of(const char *path, const char *name, unsigned rank, size_t rows, size_t columns) {
  limes_context *context = NULL;
  limes_file *file = NULL;
  limes_named_array array = {0};
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  assert_ok(context, limes_file_open(context, path, &file));
  assert_ok(context, limes_file_get(context, file, name, &array));
  assert_non_null(array.data);
  assert_int_equal(array.rank, rank);
  assert_int_equal(array.size[0], rows);
  if (rank > 1)
    assert_int_equal(array.size[1], columns);
  size_t count = 1;
  for (unsigned i = 0; i < array.rank; i++)
    count *= array.size[i];
  double *copy = malloc(count * sizeof *copy);
  memcpy(copy, array.data, count * sizeof *copy);
  limes_file_close(file);
  limes_context_destroy(context);
  return copy;
}

static inline void assert_text(const char *path, const char *name, const char *says) {
  limes_context *context = NULL;
  limes_file *file = NULL;
  limes_named_array array = {0};
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  assert_ok(context, limes_file_open(context, path, &file));
  assert_ok(context, limes_file_get(context, file, name, &array));
  assert_non_null(array.text);
  assert_says(array.text, says);
  limes_file_close(file);
  limes_context_destroy(context);
}

static inline void write_arrays(const char *path, const limes_named_array *arrays, size_t count) {
  limes_context *context = NULL;
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  assert_ok(context, limes_file_write(context, path, arrays, count));
  limes_context_destroy(context);
}

static inline json_t *json_of(const ran *answer) {
  json_error_t error;
  assert_code(answer, 0);
  json_t *object = json_loads(answer->out, 0, &error);
  if (object == NULL)
    print_error("%s in: %s\n", error.text, answer->out);
  assert_true(json_is_object(object));
  return object;
}

static inline double number(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  if (!json_is_number(value))
    print_error("no number %s\n", key);
  assert_true(json_is_number(value));
  return json_number_value(value);
}

#endif
