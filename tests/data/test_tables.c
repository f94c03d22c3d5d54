/* Tables as text: CSV, the fixed splits of regression data, libsvm. */
#include <locale.h>

#include "data/read_batch.h"

static limes_status read_csv(void **state, const char *text, const char *target) {
  limes_read_options options = {.target = target};
  limes_batch_destroy(batch);
  return limes_batch_read(context, files_text(state, "t.csv", text), &options, &batch);
}

static void check_numbers(const char *summary, const double *wanted, size_t n) {
  assert_string_equal(limes_batch_summary(batch), summary);
  for (size_t i = 0; i < n; i++)
    assert_close_at(limes_batch_item(batch, 0)[i], wanted[i], 0, i);
}

static void many_ways_to_write_a_table_are_one(void **state) {
  static const char *const texts[] = {
      "1,-2.5,3e2\n0.1,5,6\n",
      "1,-2.5,3e2\r\n0.1,5,6",
      "a,b,c\n1,-2.5,3e2\n0.1,5,6\n",
      "\xEF\xBB\xBF\x61;b;c\n1;-2.5;3e2\n\n0.1;5;6\n\n",
      "\"a\",\"b, \"\"c\"\"\",\"7\"\n\"1\",-2.5,\"3e2\"\n.1,+5., 6 \n",
      "1\t-2.5\t3e2\n0.1\t5\t6\n   \n",
  };
  const double wanted[6] = {1, -2.5, 300, 0.1, 5, 6};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_ok(context, read_csv(state, texts[i], NULL));
    check_numbers("2 vectors, 3 features", wanted, 6);
  }
}

static void a_gzipped_table_is_read_as_it_is(void **state) {
  const char text[] = "1,2\n3,4\n";
  limes_batch_destroy(batch);
  assert_ok(context, limes_batch_read(context, files_gzip(state, "t.csv.gz", text, sizeof text - 1), NULL, &batch));
  check_numbers("2 vectors, 2 features", (const double[]){1, 2, 3, 4}, 4);
}

/* A locale that writes 1,5: one of the system's, or one made here. */
static bool set_comma_locale(void **state) {
  static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "es_ES.UTF-8"};
  for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++)
    if (setlocale(LC_ALL, locales[i]) != NULL)
      return strcmp(localeconv()->decimal_point, ",") == 0;
  char command[700];
  snprintf(command, sizeof command, "localedef -i de_DE -f ISO-8859-1 %s >/dev/null 2>&1", files_path(state, "de_DE"));
  return system(command) == 0 && setenv("LOCPATH", ((test_files *)*state)->folder, 1) == 0 &&
         setlocale(LC_ALL, "de_DE") != NULL && strcmp(localeconv()->decimal_point, ",") == 0;
}

static void a_comma_locale_changes_nothing(void **state) {
  if (!set_comma_locale(state)) {
    print_message("skipped: 1 check (no locale with a decimal comma here)\n");
    skip();
  }
  double number = strtod("1.5", NULL);
  limes_status status = read_csv(state, "1.5,2.25\n", NULL);
  setlocale(LC_ALL, "C");
  assert_close(number, 1, 0); /* the locale does what it should */
  assert_ok(context, status);
  check_numbers("1 vector, 2 features", (const double[]){1.5, 2.25}, 2);
}

static void the_target_is_named_or_numbered(void **state) {
  const char *rows = "1,2,0\n4,5,2\n";
  char with_header[64];
  snprintf(with_header, sizeof with_header, "\"a\",\"3\",\"b\"\n%s", rows);
  assert_ok(context, read_csv(state, with_header, "a"));
  check_numbers("2 vectors, 2 features, 5 classes, 1 target", (const double[]){2, 0, 5, 2}, 4);
  assert_ok(context, read_csv(state, with_header, "3")); /* a name goes before a number */
  check_numbers("2 vectors, 2 features, 6 classes, 1 target", (const double[]){1, 0, 4, 2}, 4);
  assert_ok(context, read_csv(state, rows, "3"));
  check_numbers("2 vectors, 2 features, 3 classes, 1 target", (const double[]){1, 2, 4, 5}, 4);
  assert_close(limes_batch_targets(batch, NULL)[1], 2, 0);
  assert_ok(context, read_csv(state, "1,2.5\n3,-1\n", "2"));
  check_numbers("2 vectors, 1 feature, 1 target", (const double[]){1, 3}, 2);
  assert_fails(context, read_csv(state, rows, "4"), LIMES_WRONG_USE, "has no column '4'; name one of its 3 columns");
  assert_fails(context, read_csv(state, rows, "0"), LIMES_WRONG_USE, "has no column '0'");
  assert_fails(context, read_csv(state, rows, "2x"), LIMES_WRONG_USE, "has no column '2x'");
  assert_fails(context, read_csv(state, "1\n2\n", "1"), LIMES_BAD_INPUT, "features are needed");
}

