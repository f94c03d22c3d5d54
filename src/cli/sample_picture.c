/* The picture of functions drawn by chance: curves where the items are on a line, else strips, one row a function. Draws of the
 * prior and networks stand side by side. */
#include <math.h>
#include <stdlib.h>

#include "picture.h"
#include "sample.h"

#define MOST_CURVES 8
#define MOST_QUANTILES 400
#define Z95 1.959963984540054
#define EDGE 84

static void draw_title(cli_canvas *canvas, const cli_inputs *inputs) {
  char text[512];
  snprintf(text, sizeof text, "%s  by  %.140s", inputs->first_name, inputs->model_text);
  limes_cli_words(canvas);
  limes_cli_text(canvas, EDGE, canvas->height - 24, "left", 12, text);
  limes_cli_end_words(canvas);
}

static void name_panel(char *text, size_t size, const cli_sample *sample, const double *functions) {
  const char *many = sample->draws == 1 ? "" : "s";
  if (functions == sample->prior)
    snprintf(text, size, "Infinite width: %zu draw%s from the prior", sample->draws, many);
  else
    snprintf(text, size, "Width %zu: %zu network%s", sample->width, sample->draws, many);
}

/* curves */

typedef struct {
  double place;
  size_t item;
} point;

static int by_place(const void *a, const void *b) {
  const point *p = a, *q = b;
  return (p->place > q->place) - (p->place < q->place);
}

static size_t curves(const cli_sample *sample) { return sample->draws < MOST_CURVES ? sample->draws : MOST_CURVES; }

/* Both panels have the same: wide enough for the band and all curves. */
static double highest(const cli_sample *sample) {
  double most = 0;
  for (size_t i = 0; i < sample->items; i++)
    most = fmax(most, Z95 * sqrt(fmax(sample->variance[i], 0)));
  for (size_t i = 0; i < curves(sample) * sample->items; i++) {
    most = fmax(most, fabs(sample->prior[i]));
    most = sample->networks == NULL ? most : fmax(most, fabs(sample->networks[i]));
  }
  return most > 0 ? 1.05 * most : 1;
}

static void print_curves_plot(cli_canvas *canvas, size_t count) {
  fputs("set style fill solid 0.18 noborder\nset key top right samplen 1.5 font ',10'\n"
        "plot '-' using 1:2:3 with filledcurves lc rgb '#777777' title '95 % of the prior', 0 with lines lw 0.7 lc rgb '#777777' "
        "notitle",
        canvas->pipe);
  for (size_t d = 0; d < count; d++) {
    unsigned char rgb[3];
    limes_cli_viridis(count < 2 ? 0.3 : 0.92 * (double)d / (double)(count - 1), rgb);
    fprintf(canvas->pipe, ", '-' using 1:2 with lines lw 1.6 lc rgb '#%02x%02x%02x' notitle", rgb[0], rgb[1], rgb[2]);
  }
  fputc('\n', canvas->pipe);
}

static void send_curves(cli_canvas *canvas, const cli_sample *sample, const point *points, const double *functions) {
  for (size_t i = 0; i < sample->items; i++) {
    double bar = Z95 * sqrt(fmax(sample->variance[points[i].item], 0));
    fprintf(canvas->pipe, "%.9g %.9g %.9g\n", points[i].place, -bar, bar);
  }
  fputs("e\n", canvas->pipe);
  for (size_t d = 0; d < curves(sample); d++) {
    for (size_t i = 0; i < sample->items; i++)
      fprintf(canvas->pipe, "%.9g %.9g\n", points[i].place, functions[d * sample->items + points[i].item]);
    fputs("e\n", canvas->pipe);
  }
}

static void draw_curves(cli_canvas *canvas, cli_place place, const cli_sample *sample, const point *points,
                        const double *functions) {
  char title[120];
  double most = highest(sample);
  name_panel(title, sizeof title, sample, functions);
  limes_cli_panel(canvas, place.left, place.bottom, place.right, place.top);
  limes_cli_text(canvas, place.left, place.top + 14, "left", 13, title);
  fprintf(canvas->pipe, "set xlabel '%s' font ',11' offset 0,0.3\nset ylabel 'f' font ',11' offset 1,0\n", sample->axis);
  fprintf(canvas->pipe, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", points[0].place,
          points[sample->items - 1].place > points[0].place ? points[sample->items - 1].place : points[0].place + 1, -most, most);
  print_curves_plot(canvas, curves(sample));
  send_curves(canvas, sample, points, functions);
}

static limes_status draw_line(cli_session *session, cli_canvas *canvas, const cli_sample *sample) {
  point *points = calloc(sample->items, sizeof *points);
  if (points == NULL)
    return limes_cli_no_memory(session);
  for (size_t i = 0; i < sample->items; i++)
    points[i] = (point){sample->place[i], i};
  qsort(points, sample->items, sizeof *points, by_place);
  draw_curves(canvas, (cli_place){EDGE, 64, 690, 466}, sample, points, sample->prior);
  if (sample->networks != NULL)
    draw_curves(canvas, (cli_place){790, 64, 1396, 466}, sample, points, sample->networks);
  free(points);
  return LIMES_OK;
}

