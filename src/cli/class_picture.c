/* The picture of a classification: kernel, reliability, mistakes, attention. */
#include <math.h>
#include <stdlib.h>

#include "picture.h"

#define WIDTH 1440
#define EDGE 60

/* Entries divided by the deviations of both items: classes show as blocks, which variances would hide. */
static double *correlations(const double *kernel, size_t n) {
  double *correlation = malloc(n * n * sizeof *correlation);
  for (size_t i = 0; correlation != NULL && i < n; i++)
    for (size_t j = 0; j < n; j++) {
      double scale = sqrt(kernel[i * n + i] * kernel[j * n + j]);
      correlation[i * n + j] = scale > 0 ? kernel[i * n + j] / scale : 0;
    }
  return correlation;
}

/* Where the kernel is not known, the confusion matrix stands in its place. */
static limes_status draw_left(cli_session *session, cli_canvas *canvas, cli_place place, const cli_answer_picture *picture) {
  char title[160];
  size_t classes = 0;
  if (picture->kernel == NULL || picture->inputs == NULL || picture->inputs->first == NULL) {
    if (picture->answer->confusion != NULL)
      limes_cli_draw_confusion(canvas, place, picture->answer);
    return LIMES_OK;
  }
  snprintf(title, sizeof title, "Training kernel as correlations, %zu items ordered by class", picture->kernel_items);
  const int64_t *labels = limes_batch_labels(picture->inputs->first, &classes);
  double *correlation = correlations(picture->kernel, picture->kernel_items);
  if (correlation == NULL)
    return limes_cli_no_memory(session);
  cli_heat_map map = {.rows = picture->kernel_items,
                      .columns = picture->kernel_items,
                      .data = correlation,
                      .row_labels = labels,
                      .column_labels = labels,
                      .title = title,
                      .x = "class",
                      .y = "class"};
  limes_status status = limes_cli_draw_heat_map(session, canvas, place, &map);
  free(correlation);
  return status;
}

limes_status limes_cli_plot_classes(cli_session *session, const char *path, const cli_answer_picture *picture) {
  cli_attention attention;
  cli_canvas canvas;
  limes_status status = limes_cli_read_attention(session, picture, &attention);
  if (status != LIMES_OK)
    return status;
  bool images = limes_cli_has_images(picture->test);
  double mistakes = images ? 260 : 0, looks = attention.z != NULL ? 296 : 0, height = 710 + mistakes + looks;
  status = limes_cli_canvas_open(session, path, WIDTH, (unsigned)height, &canvas);
  if (status == LIMES_OK) {
    double top = height - 84, bottom = mistakes + looks + 60;
    limes_cli_draw_head(&canvas, picture);
    status = draw_left(session, &canvas, (cli_place){EDGE, bottom, 700, top}, picture);
    if (status == LIMES_OK && picture->answer->labels != NULL)
      limes_cli_draw_reliability(&canvas, (cli_place){860, bottom, WIDTH - 40, top}, picture->answer);
    if (status == LIMES_OK && images)
      status = limes_cli_draw_mistakes(session, &canvas, (cli_place){EDGE, looks + 10, WIDTH - 40, looks + mistakes - 10},
                                       picture->answer, picture->test);
    if (status == LIMES_OK && attention.z != NULL)
      status =
          limes_cli_draw_attention(session, &canvas, (cli_place){EDGE, 30, WIDTH - 40, looks - 10}, picture->test, &attention);
    status = limes_cli_canvas_close(session, &canvas, status);
  }
  limes_free(attention.z);
  return status;
}
