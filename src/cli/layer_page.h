/* The pages of docs/layers, which are compiled into the program. */
#ifndef LIMES_CLI_LAYER_PAGE_H
#define LIMES_CLI_LAYER_PAGE_H

#include <stddef.h>

typedef struct cli_layer_page {
  const char *word;         /* NULL ends the table */
  const char *const *lines; /* markdown, without line ends; ended by NULL */
} cli_layer_page;

/* Written by docs/layers/embed.py when the program is built. */
extern const cli_layer_page limes_cli_layer_pages[];

/* The lines of a word's page; NULL where it has none. */
const char *const *limes_cli_layer_page(const char *word);

/* Prints a page for a terminal: marks of markdown are taken off, code is indented, and `reference`, which limes makes of the
 * parameter table, stands in the place of the page's copy. */
void limes_cli_print_layer_page(const char *word, const char *const *lines, const char *reference);

#endif
