/* Every word: wide networks meet their limit. */
#include "network/limits.h"

static const limit_sample samples[] = {
    {"dense relu dense(b_std=0.3)", VECTORS, 64, 1000, 0},
    {"dense(w_std=1.3, b_std=0.4) leaky_relu(0.2) dense", VECTORS, 64, 1000, 0},
    {"dense abrelu(-0.5, 1.5) dense", VECTORS, 64, 1000, 0},
    {"dense abs dense", VECTORS, 64, 1000, 0},
    {"dense erf(1.2, 0.8, 0.1) dense", VECTORS, 64, 1000, 0},
    {"dense sigmoid_like dense", VECTORS, 64, 1000, 0},
    {"dense gelu dense", VECTORS, 64, 1000, 0},
    {"dense sin(1, 0.9, 0.3) dense", VECTORS, 64, 1000, 0},
    {"dense cos(1, 0.9, 0.3) dense", VECTORS, 64, 1000, 0},
    {"dense rbf(0.4) dense", VECTORS, 64, 1000, 0},
    {"dense gaussian(1, -0.5) dense", VECTORS, 64, 1000, 0},
    {"dense gabor(1.2, -0.4, 0.8) dense", VECTORS, 64, 1000, 0},
    {"dense residual(relu dense, survive=0.7) dense", VECTORS, 64, 1000, 0},
    {"dense(w_std=0.6) exp(1, 0.5) dense", VECTORS, 64, 1000, 0},
    {"dense monomial(2) dense", VECTORS, 64, 2500, 0},
    {"dense rectified_monomial(2) dense", VECTORS, 64, 4000, 0},
    {"dense polynomial(0.3, 0.8, 0.1) dense", VECTORS, 64, 1000, 0},
    {"dense layer_norm hermite(2) dense", VECTORS, 512, 1000, 4},
    {"dense sign dense", VECTORS, 64, 1000, 0},
    {"dense step dense", VECTORS, 64, 1000, 0},
    {"dense tanh dense", VECTORS, 64, 1000, 0},
    {"dense sigmoid dense", VECTORS, 64, 1000, 0},
    {"dense softplus dense", VECTORS, 64, 1000, 0},
    {"dense swish dense", VECTORS, 64, 1000, 0},
    {"dense mish dense", VECTORS, 64, 1000, 0},
    {"dense elu dense", VECTORS, 64, 1000, 0},
    {"dense relu dense(b_std=0.5) relu dense", VECTORS, 96, 2200, 1},
    {"conv(3, w_std=1.4, b_std=0.2) erf conv(3, stride=2) erf flatten dense(b_std=0.2)", SEQUENCES, 48, 600, 1},
    {"conv(3, padding=circular) erf conv(2, padding=valid, b_std=0.3) global_avg_pool", SEQUENCES, 48, 600, 1},
    {"conv(3) erf conv_transpose(3, stride=2, b_std=0.2) global_avg_pool", SEQUENCES, 48, 600, 1},
    {"local_conv(3, b_std=0.3) erf local_conv(3) erf flatten dense", SEQUENCES, 48, 1000, 1},
    {"local_conv(2, b_std=0.3) erf global_avg_pool dense", RAGGED, 48, 600, 0},
    {"conv(3, b_std=0.2) erf avg_pool(2, padding=same) sum_pool(2, padding=same) global_sum_pool dense", IMAGES, 48, 1000, 0},
    {"conv(3, b_std=0.5) erf conv(3, b_std=0.3) erf global_avg_pool dense", HOLES, 48, 1500, 1},
    {"dense erf dense resize(3) erf slice(1:) flatten dense", SEQUENCES, 48, 1500, 1},
    {"dense erf aggregate dense(b_std=0.3) global_avg_pool", GRAPHS, 48, 1000, 0},
    {"dense residual(erf dense(b_std=0.3), alpha=0.4) erf dense", VECTORS, 64, 1000, 1},
    {"dense sum(erf dense | gelu dense(w_std=0.5)) erf dense", VECTORS, 96, 1500, 1},
    {"sum(dense erf dense(b_std=0.3) | dense(w_std=0.7))", VECTORS, 64, 1000, 0},
};

static void wide_networks_meet_their_limit(void **state) {
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
    check_limit(*state, &samples[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(wide_networks_meet_their_limit)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
