/* Finite attention networks against the kernels of their limit, at two widths.
 *
 * The mean of an empirical kernel over draws differs from the limit by C / width + D / width^2. Twice the kernel of the wider
 * network less that of the one half as wide is free of the first, and must meet the exact kernel within 4.5 standard errors,
 * model by model. The mean over a group of models must do so within 4, and is sharp enough to fail for an exact kernel that is 5
 * % off. A kernel is compared by its projection on the exact one. In the slow suite, with more draws of wider networks, nearly
 * every model by itself is as sharp. */
#include "network/networks.h"

/* Models whose mean is taken: those with one kind of logits, and those of the other words */
typedef enum { LINEAR, SQRT, OTHERS, GROUPS } group;
static const char *const group_names[GROUPS] = {"all with logits / d", "all with logits / sqrt(d)", "all others"};

typedef struct {
  const char *model;
  item_kind kind;
  group group;
} limit;

enum { NNGP, NTK, KERNELS };
static const char *const kernel_names[KERNELS] = {"NNGP", "NTK"};
static size_t draws = 480, narrow_width = 16; /* of each model and width; the other width is twice as large */

static const limit limits[] = {
    {"attention flatten dense", SEQUENCES, LINEAR},
    {"attention(zeta=identity, q_std=0.8) flatten dense", SEQUENCES, LINEAR},
    {"attention(scale=sqrt, zeta=identity) flatten dense", SEQUENCES, SQRT},
    {"attention(scale=sqrt, zeta=relu, b_std=0.3) flatten dense", SEQUENCES, SQRT},
    {"attention(scale=sqrt, zeta=abs, causal=yes) flatten dense", SEQUENCES, SQRT},
    {"attention(scale=sqrt, zeta=erf, q_std=0.7) flatten dense", SEQUENCES, SQRT},
    {"attention(qk_correlation=0.6, zeta=identity, q_std=0.8) flatten dense", SEQUENCES, SQRT},
    {"attention(qk_correlation=0.3, zeta=relu) flatten dense", SEQUENCES, SQRT},
    {"attention(qk_correlation=0.8, zeta=abs) flatten dense", SEQUENCES, SQRT},
    {"attention(qk_correlation=0.5, zeta=erf, q_std=0.7) flatten dense", SEQUENCES, SQRT},
    {"attention_pool(query=learned, scale=sqrt, zeta=identity) dense", RAGGED, SQRT},
    {"attention_pool(query=learned, scale=sqrt, zeta=relu) dense", SEQUENCES, SQRT},
    {"attention_pool(query=learned, scale=sqrt, zeta=abs) dense", HOLES, SQRT},
    {"attention_pool(query=learned, scale=sqrt, zeta=erf, q_std=0.7) flatten dense", SEGMENTS, SQRT},
    {"attention(scale=sqrt, samples=4096) flatten dense", SEQUENCES, SQRT},
    {"dense attention(scale=sqrt, position=sum, decay=exponential, samples=4096) global_avg_pool dense", RAGGED, SQRT},
    {"attention(scale=sqrt, causal=yes, samples=4096) global_avg_pool dense", HOLES, SQRT},
    {"attention_pool(query=learned, scale=sqrt, samples=4096) dense", RAGGED, SQRT},
    {"dense attention(position=sum, decay=exponential, scale=sqrt, zeta=identity, q_std=0.7) flatten dense", SEQUENCES, SQRT},
    {"attention(position=concat, position_share=0.3, decay=cauchy, in_values=yes) flatten dense", SEQUENCES, LINEAR},
    {"attention(position=concat, scale=sqrt, zeta=relu, in_values=yes) global_avg_pool dense", SEQUENCES, SQRT},
    {"attention(position=only, decay=relative, decay_rate=20, q_std=2) global_avg_pool dense", RAGGED, LINEAR},
    {"dense attention(position=sum, in_values=yes, decay=relative, b_std=0.3, causal=yes) global_avg_pool dense", HOLES, LINEAR},
    {"attention(zeta=sparsemax, center=yes, skip=0.5) flatten dense", SEQUENCES, LINEAR},
    {"attention_pool(b_std=0.2) dense", RAGGED, LINEAR},
    {"dense attention_pool(zeta=identity, position=sum, decay=exponential, q_std=0.5) flatten dense", SEGMENTS, LINEAR},
    {"attention_pool(query=learned, q_std=2) dense", HOLES, LINEAR},
    {"dense concat(dense | attention, widths=16:48) layer_norm flatten dense", SEQUENCES, OTHERS},
    {"dense product(attention | dense(b_std=0.3)) flatten dense", SEQUENCES, OTHERS},
    {"dense layer_norm relu dropout(0.7) dense", VECTORS, OTHERS},
    {"dense layer_norm(axes=all, eps=0.1) relu global_avg_pool dense", HOLES, OTHERS},
};

