/* Each command does what it says. */
#include "results.h"

static void kernel_writes_both_kernels_and_where_they_came_from(void **state) {
  (void)state;
  assert_code(run("kernel", SMALL, "--data", "digits:test[:6]", "-o", "k.npz"), 0);
  double *nngp = numbers_of("k.npz", "nngp", 2, 6, 6), *ntk = numbers_of("k.npz", "ntk", 2, 6, 6);
  for (size_t i = 0; i < 36; i++) {
    assert_close_at(nngp[i], nngp[i % 6 * 6 + i / 6], 0, i);
    assert_true(ntk[i] > nngp[i]);
  }
  assert_text("k.npz", "model", "flatten dense");
  assert_text("k.npz", "data", "digits:test[:6], fingerprint ");
  assert_text("k.npz", "normalize", "unit");
  free(nngp);
  free(ntk);
}

static void sample_writes_functions_that_only_the_seed_changes(void **state) {
  (void)state;
  assert_code(run("sample", SMALL, "--data", "digits:test[:6]", "--draws", "3", "--width", "8", "-o", "s.npz"), 0);
  json_t *object = json_of(run("sample", SMALL, "--data", "digits:test[:6]", "--draws", "2", "--width", "8", "-o", "t.npz",
                               "--json", "--threads", "1"));
  double *prior = numbers_of("s.npz", "prior", 2, 3, 6), *networks = numbers_of("s.npz", "networks", 2, 3, 6);
  double *fewer[] = {numbers_of("t.npz", "prior", 2, 2, 6), numbers_of("t.npz", "networks", 2, 2, 6)};
  assert_memory_equal(prior, fewer[0], 12 * sizeof *prior);
  assert_memory_equal(networks, fewer[1], 12 * sizeof *networks);
  assert_true(number(object, "draws") == 2 && number(object, "items") == 6 && number(object, "width") == 8);
  assert_true(number(object, "prior_mean_square") > 0 && number(object, "networks_mean_square") > 0);
  assert_text("s.npz", "data", "digits:test[:6], fingerprint ");
  assert_code(run("sample", SMALL, "--data", "digits:test[:6]", "-o", "u.npz", "--seed", "1"), 0);
  double *other = numbers_of("u.npz", "prior", 2, 5, 6);
  assert_memory_not_equal(prior, other, 6 * sizeof *prior);
  double *all[] = {prior, networks, fewer[0], fewer[1], other};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free(all[i]);
  json_decref(object);
}

static void sample_goes_round_a_circle_through_two_digits(void **state) {
  (void)state;
  assert_code(run("sample", SMALL, "--draws", "2", "-o", "s.npz"), 0);
  double *prior = numbers_of("s.npz", "prior", 2, 2, 200), *place = numbers_of("s.npz", "place", 1, 200, 0);
  for (size_t i = 1; i < 200; i++) {
    assert_close_at(place[i], place[i - 1] + 6.283185307179586 / 200, 1e-12, i);
    assert_close_at(prior[i], prior[i - 1], 0.2, i);
  }
  assert_code(run("sample", SMALL, "--data", "digits:test[:1]", "--circle", "8"), 2);
  free(prior);
  free(place);
}

#define SAMPLED "dense attention(scale=sqrt, samples=32, q_std=3) relu flatten dense"

static void sampled_kernels_come_with_their_errors(void **state) {
  (void)state;
  const ran *said = run("kernel", SAMPLED, "--data", "digits:test[:3]", "--resize", "2x2", "-o", "s.npz", "--json");
  assert_says(said->err, "is sampled: the relative standard error is ");
  json_t *answer = json_of(said);
  double *nngp = numbers_of("s.npz", "nngp", 2, 3, 3), *nngp_error = numbers_of("s.npz", "nngp_error", 2, 3, 3),
         *ntk_error = numbers_of("s.npz", "ntk_error", 2, 3, 3), error2 = 0, value2 = 0;
  for (size_t i = 0; i < 9; i++) {
    assert_true(nngp_error[i] > 0 && ntk_error[i] > 0);
    error2 += nngp_error[i] * nngp_error[i];
    value2 += nngp[i] * nngp[i];
  }
  assert_close_at(number(answer, "nngp_relative_error"), sqrt(error2 / value2), 1e-12, 0);
  assert_true(number(answer, "ntk_relative_error") > 0);
  json_decref(answer);
  free(nngp);
  free(nngp_error);
  free(ntk_error);
}

