/* Laws of averages of empirical kernels, of the choice of a route, and of parameters in files. */
#include <time.h>

#include "layers/finite.h"
#include "network/networks.h"

#define MODEL "conv(3, b_std=0.3) relu global_avg_pool dense(b_std=0.1)"

typedef struct {
  limes_empirical_sums sums;
  size_t n;
} averages;

static averages new_averages(size_t rows, size_t columns) {
  size_t n = rows * columns;
  return (averages){{.nngp = numbers(n), .ntk = numbers(n), .nngp_squares = numbers(n), .ntk_squares = numbers(n)}, n};
}

static void free_averages(averages *a) {
  free(a->sums.nngp);
  free(a->sums.ntk);
  free(a->sums.nngp_squares);
  free(a->sums.ntk_squares);
}

static void assert_same_averages(const averages *a, const averages *b, const char *what) {
  assert_int_equal(a->sums.draws, b->sums.draws);
  assert_same_bits(a->sums.nngp, b->sums.nngp, a->n, what);
  assert_same_bits(a->sums.ntk, b->sums.ntk, a->n, what);
  assert_same_bits(a->sums.nngp_squares, b->sums.nngp_squares, a->n, what);
  assert_same_bits(a->sums.ntk_squares, b->sums.ntk_squares, a->n, what);
}

static const limes_network_settings narrow = {.width = 7, .seed = 3, .draw = 2, .outputs = 2};

static void add_draws(limes_context *context, const limes_batch *batch, size_t until, averages *a) {
  limes_model *model = parsed(context, MODEL);
  limes_empirical_options options = {.draws = until, .route = LIMES_NTK_LAYERWISE};
  assert_ok(context, limes_empirical_draws(context, model, batch, NULL, &narrow, &options, &a->sums));
  limes_model_destroy(model);
}

/* Means and standard errors from all kernels kept, in two passes, against Welford's. */
static void averages_are_those_of_single_draws(void **state) {
  enum { DRAWS = 5, N = ITEMS * ITEMS };
  limes_batch *batch = random_sequences(*state, 1, ITEMS, POSITIONS, FEATURES);
  limes_model *model = parsed(*state, MODEL);
  limes_network *network = network_of(*state, model, batch, &narrow);
  averages a = new_averages(ITEMS, ITEMS);
  add_draws(*state, batch, DRAWS, &a);
  double nngp[DRAWS][N], ntk[DRAWS][N];
  for (size_t draw = 0; draw < DRAWS; draw++) {
    limes_network_draw(network, narrow.draw + draw);
    limes_kernel_output out = {.nngp = nngp[draw], .ntk = ntk[draw]};
    assert_ok(*state, limes_empirical(*state, network, batch, NULL, 0, LIMES_NTK_JACOBIAN, &out));
  }
  for (size_t k = 0; k < N; k++) {
    double mean[2] = {0}, squares[2] = {0};
    for (size_t draw = 0; draw < DRAWS; draw++) {
      mean[0] += nngp[draw][k] / DRAWS;
      mean[1] += ntk[draw][k] / DRAWS;
    }
    for (size_t draw = 0; draw < DRAWS; draw++) {
      squares[0] += (nngp[draw][k] - mean[0]) * (nngp[draw][k] - mean[0]);
      squares[1] += (ntk[draw][k] - mean[1]) * (ntk[draw][k] - mean[1]);
    }
    assert_close(a.sums.nngp[k], mean[0], 1e-13);
    assert_close(a.sums.ntk[k], mean[1], 1e-13);
    assert_close(a.sums.nngp_squares[k], squares[0], 1e-13);
    assert_close(a.sums.ntk_squares[k], squares[1], 1e-13);
  }
  free_averages(&a);
  limes_network_destroy(network);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
}

