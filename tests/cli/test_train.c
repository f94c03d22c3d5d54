/* limes train as a user meets it: tables, pictures, wrong use; and killed at random moments. Argument: how many kills (3). */
#include "program.h"

#include <jansson.h>

#include "base/random.h"
#include "limes/limes.h"

#define MODEL "flatten dense(w_std=sqrt(2)) relu dense"
#define DATA "--train", "digits:train[:40]", "--test", "digits:test[:20]"

static limes_context *context;
static size_t kills = 3;

static json_t *parse(const char *text) {
  json_t *object = json_loads(text, 0, NULL);
  assert_non_null(object);
  return object;
}

static double last_of(json_t *object, const char *curve, const char *series) {
  const json_t *array = json_object_get(json_object_get(object, curve), series);
  assert_true(json_array_size(array) > 1);
  return json_number_value(json_array_get(array, json_array_size(array) - 1));
}

static void flow_stands_beside_its_predictions(void **state) {
  (void)state;
  const ran *answer = run("train", MODEL, DATA, "--width", "64", "--time", "1500", "--json", "-o", "curves.npz");
  assert_code(answer, 0);
  json_t *object = parse(answer->out);
  assert_true(last_of(object, "network", "train_loss") < 0.04);
  assert_true(last_of(object, "limit", "train_loss") < 0.04);
  assert_true(last_of(object, "linearized", "test_accuracy") > 0.4);
  assert_true(json_number_value(json_object_get(json_object_get(object, "limit"), "test_gap")) < 0.4);
  assert_true(json_number_value(json_object_get(object, "banded")) > 0.8);
  json_decref(object);
  assert_true(exists("curves.npz"));
  answer = run("train", MODEL, DATA, "--width", "16", "--time", "10");
  assert_code(answer, 0);
  assert_says(answer->out, "linearized");
  assert_says(answer->out, "to limit");
}

static void mini_batches_learn_classes(void **state) {
  (void)state;
  const ran *answer = run("train", MODEL, DATA, "--width", "32", "--optimizer", "adam", "--loss", "cross-entropy", "--batch", "8",
                          "--epochs", "20", "--json");
  assert_code(answer, 0);
  json_t *object = parse(answer->out);
  assert_true(last_of(object, "network", "train_accuracy") > 0.9);
  assert_null(json_object_get(object, "limit"));
  json_decref(object);
}

static void a_picture_is_drawn(void **state) {
  (void)state;
  assert_code(run("train", MODEL, DATA, "--width", "16", "--time", "20", "--plot", "t.svg"), 0);
  assert_true(exists("t.svg"));
  assert_code(run("train", MODEL, "--train", "digits:train[:20]", "--width", "8", "--optimizer", "adam", "--steps", "9", "--plot",
                  "s.svg"),
              0);
  assert_true(exists("s.svg"));
}

static void wrong_use_is_one_sentence(void **state) {
  (void)state;
  static const struct {
    const char *words[4], *says;
  } cases[] = {
      {{"--batch", "8"}, "--batch is for optimizers that go by steps"},
      {{"--optimizer", "adam", "--time", "3"}, "--time is for --optimizer flow"},
      {{"--optimizer", "adam", "--compare", "all"}, "no prediction for adam"},
      {{"--momentum", "0.5"}, "--momentum is for --optimizer momentum"},
      {{"--save-every", "1"}, "add --save CKPT.h5"},
      {{"--save", "t.npz"}, "--save writes .h5"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *const *w = cases[i].words;
    const ran *answer = w[2] == NULL ? run("train", MODEL, DATA, w[0], w[1]) : run("train", MODEL, DATA, w[0], w[1], w[2], w[3]);
    assert_code(answer, 2);
    assert_says(answer->err, cases[i].says);
  }
  const ran *answer = run("train", MODEL, DATA, "--optimizer", "sgd", "--learning-rate", "1e6", "--width", "64");
  assert_code(answer, 1);
  assert_says(answer->err, "stable up to");
}

static void ctrl_c_keeps_the_checkpoint(void **state) {
  (void)state;
  conditions how = {.interrupt = 0.7};
  const char *const *words =
      WORDS("train", MODEL, "--train", "digits:train[:200]", "--width", "256", "--tolerance", "1e-9", "--save", "kept.h5");
  const ran *answer = run_how(&how, words);
  assert_code(answer, 130);
  assert_says(answer->err, "the same command goes on from there");
  assert_true(exists("kept.h5"));
}

/* Runs the program and kills it after so many seconds, if it is still there. True: it was. */
static bool run_and_kill(const char *const *words, double seconds) {
  const conditions how = {0};
  int status = 0;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0)
    become(words, &how, "killed.out", "killed.err");
  nanosleep(&(struct timespec){(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))}, NULL);
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status);
}