/* A file that fills tile by tile has no place for them: that of a sampled model is written whole. */
static void sampled_kernels_in_h5_files_have_errors_and_no_shards(void **state) {
  (void)state;
  assert_code(run("kernel", SAMPLED, "--data", "digits:test[:3]", "--resize", "2x2", "-o", "s.h5"), 0);
  free(numbers_of("s.h5", "ntk_error", 2, 3, 3));
  const ran *said = run("kernel", SAMPLED, "--data", "digits:test[:3]", "--resize", "2x2", "-o", "t.h5", "--shard", "1/2");
  assert_says(said->err, "this model is sampled: leave --shard out");
  said = run("kernel", "conv(3) relu correlated_readout(length_scale=1:2)", "--data", "digits:test[:3]", "-o", "t.h5", "--shard",
             "1/2");
  assert_says(said->err, "this model has several: leave --shard out");
}

/* Items a hair apart make a kernel that is singular but for its errors, which leave a negative eigenvalue. */
static void fits_of_sampled_kernels_mend_their_eigenvalues(void **state) {
  (void)state;
  const ran *said =
      run("classify", SAMPLED, "--train", "digits:train[:30]", "--test", "digits:test[:5]", "--resize", "2x2", "--noise", "1e-6");
  assert_code(said, 0);
  assert_says(said->err, "the training kernel (nngp) is sampled, and its smallest eigenvalue is -");
}

static void kernel_against_other_data_is_a_part_of_the_whole(void **state) {
  (void)state;
  assert_code(run("kernel", SMALL, "--data", "digits:test[:6]", "-o", "k.npz"), 0);
  assert_code(
      run("kernel", SMALL, "--data", "digits:test[:2]", "--against", "digits:test[2:6]", "-o", "part.h5", "--get", "nngp"), 0);
  double *whole = numbers_of("k.npz", "nngp", 2, 6, 6), *part = numbers_of("part.h5", "nngp", 2, 2, 4);
  for (size_t i = 0; i < 8; i++)
    assert_close_at(part[i], whole[i / 4 * 6 + 2 + i % 4], 1e-13, i);
  free(whole);
  free(part);
}

static void the_diagonal_is_that_of_the_kernel(void **state) {
  (void)state;
  assert_code(run("kernel", SMALL, "--data", "digits:test[:6]", "-o", "k.npz"), 0);
  assert_code(run("kernel", SMALL, "--data", "digits:test[:6]", "-o", "d.npy", "--diagonal", "--get", "ntk"), 0);
  double *whole = numbers_of("k.npz", "ntk", 2, 6, 6), *diagonal = numbers_of("d.npy", "data", 1, 6, 0);
  for (size_t i = 0; i < 6; i++)
    assert_close_at(diagonal[i], whole[i * 7], 1e-13, i);
  free(whole);
  free(diagonal);
}

static void positions_are_kept_when_asked_for(void **state) {
  (void)state;
  assert_code(run("kernel", "conv(3)", "--data", "digits:test[:2]", "-o", "p.npz"), 2);
  assert_code(run("kernel", "conv(3)", "--data", "digits:test[:2]", "-o", "p.npz", "--positions"), 0);
  double *nngp = numbers_of("p.npz", "nngp", 6, 2, 2);
  assert_close(nngp[1], nngp[64], 1e-15); /* positions (0,0) and (0,1) of item 0, and the other way round */
  free(nngp);
}

