/* limes data info NAME */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "command_list.h"
#include "inputs.h"
#include "kernel_store.h"
#include "outputs.h"

static const char *const actions[] = {"info", NULL};

static const cli_argument arguments[] = {
    {"info", ARGUMENT_CHOICE, .choices = actions, .help = "what to do: info describes the data"},
    {"NAME", ARGUMENT_DATA,
     .help = "the data: digits, x.npy, cases.npz:x1, table.csv, cifar10:DIR:train[:2000], mnist:DIR:test, imdb:DIR:train[:600], "
             "uci:DIR:0:train; or a kernel in a .h5 file: how far it is"},
    {.name = NULL},
};

static const cli_option *const tables[] = {limes_cli_data_options, NULL};

static const cli_example examples[] = {
    {"limes data info digits:train", "Shape, classes, range and fingerprint of the embedded digits, and a look at them"},
    {.line = NULL},
};

typedef struct cli_facts {
  size_t items, axes, features, shortest, median, longest, hidden, segments;
  size_t smallest[2], largest[2]; /* extents of images */
  double least, most, mean, deviation;
} cli_facts;

static int by_size(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

static limes_status find_lengths(cli_session *session, const limes_batch *batch, cli_facts *facts) {
  size_t *lengths = calloc(facts->items, sizeof *lengths);
  if (lengths == NULL)
    return limes_cli_no_memory(session);
  facts->smallest[0] = facts->smallest[1] = SIZE_MAX;
  for (size_t i = 0; i < facts->items; i++) {
    size_t size[2] = {1, 1};
    size_t segments = 0;
    lengths[i] = limes_batch_positions(batch, i, size);
    (void)limes_batch_segments(batch, i, &segments);
    facts->segments += segments;
    for (unsigned axis = 0; axis < facts->axes; axis++) {
      facts->smallest[axis] = size[axis] < facts->smallest[axis] ? size[axis] : facts->smallest[axis];
      facts->largest[axis] = size[axis] > facts->largest[axis] ? size[axis] : facts->largest[axis];
    }
  }
  qsort(lengths, facts->items, sizeof *lengths, by_size);
  facts->shortest = lengths[0];
  facts->median = lengths[facts->items / 2];
  facts->longest = lengths[facts->items - 1];
  free(lengths);
  return LIMES_OK;
}

/* Range, mean and deviation of all features at visible positions. */
static void find_range(const limes_batch *batch, cli_facts *facts) {
  double mean = 0, squares = 0, count = 0;
  facts->least = INFINITY;
  facts->most = -INFINITY;
  for (size_t i = 0; i < facts->items; i++) {
    const double *x = limes_batch_item(batch, i);
    const uint8_t *hidden = limes_batch_hidden(batch, i);
    size_t positions = limes_batch_positions(batch, i, NULL);
    for (size_t a = 0; a < positions; a++) {
      if (hidden != NULL && hidden[a]) {
        facts->hidden++;
        continue;
      }
      for (size_t c = 0; c < facts->features; c++) {
        double value = x[a * facts->features + c];
        facts->least = value < facts->least ? value : facts->least;
        facts->most = value > facts->most ? value : facts->most;
        count++;
        double step = value - mean;
        mean += step / count;
        squares += step * (value - mean);
      }
    }
  }
  facts->mean = mean;
  facts->deviation = count > 0 ? sqrt(squares / count) : 0;
}

static limes_status find_facts(cli_session *session, const limes_batch *batch, cli_facts *facts) {
  *facts = (struct cli_facts){
      .items = limes_batch_items(batch), .axes = limes_batch_axes(batch), .features = limes_batch_features(batch)};
  limes_status status = find_lengths(session, batch, facts);
  if (status == LIMES_OK)
    find_range(batch, facts);
  return status;
}

static size_t *count_classes(const int64_t *labels, size_t n, size_t classes) {
  size_t *counts = calloc(classes, sizeof *counts);
  for (size_t i = 0; counts != NULL && i < n; i++)
    counts[labels[i]]++;
  return counts;
}

static void print_classes(const limes_batch *batch, size_t n) {
  size_t classes = 0, shown = 0;
  const int64_t *labels = limes_batch_labels(batch, &classes);
  size_t *counts = labels == NULL ? NULL : count_classes(labels, n, classes);
  if (counts == NULL)
    return;
  limes_cli_row("classes", NULL, "%zu", classes);
  printf("  %-14s ", "items of each");
  for (; shown < classes && shown < 20; shown++)
    printf("%s%zu", shown == 0 ? "" : " ", counts[shown]);
  puts(shown < classes ? " ..." : "");
  free(counts);
}

static void print_targets(const limes_batch *batch, size_t n) {
  size_t outputs = 0;
  const double *targets = limes_batch_targets(batch, &outputs);
  double least = INFINITY, most = -INFINITY;
  for (size_t i = 0; targets != NULL && i < n * outputs; i++) {
    least = targets[i] < least ? targets[i] : least;
    most = targets[i] > most ? targets[i] : most;
  }
  if (targets != NULL)
    limes_cli_row("targets", NULL, "%zu an item, from %.6g to %.6g", outputs, least, most);
}

static void print_positions(const cli_facts *facts) {
  if (facts->axes == 0)
    limes_cli_row("positions", NULL, "none");
  else if (facts->axes == 1 && facts->shortest == facts->longest)
    limes_cli_row("positions", NULL, "%zu", facts->longest);
  else if (facts->axes == 1)
    limes_cli_row("positions", NULL, "%zu to %zu, median %zu", facts->shortest, facts->longest, facts->median);
  else if (facts->smallest[0] == facts->largest[0] && facts->smallest[1] == facts->largest[1])
    limes_cli_row("positions", NULL, "%zu x %zu", facts->largest[0], facts->largest[1]);
  else
    limes_cli_row("positions", NULL, "%zu x %zu to %zu x %zu", facts->smallest[0], facts->smallest[1], facts->largest[0],
                  facts->largest[1]);
  if (facts->segments > 0)
    limes_cli_row("segments", NULL, "%zu in all", facts->segments);
  if (facts->hidden > 0)
    limes_cli_row("hidden", NULL, "%zu positions in all", facts->hidden);
}

/* Mean over the features of a pixel, from 0 to 1 within the range of the data. */
static double brightness(const limes_batch *batch, const cli_facts *facts, size_t item, size_t row, size_t column, size_t width) {
  const double *x = limes_batch_item(batch, item) + (row * width + column) * facts->features;
  double sum = 0;
  for (size_t c = 0; c < facts->features; c++)
    sum += x[c];
  return facts->most > facts->least ? (sum / (double)facts->features - facts->least) / (facts->most - facts->least) : 0;
}

/* The first images side by side, two characters a pixel; images too wide for a terminal are left out. */
static void print_images(const limes_batch *batch, const cli_facts *facts) {
  static const char shades[] = " .:-=+*#%@";
  size_t height = facts->largest[0], width = facts->largest[1], shown = width == 0 ? 0 : 72 / (2 * width + 3);
  if (facts->axes != 2 || facts->smallest[0] != height || facts->smallest[1] != width || shown == 0)
    return;
  shown = shown < facts->items ? shown : facts->items;
  putchar('\n');
  for (size_t row = 0; row < height; row++) {
    for (size_t item = 0; item < shown; item++) {
      fputs("  ", stdout);
      for (size_t column = 0; column < width; column++) {
        int shade = (int)(brightness(batch, facts, item, row, column, width) * 9.999);
        shade = shade < 0 ? 0 : shade > 9 ? 9 : shade;
        printf("%c%c", shades[shade], shades[shade]);
      }
      putchar(' ');
    }
    putchar('\n');
  }
}

static limes_status print_object(cli_session *session, const char *name, const limes_batch *batch, const cli_facts *facts) {
  size_t classes = 0, outputs = 0;
  const int64_t *labels = limes_batch_labels(batch, &classes);
  const double *targets = limes_batch_targets(batch, &outputs);
  char fingerprint[20];
  snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, limes_batch_fingerprint(batch));
  json_t *object = json_pack(
      "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:s}", "name", name, "summary", limes_batch_summary(batch),
      "items", (json_int_t)facts->items, "axes", (json_int_t)facts->axes, "features", (json_int_t)facts->features, "shortest",
      (json_int_t)facts->shortest, "median", (json_int_t)facts->median, "longest", (json_int_t)facts->longest, "least",
      limes_cli_json_number(facts->least), "most", limes_cli_json_number(facts->most), "mean", limes_cli_json_number(facts->mean),
      "deviation", limes_cli_json_number(facts->deviation), "fingerprint", fingerprint);
  if (labels != NULL)
    json_object_set_new(object, "classes", json_integer((json_int_t)classes));
  if (targets != NULL)
    json_object_set_new(object, "targets", json_integer((json_int_t)outputs));
  return limes_cli_print_json(session, object);
}

