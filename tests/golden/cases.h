/* The table of golden cases: of this folder, and of $LIMES_SHARED/golden. */
#ifndef LIMES_TESTS_GOLDEN_CASES_H
#define LIMES_TESTS_GOLDEN_CASES_H

#include "helpers.h"
#include "limes/limes.h"

#define MAX_LINE 2048

typedef struct {
  char *name, *suite, *model;
  double atol_rel;
  char path[MAX_LINE];
} golden_case;

typedef void golden_function(const golden_case *golden, limes_context *context, void *user);

/* Every line of folder/cases.tsv: name, suite, model, atol_rel, note; false where there is no such file. */
static inline bool each_case(const char *folder, golden_function *function, void *user) {
  char path[MAX_LINE], line[MAX_LINE];
  snprintf(path, sizeof path, "%.1000s/cases.tsv", folder);
  FILE *table = fopen(path, "r");
  if (table == NULL)
    return false;
  limes_context *context = NULL;
  assert_int_equal(limes_context_create(&context), LIMES_OK);
  assert_non_null(fgets(line, sizeof line, table));
  while (fgets(line, sizeof line, table) != NULL) {
    char *rest = line;
    golden_case golden = {.name = strsep(&rest, "\t"), .suite = strsep(&rest, "\t"), .model = strsep(&rest, "\t")};
    assert_non_null(rest);
    golden.atol_rel = strtod(rest, NULL);
    snprintf(golden.path, sizeof golden.path, "%.1000s/%.200s.npz", folder, golden.name);
    function(&golden, context, user);
  }
  limes_context_destroy(context);
  fclose(table);
  return true;
}

static inline const char *source_root(void) {
  const char *root = getenv("LIMES_SOURCE_ROOT");
  return root != NULL ? root : ".";
}

static inline void own_folder(char folder[MAX_LINE]) { snprintf(folder, MAX_LINE, "%s/tests/golden", source_root()); }

static inline void shared_folder(char folder[MAX_LINE]) {
  if (getenv("LIMES_SHARED") != NULL)
    snprintf(folder, MAX_LINE, "%s/golden", getenv("LIMES_SHARED"));
  else
    snprintf(folder, MAX_LINE, "%s/../shared/golden", source_root());
}

#endif