static void dual_keeps_the_shape_of_its_arrays(void **state) {
  (void)state;
  static const double k12[] = {0.5, -0.2, 0, 1}, k11[] = {1, 1, 2, 1}, k22[] = {1, 2, 3, 1};
  const limes_named_array arrays[] = {{.name = "k12", .rank = 2, .size = {2, 2}, .data = k12},
                                      {.name = "k11", .rank = 2, .size = {2, 2}, .data = k11},
                                      {.name = "k22", .rank = 2, .size = {2, 2}, .data = k22}};
  write_arrays("k.npz", arrays, 3);
  assert_code(run("dual", "relu", "k.npz", "-o", "phi.npz"), 0);
  double *phi = numbers_of("phi.npz", "phi_phi", 2, 2, 2), *slope = numbers_of("phi.npz", "dphi_dphi", 2, 2, 2);
  assert_close(phi[3], 0.5, 1e-15);
  assert_close(slope[2], 0.25, 1e-15);
  free(phi);
  free(slope);
  write_arrays("two.npz", arrays, 2);
  const ran *answer = run("dual", "relu", "two.npz", "-o", "phi.npz");
  assert_code(answer, 3);
  assert_says(answer->err, "no array of numbers named k22");
}

static void explain_gives_time_memory_and_work(void **state) {
  (void)state;
  json_t *object = json_of(run("explain", SMALL, "--data", "digits:test", "--json"));
  assert_true(number(object, "seconds") > 0 && number(object, "bytes") > 0 && number(object, "flops") > 0);
  json_decref(object);
  assert_says(run("explain", SMALL, "--data", "digits:test")->out, "conv");
  const ran *answer = run("explain", SMALL, "--data", "digits:train", "--memory", "1M");
  assert_code(answer, 4);
  assert_says(answer->out, "conv");
  assert_code(run("kernel", SMALL, "--data", "digits:train", "--memory", "1M", "-o", "k.npz"), 4);
}

static void explain_shows_how_alike_positions_are(void **state) {
  (void)state;
  json_t *object = json_of(run("explain", SMALL, "--data", "digits:test[:5]", "--positions-correlation", "--json"));
  const json_t *layers = json_object_get(object, "positions_correlation");
  assert_true(json_array_size(layers) > 2);
  assert_string_equal(json_string_value(json_object_get(json_array_get(layers, 0), "layer")), "input");
  assert_true(number(json_array_get(layers, 1), "correlation") > 0 && number(json_array_get(layers, 1), "items") == 5);
  json_decref(object);
  assert_says(run("explain", SMALL, "--data", "digits:test[:5]", "--positions-correlation")->out, "  ###");
  const ran *answer =
      run("explain", SMALL, "--data", "digits:test[:5]", "--against", "digits:test[:5]", "--positions-correlation");
  assert_code(answer, 2);
  assert_says(answer->err, "leave --against out");
}

static void classify_prints_scores_and_writes_predictions(void **state) {
  (void)state;
  json_t *object = json_of(run("classify", SMALL, "--train", "digits:train[:300]", "--test", "digits:test[:50]", "--json", "-o",
                               "p.npz", "--save", "fit.h5"));
  assert_true(number(object, "accuracy") > 0.7);
  assert_true(number(object, "nll") > 0 && number(object, "brier") > 0 && number(object, "ece") >= 0);
  assert_true(number(object, "noise") > 0 && number(object, "seconds") > 0);
  const json_t *confusion = json_object_get(object, "confusion");
  json_int_t sum = 0;
  assert_int_equal(json_array_size(confusion), 10);
  for (size_t i = 0; i < 100; i++)
    sum += json_integer_value(json_array_get(json_array_get(confusion, i / 10), i % 10));
  assert_int_equal(sum, 50);
  json_decref(object);
  free(numbers_of("p.npz", "probability", 2, 50, 10));
  free(numbers_of("p.npz", "class", 1, 50, 0));
  free(numbers_of("p.npz", "variance", 1, 50, 0));
  assert_text("p.npz", "model", "conv");
  assert_true(exists("fit.h5"));
}

