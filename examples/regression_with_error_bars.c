/* Regression with error bars: the posterior of an infinitely wide network, given a few noisy values of a sine.
 *
 *     cc regression_with_error_bars.c -o regression_with_error_bars $(pkg-config --cflags --libs limes) -lm
 */
#include <limes/limes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRAIN = 40, TEST = 13 };

static void must(limes_context *context, limes_status status) {
  if (status == LIMES_OK)
    return;
  fprintf(stderr, "%s\n", limes_error(context));
  exit(status);
}

static limes_batch *batch_of(limes_context *context, const double *x, size_t items) {
  limes_batch *batch = NULL;
  limes_array array = {.data = x, .dtype = LIMES_FLOAT64, .items = items, .features = 1};
  must(context, limes_batch_create(context, &array, NULL, NULL, &batch));
  return batch;
}

/* Kernels of the training data (dd), between test and training data (td), and the variances of the test data (tt) */
static void kernels_of(limes_context *context, const limes_model *model, const double *x, const double *x_test, double *dd,
                       double *td, double *tt) {
  limes_batch *train = batch_of(context, x, TRAIN), *test = batch_of(context, x_test, TEST);
  must(context, limes_kernel(context, model, train, NULL, &(limes_kernel_output){.nngp = dd}));
  must(context, limes_kernel(context, model, test, train, &(limes_kernel_output){.nngp = td}));
  must(context, limes_kernel_diagonal(context, model, test, tt, NULL));
  limes_batch_destroy(train);
  limes_batch_destroy(test);
}

int main(void) {
  double x[TRAIN], y[TRAIN], x_test[TEST], mean[TEST], variance[TEST];
  for (int i = 0; i < TRAIN; i++) {
    x[i] = -2 + 4 * fmod(0.618034 * i, 1);             /* spread over [-2,2] */
    y[i] = sin(2 * x[i]) + 0.1 * sin(7.0 * i * i * i); /* sines of cubes look like noise */
  }
  for (int i = 0; i < TEST; i++)
    x_test[i] = -3 + 6.0 * i / (TEST - 1); /* a third of them outside the data */

  limes_context *context = NULL;
  if (limes_context_create(&context) != LIMES_OK)
    return EXIT_FAILURE;
  limes_model *model = NULL;
  must(context, limes_model_parse(context, "dense(w_std=4, b_std=4) erf dense(w_std=2, b_std=1) erf dense(w_std=2)", &model));
  double dd[TRAIN * TRAIN], td[TEST * TRAIN], tt[TEST];
  kernels_of(context, model, x, x_test, dd, td, tt);

  const limes_gp_kernels kernels = {
      .train = TRAIN, .test = TEST, .nngp_dd = dd, .nngp_td = td, .nngp_tt = tt, .tt_is_diagonal = true};
  const limes_gp_options options = limes_gp_defaults(); /* noise and scale are chosen by leave-one-out */
  limes_gp *gp = NULL;
  must(context, limes_gp_fit(context, &kernels, y, 1, true, &options, &gp));
  must(context, limes_gp_predict(context, gp, &kernels, mean, NULL, variance));

  printf("     x    sin 2x      mean   2 std\n");
  for (int i = 0; i < TEST; i++)
    printf("%6.2f  %8.4f  %8.4f  %6.4f\n", x_test[i], sin(2 * x_test[i]), mean[i], 2 * sqrt(variance[i]));
  printf("noise std %.4f\n", sqrt(limes_gp_describe(gp).noise));

  limes_gp_destroy(gp);
  limes_model_destroy(model);
  limes_context_destroy(context);
  return EXIT_SUCCESS;
}
