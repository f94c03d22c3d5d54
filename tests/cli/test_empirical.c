/* limes empirical, and limes explain --empirical */
#include "program.h"

#include <limes/limes.h>

#define MODEL "flatten dense(b_std=0.3) relu dense"
#define KERNEL "empirical", MODEL, "--data", "digits[:6]", "--width", "9"

/* Arrays of two files, bit by bit */
static void assert_same_files(limes_context *context, const char *one, const char *other) {
  limes_file *a = NULL, *b = NULL;
  assert_ok(context, limes_file_open(context, one, &a));
  assert_ok(context, limes_file_open(context, other, &b));
  for (size_t i = 0; limes_file_name(a, i) != NULL; i++) {
    limes_named_array x = {0}, y = {0};
    size_t n = 1;
    assert_ok(context, limes_file_get(context, a, limes_file_name(a, i), &x));
    assert_ok(context, limes_file_get(context, b, limes_file_name(a, i), &y));
    for (unsigned axis = 0; axis < x.rank; axis++)
      n *= x.size[axis];
    assert_true(x.rank == y.rank && memcmp(x.size, y.size, x.rank * sizeof *x.size) == 0);
    if (x.text != NULL)
      assert_string_equal(x.text, y.text);
    else
      assert_memory_equal(x.data, y.data, n * sizeof *x.data);
  }
  limes_file_close(a);
  limes_file_close(b);
}

/* n numbers of an array */
static void read_numbers(limes_context *context, const char *path, const char *name, size_t n, double *to) {
  limes_file *file = NULL;
  limes_named_array array = {0};
  assert_ok(context, limes_file_open(context, path, &file));
  assert_ok(context, limes_file_get(context, file, name, &array));
  if (array.data == NULL)
    fail_msg("%s has no %s", path, name);
  memcpy(to, array.data, n * sizeof *to);
  limes_file_close(file);
}

static void more_draws_go_on_to_the_bits_of_one_run(void **state) {
  limes_context *context = NULL;
  (void)state;
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  static const char *const files[][2] = {{"A.npz", "B.npz"}, {"A.h5", "B.h5"}};
  for (int k = 0; k < 2; k++) {
    assert_code(run(KERNEL, "--draws", "5", "-o", files[k][0]), 0);
    assert_code(run(KERNEL, "--draws", "2", "-o", files[k][1], "--threads", "1"), 0);
    assert_code(run(KERNEL, "--draws", "5", "-o", files[k][1]), 0);
    assert_same_files(context, files[k][0], files[k][1]);
    const ran *again = run(KERNEL, "--draws", "5", "-o", files[k][1], "--json");
    assert_code(again, 0);
    assert_says(again->out, "\"added\":0");
    assert_same_files(context, files[k][0], files[k][1]);
  }
  double squares[36], error[36];
  read_numbers(context, "A.npz", "ntk_squares", 36, squares);
  read_numbers(context, "A.npz", "ntk_error", 36, error);
  for (int i = 0; i < 36; i++)
    assert_close(error[i], sqrt(squares[i] / 4 / 5), 1e-15);
  limes_context_destroy(context);
  empty_folder();
}

static void ctrl_c_keeps_the_draws_that_were_done(void **state) {
  (void)state;
  limes_context *context = NULL;
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  const ran *stopped = run_how(&(conditions){.interrupt = 0.6}, WORDS(KERNEL, "--draws", "10000000", "-o", "A.npz"));
  assert_code(stopped, 130);
  assert_says(stopped->err, "which A.npz holds; the same command goes on");
  double draws = 0;
  char text[32];
  read_numbers(context, "A.npz", "draws", 1, &draws);
  assert_true(draws > 0);
  snprintf(text, sizeof text, "%.0f", draws + 3);
  assert_code(run(KERNEL, "--draws", text, "-o", "A.npz"), 0);
  assert_code(run(KERNEL, "--draws", text, "-o", "B.npz"), 0);
  assert_same_files(context, "A.npz", "B.npz");
  assert_int_equal(files_here(), 2);
  limes_context_destroy(context);
  empty_folder();
}

static void a_file_of_other_averages_is_not_touched(void **state) {
  (void)state;
  assert_code(run(KERNEL, "--draws", "3", "-o", "A.npz"), 0);
  static const struct {
    const char *option, *value, *says;
  } samples[] = {
      {"--draws", "2", "A.npz holds 3 draws already"},
      {"--seed", "1", "its networks is"},
      {"--heads", "2", "its networks is"},
      {"--against", "digits[6:9]", "its against is \"nothing\""},
      {"--route", "tangents", "its route is"},
      {"--parameterization", "standard", "its networks is"},
      {"--normalize", "per-feature", "its normalize is"},
  };
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    const ran *other = run(KERNEL, samples[i].option, samples[i].value, "-o", "A.npz");
    assert_code(other, 2);
    assert_says(other->err, samples[i].says);
  }
  const ran *wider = run("empirical", MODEL, "--data", "digits[:6]", "--width", "10", "-o", "A.npz");
  assert_code(wider, 2);
  assert_says(wider->err, "width 9, outputs 1");
  empty_folder();
}