static void a_kept_fit_predicts_what_classify_predicted(void **state) {
  (void)state;
  assert_code(run("classify", SMALL, "--train", "digits:train[:200]", "--test", "digits:test[:20]", "-o", "first.npz", "--save",
                  "fit.h5"),
              0);
  assert_code(run("predict", "fit.h5", "--test", "digits:test[:20]", "-o", "again.npz"), 0);
  double *first = numbers_of("first.npz", "mean", 2, 20, 10), *again = numbers_of("again.npz", "mean", 2, 20, 10);
  for (size_t i = 0; i < 200; i++)
    assert_close_at(first[i], again[i], 1e-10, i);
  free(first);
  free(again);
}

static void unlabelled_items_are_predicted_without_scores(void **state) {
  (void)state;
  static double x[3 * 64];
  for (size_t i = 0; i < 3 * 64; i++)
    x[i] = (double)(i % 17);
  write_arrays("new.npz", &(limes_named_array){.name = "x", .rank = 4, .size = {3, 8, 8, 1}, .data = x}, 1);
  assert_code(run("classify", SMALL, "--train", "digits:train[:100]", "--test", "digits:test[:5]", "--save", "fit.h5"), 0);
  const ran *answer = run("predict", "fit.h5", "--test", "new.npz:x", "-o", "p.csv");
  assert_code(answer, 0);
  assert_null(strstr(answer->out, "accuracy"));
  static char csv[OUTPUT_SIZE];
  read_all("p.csv", csv);
  assert_says(csv, "item,class,p,mean_0,");
  assert_null(strstr(csv, "label"));
  assert_says(csv, "\n2,");
}

static void regress_learns_a_line_and_says_how_sure_it_is(void **state) {
  (void)state;
  static double x[40], y[40];
  for (size_t i = 0; i < 40; i++) {
    x[i] = (double)i / 20 - 1;
    y[i] = 3 * x[i] + 5 + 0.01 * (double)(i % 3);
  }
  const limes_named_array arrays[] = {{.name = "a", .rank = 2, .size = {40, 1}, .data = x},
                                      {.name = "a_y", .rank = 2, .size = {40, 1}, .data = y}};
  write_arrays("line.npz", arrays, 2);
  json_t *object =
      json_of(run("regress", "dense(b_std=1)", "--train", "line.npz:a", "--test", "line.npz:a", "--json", "-o", "p.csv"));
  assert_true(number(object, "rmse") < 0.02);
  assert_true(number(object, "noise") > 0);
  assert_true(number(object, "scale") != 1);
  (void)number(object, "nll");
  json_decref(object);
  static char csv[OUTPUT_SIZE];
  read_all("p.csv", csv);
  assert_says(csv, "item,mean,variance,target\n0,");
}

static void an_answer_says_how_the_noise_was_chosen(void **state) {
  (void)state;
  double x[20], y[20];
  for (size_t i = 0; i < 20; i++) {
    x[i] = (double)i / 10 - 1;
    y[i] = 3 * x[i] + (double)(i % 3);
  }
  const limes_named_array arrays[] = {{.name = "a", .rank = 2, .size = {20, 1}, .data = x},
                                      {.name = "a_y", .rank = 2, .size = {20, 1}, .data = y}};
  write_arrays("line.npz", arrays, 2);
  const ran *answer = run("regress", "dense(b_std=1)", "--train", "line.npz:a", "--test", "line.npz:a", "--save", "line.h5");
  assert_says(answer->out, "chosen by leave-one-out");
  assert_says(answer->out, "\n  scale ");
  answer = run("predict", "line.h5", "--test", "line.npz:a");
  assert_says(answer->out, "\n  scale ");
  answer = run("regress", "dense(b_std=1)", "--train", "line.npz:a", "--test", "line.npz:a", "--time", "30");
  assert_says(answer->out, "chosen by cross-validation");
  assert_null(strstr(answer->out, "leave-one-out"));
  answer = run("regress", "dense(b_std=1)", "--train", "line.npz:a", "--test", "line.npz:a", "--noise", "0.1");
  assert_null(strstr(answer->out, "chosen by"));
  assert_null(strstr(answer->out, "\n  scale "));
  answer = run("classify", "flatten dense", "--train", "digits:train[:40]", "--test", "digits:test[:9]", "--time", "30");
  assert_says(answer->out, "of the softmax, by cross-validation");
  assert_null(strstr(answer->out, "leave-one-out"));
}

