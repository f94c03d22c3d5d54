/* Reading a model's text character by character, with the place. */
#ifndef LIMES_MODEL_LEX_H
#define LIMES_MODEL_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct limes_lexer {
  const char *at; /* the next character; the text ends with a zero byte */
  uint32_t line, column;
} limes_lexer;

/* Over blanks, newlines and comments. */
void limes_lex_blanks(limes_lexer *lexer);

void limes_lex_advance(limes_lexer *lexer, size_t bytes);

/* Bytes of the word here, 0 where none begins: a letter or _, then letters, digits and _. */
size_t limes_lex_word(const limes_lexer *lexer);

/* Bytes of the value here, 0 where none begins: letters, digits and _ + - . : and, straight after them, something in
 * brackets; behind those a colon goes on. */
size_t limes_lex_value(const limes_lexer *lexer);

/* Whether a number begins here: a digit, sign or point, or sqrt( */
bool limes_lex_is_number(const limes_lexer *lexer);

/* Whether a word and '=' stand here. */
bool limes_lex_is_key(const limes_lexer *lexer);

#define LIMES_CHARACTER_SIZE 40

/* Names the character here: "'?'", "the character U+00E9", "the byte 0xFF", "the end of the text". Returns out. */
const char *limes_lex_describe(const limes_lexer *lexer, char out[LIMES_CHARACTER_SIZE]);

#endif