static void parameters_of_a_file_give_the_kernels_of_that_network(void **state) {
  (void)state;
  limes_context *context = NULL;
  limes_model *model = NULL;
  limes_batch *batch = NULL;
  limes_network *network = NULL;
  limes_normalization *unit = NULL;
  limes_network_settings settings = {.width = 9, .seed = 77, .outputs = 1};
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  assert_ok(context, limes_model_parse(context, MODEL, &model));
  assert_ok(context, limes_batch_read(context, "digits[:6]", NULL, &batch));
  assert_ok(context, limes_normalization_fit(context, NULL, batch, &unit));
  assert_ok(context, limes_normalization_apply(context, unit, batch));
  const limes_batch *given = batch;
  assert_ok(context, limes_network_create(context, model, &given, 1, &settings, &network));
  assert_ok(context, limes_network_save(context, network, "P.npz"));
  double nngp[36], ntk[36], found[36];
  assert_ok(context, limes_empirical(context, network, batch, NULL, 0, LIMES_NTK_JACOBIAN,
                                     &(limes_kernel_output){.nngp = nngp, .ntk = ntk}));
  assert_code(run(KERNEL, "--parameters", "P.npz", "-o", "A.npz"), 0);
  read_numbers(context, "A.npz", "nngp", 36, found);
  for (int i = 0; i < 36; i++)
    assert_close(found[i], nngp[i], 1e-14);
  read_numbers(context, "A.npz", "ntk", 36, found);
  for (int i = 0; i < 36; i++)
    assert_close(found[i], ntk[i], 1e-14);
  const ran *many = run(KERNEL, "--parameters", "P.npz", "--draws", "3", "-o", "A.npz");
  assert_code(many, 2);
  assert_says(many->err, "--parameters gives one network");
  const ran *wider = run("empirical", MODEL, "--data", "digits[:6]", "--width", "10", "--parameters", "P.npz", "-o", "B.npz");
  assert_code(wider, 3);
  assert_says(wider->err, "P.npz: dense_0.weight has 576 numbers along 2 axes, and the model wants [64,10]");
  assert_false(exists("B.npz"));
  limes_network_destroy(network);
  limes_normalization_destroy(unit);
  limes_batch_destroy(batch);
  limes_model_destroy(model);
  limes_context_destroy(context);
  empty_folder();
}

static void explain_shows_the_routes_and_refuses_what_does_not_fit(void **state) {
  (void)state;
  const ran *shown = run("explain", MODEL, "--data", "digits[:20]", "--empirical", "--width", "500");
  assert_code(shown, 0);
  assert_says(shown->out, "structured");
  assert_says(shown->out, "<- this one");
  const ran *json = run("explain", MODEL, "--data", "digits[:20]", "--empirical", "--width", "500", "--json");
  assert_code(json, 0);
  assert_says(json->out, "\"chosen\":\"structured\"");
  const ran *refused =
      run("explain", MODEL, "--data", "digits[:20]", "--empirical", "--width", "500", "--route", "jacobian", "--memory", "2M");
  assert_code(refused, 4);
  assert_says(refused->out, "does not fit");
  assert_says(refused->err, "by this route, and");
  assert_code(run("empirical", MODEL, "--data", "digits[:20]", "--width", "500", "--memory", "100k", "-o", "A.npz"), 4);
  assert_int_equal(files_here(), 0);
}

static void what_cannot_be_done_is_a_sentence(void **state) {
  (void)state;
  static const struct {
    const char *model, *outputs, *says;
    int code;
  } samples[] = {
      {"conv(3)", "one", "end it with flatten or global_avg_pool", 2},
      {"flatten dense exp_normalized dense", "one", "cannot be sampled at finite width", 1},
      {MODEL, "0", "--outputs takes one, all or a whole number from 1", 2},
      {MODEL, "1x", "--outputs takes one, all or a whole number from 1", 2},
  };
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    const ran *refused =
        run("empirical", samples[i].model, "--data", "digits[:3]", "--outputs", samples[i].outputs, "-o", "A.npz");
    assert_code(refused, samples[i].code);
    assert_says(refused->err, samples[i].says);
  }
  assert_code(run("empirical", "flatten dense relu dense(width=10)", "--data", "digits[:3]", "--width", "8", "-o", "A.npz"), 0);
  assert_code(run("empirical", MODEL, "--data", "digits[:3]", "--width", "8", "--outputs", "all", "-o", "B.npz"), 0);
  const ran *missing = run("empirical", MODEL, "--data", "digits[:3]");
  assert_code(missing, 2);
  assert_says(missing->err, "empirical needs --output");
  empty_folder();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(more_draws_go_on_to_the_bits_of_one_run),
      cmocka_unit_test(ctrl_c_keeps_the_draws_that_were_done),
      cmocka_unit_test(a_file_of_other_averages_is_not_touched),
      cmocka_unit_test(parameters_of_a_file_give_the_kernels_of_that_network),
      cmocka_unit_test(explain_shows_the_routes_and_refuses_what_does_not_fit),
      cmocka_unit_test(what_cannot_be_done_is_a_sentence),
  };
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
