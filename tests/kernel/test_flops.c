/* explain's flops follow the true lengths of ragged items, and the formulas of the layers.
 *
 * Linked with --wrap=cblas_dgemm, so that products are counted where they are done. Nearly all work of attention on long
 * items is in them. */
#include "kernel/laws.h"

#include <cblas.h>

#include "kernel/walk.h"

#define GEMM_PARAMETERS                                                                                                          \
  CBLAS_ORDER order, CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, blasint m, blasint n, blasint k, double alpha,    \
      const double *a, blasint lda, const double *b, blasint ldb, double beta, double *c, blasint ldc

void __real_cblas_dgemm(GEMM_PARAMETERS);
LIMES_API void __wrap_cblas_dgemm(GEMM_PARAMETERS); /* OpenBLAS itself may come by */

static double counted;
static bool skip_products; /* count without doing */

void __wrap_cblas_dgemm(GEMM_PARAMETERS) {
  counted += 2 * (double)m * (double)n * (double)k;
  if (!skip_products)
    __real_cblas_dgemm(order, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

static double explained(limes_context *context, const char *text, const limes_batch *a, const limes_batch *b) {
  limes_model *model = parsed(context, text);
  limes_plan_report report = {0};
  assert_ok(context, limes_explain(context, model, a, b, true, true, &report));
  assert_true(report.seconds > 0 && report.bytes > 0);
  assert_non_null(strstr(report.text, "flops"));
  limes_free(report.text);
  limes_model_destroy(model);
  return report.flops;
}

enum { N = 10, FEATURES = 2, LONGEST = 500 };
static const size_t lengths[N] = {5, 12, 20, 31, 48, 75, 110, 180, 320, LONGEST};

/* Products are counted during the kernel itself, by one thread; what they compute is not needed. */
static void flops_equal_the_counted_products(void **state) {
  limes_context *context = *state;
  const char *text = "attention relu attention(zeta=relu, position=sum) global_avg_pool dense";
  limes_batch *x = random_ragged(context, 1, N, lengths, FEATURES);
  double promised = explained(context, text, x, NULL);
  limes_set_threads(context, 1);
  skip_products = true;
  counted = 0;
  kernels k = kernel_of(context, text, x, NULL);
  skip_products = false;
  limes_set_threads(context, 0);
  if (fabs(promised - counted) > 0.05 * counted)
    fail_msg("explain says %.4g flops, products took %.4g", promised, counted);
  free_kernels(&k);
  limes_batch_destroy(x);
}

/* The same from the lengths alone: two products of K and two of Theta for each pair, T T' (T + T') each. */
static void flops_are_those_of_the_true_lengths(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_ragged(context, 1, N, lengths, FEATURES);
  double sum = 0;
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j <= i; j++) {
      double T = (double)lengths[i], T_y = (double)lengths[j];
      sum += 2 * (2 * T * T * T_y + 2 * T * T_y * T_y);
    }
  double flops = explained(context, "attention global_avg_pool dense", x, NULL);
  if (fabs(flops - sum) > 0.05 * sum)
    fail_msg("explain says %.4g flops, the lengths %.4g", flops, sum);
  limes_batch_destroy(x);
}

/* Where the data decide how many powers are summed, explain says what a few entries took. */
static void flops_follow_the_data_where_sums_do(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 5, 6, 60, 16);
  const char *const models[] = {"attention(scale=sqrt, zeta=erf, q_std=0.1) global_avg_pool dense",
                                "attention(scale=sqrt, zeta=erf, q_std=1.2) global_avg_pool dense",
                                "dense(b_std=0.3) attention(qk_correlation=0.5, zeta=erf, q_std=1.5) global_avg_pool dense"};
  double promised[3];
  for (size_t m = 0; m < 3; m++) {
    promised[m] = explained(context, models[m], x, NULL);
    limes_set_threads(context, 1);
    counted = 0;
    kernels k = kernel_of(context, models[m], x, NULL);
    limes_set_threads(context, 0);
    if (!(promised[m] > 0.5 * counted &&
          promised[m] < 2.5 * counted)) /* a few pairs stand for all; there is more than products */
      fail_msg("%s: explain says %.4g flops, products alone took %.4g", models[m], promised[m], counted);
    free_kernels(&k);
  }
  assert_true(promised[1] > 2 * promised[0]);
  limes_batch_destroy(x);
}

