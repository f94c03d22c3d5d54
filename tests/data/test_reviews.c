/* IMDb reviews: tokens, word vectors, order, and the same from a folder and from an archive. */
#include <archive.h>
#include <archive_entry.h>

#include "data/read_batch.h"
#include "data/tokens.h"

static void check_tokens(const char *text, const char *wanted) {
  char got[1024] = "";
  limes_tokens tokens = {.text = text, .bytes = strlen(text)};
  while (limes_tokens_next(&tokens)) {
    strcat(got, got[0] == '\0' ? "" : " ");
    strcat(got, tokens.token);
  }
  if (strcmp(got, wanted) != 0) {
    print_error("text   %s\ntokens %s\nwanted %s\n", text, got, wanted);
    fail();
  }
}

static void texts_are_cut_into_words_and_marks(void **state) {
  (void)state;
  check_tokens("", "");
  check_tokens(" \t\r\n", "");
  check_tokens("The END.", "the end .");
  check_tokens("one<br /><br/>two<BR>three <b>", "one two three < b >");
  check_tokens("It's Tom's; I'm, you're, we've, they'll, he'd", "it 's tom 's ; i 'm , you 're , we 've , they 'll , he 'd");
  check_tokens("DON'T can't won't isn't n't", "do n't ca n't wo n't is n't n't");
  check_tokens("don\xE2\x80\x99t it\xE2\x80\x99s", "do n't it 's");
  check_tokens("'quoted' rock'n'roll o'clock 's x'sy", "' quoted ' rock ' n ' roll o ' clock ' s x ' sy");
  check_tokens("well-made 10/10 $3.50 ... (a)", "well - made 10 / 10 $ 3 . 50 . . . ( a )");
  check_tokens("Caf\xC3\xA9 \xC3\x89T\xC3\x89 na\xC3\xAFve's \xC2\xA3 \xE2\x80\x9Chi\xE2\x80\x9D",
               "caf\xC3\xA9 \xC3\xA9t\xC3\xA9 na\xC3\xAFve 's \xC2\xA3 \xE2\x80\x9C hi \xE2\x80\x9D");
  check_tokens("a\xC2\x96"
               "b\xC2\xA0"
               "c\xFF"
               "d\xE2\x80",
               "a b c d");
}

static void a_long_word_is_kept_in_part(void **state) {
  (void)state;
  char text[1000];
  memset(text, 'x', sizeof text);
  limes_tokens tokens = {.text = text, .bytes = sizeof text};
  assert_true(limes_tokens_next(&tokens));
  assert_int_equal(tokens.length, LIMES_MOST_TOKEN);
  assert_false(limes_tokens_next(&tokens));
}

static const struct {
  const char *path, *text;
} texts[] = {
    {"train/neg/10_1.txt", "bad"},
    {"train/neg/2_3.txt", "bad film unknown"},
    {"train/pos/3_9.txt", "good film good"},
    {"train/pos/0_10.txt", ""},
    {"test/neg/0_1.txt", "film"},
    {"test/pos/0_7.txt", "film good"},
    {"train/unsup/0_0.txt", "neither"},
    {"train/pos/notes.txt", "no review"},
    {"train/pos/5_.txt", "no rating"},
    {"train/urls_pos.txt", "http"},
};
#define TEXTS (sizeof texts / sizeof texts[0])

static const char vectors[] = "the 9 9\nfilm 1 0.5\ngood 2 -1\nbad -2 1e-1\nfilm 7 7\n";

static void write_folder(void **state) {
  static const char *const folders[] = {"top",
                                        "top/aclImdb",
                                        "top/aclImdb/train",
                                        "top/aclImdb/test",
                                        "top/aclImdb/train/neg",
                                        "top/aclImdb/train/pos",
                                        "top/aclImdb/train/unsup",
                                        "top/aclImdb/test/neg",
                                        "top/aclImdb/test/pos"};
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
    files_folder(state, folders[i]);
  for (size_t i = 0; i < TEXTS; i++) {
    char name[128];
    snprintf(name, sizeof name, "top/aclImdb/%s", texts[i].path);
    files_text(state, name, texts[i].text);
  }
}

static void write_archive(void **state, bool gzip) {
  struct archive *archive = archive_write_new();
  if (gzip)
    archive_write_add_filter_gzip(archive);
  archive_write_set_format_ustar(archive);
  assert_int_equal(archive_write_open_filename(archive, files_path(state, "reviews.tar.gz")), ARCHIVE_OK);
  for (size_t i = 0; i < TEXTS; i++) {
    struct archive_entry *entry = archive_entry_new();
    char name[128];
    snprintf(name, sizeof name, "aclImdb/%s", texts[i].path);
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)strlen(texts[i].text));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    archive_write_data(archive, texts[i].text, strlen(texts[i].text));
    archive_entry_free(entry);
  }
  assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
  archive_write_free(archive);
}

static limes_status read_reviews(void **state, const char *where, const char *part, size_t most) {
  char name[600], words[600];
  snprintf(name, sizeof name, "imdb:%s%s", files_path(state, where), part);
  snprintf(words, sizeof words, "%s", files_path(state, "vectors.txt"));
  limes_read_options options = {.vectors = words, .max_tokens = most};
  limes_batch_destroy(batch);
  return limes_batch_read(context, name, &options, &batch);
}