/* Of each kernel, <empirical, exact> / <exact, exact>: mean and squared deviations over draws */
typedef struct {
  double mean[KERNELS], squares[KERNELS];
} shares;

static void add_kernel(shares *s, size_t draw, int k, const double *values, const double *exact) {
  double share = dot(values, exact, ITEMS * ITEMS) / dot(exact, exact, ITEMS * ITEMS), away = share - s->mean[k];
  s->mean[k] += away / (double)(draw + 1);
  s->squares[k] += away * (share - s->mean[k]);
}

static double error_of(const shares *s, int k) { return sqrt(s->squares[k] / ((double)draws * (double)(draws - 1))); }

static shares shares_at(limes_context *context, const limes_model *model, const limes_batch *batch, const kernels *exact,
                        size_t width) {
  limes_network_settings settings = {.width = width, .heads = width / 2, .key_width = width, .value_width = width / 2};
  settings.outputs = 1;
  double nngp[ITEMS * ITEMS], ntk[ITEMS * ITEMS];
  limes_kernel_output out = {.nngp = nngp, .ntk = ntk};
  limes_network *network = network_of(context, model, batch, &settings);
  shares found = {0};
  limes_set_threads(context, 1); /* products are small */
  for (size_t draw = 0; draw < draws; draw++) {
    limes_network_draw(network, draw);
    assert_ok(context, limes_empirical(context, network, batch, NULL, 0, LIMES_NTK_STRUCTURED, &out));
    add_kernel(&found, draw, NNGP, nngp, exact->nngp);
    add_kernel(&found, draw, NTK, ntk, exact->ntk);
  }
  limes_network_destroy(network);
  return found;
}

static void check_share(const char *what, int k, double share, double allowed) {
  if (fabs(share - 1) > allowed)
    fail_msg("%s: the sampled %s is %.4f times the exact one, allowed 1 +- %.4f", what, kernel_names[k], share, allowed);
}

/* share[KERNELS] without the part that falls like 1 / width, and its error */
static void measure(limes_context *context, const limit *l, double *share, double *error) {
  double *x = random_numbers(5, positions_of_kind(l->kind) * FEATURES);
  limes_batch *batch = items_of(context, l->kind, x);
  limes_model *model = parsed(context, l->model);
  kernels exact = kernel_of(context, l->model, batch, NULL);
  shares narrow = shares_at(context, model, batch, &exact, narrow_width);
  shares wide = shares_at(context, model, batch, &exact, 2 * narrow_width);
  for (int k = 0; k < KERNELS; k++) {
    share[k] = 2 * wide.mean[k] - narrow.mean[k];
    error[k] = hypot(2 * error_of(&wide, k), error_of(&narrow, k));
    print_message("%-100s %-4s %.4f +- %.4f\n", l->model, kernel_names[k], share[k], error[k]);
    check_share(l->model, k, share[k], 4.5 * error[k]);
  }
  free_kernels(&exact);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
  free(x);
}

/* The mean over a group's models, weighted by their precision: it must be sharp. */
static void check_group(group g, int k, double sum, double precision) {
  double share = sum / precision, error = 1 / sqrt(precision);
  print_message("%-100s %-4s %.4f +- %.4f\n", group_names[g], kernel_names[k], share, error);
  check_share(group_names[g], k, share, 4 * error);
  for (double off = 0.95; off < 1.1; off += 0.1)
    if (fabs(share / off - 1) <= 4 * error)
      fail_msg("%s: an exact %s %.2f times as large would have passed, too", group_names[g], kernel_names[k], off);
}

static void mean_kernels_over_draws_are_those_of_the_limit(void **state) {
  double precision[GROUPS][KERNELS] = {{0}}, sum[GROUPS][KERNELS] = {{0}};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    double share[KERNELS], error[KERNELS];
    measure(*state, &limits[i], share, error);
    for (int k = 0; k < KERNELS; k++) {
      sum[limits[i].group][k] += share[k] / (error[k] * error[k]);
      precision[limits[i].group][k] += 1 / (error[k] * error[k]);
    }
  }
  for (group g = LINEAR; g < GROUPS; g++)
    for (int k = 0; k < KERNELS; k++)
      check_group(g, k, sum[g][k], precision[g][k]);
}

/* Arguments: draws of each model, the narrower width */
int main(int n_arguments, char **argument) {
  if (n_arguments > 1)
    draws = strtoul(argument[1], NULL, 10);
  if (n_arguments > 2)
    narrow_width = strtoul(argument[2], NULL, 10);
  const struct CMUnitTest tests[] = {cmocka_unit_test(mean_kernels_over_draws_are_those_of_the_limit)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