static void averages_have_the_same_bits_in_one_go_or_in_parts_on_any_threads(void **state) {
  limes_batch *batch = random_sequences(*state, 1, ITEMS, POSITIONS, FEATURES);
  averages whole = new_averages(ITEMS, ITEMS), parts = new_averages(ITEMS, ITEMS), alone = new_averages(ITEMS, ITEMS);
  limes_set_threads(*state, 3);
  add_draws(*state, batch, 8, &whole);
  add_draws(*state, batch, 2, &parts);
  limes_set_threads(*state, 2);
  add_draws(*state, batch, 7, &parts);
  add_draws(*state, batch, 8, &parts);
  limes_set_threads(*state, 1);
  add_draws(*state, batch, 8, &alone);
  limes_set_threads(*state, 0);
  assert_same_averages(&whole, &parts, "in parts");
  assert_same_averages(&whole, &alone, "on one thread");
  free_averages(&whole);
  free_averages(&parts);
  free_averages(&alone);
  limes_batch_destroy(batch);
}

static int stop_after(void *user, const char *what, double done, double seconds_left) {
  (void)what;
  (void)seconds_left;
  assert_true(done >= 0 && done <= 1);
  return *(size_t *)user > 0 ? --*(size_t *)user == 0 : 1;
}

/* Stopped when the callback has been asked twice, wherever that is: what is there is a beginning of the whole. */
static void an_interrupted_average_goes_on_to_the_same_bits(void **state) {
  (void)state;
  limes_context *context = new_context();
  limes_set_threads(context, 2);
  limes_batch *batch = random_sequences(context, 1, ITEMS, POSITIONS, FEATURES);
  limes_model *model = parsed(context, MODEL);
  averages stopped = new_averages(ITEMS, ITEMS), whole = new_averages(ITEMS, ITEMS);
  size_t calls = 2;
  limes_empirical_options options = {.draws = 1000000, .route = LIMES_NTK_LAYERWISE};
  limes_set_progress(context, stop_after, &calls);
  assert_int_equal(limes_empirical_draws(context, model, batch, NULL, &narrow, &options, &stopped.sums), LIMES_INTERRUPTED);
  limes_set_progress(context, NULL, NULL);
  size_t had = stopped.sums.draws;
  assert_true(had > 0 && had < options.draws);
  add_draws(context, batch, had, &whole);
  assert_same_averages(&stopped, &whole, "what was kept");
  free_averages(&stopped);
  free_averages(&whole);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  limes_context_destroy(context);
}

/* the choice of a route */

typedef struct {
  const char *model;
  size_t items, rows, columns, features, width; /* columns 0: no positions */
} task;

static const task tasks[] = {
    {"dense relu dense relu dense", 12, 1, 0, 30, 256},
    {"dense relu dense relu dense", 40, 1, 0, 30, 24},
    {"conv(3) relu conv(3) relu flatten dense", 6, 8, 8, 3, 12},
    {"conv(3) relu conv(3) relu global_avg_pool dense", 5, 4, 4, 3, 96},
    {"local_conv(3) relu local_conv(3) relu flatten dense", 8, 4, 4, 3, 32},
    {"dense attention(scale=sqrt, zeta=relu) layer_norm global_avg_pool dense", 6, 6, 1, 8, 64},
    {"conv(3) relu attention(position=sum) relu flatten dense", 6, 8, 8, 1, 32},
    {"dense residual(layer_norm dense relu dense) dense", 100, 1, 0, 10, 64},
    {"dense attention attention_pool dense", 20, 3, 1, 10, 128},
};

static limes_batch *items_of_task(limes_context *context, const task *t) {
  size_t positions = t->columns == 0 ? 1 : t->rows * t->columns;
  double *x = random_numbers(4, t->items * positions * t->features);
  limes_batch *batch = batch_of(context, x,
                                t->columns == 0   ? 0
                                : t->columns == 1 ? 1
                                                  : 2,
                                t->items, t->rows, t->columns == 0 ? 1 : t->columns, t->features, NULL);
  free(x);
  return batch;
}

