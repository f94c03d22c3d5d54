/* The picture of a training: losses over time, and outputs of a few items in the ensemble's band. */
#include <math.h>
#include <string.h>

#include "picture.h"
#include "train.h"

#define SHOWN 3 /* items */
#define Z95 1.959963984540054

static const char *const colours[CURVES] = {"#440154", "#5ec962", "#21918c"};
static const char *const item_colours[SHOWN] = {"#440154", "#21918c", "#d95f02"};

static bool by_steps(const cli_trained *trained) { return strcmp(trained->optimizer, "flow") != 0; }

/* Time 0 has no place on a logarithmic axis. */
static size_t first_shown(const cli_trained *trained) { return by_steps(trained) ? 0 : 1; }

static void print_frame(cli_canvas *canvas, cli_place place, const cli_trained *trained, const char *title, const char *y) {
  const limes_curves *network = &trained->curves[CURVE_NETWORK];
  limes_cli_panel(canvas, place.left, place.bottom, place.right, place.top);
  limes_cli_text(canvas, place.left, place.top + 14, "left", 13, title);
  fprintf(canvas->pipe,
          "set grid lc rgb '#dddddd' lw 0.5\nset xlabel '%s' font ',11' offset 0,0.3\nset ylabel '%s' font ',11' offset 1,0\n"
          "set xrange [%.9g:%.9g]\n",
          by_steps(trained) ? "steps" : "time", y, network->time[first_shown(trained)], network->time[network->times - 1]);
  fputs(by_steps(trained) ? "unset logscale\n" : "set logscale x\n", canvas->pipe);
}

static void send_column(cli_canvas *canvas, const cli_trained *trained, const double *first, size_t stride) {
  const limes_curves *network = &trained->curves[CURVE_NETWORK];
  for (size_t t = first_shown(trained); t < network->times; t++)
    fprintf(canvas->pipe, "%.9g %.9g\n", network->time[t], first[t * stride]);
  fputs("e\n", canvas->pipe);
}

/* The losses of a curve, [times] with a stride; NULL where they are not known */
static const double *losses_of(const cli_trained *trained, int curve, int test) {
  const limes_curve_scores *scores = trained->scores[curve];
  if (scores == NULL || isnan(test ? scores->test_loss : scores->train_loss))
    return NULL;
  return test ? &scores->test_loss : &scores->train_loss;
}

static void draw_losses(cli_canvas *canvas, cli_place place, const cli_trained *trained) {
  const size_t stride = sizeof(limes_curve_scores) / sizeof(double);
  const char *before = "plot ";
  print_frame(canvas, place, trained, "Loss over time", "loss");
  fputs("set logscale y\nset format y '%.0e'\nset key bottom left opaque samplen 2 font ',10'\n", canvas->pipe);
  for (int test = 0; test < 2; test++)
    for (int c = 0; c < CURVES; c++)
      if (losses_of(trained, c, test) != NULL) {
        fprintf(canvas->pipe, "%s'-' using 1:2 with lines lw %d dt %d lc rgb '%s' title '%s, %s'", before,
                c == CURVE_NETWORK ? 3 : 2, test ? 2 : 1, colours[c], limes_cli_curve_names[c], test ? "test" : "training");
        before = ", ";
      }
  fputc('\n', canvas->pipe);
  for (int test = 0; test < 2; test++)
    for (int c = 0; c < CURVES; c++)
      if (losses_of(trained, c, test) != NULL)
        send_column(canvas, trained, losses_of(trained, c, test), stride);
  fputs("unset logscale y\n", canvas->pipe);
}

/* Item i that is shown, and its output: that of its class */
static void choose(const cli_trained *trained, size_t i, size_t *item, size_t *output) {
  const limes_curves *network = &trained->curves[CURVE_NETWORK];
  const limes_batch *batch = network->test > 0 ? trained->inputs->second : trained->inputs->first;
  size_t classes = 0;
  const int64_t *labels = limes_batch_labels(batch, &classes);
  *item = i;
  *output = labels == NULL || (size_t)labels[i] >= network->outputs ? 0 : (size_t)labels[i];
}

