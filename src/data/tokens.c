#include "data/tokens.h"

#include <string.h>
#include <strings.h>

#include "store/utf8.h"

typedef enum { BLANK, LETTER, MARK } sort;

static sort sort_of(uint32_t code) {
  if (code < 0x80)
    return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') ? LETTER
           : code > ' ' && code != 0x7F                                                                 ? MARK
                                                                                                        : BLANK;
  if (code <= 0xA0 || (code >= 0x2000 && code <= 0x200D) || code == 0x3000 || code == 0xFEFF || code == 0xFFFD)
    return BLANK; /* spaces, and what is left of other encodings */
  bool mark =
      code < 0xC0 || code == 0xD7 || code == 0xF7 || (code >= 0x2010 && code <= 0x2BFF) || (code >= 0x3001 && code <= 0x303F);
  return mark ? MARK : LETTER;
}

/* A-Z and the accented capitals of Latin-1 */
static uint32_t lower(uint32_t code) {
  bool capital = (code >= 'A' && code <= 'Z') || (code >= 0xC0 && code <= 0xDE && code != 0xD7);
  return capital ? code + 0x20 : code;
}

static size_t peek(const limes_tokens *tokens, size_t at, uint32_t *code) {
  if (at < tokens->bytes)
    return limes_utf8_read(tokens->text + at, tokens->bytes - at, code);
  *code = ' ';
  return 0;
}

/* Bytes of <br>, <br/> or <br /> here, 0 where there is none */
static size_t line_break(const limes_tokens *tokens) {
  static const char *const forms[] = {"<br />", "<br/>", "<br>"};
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    size_t length = strlen(forms[i]);
    if (tokens->bytes - tokens->at >= length && strncasecmp(tokens->text + tokens->at, forms[i], length) == 0)
      return length;
  }
  return 0;
}

static void put(limes_tokens *tokens, uint32_t code) {
  if (tokens->length < LIMES_MOST_TOKEN)
    tokens->length += limes_utf8_write(code, tokens->token + tokens->length);
  tokens->token[tokens->length] = '\0';
}

/* An apostrophe, straight or curved, and the letters behind it (lower case, at most two) up to the end of the word; the
 * bytes of both, 0 where it is something else */
static size_t behind_apostrophe(const limes_tokens *tokens, size_t at, char letters[3]) {
  uint32_t code;
  size_t length = peek(tokens, at, &code), n = 0;
  if (code != '\'' && code != 0x2019)
    return 0;
  for (size_t next;; length += next) {
    next = peek(tokens, at + length, &code);
    if (sort_of(code) != LETTER)
      break;
    if (n == 2 || code >= 0x80)
      return 0;
    letters[n++] = (char)lower(code);
  }
  letters[n] = '\0';
  return n == 0 ? 0 : length;
}

static bool is_clitic(const char *letters) {
  static const char *const clitics[] = {"s", "m", "d", "re", "ve", "ll"};
  for (size_t i = 0; i < sizeof clitics / sizeof clitics[0]; i++)
    if (strcmp(letters, clitics[i]) == 0)
      return true;
  return false;
}

static void take_clitic(limes_tokens *tokens, const char *text, size_t bytes) {
  tokens->length = strlen(text);
  memcpy(tokens->token, text, tokens->length + 1);
  tokens->at += bytes;
}

/* A run of letters and digits. "don't" is cut before the n of "n't", as the vectors of GloVe have it. */
static void take_word(limes_tokens *tokens) {
  uint32_t code;
  char letters[3] = "";
  size_t last = tokens->at;
  for (size_t next; (next = peek(tokens, tokens->at, &code)) > 0 && sort_of(code) == LETTER; tokens->at += next) {
    bool ends_in_n = lower(code) == 'n' && behind_apostrophe(tokens, tokens->at + next, letters) > 0 && strcmp(letters, "t") == 0;
    if (ends_in_n && tokens->at == last) {
      take_clitic(tokens, "n't", next + behind_apostrophe(tokens, tokens->at + next, letters));
      return;
    }
    if (ends_in_n)
      return;
    put(tokens, lower(code));
  }
}

/* One mark; at the end of a word the apostrophe takes s, m, d, re, ve, ll with it. */
static void take_mark(limes_tokens *tokens, bool after_word) {
  uint32_t code;
  char letters[3] = "", clitic[4] = "'";
  size_t bytes = after_word ? behind_apostrophe(tokens, tokens->at, letters) : 0;
  if (bytes > 0 && is_clitic(letters)) {
    memcpy(clitic + 1, letters, 3);
    take_clitic(tokens, clitic, bytes);
    return;
  }
  tokens->at += peek(tokens, tokens->at, &code);
  put(tokens, code);
}

bool limes_tokens_next(limes_tokens *tokens) {
  bool after_word = tokens->word;
  tokens->length = 0;
  while (tokens->at < tokens->bytes) {
    uint32_t code;
    size_t bytes = peek(tokens, tokens->at, &code), gap = code == '<' ? line_break(tokens) : 0;
    sort found = gap > 0 ? BLANK : sort_of(code);
    tokens->word = found == LETTER;
    if (found == LETTER) {
      take_word(tokens);
      return true;
    }
    if (found == MARK) {
      take_mark(tokens, after_word);
      return true;
    }
    after_word = false;
    tokens->at += gap > 0 ? gap : bytes;
  }
  return false;
}