static void padding_would_cost_several_times_as_much(void **state) {
  limes_context *context = *state;
  size_t padded[N];
  for (size_t i = 0; i < N; i++)
    padded[i] = LONGEST;
  limes_batch *ragged = random_ragged(context, 1, N, lengths, FEATURES), *full = random_ragged(context, 2, N, padded, FEATURES);
  const char *text = "conv(3) relu attention(position=sum) relu global_avg_pool dense";
  assert_true(explained(context, text, full, NULL) > 5 * explained(context, text, ragged, NULL));
  limes_batch_destroy(ragged);
  limes_batch_destroy(full);
}

/* What the walk counts as it goes, layer by layer, against what the plan promised: all pairs of two batches. */
static void the_walk_counts_what_the_plan_promised(void **state) {
  limes_context *context = *state;
  const char *models[] = {
      "conv(3) relu attention(position=sum) relu global_avg_pool dense",
      "conv(3, padding=valid) relu conv(2, stride=2) layer_norm erf avg_pool(2, stride=1) dense abs global_avg_pool",
      "conv(2) residual(relu attention(in_values=yes, position=sum), alpha=0.3) layer_norm(axes=all) global_avg_pool",
      "dense attention(scale=sqrt, zeta=relu) attention(scale=sqrt, zeta=erf, causal=yes) global_avg_pool",
      "attention(qk_correlation=0.5, zeta=erf) attention_pool(learned, scale=sqrt, zeta=relu)",
      "attention(qk_correlation=0.5, zeta=identity, position=sum) attention(scale=sqrt, zeta=abs, causal=yes) global_avg_pool",
  };
  size_t short_lengths[N];
  for (size_t i = 0; i < N; i++)
    short_lengths[i] = lengths[i] / 8 + 7;
  limes_batch *x = random_ragged(context, 3, N, short_lengths, FEATURES),
              *y = random_ragged(context, 4, N - 3, short_lengths + 3, FEATURES);
  for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
    limes_model *model = parsed(context, models[m]);
    limes_plan plan;
    limes_walker walker;
    assert_ok(context, limes_plan_create(context, model, x, y, true, LIMES_SCALAR, &plan));
    assert_ok(context, limes_walker_create(context, &plan, &walker));
    double flops = 0;
    for (size_t bx = 0; bx < limes_plan_blocks(&plan, &plan.a); bx++)
      for (size_t by = 0; by < limes_plan_blocks(&plan, &plan.b); by++) {
        size_t first_x, first_y, count_x = limes_plan_block(&plan, &plan.a, bx, &first_x),
                                 count_y = limes_plan_block(&plan, &plan.b, by, &first_y);
        assert_true(limes_fill_block(&walker, &walker.x, &plan.a, first_x, count_x));
        assert_true(limes_fill_block(&walker, &walker.y, &plan.b, first_y, count_y));
        double before = walker.work.flops;
        limes_fill_gram(&walker, &walker.x, &walker.y);
        for (size_t i = 0; i < count_x; i++)
          for (size_t from = 0; from < count_y; from += plan.panel)
            (void)limes_cross_pass(&walker, &walker.x, i, &walker.y, from,
                                   count_y - from < plan.panel ? count_y - from : plan.panel, -1);
        flops += walker.work.flops - before;
      }
    if (fabs(flops - plan.cross_flops) > 0.05 * flops)
      fail_msg("%s: the plan promised %.4g flops, the walk took %.4g", models[m], plan.cross_flops, flops);
    limes_walker_clear(&walker);
    limes_plan_clear(&plan);
    limes_model_destroy(model);
  }
  limes_batch_destroy(x);
  limes_batch_destroy(y);
}

/* What one element of a layer's input costs, counted by hand in its formula: additions, multiplications, divisions, roots,
 * comparisons are 1, exp and expm1 20; the polynomials of math/angle.h are counted. */
enum { EXP = 20, TURNS = 28, ARCSINE = 31, ANGLE = 38 };

typedef struct {
  const char *text;
  double alone, both; /* K; K and Theta */
} counted_word;

