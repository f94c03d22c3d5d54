/* Derivatives of a finite network against differences, and its backward derivative against its forward one. */
#ifndef LIMES_TESTS_DERIVATIVES_H
#define LIMES_TESTS_DERIVATIVES_H

#include "network/networks.h"

#define DIFFERENCE_TERMS 5 /* central differences of tenth order */

/* A direction in the features of a batch, 0 at hidden positions; *n of them */
static inline double *random_input_direction(const limes_batch *batch, uint64_t seed, size_t *n) {
  size_t C = limes_batch_features(batch), row = 0;
  *n = 0;
  for (size_t i = 0; i < limes_batch_items(batch); i++)
    *n += limes_batch_positions(batch, i, NULL) * C;
  double *v = random_numbers(seed, *n);
  for (size_t i = 0; i < limes_batch_items(batch); row += limes_batch_positions(batch, i++, NULL))
    for (size_t a = 0; limes_batch_hidden(batch, i) != NULL && a < limes_batch_positions(batch, i, NULL); a++)
      if (limes_batch_hidden(batch, i)[a])
        memset(v + (row + a) * C, 0, C * sizeof *v);
  return v;
}

/* f of the network at theta + t u and x + t v. The features of the batch are moved in place, and back. */
static inline void outputs_along(limes_context *context, limes_network *network, const limes_batch *batch, const double *theta,
                                 const double *u, size_t n, const double *v, size_t n_x, double t, double *f) {
  double *x = (double *)(uintptr_t)limes_batch_item(batch, 0), *before = numbers(n_x), *moved = numbers(n);
  memcpy(before, x, n_x * sizeof *x);
  for (size_t i = 0; i < n_x; i++)
    x[i] += t * v[i];
  for (size_t i = 0; i < n; i++)
    moved[i] = theta[i] + t * u[i];
  limes_network_set(network, moved);
  assert_ok(context, limes_network_forward(context, network, batch, f));
  limes_network_set(network, theta);
  memcpy(x, before, n_x * sizeof *x);
  free(before);
  free(moved);
}

/* Smooth networks meet differences of a large step to 1e-11; those with kinks, where none is crossed, those of a tiny one to
 * 1e-7. */
static inline void check_derivatives(limes_context *context, const char *text, const limes_batch *batch,
                                     const limes_network_settings *settings, bool kinks) {
  static const double weight[DIFFERENCE_TERMS] = {5.0 / 6, -5.0 / 21, 5.0 / 84, -5.0 / 504, 1.0 / 1260};
  limes_model *model = parsed(context, text);
  limes_network *network = network_of(context, model, batch, settings);
  size_t n = limes_network_parameters(network), n_x, m = rows_of(context, network, batch) * limes_network_channels(network);
  double *u = random_numbers(1, n), *v = random_input_direction(batch, 2, &n_x), *w = random_numbers(3, m);
  double *theta = numbers(n), *f = numbers(m), *moved = numbers(m), *tangent = numbers(m), *difference = numbers(m);
  double *theta_adjoint = numbers(n), *input_adjoint = numbers(n_x), step = kinks ? 1e-6 : 2e-3;
  memcpy(theta, limes_network_get(network), n * sizeof *theta);
  assert_ok(context, limes_network_jvp(context, network, batch, u, v, f, tangent));
  for (int k = 1; k <= DIFFERENCE_TERMS; k++)
    for (int sign = -1; sign <= 1; sign += 2) {
      outputs_along(context, network, batch, theta, u, n, v, n_x, sign * k * step, moved);
      for (size_t i = 0; i < m; i++)
        difference[i] += sign * weight[k - 1] * moved[i] / step;
    }
  assert_near(tangent, difference, m, kinks ? 1e-7 : 1e-11, text);
  assert_ok(context, limes_network_vjp(context, network, batch, w, theta_adjoint, input_adjoint));
  double forward = dot(tangent, w, m), backward = dot(theta_adjoint, u, n) + dot(input_adjoint, v, n_x);
  if (fabs(forward - backward) > 1e-12 * sqrt(dot(tangent, tangent, m) * dot(w, w, m)))
    fail_msg("%s: <J v, w> = %.17g, <v, J' w> = %.17g", text, forward, backward);
  void *all[] = {u, v, w, theta, f, moved, tangent, difference, theta_adjoint, input_adjoint};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free(all[i]);
  limes_network_destroy(network);
  limes_model_destroy(model);
}

#endif
