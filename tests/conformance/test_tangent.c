/* The tangent kernel of every layer and of chains at random, from the NNGP map alone (docs/mathematics.md, section 7).
 *
 * Two networks whose weights have correlation r have outputs of covariance K^r, and Theta = dK^r/dr at r = 1. The plan of the
 * model, without Theta, is walked with cross functions that multiply by r for every set of weights on the way; what a layer does
 * to K alone is all that is used of it.
 */
#include "conformance/matrix_laws.h"
#include "kernel/tiles.h"

static double correlation = 1; /* r */

/* Weights that stand one behind the other in the layer, by the deviations that its table has for them */
static unsigned sets_of_weights(const limes_layer_ops *ops) {
  static const char *const deviations[] = {"w_std", "v_std", "o_std"};
  unsigned n = 0;
  for (size_t i = 0; i < sizeof deviations / sizeof *deviations; i++)
    n += limes_param_find(ops, deviations[i], strlen(deviations[i])) < limes_param_count(ops);
  return n;
}

static void scale(size_t n, double factor, double *values) {
  for (size_t i = 0; i < n; i++)
    values[i] *= factor;
}

/* Embeddings are weights too: those of the pair have the variance r position_std^2 before the weights of queries and keys. */
static void correlate_embeddings(const limes_layer_ops *ops, void *param) {
  size_t k = limes_param_find(ops, "position_std", strlen("position_std"));
  if (k < limes_param_count(ops))
    *(double *)(void *)((char *)param + ops->params[k].offset) *= correlation;
}

static double *real_of(const limes_layer_ops *ops, void *param, const char *name) {
  size_t k = limes_param_find(ops, name, strlen(name));
  return k < limes_param_count(ops) ? (double *)(void *)((char *)param + ops->params[k].offset) : NULL;
}

static bool chosen(const limes_layer_ops *ops, const void *param, const char *name, const char *choice) {
  size_t k = limes_param_find(ops, name, strlen(name));
  if (k >= limes_param_count(ops))
    return false;
  int index = *(const int *)(const void *)((const char *)param + ops->params[k].offset);
  return strcmp(ops->params[k].choices[index], choice) == 0;
}

/* The random logits of one learned query see K once, and two sets of weights all the same. */
static void correlate_query(const limes_layer_ops *ops, void *param) {
  if (chosen(ops, param, "query", "learned") && chosen(ops, param, "scale", "sqrt"))
    *real_of(ops, param, "q_std") *= sqrt(correlation);
}

/* With m sets of weights r^m F(K) + r b^2 = r op(r^(m-1) K), where op(K) = F(K) + b^2 and F is linear in its values; queries and
 * keys see r K, which is what they need: r^2 K K for the two. */
static void correlated_cross(const limes_op *op, const limes_panel *in, limes_panel *out, const limes_trace *x,
                             const limes_trace *y, limes_work *work) {
  const limes_layer_ops *ops = limes_layer_find(op->ops->word);
  unsigned sets = sets_of_weights(ops);
  _Alignas(16) char param[1024];
  assert_true(ops->param_size <= sizeof param);
  limes_op plain = *op;
  plain.ops = ops;
  if (in->same >= 0 || sets == 0) {
    ops->cross(&plain, in, out, x, y, work);
    return;
  }
  memcpy(param, op->param, ops->param_size);
  correlate_embeddings(ops, param);
  correlate_query(ops, param);
  plain.param = param;
  limes_panel scaled = *in;
  size_t n = in->start[in->n];
  scaled.cov = numbers(n + 1);
  memcpy(scaled.cov, in->cov, n * sizeof *scaled.cov);
  scale(n, pow(correlation, sets - 1), scaled.cov);
  ops->cross(&plain, &scaled, out, x, y, work);
  scale(out->start[out->n], correlation, out->cov);
  free(scaled.cov);
}

/* K^r [A, B] */
static void correlated_kernel(const subject *s, const limes_model *model, double r, double *nngp) {
  limes_plan plan;
  assert_ok(s->context, limes_plan_create(s->context, model, s->a, s->b, false, LIMES_SCALAR, &plan));
  limes_layer_ops *correlated = calloc(plan.program.n_op + 1, sizeof *correlated);
  assert_non_null(correlated);
  for (size_t i = 0; i < plan.program.n_op; i++) {
    correlated[i] = *plan.program.op[i].ops;
    correlated[i].cross = correlated_cross;
    plan.program.op[i].ops = &correlated[i];
  }
  correlation = r;
  limes_sink sink = {.nngp = nngp, .rows = A, .stride = B, .cell = 1};
  assert_ok(s->context, limes_run_tiles(s->context, &plan, "kernel", &sink));
  limes_plan_clear(&plan);
  free(correlated);
}

