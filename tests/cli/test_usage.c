/* Words of the command line: help, options, exit codes of wrong usage, and the documents made of the tables. */
#include "limes/limes.h"
#include "program.h"

static void every_command_has_help_and_stands_in_the_list(void **state) {
  (void)state;
  static const char *const commands[] = {"classify", "regress", "predict", "kernel", "explain", "dual",
                                         "sample",   "plot",    "data",    "layers", "models",  "check"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    const ran *answer = run(commands[i], "--help");
    assert_code(answer, 0);
    assert_says(answer->out, "usage: limes ");
    assert_says(run("--help")->out, commands[i]);
  }
}

/* Calls check(name) for each --name at which a line of the help begins. */
static size_t for_each_option(const char *help, void (*check)(const char *name)) {
  size_t count = 0;
  for (const char *line = help; line != NULL && *line != '\0';
       line = strchr(line, '\n') == NULL ? NULL : strchr(line, '\n') + 1) {
    const char *dashes = line + strspn(line, " ");
    dashes = dashes[0] == '-' && dashes[2] == ',' ? dashes + 4 : dashes;
    if (dashes > line && strncmp(dashes, "--", 2) == 0) {
      char name[64];
      snprintf(name, sizeof name, "%.*s", (int)strcspn(dashes, " \n"), dashes);
      check(name);
      count++;
    }
  }
  return count;
}

static char manual[OUTPUT_SIZE], completion[OUTPUT_SIZE], reference[OUTPUT_SIZE];

static void check_documents(const char *name) {
  char escaped[128] = "";
  for (size_t i = 0; name[i] != '\0'; i++)
    strcat(escaped, name[i] == '-' ? "\\-" : (char[]){name[i], '\0'});
  assert_says(manual, escaped);
  assert_says(completion, name);
  assert_says(reference, name);
}

static void every_option_is_in_help_manual_reference_and_completion(void **state) {
  (void)state;
  static const char *const commands[] = {"classify", "regress", "predict", "kernel", "explain", "dual",
                                         "sample",   "plot",    "data",    "layers", "models",  "check"};
  strcpy(manual, run("--man")->out);
  strcpy(completion, run("--completion")->out);
  strcpy(reference, run("--reference")->out);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    static char help[OUTPUT_SIZE];
    strcpy(help, run(commands[i], "--help")->out);
    assert_true(for_each_option(help, check_documents) >= 8);
  }
}

static void the_page_of_commands_is_what_the_tables_say(void **state) {
  (void)state;
  char path[4096];
  static char page[OUTPUT_SIZE];
  snprintf(path, sizeof path, "%s/docs/commands.md", getenv("LIMES_SOURCE_ROOT"));
  read_all(path, page);
  assert_string_equal(run("--reference")->out, page);
}