static void expect_same_files(const char *a, const char *b) {
  limes_file *file[2] = {NULL, NULL};
  assert_ok(context, limes_file_open(context, a, &file[0]));
  assert_ok(context, limes_file_open(context, b, &file[1]));
  size_t count = 0;
  for (const char *name; (name = limes_file_name(file[0], count)) != NULL; count++) {
    limes_named_array x, y;
    size_t n = 1;
    assert_ok(context, limes_file_get(context, file[0], name, &x));
    assert_ok(context, limes_file_get(context, file[1], name, &y));
    assert_int_equal(x.rank, y.rank);
    for (unsigned k = 0; k < x.rank; k++) {
      assert_int_equal(x.size[k], y.size[k]);
      n *= x.size[k];
    }
    if (x.text != NULL)
      assert_string_equal(x.text, y.text);
    else
      assert_memory_equal(x.data, y.data, n * sizeof *x.data);
  }
  assert_true(count > 5);
  limes_file_close(file[0]);
  limes_file_close(file[1]);
}

#define TRAINING(kind, path)                                                                                                     \
  (kind) == 0 ? WORDS("train", MODEL, DATA, "--width", "64", "--tolerance", "1e-5", "--compare", "none", "--save", path,         \
                      "--save-every", "0.1")                                                                                     \
              : WORDS("train", "dense relu attention relu flatten dense", DATA, "--resize", "4x4", "--width", "16",              \
                      "--optimizer", "adam", "--batch", "7", "--epochs", "300", "--save", path, "--save-every", "0.1")

static void a_killed_training_ends_with_the_same_bits(void **state) {
  (void)state;
  const limes_stream stream = {(uint64_t)time(NULL), {0, 0, 0}};
  for (int kind = 0; kind < 2; kind++) {
    double share[64];
    size_t killed = 0;
    limes_uniform(&stream, 64 * (uint64_t)kind, 64, share);
    assert_code(run_how(&(conditions){0}, TRAINING(kind, "whole.h5")), 0);
    for (size_t i = 0; i < kills; i++)
      killed += run_and_kill(TRAINING(kind, "parts.h5"), 0.05 + 0.4 * share[i % 64]);
    print_message("%zu of %zu runs were killed\n", killed, kills);
    assert_true(killed > 0);
    assert_code(run_how(&(conditions){0}, TRAINING(kind, "parts.h5")), 0);
    expect_same_files("whole.h5", "parts.h5");
    remove("whole.h5");
    remove("parts.h5");
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flow_stands_beside_its_predictions),
      cmocka_unit_test(mini_batches_learn_classes),
      cmocka_unit_test(a_picture_is_drawn),
      cmocka_unit_test(wrong_use_is_one_sentence),
      cmocka_unit_test(ctrl_c_keeps_the_checkpoint),
      cmocka_unit_test(a_killed_training_ends_with_the_same_bits),
  };
  if (argc > 1)
    kills = (size_t)strtoul(argv[1], NULL, 10);
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  int failed = cmocka_run_group_tests(tests, enter_folder, leave_folder);
  limes_context_destroy(context);
  return failed;
}
