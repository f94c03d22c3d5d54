/* Several length scales, and kernels of all layers, on the command line. */
#include "results.h"

#define SCALED "conv(3) relu correlated_readout(length_scale=0.5:2:8) dense"
#define MIDDLE "conv(3) relu correlated_readout(length_scale=2) dense"
#define ITEMS "digits:test[:6]"

static int clean(void **state) {
  (void)state;
  empty_folder();
  return 0;
}

/* Every format, matrices and variances: the middle one of three is what that length scale gives alone. */
static void several_length_scales_are_one_array(void **state) {
  (void)state;
  assert_code(run("kernel", MIDDLE, "--data", ITEMS, "-o", "one.npz"), 0);
  assert_code(run("kernel", SCALED, "--data", ITEMS, "-o", "all.npz"), 0);
  assert_code(run("kernel", SCALED, "--data", ITEMS, "-o", "all.h5"), 0);
  assert_code(run("kernel", SCALED, "--data", ITEMS, "-o", "all.npy", "--get", "ntk"), 0);
  assert_code(run("kernel", SCALED, "--data", ITEMS, "-o", "variances.npz", "--diagonal"), 0);
  double *one = numbers_of("one.npz", "ntk", 2, 6, 6), *scale = numbers_of("all.h5", "length_scale", 1, 3, 0);
  double *all[] = {numbers_of("all.npz", "ntk", 3, 3, 6), numbers_of("all.h5", "ntk", 3, 3, 6),
                   numbers_of("all.npy", "data", 3, 3, 6)};
  double *variances = numbers_of("variances.npz", "ntk", 2, 3, 6);
  for (size_t file = 0; file < 3; file++)
    assert_memory_equal(all[file] + 36, one, 36 * sizeof *one);
  for (size_t i = 0; i < 6; i++)
    assert_close_at(variances[6 + i], one[i * 7], 1e-14, i);
  assert_true(scale[0] == 0.5 && scale[1] == 2 && scale[2] == 8);
  for (size_t file = 0; file < 3; file++)
    free(all[file]);
  free(one);
  free(scale);
  free(variances);
  json_t *object = json_of(run("kernel", SCALED, "--data", ITEMS, "-o", "all.npz", "--json"));
  assert_int_equal(json_array_size(json_object_get(object, "length_scale")), 3);
  assert_true(number(object, "rows") == 6 && number(object, "columns") == 6);
  json_decref(object);
  assert_says(run("explain", SCALED, "--data", ITEMS)->out, "3 length scales");
}

static void what_one_kernel_is_needed_for_is_refused_for_several(void **state) {
  (void)state;
  const ran *answer = run("kernel", SCALED, "--data", ITEMS, "-o", "k.npz", "--positions");
  assert_code(answer, 2);
  assert_says(answer->err, "3 length scales has no positions");
  answer = run("kernel", SCALED, "--data", ITEMS, "-o", "k.npz", "--plot", "k.svg");
  assert_code(answer, 2);
  assert_says(answer->err, "draws the kernel of one length scale");
  assert_code(run("kernel", SCALED, "--data", ITEMS, "-o", "k.npz"), 0);
  answer = run("plot", "k.npz", "-o", "k.svg");
  assert_code(answer, 3);
  assert_says(answer->err, "one matrix each");
}

static void classify_takes_the_best_length_scale_and_shows_all(void **state) {
  (void)state;
  const ran *answer =
      run("classify", SCALED, "--train", "digits:train[:60]", "--test", "digits:test[:20]", "--save", "fit.h5", "-o", "p.npz");
  assert_code(answer, 0);
  assert_says(answer->out, "length scale   leave-one-out: error  accuracy  noise");
  assert_says(answer->out, "taken");
  json_t *object = json_of(run("classify", SCALED, "--train", "digits:train[:60]", "--test", "digits:test[:20]", "--json"));
  const json_t *all = json_object_get(object, "length_scales");
  double least = INFINITY, best = 0;
  assert_int_equal(json_array_size(all), 3);
  for (size_t r = 0; r < 3; r++) {
    const json_t *one = json_array_get(all, r);
    best = number(one, "held_out_error") < least ? number(one, "length_scale") : best;
    least = fmin(least, number(one, "held_out_error"));
    assert_true(number(one, "held_out_accuracy") > 0.5 && number(one, "noise") > 0);
  }
  assert_close(number(object, "length_scale"), best, 0);
  char text[64];
  snprintf(text, sizeof text, "correlated_readout(%g)", best);
  assert_text("p.npz", "model", text);
  assert_text("fit.h5", "model", text);
  json_decref(object);
  assert_code(run("predict", "fit.h5", "--test", "digits:test[:20]", "-o", "again.npz"), 0);
  double *before = numbers_of("p.npz", "mean", 2, 20, 10), *after = numbers_of("again.npz", "mean", 2, 20, 10);
  assert_memory_equal(before, after, 200 * sizeof *before);
  free(before);
  free(after);
}