/* neg/2, pos/0, neg/10, pos/3 */
static void check_train(void) {
  static const double wanted[] = {-2, 0.1, 1, 0.5, 0, 0, /**/ 0, 0, /**/ -2, 0.1, /**/ 2, -1, 1, 0.5, 2, -1};
  static const size_t lengths[] = {3, 1, 1, 3};
  assert_string_equal(limes_batch_summary(batch), "4 sequences of 1 to 3 positions, 2 features, 2 classes");
  for (size_t i = 0, k = 0; i < 4; i++) {
    assert_int_equal(limes_batch_labels(batch, NULL)[i], i % 2);
    assert_int_equal(limes_batch_positions(batch, i, NULL), lengths[i]);
    for (size_t t = 0; t < 2 * lengths[i]; t++, k++)
      assert_close_at(limes_batch_item(batch, i)[t], wanted[k], 0, k);
  }
}

static void a_folder_and_an_archive_give_the_same_reviews(void **state) {
  static const char *const places[] = {"top", "top/aclImdb", "reviews.tar.gz", "reviews.tar.gz"};
  files_text(state, "vectors.txt", vectors);
  write_folder(state);
  for (size_t i = 0; i < 4; i++) {
    write_archive(state, i == 2);
    assert_ok(context, read_reviews(state, places[i], ":train", 0));
    check_train();
    assert_ok(context, read_reviews(state, places[i], ":train[2:3]", 0));
    assert_close(limes_batch_item(batch, 0)[0], -2, 0);
    assert_ok(context, read_reviews(state, places[i], "", 0));
    assert_int_equal(limes_batch_items(batch), 6);
    assert_ok(context, read_reviews(state, places[i], ":test", 0));
    assert_int_equal(limes_batch_positions(batch, 1, NULL), 2);
    assert_int_equal(limes_batch_labels(batch, NULL)[1], 1);
  }
}

static void reviews_are_cut_after_max_tokens(void **state) {
  files_text(state, "vectors.txt", vectors);
  write_archive(state, true);
  assert_ok(context, read_reviews(state, "reviews.tar.gz", ":train", 2));
  assert_string_equal(limes_batch_summary(batch), "4 sequences of 1 to 2 positions, 2 features, 2 classes");
}

static void vectors_may_be_gzipped_and_headed(void **state) {
  write_archive(state, true);
  char headed[200];
  snprintf(headed, sizeof headed, "5 2\n%s", vectors);
  const char *gzipped = files_gzip(state, "v.gz", headed, strlen(headed));
  assert_int_equal(rename(gzipped, files_path(state, "vectors.txt")), 0);
  assert_ok(context, read_reviews(state, "reviews.tar.gz", ":train", 0));
  check_train();
}

static void wrong_vectors_name_the_line(void **state) {
  static const struct {
    const char *text, *says;
  } wrong[] = {
      {"", "vectors.txt is empty"},
      {"film\n", "line 1: it is no word with its numbers"},
      {"the 1 2\nfilm 1\n", "line 2: number 2 of the vector is missing"},
      {"the 1 2\nfilm 1 2 3\n", "line 2: it has more than 2 numbers"},
      {"the 1 2\nfilm 1 nan\n", "line 2: number 2 of the vector is none or not finite"},
      {"the 1 2\nfilm 1 x\n", "line 2: number 2"},
      {"other 1 2\n", "a vector for none of the words"},
  };
  write_archive(state, true);
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    files_text(state, "vectors.txt", wrong[i].text);
    assert_fails(context, read_reviews(state, "reviews.tar.gz", ":train", 0), LIMES_BAD_INPUT, wrong[i].says);
  }
  unlink(files_path(state, "vectors.txt"));
  assert_fails(context, read_reviews(state, "reviews.tar.gz", ":train", 0), LIMES_BAD_INPUT, "No such file");
  assert_fails(context, limes_batch_read(context, "imdb:anywhere", NULL, &batch), LIMES_WRONG_USE, "--vectors");
  batch = NULL;
}

static void archives_cut_short_or_of_something_else_are_refused(void **state) {
  size_t n = 0;
  files_text(state, "vectors.txt", vectors);
  write_archive(state, true);
  char *bytes = files_read(files_path(state, "reviews.tar.gz"), &n);
  for (size_t cut = 0; cut + 8 < n; cut += 7) { /* the last eight bytes are gzip's checksum, behind the archive's end */
    files_write(state, "reviews.tar.gz", bytes, cut);
    assert_fails(context, read_reviews(state, "reviews.tar.gz", ":train", 0), LIMES_BAD_INPUT, "reviews.tar.gz");
  }
  free(bytes);
  files_text(state, "reviews.tar.gz", "this is text, not an archive");
  assert_fails(context, read_reviews(state, "reviews.tar.gz", ":train", 0), LIMES_BAD_INPUT, "no .tar.gz archive");
  assert_fails(context, read_reviews(state, "nowhere", ":train", 0), LIMES_BAD_INPUT, "No such file");
  assert_fails(context, read_reviews(state, "", ":train", 0), LIMES_BAD_INPUT, "holds 0 negative and 0 positive reviews");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_cut_into_words_and_marks),
      cmocka_unit_test(a_long_word_is_kept_in_part),
      cmocka_unit_test(a_folder_and_an_archive_give_the_same_reviews),
      cmocka_unit_test(reviews_are_cut_after_max_tokens),
      cmocka_unit_test(vectors_may_be_gzipped_and_headed),
      cmocka_unit_test(wrong_vectors_name_the_line),
      cmocka_unit_test(archives_cut_short_or_of_something_else_are_refused),
  };
  return cmocka_run_group_tests(tests, begin_with_files, end_with_batch);
}