static double cpu_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The least of a few runs on one thread */
static double measure(limes_context *context, const limes_network *network, const limes_batch *batch, limes_ntk_route route,
                      double *ntk) {
  double best = INFINITY;
  for (int k = 0; k < 5; k++) {
    double started = cpu_seconds();
    assert_ok(context, limes_empirical(context, network, batch, NULL, 1, route, &(limes_kernel_output){.ntk = ntk}));
    double seconds = cpu_seconds() - started;
    best = seconds < best ? seconds : best;
  }
  return best;
}

/* Times say nothing where a checker stands between. */
static void skip_under_checkers(void) {
#if defined(__SANITIZE_ADDRESS__)
  skip();
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  skip();
#endif
#endif
}

static void structured_derivatives_are_ten_times_as_fast_as_jacobians(void **state) {
  enum { N = 32 };
  skip_under_checkers();
  (void)state;
  limes_context *context = new_context();
  limes_set_threads(context, 1);
  limes_batch *batch = random_vectors(context, 1, N, 64);
  limes_model *model = parsed(context, "repeat(4, dense(w_std=sqrt(2)) relu) dense");
  limes_network_settings settings = {.width = 512, .outputs = 1};
  limes_network *network = network_of(context, model, batch, &settings);
  double *ntk[2] = {numbers(N * N), numbers(N * N)};
  double structured = measure(context, network, batch, LIMES_NTK_STRUCTURED, ntk[0]);
  double jacobian = measure(context, network, batch, LIMES_NTK_JACOBIAN, ntk[1]);
  print_message("structured %.1f ms, Jacobian %.1f ms\n", 1e3 * structured, 1e3 * jacobian);
  assert_near(ntk[0], ntk[1], N * N, 1e-13, "both routes");
  assert_true(10 * structured <= jacobian);
  free(ntk[0]);
  free(ntk[1]);
  limes_network_destroy(network);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  limes_context_destroy(context);
}

static void the_chosen_route_takes_at_most_twice_the_best(void **state) {
  skip_under_checkers();
  (void)state;
  limes_context *context = new_context();
  limes_set_threads(context, 1);
  for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
    limes_batch *batch = items_of_task(context, &tasks[i]);
    limes_model *model = parsed(context, tasks[i].model);
    limes_network_settings settings = {.width = tasks[i].width, .outputs = 1};
    limes_network *network = network_of(context, model, batch, &settings);
    double *ntk = numbers(tasks[i].items * tasks[i].items), seconds[LIMES_NTK_ROUTES + 1], best = INFINITY;
    for (int route = 0; route <= LIMES_NTK_ROUTES; route++) {
      seconds[route] = measure(context, network, batch, (limes_ntk_route)route, ntk);
      best = seconds[route] < best ? seconds[route] : best;
    }
    print_message("%s, width %zu: structured %.2f, Jacobian %.2f, tangents %.2f, layerwise %.2f, chosen %.2f ms\n",
                  tasks[i].model, tasks[i].width, 1e3 * seconds[0], 1e3 * seconds[1], 1e3 * seconds[2], 1e3 * seconds[3],
                  1e3 * seconds[4]);
    assert_true(seconds[LIMES_NTK_AUTO] <= 2 * best);
    free(ntk);
    limes_network_destroy(network);
    limes_model_destroy(model);
    limes_batch_destroy(batch);
  }
  limes_context_destroy(context);
}