static void regress_shows_errors_without_accuracy(void **state) {
  (void)state;
  static double x[12 * 4], y[12];
  for (size_t i = 0; i < 48; i++)
    x[i] = sin((double)(i * i));
  for (size_t i = 0; i < 12; i++)
    y[i] = x[4 * i] - x[4 * i + 3] + 0.1 * x[4 * i + 1];
  const limes_named_array arrays[] = {{.name = "x", .rank = 3, .size = {12, 4, 1}, .data = x},
                                      {.name = "x_y", .rank = 2, .size = {12, 1}, .data = y}};
  write_arrays("x.npz", arrays, 2);
  const ran *answer =
      run("regress", "dense(b_std=1) relu correlated_readout(1:3) dense", "--train", "x.npz:x", "--test", "x.npz:x");
  assert_code(answer, 0);
  assert_says(answer->out, "length scale   leave-one-out: error  noise");
}

static void layers_are_named_and_each_is_a_kernel(void **state) {
  (void)state;
  const char *model = "repeat(2, conv(3) relu) flatten dense";
  assert_code(run("kernel", "conv(3) relu conv(3) relu flatten", "--data", ITEMS, "-o", "k.npz"), 0);
  const ran *answer = run("kernel", model, "--data", ITEMS, "-o", "layers.npz", "--layers");
  assert_code(answer, 0);
  assert_says(answer->out, "4 relu");
  assert_text("layers.npz", "layers", "1 conv\n2 relu\n3 conv\n4 relu\n5 flatten\n6 dense");
  assert_text("layers.npz", "pooled", "flatten\nflatten\nflatten\nflatten\nnone\nnone");
  double *all = numbers_of("layers.npz", "ntk", 3, 6, 6), *one = numbers_of("k.npz", "ntk", 2, 6, 6);
  for (size_t i = 0; i < 36; i++) {
    assert_close_at(all[3 * 36 + i], one[i], 1e-15, i);
    assert_close_at(all[4 * 36 + i], one[i], 1e-15, i);
  }
  free(all);
  free(one);
  assert_code(run("kernel", model, "--data", ITEMS, "--against", "digits:test[:2]", "-o", "layers.h5", "--layers"), 0);
  assert_text("layers.h5", "layers", "6 dense");
  free(numbers_of("layers.h5", "nngp", 3, 6, 6));
  assert_code(run("kernel", model, "--data", ITEMS, "-o", "layers.npy", "--layers", "--get", "nngp"), 0);
  json_t *object = json_of(run("kernel", SCALED, "--data", ITEMS, "-o", "layers.npz", "--layers", "--json"));
  const json_t *names = json_object_get(object, "layers");
  assert_int_equal(json_array_size(names), 8);
  assert_string_equal(json_string_value(json_array_get(names, 3)), "4 correlated_readout, length_scale 2");
  json_decref(object);
}

/* Two plans are made on the way, and one warning is printed. */
static void a_warning_is_said_once(void **state) {
  (void)state;
  static const char *const ways[] = {"--layers", "--positions"};
  for (size_t i = 0; i < 2; i++) {
    const ran *answer = run("kernel", "dense residual(relu) dense", "--data", ITEMS, "-o", "k.npz", ways[i]);
    assert_code(answer, 0);
    const char *said = strstr(answer->err, "correlated in a network");
    assert_non_null(said);
    assert_null(strstr(said + 1, "correlated in a network"));
  }
}

static void layers_exclude_what_is_no_matrix_and_what_does_not_fit(void **state) {
  (void)state;
  assert_says(run("kernel", "conv(3)", "--data", ITEMS, "-o", "k.npz", "--layers", "--positions")->err, "--layers");
  assert_code(run("kernel", "conv(3)", "--data", ITEMS, "-o", "k.npz", "--layers", "--diagonal"), 2);
  assert_code(run("kernel", "conv(3)", "--data", ITEMS, "-o", "k.npz", "--layers", "--plot", "k.svg"), 2);
  const ran *answer =
      run("kernel", "repeat(50, dense relu)", "--data", "digits:train[:300]", "-o", "k.npz", "--layers", "--memory", "60M");
  assert_code(answer, 4);
  assert_says(answer->err, "kernels of all layers would take 144 MB");
  assert_false(exists("k.npz"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(several_length_scales_are_one_array, clean),
      cmocka_unit_test_teardown(what_one_kernel_is_needed_for_is_refused_for_several, clean),
      cmocka_unit_test_teardown(classify_takes_the_best_length_scale_and_shows_all, clean),
      cmocka_unit_test_teardown(regress_shows_errors_without_accuracy, clean),
      cmocka_unit_test_teardown(layers_are_named_and_each_is_a_kernel, clean),
      cmocka_unit_test_teardown(a_warning_is_said_once, clean),
      cmocka_unit_test_teardown(layers_exclude_what_is_no_matrix_and_what_does_not_fit, clean),
  };
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
