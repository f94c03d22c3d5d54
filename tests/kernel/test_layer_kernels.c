/* Kernels behind every layer: each is that of a model that ends there. */
#include "kernel/laws.h"

#define MOST_LAYERS 16

typedef struct {
  const char *text;
  struct {
    const char *word, *ends; /* the model whose kernel stands behind the layer; NULL: the text itself */
    bool positions;
  } layer[MOST_LAYERS];
} subject;

/* $ stands for what ends the positions */
static const subject subjects[] = {
    {"conv(3) relu conv(3, stride=2, b_std=0.2) erf $ dense",
     {{"conv", "conv(3) $", true},
      {"relu", "conv(3) relu $", true},
      {"conv", "conv(3) relu conv(3, stride=2, b_std=0.2) $", true},
      {"erf", "conv(3) relu conv(3, stride=2, b_std=0.2) erf $", true},
      {"$", "conv(3) relu conv(3, stride=2, b_std=0.2) erf $", false},
      {"dense", NULL, false}}},
    {"dense residual(layer_norm attention(q_std=2), alpha=0.3) repeat(2, relu dense(b_std=0.4))",
     {{"dense", "dense $", true},
      {"layer_norm", "dense layer_norm $", true},
      {"attention", "dense layer_norm attention(q_std=2) $", true},
      {"residual", "dense residual(layer_norm attention(q_std=2), alpha=0.3) $", true},
      {"relu", "dense residual(layer_norm attention(q_std=2), alpha=0.3) relu $", true},
      {"dense", "dense residual(layer_norm attention(q_std=2), alpha=0.3) relu dense(b_std=0.4) $", true},
      {"relu", "dense residual(layer_norm attention(q_std=2), alpha=0.3) relu dense(b_std=0.4) relu $", true},
      {"dense", "dense residual(layer_norm attention(q_std=2), alpha=0.3) repeat(2, relu dense(b_std=0.4)) $", true}}},
    {"dense sum(relu $ dense | conv(3) $ dense(w_std=2)) identity relu dense",
     {{"dense", "dense $", true},
      {"relu", "dense relu $", true},
      {"$", "dense relu $", false},
      {"dense", "dense relu $ dense", false},
      {"conv", "dense conv(3) $", true},
      {"$", "dense conv(3) $", false},
      {"dense", "dense conv(3) $ dense(w_std=2)", false},
      {"sum", "dense sum(relu $ dense | conv(3) $ dense(w_std=2))", false},
      {"relu", "dense sum(relu $ dense | conv(3) $ dense(w_std=2)) relu", false},
      {"dense", NULL, false}}},
};
#define SUBJECTS (sizeof subjects / sizeof *subjects)

static void expect_layers(limes_context *context, const subject *s, const char *pool, const limes_batch *a,
                          const limes_batch *b) {
  char text[512];
  size_t rows = limes_batch_items(a), columns = limes_batch_items(b == NULL ? a : b), stride = columns + 2, count = 0, learnt = 0;
  limes_layer_facts *facts = NULL;
  fill_in(s->text, pool, text, sizeof text);
  limes_model *model = parsed(context, text);
  assert_ok(context, limes_kernel_layers(context, model, a, b, &(limes_kernel_output){0}, &facts, &learnt));
  limes_free(facts);
  assert_in_range(learnt, 1, MOST_LAYERS);
  double *nngp = numbers(learnt * rows * stride), *ntk = numbers(learnt * rows * stride);
  assert_ok(context, limes_kernel_layers(context, model, a, b, &(limes_kernel_output){.nngp = nngp, .ntk = ntk, .stride = stride},
                                         &facts, &count));
  assert_int_equal(count, learnt);
  for (size_t l = 0; l < count; l++) {
    fill_in(s->layer[l].word, pool, text, sizeof text);
    assert_string_equal(facts[l].word, text);
    assert_true(isnan(facts[l].length_scale) && facts[l].line == 1 && facts[l].column > 0);
    assert_string_equal(facts[l].pooled == NULL ? "" : facts[l].pooled, s->layer[l].positions ? pool : "");
    fill_in(s->layer[l].ends != NULL ? s->layer[l].ends : s->text, pool, text, sizeof text);
    kernels k = kernel_of(context, text, a, b);
    for (size_t i = 0; i < rows; i++) {
      assert_near(nngp + (l * rows + i) * stride, k.nngp + i * columns, columns, 1e-14, text);
      assert_near(ntk + (l * rows + i) * stride, k.ntk + i * columns, columns, 1e-14, text);
    }
    free_kernels(&k);
  }
  assert_true(count == MOST_LAYERS || s->layer[count].word == NULL);
  limes_free(facts);
  free(nngp);
  free(ntk);
  limes_model_destroy(model);
}

