/* Pictures are whole files of their format; without gnuplot the sentence says what to install. */
#include "limes/limes.h"
#include "program.h"

static bool have_gnuplot(void) { return system("gnuplot --version >/dev/null 2>&1") == 0; }

static void assert_picture(const char *path) {
  static char text[OUTPUT_SIZE];
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t length = fread(text, 1, OUTPUT_SIZE - 1, file);
  fclose(file);
  text[length] = '\0';
  assert_true(length > 5000);
  if (strstr(path, ".svg") != NULL)
    assert_says(text + length - 16, "</svg>");
  else
    assert_memory_equal(text + length - 8, "IEND", 4);
}

static void a_classification_is_drawn_with_its_attention(void **state) {
  (void)state;
  assert_code(run("classify", "conv(3) relu attention(position=sum) relu flatten dense", "--train", "digits:train[:60]", "--test",
                  "digits:test[:30]", "--plot", "c.png", "-o", "p.npz"),
              0);
  assert_picture("c.png");
  assert_code(run("plot", "p.npz", "-o", "p.svg"), 0);
  assert_picture("p.svg");
}

static void kernels_are_drawn(void **state) {
  (void)state;
  assert_code(
      run("kernel", SMALL, "--data", "digits:test[:30]", "--against", "digits:test[:7]", "-o", "k.npz", "--plot", "both.png"), 0);
  assert_picture("both.png");
  assert_code(run("plot", "k.npz"), 0);
  assert_picture("k.png");
}

static void a_width_study_is_drawn(void **state) {
  (void)state;
  assert_code(run("width", SMALL, "--data", "digits", "--resize", "2x2", "--items", "2", "--widths", "8,16,32", "--draws", "5",
                  "--output-draws", "10", "--plot", "w.png"),
              0);
  assert_picture("w.png");
  assert_code(run("width", SMALL, "--data", "digits", "--resize", "2x2", "--items", "2", "--widths", "8,16", "--draws", "5",
                  "--output-draws", "0", "--parameterization", "standard", "--plot", "w.svg"),
              0);
  assert_picture("w.svg");
}

static void a_regression_is_drawn(void **state) {
  (void)state;
  static double x[60], y[60];
  limes_context *context = NULL;
  for (size_t i = 0; i < 60; i++) {
    x[i] = (double)(i % 20) / 10 - 1 + 0.003 * (double)i;
    y[i] = sin(3 * x[i]);
  }
  const limes_named_array arrays[] = {{.name = "a", .rank = 2, .size = {60, 1}, .data = x},
                                      {.name = "a_y", .rank = 2, .size = {60, 1}, .data = y}};
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  assert_ok(context, limes_file_write(context, "curve.npz", arrays, 2));
  limes_context_destroy(context);
  assert_code(run("regress", "dense(b_std=1) relu dense", "--train", "curve.npz:a", "--test", "curve.npz:a", "--plot", "r.png",
                  "-o", "p.npz"),
              0);
  assert_picture("r.png");
  assert_code(run("plot", "p.npz", "-o", "p.png"), 0);
  assert_picture("p.png");
}

static void a_regression_without_targets_is_drawn_with_a_warning(void **state) {
  (void)state;
  FILE *file = fopen("t.csv", "w"), *plain = fopen("new.csv", "w");
  assert_true(file != NULL && plain != NULL);
  for (int i = 0; i < 20; i++) {
    fprintf(file, "%d,%g,%g\n", i, cos(i), sin(i / 4.0));
    fprintf(plain, "%g,%g\n", i + 0.5, cos(i + 0.5));
  }
  fclose(file);
  fclose(plain);
  const ran *answer = run("regress", "fcn", "--train", "t.csv", "--test", "new.csv", "--target", "3", "--plot", "p.svg");
  assert_code(answer, 0);
  assert_says(answer->err, "new.csv has no targets: the picture shows predictions only");
  assert_says(answer->out, "+- 1 sd, noise included");
  assert_picture("p.svg");
  static char text[OUTPUT_SIZE];
  read_all("p.svg", text);
  assert_says(text, "no targets to compare with");
  assert_says(text, "new.csv  by  ");
}

