#include "model/lex.h"

#include <stdio.h>
#include <string.h>

static bool is_letter(char byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_'; }
static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
static bool is_one_of(char byte, const char *set) { return byte != '\0' && strchr(set, byte) != NULL; }

/* Columns count characters: the later bytes of a UTF-8 character have none. */
void limes_lex_advance(limes_lexer *lexer, size_t bytes) {
  for (; bytes > 0; bytes--, lexer->at++)
    if (*lexer->at == '\n') {
      lexer->line++;
      lexer->column = 1;
    } else if (((unsigned char)*lexer->at & 0xC0) != 0x80) {
      lexer->column++;
    }
}

void limes_lex_blanks(limes_lexer *lexer) {
  while (is_one_of(*lexer->at, " \t\r\n#"))
    limes_lex_advance(lexer, *lexer->at == '#' ? strcspn(lexer->at, "\n") : 1);
}

static size_t word_length(const char *at) {
  size_t n = 0;
  if (is_letter(*at))
    while (is_letter(at[n]) || is_digit(at[n]))
      n++;
  return n;
}

size_t limes_lex_word(const limes_lexer *lexer) { return word_length(lexer->at); }

size_t limes_lex_value(const limes_lexer *lexer) {
  const char *at = lexer->at;
  size_t n = 0;
  for (;;) {
    while (is_letter(at[n]) || is_digit(at[n]) || is_one_of(at[n], "+-.:"))
      n++;
    size_t inside = n > 0 && at[n] == '(' ? strcspn(at + n + 1, "()|,=#\r\n") : 0;
    if (n == 0 || at[n] != '(' || at[n + 1 + inside] != ')')
      return n;
    n += inside + 2;
    if (at[n] != ':')
      return n;
  }
}

bool limes_lex_is_number(const limes_lexer *lexer) {
  const char *at = lexer->at;
  return is_digit(*at) || is_one_of(*at, "+-.") || strncmp(at, "sqrt(", 5) == 0;
}

bool limes_lex_is_key(const limes_lexer *lexer) {
  size_t n = word_length(lexer->at);
  if (n == 0)
    return false;
  limes_lexer ahead = *lexer;
  limes_lex_advance(&ahead, n);
  limes_lex_blanks(&ahead);
  return *ahead.at == '=';
}

/* The code point of a well-formed UTF-8 sequence of two to four bytes; 0 where it is not one. */
static uint32_t code_point(const char *at) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  unsigned char first = (unsigned char)*at;
  unsigned more = first >= 0xF0 && first < 0xF8 ? 3 : first >= 0xE0 && first < 0xF0 ? 2 : first >= 0xC0 && first < 0xE0 ? 1 : 0;
  uint32_t value = first & (0x3Fu >> more);
  for (unsigned i = 1; i <= more; i++) {
    if (((unsigned char)at[i] & 0xC0) != 0x80)
      return 0;
    value = value << 6 | ((unsigned char)at[i] & 0x3Fu);
  }
  return more == 0 || value < least[more] ? 0 : value;
}

const char *limes_lex_describe(const limes_lexer *lexer, char out[LIMES_CHARACTER_SIZE]) {
  char byte = *lexer->at;
  uint32_t value = code_point(lexer->at);
  if (byte == '\0')
    snprintf(out, LIMES_CHARACTER_SIZE, "the end of the text");
  else if (byte >= ' ' && byte <= '~')
    snprintf(out, LIMES_CHARACTER_SIZE, byte == '\'' ? "\"%c\"" : "'%c'", byte);
  else if (value > 0)
    snprintf(out, LIMES_CHARACTER_SIZE, "the character U+%04X", (unsigned)value);
  else
    snprintf(out, LIMES_CHARACTER_SIZE, "the byte 0x%02X", (unsigned)(unsigned char)byte);
  return out;
}
