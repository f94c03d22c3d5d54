/* What the tests of sampled attention share: kernels with their standard errors. */
#ifndef LIMES_TESTS_SAMPLED_H
#define LIMES_TESTS_SAMPLED_H

#include "kernel/laws.h"

#define STUDENT 2.131449545559323 /* t_0.975 of 15 degrees of freedom: 16 randomizations */

enum { NNGP, NTK, BOTH };

/* Kernels and their errors, [rows, columns] each */
typedef struct {
  size_t rows, columns;
  double *mean[BOTH], *error[BOTH];
} estimate;

static inline estimate new_estimate(size_t rows, size_t columns) {
  estimate e = {rows, columns, {NULL, NULL}, {NULL, NULL}};
  for (int kernel = 0; kernel < BOTH; kernel++) {
    e.mean[kernel] = numbers(rows * columns);
    e.error[kernel] = numbers(rows * columns);
    for (size_t i = 0; i < rows * columns; i++)
      e.error[kernel][i] = NAN; /* every one is to be written */
  }
  return e;
}

static inline limes_kernel_output output_of(const estimate *e) {
  return (limes_kernel_output){
      .nngp = e->mean[NNGP], .ntk = e->mean[NTK], .nngp_error = e->error[NNGP], .ntk_error = e->error[NTK]};
}

static inline void free_estimate(estimate *e) {
  for (int kernel = 0; kernel < BOTH; kernel++) {
    free(e->mean[kernel]);
    free(e->error[kernel]);
  }
}

/* b = NULL: symmetric */
static inline estimate estimate_of(limes_context *context, const char *text, const limes_batch *a, const limes_batch *b) {
  limes_model *model = parsed(context, text);
  estimate e = new_estimate(limes_batch_items(a), limes_batch_items(b == NULL ? a : b));
  limes_kernel_output out = output_of(&e);
  if (limes_kernel(context, model, a, b, &out) != LIMES_OK)
    fail_msg("%s: %s", text, limes_error(context));
  limes_model_destroy(model);
  return e;
}

#endif