static void unknown_words_are_wrong_usage_and_offer_the_closest(void **state) {
  (void)state;
  static const struct {
    const char *words[6], *says;
  } cases[] = {
      {{"limes", "clasify", NULL}, "did you mean classify"},
      {{"limes", "xyzzy", NULL}, "limes --help"},
      {{"limes", NULL}, "a command is missing"},
      {{"limes", "--verison", NULL}, "did you mean --version"},
      {{"limes", "kernel", "fcn", "--outptu", "x", NULL}, "did you mean --output"},
      {{"limes", "kernel", "fcn", "-x", NULL}, "no option -x"},
      {{"limes", "kernel", "fcn", "--get", "nntk", NULL}, "did you mean ntk"},
      {{"limes", "kernel", "fcn", "--get", NULL}, "--get needs a value"},
      {{"limes", "kernel", "fcn", "--quiet=yes", NULL}, "takes no value"},
      {{"limes", "kernel", "--data", "digits", NULL}, "needs MODEL"},
      {{"limes", "kernel", "conv", "relu", NULL}, "quotes"},
      {{"limes", "kernel", "fcn", "--threads=0", NULL}, "from 1"},
      {{"limes", "kernel", "fcn", "--threads=two", NULL}, "a whole number"},
      {{"limes", "kernel", "fcn", "--memory=12X", NULL}, "800M"},
      {{"limes", "kernel", "fcn", "--resize=8", NULL}, "16x16"},
      {{"limes", "classify", "fcn", "--noise=-1", NULL}, "from 0"},
      {{"limes", "classify", "fcn", "--noise=nan", NULL}, "a number"},
      {{"limes", "classify", "fcn", "--learning-rate=0", NULL}, "above 0"},
      {{"limes", "classify", "fcn", "--method=laplace", NULL}, "--method takes labels"},
      {{"limes", "classify", "fcn", "--noise=1", "--noise=2", NULL}, "--noise 1 and --noise 2 contradict"},
      {{"limes", "predict", "k.npz", "--with=ntk", "--mode=nngp", NULL}, "--with ntk and --mode nngp contradict"},
      {{"limes", "classify", "fcn", "--learning-rate=2", NULL}, "by --time T"},
      {{"limes", "data", "info", "digits", "--vectors=glove.txt", NULL}, "for imdb: data"},
      {{"limes", "data", "info", "digits", "--max-tokens=9", NULL}, "for imdb: data"},
      {{"limes", "data", "info", "digits", "--target=price", NULL}, ".csv file"},
      {{"limes", "explain", "fcn", "-data", "digits", NULL}, "did you mean --data?"},
      {{"limes", "kernel", "fcn", "-output=k.npz", NULL}, "did you mean --output?"},
      {{"limes", "explain", "fcn", "--qqqqqqq", NULL}, "`limes explain --help` lists them"},
      {{"limes", "data", "digits", NULL}, "write: limes data info digits"},
      {{"limes", "help", "kernle", NULL}, "did you mean kernel"},
      {{"limes", "data", "fetch", "mnist", NULL}, "there is info"},
      {{"limes", "layers", "atention", NULL}, "did you mean 'attention'"},
      {{"limes", "help", "layer_nrm", NULL}, "did you mean layer_norm"},
      {{"limes", "help", "xyzzy", NULL}, "`limes layers` list them"},
      {{"limes", "models", "cnn-gap", NULL}, "did you mean"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const ran *answer = run_how(&(conditions){0}, cases[i].words);
    assert_code(answer, 2);
    assert_says(answer->err, "limes: ");
    assert_says(answer->err, cases[i].says);
    assert_string_equal(answer->out, "");
  }
}

static void options_stand_anywhere_and_two_dashes_end_them(void **state) {
  (void)state;
  assert_code(run("--threads", "1", "kernel", "--get=ntk", SMALL, "--quiet", "--data", "digits:test[:4]", "-o", "a.npy"), 0);
  assert_code(run("kernel", "-oa.npz", "--data=digits:test[:4]", "--memory=1G", "--", SMALL), 0);
  assert_true(exists("a.npy") && exists("a.npz"));
  assert_says(run("kernel", "--", "--data")->err, "kernel needs --data");
}

static void help_is_a_command_too(void **state) {
  (void)state;
  static char text[OUTPUT_SIZE];
  strcpy(text, run("kernel", "--help")->out);
  assert_string_equal(run("help", "kernel")->out, text);
  strcpy(text, run("--help")->out);
  assert_string_equal(run("help")->out, text);
}

static void an_option_said_twice_alike_is_fine(void **state) {
  (void)state;
  assert_code(run("kernel", SMALL, "--get=ntk", "--data", "digits:test[:4]", "--get", "ntk", "-o", "a.npy"), 0);
}

static void version_is_said(void **state) {
  (void)state;
  const ran *answer = run("--version");
  assert_code(answer, 0);
  assert_says(answer->out, limes_version());
}

static void shipped_models_and_words_are_listed(void **state) {
  (void)state;
  assert_says(run("models")->out, "attention-digits");
  assert_says(run("models", "--names")->out, "cnn-gp\n");
  assert_says(run("models", "cnn-gp")->out, "flatten dense");
  assert_says(run("layers")->out, "layer_norm");
  assert_says(run("layers", "--names")->out, "global_avg_pool\n");
  assert_says(run("layers", "attention")->out, "position_std");
}

/* Every page opens with the reference of its word, has its parts, and none of the marks of markdown. */
static void the_page_of_every_word_is_shown(void **state) {
  (void)state;
  static char page[OUTPUT_SIZE];
  limes_context *context = NULL;
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  for (size_t i = 0; limes_word(i) != NULL; i++) {
    static const char *const parts[] = {"\nFormula\n", "\nBefore and behind\n", "\nExample\n", "\n    limes kernel "};
    static const char *const marks[] = {"`", "](", "<!--", "\n#", "!["};
    char *text = NULL;
    strcpy(page, run("layers", limes_word(i))->out);
    assert_int_equal(limes_word_reference(context, limes_word(i), &text), LIMES_OK);
    assert_int_equal(strncmp(page, text, strlen(text)), 0);
    assert_null(strstr(page + 1, text));
    limes_free(text);
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
      assert_says(page, parts[k]);
    for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
      assert_null(strstr(page, marks[k]));
    assert_string_equal(run("help", limes_word(i))->out, page);
  }
  limes_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_command_has_help_and_stands_in_the_list),
      cmocka_unit_test(every_option_is_in_help_manual_reference_and_completion),
      cmocka_unit_test(the_page_of_commands_is_what_the_tables_say),
      cmocka_unit_test(unknown_words_are_wrong_usage_and_offer_the_closest),
      cmocka_unit_test(options_stand_anywhere_and_two_dashes_end_them),
      cmocka_unit_test(help_is_a_command_too),
      cmocka_unit_test(an_option_said_twice_alike_is_fine),
      cmocka_unit_test(version_is_said),
      cmocka_unit_test(shipped_models_and_words_are_listed),
      cmocka_unit_test(the_page_of_every_word_is_shown),
  };
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
