/* residual(survive=q): coins of their own for all activations, and one coin for the batch. */
#include "kernel/laws.h"

#include <unistd.h>

/* K + K_body / q where an item meets itself at equal positions, K + K_body elsewhere; with alpha as weights. */
static void own_coins_divide_the_body_where_an_activation_meets_itself(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 10, 3, 4, 3), *copy = random_sequences(context, 10, 3, 4, 3);
  const char *before = "dense(b_std=0.3)", *body = "relu conv(3, b_std=0.2)";
  char text[160];
  snprintf(text, sizeof text, "%s %s", before, body);
  kernels bodies = positions_of(context, text, x, NULL), shortcut = positions_of(context, before, x, NULL);
  for (int mixed = 0; mixed < 2; mixed++) {
    double w = mixed ? 0.7 : 1, v = mixed ? 0.3 : 1, q = 0.4;
    snprintf(text, sizeof text, "%s residual(%s, survive=0.4%s)", before, body, mixed ? ", alpha=0.3" : "");
    kernels deep = positions_of(context, text, x, NULL), crossed = positions_of(context, text, x, copy);
    for (size_t pair = 0; pair < 9; pair++)
      for (size_t e = 0; e < 16; e++) {
        size_t i = pair * 16 + e;
        double u = pair % 4 == 0 && e % 5 == 0 ? w / q : w;
        assert_close_at(deep.nngp[i], u * bodies.nngp[i] + v * shortcut.nngp[i], 1e-14, i);
        assert_close_at(deep.ntk[i], u * bodies.ntk[i] + v * shortcut.ntk[i], 1e-13, i);
        assert_close_at(crossed.nngp[i], w * bodies.nngp[i] + v * shortcut.nngp[i], 1e-7, i); /* relu: rho near 1 */
      }
    free_kernels(&deep);
    free_kernels(&crossed);
  }
  free_kernels(&bodies);
  free_kernels(&shortcut);
  limes_batch_destroy(x);
  limes_batch_destroy(copy);
}

/* One number a pair, a diagonal, a matrix: items of one position, flattened, pooled. The variances feel the coins. */
static void every_layout_knows_the_coins(void **state) {
  limes_context *context = *state;
  enum { N = 4 };
  const char *layers = "dense residual(relu dense, survive=0.5) dense relu";
  double *x = random_numbers(9, N * 3);
  limes_batch *vectors = batch_of(context, x, 0, N, 1, 1, 3, NULL), *sequences = batch_of(context, x, 1, N, 1, 1, 3, NULL);
  char flat[96], pooled[96];
  snprintf(flat, sizeof flat, "%s flatten", layers);
  snprintf(pooled, sizeof pooled, "%s global_avg_pool", layers);
  kernels a = kernel_of(context, layers, vectors, NULL), b = kernel_of(context, flat, sequences, NULL),
          c = kernel_of(context, pooled, sequences, NULL),
          none = kernel_of(context, "dense residual(relu dense) dense relu", vectors, NULL);
  assert_kernels_near(&a, &b, 1e-14, flat);
  assert_kernels_near(&a, &c, 1e-14, pooled);
  double *variance = numbers(N), *tangent = numbers(N);
  limes_model *model = parsed(context, layers);
  assert_ok(context, limes_kernel_diagonal(context, model, vectors, variance, tangent));
  for (size_t i = 0; i < N; i++) {
    assert_close_at(variance[i], a.nngp[i * (N + 1)], 1e-14, i);
    assert_close_at(tangent[i], a.ntk[i * (N + 1)], 1e-14, i);
    assert_true(variance[i] > 1.2 * none.nngp[i * (N + 1)]);
  }
  limes_model_destroy(model);
  kernels *all[] = {&a, &b, &c, &none};
  for (size_t i = 0; i < 4; i++)
    free_kernels(all[i]);
  limes_batch_destroy(vectors);
  limes_batch_destroy(sequences);
  free(x);
  free(variance);
  free(tangent);
}

