/* Layers by quadrature: what they say of their errors, and layers that keep several numbers of a position. */
#include "kernel/laws.h"

#define MOST_TEXT 512

/* The last line of the log and its level */
typedef struct {
  limes_log_level level;
  unsigned lines;
  char text[MOST_TEXT];
} heard;

static void listen(void *user, limes_log_level level, const char *text) {
  heard *last = user;
  last->level = level;
  last->lines++;
  snprintf(last->text, sizeof last->text, "%s", text);
}

static double number_behind(const char *text, const char *words) {
  const char *at = strstr(text, words);
  if (at == NULL)
    fail_msg("'%s' does not stand in: %s", words, text);
  return strtod(at + strlen(words), NULL);
}

static double largest_of(const double *values, const double *others, size_t n) {
  double largest = 0;
  for (size_t i = 0; i < n; i++)
    largest = fmax(largest, fabs(values[i] - (others == NULL ? 0 : others[i])));
  return largest;
}

static void errors_that_are_reported_bound_those_that_are_made(void **state) {
  limes_context *context = *state;
  static const char *const words[] = {"tanh", "sigmoid", "softplus", "swish", "mish"};
  limes_batch *batch = random_vectors(context, 5, 8, 6);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    for (unsigned order = 8; order <= 32; order *= 2) {
      char coarse[128], fine[128];
      heard last = {0};
      snprintf(coarse, sizeof coarse, "dense(w_std=2)\n %s(order=%u) dense", words[i], order);
      snprintf(fine, sizeof fine, "dense(w_std=2) %s(order=400) dense", words[i]);
      limes_set_log(context, listen, &last);
      kernels some = kernel_of(context, coarse, batch, NULL);
      limes_set_log(context, NULL, NULL);
      kernels all = kernel_of(context, fine, batch, NULL);
      assert_int_equal(last.lines, 1);
      assert_non_null(strstr(last.text, "(line 2, column 2) by quadrature"));
      double reported = number_behind(last.text, "up to "), made = largest_of(some.nngp, all.nngp, 64);
      double size = largest_of(all.nngp, NULL, 64);
      assert_int_equal(last.level, reported > 1e-6 ? LIMES_LOG_WARNING : last.level);
      if (made > (1.05 * reported + 1e-14) * size || (order == 8 && made < 1e-3 * reported * size))
        fail_msg("%s: the error is %.3g, and %.3g was reported", coarse, made / size, reported);
      free_kernels(&some);
      free_kernels(&all);
    }
  limes_batch_destroy(batch);
}

static void explain_says_the_error_of_each_layer(void **state) {
  limes_context *context = *state;
  limes_batch *batch = random_vectors(context, 6, 8, 6);
  limes_model *model = parsed(context, "dense(w_std=0.5) tanh dense elu(order=32) dense relu dense");
  limes_plan_report report;
  assert_ok(context, limes_explain(context, model, batch, NULL, true, true, &report));
  const char *elu = strstr(report.text, "elu (line 1, column 29) by quadrature: relative error ");
  assert_non_null(strstr(report.text, "tanh (line 1, column 18) by quadrature: relative error "));
  assert_non_null(elu);
  assert_true(number_behind(elu, "up to ") < 1e-9);
  assert_null(strstr(report.text, "relu (line"));
  limes_free(report.text);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
}

/* One number a pair, a diagonal, a matrix, items of one position and of several: one kernel. */
static void every_layout_gives_the_same_kernel(void **state) {
  limes_context *context = *state;
  static const char *const words[] = {"tanh", "polynomial(0.3, -0.8, 0.25)", "monomial(3)", "elu", "softplus(order=13)"};
  enum { N = 4, T = 5 };
  double *x = random_numbers(9, N * T * 3);
  limes_batch *sequences = batch_of(context, x, 1, N, T, 1, 3, NULL), *vectors = batch_of(context, x, 0, N * T, 1, 1, 3, NULL);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    char text[128], flat[160], pooled[160];
    snprintf(text, sizeof text, "dense %s dense", words[i]);
    snprintf(flat, sizeof flat, "%s flatten", text);
    snprintf(pooled, sizeof pooled, "%s global_avg_pool", text);
    kernels single = kernel_of(context, text, vectors, NULL), diagonal = kernel_of(context, flat, sequences, NULL);
    kernels matrix = kernel_of(context, pooled, sequences, NULL);
    for (size_t p = 0; p < N; p++)
      for (size_t q = 0; q < N; q++) {
        double trace = 0, all = 0;
        for (size_t a = 0; a < T; a++)
          for (size_t b = 0; b < T; b++) {
            double entry = single.ntk[(p * T + a) * N * T + q * T + b];
            all += entry / (T * T);
            trace += a == b ? entry / T : 0;
          }
        assert_close_at(diagonal.ntk[p * N + q], trace, 1e-12 * fmax(1, fabs(trace)), i);
        assert_close_at(matrix.ntk[p * N + q], all, 1e-12 * fmax(1, fabs(all)), i);
      }
    free_kernels(&single);
    free_kernels(&diagonal);
    free_kernels(&matrix);
  }
  limes_batch_destroy(sequences);
  limes_batch_destroy(vectors);
  free(x);
}

/* An item with itself is integrated without a series; so is its copy with it, as far as the polynomials go. */
static void an_item_and_its_copy_differ_by_what_is_left_out(void **state) {
  limes_context *context = *state;
  double *x = random_numbers(11, 8);
  memcpy(x + 4, x, 4 * sizeof *x);
  limes_batch *batch = batch_of(context, x, 0, 2, 1, 1, 4, NULL);
  heard last = {0};
  limes_set_log(context, listen, &last);
  kernels k = kernel_of(context, "dense(w_std=2) tanh(order=16) dense", batch, NULL);
  limes_set_log(context, NULL, NULL);
  double left_out = number_behind(last.text, "up to ");
  assert_close(1 - k.nngp[1] / k.nngp[0], left_out, 0.06 * left_out);
  assert_true(left_out > 0);
  free_kernels(&k);
  limes_batch_destroy(batch);
  free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_that_are_reported_bound_those_that_are_made),
      cmocka_unit_test(explain_says_the_error_of_each_layer),
      cmocka_unit_test(every_layout_gives_the_same_kernel),
      cmocka_unit_test(an_item_and_its_copy_differ_by_what_is_left_out),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
