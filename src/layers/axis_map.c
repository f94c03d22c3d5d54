#include "layers/axis_map.h"

#include <string.h>

#include "base/clones.h"

enum { AXES = 4 }; /* y's rows, y's columns, x's rows, x's columns: the last one innermost */

/* Which axes change, those that shrink first */
static int order_of(const limes_axis_map *const map[AXES], int order[AXES]) {
  int n = 0;
  for (int grows = 0; grows < 2; grows++)
    for (int k = 0; k < AXES; k++)
      if (map[k]->changes && (map[k]->out > map[k]->in) == (grows == 1))
        order[n++] = k;
  return n;
}

static size_t product(const size_t *size, int first, int last) {
  size_t n = 1;
  for (int k = first; k < last; k++)
    n *= size[k];
  return n;
}

LIMES_CLONES
static void add(size_t n, double w, const double *restrict in, double *restrict out) {
  for (size_t i = 0; i < n; i++)
    out[i] += w * in[i];
}

/* in [outer][map->in][inner] -> out [outer][map->out][inner] */
static void map_axis(const limes_axis_map *map, size_t outer, size_t inner, const double *in, double *out) {
  memset(out, 0, outer * map->out * inner * sizeof *out);
  for (size_t i = 0; i < outer; i++)
    for (uint32_t o = 0; o < map->out; o++) {
      const double *row = map->row + (size_t)o * (1 + map->most);
      size_t first = (size_t)row[0];
      for (uint32_t k = 0; k < map->most && first + k < map->in; k++)
        add(inner, row[1 + k], in + (i * map->in + first + k) * inner, out + (i * map->out + o) * inner);
    }
}

void limes_map_axes(const limes_axis_map x[2], const limes_axis_map y[2], const double *in, double *out, double *scratch) {
  const limes_axis_map *const map[AXES] = {&y[0], &y[1], &x[0], &x[1]};
  size_t size[AXES], before = 1, behind = 1;
  int order[AXES], n = order_of(map, order);
  for (int k = 0; k < AXES; k++) {
    size[k] = map[k]->in;
    before *= map[k]->in;
    behind *= map[k]->out;
  }
  double *half[2] = {scratch, scratch + (before > behind ? before : behind)};
  for (int step = 0; step < n; step++) {
    int k = order[step];
    double *to = step == n - 1 ? out : half[step % 2];
    map_axis(map[k], product(size, 0, k), product(size, k + 1, AXES), in, to);
    size[k] = map[k]->out;
    in = to;
  }
  if (n == 0)
    memcpy(out, in, behind * sizeof *out);
}

double limes_map_flops(const limes_axis_map x[2], const limes_axis_map y[2]) {
  const limes_axis_map *const map[AXES] = {&y[0], &y[1], &x[0], &x[1]};
  size_t size[AXES];
  int order[AXES], n = order_of(map, order);
  double flops = 0;
  for (int k = 0; k < AXES; k++)
    size[k] = map[k]->in;
  for (int step = 0; step < n; step++) {
    size[order[step]] = map[order[step]]->out;
    flops += 2 * (double)map[order[step]]->most * (double)product(size, 0, AXES);
  }
  return flops;
}