/* Two coins, and the four models that they can make, written without coins: weights of a body / q, or no body */
static void one_coin_for_the_batch_is_the_mean_over_its_two_sides(void **state) {
  limes_context *context = *state;
  static const char *const first[] = {"sum(relu dense(w_std=4, b_std=2) | identity)", ""},
                           *const second[] = {"sum(erf dense(w_std=0.8) | identity)", ""};
  static const double probability[2][2] = {{0.25 * 0.5, 0.25 * 0.5}, {0.75 * 0.5, 0.75 * 0.5}};
  const char *mixture = "conv(3) residual(relu dense(b_std=0.5), survive=0.25, coins=shared) residual(erf dense(w_std=0.4), "
                        "survive=0.5, coins=shared) relu global_avg_pool dense";
  limes_batch *x = random_sequences(context, 12, 3, 4, 3), *y = random_sequences(context, 13, 2, 4, 3);
  for (int crossed = 0; crossed < 2; crossed++) {
    kernels mean = kernel_of(context, mixture, x, crossed ? y : NULL), sum = new_kernels(mean.rows, mean.columns);
    for (int i = 0; i < 4; i++) {
      char text[256];
      snprintf(text, sizeof text, "conv(3) %s %s relu global_avg_pool dense", first[i / 2], second[i % 2]);
      kernels part = kernel_of(context, text, x, crossed ? y : NULL);
      for (size_t k = 0; k < mean.rows * mean.columns; k++) {
        sum.nngp[k] += probability[i / 2][i % 2] * part.nngp[k];
        sum.ntk[k] += probability[i / 2][i % 2] * part.ntk[k];
      }
      free_kernels(&part);
    }
    assert_kernels_near(&mean, &sum, 1e-13, mixture);
    free_kernels(&mean);
    free_kernels(&sum);
  }
  limes_batch_destroy(x);
  limes_batch_destroy(y);
}

static limes_status compare_rows(void *user, size_t first, size_t count, const double *nngp, const double *ntk) {
  const kernels *whole = user;
  assert_same_bits(nngp, whole->nngp + first * whole->columns, count * whole->columns, "nngp");
  assert_same_bits(ntk, whole->ntk + first * whole->columns, count * whole->columns, "ntk");
  return LIMES_OK;
}

/* Whole, by rows, its diagonal, its positions, on any number of threads: one mean kernel. The coins of a repeated layer differ.
 */
static void every_call_gives_the_mean_of_a_mixture(void **state) {
  limes_context *context = *state;
  enum { N = 7 };
  const char *text = "conv(3) repeat(2, residual(relu dense, survive=0.7, coins=shared)) relu global_avg_pool dense",
             *twice =
                 "conv(3) residual(relu dense, survive=0.7, coins=shared) residual(relu dense, survive=0.7, coins=shared) relu "
                 "global_avg_pool dense",
             *kept = "conv(3) repeat(2, residual(relu dense, survive=0.7, coins=shared)) relu dense";
  limes_batch *x = random_sequences(context, 14, N, 4, 3);
  limes_model *model = parsed(context, text);
  kernels whole = kernel_of(context, text, x, NULL), same = kernel_of(context, twice, x, NULL),
          positions = positions_of(context, kept, x, NULL);
  double variance[N], tangent[N];
  assert_same_bits(whole.nngp, same.nngp, N * N, twice);
  assert_ok(context, limes_kernel_rows(context, model, x, NULL, true, true, compare_rows, &whole));
  assert_ok(context, limes_kernel_diagonal(context, model, x, variance, tangent));
  for (size_t i = 0; i < N; i++) {
    double mean = 0;
    assert_close_at(variance[i], whole.nngp[i * (N + 1)], 1e-14 * variance[i], i);
    assert_close_at(tangent[i], whole.ntk[i * (N + 1)], 1e-14 * tangent[i], i);
    for (size_t e = 0; e < 16; e++)
      mean += positions.nngp[i * (N + 1) * 16 + e] / 16;
    assert_close_at(mean, variance[i], 1e-13 * mean, i);
  }
  limes_set_threads(context, 1);
  kernels alone = kernel_of(context, text, x, NULL);
  limes_set_threads(context, 0);
  assert_same_bits(whole.ntk, alone.ntk, N * N, "one thread");
  kernels *all[] = {&whole, &same, &positions, &alone};
  for (size_t i = 0; i < 4; i++)
    free_kernels(all[i]);
  limes_model_destroy(model);
  limes_batch_destroy(x);
}

/* A kernel in a file, made of rectangles */
static void a_file_gets_the_mean_of_a_mixture(void **state) {
  limes_context *context = *state;
  enum { N = 70 };
  const char *text = "conv(3) repeat(2, residual(relu dense, survive=0.7, coins=shared)) relu global_avg_pool dense";
  char folder[] = "/tmp/limes-mixture-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/k.h5", folder);
  limes_batch *x = random_sequences(context, 14, N, 3, 2);
  limes_model *model = parsed(context, text);
  limes_kernel_file_options options = {.nngp = true, .ntk = true};
  limes_kernel_file_report report;
  assert_ok(context, limes_kernel_file(context, model, x, NULL, path, &options, &report));
  kernels whole = kernel_of(context, text, x, NULL);
  limes_file *file = NULL;
  limes_named_array nngp, ntk;
  assert_ok(context, limes_file_open(context, path, &file));
  assert_ok(context, limes_file_get(context, file, "nngp", &nngp));
  assert_ok(context, limes_file_get(context, file, "ntk", &ntk));
  assert_same_bits(nngp.data, whole.nngp, N * N, "nngp");
  assert_same_bits(ntk.data, whole.ntk, N * N, "ntk");
  limes_file_close(file);
  free_kernels(&whole);
  limes_model_destroy(model);
  limes_batch_destroy(x);
  unlink(path);
  assert_int_equal(rmdir(folder), 0);
}

