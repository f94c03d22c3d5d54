/* Items as images, and the row of mistakes. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "picture.h"

#define MOST_IMAGES 9

bool limes_cli_has_images(const limes_batch *batch) {
  return batch != NULL && limes_batch_axes(batch) == 2 && (limes_batch_features(batch) == 1 || limes_batch_features(batch) == 3);
}

static void find_range(const double *x, size_t n, double range[2]) {
  range[0] = INFINITY;
  range[1] = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    range[0] = x[i] < range[0] ? x[i] : range[0];
    range[1] = x[i] > range[1] ? x[i] : range[1];
  }
  if (!(range[1] > range[0]))
    range[1] = range[0] + 1;
}

/* One feature is drawn as ink on paper, three are colours; both from the item's own least to its largest value. */
static void send_pixels(cli_canvas *canvas, const double *x, size_t positions, size_t features) {
  double range[2];
  find_range(x, positions * features, range);
  for (size_t a = 0; a < positions; a++)
    for (size_t c = 0; c < 3; c++) {
      double t = (x[a * features + (features == 3 ? c : 0)] - range[0]) / (range[1] - range[0]);
      unsigned char byte = (unsigned char)(255 * (features == 1 ? 1 - t : t) + 0.5);
      limes_cli_send(canvas, &byte, 1, 1);
    }
}

void limes_cli_draw_image(cli_canvas *canvas, cli_place place, const limes_batch *batch, size_t item, const char *title,
                          ptrdiff_t mark) {
  size_t size[2] = {1, 1}, positions = limes_batch_positions(batch, item, size), features = limes_batch_features(batch);
  limes_cli_panel(canvas, place.left, place.bottom, place.right, place.top);
  fprintf(canvas->pipe,
          "set border 15 lw 0.5 lc rgb '#999999'\nunset xtics\nunset ytics\nset size ratio -1\nset xrange [-0.5:%g]\nset yrange "
          "[%g:-0.5]\n",
          (double)size[1] - 0.5, (double)size[0] - 0.5);
  if (mark >= 0) {
    double x = (double)((size_t)mark % size[1]), y = (double)((size_t)mark / size[1]);
    fprintf(canvas->pipe, "set object rectangle from %g,%g to %g,%g fillstyle empty border lc rgb '#e8003a' lw 2 front\n",
            x - 0.5, y - 0.5, x + 0.5, y + 0.5);
  }
  if (title != NULL)
    limes_cli_text(canvas, place.left, place.top + 12, "left", 11, title);
  fprintf(canvas->pipe, "plot '-' binary array=(%zu,%zu) format='%%uchar' using 1:2:3 with rgbimage\n", size[1], size[0]);
  send_pixels(canvas, limes_batch_item(batch, item), positions, features);
}

typedef struct cli_mistake {
  size_t item;
  double confidence;
} cli_mistake;

static int surest_first(const void *a, const void *b) {
  const cli_mistake *x = a, *y = b;
  return x->confidence != y->confidence ? (x->confidence < y->confidence) - (x->confidence > y->confidence)
                                        : (x->item > y->item) - (x->item < y->item);
}

/* Wrong items, the surest first; where none is wrong (or the truth is not known) all, the least sure first. */
static size_t choose(const cli_answer *answer, cli_mistake *list, bool *wrong) {
  size_t count = 0;
  for (size_t i = 0; answer->labels != NULL && i < answer->items; i++)
    if (answer->labels[i] != answer->class[i])
      list[count++] = (cli_mistake){i, answer->confidence[i]};
  *wrong = count > 0;
  for (size_t i = 0; !*wrong && i < answer->items; i++)
    list[count++] = (cli_mistake){i, -answer->confidence[i]};
  qsort(list, count, sizeof *list, surest_first);
  return count;
}

static size_t second_class(const cli_answer *answer, size_t item) {
  const double *p = answer->probability + item * answer->outputs;
  size_t best = (size_t)answer->class[item], second = best == 0 ? 1 : 0;
  for (size_t k = 0; k < answer->outputs; k++)
    if (k != best && p[k] > p[second])
      second = k;
  return second;
}

static void draw_one(cli_canvas *canvas, cli_place place, const cli_answer *answer, const limes_batch *test, size_t item) {
  char line[3][64];
  double middle = 0.5 * (place.left + place.right);
  size_t second = second_class(answer, item);
  snprintf(line[0], sizeof line[0], "said %" PRId64 "  (%.0f %%)", answer->class[item], 100 * answer -> confidence[item]);
  snprintf(line[1], sizeof line[1], "or %zu  (%.0f %%)", second, 100 * answer->probability[item * answer->outputs + second]);
  if (answer->labels != NULL)
    snprintf(line[2], sizeof line[2], "is %" PRId64, answer->labels[item]);
  else
    snprintf(line[2], sizeof line[2], "item %zu", item);
  struct cli_place image = {place.left, place.top - (place.right - place.left), place.right, place.top};
  limes_cli_draw_image(canvas, image, test, item, NULL, -1);
  limes_cli_words(canvas);
  for (int i = 0; i < 3; i++)
    limes_cli_text(canvas, middle, image.bottom - 16 - 18 * i, "center", 11, line[i]);
  limes_cli_end_words(canvas);
}

static void print_title(cli_canvas *canvas, cli_place place, const cli_answer *answer, bool wrong, size_t count) {
  char title[160];
  if (wrong)
    snprintf(title, sizeof title, "Mistakes: %zu of %zu%s", count, answer->items, count > 1 ? ", the surest first" : "");
  else
    snprintf(title, sizeof title, "%s the least sure of %zu", answer->labels != NULL ? "No mistakes;" : "No labels;",
             answer->items);
  limes_cli_words(canvas);
  limes_cli_text(canvas, place.left, place.top - 10, "left", 13, title);
  limes_cli_end_words(canvas);
}

limes_status limes_cli_draw_mistakes(cli_session *session, cli_canvas *canvas, cli_place place, const cli_answer *answer,
                                     const limes_batch *test) {
  bool wrong = false;
  cli_mistake *list = calloc(answer->items, sizeof *list);
  if (list == NULL)
    return limes_cli_no_memory(session);
  size_t count = choose(answer, list, &wrong), shown = count < MOST_IMAGES ? count : MOST_IMAGES;
  print_title(canvas, place, answer, wrong, count);
  double step = (place.right - place.left + 24) / MOST_IMAGES, top = place.top - 34;
  for (size_t i = 0; i < shown; i++) {
    struct cli_place one = {place.left + step * (double)i, place.bottom, place.left + step * (double)(i + 1) - 24, top};
    draw_one(canvas, one, answer, test, list[i].item);
  }
  free(list);
  return LIMES_OK;
}
