/* A fitted process in a file of named arrays, and back. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "gp/gp.h"
#include "math/linear.h"

static const struct {
  const char *name;
  size_t offset;
} numbers[] = {
    {"steps", offsetof(limes_gp, steps)},
    {"noise", offsetof(limes_gp, facts.noise)},
    {"diag_reg", offsetof(limes_gp, facts.diag_reg)},
    {"jitter", offsetof(limes_gp, facts.jitter)},
    {"scale", offsetof(limes_gp, facts.scale)},
    {"log_evidence", offsetof(limes_gp, facts.log_evidence)},
    {"held_out_error", offsetof(limes_gp, facts.held_out_error)},
    {"noise_from", offsetof(limes_gp, facts.noise_range[0])},
    {"noise_to", offsetof(limes_gp, facts.noise_range[1])},
};

#define NUMBERS (sizeof numbers / sizeof numbers[0])

static const char *const with_names[] = {"nngp", "ntk", "ensemble"};

static limes_named_array array_of(const char *name, size_t rows, size_t columns, const double *data) {
  return (limes_named_array){.name = name, .rank = columns == 0 ? 1 : 2, .size = {rows, columns}, .data = data};
}

size_t limes_gp_arrays(const limes_gp *gp, limes_named_array arrays[LIMES_GP_ARRAYS]) {
  size_t count = 0, n = gp->train;
  arrays[count++] = (limes_named_array){.name = "with", .text = with_names[gp->with]};
  for (size_t i = 0; i < NUMBERS; i++)
    arrays[count++] =
        (limes_named_array){.name = numbers[i].name, .data = (const double *)((const char *)gp + numbers[i].offset)};
  arrays[count++] = array_of("offset", gp->outputs, 0, gp->offset);
  arrays[count++] = array_of("target", gp->outputs, n, gp->target);
  arrays[count++] = array_of("alpha", gp->outputs, n, gp->alpha);
  arrays[count++] = array_of("spectrum", n, 0, gp->spectrum);
  arrays[count++] = array_of("solver", n, n, gp->square);
  if (gp->prior != NULL)
    arrays[count++] = array_of("prior", n, n, gp->prior);
  return count;
}

limes_status limes_gp_find_array(limes_context *context, limes_file *file, const char *name, unsigned rank, size_t size[2],
                                 limes_named_array *array) {
  limes_status status = limes_file_get(context, file, name, array);
  if (status != LIMES_OK)
    return status;
  if (array->data == NULL || array->rank != rank)
    return limes_fail(context, LIMES_BAD_INPUT,
                      "the array '%s' of the fit is missing or has not %u axes: the file is damaged, fit again", name, rank);
  for (unsigned k = 0; k < rank; k++) {
    if (array->size[k] == 0 || (size[k] != 0 && array->size[k] != size[k]))
      return limes_fail(
          context, LIMES_BAD_INPUT,
          "the array '%s' of the fit has the size %zu on axis %u and does not fit the others: the file is damaged, fit again",
          name, array->size[k], k);
    size[k] = array->size[k];
  }
  return limes_gp_check_array(context, name, rank > 0 ? size[0] : 0, rank > 1 ? size[1] : 1, array->data);
}

static limes_status restore_numbers(limes_context *context, limes_file *file, limes_gp *gp) {
  for (size_t i = 0; i < NUMBERS; i++) {
    limes_named_array array = {0};
    limes_status status = limes_gp_find_array(context, file, numbers[i].name, 0, NULL, &array);
    if (status != LIMES_OK)
      return status;
    *(double *)((char *)gp + numbers[i].offset) = array.data[0];
  }
  limes_gp_facts *facts = &gp->facts;
  if (!(gp->steps >= 0) || !(facts->noise >= 0 && facts->noise < HUGE_VAL) || !(facts->jitter >= 0 && facts->jitter < HUGE_VAL) ||
      !(facts->scale > 0 && facts->scale < HUGE_VAL))
    return limes_fail(context, LIMES_BAD_INPUT,
                      "the fit's steps, noise, jitter or scale are negative or not numbers: the file is damaged, fit again");
  facts->noise_chosen = !isnan(facts->noise_range[0]);
  facts->noise_at_edge = facts->noise == facts->noise_range[0] || facts->noise == facts->noise_range[1];
  return LIMES_OK;
}

static limes_status restore_with(limes_context *context, limes_file *file, limes_gp *gp) {
  limes_named_array array = {0};
  limes_status status = limes_file_get(context, file, "with", &array);
  for (int with = LIMES_WITH_NNGP; with <= LIMES_WITH_ENSEMBLE && status == LIMES_OK && array.text != NULL; with++)
    if (strcmp(array.text, with_names[with]) == 0) {
      gp->with = (limes_with)with;
      return LIMES_OK;
    }
  return status != LIMES_OK
             ? status
             : limes_fail(context, LIMES_BAD_INPUT,
                          "the fit does not say whether it is nngp, ntk or ensemble: the file is damaged, fit again");
}

/* A copy of an array of the file, [rows,columns] or [rows] where columns is NULL; sizes of 0 are learnt. */
static limes_status restore_array(limes_context *context, limes_file *file, const char *name, size_t *rows, size_t *columns,
                                  double **copy) {
  limes_named_array array = {0};
  size_t size[2] = {*rows, columns != NULL ? *columns : 1};
  limes_status status = limes_gp_find_array(context, file, name, columns != NULL ? 2 : 1, size, &array);
  if (status != LIMES_OK)
    return status;
  *copy = limes_matrix(context, size[0], size[1]);
  if (*copy == NULL)
    return LIMES_NO_MEMORY;
  memcpy(*copy, array.data, size[0] * size[1] * sizeof **copy);
  *rows = size[0];
  if (columns != NULL)
    *columns = size[1];
  return LIMES_OK;
}

static limes_status restore_arrays(limes_context *context, limes_file *file, limes_gp *gp) {
  limes_status status = restore_array(context, file, "target", &gp->outputs, &gp->train, &gp->target);
  if (status == LIMES_OK)
    status = limes_check_order(context, gp->train);
  if (status == LIMES_OK)
    status = restore_array(context, file, "alpha", &gp->outputs, &gp->train, &gp->alpha);
  if (status == LIMES_OK)
    status = restore_array(context, file, "offset", &gp->outputs, NULL, &gp->offset);
  if (status == LIMES_OK)
    status = restore_array(context, file, "spectrum", &gp->train, NULL, &gp->spectrum);
  if (status == LIMES_OK)
    status = restore_array(context, file, "solver", &gp->train, &gp->train, &gp->square);
  if (status == LIMES_OK && gp->with == LIMES_WITH_ENSEMBLE)
    status = restore_array(context, file, "prior", &gp->train, &gp->train, &gp->prior);
  return status;
}

limes_status limes_gp_restore(limes_context *context, limes_file *file, limes_gp **gp) {
  limes_gp *made = *gp = limes_allocate(context, 1, sizeof *made);
  if (made == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = restore_with(context, file, made);
  if (status == LIMES_OK)
    status = restore_numbers(context, file, made);
  if (status == LIMES_OK)
    status = restore_arrays(context, file, made);
  if (status != LIMES_OK) {
    limes_gp_destroy(made);
    *gp = NULL;
  }
  return status;
}
