/* The mean kernels of finite networks over draws, against those of the infinite one. */
#ifndef LIMES_TESTS_LIMITS_H
#define LIMES_TESTS_LIMITS_H

#include "network/networks.h"

/* Means over draws of an empirical kernel [n], and their standard errors */
typedef struct {
  size_t n, draws;
  double *mean, *square;
} sampled;

static inline sampled new_sampled(size_t n) { return (sampled){n, 0, numbers(n), numbers(n)}; }

static inline void add_sample(sampled *s, const double *values) {
  s->draws++;
  for (size_t i = 0; i < s->n; i++) {
    double before = values[i] - s->mean[i];
    s->mean[i] += before / (double)s->draws;
    s->square[i] += before * (values[i] - s->mean[i]);
  }
}

static inline double sampled_error(const sampled *s, size_t i) {
  return sqrt(s->square[i] / ((double)s->draws * (double)(s->draws - 1)));
}

static inline void free_sampled(sampled *s) {
  free(s->mean);
  free(s->square);
}

/* products [n, n] of rows [n, m], divided by `by` */
static inline void gram_of(size_t n, size_t m, const double *rows, double by, double *products) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      products[i * n + j] = dot(rows + i * m, rows + j * m, m) / by;
}

/* One draw of both kernels over the rows of the network's output, the NTK of output 0. */
static inline void empirical_kernels(limes_context *context, const limes_network *network, const limes_batch *batch, size_t rows,
                                     double *nngp, double *ntk) {
  size_t channels = limes_network_channels(network), n = limes_network_parameters(network);
  double *f = numbers(rows * channels), *adjoint = numbers(rows * channels), *jacobian = numbers(rows * n);
  assert_ok(context, limes_network_forward(context, network, batch, f));
  gram_of(rows, channels, f, (double)channels, nngp);
  for (size_t i = 0; i < rows; i++) {
    adjoint[i * channels] = 1;
    assert_ok(context, limes_network_vjp(context, network, batch, adjoint, jacobian + i * n, NULL));
    adjoint[i * channels] = 0;
  }
  gram_of(rows, n, jacobian, 1, ntk);
  free(f);
  free(adjoint);
  free(jacobian);
}

#endif