static void a_missing_column_offers_the_closest_and_names_all(void **state) {
  assert_fails(context, read_csv(state, "size,price\n1,2\n", "Price"), LIMES_WRONG_USE,
               "has no column 'Price'; did you mean 'price'? (by name, or by number from 1, it has 2: size, price)");
  assert_fails(context, read_csv(state, "a,b,c,d,e,f,g,h,i,j,k,l\n1,2,3,4,5,6,7,8,9,10,11,12\n", "other"), LIMES_WRONG_USE,
               "i, j and 2 more");
  assert_fails(context, read_csv(state, "y,a,y\n1,2,3\n", "y"), LIMES_WRONG_USE,
               "has two columns 'y'; say which by its number, 1 or 3");
}

static void columns_are_matched_by_name_to_those_of_the_first_table(void **state) {
  limes_batch *first = NULL;
  assert_ok(context, read_csv(state, "a,b,y,c\n1,2,3,4\n", "y"));
  first = batch;
  batch = NULL;
  limes_read_options options = {.target = "y", .like = first};
  assert_ok(context, limes_batch_read(context, files_text(state, "u.csv", "y,c,b,a\n1,30,20,10\n"), &options, &batch));
  check_numbers("1 vector, 3 features, 2 classes, 1 target", (const double[]){10, 20, 30}, 3);
  static const struct {
    const char *text, *says;
  } wrong[] = {{"y,c,d,a\n1,2,3,4\n", "u.csv has no column 'b', which the first table has"},
               {"y,c,b\n1,2,3\n", "u.csv has no column 'a'"},
               {"y,c,b,a,d\n1,2,3,4,5\n", "u.csv has a column 'd', which the first table has not"}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    limes_batch_destroy(batch);
    assert_fails(context, limes_batch_read(context, files_text(state, "u.csv", wrong[i].text), &options, &batch), LIMES_BAD_INPUT,
                 wrong[i].says);
  }
  options.target = "1";
  assert_ok(context, limes_batch_read(context, files_text(state, "u.csv", "1,30,20,10\n"), &options, &batch));
  check_numbers("1 vector, 3 features, 2 classes, 1 target", (const double[]){30, 20, 10}, 3);
  limes_batch_destroy(first);
}

