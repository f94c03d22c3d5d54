/* Every registered layer, with each of its parameters varied, on items of every kind that it takes. */
#include "conformance/matrix_laws.h"

/* what is found out for one word */
typedef struct {
  const limes_param *varied; /* the parameter whose samples are being tried; NULL: the defaults */
  bool any;                  /* some items were taken */
  size_t models;
} account;

/* masks */

/* What stands at hidden positions changes no bit. */
static void assert_holes_hide(const subject *s) {
  static const double anything[] = {1e9, NAN, -INFINITY};
  for (size_t i = 0; i < sizeof anything / sizeof *anything && s->items == HOLES; i++) {
    limes_batch *other = items_with(s->context, HOLES, 0, ITEMS, 1, anything[i]);
    kernels k = kernel_of(s->context, s->text, other, NULL);
    assert_kernels_near(&k, &s->k, 0, s->text);
    free_kernels(&k);
    limes_batch_destroy(other);
  }
}

/* Ragged items written as equally long ones with masked tails, and with lengths; the tails hold anything. */
static void assert_masked_tails_are_removed(const subject *s) {
  double x[ITEMS * LONGEST * FEATURES];
  uint8_t mask[ITEMS * LONGEST] = {0};
  int64_t lengths[ITEMS];
  if (s->items != RAGGED)
    return;
  for (size_t i = 0; i < ITEMS; i++) {
    double item[MOST_PLACES * FEATURES];
    fill_item(RAGGED, i, 1, 0, item);
    lengths[i] = (int64_t)ragged_lengths[i];
    for (size_t e = 0; e < LONGEST * FEATURES; e++)
      x[i * LONGEST * FEATURES + e] = e < ragged_lengths[i] * FEATURES ? item[e] : i % 2 == 0 ? 1e6 : NAN;
    for (size_t a = ragged_lengths[i]; a < LONGEST; a++)
      mask[i * LONGEST + a] = 1;
  }
  limes_array array = {.data = x, .axes = 1, .items = ITEMS, .size = {LONGEST}, .features = FEATURES};
  for (int by_lengths = 0; by_lengths < 2; by_lengths++) {
    limes_batch *batch = NULL;
    assert_ok(s->context, limes_batch_create(s->context, &array, by_lengths ? NULL : mask, by_lengths ? lengths : NULL, &batch));
    assert_true(limes_batch_fingerprint(batch) == limes_batch_fingerprint(s->all));
    kernels k = kernel_of(s->context, s->text, batch, NULL);
    assert_kernels_near(&k, &s->k, 0, s->text);
    free_kernels(&k);
    limes_batch_destroy(batch);
  }
}

/* scale */

/* K of items times c over K, where that is c to one power for all entries; NAN where it is not */
static double power_of_scale(const subject *s, const char *text, double c) {
  limes_batch *scaled = items_with(s->context, s->items, 0, ITEMS, c, 0);
  kernels one = kernel_of(s->context, text, s->all, NULL), other = kernel_of(s->context, text, scaled, NULL);
  double power = NAN;
  for (size_t i = 0; i < ITEMS; i++)
    if (one.nngp[i * (ITEMS + 1)] > 0 && isnan(power))
      power = round(log2(other.nngp[i * (ITEMS + 1)] / one.nngp[i * (ITEMS + 1)]) / log2(c));
  for (size_t i = 0; i < ITEMS * ITEMS; i++) {
    double own = sqrt(one.nngp[i / ITEMS * (ITEMS + 1)]) * sqrt(one.nngp[i % ITEMS * (ITEMS + 1)]);
    if (!(fabs(other.nngp[i] * pow(c, -power) - one.nngp[i]) <= 1e-11 * own))
      power = NAN;
  }
  free_kernels(&one);
  free_kernels(&other);
  limes_batch_destroy(scaled);
  return power;
}

/* A layer that is homogeneous of some degree for moderate scales is so for all. Downwards not of degree 0, where a variance of 0
 * begins to be seen. */
static void assert_homogeneous(const subject *s, const char *layer) {
  static const double scales[] = {0x1p-6, 0x1p-1, 2, 0x1p6, 0x1p16, 0x1p-12};
  enum { MODERATE = 4, ALL = sizeof scales / sizeof *scales };
  char text[CHAIN_TEXT];
  snprintf(text, sizeof text, "dense %s", layer);
  if (!fits(s->context, text, s->all, LIMES_ABSENT) || !read_out(s->context, s->all, 0, text) || strstr(text, "b_std") != NULL)
    return;
  double power = power_of_scale(s, text, scales[0]);
  for (size_t i = 1; i < (power == 0 ? ALL - 1 : ALL); i++)
    if (!(power_of_scale(s, text, scales[i]) == power)) {
      if (i >= MODERATE && !isnan(power))
        fail_msg("%s: K scales with the power %g of moderate scales, but not of %g", text, power, scales[i]);
      return;
    }
}

static void try_layer(limes_context *context, const limes_layer_ops *ops, const limes_param *varied, const char *layer,
                      void *user) {
  account *sum = user;
  char text[CHAIN_TEXT], kept[CHAIN_TEXT];
  if (varied != sum->varied && !sum->any)
    fail_msg("%s: no items are taken with any of the values of %s", ops->word, sum->varied->name);
  sum->any = varied == sum->varied && sum->any;
  sum->varied = varied;
  for (kind items = 0; items < KINDS; items++) {
    subject s;
    limes_batch *all = items_of(context, items, 0, ITEMS);
    bool goes = is_worth_trying(ops, items) && model_around(context, layer, all, text);
    limes_batch_destroy(all);
    if (!goes)
      continue;
    if (make_subject(context, text, items, &s)) {
      sum->any = true;
      sum->models++;
      assert_matrix_laws(&s);
      assert_holes_hide(&s);
      assert_masked_tails_are_removed(&s);
      assert_homogeneous(&s, layer);
      snprintf(kept, sizeof kept, "dense(w_std=1.2, b_std=0.3) %s", layer);
      if (fits(context, kept, s.all, LIMES_ABSENT))
        assert_pools_of_positions(&s, kept);
    }
    free_subject(&s);
  }
}

static void every_layer_obeys_the_laws_of_kernels(void **state) {
  size_t count = 0, models = 0;
  const limes_layer_ops *const *layers = limes_layers(&count);
  for (size_t i = 0; i < count; i++) {
    account sum = {0};
    visit_layers_of(*state, layers[i], try_layer, &sum);
    if (!sum.any)
      fail_msg("%s: no items are taken with the last of its parameters", layers[i]->word);
    models += sum.models;
  }
  print_message("%zu words, %zu models\n", count, models);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_layer_obeys_the_laws_of_kernels),
  };
  return cmocka_run_group_tests(tests, make_context_of_one_thread, destroy_context);
}