/* Memory decides where the fastest does not fit, and refuses where none does. */
static void a_route_that_does_not_fit_is_not_chosen(void **state) {
  (void)state;
  limes_context *context = new_context();
  limes_batch *batch = random_vectors(context, 1, 30, 50);
  limes_model *model = parsed(context, "repeat(2, dense relu) dense");
  limes_network_settings settings = {.width = 200, .outputs = 1};
  limes_empirical_options options = {.draws = 4, .route = LIMES_NTK_JACOBIAN};
  limes_empirical_report report;
  limes_set_memory(context, (uint64_t)1 << 30);
  assert_ok(context, limes_explain_empirical(context, model, batch, NULL, &settings, &options, &report));
  assert_int_equal(report.chosen, LIMES_NTK_JACOBIAN);
  assert_true(report.route[LIMES_NTK_JACOBIAN].bytes > report.route[LIMES_NTK_TANGENTS].bytes);
  limes_set_memory(context, report.route[LIMES_NTK_JACOBIAN].bytes - 1);
  limes_free(report.text);
  assert_int_equal(limes_explain_empirical(context, model, batch, NULL, &settings, &options, &report), LIMES_REFUSED);
  assert_int_equal(report.chosen, LIMES_NTK_AUTO);
  assert_non_null(strstr(report.text, "does not fit"));
  limes_free(report.text);
  options.route = LIMES_NTK_AUTO;
  assert_ok(context, limes_explain_empirical(context, model, batch, NULL, &settings, &options, &report));
  assert_true(report.chosen != LIMES_NTK_JACOBIAN && report.chosen != LIMES_NTK_AUTO);
  limes_free(report.text);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  limes_context_destroy(context);
}

/* parameters in files */

static const char *const endings[] = {"P.npz", "P.h5"};

static void parameters_come_back_from_a_file(void **state) {
  limes_model *model = parsed(*state, "dense(b_std=0.2) relu residual(dense) dense(width=3, b_std=0.1)");
  limes_batch *batch = random_vectors(*state, 1, ITEMS, FEATURES);
  limes_network_settings settings = {.width = 5};
  for (int k = 0; k < 4; k++) {
    settings.draw = 0;
    settings.parameterization = LIMES_NTK_PARAMETERIZATION;
    limes_network *saved = network_of(*state, model, batch, &settings);
    settings.draw = 1;
    settings.parameterization = k < 2 ? LIMES_NTK_PARAMETERIZATION : LIMES_STANDARD_PARAMETERIZATION;
    limes_network *loaded = network_of(*state, model, batch, &settings);
    double f[3 * ITEMS], g[3 * ITEMS];
    assert_ok(*state, limes_network_save(*state, saved, endings[k % 2]));
    assert_ok(*state, limes_network_load(*state, loaded, endings[k % 2]));
    assert_ok(*state, limes_network_forward(*state, saved, batch, f));
    assert_ok(*state, limes_network_forward(*state, loaded, batch, g));
    if (k < 2)
      assert_same_bits(limes_network_get(loaded), limes_network_get(saved), limes_network_parameters(saved), endings[k]);
    assert_near(g, f, 3 * ITEMS, 1e-14, "functions");
    assert_ok(*state, limes_network_save(*state, loaded, endings[k % 2]));
    assert_ok(*state, limes_network_load(*state, saved, endings[k % 2]));
    assert_ok(*state, limes_network_forward(*state, saved, batch, g));
    assert_near(g, f, 3 * ITEMS, 1e-14, "and back");
    limes_network_destroy(saved);
    limes_network_destroy(loaded);
    remove(endings[k % 2]);
  }
  limes_batch_destroy(batch);
  limes_model_destroy(model);
}

/* Arrays of another program: weights themselves, [inputs, outputs], found by their names. */
static void plain_arrays_are_the_weights(void **state) {
  limes_model *model = parsed(*state, "dense(w_std=1.3, b_std=0.2) erf dense(width=1)");
  limes_batch *batch = random_vectors(*state, 1, 1, 2);
  limes_network_settings settings = {.width = 2};
  limes_network *network = network_of(*state, model, batch, &settings);
  static const double first[] = {0.5, -1, 2, 0.25}, bias[] = {0.1, -0.2}, last[] = {1, -3}, x[] = {0.3, -0.7};
  const limes_named_array arrays[] = {
      {.name = "dense_0.weight", .rank = 2, .size = {2, 2}, .data = first},
      {.name = "dense_0.bias", .rank = 1, .size = {2}, .data = bias},
      {.name = "dense_1.weight", .rank = 2, .size = {2, 1}, .data = last},
      {.name = "epochs", .rank = 1, .size = {1}, .data = bias},
  };
  limes_batch *item = batch_of(*state, x, 0, 1, 1, 1, 2, NULL);
  limes_network *of_item = network_of(*state, model, item, &settings);
  double f = 0, u = 0.3 * 0.5 + -0.7 * 2 + 0.1, v = 0.3 * -1 + -0.7 * 0.25 - 0.2;
  assert_ok(*state, limes_file_write(*state, "P.npz", arrays, 4));
  assert_ok(*state, limes_network_load(*state, of_item, "P.npz"));
  assert_ok(*state, limes_network_forward(*state, of_item, item, &f));
  assert_close(f, erf(u) - 3 * erf(v), 1e-14);
  limes_network_destroy(network);
  limes_network_destroy(of_item);
  limes_batch_destroy(item);
  limes_batch_destroy(batch);
  limes_model_destroy(model);
  remove("P.npz");
}

