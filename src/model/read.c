/* What a command line takes for a model: a text, a file, or the name of a shipped model. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/model.h"
#include "model/place.h"
#include "model/suggest.h"
#include "model/text.h"

#define NAME_SHOWN 200

static limes_status fail_by_errno(limes_context *context, const char *file) {
  char buffer[128];
  return limes_fail(context, LIMES_BAD_INPUT, "the model file '%.*s' cannot be read: %s", NAME_SHOWN, file,
                    strerror_r(errno, buffer, sizeof buffer));
}

/* Fills text[LIMES_MAX_TEXT + 1] from the file; *length is at most LIMES_MAX_TEXT + 1, which means too long. */
static bool read_all(int descriptor, char *text, size_t *length) {
  *length = 0;
  while (*length <= LIMES_MAX_TEXT) {
    ssize_t got = read(descriptor, text + *length, LIMES_MAX_TEXT + 1 - *length);
    if (got == 0)
      return true;
    if (got < 0 && errno != EINTR)
      return false;
    *length += got < 0 ? 0 : (size_t)got;
  }
  return true;
}

/* text[LIMES_MAX_TEXT + 2] receives the file, ended by a zero byte */
static limes_status read_file(limes_context *context, const char *file, char *text) {
  size_t length = 0;
  int descriptor = open(file, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return fail_by_errno(context, file);
  limes_status status = read_all(descriptor, text, &length) ? LIMES_OK : fail_by_errno(context, file);
  close(descriptor);
  if (status != LIMES_OK)
    return status;
  if (length > LIMES_MAX_TEXT)
    return limes_fail(context, LIMES_BAD_INPUT, "the model file '%.*s' is longer than 1 MB (%u bytes)", NAME_SHOWN, file,
                      LIMES_MAX_TEXT);
  const char *zero = memchr(text, '\0', length);
  if (zero != NULL)
    return limes_fail(context, LIMES_BAD_INPUT, "the model file '%.*s' is not a text: byte %zu is zero", NAME_SHOWN, file,
                      (size_t)(zero - text) + 1);
  text[length] = '\0';
  return LIMES_OK;
}

static limes_status parse_file(limes_context *context, const char *file, limes_model **model) {
  char *text = limes_allocate(context, LIMES_MAX_TEXT + 2, 1);
  if (text == NULL)
    return LIMES_NO_MEMORY;
  limes_status status = read_file(context, file, text);
  size_t mark = strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* some editors begin a text with it */
  if (status == LIMES_OK)
    status = limes_model_parse_named(context, text + mark, file, model);
  free(text);
  return status;
}

/* Whether the argument is one word, or could be the name of a shipped model. */
static bool is_one_name(const char *argument) {
  size_t n = strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  return n > 0 && argument[n] == '\0';
}

static limes_status unknown_name(limes_context *context, const char *argument, limes_model *shown) {
  limes_closest word = limes_closest_to(argument, strlen(argument)), name = word;
  const limes_shipped_model *shipped = NULL;
  char quote[LIMES_QUOTE_SIZE], offer[128] = "";
  for (size_t i = 0; limes_word(i) != NULL; i++)
    limes_closest_try(&word, limes_word(i));
  for (size_t i = 0; (shipped = limes_model_shipped(i)) != NULL; i++)
    limes_closest_try(&name, shipped->name);
  if (name.best != NULL && name.distance <= word.distance)
    snprintf(offer, sizeof offer, ": did you mean the model '%s'? ", name.best);
  else if (word.best != NULL)
    snprintf(offer, sizeof offer, ": did you mean '%s'? ", word.best);
  return limes_fail_at(
      context, shown, 1, 1,
      "%s is neither a word of the language nor a shipped model%s'limes layers' lists the words, 'limes models' the models",
      limes_quote(argument, strlen(argument), quote), offer[0] == '\0' ? "; " : offer);
}

limes_status limes_model_read(limes_context *context, const char *argument, limes_model **model) {
  const limes_shipped_model *shipped = NULL;
  *model = NULL;
  if (argument[0] == '@')
    return parse_file(context, argument + 1, model);
  for (size_t i = 0; (shipped = limes_model_shipped(i)) != NULL; i++)
    if (strcmp(argument, shipped->name) == 0)
      return limes_model_parse(context, shipped->text, model);
  if (is_one_name(argument) && limes_layer_known(context, argument) == NULL) {
    limes_model shown = {.text = (char *)argument};
    return unknown_name(context, argument, &shown);
  }
  return limes_model_parse(context, argument, model);
}
