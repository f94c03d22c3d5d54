/* The picture of a regression: a curve with its band where items are single numbers, else predicted against true; and the
 * standardized errors against the normal density. */
#include <math.h>
#include <stdlib.h>

#include "picture.h"

#define MOST_POINTS 2000 /* error bars beyond that are a blot */
#define Z95 1.959963984540054

static double spread(const cli_answer *answer, size_t i) {
  return answer->variance == NULL ? 0 : sqrt(fmax(answer->variance[i] + answer->facts.noise, 0));
}

static bool is_curve(const cli_answer_picture *picture) {
  return picture->test != NULL && limes_batch_axes(picture->test) == 0 && limes_batch_features(picture->test) == 1 &&
         picture->answer->outputs == 1;
}

static void print_frame(cli_canvas *canvas, cli_place place, const char *title, const char *x, const char *y) {
  limes_cli_panel(canvas, place.left, place.bottom, place.right, place.top);
  limes_cli_text(canvas, place.left, place.top + 14, "left", 13, title);
  fprintf(canvas->pipe,
          "set grid lc rgb '#dddddd' lw 0.5\nset xlabel '%s' font ',11' offset 0,0.3\nset ylabel '%s' font ',11' offset 1,0\n", x,
          y);
}

typedef struct cli_point {
  double x;
  size_t item;
} cli_point;

static int by_x(const void *a, const void *b) {
  const cli_point *p = a, *q = b;
  return (p->x > q->x) - (p->x < q->x);
}

static void send_truth(cli_canvas *canvas, const limes_batch *batch, const double *targets) {
  for (size_t i = 0; i < limes_batch_items(batch); i++)
    fprintf(canvas->pipe, "%.9g %.9g\n", limes_batch_item(batch, i)[0], targets[i]);
  fputs("e\n", canvas->pipe);
}

static void print_curve_plot(cli_canvas *canvas, const double *training, const double *truth) {
  fputs("set key top left opaque samplen 1.5 font ',10'\nset style fill solid 0.25 noborder\n"
        "plot '-' using 1:2:3 with filledcurves lc rgb '#21918c' title '95 % of the targets', '-' using 1:2 with lines lw 2 lc "
        "rgb '#21918c' title 'mean'",
        canvas->pipe);
  if (truth != NULL)
    fputs(", '-' using 1:2 with points pt 6 ps 0.5 lc rgb '#888888' title 'test'", canvas->pipe);
  if (training != NULL)
    fputs(", '-' using 1:2 with points pt 7 ps 0.6 lc rgb '#440154' title 'training'", canvas->pipe);
  fputc('\n', canvas->pipe);
}

static limes_status draw_curve(cli_session *session, cli_canvas *canvas, cli_place place, const cli_answer_picture *picture) {
  const cli_answer *answer = picture->answer;
  size_t outputs = 0;
  const limes_batch *train = picture->inputs == NULL ? NULL : picture->inputs->first;
  const double *training = train == NULL ? NULL : limes_batch_targets(train, &outputs);
  cli_point *points = calloc(answer->items, sizeof *points);
  if (points == NULL)
    return limes_cli_no_memory(session);
  for (size_t i = 0; i < answer->items; i++)
    points[i] = (cli_point){limes_batch_item(picture->test, i)[0], i};
  qsort(points, answer->items, sizeof *points, by_x);
  print_frame(canvas, place, "The function with its error bars", "input (as normalized)", "target");
  print_curve_plot(canvas, training, answer->targets);
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < answer->items; i++) {
      double mean = answer->mean[points[i].item], bar = Z95 * spread(answer, points[i].item);
      if (pass == 0)
        fprintf(canvas->pipe, "%.9g %.9g %.9g\n", points[i].x, mean - bar, mean + bar);
      else
        fprintf(canvas->pipe, "%.9g %.9g\n", points[i].x, mean);
    }
    fputs("e\n", canvas->pipe);
  }
  if (answer->targets != NULL)
    send_truth(canvas, picture->test, answer->targets);
  if (training != NULL)
    send_truth(canvas, train, training);
  free(points);
  return LIMES_OK;
}

/* The diagonal is in view: y reaches over the targets, the predictions and their bars. */
static void print_ranges(cli_canvas *canvas, const cli_answer *answer) {
  double least = INFINITY, most = -INFINITY, low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < answer->items * answer->outputs; i++) {
    double target = answer->targets[i], mean = answer->mean[i], bar = Z95 * spread(answer, i / answer->outputs);
    least = fmin(least, target);
    most = fmax(most, target);
    low = fmin(low, fmin(target, mean - bar));
    high = fmax(high, fmax(target, mean + bar));
  }
  double edge = most > least ? 0.05 * (most - least) : 1;
  fprintf(canvas->pipe,
          "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset arrow from %.9g,%.9g to %.9g,%.9g nohead dt 2 lc rgb '#777777' "
          "front\n",
          least - edge, most + edge, low - edge, high + edge, least - edge, least - edge, most + edge, most + edge);
}