/* Two training items, one test item, all by hand: mean = k A^-1 y, cov = k** - k A^-1 k. */
static void predict_solves_kernels_from_anywhere(void **state) {
  (void)state;
  static const double dd[] = {2, 1, 1, 2}, td[] = {1, 1}, tt[] = {2}, y[] = {1, 2};
  const limes_named_array arrays[] = {{.name = "nngp_dd", .rank = 2, .size = {2, 2}, .data = dd},
                                      {.name = "nngp_td", .rank = 2, .size = {1, 2}, .data = td},
                                      {.name = "nngp_tt", .rank = 2, .size = {1, 1}, .data = tt},
                                      {.name = "y", .rank = 2, .size = {2, 1}, .data = y}};
  write_arrays("k.npz", arrays, 4);
  assert_code(run("predict", "k.npz", "--labels", "k.npz:y", "--mode", "nngp", "--time", "inf", "--learning-rate", "1", "--noise",
                  "1", "-o", "out.npz", "--quiet"),
              0);
  double *mean = numbers_of("out.npz", "mean", 2, 1, 1), *cov = numbers_of("out.npz", "cov", 2, 1, 1);
  assert_close(mean[0], 0.75, 1e-15);
  assert_close(cov[0], 1.5, 1e-15);
  free(mean);
  free(cov);
  const ran *answer = run("predict", "k.npz", "--labels", "k.npz:y", "--with", "ntk");
  assert_code(answer, 3);
  assert_says(answer->err, "no array ntk_dd");
}

