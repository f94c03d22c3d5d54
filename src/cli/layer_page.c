/* A page of docs/layers on the terminal. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "layer_page.h"
#include "limes/limes.h"

const char *const *limes_cli_layer_page(const char *word) {
  for (const cli_layer_page *page = limes_cli_layer_pages; page->word != NULL; page++)
    if (strcmp(page->word, word) == 0)
      return page->lines;
  return NULL;
}

static bool starts(const char *line, const char *with) { return strncmp(line, with, strlen(with)) == 0; }

/* The end of the text of a link that begins at this bracket, NULL where none does; a page keeps a link on one line. */
static const char *link_text_end(const char *bracket) {
  const char *end = strchr(bracket, ']');
  return *bracket == '[' && end != NULL && end[1] == '(' && strchr(end, ')') != NULL ? end : NULL;
}

/* A line of prose without backquotes and the targets of links. */
static void print_prose(const char *line) {
  const char *link = NULL;
  for (; *line != '\0'; line++)
    if (line == link)
      line = strchr(line, ')');
    else if (link_text_end(line) != NULL)
      link = link_text_end(line);
    else if (*line != '`')
      putchar(*line);
  putchar('\n');
}

/* Prints one line and remembers whether it opened or closed a block. Code keeps its blanks; pictures have no place here. */
static void print_line(const char *line, bool *code, bool *blank) {
  bool fence = starts(line, "```");
  *code = *code != fence;
  if (fence || (!*code && (starts(line, "# ") || starts(line, "!["))))
    return;
  if (line[0] == '\0' && *blank)
    return;
  *blank = line[0] == '\0';
  if (*code)
    printf("%s%s\n", *blank ? "" : "    ", line);
  else if (starts(line, "## "))
    puts(line + strlen("## "));
  else if (starts(line, "    "))
    puts(line);
  else
    print_prose(line);
}

static void print_place(const char *word) {
  char path[1024];
  int length = snprintf(path, sizeof path, "%s/%s.md", LIMES_LAYER_PAGES, word);
  if (length > 0 && (size_t)length < sizeof path && access(path, R_OK) == 0)
    printf("\nWith a picture of its kernel map: %s\n", path);
  else
    printf("\nWith a picture of its kernel map: docs/layers/%s.md in the sources of limes\n", word);
}

void limes_cli_print_layer_page(const char *word, const char *const *lines, const char *reference) {
  bool code = false, blank = true;
  for (; *lines != NULL; lines++)
    if (starts(*lines, "<!-- reference")) {
      fputs(reference, stdout);
      while (*lines != NULL && !starts(*lines, "<!-- end"))
        lines++;
      if (*lines == NULL)
        break;
      blank = false;
    } else if (!starts(*lines, "<!--"))
      print_line(*lines, &code, &blank);
  print_place(word);
}