static void each_is_the_kernel_of_a_model_that_ends_there(void **state) {
  limes_context *context = *state;
  const size_t lengths[7] = {3, 6, 1, 5, 5, 8, 2};
  limes_batch *even = random_sequences(context, 1, 21, 6, 3), *few = random_sequences(context, 2, 4, 6, 3),
              *ragged = random_ragged(context, 3, 7, lengths, 3), *image = random_images(context, 4, 5, 3, 4, 3);
  for (size_t s = 0; s < SUBJECTS; s++) {
    expect_layers(context, &subjects[s], "flatten", even, NULL);
    expect_layers(context, &subjects[s], "flatten", few, even);
    expect_layers(context, &subjects[s], "flatten", image, NULL);
    expect_layers(context, &subjects[s], "global_avg_pool", ragged, NULL);
    expect_layers(context, &subjects[s], "global_avg_pool", ragged, few);
  }
  limes_batch_destroy(even);
  limes_batch_destroy(few);
  limes_batch_destroy(ragged);
  limes_batch_destroy(image);
}

/* A hidden position pairs with none: the mean is over equal positions that both items show, in units of each item's own. */
static void holes_are_left_out(void **state) {
  limes_context *context = *state;
  static const uint8_t mask[2 * 4] = {0, 1, 0, 0, 0, 0, 1, 0};
  double *x = random_numbers(5, 2 * 4 * 3), nngp[4], expected[4] = {0};
  limes_batch *holes = batch_of(context, x, 1, 2, 4, 1, 3, mask);
  limes_model *model = parsed(context, "dense");
  limes_layer_facts *facts = NULL;
  size_t count = 0;
  assert_ok(context, limes_kernel_layers(context, model, holes, NULL, &(limes_kernel_output){.nngp = nngp}, &facts, &count));
  for (size_t i = 0; i < 2; i++)
    for (size_t j = 0; j < 2; j++)
      for (size_t a = 0; a < 4; a++)
        for (size_t c = 0; c < 3 && !mask[i * 4 + a] && !mask[j * 4 + a]; c++)
          expected[i * 2 + j] += x[(i * 4 + a) * 3 + c] * x[(j * 4 + a) * 3 + c] / 9; /* 3 features, 3 positions */
  assert_near(nngp, expected, 4, 1e-14, "dense");
  limes_free(facts);
  limes_model_destroy(model);
  limes_batch_destroy(holes);
  free(x);
}

/* Each length scale has layers of its own from its readout on. */
static void layers_behind_a_list_of_length_scales_come_one_for_each(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_sequences(context, 6, 5, 6, 3);
  limes_model *model = parsed(context, "conv(3) relu correlated_readout(1:3) dense(b_std=0.5)");
  static const char *const ends[] = {"conv(3) flatten",
                                     "conv(3) relu flatten",
                                     "conv(3) relu correlated_readout(1)",
                                     "conv(3) relu correlated_readout(3)",
                                     "conv(3) relu correlated_readout(1) dense(b_std=0.5)",
                                     "conv(3) relu correlated_readout(3) dense(b_std=0.5)"};
  const double scale[] = {0, 0, 1, 3, 1, 3};
  double ntk[6 * 25];
  limes_layer_facts *facts = NULL;
  size_t count = 0;
  assert_ok(context, limes_kernel_layers(context, model, x, NULL, &(limes_kernel_output){.ntk = ntk}, &facts, &count));
  assert_int_equal(count, 6);
  for (size_t l = 0; l < 6; l++) {
    kernels k = kernel_of(context, ends[l], x, NULL);
    assert_near(ntk + l * 25, k.ntk, 25, 1e-14, ends[l]);
    assert_true(scale[l] == 0 ? isnan(facts[l].length_scale) : facts[l].length_scale == scale[l]);
    free_kernels(&k);
  }
  limes_free(facts);
  limes_model_destroy(model);
  limes_batch_destroy(x);
}

static void a_model_of_nothing_has_no_layer(void **state) {
  limes_context *context = *state;
  limes_batch *x = random_vectors(context, 7, 2, 3);
  limes_model *model = parsed(context, "repeat(3, identity)");
  limes_layer_facts *facts = NULL;
  size_t count = 0;
  double out[4];
  assert_int_equal(limes_kernel_layers(context, model, x, NULL, &(limes_kernel_output){.nngp = out}, &facts, &count),
                   LIMES_WRONG_USE);
  assert_null(facts);
  assert_non_null(strstr(limes_error(context), "no layer but identity"));
  limes_model_destroy(model);
  limes_batch_destroy(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_is_the_kernel_of_a_model_that_ends_there),
      cmocka_unit_test(holes_are_left_out),
      cmocka_unit_test(layers_behind_a_list_of_length_scales_come_one_for_each),
      cmocka_unit_test(a_model_of_nothing_has_no_layer),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
