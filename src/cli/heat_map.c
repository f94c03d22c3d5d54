/* A matrix as a heat map: ordered by class, shrunk to what a screen can show, with the classes' boundaries. */
#include <math.h>
#include <stdlib.h>

#include "picture.h"

#define FINEST 600      /* cells a side; larger matrices are averaged */
#define MOST_CLASSES 24 /* whose boundaries are drawn */

typedef struct cli_axis {
  size_t n, cells, classes; /* classes 0: not ordered */
  size_t *order;            /* [n] which item stands at a place */
  size_t *start;            /* [classes + 1] */
} cli_axis;

static void free_axis(cli_axis *axis) {
  free(axis->order);
  free(axis->start);
}

/* A counting sort by label keeps the order of the data within a class. */
static bool order_by_class(cli_axis *axis, const int64_t *labels) {
  int64_t most = 0;
  for (size_t i = 0; i < axis->n; i++)
    most = labels[i] > most ? labels[i] : most;
  axis->classes = (size_t)most + 1;
  axis->start = calloc(axis->classes + 1, sizeof *axis->start);
  if (axis->start == NULL)
    return false;
  size_t place = 0;
  for (size_t k = 0; k < axis->classes; k++) {
    axis->start[k] = place;
    for (size_t i = 0; i < axis->n; i++)
      if (labels[i] == (int64_t)k)
        axis->order[place++] = i;
  }
  axis->start[axis->classes] = place;
  return true;
}

static bool make_axis(size_t n, const int64_t *labels, cli_axis *axis) {
  *axis = (struct cli_axis){.n = n, .cells = n < FINEST ? n : FINEST};
  axis->order = calloc(n, sizeof *axis->order);
  if (axis->order == NULL)
    return false;
  for (size_t i = 0; i < n; i++)
    axis->order[i] = i;
  return labels == NULL || order_by_class(axis, labels);
}

/* Mean over the block of entries that a cell stands for. */
static float cell_value(const cli_heat_map *map, const cli_axis *rows, const cli_axis *columns, size_t r, size_t c) {
  size_t first_row = r * rows->n / rows->cells, last_row = (r + 1) * rows->n / rows->cells;
  size_t first_column = c * columns->n / columns->cells, last_column = (c + 1) * columns->n / columns->cells;
  double sum = 0;
  for (size_t i = first_row; i < last_row; i++)
    for (size_t j = first_column; j < last_column; j++)
      sum += map->data[rows->order[i] * map->columns + columns->order[j]];
  return (float)(sum / (double)((last_row - first_row) * (last_column - first_column)));
}

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* The colours span the middle 99 % of the entries, so that a bright diagonal does not leave the rest in the dark. */
static bool colour_range(const float *cells, size_t count, double range[2]) {
  float *sorted = malloc(count * sizeof *sorted);
  if (sorted == NULL)
    return false;
  size_t finite = 0;
  for (size_t i = 0; i < count; i++)
    if (isfinite(cells[i]))
      sorted[finite++] = cells[i];
  qsort(sorted, finite, sizeof *sorted, by_value);
  range[0] = finite == 0 ? 0 : sorted[(size_t)(0.005 * (double)(finite - 1))];
  range[1] = finite == 0 ? 1 : sorted[(size_t)(0.995 * (double)(finite - 1))];
  if (!(range[1] - range[0] > 1e-12 * fabs(range[1])))
    range[1] = range[0] + fmax(fabs(range[0]), 1) * 1e-6;
  free(sorted);
  return true;
}

static void print_classes(cli_canvas *canvas, const cli_axis *axis, char letter) {
  if (axis->classes == 0 || axis->classes > MOST_CLASSES)
    return;
  fprintf(canvas->pipe, "set %ctics scale 0 (", letter);
  for (size_t k = 0; k < axis->classes; k++)
    fprintf(canvas->pipe, "%s'%zu' %g", k == 0 ? "" : ", ", k, 0.5 * (double)(axis->start[k] + axis->start[k + 1]));
  fputs(")\n", canvas->pipe);
  for (size_t k = 1; k < axis->classes; k++)
    fprintf(canvas->pipe,
            letter == 'x' ? "set arrow from first %zu, graph 0 to first %zu, graph 1 nohead lw 0.5 lc rgb '#ffffff' front\n"
                          : "set arrow from graph 0, first %zu to graph 1, first %zu nohead lw 0.5 lc rgb '#ffffff' front\n",
            axis->start[k], axis->start[k]);
}