static void print(const char *name, const limes_batch *batch, const cli_facts *facts) {
  printf("%s: %s\n\n", name, limes_batch_summary(batch));
  limes_cli_row("items", NULL, "%zu", facts->items);
  print_positions(facts);
  limes_cli_row("features", NULL, "%zu", facts->features);
  limes_cli_row("values", NULL, "from %.6g to %.6g, mean %.6g, deviation %.6g", facts->least, facts->most, facts->mean,
                facts->deviation);
  print_classes(batch, facts->items);
  print_targets(batch, facts->items);
  limes_cli_row("fingerprint", NULL, "%016" PRIx64, limes_batch_fingerprint(batch));
  print_images(batch, facts);
}

static limes_status normalize(cli_session *session, const cli_settings *settings, limes_batch *batch) {
  limes_normalization *normalization = NULL;
  if (settings->normalize < 0)
    return LIMES_OK;
  limes_status status =
      limes_normalization_fit(session->context, limes_cli_normalizations[settings->normalize], batch, &normalization);
  if (status == LIMES_OK)
    status = limes_normalization_apply(session->context, normalization, batch);
  limes_normalization_destroy(normalization);
  return status;
}

static limes_status run(cli_session *session, const cli_settings *settings) {
  limes_batch *batch = NULL;
  cli_facts facts;
  const char *name = settings->argument[1];
  bool kernels = false;
  limes_status status =
      limes_cli_ends_with(name, ".h5") ? limes_cli_show_store(session, settings, name, false, &kernels) : LIMES_OK;
  if (status != LIMES_OK || kernels)
    return status;
  status = limes_cli_read_batch(session, settings, name, &batch);
  if (status == LIMES_OK)
    status = normalize(session, settings, batch);
  if (status == LIMES_OK)
    status = find_facts(session, batch, &facts);
  if (status == LIMES_OK && settings->json)
    status = print_object(session, name, batch, &facts);
  else if (status == LIMES_OK)
    print(name, batch, &facts);
  limes_batch_destroy(batch);
  return status;
}

const cli_command limes_cli_data = {
    .name = "data",
    .about = "Describes data: shape, lengths, classes, range, fingerprint",
    .text = "Values are shown as they stand in the file, or normalized where --normalize is given.",
    .arguments = arguments,
    .options = tables,
    .examples = examples,
    .run = run,
};
