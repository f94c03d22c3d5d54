/* The law that ties both faces of a layer: the mean of the empirical kernels over many networks is the kernel of the limit,
 * within 4.5 standard errors and a bias of order 1/width. The same is asked of a kernel that is 5 % off, which must fail. */
#ifndef LIMES_TESTS_LIMITS_H
#define LIMES_TESTS_LIMITS_H

#include "network/networks.h"

typedef struct {
  const char *model;
  item_kind kind;
  size_t width;
  uint64_t draws;
  double bias; /* allowed: bias / width of the geometric mean of two variances; 0: sums over one hidden layer have none */
} limit_sample;

/* Mean and variance of [ITEMS, ITEMS] numbers over draws */
typedef struct {
  double mean[ITEMS * ITEMS], squares[ITEMS * ITEMS];
} moments;

static inline void add_draw(moments *m, uint64_t draw, const double *kernel) {
  for (size_t i = 0; i < ITEMS * ITEMS; i++) {
    double away = kernel[i] - m->mean[i];
    m->mean[i] += away / (double)(draw + 1);
    m->squares[i] += away * (kernel[i] - m->mean[i]);
  }
}

static inline void sample_kernels(limes_context *context, const limit_sample *s, const limes_model *model,
                                  const limes_batch *batch, moments *nngp, moments *ntk) {
  limes_network_settings settings = {.width = s->width, .seed = 11, .outputs = 1};
  double kernel[2][ITEMS * ITEMS];
  limes_kernel_output out = {.nngp = kernel[0], .ntk = kernel[1]};
  limes_network *network = network_of(context, model, batch, &settings);
  limes_set_threads(context, 1); /* products are small */
  for (uint64_t draw = 0; draw < s->draws; draw++) {
    limes_network_draw(network, draw);
    assert_ok(context, limes_empirical(context, network, batch, NULL, 0, LIMES_NTK_STRUCTURED, &out));
    add_draw(nngp, draw, kernel[0]);
    add_draw(ntk, draw, kernel[1]);
  }
  limes_network_destroy(network);
}

/* The largest distance from `factor` times the exact kernel, in units of what is allowed */
static inline double farthest(const limit_sample *s, const moments *m, const double *exact, double factor) {
  double worst = 0;
  for (size_t i = 0; i < ITEMS; i++)
    for (size_t j = 0; j < ITEMS; j++) {
      size_t k = i * ITEMS + j;
      double error = sqrt(m->squares[k] / (double)(s->draws * (s->draws - 1)));
      double size = sqrt(fabs(exact[i * ITEMS + i] * exact[j * ITEMS + j]));
      double allowed = 4.5 * error + s->bias / (double)s->width * size + 1e-12 * size;
      worst = fmax(worst, allowed > 0 ? fabs(m->mean[k] - factor * exact[k]) / allowed : 0);
    }
  return worst;
}

static inline void check_kernel(const limit_sample *s, const char *what, const moments *m, const double *exact) {
  double off = farthest(s, m, exact, 1), more = farthest(s, m, exact, 1.05), less = farthest(s, m, exact, 0.95);
  for (size_t k = 0; off > 1 && k < ITEMS * ITEMS; k++)
    print_error("entry %zu: sampled %.5g, exact %.5g\n", k, m->mean[k], exact[k]);
  print_message("%.60s: %s %.2f, 5 %% off %.2f\n", s->model, what, off, fmin(more, less));
  if (!(off <= 1))
    fail_msg("%s: the mean empirical %s is %.3g times further off than allowed", s->model, what, off);
  if (more <= 1 || less <= 1)
    fail_msg("%s: this test would not see an %s that is 5 %% off (%.2f, %.2f)", s->model, what, more, less);
}

static inline void check_limit(limes_context *context, const limit_sample *s) {
  double *x = random_numbers(7, positions_of_kind(s->kind) * FEATURES);
  limes_batch *batch = items_of(context, s->kind, x);
  limes_model *model = parsed(context, s->model);
  kernels exact = kernel_of(context, s->model, batch, NULL);
  moments nngp = {0}, ntk = {0};
  sample_kernels(context, s, model, batch, &nngp, &ntk);
  check_kernel(s, "NNGP", &nngp, exact.nngp);
  check_kernel(s, "NTK", &ntk, exact.ntk);
  free_kernels(&exact);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  free(x);
}

#endif
