/* Parameters in files of named arrays: WORD_K.NAME for array NAME of the K-th layer of that word. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network/network.h"

#define NAME_SIZE 64 /* of the longest word, its number and an array's name */

static const char *const parameterizations[] = {"ntk", "standard"};

static size_t count_arrays(const limes_network *network) {
  size_t n = 0;
  limes_network_array array;
  while (limes_network_array_at(network, n, &array))
    n++;
  return n;
}

/* Which of the layers of its word it is, from 0 */
static size_t number_of(const limes_network *network, size_t layer) {
  const limes_op *op = network->program.op;
  size_t number = 0;
  for (size_t i = 0; i < layer; i++)
    number += strcmp(op[i].ops->word, op[layer].ops->word) == 0;
  return number;
}

static void name_array(const limes_network *network, const limes_network_array *array, char name[NAME_SIZE]) {
  snprintf(name, NAME_SIZE, "%s_%zu.%s", array->word, number_of(network, array->layer), array->name);
}

limes_status limes_network_named(limes_context *context, const limes_network *network, const double *theta,
                                 limes_named_array **arrays, size_t *count) {
  size_t n = count_arrays(network);
  theta = theta == NULL ? network->theta : theta;
  *count = 0;
  *arrays = limes_allocate(context, 1, (n + 1) * sizeof **arrays + n * NAME_SIZE);
  if (*arrays == NULL)
    return LIMES_NO_MEMORY;
  char *names = (char *)(*arrays + n + 1);
  for (size_t i = 0; i < n; i++) {
    limes_network_array array;
    (void)limes_network_array_at(network, i, &array);
    name_array(network, &array, names + i * NAME_SIZE);
    (*arrays)[i] = (limes_named_array){
        .name = names + i * NAME_SIZE, .rank = 2, .size = {array.rows, array.columns}, .data = theta + array.first};
  }
  (*arrays)[n] = (limes_named_array){.name = "parameterization", .text = parameterizations[network->settings.parameterization]};
  *count = n + 1;
  return LIMES_OK;
}

limes_status limes_network_save(limes_context *context, const limes_network *network, const char *path) {
  limes_named_array *arrays = NULL;
  size_t count = 0;
  limes_status status = limes_network_named(context, network, NULL, &arrays, &count);
  if (status == LIMES_OK)
    status = limes_file_write(context, path, arrays, count);
  free(arrays);
  return status;
}

/* reading */

typedef struct {
  limes_context *context;
  const limes_network *network;
  const char *path;
  limes_file *file;
  const limes_named_array *named; /* [count] of the network, the text last */
  size_t count;
  bool own; /* the numbers are theta of the network's parameterization; else the weights */
  bool ntk; /* they are theta of the NTK's parameterization, and the network has the other */
} reading;

static limes_status find_parameterization(reading *r) {
  limes_named_array array = {0};
  limes_status status = limes_file_get(r->context, r->file, "parameterization", &array);
  if (status != LIMES_OK || array.text == NULL)
    return status;
  for (int k = 0; k < 2; k++)
    if (strcmp(array.text, parameterizations[k]) == 0) {
      r->own = k == (int)r->network->settings.parameterization;
      r->ntk = !r->own && k == LIMES_NTK_PARAMETERIZATION;
      return LIMES_OK;
    }
  return limes_fail(r->context, LIMES_BAD_INPUT, "%s: its parameterization is \"%s\", and there are ntk and standard", r->path,
                    array.text);
}

/* Names with a dot are parameters: one that the network does not have would be passed over without a word. */
static limes_status check_names(const reading *r) {
  for (size_t i = 0; limes_file_name(r->file, i) != NULL; i++) {
    const char *name = limes_file_name(r->file, i);
    bool known = strchr(name, '.') == NULL;
    for (size_t k = 0; k < r->count && !known; k++)
      known = strcmp(name, r->named[k].name) == 0;
    if (!known)
      return limes_fail(r->context, LIMES_BAD_INPUT,
                        "%s: the model has no parameters %s (its first are %s): give the model that the file was made for",
                        r->path, name, r->named[0].name);
  }
  return LIMES_OK;
}

static limes_status check_numbers(const reading *r, const char *name, const double *data, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(data[i]))
      return limes_fail(r->context, LIMES_BAD_INPUT, "%s: number %zu of %s (counted from 0) is %g", r->path, i, name, data[i]);
  return LIMES_OK;
}

static limes_status read_array(const reading *r, size_t i, double *theta) {
  limes_network_array array;
  const char *name = r->named[i].name;
  limes_named_array found = {0};
  (void)limes_network_array_at(r->network, i, &array);
  limes_status status = limes_file_get(r->context, r->file, name, &found);
  if (status != LIMES_OK)
    return status;
  if (found.data == NULL)
    return limes_fail(r->context, LIMES_BAD_INPUT,
                      "%s has no array %s [%zu,%zu] of the model's parameters: give the model that the file was made for",
                      r->path, name, array.rows, array.columns);
  size_t n = found.rank == 0 ? 1 : found.size[0];
  for (unsigned axis = 1; axis < found.rank; axis++)
    n *= found.size[axis];
  bool row = found.rank == 1 && array.rows == 1; /* a bias */
  if (n != array.rows * array.columns || !(row || (found.rank == 2 && found.size[0] == array.rows)))
    return limes_fail(r->context, LIMES_BAD_INPUT,
                      "%s: %s has %zu numbers along %u axes, and the model wants [%zu,%zu], inputs along rows: give the width "
                      "that the file was made with, or turn the array round",
                      r->path, name, n, found.rank, array.rows, array.columns);
  status = check_numbers(r, name, found.data, n);
  for (size_t k = 0; k < n; k++)
    theta[array.first + k] = r->own ? found.data[k] : r->ntk ? found.data[k] * array.std : found.data[k] / array.factor;
  return status;
}

static limes_status read_all(reading *r, double *theta) {
  limes_status status = find_parameterization(r);
  if (status == LIMES_OK)
    status = check_names(r);
  for (size_t i = 0; i + 1 < r->count && status == LIMES_OK; i++)
    status = read_array(r, i, theta);
  return status;
}

limes_status limes_network_load(limes_context *context, limes_network *network, const char *path) {
  reading r = {.context = context, .network = network, .path = path};
  limes_named_array *named = NULL;
  double *theta = limes_allocate(context, network->parameters, sizeof *theta);
  limes_status status = theta == NULL ? LIMES_NO_MEMORY : limes_network_named(context, network, NULL, &named, &r.count);
  r.named = named;
  if (status == LIMES_OK)
    status = limes_file_open(context, path, &r.file);
  if (status == LIMES_OK)
    status = read_all(&r, theta);
  if (status == LIMES_OK)
    limes_network_set(network, theta);
  limes_file_close(r.file);
  free(named);
  free(theta);
  return status;
}
