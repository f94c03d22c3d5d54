/* What the first attention layer looks at: its matrix for one image, and the rows of some queries laid over the image. */
#include <math.h>
#include <stdlib.h>

#include "picture.h"

#define QUERIES 4

/* Positions may be fewer than pixels behind strides: height and width are divided by a common step that fits. */
static bool find_extent(const limes_batch *test, cli_attention *attention) {
  size_t size[2] = {1, 1};
  limes_batch_positions(test, attention->item, size);
  for (size_t step = 1; step <= size[0] && step <= size[1]; step++) {
    attention->height = (size[0] + step - 1) / step;
    attention->width = (size[1] + step - 1) / step;
    if (attention->height * attention->width == attention->positions)
      return true;
  }
  return false;
}

limes_status limes_cli_read_attention(cli_session *session, const cli_answer_picture *picture, cli_attention *attention) {
  *attention = (struct cli_attention){0};
  if (picture->inputs == NULL || picture->inputs->model == NULL || !limes_cli_has_images(picture->test))
    return LIMES_OK;
  limes_status status =
      limes_attention_matrix(session->context, picture->inputs->model, picture->test, 0, 0, &attention->z, &attention->positions);
  if (status == LIMES_NO_MEMORY || status == LIMES_INTERRUPTED)
    return status;
  if (status != LIMES_OK || !find_extent(picture->test, attention)) {
    limes_free(attention->z);
    attention->z = NULL;
  }
  return LIMES_OK;
}

/* How far row a of Z is from looking everywhere alike: the queries with the most to show are drawn. */
static double awake(const cli_attention *attention, size_t a) {
  double sum = 0, even = 1 / (double)attention->positions;
  for (size_t b = 0; b < attention->positions; b++)
    sum += fabs(attention->z[a * attention->positions + b] - even);
  return sum;
}

static double apart(const cli_attention *attention, size_t a, size_t b) {
  double rows = (double)(a / attention->width) - (double)(b / attention->width),
         columns = (double)(a % attention->width) - (double)(b % attention->width);
  return rows * rows + columns * columns;
}

/* The liveliest query, then those that are lively and far from the ones chosen. */
static void choose_queries(const cli_attention *attention, size_t query[QUERIES]) {
  for (int q = 0; q < QUERIES; q++) {
    double best = -1;
    for (size_t a = 0; a < attention->positions; a++) {
      double nearest = (double)attention->positions;
      for (int other = 0; other < q; other++)
        nearest = fmin(nearest, apart(attention, a, query[other]));
      double worth = awake(attention, a) * sqrt(nearest);
      if (worth > best) {
        best = worth;
        query[q] = a;
      }
    }
  }
}

static void print_query_axes(cli_canvas *canvas, cli_place place, const cli_attention *attention, size_t query,
                             const double range[2]) {
  double x = (double)(query % attention->width), y = (double)(query / attention->width);
  limes_cli_panel(canvas, place.left, place.bottom, place.right, place.top);
  fprintf(canvas->pipe,
          "set border 15 lw 0.5 lc rgb '#999999'\nunset xtics\nunset ytics\nset size ratio -1\nset xrange [-0.5:%g]\nset yrange "
          "[%g:-0.5]\nset cbrange [%.9g:%.9g]\n"
          "set object rectangle from %g,%g to %g,%g fillstyle empty border lc rgb '#ff2d55' lw 2 front\n",
          (double)attention->width - 0.5, (double)attention->height - 0.5, range[0], range[1], x - 0.5, y - 0.5, x + 0.5,
          y + 0.5);
}

static void draw_query(cli_canvas *canvas, cli_place place, const cli_attention *attention, size_t query, const double range[2]) {
  char title[80];
  const double *row = attention->z + query * attention->positions;
  print_query_axes(canvas, place, attention, query, range);
  snprintf(title, sizeof title, "from pixel (%zu, %zu)", query / attention->width, query % attention->width);
  limes_cli_text(canvas, place.left, place.top + 12, "left", 11, title);
  fprintf(canvas->pipe, "plot '-' binary array=(%zu,%zu) format='%%float32' using 1 with image\n", attention->width,
          attention->height);
  for (size_t b = 0; b < attention->positions; b++) {
    float value = (float)row[b];
    limes_cli_send(canvas, &value, sizeof value, 1);
  }
}

limes_status limes_cli_draw_attention(cli_session *session, cli_canvas *canvas, cli_place place, const limes_batch *test,
                                      const cli_attention *attention) {
  size_t query[QUERIES] = {0}, n = attention->positions;
  double range[2] = {INFINITY, 0}, top = place.top - 50, left = place.left;
  double side = fmin(top - place.bottom - 10, (place.right - place.left - 210) / (QUERIES + 2));
  char title[120];
  choose_queries(attention, query);
  for (int q = 0; q < QUERIES; q++)
    for (size_t b = 0; b < n; b++)
      if (b != query[q]) { /* a query often looks at itself most of all */
        range[0] = fmin(range[0], attention->z[query[q] * n + b]);
        range[1] = fmax(range[1], attention->z[query[q] * n + b]);
      }
  range[0] = range[0] < range[1] ? range[0] : range[1] - 1e-6 - 1e-6 * fabs(range[1]);
  limes_cli_words(canvas);
  snprintf(title, sizeof title, "Attention at the first attention layer, item %zu of the test data", attention->item);
  limes_cli_text(canvas, place.left, place.top - 10, "left", 13, title);
  limes_cli_end_words(canvas);
  limes_cli_draw_image(canvas, (struct cli_place){left, top - side, left + side, top}, test, attention->item, "the item", -1);
  left += side + 66;
  cli_heat_map map = {.rows = n, .columns = n, .data = attention->z, .y = "query position"};
  limes_status status = limes_cli_draw_heat_map(session, canvas, (struct cli_place){left, top - side, left + side, top}, &map);
  limes_cli_words(canvas);
  limes_cli_text(canvas, left, top + 12, "left", 11, "Z: who looks where");
  limes_cli_end_words(canvas);
  left += side + 84;
  for (int q = 0; q < QUERIES; q++, left += side + 18)
    draw_query(canvas, (struct cli_place){left, top - side, left + side, top}, attention, query[q], range);
  return status;
}