static void write_text(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

static void columns_in_another_order_predict_the_same(void **state) {
  (void)state;
  static char straight[OUTPUT_SIZE], turned[OUTPUT_SIZE];
  write_text("t.csv", "a,b,y\n1,10,0.5\n2,10,1.5\n3,20,2.5\n");
  write_text("ab.csv", "a,b\n1.5,30\n");
  write_text("ba.csv", "b,y,a\n30,1,1.5\n");
  write_text("ac.csv", "a,c\n1.5,30\n");
  write_text("yabc.csv", "y,a,b,c\n1,1.5,30,1\n");
  assert_code(run("regress", "fcn", "--train", "t.csv", "--test", "ab.csv", "--target", "y", "-o", "p.csv"), 0);
  read_all("p.csv", straight);
  assert_code(run("regress", "fcn", "--train", "t.csv", "--test", "ba.csv", "--target", "y", "-o", "q.csv"), 0);
  read_all("q.csv", turned);
  double a = 0, b = 0;
  assert_int_equal(sscanf(strchr(straight, '\n'), "%*d,%lf", &a), 1);
  assert_int_equal(sscanf(strchr(turned, '\n'), "%*d,%lf", &b), 1);
  assert_close(a, b, 1e-12);
  const ran *answer = run("regress", "fcn", "--train", "t.csv", "--test", "ac.csv", "--target", "y");
  assert_code(answer, 3);
  assert_says(answer->err, "ac.csv has no column 'b'");
  answer = run("regress", "fcn", "--train", "t.csv", "--test", "yabc.csv", "--target", "y");
  assert_code(answer, 3);
  assert_says(answer->err, "yabc.csv has a column 'c'");
}

static void balancing_leaves_the_test_items_alone(void **state) {
  (void)state;
  json_t *object = json_of(
      run("classify", "flatten dense", "--train", "digits:train[:100]", "--test", "digits:test[:50]", "--balanced", "--json"));
  assert_int_equal((int)number(object, "items"), 50);
  json_decref(object);
  assert_code(run("classify", "flatten dense", "--train", "digits:train[:40]", "--test", "digits:test[:9]", "--save", "fit.h5"),
              0);
  const ran *answer = run("predict", "fit.h5", "--test", "digits:test[:50]", "--balanced");
  assert_code(answer, 2);
  assert_says(answer->err, "--balanced is for training data");
  object = json_of(run("data", "info", "digits:test[:50]", "--balanced", "--json"));
  assert_true(number(object, "items") < 50);
  json_decref(object);
}

static void classes_never_taught_are_warned_of(void **state) {
  (void)state;
  const ran *answer = run("classify", "flatten dense", "--train", "digits:train[:4]", "--test", "digits:test[:30]");
  assert_code(answer, 0);
  assert_says(answer->err, "items of digits:test[:30] are of classes that digits:train[:4] has no item of");
  answer = run("classify", "flatten dense", "--train", "digits:train[:100]", "--test", "digits:test[:30]");
  assert_null(strstr(answer->err, "no item of"));
}

static void data_info_describes_the_digits(void **state) {
  (void)state;
  json_t *object = json_of(run("data", "info", "digits:test", "--json"));
  assert_int_equal((int)number(object, "items"), 360);
  assert_int_equal((int)number(object, "classes"), 10);
  json_decref(object);
  const ran *answer = run("data", "info", "digits:test");
  assert_says(answer->out, "8 x 8");
  assert_says(answer->out, "fingerprint");
}

static void check_passes_here(void **state) {
  (void)state;
  const ran *answer = run("check");
  assert_code(answer, 0);
  assert_says(answer->out, " passed, 0 failed");
  json_decref(json_of(run("check", "--json")));
}

static void lists_are_json_too(void **state) {
  (void)state;
  json_decref(json_of(run("models", "--json")));
  json_decref(json_of(run("models", "fcn", "--json")));
  json_decref(json_of(run("layers", "--json")));
  json_decref(json_of(run("layers", "conv", "--json")));
  json_decref(json_of(run("kernel", SMALL, "--data", "digits:test[:3]", "-o", "k.npz", "--json")));
}

static int clean(void **state) {
  (void)state;
  empty_folder();
  return 0;
}

static void assert_list(const json_t *object, const char *name, size_t n) {
  const json_t *list = json_object_get(object, name);
  assert_true(json_is_array(list) && json_array_size(list) == n);
}

static void width_gives_slopes_errors_and_the_law_of_the_outputs(void **state) {
  (void)state;
  json_t *object = json_of(run("width", SMALL, "--data", "digits", "--resize", "3x3", "--items", "3", "--widths", "16,32,64",
                               "--draws", "12", "--output-draws", "30", "--json"));
  static const char *const names[] = {"nngp", "ntk"};
  for (int k = 0; k < 2; k++) {
    const json_t *kernel = json_object_get(object, names[k]);
    assert_true(number(kernel, "slope") < -0.1 && number(kernel, "slope") > -1);
    assert_list(kernel, "interval", 2);
    assert_list(kernel, "widths", 3);
    assert_list(kernel, "errors", 3);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(kernel, "widths"), 2)), 64);
  }
  assert_list(json_object_get(object, "outputs"), "kurtosis", 3);
  json_decref(object);
  const ran *answer =
      run("width", "dense attention(scale=sqrt, zeta=identity) global_avg_pool", "--data", "digits", "--resize", "1x2", "--items",
          "2", "--vary", "heads", "--heads", "1,2", "--width", "32", "--draws", "2", "--output-draws", "20");
  assert_code(answer, 0);
  assert_says(answer->out, "NTK: slope");
  assert_says(answer->out, "predicted: 3 (E q^2 / (E q)^2 - 1) / heads");
}

