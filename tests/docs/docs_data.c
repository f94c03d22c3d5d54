/* The small files that the manual speaks of, written into the current folder:
 *     x.npy           60 items of 5 features
 *     cases.npz       x1 (40 sequences of up to 12 positions, 4 features, with lengths and classes) and x2 (10 of them)
 *     graphs.npz      x1 (12 graphs of 8 nodes with 3 features, x1_pattern their edges)
 *     table.csv       80 rows: size, age, distance, price
 *     new.csv         5 rows without a price
 *     pairs.npz       k11, k22, k12 of 6 pairs, for `limes dual`
 *     kernels.npz     nngp_dd, nngp_td, nngp_tt of 30 training and 10 test points, for `limes predict`
 *     labels.npy      a target for each of the 30 points
 *     curve.csv       201 numbers from -3 to 3
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "limes/io.h"

static void must(const limes_context *context, limes_status status) {
  if (status == LIMES_OK)
    return;
  fprintf(stderr, "%s\n", limes_error(context));
  exit(EXIT_FAILURE);
}

/* Uniform in [-1,1), the same numbers everywhere */
static double number(void) {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 11) * 0x1p-52 - 1;
}

static void fill(size_t n, double *x) {
  for (size_t i = 0; i < n; i++)
    x[i] = number();
}

static void write_items(limes_context *context) {
  static double x[60 * 5];
  fill(60 * 5, x);
  must(context, limes_file_write(context, "x.npy", &(limes_named_array){.name = "x", .rank = 2, .size = {60, 5}, .data = x}, 1));
}

/* Sequences of class 0 lean to one side in their first feature, those of class 1 to the other. */
static void write_sequences(limes_context *context) {
  enum { N = 50, FIRST = 40, T = 12, C = 4 };
  static double x[N * T * C];
  int64_t lengths[N], classes[N];
  fill(N * T * C, x);
  for (int i = 0; i < N; i++) {
    lengths[i] = 4 + i % (T - 3);
    classes[i] = i % 2;
    for (int a = 0; a < T; a++)
      x[(i * T + a) * C] += classes[i] == 0 ? -0.5 : 0.5;
  }
  const limes_named_array arrays[] = {
      {.name = "x1", .rank = 3, .size = {FIRST, T, C}, .data = x},
      {.name = "x1_lengths", .rank = 1, .size = {FIRST}, .integers = lengths},
      {.name = "x1_y", .rank = 1, .size = {FIRST}, .integers = classes},
      {.name = "x2", .rank = 3, .size = {N - FIRST, T, C}, .data = x + FIRST * T * C},
      {.name = "x2_lengths", .rank = 1, .size = {N - FIRST}, .integers = lengths + FIRST},
      {.name = "x2_y", .rank = 1, .size = {N - FIRST}, .integers = classes + FIRST},
  };
  must(context, limes_file_write(context, "cases.npz", arrays, sizeof arrays / sizeof *arrays));
}

/* A ring around the nodes of each graph, both ways, and a chord from node 0. */
static void write_graphs(limes_context *context) {
  enum { N = 12, T = 8, C = 3 };
  static double x[N * T * C], edges[N * T * T];
  fill(N * T * C, x);
  for (int i = 0; i < N; i++)
    for (int a = 0; a < T; a++) {
      edges[(i * T + a) * T + (a + 1) % T] = edges[(i * T + (a + 1) % T) * T + a] = 1;
      edges[i * T * T + 2 + i % (T - 3)] = 1;
    }
  const limes_named_array arrays[] = {
      {.name = "x1", .rank = 3, .size = {N, T, C}, .data = x},
      {.name = "x1_pattern", .rank = 3, .size = {N, T, T}, .data = edges},
  };
  must(context, limes_file_write(context, "graphs.npz", arrays, sizeof arrays / sizeof *arrays));
}

static void write_table(const char *path, int rows, int with_price) {
  FILE *file = fopen(path, "w");
  if (file == NULL)
    exit(EXIT_FAILURE);
  fprintf(file, "size,age,distance%s\n", with_price ? ",price" : "");
  for (int i = 0; i < rows; i++) {
    double size = 1 + 0.5 * number(), age = number(), distance = number();
    fprintf(file, "%.4f,%.4f,%.4f", size, age, distance);
    if (with_price)
      fprintf(file, ",%.4f", 3 * size - age * age + sin(2 * distance) + 0.05 * number());
    fputc('\n', file);
  }
  if (fclose(file) != 0)
    exit(EXIT_FAILURE);
}

static void write_pairs(limes_context *context) {
  double k11[] = {1, 1, 2, 0.5, 3, 1}, k22[] = {1, 2, 2, 0.5, 0.1, 1}, k12[] = {0.5, -1, 2, 0, 0.2, -1};
  const limes_named_array arrays[] = {
      {.name = "k12", .rank = 1, .size = {6}, .data = k12},
      {.name = "k11", .rank = 1, .size = {6}, .data = k11},
      {.name = "k22", .rank = 1, .size = {6}, .data = k22},
  };
  must(context, limes_file_write(context, "pairs.npz", arrays, 3));
}

/* A squared-exponential kernel of points on a line: kernels may come from anywhere */
static void write_kernels(limes_context *context) {
  enum { N = 30, M = 10 };
  static double at[N + M], dd[N * N], td[M * N], tt[M * M], y[N];
  for (int i = 0; i < N + M; i++)
    at[i] = 3 * number();
  for (int i = 0; i < N + M; i++)
    for (int j = 0; j < N + M; j++) {
      double k = exp(-0.5 * (at[i] - at[j]) * (at[i] - at[j]));
      if (i < N && j < N)
        dd[i * N + j] = k;
      else if (i >= N && j < N)
        td[(i - N) * N + j] = k;
      else if (i >= N && j >= N)
        tt[(i - N) * M + j - N] = k;
    }
  for (int i = 0; i < N; i++)
    y[i] = sin(at[i]) + 0.05 * number();
  const limes_named_array arrays[] = {
      {.name = "nngp_dd", .rank = 2, .size = {N, N}, .data = dd},
      {.name = "nngp_td", .rank = 2, .size = {M, N}, .data = td},
      {.name = "nngp_tt", .rank = 2, .size = {M, M}, .data = tt},
  };
  must(context, limes_file_write(context, "kernels.npz", arrays, 3));
  must(context,
       limes_file_write(context, "labels.npy", &(limes_named_array){.name = "y", .rank = 2, .size = {N, 1}, .data = y}, 1));
}

static void write_curve(void) {
  FILE *file = fopen("curve.csv", "w");
  for (int i = 0; file != NULL && i <= 200; i++)
    fprintf(file, "%g\n", -3 + 0.03 * i);
  if (file == NULL || fclose(file) != 0)
    exit(EXIT_FAILURE);
}

int main(void) {
  limes_context *context = NULL;
  if (limes_context_create(&context) != LIMES_OK)
    return EXIT_FAILURE;
  write_items(context);
  write_sequences(context);
  write_graphs(context);
  write_table("table.csv", 80, 1);
  write_table("new.csv", 5, 0);
  write_pairs(context);
  write_kernels(context);
  write_curve();
  limes_context_destroy(context);
  return EXIT_SUCCESS;
}
