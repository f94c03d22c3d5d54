/* Derivatives of finite networks, word by word: forward ones against central differences of tenth order, backward ones against
 * forward ones.
 *
 * Differences in theta and in the input together, along a random direction. Smooth networks meet them to 1e-11; those with kinks
 * where no activation crosses one, so their step is tiny and the bound 1e-7. */
#include "network/networks.h"

typedef struct {
  const char *model;
  unsigned axes;
  bool kinks;
} sample;

static const sample samples[] = {
    {"dense(b_std=0.3)", 0, false},
    {"dense(w_std=0) dense(b_std=0.3)", 0, false},
    {"dense(b_std=0.3) relu dense", 1, true},
    {"dense leaky_relu(0.2) dense abrelu(-0.5, 1.5) dense abs flatten dense", 1, true},
};

enum { ITEMS = 3, POSITIONS = 5, FEATURES = 6, ORDER = 5 };

/* theta + t u and x + t v: the network's output */
static void outputs_at(limes_context *context, const limes_model *model, const limes_network_settings *settings,
                       const limes_batch *batch, const double *theta, const double *u, const double *v, double t, double *f) {
  size_t size[2] = {1, 1}, T = limes_batch_positions(batch, 0, size), numbers_x = ITEMS * T * FEATURES;
  double *x = numbers(numbers_x);
  for (size_t i = 0; i < numbers_x; i++)
    x[i] = limes_batch_item(batch, 0)[i] + t * v[i];
  limes_batch *moved = batch_of(context, x, limes_batch_axes(batch), ITEMS, size[0], size[1], FEATURES, NULL);
  limes_network *network = network_of(context, model, moved, settings);
  size_t n = limes_network_parameters(network);
  double *shifted = numbers(n);
  for (size_t i = 0; i < n; i++)
    shifted[i] = theta[i] + t * u[i];
  limes_network_set(network, shifted);
  assert_ok(context, limes_network_forward(context, network, moved, f));
  limes_network_destroy(network);
  limes_batch_destroy(moved);
  free(shifted);
  free(x);
}

static void check_sample(limes_context *context, const sample *s, limes_parameterization parameterization) {
  static const double weight[ORDER] = {5.0 / 6, -5.0 / 21, 5.0 / 84, -5.0 / 504, 1.0 / 1260};
  limes_network_settings settings = {.width = 6, .seed = 3, .parameterization = parameterization};
  limes_model *model = parsed(context, s->model);
  limes_batch *batch = random_items(context, s->axes, ITEMS, POSITIONS, FEATURES);
  limes_network *network = network_of(context, model, batch, &settings);
  size_t n = limes_network_parameters(network), x = ITEMS * limes_batch_positions(batch, 0, NULL) * FEATURES;
  size_t m = rows_of(context, network, batch) * limes_network_channels(network);
  double *u = random_numbers(1, n), *v = random_numbers(2, x), *w = random_numbers(3, m);
  double *f = numbers(m), *moved = numbers(m), *tangent = numbers(m), *difference = numbers(m);
  double *theta = numbers(n), *theta_adjoint = numbers(n), *input_adjoint = numbers(x);
  memcpy(theta, limes_network_get(network), n * sizeof *theta);

  assert_ok(context, limes_network_jvp(context, network, batch, u, v, f, tangent));
  double step = s->kinks ? 1e-6 : 5e-3;
  for (int k = 1; k <= ORDER; k++)
    for (int sign = -1; sign <= 1; sign += 2) {
      outputs_at(context, model, &settings, batch, theta, u, v, sign * k * step, moved);
      for (size_t i = 0; i < m; i++)
        difference[i] += sign * weight[k - 1] * moved[i] / step;
    }
  assert_near(tangent, difference, m, s->kinks ? 1e-7 : 1e-11, s->model);

  assert_ok(context, limes_network_vjp(context, network, batch, w, theta_adjoint, input_adjoint));
  double forward = dot(tangent, w, m), backward = dot(theta_adjoint, u, n) + dot(input_adjoint, v, x);
  double size = sqrt(dot(tangent, tangent, m) * dot(w, w, m));
  if (fabs(forward - backward) > 1e-12 * size)
    fail_msg("%s: <J v, w> = %.17g, <v, J' w> = %.17g", s->model, forward, backward);

  void *all[] = {u, v, w, f, moved, tangent, difference, theta, theta_adjoint, input_adjoint};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free(all[i]);
  limes_network_destroy(network);
  limes_batch_destroy(batch);
  limes_model_destroy(model);
}

static void derivatives_agree_with_differences_and_with_their_adjoints(void **state) {
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    check_sample(*state, &samples[i], LIMES_NTK_PARAMETERIZATION);
    check_sample(*state, &samples[i], LIMES_STANDARD_PARAMETERIZATION);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(derivatives_agree_with_differences_and_with_their_adjoints)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
