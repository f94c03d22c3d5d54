/* What goes wrong: bad files, folders that are not there, a full disk, an interruption. Nothing half written is left. */
#include "limes/limes.h"
#include "program.h"

#define LONG_WORK "conv(3) relu attention(position=sum) relu attention(position=sum) relu flatten dense"

static void write_text(const char *path, const char *text, size_t length) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
}

static int clean(void **state) {
  (void)state;
  empty_folder();
  return 0;
}

static void outputs_that_cannot_be_written_are_found_before_the_work(void **state) {
  (void)state;
  static const struct {
    const char *words[10], *says;
  } cases[] = {
      {{"limes", "kernel", LONG_WORK, "--data", "digits", "-o", "nowhere/k.npz", NULL}, "the folder nowhere is not there"},
      {{"limes", "kernel", LONG_WORK, "--data", "digits", "-o", "k.txt", NULL}, ".npz, .npy or .h5"},
      {{"limes", "kernel", LONG_WORK, "--data", "digits", "-o", "k.npy", NULL}, "--get nngp"},
      {{"limes", "kernel", LONG_WORK, "--data", "digits", NULL}, "needs --output"},
      {{"limes", "classify", LONG_WORK, "--train", "digits", "--test", "digits", "--save", "fit.npz", NULL}, "--save writes .h5"},
      {{"limes", "classify", LONG_WORK, "--train", "digits", "--test", "digits", "--plot", "f.jpg", NULL}, ".png or .svg"},
      {{"limes", "classify", LONG_WORK, "--train", "digits", "--test", "digits", "-o", "/dev/null/p.csv", NULL}, "not"},
      {{"limes", "classify", LONG_WORK, "--train", "digits", NULL}, "needs --test"},
      {{"limes", "predict", "k.npz", NULL}, "--labels"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const ran *answer = run_how(&(conditions){0}, cases[i].words);
    assert_code(answer, 2);
    assert_says(answer->err, cases[i].says);
    assert_int_equal(files_here(), 0);
  }
}

static void an_input_is_never_overwritten(void **state) {
  (void)state;
  static const char table[] = "a,y\n1,0.5\n2,1.5\n3,2.5\n";
  write_text("t.csv", table, sizeof table - 1);
  write_text("k.npz", "kernels", 7);
  assert_int_equal(symlink("t.csv", "link.csv"), 0);
  static const struct {
    const char *words[16], *says;
  } cases[] = {
      {{"limes", "regress", "fcn", "--train", "t.csv[:2]", "--test", "digits", "-o", "t.csv", NULL}, "-o t.csv is also --train"},
      {{"limes", "regress", "fcn", "--train", "digits", "--test", "t.csv", "-o", "./link.csv", NULL}, "is also --test"},
      {{"limes", "dual", "relu", "k.npz", "-ok.npz", NULL}, "-o k.npz is also FILE"},
      {{"limes", "kernel", "fcn", "--data", "k.npz:x", "-o", "k.npz", NULL}, "-o k.npz is also --data"},
      {{"limes", "predict", "k.npz", "--labels", "k.npz:y", "-o", "k.npz", NULL}, "-o k.npz is also FILE"},
      {{"limes", "plot", "k.npz", "-o", "k.npz", NULL}, "-o k.npz is also FILE"},
      {{"limes", "classify", "fcn", "--train", "digits", "--test", "digits", "-o", "new", "--save", "./new", NULL},
       "--save ./new is also --output"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const ran *answer = run_how(&(conditions){0}, cases[i].words);
    assert_code(answer, 2);
    assert_says(answer->err, cases[i].says);
    assert_says(answer->err, "name another file");
  }
  static char text[OUTPUT_SIZE];
  read_all("t.csv", text);
  assert_string_equal(text, table);
}

static void kernels_of_positions_that_cannot_fit_are_refused(void **state) {
  (void)state;
  const ran *answer =
      run("kernel", "conv(3) relu", "--data", "digits:test[:100]", "--positions", "-o", "k.npz", "--memory", "100M");
  assert_code(answer, 4);
  assert_says(answer->err, "kernels of all positions would take");
  assert_int_equal(files_here(), 0);
}

static void models_that_do_not_fit_are_wrong_usage(void **state) {
  (void)state;
  static const double x[] = {1, 2, 3, 4, 5, 6};
  limes_context *context = NULL;
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  assert_ok(context,
            limes_file_write(context, "x.npy", &(limes_named_array){.name = "x", .rank = 2, .size = {2, 3}, .data = x}, 1));
  limes_context_destroy(context);
  static const struct {
    const char *model, *data, *against, *says;
  } cases[] = {
      {"conv(3) rellu flatten", "digits", "digits", "did you mean 'relu'"},
      {"conv(3) relu flatten dense)", "digits", "digits", "line 1, column 27"},
      {"repeat(2, conv(3) relu", "digits", "digits", "missing"},
      {"attention", "x.npy", "x.npy", "attention needs positions"},
      {"relu dense", "x.npy", "x.npy", "dense"},
      {"dense", "x.npy", "digits", "different widths"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const ran *answer = run("kernel", cases[i].model, "--data", cases[i].data, "--against", cases[i].against, "-o", "k.npz");
    assert_code(answer, 2);
    assert_says(answer->err, cases[i].says);
  }
}

static void bad_files_are_bad_input(void **state) {
  (void)state;
  static const char header[] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1000, 3), }";
  write_text("empty.npy", "", 0);
  write_text("short.npy", header, sizeof header - 1);
  write_text("nan.csv", "1,2\nnan,4\n", 10);
  write_text("text.csv", "1,2\n3,four\n", 11);
  static const char *const names[] = {"nothere.npy", "empty.npy",         "short.npy",      "nan.csv",
                                      "text.csv",    "digits:everything", "cifar10:.:train"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const ran *answer = run("kernel", "dense relu dense", "--data", names[i], "-o", "k.npz");
    if (answer->code != 2) /* a part that a format does not have is wrong usage */
      assert_code(answer, 3);
    assert_says(answer->err, "limes: ");
    assert_false(exists("k.npz"));
  }
  assert_code(run("predict", "empty.npy", "--test", "digits:test"), 3);
  assert_code(run("plot", "empty.npy", "-o", "f.png"), 3);
}

static void tasks_that_do_not_suit_the_data_are_bad_input(void **state) {
  (void)state;
  const ran *answer = run("regress", SMALL, "--train", "digits:train", "--test", "digits:test");
  assert_code(answer, 3);
  assert_says(answer->err, "use limes classify");
  write_text("t.csv", "a,y\n1,0.5\n2,1.5\n3,2.5\n", 22);
  answer = run("classify", "dense relu dense", "--train", "t.csv", "--test", "t.csv", "--target", "y");
  assert_code(answer, 3);
  assert_says(answer->err, "use regress");
  write_text("few.csv", "a,y\n1,0\n2,1\n3,1\n", 16);
  write_text("more.csv", "a,y\n1,0\n2,7\n", 12);
  answer = run("classify", "dense relu dense", "--train", "few.csv", "--test", "more.csv", "--target", "y");
  assert_code(answer, 3);
  assert_says(answer->err, "item 1 has label 7");
  answer = run("classify", "dense relu dense", "--train", "few.csv", "--test", "more.csv", "--target", "y", "--save", "fit.h5");
  assert_code(answer, 3);
  assert_false(exists("fit.h5"));
}

static void an_interruption_leaves_no_file_and_says_130(void **state) {
  (void)state;
  const ran *answer = run_how(&(conditions){.interrupt = 1.5}, WORDS("kernel", LONG_WORK, "--data", "digits", "-o", "k.npz"));
  assert_code(answer, 130);
  assert_says(answer->err, "interrupted");
  assert_int_equal(files_here(), 0);
}

static void a_width_study_can_be_interrupted(void **state) {
  (void)state;
  const ran *answer =
      run_how(&(conditions){.interrupt = 1}, WORDS("width", "cnn-gp", "--data", "digits", "--draws", "1000", "--plot", "w.png"));
  assert_code(answer, 130);
  assert_says(answer->err, "interrupted");
  assert_int_equal(files_here(), 0);
}

static void an_interruption_keeps_the_file_that_was_there(void **state) {
  (void)state;
  write_text("k.npz", "before", 6);
  assert_code(run_how(&(conditions){.interrupt = 1.5}, WORDS("kernel", LONG_WORK, "--data", "digits", "-o", "k.npz")), 130);
  static char text[OUTPUT_SIZE];
  read_all("k.npz", text);
  assert_string_equal(text, "before");
  assert_int_equal(files_here(), 1);
}

static void a_full_disk_leaves_nothing(void **state) {
  (void)state;
  static const char *const outputs[][2] = {{"-o", "p.csv"}, {"-o", "p.npz"}, {"--save", "fit.h5"}};
  for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
    const ran *answer = run_how(&(conditions){.largest_file = 8192, .out = NULL},
                                WORDS("classify", SMALL, "--train", "digits:train[:100]", "--test", "digits:test", outputs[i][0],
                                      outputs[i][1], "--noise", "0.01"));
    assert_code(answer, 1);
    assert_says(answer->err, "cannot be written");
    assert_int_equal(files_here(), 0);
  }
}

