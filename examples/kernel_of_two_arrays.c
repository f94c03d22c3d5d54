/* The exact NNGP and NTK kernels between the rows of two arrays.
 *
 *     cc kernel_of_two_arrays.c -o kernel_of_two_arrays $(pkg-config --cflags --libs limes)
 */
#include <limes/limes.h>
#include <stdio.h>
#include <stdlib.h>

/* The library never prints and never exits: that is left to its user. */
static void must(limes_context *context, limes_status status) {
  if (status == LIMES_OK)
    return;
  fprintf(stderr, "%s\n", limes_error(context));
  exit(status);
}

static limes_batch *batch_of(limes_context *context, const double *x, size_t items, size_t features) {
  limes_batch *batch = NULL;
  limes_array array = {.data = x, .dtype = LIMES_FLOAT64, .items = items, .features = features};
  must(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  return batch;
}

static void print_matrix(const char *name, size_t rows, size_t columns, const double *matrix) {
  printf("%s\n", name);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      printf("%10.6f%s", matrix[i * columns + j], j + 1 < columns ? " " : "\n");
}

int main(void) {
  const double a[4][3] = {{1, 0, 0}, {0, 1, 0}, {0.6, 0.8, 0}, {1, 2, 3}};
  const double b[2][3] = {{1, 0, 0}, {-1, 0, 2}};
  double nngp[4][2], ntk[4][2];

  limes_context *context = NULL;
  if (limes_context_create(&context) != LIMES_OK)
    return EXIT_FAILURE;
  limes_model *model = NULL;
  must(context, limes_model_parse(context, "repeat(2, dense(w_std=sqrt(2)) relu) dense", &model));
  limes_batch *rows = batch_of(context, &a[0][0], 4, 3), *columns = batch_of(context, &b[0][0], 2, 3);

  const limes_kernel_output out = {.nngp = &nngp[0][0], .ntk = &ntk[0][0]};
  must(context, limes_kernel(context, model, rows, columns, &out));
  print_matrix("nngp", 4, 2, &nngp[0][0]);
  print_matrix("ntk", 4, 2, &ntk[0][0]);

  limes_batch_destroy(rows);
  limes_batch_destroy(columns);
  limes_model_destroy(model);
  limes_context_destroy(context);
  return EXIT_SUCCESS;
}
