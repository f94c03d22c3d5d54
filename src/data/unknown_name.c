/* What is wrong with a data argument that names nothing. */
#include <string.h>
#include <sys/stat.h>

#include "data/name.h"
#include "model/suggest.h"

static const char *const formats[] = {"digits", "cifar10", "mnist", "imdb", "uci"};
#define FORMATS (sizeof formats / sizeof formats[0])

/* The format whose name stands before the colon, or is all; NULL for none. */
static const char *format_of(const char *text, size_t length) {
  for (size_t i = 0; i < FORMATS; i++)
    if (strlen(formats[i]) == length && strncmp(text, formats[i], length) == 0)
      return formats[i];
  return NULL;
}

static bool is_folder(const char *path) {
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool has_ending(const char *text) {
  const char *slash = strrchr(text, '/'), *name = slash == NULL ? text : slash + 1, *dot = strrchr(name, '.');
  return dot != NULL && dot[1] != '\0' && strchr(dot, ':') == NULL;
}

limes_status limes_name_unknown(limes_context *context, const char *text) {
  size_t length = strcspn(text, ":[");
  const char *format = format_of(text, length), *range = strrchr(text, '[');
  limes_closest closest = limes_closest_to(text, length);
  if (range != NULL && strchr(range, ']') == NULL)
    return limes_fail(context, LIMES_WRONG_USE, "'%s': the range has no ']' at its end; write %.*s[:10]", text,
                      (int)(range - text), text);
  if (format != NULL && strcmp(format, "digits") == 0)
    return limes_fail(context, LIMES_WRONG_USE, "'%s': digits has :train and :test, and a range such as [:100] behind them",
                      text);
  if (format != NULL)
    return limes_fail(context, LIMES_WRONG_USE, "'%s': say where the files are: %s:DIR%s", text, format,
                      strcmp(format, "uci") == 0 ? ":SPLIT:train" : "");
  if (is_folder(text))
    return limes_fail(context, LIMES_WRONG_USE,
                      "'%s' is a folder; say what it holds: cifar10:%s, mnist:%s, imdb:%s or uci:%s:SPLIT:train", text, text,
                      text, text, text);
  if (has_ending(text))
    return limes_fail(context, LIMES_WRONG_USE, "'%s': files are known by their endings .npy, .npz, .h5, .csv, .csv.gz and .svm",
                      text);
  for (size_t i = 0; i < FORMATS; i++)
    limes_closest_try(&closest, formats[i]);
  if (closest.best != NULL)
    return limes_fail(context, LIMES_WRONG_USE, "'%s' names no data; did you mean '%s%s'?", text, closest.best, text + length);
  return limes_fail(context, LIMES_WRONG_USE,
                    "'%s' names no data; known are digits, FILE.npy, FILE.npz:NAME, FILE.h5:NAME, FILE.csv, FILE.svm, "
                    "cifar10:DIR, mnist:DIR, imdb:DIR, uci:DIR:SPLIT, with :train or :test where there are both, and a range "
                    "[first:last] or [:count]",
                    text);
}