/* Each prediction with its bar, at the target or, where there is none, at the number of the item. */
static void print_predictions(cli_canvas *canvas, const cli_answer *answer) {
  size_t count = answer->items * answer->outputs, step = count / MOST_POINTS + 1;
  fputs("plot '-' using 1:2:3 with yerrorbars pt 7 ps 0.5 lw 0.7 lc rgb '#8021918c' notitle, '-' using 1:2 with points pt 7 ps "
        "0.5 lc rgb '#31688e' notitle\n",
        canvas->pipe);
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < count; i += step)
      fprintf(canvas->pipe, "%.9g %.9g %.9g\n", answer->targets == NULL ? (double)(i / answer->outputs) : answer->targets[i],
              answer->mean[i], Z95 * spread(answer, i / answer->outputs));
    fputs("e\n", canvas->pipe);
  }
}

static void draw_against_truth(cli_canvas *canvas, cli_place place, const cli_answer *answer) {
  char title[120] = "Predicted against true";
  if (answer->variance != NULL)
    snprintf(title, sizeof title, "Predicted against true: RMSE %.4g", answer->regression_scores.rmse);
  print_frame(canvas, place, title, "true", answer->variance == NULL ? "predicted" : "predicted, with 95 % bars");
  print_ranges(canvas, answer);
  print_predictions(canvas, answer);
}

static void draw_alone(cli_canvas *canvas, cli_place place, const cli_answer *answer) {
  print_frame(canvas, place, "Predictions (there are no targets to compare with)", "number of the item",
              answer->variance == NULL ? "predicted" : "predicted, with 95 % bars");
  print_predictions(canvas, answer);
}

/* The error of prediction i in its standard deviations. */
static double standardized(const cli_answer *answer, size_t i) {
  double bar = spread(answer, i / answer->outputs), error = answer->targets[i] - answer->mean[i];
  return bar > 0 ? error / bar : error == 0 ? 0 : INFINITY;
}

#define BINS 33 /* a quarter wide, centred from -4 to 4 */
#define WIDEST (BINS / 8.0)

static void draw_errors(cli_canvas *canvas, cli_place place, const cli_answer *answer) {
  size_t items = answer->items * answer->outputs, count[BINS] = {0}, beyond = 0;
  char title[160];
  for (size_t i = 0; i < items; i++) {
    double z = standardized(answer, i);
    if (fabs(z) < WIDEST)
      count[(size_t)(4 * (z + WIDEST))]++;
    else
      beyond++;
  }
  const double *within = answer->regression_scores.within;
  snprintf(title, sizeof title, "Error bars: %.0f, %.0f, %.0f %% within the 50, 80, 95 %% intervals", 100 * within[0],
           100 * within[1], 100 * within[2]);
  print_frame(canvas, place, title, "error in predicted standard deviations", "density");
  if (beyond > 0)
    fprintf(canvas->pipe, "set label '%zu of %zu lie further out' at graph 0.03,0.96 left font ',10' front\n", beyond, items);
  fputs("set xrange [-4.2:4.2]\nset yrange [0:*]\nset key top right samplen 1.5 font ',10'\n"
        "plot '-' using 1:2:(0.23) with boxes lc rgb '#21918c' title 'targets', exp(-x*x/2)/sqrt(2*pi) with lines lw 2 lc rgb "
        "'#440154' title 'what it should be'\n",
        canvas->pipe);
  for (int i = 0; i < BINS; i++)
    fprintf(canvas->pipe, "%.9g %.9g\n", (i - BINS / 2) / 4.0, (double)count[i] / (double)items / 0.25);
  fputs("e\n", canvas->pipe);
}

limes_status limes_cli_plot_regression(cli_session *session, const char *path, const cli_answer_picture *picture) {
  cli_canvas canvas;
  const cli_answer *answer = picture->answer;
  bool errors = answer->targets != NULL && answer->variance != NULL;
  limes_status status = limes_cli_canvas_open(session, path, errors ? 1440 : 760, 680, &canvas);
  if (status != LIMES_OK)
    return status;
  cli_place left = {80, 64, 690, 586};
  limes_cli_draw_head(&canvas, picture);
  if (is_curve(picture))
    status = draw_curve(session, &canvas, left, picture);
  else if (answer->targets != NULL)
    draw_against_truth(&canvas, left, answer);
  else
    draw_alone(&canvas, left, answer);
  if (status == LIMES_OK && errors)
    draw_errors(&canvas, (cli_place){810, 64, 1400, 586}, answer);
  return limes_cli_canvas_close(session, &canvas, status);
}