static void remember(void *user, limes_log_level level, const char *text) {
  if (level == LIMES_LOG_WARNING)
    snprintf(user, 256, "%s", text);
}

static void a_mixture_is_said_to_be_one(void **state) {
  limes_context *context = *state;
  char said[256] = "";
  limes_batch *x = random_sequences(context, 15, 3, 4, 3);
  limes_model *model = parsed(context, "dense repeat(3, residual(attention, survive=0.9, coins=shared)) flatten dense"), *deep;
  limes_plan_report report = {0};
  double nngp[9], *z = NULL;
  size_t T;
  limes_kernel_output out = {.nngp = nngp};
  limes_set_log(context, remember, said);
  assert_ok(context, limes_kernel(context, model, x, NULL, &out));
  limes_set_log(context, NULL, NULL);
  assert_string_equal(said,
                      "with coins=shared the network is no Gaussian process but a mixture of 8: what is computed is the mean of "
                      "their kernels");
  assert_ok(context, limes_explain(context, model, x, NULL, true, true, &report));
  assert_non_null(strstr(report.text, "the mean kernel of a mixture of 8 Gaussian processes (coins=shared)"));
  limes_free(report.text);
  assert_int_equal(limes_attention_matrix(context, model, x, 0, 0, &z, &T), LIMES_UNABLE);
  deep = parsed(context, "dense repeat(11, residual(relu dense, survive=0.9, coins=shared)) flatten dense");
  assert_int_equal(limes_kernel(context, deep, x, NULL, &out), LIMES_REFUSED);
  assert_non_null(strstr(limes_error(context), "the model has 11 layers with coins=shared"));
  assert_int_equal(limes_explain(context, deep, x, NULL, true, true, &report), LIMES_REFUSED);
  limes_free(report.text);
  limes_model_destroy(model);
  limes_model_destroy(deep);
  limes_batch_destroy(x);
}

/* Behind coins of their own channels are a mixture, which only an affine layer makes Gaussian again. */
static void what_may_follow_coins(void **state) {
  limes_context *context = *state;
  static const struct {
    const char *model;
    bool good;
  } cases[] = {
      {"dense residual(relu dense, survive=0.9) relu dense", false},
      {"dense residual(relu dense, survive=0.9) layer_norm relu dense", false},
      {"dense residual(relu dense, survive=0.9) residual(relu dense)", false},
      {"dense sum(residual(relu dense, survive=0.9) | dense) relu", false},
      {"dense residual(relu dense, survive=0.9) dense relu dense", true},
      {"dense residual(relu dense, survive=0.9) layer_norm dense relu", true},
      {"dense residual(relu dense, survive=1) relu dense", true},
      {"dense residual(relu dense, survive=0.9, coins=shared) relu dense", true},
  };
  limes_batch *x = random_vectors(context, 16, 2, 3);
  double nngp[4];
  limes_kernel_output out = {.nngp = nngp};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    limes_model *model = parsed(context, cases[i].model);
    limes_status status = limes_kernel(context, model, x, NULL, &out);
    if (status != (cases[i].good ? LIMES_OK : LIMES_WRONG_USE) ||
        (!cases[i].good && strstr(limes_error(context), "put dense between") == NULL))
      fail_msg("%s: %s", cases[i].model, limes_error(context));
    limes_model_destroy(model);
  }
  limes_model *none = NULL;
  assert_int_equal(limes_model_parse(context, "dense residual(relu dense, coins=shared)", &none), LIMES_WRONG_USE);
  assert_non_null(strstr(limes_error(context), "write survive=0.9"));
  limes_batch_destroy(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(own_coins_divide_the_body_where_an_activation_meets_itself),
      cmocka_unit_test(every_layout_knows_the_coins),
      cmocka_unit_test(one_coin_for_the_batch_is_the_mean_over_its_two_sides),
      cmocka_unit_test(every_call_gives_the_mean_of_a_mixture),
      cmocka_unit_test(a_file_gets_the_mean_of_a_mixture),
      cmocka_unit_test(a_mixture_is_said_to_be_one),
      cmocka_unit_test(what_may_follow_coins),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
