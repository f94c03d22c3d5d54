/* The picture of one kernel or two. */
#include <string.h>

#include "picture.h"

static limes_status draw(cli_session *session, cli_canvas *canvas, double left, const cli_kernel_picture *picture,
                         const double *data, const char *name) {
  char title[120];
  snprintf(title, sizeof title, "%s, %zu x %zu%s", name, picture->rows, picture->columns,
           picture->row_labels != NULL ? ", ordered by class" : "");
  cli_heat_map map = {.rows = picture->rows,
                      .columns = picture->columns,
                      .data = data,
                      .row_labels = picture->row_labels,
                      .column_labels = picture->column_labels,
                      .title = title,
                      .x = picture->column_labels != NULL ? "class" : "item",
                      .y = picture->row_labels != NULL ? "class" : "item"};
  return limes_cli_draw_heat_map(session, canvas, (cli_place){left, 60, left + 580, 640}, &map);
}

limes_status limes_cli_plot_kernels(cli_session *session, const char *path, const cli_kernel_picture *picture) {
  cli_canvas canvas;
  bool both = picture->nngp != NULL && picture->ntk != NULL;
  limes_status status = limes_cli_canvas_open(session, path, both ? 1440 : 740, 710, &canvas);
  if (status != LIMES_OK)
    return status;
  if (picture->title != NULL) {
    char text[200];
    snprintf(text, sizeof text, both ? "%.160s%s" : "%.80s%s", picture->title,
             strlen(picture->title) > (both ? 160 : 80) ? " ..." : "");
    limes_cli_words(&canvas);
    limes_cli_text(&canvas, 64, canvas.height - 18, "left", 11, text);
    limes_cli_end_words(&canvas);
  }
  if (picture->nngp != NULL)
    status = draw(session, &canvas, 64, picture, picture->nngp, "NNGP");
  if (status == LIMES_OK && picture->ntk != NULL)
    status = draw(session, &canvas, both ? 774 : 64, picture, picture->ntk, "NTK");
  return limes_cli_canvas_close(session, &canvas, status);
}