static void a_wrong_name_or_shape_is_a_sentence_and_changes_nothing(void **state) {
  limes_model *model = parsed(*state, "dense(b_std=0.2) relu dense(width=1)");
  limes_batch *batch = random_vectors(*state, 1, 1, 3);
  limes_network_settings settings = {.width = 2};
  limes_network *network = network_of(*state, model, batch, &settings);
  double zeros[8] = {0}, before = limes_network_get(network)[0];
  const limes_named_array right[] = {
      {.name = "dense_0.weight", .rank = 2, .size = {3, 2}, .data = zeros},
      {.name = "dense_0.bias", .rank = 2, .size = {1, 2}, .data = zeros},
      {.name = "dense_1.weight", .rank = 2, .size = {2, 1}, .data = zeros},
  };
  const struct {
    size_t change;
    limes_named_array to;
    const char *says;
  } wrong[] = {
      {0, {.name = "dense_0.weight", .rank = 2, .size = {2, 3}, .data = zeros}, "wants [3,2], inputs along rows"},
      {0, {.name = "dense_0.weight", .rank = 2, .size = {4, 2}, .data = zeros}, "has 8 numbers along 2 axes"},
      {2, {.name = "dense_2.weight", .rank = 2, .size = {2, 1}, .data = zeros}, "no parameters dense_2.weight"},
      {2, {.name = "last", .rank = 2, .size = {2, 1}, .data = zeros}, "has no array dense_1.weight [2,1]"},
      {1, {.name = "dense_0.bias", .rank = 1, .size = {2}, .data = (const double[]){0, NAN}}, "number 1 of dense_0.bias"},
  };
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    limes_named_array arrays[3] = {right[0], right[1], right[2]};
    arrays[wrong[k].change] = wrong[k].to;
    assert_ok(*state, limes_file_write(*state, "P.npz", arrays, 3));
    assert_int_equal(limes_network_load(*state, network, "P.npz"), LIMES_BAD_INPUT);
    if (strstr(limes_error(*state), wrong[k].says) == NULL)
      fail_msg("%s: not in \"%s\"", wrong[k].says, limes_error(*state));
    assert_true(limes_network_get(network)[0] == before);
  }
  assert_ok(*state, limes_file_write(*state, "P.npz", right, 3));
  assert_ok(*state, limes_network_load(*state, network, "P.npz"));
  assert_true(limes_network_get(network)[0] == 0);
  limes_network_destroy(network);
  limes_batch_destroy(batch);
  limes_model_destroy(model);
  remove("P.npz");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(averages_are_those_of_single_draws),
      cmocka_unit_test(averages_have_the_same_bits_in_one_go_or_in_parts_on_any_threads),
      cmocka_unit_test(an_interrupted_average_goes_on_to_the_same_bits),
      cmocka_unit_test(structured_derivatives_are_ten_times_as_fast_as_jacobians),
      cmocka_unit_test(the_chosen_route_takes_at_most_twice_the_best),
      cmocka_unit_test(a_route_that_does_not_fit_is_not_chosen),
      cmocka_unit_test(parameters_come_back_from_a_file),
      cmocka_unit_test(plain_arrays_are_the_weights),
      cmocka_unit_test(a_wrong_name_or_shape_is_a_sentence_and_changes_nothing),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