static void results_that_cannot_be_printed_are_a_failure(void **state) {
  (void)state;
  const ran *answer = run_how(&(conditions){.out = "/dev/full"}, WORDS("layers"));
  assert_code(answer, 1);
  assert_says(answer->err, "No space left on device");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(outputs_that_cannot_be_written_are_found_before_the_work, clean),
      cmocka_unit_test_teardown(an_input_is_never_overwritten, clean),
      cmocka_unit_test_teardown(kernels_of_positions_that_cannot_fit_are_refused, clean),
      cmocka_unit_test_teardown(models_that_do_not_fit_are_wrong_usage, clean),
      cmocka_unit_test_teardown(bad_files_are_bad_input, clean),
      cmocka_unit_test_teardown(tasks_that_do_not_suit_the_data_are_bad_input, clean),
      cmocka_unit_test_teardown(an_interruption_leaves_no_file_and_says_130, clean),
      cmocka_unit_test_teardown(a_width_study_can_be_interrupted, clean),
      cmocka_unit_test_teardown(an_interruption_keeps_the_file_that_was_there, clean),
      cmocka_unit_test_teardown(a_full_disk_leaves_nothing, clean),
      cmocka_unit_test_teardown(results_that_cannot_be_printed_are_a_failure, clean),
  };
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
