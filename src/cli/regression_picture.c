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

static void draw_against_truth(cli_canvas *canvas, cli_place place, const cli_answer *answer) {
  double least = INFINITY, most = -INFINITY;
  char title[120];
  size_t count = answer->items * answer->outputs, step = count / MOST_POINTS + 1;
  for (size_t i = 0; i < count; i++) {
    least = fmin(least, fmin(answer->targets[i], answer->mean[i]));
    most = fmax(most, fmax(answer->targets[i], answer->mean[i]));
  }
  double edge = most > least ? 0.05 * (most - least) : 1;
  snprintf(title, sizeof title, answer->variance == NULL ? "Predicted against true" : "Predicted against true: RMSE %.4g",
           answer->regression_scores.rmse);
  print_frame(canvas, place, title, "true", "predicted, with 95 % bars");
  fprintf(canvas->pipe,
          "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset arrow from %.9g,%.9g to %.9g,%.9g nohead dt 2 lc rgb '#777777' "
          "front\n",
          least - edge, most + edge, least - edge, most + edge, least - edge, least - edge, most + edge, most + edge);
  fputs("plot '-' using 1:2:3 with yerrorbars pt 7 ps 0.5 lw 0.7 lc rgb '#8021918c' notitle, '-' using 1:2 with points pt 7 ps "
        "0.5 lc rgb '#31688e' notitle\n",
        canvas->pipe);
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < count; i += step)
      fprintf(canvas->pipe, "%.9g %.9g %.9g\n", answer->targets[i], answer->mean[i], Z95 * spread(answer, i / answer->outputs));
    fputs("e\n", canvas->pipe);
  }
}

#define BINS 33 /* from -4 to 4 in steps of a quarter, the ends hold what lies beyond */

static void draw_errors(cli_canvas *canvas, cli_place place, const cli_answer *answer) {
  double count[BINS] = {0}, total = (double)(answer->items * answer->outputs);
  char title[160];
  for (size_t i = 0; i < answer->items * answer->outputs; i++) {
    double bar = spread(answer, i / answer->outputs), z = bar > 0 ? (answer->targets[i] - answer->mean[i]) / bar : 0;
    double bin = floor(4 * fmax(-4, fmin(4, z)) + 16.5);
    count[(size_t)bin]++;
  }
  const double *within = answer->regression_scores.within;
  snprintf(title, sizeof title, "Error bars: %.0f, %.0f, %.0f %% within the 50, 80, 95 %% intervals", 100 * within[0],
           100 * within[1], 100 * within[2]);
  print_frame(canvas, place, title, "error in predicted standard deviations", "density");
  fputs("set xrange [-4.2:4.2]\nset yrange [0:*]\nset key top right samplen 1.5 font ',10'\n"
        "plot '-' using 1:2:(0.23) with boxes lc rgb '#21918c' title 'targets', exp(-x*x/2)/sqrt(2*pi) with lines lw 2 lc rgb "
        "'#440154' title 'what it should be'\n",
        canvas->pipe);
  for (int i = 0; i < BINS; i++)
    fprintf(canvas->pipe, "%.9g %.9g\n", (i - 16) / 4.0, count[i] / total / 0.25);
  fputs("e\n", canvas->pipe);
}

limes_status limes_cli_plot_regression(cli_session *session, const char *path, const cli_answer_picture *picture) {
  cli_canvas canvas;
  bool curve = is_curve(picture), truth = picture->answer->targets != NULL && picture->answer->variance != NULL;
  if (!curve && !truth)
    return limes_cli_fail(session, LIMES_BAD_INPUT, "%s has no targets to compare with: there is nothing to draw",
                          picture->answer->name);
  limes_status status = limes_cli_canvas_open(session, path, truth ? 1440 : 760, 640, &canvas);
  if (status != LIMES_OK)
    return status;
  cli_place left = {80, 64, 690, 586};
  if (curve)
    status = draw_curve(session, &canvas, left, picture);
  else
    draw_against_truth(&canvas, left, picture->answer);
  if (status == LIMES_OK && truth)
    draw_errors(&canvas, (cli_place){810, 64, 1400, 586}, picture->answer);
  return limes_cli_canvas_close(session, &canvas, status);
}
