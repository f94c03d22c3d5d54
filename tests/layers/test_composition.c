/* Layers that are made of others equal what they are made of, and layer_norm normalizes. */
#include "kernel/laws.h"

/* Two models that are one, on sequences or on items without positions */
typedef struct {
  const char *model, *same_as;
  bool positions;
} equal_models;

static const equal_models equals[] = {
    {"repeat(3, dense(w_std=1.3, b_std=0.2) relu) dense",
     "dense(w_std=1.3, b_std=0.2) relu dense(w_std=1.3, b_std=0.2) relu dense(w_std=1.3, b_std=0.2) relu dense", false},
    {"dense repeat(2, residual(relu dense)) dense", "dense residual(relu dense) residual(relu dense) dense", false},
    {"repeat(2, repeat(2, dense relu)) dense", "repeat(4, dense relu) dense", false},
    {"repeat(1, dense erf) dense", "dense erf dense", false},
    {"dense residual(relu dense(b_std=0.3)) relu dense", "dense sum(relu dense(b_std=0.3) | identity) relu dense", false},
    {"dense residual(relu dense, alpha=0) relu dense", "dense sum(relu dense) relu dense", false},
    {"dense residual(relu dense, alpha=1) relu dense", "dense relu dense", false},
    {"dense sum(relu dense) dense", "dense relu dense dense", false},
    {"dense identity relu identity dense identity", "dense relu dense", false},
    {"conv(3) residual(relu conv(3)) relu global_avg_pool dense",
     "conv(3) sum(relu conv(3) | identity) relu global_avg_pool dense", true},
    {"conv(3) repeat(2, residual(layer_norm attention(position=sum))) global_avg_pool",
     "conv(3) residual(layer_norm attention(position=sum)) residual(layer_norm attention(position=sum)) global_avg_pool", true},
    {"conv(3) product(relu) flatten dense", "conv(3) relu flatten dense", true},
    {"conv(3) concat(relu) flatten dense", "conv(3) relu flatten dense", true},
    {"conv(3) slice(:) relu resize(5) dropout(1) flatten dense", "conv(3) relu flatten dense", true},
    {"conv(3) relu slice(1:4) resize(3) flatten dense", "conv(3) relu slice(1:) slice(:3) flatten dense", true},
    {"conv_transpose(3, w_std=1.2) relu flatten dense", "conv(3, w_std=1.2) relu flatten dense", true},
    {"conv_transpose(3, padding=circular) relu flatten dense", "conv(3, padding=circular) relu flatten dense", true},
    {"local_conv(3, b_std=0.2) relu local_conv(2) flatten dense", "conv(3, b_std=0.2) relu conv(2) flatten dense", true},
    {"conv(3) relu sum_pool(5) flatten dense", "conv(3) relu global_sum_pool dense", true},
    {"conv(3) relu sum_pool(2, stride=1) flatten dense(w_std=0.5)", "conv(3) relu avg_pool(2, stride=1) flatten dense", true},
    {"conv(1, w_std=1.2, b_std=0.1) relu flatten dense", "dense(w_std=1.2, b_std=0.1) relu flatten dense", true},
    {"conv(3) avg_pool(1) relu flatten dense", "conv(3) relu flatten dense", true},
    {"conv(3) attention(position=sum, position_std=0) relu flatten dense", "conv(3) attention relu flatten dense", true},
    {"conv(3) leaky_relu(0) flatten dense", "conv(3) relu flatten dense", true},
    {"conv(3) abrelu(-1, 1) flatten dense", "conv(3) abs flatten dense", true},
    {"conv(3) attention(position=concat, position_width=16, input_width=48) flatten dense",
     "conv(3) attention(position=concat, position_share=0.25) flatten dense", true},
};

/* Equal programs give equal bits; those that only mean the same, 1e-13. */
static void compositions_equal_what_they_are_made_of(void **state) {
  limes_context *context = *state;
  limes_batch *vectors = random_vectors(context, 3, 6, 4), *sequences = random_sequences(context, 4, 6, 5, 3);
  for (size_t i = 0; i < sizeof equals / sizeof *equals; i++) {
    const limes_batch *x = equals[i].positions ? sequences : vectors;
    kernels a = kernel_of(context, equals[i].model, x, NULL), b = kernel_of(context, equals[i].same_as, x, NULL);
    assert_kernels_near(&a, &b, 1e-13, equals[i].model);
    free_kernels(&a);
    free_kernels(&b);
  }
  limes_batch_destroy(vectors);
  limes_batch_destroy(sequences);
}

