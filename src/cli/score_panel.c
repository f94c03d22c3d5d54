/* How good probabilities are: reliability with counts, and the confusion matrix. */
#include <math.h>

#include "picture.h"

static void print_frame(cli_canvas *canvas, cli_place place, const char *y) {
  limes_cli_panel(canvas, place.left, place.bottom, place.right, place.top);
  fputs("set xrange [0:1]\nset grid y lc rgb '#dddddd' lw 0.5\nset ylabel ", canvas->pipe);
  limes_cli_quote(canvas, y);
  fputs(" font ',11' offset 1,0\n", canvas->pipe);
}

static void draw_accuracy(cli_canvas *canvas, cli_place place, const cli_answer *answer) {
  char title[160];
  print_frame(canvas, place, "share that was right");
  snprintf(title, sizeof title, "Reliability: accuracy %.1f %%, calibration error %.1f %%", 100 * answer->class_scores.accuracy,
           100 * answer->class_scores.ece);
  limes_cli_text(canvas, place.left, place.top + 14, "left", 13, title);
  fputs("set yrange [0:1.02]\nset format x ''\nset arrow from 0,0 to 1,1 nohead dt 2 lw 1 lc rgb '#777777' front\n"
        "set label 'dashed: right as often as claimed' at 0.03,0.95 left font ',10' textcolor rgb '#333333' front\n",
        canvas->pipe);
  fputs("plot '-' using 1:2:3 with boxes lc rgb '#21918c' notitle, '-' using 1:2 with points pt 7 ps 0.9 lc rgb '#440154' "
        "notitle\n",
        canvas->pipe);
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < LIMES_RELIABILITY_BINS; i++) {
      const limes_reliability_bin *bin = &answer->bins[i];
      if (bin->count > 0)
        fprintf(canvas->pipe, "%.6g %.6g 0.09\n", pass == 0 ? (i + 0.5) / LIMES_RELIABILITY_BINS : bin->confidence,
                bin->accuracy);
    }
    fputs("e\n", canvas->pipe);
  }
  fputs("set format x\n", canvas->pipe);
}

/* A round step that gives two to four tics up to most. */
static double tic_step(double most) {
  double decade = pow(10, floor(log10(most))), digit = most / decade;
  return fmax(1, decade * (digit >= 5 ? 2.5 : digit >= 2 ? 1 : 0.5));
}

static void draw_counts(cli_canvas *canvas, cli_place place, const cli_answer *answer) {
  size_t most = 1;
  for (int i = 0; i < LIMES_RELIABILITY_BINS; i++)
    most = answer->bins[i].count > most ? answer->bins[i].count : most;
  print_frame(canvas, place, "items");
  fprintf(canvas->pipe, "set yrange [0:%g]\nset ytics 0,%g\nset xlabel 'probability that was claimed' font ',11' offset 0,0.3\n",
          1.3 * (double)most, tic_step((double)most));
  fputs("plot '-' using 1:2:(0.09) with boxes lc rgb '#7a8fb5' notitle, '-' using 1:2:3 with labels font ',10' offset 0,0.6 "
        "notitle\n",
        canvas->pipe);
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < LIMES_RELIABILITY_BINS; i++)
      if (answer->bins[i].count > 0)
        fprintf(canvas->pipe, "%.6g %zu %zu\n", (i + 0.5) / LIMES_RELIABILITY_BINS, answer->bins[i].count, answer->bins[i].count);
    fputs("e\n", canvas->pipe);
  }
}

void limes_cli_draw_reliability(cli_canvas *canvas, cli_place place, const cli_answer *answer) {
  double split = place.bottom + 0.24 * (place.top - place.bottom);
  draw_accuracy(canvas, (struct cli_place){place.left, split + 16, place.right, place.top}, answer);
  draw_counts(canvas, (struct cli_place){place.left, place.bottom, place.right, split}, answer);
}

static float share(const cli_answer *answer, size_t row, size_t column) {
  size_t sum = 0, classes = answer->outputs;
  for (size_t k = 0; k < classes; k++)
    sum += answer->confusion[row * classes + k];
  return sum == 0 ? 0 : (float)((double)answer->confusion[row * classes + column] / (double)sum);
}

void limes_cli_draw_confusion(cli_canvas *canvas, cli_place place, const cli_answer *answer) {
  size_t classes = answer->outputs;
  limes_cli_panel(canvas, place.left, place.bottom, place.right, place.top);
  fprintf(canvas->pipe,
          "set border 0\nset xrange [-0.5:%g]\nset yrange [%g:-0.5]\nset cbrange [0:1]\nset xtics scale 0\nset ytics scale 0\n"
          "set xlabel 'class that was said' font ',11'\nset ylabel 'true class' font ',11' offset 1,0\n",
          (double)classes - 0.5, (double)classes - 0.5);
  if (classes <= 24)
    fputs("set xtics 1\nset ytics 1\n", canvas->pipe);
  limes_cli_text(canvas, place.left, place.top + 14, "left", 13, "Confusion: shares of a true class");
  for (size_t i = 0; classes <= 24 && i < classes; i++)
    for (size_t j = 0; j < classes; j++)
      if (answer->confusion[i * classes + j] > 0)
        fprintf(canvas->pipe, "set label '%zu' at %zu,%zu center font ',10' textcolor rgb '%s' front\n",
                answer->confusion[i * classes + j], j, i, share(answer, i, j) > 0.6 ? "#000000" : "#ffffff");
  fprintf(canvas->pipe, "plot '-' binary array=(%zu,%zu) format='%%float32' using 1 with image\n", classes, classes);
  for (size_t i = 0; i < classes; i++)
    for (size_t j = 0; j < classes; j++) {
      float value = share(answer, i, j);
      limes_cli_send(canvas, &value, sizeof value, 1);
    }
}