static void wrong_tables_name_line_and_field(void **state) {
  static const struct {
    const char *text, *says;
  } wrong[] = {
      {"", "t.csv is empty"},
      {"\n \r\n", "t.csv is empty"},
      {"a,b\n", "holds no items"},
      {"1,2\n3\n", "line 2: it has 1 field, the lines before it have 2"},
      {"1,2\n3,4,5\n", "line 2: it has 3 fields"},
      {"a,b\n\n1,2\n3,x\n", "line 4: field 2 ('x') is no number"},
      {"1,2\n3,\n", "line 2: field 2 is empty"},
      {"1,2\nnan,1\n", "line 2: field 1 is nan"},
      {"1,inf\n", "line 1: field 2 is inf"},
      {"1,2\n3,1e999\n", "line 2: field 2 is 1e999"},
      {"1,2\n3,0x10\n", "line 2: field 2 ('0x10') is no number"},
      {"1.0,2.O\n3,4\n", "line 1: field 2 ('2.O') is no number but others are"},
      {"1,\"2\n3,4\n", "line 1: field 2 has no closing quote"},
      {"1,\"2\"3\n", "line 1: field 2 goes on behind its closing quote"},
      {"1,2\n3 4,5\n", "line 2: field 1 ('3 4') is no number"},
      {"1,2\n3,1.2.3\n", "is no number"},
      {"1,2\n3,--1\n", "is no number"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    assert_fails(context, read_csv(state, wrong[i].text, NULL), LIMES_BAD_INPUT, wrong[i].says);
  limes_batch_destroy(batch);
  assert_fails(context, limes_batch_read(context, files_write(state, "nul.csv", "1,2\n3\0,4\n", 9), NULL, &batch),
               LIMES_BAD_INPUT, "line 2: it holds a NUL byte");
  assert_fails(context, limes_batch_read(context, files_path(state, "none.csv"), NULL, &batch), LIMES_BAD_INPUT, "No such file");
  assert_fails(context, limes_batch_read(context, files_folder(state, "folder.csv"), NULL, &batch), LIMES_BAD_INPUT,
               "is a folder");
}

static void a_gzipped_table_cut_short_is_refused(void **state) {
  char text[20000];
  size_t n = 0, length = 0;
  while (n < sizeof text - 40)
    n += (size_t)sprintf(text + n, "%zu,%zu\n", n * n % 1009, n * 7 % 1013);
  char *bytes = files_read(files_gzip(state, "whole.csv.gz", text, n), &length);
  for (size_t cut = 20; cut < length; cut += 97) {
    limes_batch_destroy(batch);
    assert_fails(context, limes_batch_read(context, files_write(state, "cut.csv.gz", bytes, cut), NULL, &batch), LIMES_BAD_INPUT,
                 "cut.csv.gz");
  }
  bytes[length / 2] ^= 4;
  limes_batch_destroy(batch);
  assert_fails(context, limes_batch_read(context, files_write(state, "cut.csv.gz", bytes, length), NULL, &batch), LIMES_BAD_INPUT,
               "cut.csv.gz");
  free(bytes);
}

static void write_split(void **state, const char *features, const char *target, const char *train) {
  files_text(state, "data.txt", " 1.0 2.0  3.0\n4 5 6\n\n7\t8\t9\n");
  files_text(state, "index_features.txt", features);
  files_text(state, "index_target.txt", target);
  files_text(state, "index_train_2.txt", train);
}

static limes_status read_split(void **state, const char *part) {
  char name[600];
  snprintf(name, sizeof name, "uci:%s:%s", ((test_files *)*state)->folder, part);
  limes_batch_destroy(batch);
  return limes_batch_read(context, name, NULL, &batch);
}

static void fixed_splits_take_their_rows_and_columns(void **state) {
  write_split(state, "0\n1\n", "2\n", "2\n0.0000e+00\n");
  assert_ok(context, read_split(state, "2:train"));
  check_numbers("2 vectors, 2 features, 10 classes, 1 target", (const double[]){7, 8, 1, 2}, 4);
  assert_close(limes_batch_targets(batch, NULL)[0], 9, 0);
  assert_ok(context, read_split(state, "2:train[1:]"));
  check_numbers("1 vector, 2 features, 4 classes, 1 target", (const double[]){1, 2}, 2);
  assert_fails(context, read_split(state, "2:test"), LIMES_BAD_INPUT, "index_test_2.txt cannot be read");
  assert_fails(context, read_split(state, "2"), LIMES_WRONG_USE, "say split and part");
  assert_fails(context, read_split(state, "a/b:train"), LIMES_WRONG_USE, "say split and part");
  write_split(state, "0\n3\n", "2\n", "2\n0\n");
  assert_fails(context, read_split(state, "2:train"), LIMES_BAD_INPUT,
               "index_features.txt: number 2 is 3, not a whole number from 0 below 3");
  write_split(state, "0\n1\n", "2\n", "1.5\n");
  assert_fails(context, read_split(state, "2:train"), LIMES_BAD_INPUT, "number 1 is 1.5");
  write_split(state, "0\n1\n", "", "1\n");
  assert_fails(context, read_split(state, "2:train"), LIMES_BAD_INPUT, "index_target.txt is empty");
  write_split(state, "0\n1\n", "2\n", "1\n");
  files_text(state, "data.txt", "1 2 3\n4 5\n");
  assert_fails(context, read_split(state, "2:train"), LIMES_BAD_INPUT,
               "data.txt, line 2: it has 2 numbers, the lines before it have 3");
}

static void a_gzipped_split_is_read_as_it_is(void **state) {
  static const char text[] = "1 2 3\n4 5 6\n";
  write_split(state, "0\n1\n", "2\n", "1\n");
  assert_int_equal(remove(files_path(state, "data.txt")), 0);
  assert_fails(context, read_split(state, "2:train"), LIMES_BAD_INPUT, "holds no data.txt, nor data.txt.gz");
  files_gzip(state, "data.txt.gz", text, sizeof text - 1);
  assert_ok(context, read_split(state, "2:train"));
  check_numbers("1 vector, 2 features, 7 classes, 1 target", (const double[]){4, 5}, 2);
  limes_batch_destroy(batch);
  assert_fails(context, limes_batch_read(context, "uci:/no/where:0:train", NULL, &batch), LIMES_BAD_INPUT,
               "there is no folder /no/where");
}

static void names_of_no_data_say_what_is_wrong(void **state) {
  static const struct {
    const char *name, *says;
  } wrong[] = {{"digits[:10", "the range has no ']' at its end"},
               {"digits:valid", "digits has :train and :test"},
               {"/tmp", "is a folder; say what it holds: cifar10:/tmp"},
               {"cifar10", "say where the files are: cifar10:DIR"},
               {"uci", "uci:DIR:SPLIT:train"},
               {"digit:train", "did you mean 'digits:train'?"},
               {"Mnist:/x", "did you mean 'mnist:/x'?"},
               {"table.txt", "known by their endings .npy"},
               {"nonsense", "known are digits"}};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    limes_batch_destroy(batch);
    assert_fails(context, limes_batch_read(context, wrong[i].name, NULL, &batch), LIMES_WRONG_USE, wrong[i].says);
  }
}

static limes_status read_svm(void **state, const char *text, const char *range) {
  char name[600];
  snprintf(name, sizeof name, "%s%s", files_text(state, "t.svm", text), range);
  limes_batch_destroy(batch);
  return limes_batch_read(context, name, NULL, &batch);
}

static void sparse_lines_become_whole_items(void **state) {
  assert_ok(context, read_svm(state, "1 1:0.5 3:-2 # a comment\n0 2:4\n# nothing\n2\n", ""));
  check_numbers("3 vectors, 3 features, 3 classes, 1 target", (const double[]){0.5, 0, -2, 0, 4, 0, 0, 0, 0}, 9);
  assert_ok(context, read_svm(state, "1 1:0.5 3:-2\n0 2:4\n", "[1:]"));
  check_numbers("1 vector, 3 features, 1 class, 1 target", (const double[]){0, 4, 0}, 3);
  assert_fails(context, read_svm(state, "1 0:1\n", ""), LIMES_BAD_INPUT, "line 1: '0:1' is no index:value");
  assert_fails(context, read_svm(state, "1 1:1\n1 2:1 2:3\n", ""), LIMES_BAD_INPUT, "line 2: index 2 stands behind index 2");
  assert_fails(context, read_svm(state, "x 1:1\n", ""), LIMES_BAD_INPUT, "not with a label");
  assert_fails(context, read_svm(state, "1 1:nan\n", ""), LIMES_BAD_INPUT, "finite value");
  assert_fails(context, read_svm(state, "1 99999999999:1\n", ""), LIMES_BAD_INPUT, "no index:value");
  assert_fails(context, read_svm(state, "", ""), LIMES_BAD_INPUT, "holds no items");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_ways_to_write_a_table_are_one),
      cmocka_unit_test(a_gzipped_table_is_read_as_it_is),
      cmocka_unit_test(a_comma_locale_changes_nothing),
      cmocka_unit_test(the_target_is_named_or_numbered),
      cmocka_unit_test(wrong_tables_name_line_and_field),
      cmocka_unit_test(a_gzipped_table_cut_short_is_refused),
      cmocka_unit_test(a_missing_column_offers_the_closest_and_names_all),
      cmocka_unit_test(columns_are_matched_by_name_to_those_of_the_first_table),
      cmocka_unit_test(a_gzipped_split_is_read_as_it_is),
      cmocka_unit_test(names_of_no_data_say_what_is_wrong),
      cmocka_unit_test(fixed_splits_take_their_rows_and_columns),
      cmocka_unit_test(sparse_lines_become_whole_items),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_batch);
}