enum { ORDER = 8 };

/* dK^r/dr at r = 1 by differences backwards, where covariances stay what they may be; *doubt: the last difference, as an estimate
 * of the error of all */
static void differentiate(const subject *s, double *slope, double *doubt) {
  const double step = 1.0 / 1024;
  double difference[ORDER + 1][A * B];
  limes_model *model = parsed(s->context, s->text);
  for (int k = 0; k <= ORDER; k++)
    correlated_kernel(s, model, 1 - k * step, difference[k]);
  limes_model_destroy(model);
  *doubt = 0;
  for (size_t e = 0; e < A * B; e++) {
    double sum = 0, last = 0;
    for (int k = 1; k <= ORDER; k++) {
      for (int j = ORDER; j >= k; j--)
        difference[j][e] = difference[j - 1][e] - difference[j][e];
      last = difference[k][e] / (k * step);
      sum += last;
    }
    slope[e] = sum;
    *doubt = fmax(*doubt, fabs(last));
  }
}

typedef struct {
  size_t tried, sure; /* models, and those whose differences are good to 1e-6 */
  double worst;       /* of the sure ones, relative to the largest entry */
} account;

static void assert_tangent(const subject *s, account *sum) {
  double slope[A * B], expected[A * B], doubt, largest = 0;
  differentiate(s, slope, &doubt);
  for (size_t i = 0; i < A * B; i++) {
    expected[i] = s->k.ntk[i / B * ITEMS + A + i % B];
    largest = fmax(largest, fabs(expected[i]));
  }
  double tolerance = 1e-9 + 10 * doubt / fmax(largest, 1e-300) + 20 * s->left_out;
  assert_near(slope, expected, A * B, tolerance, s->text);
  sum->tried++;
  if (tolerance > 1e-6)
    return;
  sum->sure++;
  for (size_t i = 0; i < A * B; i++)
    sum->worst = fmax(sum->worst, fabs(slope[i] - expected[i]) / fmax(largest, 1e-300));
}

/* Not asked: nonlinearities that jump; and embeddings of items of one size where they enter kernels of pairs, since the layer
 * keeps them in an item's trace then. */
static bool is_excepted(const subject *s) { return s->jumps || (strstr(s->text, "position=") != NULL && !is_ragged(s->items)); }

static void check_items(limes_context *context, const char *text, kind items, account *sum) {
  subject s;
  if (make_subject(context, text, items, &s) && !is_excepted(&s))
    assert_tangent(&s, sum);
  free_subject(&s);
}

static void check_layer(limes_context *context, const limes_layer_ops *ops, const limes_param *varied, const char *layer,
                        void *user) {
  (void)varied;
  char text[CHAIN_TEXT];
  for (kind items = 0; items < KINDS && is_worth_trying(ops, items); items++) {
    limes_batch *all = items_of(context, items, 0, ITEMS);
    bool goes = model_around(context, layer, all, text);
    limes_batch_destroy(all);
    if (goes)
      check_items(context, text, items, user);
  }
}

static void report(const account *sum) {
  print_message("%zu models, %zu of them to 1e-6 or better; largest difference of those %.1e\n", sum->tried, sum->sure,
                sum->worst);
  assert_true(sum->sure > sum->tried * 4 / 5);
}

static void the_tangent_kernel_of_each_layer_is_a_derivative_of_its_nngp_map(void **state) {
  account sum = {0};
  visit_layers(*state, check_layer, &sum);
  report(&sum);
}

static void the_tangent_kernel_of_random_chains_is_a_derivative_of_their_nngp_map(void **state) {
  limes_context *context = *state;
  account sum = {0};
  char text[CHAIN_TEXT];
  for (uint64_t c = 0; c < 100; c++) {
    random_stream stream = {c + 10000};
    kind items = (kind)random_count(&stream, 0, KINDS - 1);
    limes_batch *all = items_of(context, items, 0, ITEMS);
    (void)random_chain(context, &stream, all, 3, random_count(&stream, 1, 4), text);
    limes_batch_destroy(all);
    check_items(context, text, items, &sum);
  }
  report(&sum);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_tangent_kernel_of_each_layer_is_a_derivative_of_its_nngp_map),
      cmocka_unit_test(the_tangent_kernel_of_random_chains_is_a_derivative_of_their_nngp_map),
  };
  return cmocka_run_group_tests(tests, make_context_of_one_thread, destroy_context);
}
