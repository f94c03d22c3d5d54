/* The pictures: kernels, answers of classification and regression. */
#ifndef LIMES_CLI_PICTURE_H
#define LIMES_CLI_PICTURE_H

#include "answer.h"
#include "gnuplot.h"

typedef struct cli_kernel_picture {
  size_t rows, columns;
  const double *nngp, *ntk;                  /* [rows,columns]; one may be NULL */
  const int64_t *row_labels, *column_labels; /* NULL: in the order of the data */
  const char *title;                         /* NULL: none */
} cli_kernel_picture;
limes_status limes_cli_plot_kernels(cli_session *session, const char *path, const cli_kernel_picture *picture);

typedef struct cli_answer_picture {
  const cli_answer *answer;
  const cli_inputs *inputs; /* model and training data; NULL, or without them, where they are not known */
  limes_batch *test;        /* NULL: not known */
  const double *kernel;     /* [kernel_items,kernel_items] of the training data; NULL: not known */
  size_t kernel_items;
} cli_answer_picture;
limes_status limes_cli_plot_classes(cli_session *session, const char *path, const cli_answer_picture *picture);
limes_status limes_cli_plot_regression(cli_session *session, const char *path, const cli_answer_picture *picture);

/* The line of text at the top. */
void limes_cli_draw_head(cli_canvas *canvas, const cli_answer_picture *picture);

/* panels: a place in pixels of the picture */
typedef struct cli_place {
  double left, bottom, right, top;
} cli_place;

typedef struct cli_heat_map {
  size_t rows, columns;
  const double *data; /* [rows,columns] */
  const int64_t *row_labels, *column_labels;
  const char *title, *x, *y;
} cli_heat_map;
/* The matrix ordered by class with the classes' boundaries, and a colour bar at its right. */
limes_status limes_cli_draw_heat_map(cli_session *session, cli_canvas *canvas, cli_place place, const cli_heat_map *map);

/* Whether items of the batch are images with 1 or 3 features. */
bool limes_cli_has_images(const limes_batch *batch);
/* One item as an image with a title above; mark >= 0 frames that position. */
void limes_cli_draw_image(cli_canvas *canvas, cli_place place, const limes_batch *batch, size_t item, const char *title,
                          ptrdiff_t mark);

void limes_cli_draw_reliability(cli_canvas *canvas, cli_place place, const cli_answer *answer);
void limes_cli_draw_confusion(cli_canvas *canvas, cli_place place, const cli_answer *answer);
/* The items that were wrong, the surest first; where none was, the least sure. */
limes_status limes_cli_draw_mistakes(cli_session *session, cli_canvas *canvas, cli_place place, const cli_answer *answer,
                                     const limes_batch *test);

/* The attention matrix of an image at the model's first attention layer; *z NULL where the model has none. */
typedef struct cli_attention {
  double *z; /* [positions,positions] */
  size_t item, positions, height, width;
} cli_attention;
limes_status limes_cli_read_attention(cli_session *session, const cli_answer_picture *picture, cli_attention *attention);
limes_status limes_cli_draw_attention(cli_session *session, cli_canvas *canvas, cli_place place, const limes_batch *test,
                                      const cli_attention *attention);

#endif
