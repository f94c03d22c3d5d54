#include "layer_kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_names(FILE *file, const limes_layer_facts *facts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fprintf(file, "%s%zu %s", i == 0 ? "" : "\n", i + 1, facts[i].word);
    if (isfinite(facts[i].length_scale))
      fprintf(file, ", length_scale %.6g", facts[i].length_scale);
  }
}

static void write_pooled(FILE *file, const limes_layer_facts *facts, size_t count) {
  for (size_t i = 0; i < count; i++)
    fprintf(file, "%s%s", i == 0 ? "" : "\n", facts[i].pooled == NULL ? "none" : facts[i].pooled);
}

typedef void lines_writer(FILE *file, const limes_layer_facts *facts, size_t count);

/* What a writer writes, as a text; NULL where there is no memory. */
static char *text_by(lines_writer *writer, const limes_layer_facts *facts, size_t count) {
  char *text = NULL;
  size_t size = 0;
  FILE *file = open_memstream(&text, &size);
  if (file == NULL)
    return NULL;
  writer(file, facts, count);
  bool failed = ferror(file) != 0;
  if (fclose(file) == 0 && !failed)
    return text;
  free(text);
  return NULL;
}

limes_status limes_cli_name_layers(cli_session *session, const limes_layer_facts *facts, size_t count, cli_layers *layers) {
  layers->count = count;
  layers->names = text_by(write_names, facts, count);
  layers->pooled = text_by(write_pooled, facts, count);
  return layers->names == NULL || layers->pooled == NULL ? limes_cli_no_memory(session) : LIMES_OK;
}

void limes_cli_clear_layers(cli_layers *layers) {
  free(layers->names);
  free(layers->pooled);
}

/* The first line of a text, which moves on to the next one */
static int take_line(const char **text) {
  size_t length = strcspn(*text, "\n");
  *text += length + ((*text)[length] != '\0');
  return (int)length;
}

static void print_mean(const double *kernels, size_t layer, size_t entries) {
  double sum = 0;
  if (kernels == NULL)
    return;
  for (size_t i = 0; i < entries; i++)
    sum += kernels[layer * entries + i];
  printf("  %12.6g", sum / (double)entries);
}

void limes_cli_print_layers(const cli_layers *layers, size_t entries, const double *nngp, const double *ntk) {
  const char *name = layers->names, *pooled = layers->pooled;
  printf("\n  %-37s  %-15s%s%s\n", "behind layer", "positions by", nngp == NULL ? "" : "     mean NNGP",
         ntk == NULL ? "" : "      mean NTK");
  for (size_t i = 0; i < layers->count; i++) {
    const char *one = name, *way = pooled;
    int length = take_line(&name), way_length = take_line(&pooled);
    printf("  %-37.*s  %-15.*s", length, one, way_length, way);
    print_mean(nngp, i, entries);
    print_mean(ntk, i, entries);
    putchar('\n');
  }
}

json_t *limes_cli_layers_json(const cli_layers *layers) {
  json_t *names = json_array();
  const char *name = layers->names;
  for (size_t i = 0; i < layers->count; i++) {
    const char *one = name;
    int length = take_line(&name);
    json_array_append_new(names, json_stringn(one, (size_t)length));
  }
  return names;
}