static void errors_beyond_the_histogram_are_said(void **state) {
  (void)state;
  static double mean[40], variance[40], target[40];
  for (size_t i = 0; i < 40; i++) {
    variance[i] = 1;
    target[i] = i < 3 ? 50 : 0.1 * (double)i - 2;
  }
  const limes_named_array arrays[] = {{.name = "mean", .rank = 2, .size = {40, 1}, .data = mean},
                                      {.name = "variance", .rank = 1, .size = {40}, .data = variance},
                                      {.name = "target", .rank = 2, .size = {40, 1}, .data = target}};
  limes_context *context = NULL;
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  assert_ok(context, limes_file_write(context, "p.npz", arrays, 3));
  limes_context_destroy(context);
  assert_code(run("plot", "p.npz", "-o", "p.svg"), 0);
  static char text[OUTPUT_SIZE];
  read_all("p.svg", text);
  assert_says(text, "3 of 40 lie further out");
}

static void functions_are_drawn_as_curves_and_as_strips(void **state) {
  (void)state;
  static char text[OUTPUT_SIZE];
  FILE *file = fopen("x.csv", "w");
  assert_non_null(file);
  for (int i = 0; i < 30; i++)
    fprintf(file, "%g\n", i % 2 == 0 ? 0.1 * i : -0.1 * i);
  fclose(file);
  assert_code(run("sample", "fcn", "--data", "x.csv", "--draws", "12", "--width", "16", "--plot", "curves.svg"), 0);
  assert_picture("curves.svg");
  read_all("curves.svg", text);
  assert_says(text, "Infinite width: 12 draws from the prior");
  assert_says(text, "Width 16: 12 networks");
  assert_code(run("sample", SMALL, "--plot", "circle.png"), 0);
  assert_picture("circle.png");
  assert_code(run("sample", SMALL, "--data", "digits:test[:9]", "--draws", "4", "--width", "8", "--plot", "strips.svg"), 0);
  assert_picture("strips.svg");
  read_all("strips.svg", text);
  assert_says(text, "Quantiles of all values");
}

static void a_picture_cut_short_is_not_kept(void **state) {
  (void)state;
  assert_code(run("kernel", SMALL, "--data", "digits:test[:30]", "-o", "k.npz"), 0);
  const ran *answer = run_how(&(conditions){.largest_file = 4096}, WORDS("plot", "k.npz", "-o", "k.png"));
  assert_code(answer, 1);
  assert_says(answer->err, "k.png cannot be");
  assert_int_equal(files_here(), 1);
}

static void without_gnuplot_the_package_is_named(void **state) {
  (void)state;
  const ran *answer = run_how(&(conditions){.path = "/nowhere"}, WORDS("plot", "k.npz"));
  assert_code(answer, 1);
  assert_says(answer->err, "gnuplot-nox");
}

static int clean(void **state) {
  (void)state;
  empty_folder();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(a_classification_is_drawn_with_its_attention, clean),
      cmocka_unit_test_teardown(kernels_are_drawn, clean),
      cmocka_unit_test_teardown(a_width_study_is_drawn, clean),
      cmocka_unit_test_teardown(a_regression_is_drawn, clean),
      cmocka_unit_test_teardown(a_regression_without_targets_is_drawn_with_a_warning, clean),
      cmocka_unit_test_teardown(errors_beyond_the_histogram_are_said, clean),
      cmocka_unit_test_teardown(functions_are_drawn_as_curves_and_as_strips, clean),
      cmocka_unit_test_teardown(a_picture_cut_short_is_not_kept, clean),
      cmocka_unit_test_teardown(without_gnuplot_the_package_is_named, clean),
  };
  if (!have_gnuplot()) {
    print_message("%zu tests of pictures skipped: gnuplot is not installed\n", sizeof tests / sizeof *tests);
    return 77;
  }
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