static void send_band(cli_canvas *canvas, const cli_trained *trained, size_t item, size_t output) {
  const limes_curves *limit = &trained->curves[CURVE_LIMIT];
  for (size_t t = first_shown(trained); t < limit->times; t++) {
    double mean = limit->mean[(t * limit->banded + item) * limit->outputs + output];
    double half = Z95 * limit->deviation[t * limit->banded + item];
    fprintf(canvas->pipe, "%.9g %.9g %.9g\n", limit->time[t], mean - half, mean + half);
  }
  fputs("e\n", canvas->pipe);
}

/* pass 0 writes the plot command, pass 1 its data */
static void item_curves(cli_canvas *canvas, const cli_trained *trained, size_t i, int pass) {
  const limes_curves *network = &trained->curves[CURVE_NETWORK], *limit = &trained->curves[CURVE_LIMIT];
  size_t item, output, width = (network->train + network->test) * network->outputs;
  choose(trained, i, &item, &output);
  size_t at = ((network->test > 0 ? network->train : 0) + item) * network->outputs + output;
  if (pass == 0) {
    if (limit->banded > item)
      fprintf(canvas->pipe, "%s'-' using 1:2:3 with filledcurves fs transparent solid 0.15 noborder lc rgb '%s' notitle",
              i == 0 ? "" : ", ", item_colours[i]);
    fprintf(canvas->pipe, "%s'-' using 1:2 with lines lw 3 lc rgb '%s' title 'item %zu, output %zu'",
            i == 0 && limit->banded == 0 ? "" : ", ", item_colours[i], item, output);
    if (limit->times > 0)
      fprintf(canvas->pipe, ", '-' using 1:2 with lines lw 2 dt 2 lc rgb '%s' title '%s'", item_colours[i],
              i == 0 ? "its limit" : "");
    return;
  }
  if (limit->banded > item)
    send_band(canvas, trained, item, output);
  send_column(canvas, trained, network->f + at, width);
  if (limit->times > 0)
    send_column(canvas, trained, limit->f + at, width);
}

static void draw_outputs(cli_canvas *canvas, cli_place place, const cli_trained *trained) {
  const limes_curves *network = &trained->curves[CURVE_NETWORK];
  size_t items = network->test > 0 ? network->test : network->train, shown = items < SHOWN ? items : SHOWN;
  print_frame(canvas, place, trained,
              trained->curves[CURVE_LIMIT].banded > 0 ? "Outputs for test items, in the ensemble's 95 % band"
                                                      : "Outputs over time",
              "output");
  fputs("set format y '%g'\nset key bottom left opaque samplen 2 font ',10'\nplot ", canvas->pipe);
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < shown; i++)
      item_curves(canvas, trained, i, pass);
    if (pass == 0)
      fputc('\n', canvas->pipe);
  }
  fputs("unset logscale\n", canvas->pipe);
}

limes_status limes_cli_plot_trained(cli_session *session, const char *path, const cli_trained *trained) {
  cli_canvas canvas;
  limes_status status = limes_cli_canvas_open(session, path, 1440, 680, &canvas);
  if (status != LIMES_OK)
    return status;
  char text[512];
  snprintf(text, sizeof text, "%.100s  by  %.150s", trained->inputs->first_name, trained->inputs->model_text);
  limes_cli_words(&canvas);
  limes_cli_text(&canvas, 60, canvas.height - 24, "left", 12, text);
  limes_cli_end_words(&canvas);
  draw_losses(&canvas, (cli_place){80, 64, 690, 586}, trained);
  draw_outputs(&canvas, (cli_place){810, 64, 1400, 586}, trained);
  return limes_cli_canvas_close(session, &canvas, LIMES_OK);
}