/* strips */

double limes_cli_standardized(const cli_sample *sample, const double *functions, size_t i) {
  double variance = sample->variance[i % sample->items];
  return variance > 0 ? functions[i] / sqrt(variance) : 0;
}

static double *standardize(const cli_sample *sample, const double *functions) {
  double *z = malloc(sample->draws * sample->items * sizeof *z);
  for (size_t i = 0; z != NULL && i < sample->draws * sample->items; i++)
    z[i] = limes_cli_standardized(sample, functions, i);
  return z;
}

static limes_status draw_strip(cli_session *session, cli_canvas *canvas, cli_place place, const cli_sample *sample,
                               const int64_t *labels, const double *functions) {
  char title[160], name[120];
  double *z = standardize(sample, functions);
  if (z == NULL)
    return limes_cli_no_memory(session);
  name_panel(name, sizeof name, sample, functions);
  snprintf(title, sizeof title, "%s, in deviations of the prior", name);
  cli_heat_map map = {.rows = sample->draws,
                      .columns = sample->items,
                      .data = z,
                      .column_labels = labels,
                      .title = title,
                      .x = labels == NULL ? "item" : "class",
                      .y = "function"};
  limes_status status = limes_cli_draw_heat_map(session, canvas, place, &map);
  free(z);
  return status;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static limes_status send_quantiles(cli_session *session, cli_canvas *canvas, const cli_sample *sample, const double *functions) {
  size_t count = sample->draws * sample->items, points = count < MOST_QUANTILES ? count : MOST_QUANTILES;
  double *z = standardize(sample, functions);
  if (z == NULL)
    return limes_cli_no_memory(session);
  qsort(z, count, sizeof *z, by_value);
  for (size_t k = 0; k < points; k++) {
    size_t rank = (2 * k + 1) * count / (2 * points);
    fprintf(canvas->pipe, "%.9g %.9g\n", ((double)rank + 0.5) / (double)count, z[rank]);
  }
  fputs("e\n", canvas->pipe);
  free(z);
  return LIMES_OK;
}

static limes_status draw_quantiles(cli_session *session, cli_canvas *canvas, cli_place place, const cli_sample *sample) {
  limes_cli_panel(canvas, place.left, place.bottom, place.right, place.top);
  limes_cli_text(canvas, place.left, place.top + 14, "left", 13, "Quantiles of all values");
  fputs("set grid lc rgb '#dddddd' lw 0.5\nset xlabel 'normal distribution' font ',11' offset 0,0.3\n"
        "set ylabel 'values in deviations of the prior' font ',11' offset 1,0\nset xrange [-4:4]\n"
        "set key top left samplen 1 font ',10'\nplot x with lines lw 1 lc rgb '#777777' title 'the prior', "
        "'-' using (invnorm($1)):2 with points pt 6 ps 0.5 lc rgb '#21918c' title 'its draws', "
        "'-' using (invnorm($1)):2 with points pt 7 ps 0.4 lc rgb '#440154' title 'networks'\n",
        canvas->pipe);
  limes_status status = send_quantiles(session, canvas, sample, sample->prior);
  return status == LIMES_OK ? send_quantiles(session, canvas, sample, sample->networks) : status;
}

static limes_status draw_strips(cli_session *session, cli_canvas *canvas, const cli_sample *sample, const cli_inputs *inputs) {
  size_t classes = 0;
  const int64_t *labels = limes_batch_labels(inputs->first, &classes);
  if (sample->networks == NULL)
    return draw_strip(session, canvas, (cli_place){EDGE, 64, 660, 466}, sample, labels, sample->prior);
  limes_status status = draw_strip(session, canvas, (cli_place){EDGE, 310, 860, 466}, sample, labels, sample->prior);
  if (status == LIMES_OK)
    status = draw_strip(session, canvas, (cli_place){EDGE, 64, 860, 220}, sample, labels, sample->networks);
  return status == LIMES_OK ? draw_quantiles(session, canvas, (cli_place){1010, 64, 1396, 466}, sample) : status;
}

limes_status limes_cli_plot_sample(cli_session *session, const char *path, const cli_sample *sample, const cli_inputs *inputs) {
  cli_canvas canvas;
  limes_status status = limes_cli_canvas_open(session, path, sample->networks == NULL ? 740 : 1440, 540, &canvas);
  if (status != LIMES_OK)
    return status;
  draw_title(&canvas, inputs);
  status = sample->place != NULL ? draw_line(session, &canvas, sample) : draw_strips(session, &canvas, sample, inputs);
  return limes_cli_canvas_close(session, &canvas, status);
}
