/* The kernel of a network with a nonlinearity that limes does not know: squareplus, (u + sqrt(u^2 + c)) / 2, a smooth relu.
 *
 *     cc own_nonlinearity.c -o own_nonlinearity $(pkg-config --cflags --libs limes) -lm
 */
#include <limes/limes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The library never prints and never exits: that is left to its user. */
static void must(limes_context *context, limes_status status) {
  if (status == LIMES_OK)
    return;
  fprintf(stderr, "%s\n", limes_error(context));
  exit(status);
}

/* Several threads call these at once: they read *user and write nothing. */
static double squareplus(void *user, double u) {
  const double *c = user;
  return 0.5 * (u + sqrt(u * u + *c));
}

static double slope_of_squareplus(void *user, double u) {
  const double *c = user;
  return u == 0 ? 0.5 : 0.5 * (1 + u / sqrt(u * u + *c));
}

static void print_warning(void *user, limes_log_level level, const char *text) {
  (void)user;
  if (level == LIMES_LOG_WARNING)
    printf("warning: %s\n", text);
}

static void print_kernel(limes_context *context, const char *text, const limes_batch *batch) {
  double nngp[3][3], ntk[3][3];
  const limes_kernel_output out = {.nngp = &nngp[0][0], .ntk = &ntk[0][0]};
  limes_model *model = NULL;
  must(context, limes_model_parse(context, text, &model));
  must(context, limes_kernel(context, model, batch, NULL, &out));
  printf("%s\n", text);
  for (int i = 0; i < 3; i++)
    printf("%10.6f %10.6f %10.6f   %10.6f %10.6f %10.6f\n", nngp[i][0], nngp[i][1], nngp[i][2], ntk[i][0], ntk[i][1], ntk[i][2]);
  limes_model_destroy(model);
}

int main(void) {
  const double x[3][2] = {{1, 0}, {0, 1}, {0.6, 0.8}};
  double soft = 4, hard = 0; /* c: the function and its user data live as long as the context */

  limes_context *context = NULL;
  if (limes_context_create(&context) != LIMES_OK)
    return EXIT_FAILURE;
  limes_set_log(context, print_warning, NULL);
  must(context, limes_word_define(context, "squareplus", squareplus, slope_of_squareplus, &soft));
  must(context, limes_word_define(context, "kinked", squareplus, slope_of_squareplus, &hard)); /* relu: its kink is warned of */
  limes_batch *batch = NULL;
  limes_array array = {.data = x, .dtype = LIMES_FLOAT64, .items = 3, .features = 2};
  must(context, limes_batch_create(context, &array, NULL, NULL, &batch));

  print_kernel(context, "dense squareplus dense", batch);
  print_kernel(context, "dense kinked(order=256) dense", batch);
  print_kernel(context, "dense relu dense", batch);

  limes_batch_destroy(batch);
  limes_context_destroy(context);
  return EXIT_SUCCESS;
}