static void sugar_gives_the_same_bits(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 5, 5, 4, 3);
  const char *pairs[][2] = {
      {"conv(3) repeat(2, residual(relu conv(3))) relu flatten dense",
       "conv(3) residual(relu conv(3)) residual(relu conv(3)) relu flatten dense"},
      {"conv(3) residual(relu attention) relu flatten dense", "conv(3) sum(relu attention | identity) relu flatten dense"},
  };
  for (size_t i = 0; i < 2; i++) {
    kernels a = kernel_of(context, pairs[i][0], x, NULL), b = kernel_of(context, pairs[i][1], x, NULL);
    assert_same_bits(a.nngp, b.nngp, 25, pairs[i][0]);
    assert_same_bits(a.ntk, b.ntk, 25, pairs[i][0]);
    free_kernels(&a);
    free_kernels(&b);
  }
  limes_batch_destroy(x);
}

/* K of the product is the product of the branches' K, and by the rule of products Theta = sum_i Theta_i prod K_j. */
static void branches_multiply(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 8, 3, 4, 3);
  kernels a = positions_of(context, "dense relu dense(b_std=0.2)", x, NULL), b = positions_of(context, "dense erf", x, NULL),
          c = positions_of(context, "dense conv(3)", x, NULL),
          two = positions_of(context, "dense product(relu dense(b_std=0.2) | erf)", x, NULL),
          three = positions_of(context, "dense product(relu dense(b_std=0.2) | erf | conv(3))", x, NULL);
  for (size_t i = 0; i < a.rows * a.columns; i++) {
    double k = a.nngp[i] * b.nngp[i], t = a.ntk[i] * b.nngp[i] + a.nngp[i] * b.ntk[i];
    assert_close_at(two.nngp[i], k, 1e-15, i);
    assert_close_at(two.ntk[i], t, 1e-14, i);
    assert_close_at(three.nngp[i], k * c.nngp[i], 1e-14, i);
    assert_close_at(three.ntk[i], t * c.nngp[i] + k * c.ntk[i], 1e-14, i);
  }
  kernels *all[] = {&a, &b, &c, &two, &three};
  for (size_t i = 0; i < 5; i++)
    free_kernels(all[i]);
  limes_batch_destroy(x);
}

/* A mean over channels, each branch with its share of them */
static void channels_side_by_side_are_weighted_by_their_shares(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 9, 3, 4, 3);
  kernels a = positions_of(context, "dense relu", x, NULL), b = positions_of(context, "dense conv(3, b_std=0.4)", x, NULL),
          equal = positions_of(context, "dense concat(relu | conv(3, b_std=0.4))", x, NULL),
          shares = positions_of(context, "dense concat(relu | conv(3, b_std=0.4), widths=48:16)", x, NULL);
  for (size_t i = 0; i < a.rows * a.columns; i++) {
    assert_close_at(equal.nngp[i], (a.nngp[i] + b.nngp[i]) / 2, 1e-14, i);
    assert_close_at(equal.ntk[i], (a.ntk[i] + b.ntk[i]) / 2, 1e-14, i);
    assert_close_at(shares.nngp[i], 0.75 * a.nngp[i] + 0.25 * b.nngp[i], 1e-14, i);
    assert_close_at(shares.ntk[i], 0.75 * a.ntk[i] + 0.25 * b.ntk[i], 1e-14, i);
  }
  kernels *all[] = {&a, &b, &equal, &shares};
  for (size_t i = 0; i < 4; i++)
    free_kernels(all[i]);
  limes_batch_destroy(x);
}

/* Only an activation with itself knows of dropout: the pair (i, i) of a symmetric kernel at equal positions. */
static void dropout_divides_an_item_with_itself_at_equal_positions(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 10, 3, 4, 3), *copy = random_sequences(context, 10, 3, 4, 3);
  kernels plain = positions_of(context, "dense(b_std=0.3) relu", x, NULL),
          dropped = positions_of(context, "dense(b_std=0.3) relu dropout(0.5)", x, NULL),
          tested = positions_of(context, "dense(b_std=0.3) dropout(0.5, mode=test) relu", x, NULL),
          crossed = positions_of(context, "dense(b_std=0.3) relu dropout(0.5)", x, copy);
  for (size_t pair = 0; pair < 9; pair++)
    for (size_t e = 0; e < 16; e++) {
      size_t i = pair * 16 + e;
      double keep = pair % 4 == 0 && e % 5 == 0 ? 0.5 : 1;
      assert_close_at(dropped.nngp[i], plain.nngp[i] / keep, 0, i);
      assert_close_at(dropped.ntk[i], plain.ntk[i] / keep, 0, i);
      assert_close_at(crossed.nngp[i], plain.nngp[i], 1e-7, i); /* of a copy that is not known to be one */
    }
  assert_same_bits(tested.nngp, plain.nngp, 144, "mode=test");
  assert_same_bits(tested.ntk, plain.ntk, 144, "mode=test");
  kernels *all[] = {&plain, &dropped, &tested, &crossed};
  for (size_t i = 0; i < 4; i++)
    free_kernels(all[i]);
  limes_batch_destroy(x);
  limes_batch_destroy(copy);
}

