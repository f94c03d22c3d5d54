/* Derivatives of attention, attention_pool, layer_norm, dropout, product and concat at finite width. */
#include "network/networks.h"

#define SIZES "heads=2, key_width=3, value_width=4"

static const sample samples[] = {
    /* zeta and scale */
    {"attention(" SIZES ", q_std=1.3, k_std=0.8, v_std=1.2, o_std=0.7, b_std=0.3)", SEQUENCES, false},
    {"attention(zeta=identity, " SIZES ")", SEQUENCES, false},
    {"attention(zeta=relu, " SIZES ")", SEQUENCES, true},
    {"attention(zeta=abs, " SIZES ")", SEQUENCES, true},
    {"attention(zeta=erf, " SIZES ")", SEQUENCES, false},
    {"attention(zeta=sparsemax, " SIZES ")", SEQUENCES, true},
    {"attention(zeta=entmax15, " SIZES ")", SEQUENCES, true},
    {"attention(zeta=topk(2), " SIZES ")", SEQUENCES, true},
    {"attention(prune=0.1, " SIZES ")", SEQUENCES, true},
    {"attention(scale=sqrt, zeta=identity, " SIZES ")", SEQUENCES, false},
    {"attention(scale=sqrt, zeta=relu, " SIZES ", b_std=0.4)", SEQUENCES, true},
    {"attention(scale=sqrt, zeta=abs, " SIZES ")", SEQUENCES, true},
    {"attention(scale=sqrt, zeta=erf, q_std=0.1, " SIZES ")", SEQUENCES, false},
    {"attention(qk_correlation=0.6, zeta=identity, " SIZES ")", SEQUENCES, false},
    {"attention(scale=sqrt, " SIZES ", b_std=0.4)", SEQUENCES, false},
    {"dense attention(scale=sqrt, zeta=sparsemax, position=sum, decay=exponential, " SIZES ") global_avg_pool", RAGGED, true},
    {"attention(scale=sqrt, zeta=entmax15, " SIZES ")", SEQUENCES, true},
    {"attention(scale=sqrt, zeta=topk(2), causal=yes, " SIZES ")", SEQUENCES, true},
    {"attention(qk_correlation=0.3, zeta=relu, " SIZES ")", SEQUENCES, true},
    {"attention(qk_correlation=0.8, zeta=abs, causal=yes, " SIZES ")", SEQUENCES, true},
    {"attention(qk_correlation=0.5, zeta=erf, position=sum, q_std=0.3, " SIZES ")", SEQUENCES, false},
    {"attention(q_std=0, " SIZES ") flatten dense", SEQUENCES, false},
    {"attention(center=yes, skip=0.7, " SIZES ")", SEQUENCES, false},
    {"attention(causal=yes, center=yes, " SIZES ")", SEQUENCES, false},
    {"attention(causal=yes, zeta=topk(2), " SIZES ")", SEQUENCES, true},
    /* positions */
    {"attention(position=sum, decay=exponential, decay_power=0.5, " SIZES ")", SEQUENCES, false},
    {"attention(position=sum, position_std=0.6, in_values=yes, decay=cauchy, " SIZES ")", IMAGES, false},
    {"attention(position=concat, position_share=0.3, decay=relative, " SIZES ")", IMAGES, false},
    {"attention(position=concat, position_width=16, input_width=48, in_values=yes, " SIZES ")", SEQUENCES, false},
    {"attention(position=concat, position_share=1, " SIZES ")", SEQUENCES, false},
    {"attention(position=only, decay=relative, decay_rate=2, " SIZES ")", RAGGED, false},
    {"attention(position=sum, position_std=0, " SIZES ")", SEQUENCES, false},
    {"dense attention(position=sum, scale=sqrt, zeta=identity, decay=exponential, " SIZES ") flatten dense", SEQUENCES, false},
    /* masks, ragged items, depth */
    {"dense(b_std=0.5) attention(" SIZES ", b_std=0.5) attention(causal=yes, " SIZES ") global_avg_pool dense", HOLES, false},
    {"dense attention(position=sum, decay=exponential, " SIZES ") global_avg_pool dense", RAGGED, false},
    {"dense attention(position=sum, in_values=yes, center=yes, " SIZES ", b_std=0.5) global_avg_pool", HOLES, false},
    /* attention_pool */
    {"dense attention_pool(" SIZES ", b_std=0.3) dense", SEQUENCES, false},
    {"attention_pool(zeta=sparsemax, " SIZES ")", SEQUENCES, true},
    {"attention_pool(query=learned, q_std=2, " SIZES ")", RAGGED, false},
    {"attention_pool(query=learned, scale=sqrt, q_std=0.5, " SIZES ")", HOLES, false},
    {"attention_pool(query=learned, scale=sqrt, zeta=identity, " SIZES ")", SEQUENCES, false},
    {"attention_pool(query=learned, scale=sqrt, zeta=relu, b_std=0.2, " SIZES ")", RAGGED, true},
    {"attention_pool(query=learned, scale=sqrt, zeta=abs, position=concat, " SIZES ")", HOLES, true},
    {"dense attention_pool(query=learned, scale=sqrt, zeta=erf, position=sum, q_std=0.3, " SIZES ")", SEGMENTS, false},
    {"dense attention_pool(zeta=identity, position=sum, decay=relative, " SIZES ")", HOLES, false},
    {"dense(b_std=0.5) attention_pool(" SIZES ") attention_pool(query=learned, " SIZES ")", SEGMENTS, false},
    {"attention_pool(position=concat, decay=exponential, " SIZES ") relu dense", SEGMENTS, true},
    /* the others */
    {"dense layer_norm dense", VECTORS, false},
    {"dense(b_std=0.2) layer_norm(eps=0.1) dense", RAGGED, false},
    {"dense(b_std=0.2) layer_norm(axes=all, eps=0.01) dense", HOLES, false},
    {"dense(b_std=0.2) layer_norm(axes=all) dense", SEQUENCES, false},
    {"dense(b_std=0.2) dropout(0.6) dense", RAGGED, false},
    {"dense(b_std=0.2) dropout(0.6, mode=test) dense", RAGGED, false},
    {"product(dense(b_std=0.2) | dense | dense) dense", SEQUENCES, false},
    {"concat(dense | dense(width=3, b_std=0.2), widths=16:48) dense", SEQUENCES, false},
    {"dense concat(dense | attention(" SIZES ") | identity) layer_norm(eps=1) dense", SEQUENCES, false},
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