static void print_axes(cli_canvas *canvas, const cli_heat_map *map, const cli_axis *rows, const cli_axis *columns,
                       const double range[2]) {
  fprintf(canvas->pipe,
          "set border 0\nset xrange [0:%zu]\nset yrange [%zu:0]\nset cbrange [%.9g:%.9g]\nset xtics scale 0\nset ytics scale 0\n",
          columns->n, rows->n, range[0], range[1]);
  print_classes(canvas, columns, 'x');
  print_classes(canvas, rows, 'y');
  if (map->x != NULL) {
    fputs("set xlabel ", canvas->pipe);
    limes_cli_quote(canvas, map->x);
    fputs(" font ',11' offset 0,0.3\n", canvas->pipe);
  }
  if (map->y != NULL) {
    fputs("set ylabel ", canvas->pipe);
    limes_cli_quote(canvas, map->y);
    fputs(" font ',11' offset 1,0\n", canvas->pipe);
  }
}

/* The largest part of the place that has the matrix's proportions, the colour bar's room taken off. */
static cli_place fit_place(cli_place place, const cli_heat_map *map) {
  double width = place.right - place.left, height = place.top - place.bottom;
  double cell = fmin(width / (double)map->columns, height / (double)map->rows);
  if (map->rows != map->columns) {
    double longest = fmax((double)map->columns / (double)map->rows, (double)map->rows / (double)map->columns);
    if (longest > 4)
      return place;
  }
  place.right = place.left + cell * (double)map->columns;
  place.bottom = place.top - cell * (double)map->rows;
  return place;
}

static void draw(cli_canvas *canvas, cli_place place, const cli_heat_map *map, const cli_axis *rows, const cli_axis *columns,
                 const float *cells, const double range[2]) {
  cli_place inner = fit_place(place, map);
  limes_cli_panel(canvas, inner.left, inner.bottom, inner.right, inner.top);
  print_axes(canvas, map, rows, columns, range);
  fprintf(
      canvas->pipe,
      "set colorbox user origin screen %.6f,%.6f size screen %.6f,%.6f noborder\nset cbtics scale 0.5 font ',10' offset -0.6,0\n",
      (inner.right + 10) / canvas->width, inner.bottom / canvas->height, 12.0 / canvas->width,
      (inner.top - inner.bottom) / canvas->height);
  if (map->title != NULL)
    limes_cli_text(canvas, inner.left, inner.top + 14, "left", 13, map->title);
  double dx = (double)columns->n / (double)columns->cells, dy = (double)rows->n / (double)rows->cells;
  fprintf(canvas->pipe,
          "plot '-' binary array=(%zu,%zu) dx=%.9g dy=%.9g origin=(%.9g,%.9g) format='%%float32' using 1 with image\n",
          columns->cells, rows->cells, dx, dy, dx / 2, dy / 2);
  limes_cli_send(canvas, cells, sizeof *cells, rows->cells * columns->cells);
}

limes_status limes_cli_draw_heat_map(cli_session *session, cli_canvas *canvas, cli_place place, const cli_heat_map *map) {
  cli_axis rows = {0}, columns = {0};
  float *cells = NULL;
  double range[2] = {0, 1};
  bool made = make_axis(map->rows, map->row_labels, &rows) && make_axis(map->columns, map->column_labels, &columns);
  if (made)
    cells = calloc(rows.cells * columns.cells, sizeof *cells);
  for (size_t r = 0; cells != NULL && r < rows.cells; r++)
    for (size_t c = 0; c < columns.cells; c++)
      cells[r * columns.cells + c] = cell_value(map, &rows, &columns, r, c);
  limes_status status =
      cells != NULL && colour_range(cells, rows.cells * columns.cells, range) ? LIMES_OK : limes_cli_no_memory(session);
  if (status == LIMES_OK)
    draw(canvas, place, map, &rows, &columns, cells, range);
  free(cells);
  free_axis(&rows);
  free_axis(&columns);
  return status;
}
