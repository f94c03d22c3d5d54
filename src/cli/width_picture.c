/* The picture of a width study: errors against size with the line of slope -1/2, and the outputs' quantiles against normal ones.
 */
#include <math.h>

#include "picture.h"
#include "width.h"

static const char *const kernel_colours[] = {"#31688e", "#35b779"};

static void frame(cli_canvas *canvas, cli_place place, const char *title, const char *x, const char *y) {
  limes_cli_panel(canvas, place.left, place.bottom, place.right, place.top);
  limes_cli_text(canvas, place.left, place.top + 14, "left", 13, title);
  fprintf(canvas->pipe,
          "set grid lc rgb '#dddddd' lw 0.5\nset xlabel '%s' font ',11' offset 0,0.3\nset ylabel '%s' font ',11' offset 1,0\n", x,
          y);
}

/* Sizes where they are, with room beside */
static void print_sizes(cli_canvas *canvas, const limes_width_report *report) {
  fprintf(canvas->pipe, "set logscale xy\nset xrange [%.9g:%.9g]\nset format y '%%g'\nset xtics (", 0.8 * (double)report->size[0],
          1.25 * (double)report->size[report->n - 1]);
  for (size_t i = 0; i < report->n; i++)
    fprintf(canvas->pipe, "%s'%zu' %zu", i == 0 ? "" : ", ", report->size[i], report->size[i]);
  fputs(")\n", canvas->pipe);
}

static void draw_errors(cli_canvas *canvas, cli_place place, const cli_width_result *result) {
  const limes_width_report *report = result->report;
  const limes_width_kernel *const kernels[] = {&report->nngp, &report->ntk};
  static const char *const names[] = {"NNGP", "NTK"};
  frame(canvas, place, "Error of one network, relative to the limit", limes_cli_width_axis(result->vary), "relative error");
  print_sizes(canvas, report);
  fputs("set key bottom left samplen 1.5 font ',10'\nplot ", canvas->pipe);
  for (int k = 0; k < 2; k++)
    if (kernels[k]->at != NULL)
      fprintf(canvas->pipe,
              "%s'-' using 1:2:3:4 with yerrorbars pt 7 ps 0.8 lw 1.5 lc rgb '%s' title '%s: slope %.3f (%.3f to %.3f)', %.9g / "
              "sqrt(x / %zu) with lines dt 2 lw 1.5 lc rgb '%s' title '%s'",
              k == 0 ? "" : ", ", kernel_colours[k], names[k], kernels[k]->slope, kernels[k]->interval[0],
              kernels[k]->interval[1], kernels[k]->at[report->n - 1].error, report->size[report->n - 1], kernel_colours[k],
              "slope -1/2");
  fputc('\n', canvas->pipe);
  for (int k = 0; k < 2; k++) {
    for (size_t i = 0; kernels[k]->at != NULL && i < report->n; i++)
      fprintf(canvas->pipe, "%zu %.9g %.9g %.9g\n", report->size[i], kernels[k]->at[i].error, kernels[k]->at[i].interval[0],
              kernels[k]->at[i].interval[1]);
    if (kernels[k]->at != NULL)
      fputs("e\n", canvas->pipe);
  }
}

/* The smallest and the largest size */
static void draw_quantiles(cli_canvas *canvas, cli_place place, const cli_width_result *result) {
  const limes_width_report *report = result->report;
  const size_t shown[] = {0, report->n - 1};
  static const char *const colours[] = {"#fde725", "#440154"};
  frame(canvas, place, "Outputs for the first item, in deviations of the limit", "normal quantile", "quantile of the outputs");
  fputs("unset logscale\nset xtics auto\nset xrange [-3.2:3.2]\nset key top left samplen 1.5 font ',10'\nplot ", canvas->pipe);
  for (int k = 0; k < 2; k++)
    fprintf(canvas->pipe, "'-' using 1:2 with points pt 7 ps 0.7 lc rgb '%s' title '%s %zu: kurtosis %.3g', ", colours[k],
            limes_cli_width_axis(result->vary), report->size[shown[k]], report->output[shown[k]].kurtosis);
  fputs("x with lines dt 2 lc rgb '#777777' title 'normal'\n", canvas->pipe);
  for (int k = 0; k < 2; k++) {
    for (int q = 0; q < LIMES_WIDTH_QUANTILES; q++)
      fprintf(canvas->pipe, "%.9g %.9g\n", (q - LIMES_WIDTH_QUANTILES / 2) * 0.1, report->output[shown[k]].quantile[q]);
    fputs("e\n", canvas->pipe);
  }
}

limes_status limes_cli_plot_width(cli_session *session, const char *path, const cli_width_result *result) {
  cli_canvas canvas;
  bool outputs = result->report->output != NULL;
  const cli_answer answer = {.name = result->inputs->first_name};
  const cli_answer_picture head = {.answer = &answer, .inputs = result->inputs};
  limes_status status = limes_cli_canvas_open(session, path, outputs ? 1440 : 760, 680, &canvas);
  if (status != LIMES_OK)
    return status;
  limes_cli_draw_head(&canvas, &head);
  draw_errors(&canvas, (cli_place){80, 64, 690, 586}, result);
  if (outputs)
    draw_quantiles(&canvas, (cli_place){810, 64, 1400, 586}, result);
  return limes_cli_canvas_close(session, &canvas, status);
}