static void width_refuses_what_does_not_go_together(void **state) {
  (void)state;
  static const struct {
    const char *option, *value, *more, *says;
  } cases[] = {{"--widths", "64,32", NULL, "rising"},
               {"--widths", "64", NULL, "two sizes"},
               {"--widths", "64,,128", NULL, "whole numbers from 1 with commas"},
               {"--widths", "64,128x", NULL, "whole numbers from 1 with commas"},
               {"--heads", "1,2", NULL, "add --vary heads"},
               {"--width", "64", NULL, "add --vary heads"},
               {"--vary", "heads", "--widths=32,64", "--width"},
               {"--vary", "key_width", "--key-width=8", "leave out --key-width"},
               {"--draws", "1", NULL, "from 2"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const ran *answer = run("width", SMALL, "--data", "digits:test[:4]", cases[i].option, cases[i].value, cases[i].more);
    assert_code(answer, 2);
    assert_says(answer->err, cases[i].says);
  }
  const ran *answer = run("width", "flatten dense exp_normalized dense", "--data", "digits:test[:4]");
  assert_code(answer, 1);
  assert_says(answer->err, "cannot be sampled at finite width");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(kernel_writes_both_kernels_and_where_they_came_from, clean),
      cmocka_unit_test_teardown(sample_writes_functions_that_only_the_seed_changes, clean),
      cmocka_unit_test_teardown(sample_goes_round_a_circle_through_two_digits, clean),
      cmocka_unit_test_teardown(sampled_kernels_in_h5_files_have_errors_and_no_shards, clean),
      cmocka_unit_test_teardown(sampled_kernels_come_with_their_errors, clean),
      cmocka_unit_test_teardown(fits_of_sampled_kernels_mend_their_eigenvalues, clean),
      cmocka_unit_test_teardown(kernel_against_other_data_is_a_part_of_the_whole, clean),
      cmocka_unit_test_teardown(the_diagonal_is_that_of_the_kernel, clean),
      cmocka_unit_test_teardown(positions_are_kept_when_asked_for, clean),
      cmocka_unit_test_teardown(dual_keeps_the_shape_of_its_arrays, clean),
      cmocka_unit_test_teardown(explain_gives_time_memory_and_work, clean),
      cmocka_unit_test_teardown(explain_shows_how_alike_positions_are, clean),
      cmocka_unit_test_teardown(classify_prints_scores_and_writes_predictions, clean),
      cmocka_unit_test_teardown(a_kept_fit_predicts_what_classify_predicted, clean),
      cmocka_unit_test_teardown(unlabelled_items_are_predicted_without_scores, clean),
      cmocka_unit_test_teardown(regress_learns_a_line_and_says_how_sure_it_is, clean),
      cmocka_unit_test_teardown(an_answer_says_how_the_noise_was_chosen, clean),
      cmocka_unit_test_teardown(predict_solves_kernels_from_anywhere, clean),
      cmocka_unit_test_teardown(columns_in_another_order_predict_the_same, clean),
      cmocka_unit_test_teardown(balancing_leaves_the_test_items_alone, clean),
      cmocka_unit_test_teardown(classes_never_taught_are_warned_of, clean),
      cmocka_unit_test_teardown(data_info_describes_the_digits, clean),
      cmocka_unit_test_teardown(check_passes_here, clean),
      cmocka_unit_test_teardown(width_gives_slopes_errors_and_the_law_of_the_outputs, clean),
      cmocka_unit_test_teardown(width_refuses_what_does_not_go_together, clean),
      cmocka_unit_test_teardown(lists_are_json_too, clean),
  };
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
