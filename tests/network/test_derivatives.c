/* Derivatives of finite networks, word by word: forward ones against central differences of tenth order, backward ones against
 * forward ones.
 *
 * Differences go in theta and in the input together, along a random direction. Smooth networks meet them to 1e-11; those with
 * kinks where no activation crosses one, so their step is tiny and the bound 1e-7. */
#include "network/networks.h"

static const sample samples[] = {
    {"dense(b_std=0.3)", VECTORS, SMOOTH},
    {"dense(w_std=0, b_std=1) dense(b_std=0.3) erf dense", SEQUENCES, IDLE},
    {"dense(b_std=0.3) relu dense(w_std=0, b_std=0.5)", SEQUENCES, KINKS | IDLE},
    {"dense leaky_relu(0.2) dense abrelu(-0.5, 1.5) dense abs flatten dense", SEQUENCES, KINKS},
    {"conv(3, b_std=0.3) erf conv(2, stride=2) global_avg_pool dense", SEQUENCES, SMOOTH},
    {"conv(3x2, stride=2x1, b_std=0.3) sin(1, 0.7, 0.2) conv(2, padding=valid) gelu flatten dense", IMAGES, SMOOTH},
    {"conv(7, padding=circular, b_std=0.3) tanh conv(2, stride=3, padding=circular)", SEQUENCES, SMOOTH},
    {"conv(3, w_std=0, b_std=1) dense", SEQUENCES, IDLE},
    {"conv(3, b_std=0.2) tanh conv(3) global_sum_pool", RAGGED, SMOOTH},
    {"conv(3, b_std=0.2) cos conv(3) global_avg_pool dense", HOLES, SMOOTH},
    {"local_conv(3, b_std=0.3) erf local_conv(2, stride=2, b_std=0.4) flatten dense", SEQUENCES, SMOOTH},
    {"local_conv(3x2, b_std=0.3) erf local_conv(2, padding=valid) global_avg_pool", IMAGES, SMOOTH},
    {"local_conv(2, b_std=0.3) erf local_conv(2, padding=circular) global_avg_pool dense", RAGGED, SMOOTH},
    {"local_conv(2, w_std=0, b_std=0.3) erf dense", SEQUENCES, IDLE},
    {"conv_transpose(3, stride=2, b_std=0.1) sigmoid conv_transpose(2, padding=circular) flatten", SEQUENCES, SMOOTH},
    {"conv_transpose(2x3, stride=1x2) mish conv_transpose(3, stride=2, padding=circular) dense", IMAGES, SMOOTH},
    {"dense avg_pool(2) dense avg_pool(2, padding=same, normalize_edges=yes) dense", SEQUENCES, SMOOTH},
    {"dense avg_pool(2x3, stride=1, padding=same) dense sum_pool(2, padding=circular)", IMAGES, SMOOTH},
    {"dense softplus dense global_sum_pool", HOLES, SMOOTH},
    {"dense swish dense resize(3x5) dense resize(7x2, method=nearest)", IMAGES, SMOOTH},
    {"dense resize(8) dense resize(2) dense", RAGGED, SMOOTH},
    {"slice(1:3, :) dense sigmoid_like dense slice(0:2, 1:) flatten", IMAGES, SMOOTH},
    {"dense(b_std=0.4) rbf(0.3) dense slice(1:)", RAGGED, SMOOTH},
    {"dense aggregate softplus dense(b_std=1) aggregate global_avg_pool", GRAPHS, SMOOTH},
    {"dense gaussian(1, -0.3) dense exp(1, 0.2) dense", VECTORS, SMOOTH},
    {"dense gabor(1.2, -0.4, 0.8) dense residual(sin dense, survive=0.7, alpha=0.3) dense", VECTORS, SMOOTH},
    {"conv(3) residual(conv(2) tanh dense, survive=0.6) global_avg_pool dense", RAGGED, SMOOTH},
    {"dense layer_norm(eps=1e-9) hermite(3) dense layer_norm hermite(1) dense layer_norm hermite(0) dense", VECTORS, IDLE},
    {"dense monomial(2) dense polynomial(0.1, 0.5, -0.3, 0.02) dense monomial(0) dense monomial(1)", VECTORS, IDLE},
    {"dense rectified_monomial(1) dense rectified_monomial(2) dense", VECTORS, KINKS},
    {"dense rectified_monomial(0) dense sign dense step dense", VECTORS, KINKS | IDLE},
    {"dense elu dense", VECTORS, KINKS},
    {"dense sum(erf dense | dense gelu dense | identity) dense", SEQUENCES, SMOOTH},
    {"repeat(2, residual(dense tanh dense)) dense", VECTORS, SMOOTH},
    {"dense residual(erf dense, alpha=0.3) residual(conv(3) sin dense, alpha=1) residual(dense, alpha=0)", SEQUENCES, IDLE},
    {"identity", VECTORS, SMOOTH},
    {"residual(identity) global_avg_pool", HOLES, SMOOTH},
};

static void derivatives_agree_with_differences_and_with_their_adjoints(void **state) {
  limes_network_settings settings = {.width = 6, .seed = 3};
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    settings.parameterization = LIMES_NTK_PARAMETERIZATION;
    check_derivatives(*state, &samples[i], &settings, 1e-11);
    settings.parameterization = LIMES_STANDARD_PARAMETERIZATION;
    check_derivatives(*state, &samples[i], &settings, 1e-11);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(derivatives_agree_with_differences_and_with_their_adjoints)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
