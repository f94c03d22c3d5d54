/* A picture drawn by gnuplot, which reads a script from a pipe; the file appears when it is complete. */
#ifndef LIMES_CLI_GNUPLOT_H
#define LIMES_CLI_GNUPLOT_H

#include <sys/types.h>

#include "outputs.h"

typedef struct cli_canvas {
  FILE *pipe; /* the script goes here */
  pid_t child;
  cli_draft draft;
  int complaints; /* file of what gnuplot says */
  unsigned width, height;
} cli_canvas;

/* width x height in pixels of a screen; the picture has twice as many. */
limes_status limes_cli_canvas_open(cli_session *session, const char *path, unsigned width, unsigned height, cli_canvas *canvas);
/* Waits for gnuplot; the file is kept if status is LIMES_OK and all went well. Returns what went wrong first. */
limes_status limes_cli_canvas_close(cli_session *session, cli_canvas *canvas, limes_status status);

/* Starts a panel at pixels from the lower left corner of the picture, with plain axes and no title. */
void limes_cli_panel(cli_canvas *canvas, double left, double bottom, double right, double top);
/* A panel of words alone: limes_cli_text between the two. */
void limes_cli_words(cli_canvas *canvas);
void limes_cli_end_words(cli_canvas *canvas);
/* A text as gnuplot's string, quotes included. */
void limes_cli_quote(cli_canvas *canvas, const char *text);
/* A text at pixels; size in points, align left, center or right. */
void limes_cli_text(cli_canvas *canvas, double x, double y, const char *align, unsigned size, const char *text);
/* Numbers as they stand in memory, after a plot command that reads '-' binary. */
void limes_cli_send(cli_canvas *canvas, const void *data, size_t size, size_t count);

/* Red, green, blue of viridis at t from 0 to 1. */
void limes_cli_viridis(double t, unsigned char rgb[3]);

#endif