/* Independent branches add, with alpha as their shares. */
static void branches_add(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 6, 4, 5, 3);
  kernels first = kernel_of(context, "conv(3) relu conv(3, b_std=0.2) global_avg_pool", x, NULL),
          second = kernel_of(context, "conv(3) global_avg_pool", x, NULL),
          sum = kernel_of(context, "conv(3) residual(relu conv(3, b_std=0.2)) global_avg_pool", x, NULL),
          mixed = kernel_of(context, "conv(3) residual(relu conv(3, b_std=0.2), alpha=0.3) global_avg_pool", x, NULL);
  for (size_t i = 0; i < 16; i++) {
    assert_close_at(sum.nngp[i], first.nngp[i] + second.nngp[i], 1e-14 * fabs(sum.nngp[i]) + 1e-15, i);
    assert_close_at(sum.ntk[i], first.ntk[i] + second.ntk[i], 1e-14 * fabs(sum.ntk[i]) + 1e-15, i);
    assert_close_at(mixed.nngp[i], 0.7 * first.nngp[i] + 0.3 * second.nngp[i], 1e-13, i);
    assert_close_at(mixed.ntk[i], 0.7 * first.ntk[i] + 0.3 * second.ntk[i], 1e-13, i);
  }
  free_kernels(&first);
  free_kernels(&second);
  free_kernels(&sum);
  free_kernels(&mixed);
  limes_batch_destroy(x);
}

static void layer_norm_gives_unit_variances(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 7, 3, 4, 3);
  kernels each = positions_of(context, "conv(3, w_std=1.7, b_std=0.4) layer_norm", x, NULL),
          all = positions_of(context, "conv(3, w_std=1.7, b_std=0.4) layer_norm(axes=all)", x, NULL);
  for (size_t i = 0; i < 3; i++) {
    double mean = 0;
    for (size_t a = 0; a < 4; a++) {
      assert_close_at(each.nngp[(i * 3 + i) * 16 + a * 5], 1, 1e-11, a);
      mean += all.nngp[(i * 3 + i) * 16 + a * 5] / 4;
    }
    assert_close_at(mean, 1, 1e-11, i);
  }
  free_kernels(&each);
  free_kernels(&all);
  limes_batch_destroy(x);
}

/* eps is added to the variance: K / (K + eps) */
static void eps_is_added_to_the_variance(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_vectors(context, 8, 3, 4);
  kernels plain = kernel_of(context, "dense(b_std=0.3)", x, NULL),
          norm = kernel_of(context, "dense(b_std=0.3) layer_norm(eps=0.25)", x, NULL);
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 3; j++) {
      double scale = sqrt((plain.nngp[i * 4] + 0.25) * (plain.nngp[j * 4] + 0.25));
      assert_close_at(norm.nngp[i * 3 + j], plain.nngp[i * 3 + j] / scale, 1e-14, i * 3 + j);
      assert_close_at(norm.ntk[i * 3 + j], plain.ntk[i * 3 + j] / scale, 1e-14, i * 3 + j);
    }
  free_kernels(&plain);
  free_kernels(&norm);
  limes_batch_destroy(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(compositions_equal_what_they_are_made_of),
      cmocka_unit_test(sugar_gives_the_same_bits),
      cmocka_unit_test(branches_multiply),
      cmocka_unit_test(channels_side_by_side_are_weighted_by_their_shares),
      cmocka_unit_test(dropout_divides_an_item_with_itself_at_equal_positions),
      cmocka_unit_test(branches_add),
      cmocka_unit_test(layer_norm_gives_unit_variances),
      cmocka_unit_test(eps_is_added_to_the_variance),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