static const counted_word counted_words[] = {
    {"dense dense global_avg_pool", 2, 4},
    {"conv(3) global_avg_pool", 3 + 2, 6 + 4},
    {"conv(5) global_avg_pool", 5 + 2, 10 + 4},
    {"local_conv(3) flatten", 3 + 2, 6 + 4},
    {"dense layer_norm global_avg_pool", 2, 3},
    {"dense flatten", 1, 2},
    {"dense global_avg_pool", 1, 2},
    {"dense global_sum_pool", 1, 2},
    {"sum(dense | dense) global_avg_pool", 3, 6},
    {"sum(dense | dense | dense | dense) global_avg_pool", 7, 14},
    {"concat(dense | dense | dense) global_avg_pool", 5, 10},
    {"product(dense | dense) global_avg_pool", 1, 4},
    {"product(dense | dense | dense) global_avg_pool", 2, 8},
    {"dense relu global_avg_pool", 0, 1 + 9 + TURNS + 2 + 4},
    {"dense leaky_relu global_avg_pool", 0, 1 + 9 + TURNS + 2 + 4},
    {"dense erf global_avg_pool", 0, 12 + 2 + 8 + 7 + 4 + 2 + ARCSINE + 2 + 5},
    {"dense sigmoid_like global_avg_pool", 0, 12 + 2 + 8 + 7 + 4 + 2 + ARCSINE + 2 + 5},
    {"dense gelu global_avg_pool", 0, 5 + 4 + 3 + 1 + 6 + TURNS + 3 + 1 + 6 + 6},
    {"dense sin global_avg_pool", 0, 5 + (5 + EXP) + (1 + EXP) + 4 + 3 + 4 + 1},
    {"dense cos global_avg_pool", 0, 5 + (5 + EXP) + (1 + EXP) + 4 + 3 + 4 + 1},
    {"dense rbf global_avg_pool", 0, 3 + 5 + EXP + 2 + 1},
    {"dense exp global_avg_pool", 0, 3 + 1 + EXP + 1 + 2},
    {"dense exp_normalized global_avg_pool", 0, 1 + 1 + 2 + 2 + EXP + 1 + 2},
    {"dense gaussian global_avg_pool", 0, 3 + 4 + 5 + 5 + 2 + 4},
    {"dense layer_norm hermite(32) global_avg_pool", 0, 2 * 5 + 3},
    {"dense rectified_monomial(3) global_avg_pool", 0, 1 + ANGLE + 4 + 7 + 9 + 5 + 1},
    {"dense sign global_avg_pool", 0, 1 + ANGLE + 2},
    {"dense step global_avg_pool", 0, 1 + ANGLE + 2},
    {"dense polynomial(1, 2) global_avg_pool", 0, 16 * 5 + 6 + 8 * 4 + 8},
    {"dense monomial(3) global_avg_pool", 0, 16 * 5 + 6 + 8 * 4 + 8},
    {"dense tanh global_avg_pool", 0, 64 * 5 + 18 + 8 * 4 + 8},
    {"dense swish(order=256) global_avg_pool", 0, 256 * 5 + 66 + 8 * 4 + 8},
};

/* Of the word before the readout, or of a readout behind one dense: per element of what it reads */
static double flops_of_word(limes_context *context, const char *text, const limes_batch *x, bool ntk) {
  limes_model *model = parsed(context, text);
  limes_plan plan;
  assert_ok(context, limes_plan_create(context, model, x, x, ntk, LIMES_SCALAR, &plan));
  const limes_pass *pass = &plan.cross;
  bool readout = plan.program.n_op == 2 && strncmp(text, "dense", 5) == 0;
  size_t s = pass->n_step - (readout ? 1 : 2), items = limes_batch_items(x);
  const limes_held *in = &pass->held[pass->step[s].in[0]];
  size_t elements = limes_elements(in->layout, &plan.a.grid[in->value][0], &plan.b.grid[in->value][0]);
  double flops = plan.step_flops[s] / ((double)(items * (items + 1) / 2) * (double)elements);
  limes_plan_clear(&plan);
  limes_model_destroy(model);
  return flops;
}

static void flops_of_each_family_are_those_of_its_formula(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 5, 4, 9, FEATURES);
  for (size_t w = 0; w < sizeof counted_words / sizeof *counted_words; w++)
    for (int ntk = 0; ntk < 2; ntk++) {
      const counted_word *word = &counted_words[w];
      double expected = ntk ? word->both : word->alone, flops = flops_of_word(context, word->text, x, ntk);
      if (expected > 0 && fabs(flops - expected) > 0.35 * expected)
        fail_msg("%s: %g flops an element, counted %g", word->text, flops, expected);
    }
  limes_batch_destroy(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flops_equal_the_counted_products),
      cmocka_unit_test(flops_are_those_of_the_true_lengths),
      cmocka_unit_test(flops_follow_the_data_where_sums_do),
      cmocka_unit_test(padding_would_cost_several_times_as_much),
      cmocka_unit_test(flops_of_each_family_are_those_of_its_formula),
      cmocka_unit_test(the_walk_counts_what_the_plan_promised),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
