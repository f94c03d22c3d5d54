/* Attention whose weights are sampled (docs/mathematics.md, section 5): against independent points and explicit slopes, and where
 * the answer is known. */
#include "layers/coverage.h"
#include "layers/zeta.h"

#define T_MOST 3
#define DRAWS 12000
#define POOL_DRAWS 150000 /* of one entry in place of nine, in which logits count for less */
#define ALLOWED 5.0       /* standard errors */

/* one attention, written out */

typedef struct {
  const char *parameters; /* of the word, for the model's text */
  limes_zeta zeta;
  bool pool, causal, in_values;
  double position_std, q_std, b_std;
} subject;

#define SOFTMAX                                                                                                                  \
  { .kind = LIMES_ZETA_SOFTMAX }
static const subject subjects[] = {
    {"q_std=1.5", SOFTMAX, false, false, false, 0, 1.5, 0},
    {"q_std=1.5, b_std=0.3, causal=yes", SOFTMAX, false, true, false, 0, 1.5, 0.3},
    {"position=sum, position_std=0.8, in_values=yes", SOFTMAX, false, false, true, 0.8, 1, 0},
    {"position=sum, position_std=0.8", SOFTMAX, false, false, false, 0.8, 1, 0},
    {"zeta=sparsemax", {.kind = LIMES_ZETA_SPARSEMAX}, false, false, false, 0, 1, 0},
    {"zeta=entmax15, q_std=1.5", {.kind = LIMES_ZETA_ENTMAX15}, false, false, false, 0, 1.5, 0},
    {"zeta=topk(2), q_std=1.5", {.kind = LIMES_ZETA_TOPK, .k = 2}, false, false, false, 0, 1.5, 0},
    {"prune=0.2, q_std=1.5", {.kind = LIMES_ZETA_SOFTMAX, .prune = 0.2}, false, false, false, 0, 1.5, 0},
    {"query=learned, q_std=3, b_std=0.3", SOFTMAX, true, false, false, 0, 3, 0.3},
    {"query=learned, q_std=1.5, zeta=entmax15", {.kind = LIMES_ZETA_ENTMAX15}, true, false, false, 0, 1.5, 0},
};
#define SUBJECTS (sizeof subjects / sizeof *subjects)

/* K and Theta of all positions of both items in front of the layer, K~ and Theta~, and a factor of K~ */
typedef struct {
  size_t n, split; /* positions of both, of the first */
  double cov[2 * T_MOST][2 * T_MOST], ntk[2 * T_MOST][2 * T_MOST];
  double tilde[2 * T_MOST][2 * T_MOST], tilde_ntk[2 * T_MOST][2 * T_MOST], factor[2 * T_MOST][2 * T_MOST];
} surroundings;

static void factorize(surroundings *s) {
  for (size_t j = 0; j < s->n; j++)
    for (size_t i = j; i < s->n; i++) {
      double rest = s->tilde[i][j];
      for (size_t k = 0; k < j; k++)
        rest -= s->factor[i][k] * s->factor[j][k];
      s->factor[i][j] = i == j ? sqrt(fmax(rest, 0)) : s->factor[j][j] > 1e-7 ? rest / s->factor[j][j] : 0;
    }
}

static void surround(limes_context *context, const subject *f, const limes_batch *x, size_t T, size_t T_y, surroundings *s) {
  kernels k = positions_of(context, "dense(w_std=1.5) relu dense(w_std=1.5)", x, NULL); /* [2, 2, T, T] */
  size_t width = T > T_y ? T : T_y;
  s->n = T + T_y;
  s->split = T;
  for (size_t i = 0; i < s->n; i++)
    for (size_t j = 0; j < s->n; j++) {
      size_t item = i >= T, other = j >= T, a = i - item * T, b = j - other * T;
      size_t at = ((2 * item + other) * width + a) * width + b;
      double r = a == b ? f->position_std * f->position_std : 0;
      s->cov[i][j] = k.nngp[at];
      s->ntk[i][j] = k.ntk[at];
      s->tilde[i][j] = k.nngp[at] + r;
      s->tilde_ntk[i][j] = k.ntk[at] + r;
    }
  free_kernels(&k);
  factorize(s);
}

/* Weights of query a of one item from its logits */
static void weights_of(const subject *f, size_t T, size_t a, const double *logits, double *weights) {
  double heap[T_MOST];
  size_t seen = f->causal ? a + 1 : T;
  for (size_t c = 0; c < T; c++)
    weights[c] = c < seen ? logits[c] : 0;
  limes_zeta_weights(&f->zeta, seen, weights, heap);
}

/* slope[c][e] = d weight c / d logit e, by differences */
static void slopes_of(const subject *f, size_t T, size_t a, const double *logits, double slope[T_MOST][T_MOST]) {
  const double step = 1e-6;
  for (size_t e = 0; e < T; e++) {
    double moved[T_MOST], above[T_MOST], below[T_MOST];
    memcpy(moved, logits, T * sizeof *moved);
    moved[e] += step;
    weights_of(f, T, a, moved, above);
    moved[e] -= 2 * step;
    weights_of(f, T, a, moved, below);
    for (size_t c = 0; c < T; c++)
      slope[c][e] = (above[c] - below[c]) / (2 * step);
  }
}

/* Logits of all positions of both items: [query][key]; a learned query has one row for both */
static void draw_logits(const subject *f, const surroundings *s, random_stream *stream, double G[2 * T_MOST][2 * T_MOST]) {
  double E[2 * T_MOST][2 * T_MOST], half[2 * T_MOST][2 * T_MOST];
  for (size_t i = 0; i < (f->pool ? 1 : s->n); i++)
    for (size_t j = 0; j < s->n; j++)
      E[i][j] = f->q_std * random_normal(stream);
  for (size_t i = 0; i < (f->pool ? 1 : s->n); i++)
    for (size_t j = 0; j < s->n; j++) {
      half[i][j] = 0;
      for (size_t k = 0; k <= j; k++)
        half[i][j] += E[i][k] * s->factor[j][k];
    }
  for (size_t i = 0; i < s->n; i++)
    for (size_t j = 0; j < s->n; j++) {
      G[i][j] = f->pool ? half[0][j] : 0;
      for (size_t k = 0; k <= i && !f->pool; k++)
        G[i][j] += s->factor[i][k] * half[k][j];
    }
}

/* One draw of K and Theta between query a of the first item and b of the second, v_std = o_std = 1 */
static void one_draw(const subject *f, const surroundings *s, size_t a, size_t b, double G[2 * T_MOST][2 * T_MOST],
                     double out[2]) {
  size_t T = s->split, T_y = s->n - T;
  double x[T_MOST], y[T_MOST], dx[T_MOST][T_MOST], dy[T_MOST][T_MOST], q2 = f->q_std * f->q_std;
  weights_of(f, T, a, G[a], x);
  weights_of(f, T_y, b, G[T + b] + T, y);
  slopes_of(f, T, a, G[a], dx);
  slopes_of(f, T_y, b, G[T + b] + T, dy);
  double cov = 0, ntk = 0, K_ab = f->pool ? 1 : s->tilde[a][T + b], Theta_ab = f->pool ? 0 : s->tilde_ntk[a][T + b];
  for (size_t c = 0; c < T; c++)
    for (size_t d = 0; d < T_y; d++) {
      double V = f->in_values ? s->tilde[c][T + d] : s->cov[c][T + d];
      cov += x[c] * y[d] * V;
      ntk += x[c] * y[d] * (f->in_values ? s->tilde_ntk[c][T + d] : s->ntk[c][T + d]);
      for (size_t e = 0; e < T; e++)
        for (size_t g = 0; g < T_y; g++) {
          double K_eg = s->tilde[e][T + g], Theta_eg = s->tilde_ntk[e][T + g];
          ntk += q2 * V * dx[c][e] * dy[d][g] * (2 * K_ab * K_eg + Theta_ab * K_eg + K_ab * Theta_eg);
        }
    }
  out[NNGP] = cov + f->b_std * f->b_std;
  out[NTK] = ntk + 2 * cov + f->b_std * f->b_std;
}

/* Mean and standard error over independent draws, all queries; [T T_y] or one number */
static void brute_force(const subject *f, const surroundings *s, double mean[2][T_MOST * T_MOST],
                        double error[2][T_MOST * T_MOST]) {
  random_stream stream = {12345};
  size_t T = f->pool ? 1 : s->split, T_y = f->pool ? 1 : s->n - s->split, draws = f->pool ? POOL_DRAWS : DRAWS;
  double square[2][T_MOST * T_MOST] = {{0}};
  memset(mean, 0, sizeof square);
  for (size_t draw = 0; draw < draws; draw++) {
    double G[2 * T_MOST][2 * T_MOST], value[2];
    draw_logits(f, s, &stream, G);
    for (size_t i = 0; i < T * T_y; i++) {
      one_draw(f, s, i / T_y, i % T_y, G, value);
      for (int kernel = 0; kernel < BOTH; kernel++) {
        mean[kernel][i] += value[kernel] / (double)draws;
        square[kernel][i] += value[kernel] * value[kernel] / (double)draws;
      }
    }
  }
  for (int kernel = 0; kernel < BOTH; kernel++)
    for (size_t i = 0; i < T * T_y; i++)
      error[kernel][i] = sqrt(fmax(square[kernel][i] - mean[kernel][i] * mean[kernel][i], 0) / (double)draws);
}

/* Everything that limes has between the first item and the second: [a, b] */
static estimate cells(limes_context *context, const subject *f, const limes_batch *x, size_t T) {
  char text[300];
  snprintf(text, sizeof text, "dense(w_std=1.5) relu dense(w_std=1.5) %s(scale=sqrt, samples=%d, %s)",
           f->pool ? "attention_pool" : "attention", f->pool ? 131072 : 8192, f->parameters);
  limes_model *model = parsed(context, text);
  unsigned axes;
  size_t size[4];
  estimate e = new_estimate(4, f->pool ? 1 : T * T);
  limes_kernel_output out = output_of(&e);
  if ((f->pool ? limes_kernel(context, model, x, NULL, &out)
               : limes_kernel_positions(context, model, x, NULL, &out, &axes, size)) != LIMES_OK)
    fail_msg("%s: %s", text, limes_error(context));
  limes_model_destroy(model);
  return e;
}

/* Where neither has an error, by what rounding and differences leave */
static double distance(double value, double error, double other, double other_error) {
  double allowed = sqrt(error * error + other_error * other_error) + 1e-8 * fabs(other);
  return fabs(value - other) / allowed;
}

static void sampled_attention_is_the_mean_over_independent_draws(void **state) {
  for (size_t i = 0; i < SUBJECTS; i++) {
    const subject *f = &subjects[i];
    static surroundings s;
    double mean[2][T_MOST * T_MOST], error[2][T_MOST * T_MOST];
    limes_batch *x = random_sequences(*state, i, 2, T_MOST, 2);
    surround(*state, f, x, T_MOST, T_MOST, &s);
    brute_force(f, &s, mean, error);
    estimate e = cells(*state, f, x, T_MOST);
    for (int kernel = 0; kernel < BOTH; kernel++)
      for (size_t k = 0; k < e.columns; k++) {
        size_t at = e.columns + k; /* of the pair (0, 1) */
        double far = distance(e.mean[kernel][at], e.error[kernel][at], mean[kernel][k], error[kernel][k]);
        if (!(far < ALLOWED))
          fail_msg("%s, %s %zu: %.6g +- %.2g, and independent draws have %.6g +- %.2g", f->parameters,
                   kernel == NNGP ? "NNGP" : "NTK", k, e.mean[kernel][at], e.error[kernel][at], mean[kernel][k],
                   error[kernel][k]);
        if (!(e.error[kernel][at] < 0.02 * (fabs(mean[kernel][k]) + 0.1)))
          fail_msg("%s: an error of %.2g is no test", f->parameters, e.error[kernel][at]);
      }
    free_estimate(&e);
    limes_batch_destroy(x);
  }
}

/* known answers */

static void assert_exact(const estimate *e, const kernels *k, const char *what) {
  size_t n = e->rows * e->columns;
  assert_near(e->mean[NNGP], k->nngp, n, 1e-12, what);
  assert_near(e->mean[NTK], k->ntk, n, 1e-12, what);
  for (size_t i = 0; i < n; i++)
    if (e->error[NNGP][i] != 0 || e->error[NTK][i] != 0)
      fail_msg("%s: entry %zu has errors of %g and %g", what, i, e->error[NNGP][i], e->error[NTK][i]);
}

/* The weight of one key is 1, and attention is its values: two affine layers. */
static void one_position_has_the_weight_one(void **state) {
  limes_batch *x = random_sequences(*state, 1, 4, 1, 3);
  const char *const texts[][2] = {
      {"dense relu dense attention(scale=sqrt, v_std=1.5, o_std=0.8, b_std=0.3) relu flatten dense",
       "dense relu dense attention(v_std=1.5, o_std=0.8, b_std=0.3) relu flatten dense"},
      {"dense relu dense attention_pool(query=learned, scale=sqrt, v_std=1.5, b_std=0.3) relu dense",
       "dense relu dense attention_pool(v_std=1.5, b_std=0.3) relu dense"},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    estimate e = estimate_of(*state, texts[i][0], x, NULL);
    kernels k = kernel_of(*state, texts[i][1], x, NULL);
    assert_exact(&e, &k, texts[i][0]);
    free_estimate(&e);
    free_kernels(&k);
  }
  limes_batch_destroy(x);
}

/* Without logits every key has the same weight, as at scale=linear. */
static void logits_of_nothing_pay_equal_attention(void **state) {
  limes_batch *x = random_sequences(*state, 2, 3, 5, 3);
  const char *const texts[][2] = {
      {"dense relu dense attention(scale=sqrt, q_std=0, b_std=0.3) relu flatten dense",
       "dense relu dense attention(q_std=0, b_std=0.3) relu flatten dense"},
      {"dense attention(scale=sqrt, k_std=0, causal=yes, position=sum, in_values=yes) relu global_avg_pool dense",
       "dense attention(k_std=0, causal=yes, position=sum, in_values=yes) relu global_avg_pool dense"},
      {"dense attention_pool(query=learned, scale=sqrt, q_std=0) relu dense", "dense attention_pool(query=learned) relu dense"},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    estimate e = estimate_of(*state, texts[i][0], x, NULL);
    kernels k = kernel_of(*state, texts[i][1], x, NULL);
    assert_exact(&e, &k, texts[i][0]);
    free_estimate(&e);
    free_kernels(&k);
  }
  limes_batch_destroy(x);
}

static void exact_models_have_no_error(void **state) {
  limes_batch *x = random_sequences(*state, 3, 4, 5, 3);
  const char *text = "conv(3) relu attention(scale=sqrt, zeta=relu) relu global_avg_pool dense";
  estimate e = estimate_of(*state, text, x, NULL);
  kernels k = kernel_of(*state, text, x, NULL);
  assert_exact(&e, &k, text);
  free_estimate(&e);
  free_kernels(&k);
  limes_batch_destroy(x);
}

/* order, seeds, duplicates */

static const char *const orderly[] = {
    "dense attention(scale=sqrt, samples=64, q_std=2) relu global_avg_pool dense",
    "dense attention(scale=sqrt, samples=32) relu dense attention(scale=sqrt, samples=32, zeta=sparsemax) global_avg_pool dense",
    "dense attention_pool(query=learned, scale=sqrt, samples=64) relu dense",
    "sum(dense attention(scale=sqrt, samples=32) | dense) relu residual(dense relu dense) flatten dense",
};
#define ORDERLY (sizeof orderly / sizeof *orderly)

static limes_batch *some_items(limes_context *context, const size_t *which, size_t n) {
  const size_t T = 4, C = 3;
  double *all = random_numbers(9, 64 * T * C), *x = numbers(n * T * C);
  for (size_t i = 0; i < n; i++)
    memcpy(x + i * T * C, all + which[i] * T * C, T * C * sizeof *x);
  limes_batch *batch = batch_of(context, x, 1, n, T, 1, C, NULL);
  free(all);
  free(x);
  return batch;
}

/* Entries are functions of their two items: of no order, no block, no batch. Sorted they come out of other tiles. */
static void an_entry_depends_on_its_items_alone(void **state) {
  enum { N = 18 };
  size_t order[N], turned[N], few[2] = {7, 15};
  for (size_t i = 0; i < N; i++) {
    order[i] = i;
    turned[i] = (7 * i + 3) % N;
  }
  for (size_t m = 0; m < ORDERLY; m++) {
    limes_batch *x = some_items(*state, order, N), *y = some_items(*state, turned, N), *z = some_items(*state, few, 2);
    estimate whole = estimate_of(*state, orderly[m], x, NULL), other = estimate_of(*state, orderly[m], y, NULL),
             part = estimate_of(*state, orderly[m], z, x), transposed = estimate_of(*state, orderly[m], x, z);
    for (int kernel = 0; kernel < BOTH; kernel++)
      for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++)
          assert_close_at(other.mean[kernel][i * N + j], whole.mean[kernel][turned[i] * N + turned[j]], 1e-7, i * N + j);
        for (size_t k = 0; k < 2; k++) {
          assert_close_at(part.mean[kernel][k * N + i], whole.mean[kernel][few[k] * N + i], 1e-7, i);
          assert_close_at(part.error[kernel][k * N + i], whole.error[kernel][few[k] * N + i], 1e-7, i);
          assert_close_at(transposed.mean[kernel][2 * i + k], part.mean[kernel][k * N + i], 1e-7, i);
        }
      }
    free_estimate(&whole);
    free_estimate(&other);
    free_estimate(&part);
    free_estimate(&transposed);
    limes_batch_destroy(x);
    limes_batch_destroy(y);
    limes_batch_destroy(z);
  }
}

/* Another seed gives other numbers; one in the text stays, whatever the context's. */
static void seeds_choose_the_numbers(void **state) {
  limes_context *context = *state;
  const size_t which[3] = {0, 1, 2};
  limes_batch *x = some_items(context, which, 3);
  const char *free_text = "dense attention(scale=sqrt, samples=32) flatten dense",
             *fixed = "dense attention(scale=sqrt, samples=32, seed=1) flatten dense";
  limes_set_seed(context, 1);
  estimate one = estimate_of(context, free_text, x, NULL);
  limes_set_seed(context, 2);
  estimate two = estimate_of(context, free_text, x, NULL), kept = estimate_of(context, fixed, x, NULL);
  assert_same_bits(kept.mean[NTK], one.mean[NTK], 9, fixed);
  for (size_t i = 0; i < 9; i++)
    if (one.mean[NNGP][i] == two.mean[NNGP][i] || one.mean[NTK][i] == two.mean[NTK][i])
      fail_msg("entry %zu is the same with either seed", i);
  limes_set_seed(context, 0);
  free_estimate(&one);
  free_estimate(&two);
  free_estimate(&kept);
  limes_batch_destroy(x);
}

/* Bits, on one thread or three */
static void threads_change_no_bit(void **state) {
  size_t order[12];
  for (size_t i = 0; i < 12; i++)
    order[i] = i;
  limes_batch *x = some_items(*state, order, 12);
  estimate e[2];
  for (unsigned k = 0; k < 2; k++) {
    limes_set_threads(*state, 1 + 2 * k);
    e[k] = estimate_of(*state, orderly[1], x, NULL);
  }
  limes_set_threads(*state, 0);
  for (int kernel = 0; kernel < BOTH; kernel++) {
    assert_same_bits(e[1].mean[kernel], e[0].mean[kernel], 144, orderly[1]);
    assert_same_bits(e[1].error[kernel], e[0].error[kernel], 144, orderly[1]);
  }
  free_estimate(&e[0]);
  free_estimate(&e[1]);
  limes_batch_destroy(x);
}

static int stop_at_once(void *user, const char *what, double done, double seconds_left) {
  (void)what;
  (void)done;
  (void)seconds_left;
  return ++*(int *)user;
}

/* Within one pair, not behind it: the whole work would take many times as long. */
static void interruption_comes_between_randomizations(void **state) {
  limes_batch *x = random_sequences(*state, 5, 2, 12, 3);
  limes_model *model = parsed(*state, "dense attention(scale=sqrt, samples=65536, q_std=2) global_avg_pool");
  double nngp[4];
  int calls = 0;
  limes_set_threads(*state, 1);
  limes_set_progress(*state, stop_at_once, &calls);
  assert_int_equal(limes_kernel(*state, model, x, NULL, &(limes_kernel_output){.nngp = nngp}), LIMES_INTERRUPTED);
  limes_set_progress(*state, NULL, NULL);
  limes_set_threads(*state, 0);
  limes_model_destroy(model);
  limes_batch_destroy(x);
}

/* Copies of an item are rows alike, whose entry with one another is their variance. */
static void copies_have_one_row(void **state) {
  const size_t which[5] = {3, 8, 3, 8, 8};
  for (size_t m = 0; m < ORDERLY; m++) {
    limes_batch *x = some_items(*state, which, 5);
    estimate e = estimate_of(*state, orderly[m], x, NULL);
    for (size_t j = 0; j < 5; j++) {
      assert_close_at(e.mean[NNGP][10 + j], e.mean[NNGP][j], 1e-7, j);
      assert_close_at(e.mean[NNGP][15 + j], e.mean[NNGP][5 + j], 1e-7, j);
    }
    free_estimate(&e);
    limes_batch_destroy(x);
  }
}

/* Zeros, repeated tokens, items a hair apart, unequal lengths: no NaN, and variances are not below zero. */
static void degenerate_items_have_finite_kernels(void **state) {
  enum { N = 6, C = 3 };
  const size_t lengths[N] = {1, 5, 5, 2, 5, 3};
  size_t total = 21;
  double *x = random_numbers(4, total * C);
  memset(x, 0, C * sizeof *x);
  for (size_t i = 0; i < 5 * C; i++) {
    x[6 * C + i] = x[C + i] * (1 + 1e-9 * (double)i);
    x[13 * C + i] = x[13 * C + i % C];
  }
  limes_batch *batch = NULL;
  assert_ok(*state, limes_batch_create_ragged(*state, N, C, lengths, x, &batch));
  const char *const texts[] = {orderly[0], orderly[1], orderly[2],
                               "attention(scale=sqrt, samples=32, q_std=30) erf global_avg_pool dense"};
  for (size_t m = 0; m < sizeof texts / sizeof *texts; m++) {
    estimate e = estimate_of(*state, texts[m], batch, NULL);
    for (size_t i = 0; i < N * N; i++)
      for (int kernel = 0; kernel < BOTH; kernel++) {
        assert_true(isfinite(e.mean[kernel][i]) && isfinite(e.error[kernel][i]) && e.error[kernel][i] >= 0);
        assert_true(i % (N + 1) != 0 || e.mean[kernel][i] >= 0);
      }
    free_estimate(&e);
  }
  limes_batch_destroy(batch);
  free(x);
}

/* The full version is test_sampled_coverage; bounds are four deviations of a share of 40. */
static void intervals_cover_the_truth(void **state) { assert_covered(*state, 40, "8192", 0.8, 1); }

/* The mean over many seeds is the truth, although a relu bends what each randomization gives it. */
static void curved_layers_leave_no_bias(void **state) {
  enum { SEEDS = 250 };
  const char *text = "dense attention(scale=sqrt, q_std=2, samples=%s) relu global_avg_pool dense";
  char few[100], many[100];
  snprintf(few, sizeof few, text, "128");
  snprintf(many, sizeof many, text, "262144");
  limes_batch *x = random_sequences(*state, 3, 1, 3, 3), *y = random_sequences(*state, 4, 1, 3, 3);
  estimate truth = estimate_of(*state, many, x, y);
  double mean[BOTH] = {0}, square[BOTH] = {0};
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    limes_set_seed(*state, seed);
    estimate e = estimate_of(*state, few, x, y);
    for (int kernel = 0; kernel < BOTH; kernel++) {
      mean[kernel] += e.mean[kernel][0] / SEEDS;
      square[kernel] += e.mean[kernel][0] * e.mean[kernel][0] / SEEDS;
    }
    free_estimate(&e);
  }
  limes_set_seed(*state, 0);
  for (int kernel = 0; kernel < BOTH; kernel++) {
    double error = sqrt((square[kernel] - mean[kernel] * mean[kernel]) / SEEDS);
    print_message("%s: off by %.2g, standard error %.2g\n", kernel == NNGP ? "NNGP" : "NTK", mean[kernel] - truth.mean[kernel][0],
                  error);
    assert_close_at(mean[kernel], truth.mean[kernel][0], 4 * error, kernel);
  }
  free_estimate(&truth);
  limes_batch_destroy(x);
  limes_batch_destroy(y);
}

/* Four times the points halve the error. */
static void more_points_have_smaller_errors(void **state) {
  const size_t which[6] = {0, 1, 2, 3, 4, 5};
  limes_batch *x = some_items(*state, which, 6);
  estimate few = estimate_of(*state, "dense attention(scale=sqrt, samples=128) flatten dense", x, NULL),
           many = estimate_of(*state, "dense attention(scale=sqrt, samples=2048) flatten dense", x, NULL);
  for (int kernel = 0; kernel < BOTH; kernel++) {
    double squares[2] = {0};
    for (size_t i = 0; i < 36; i++) {
      squares[0] += few.error[kernel][i] * few.error[kernel][i];
      squares[1] += many.error[kernel][i] * many.error[kernel][i];
    }
    double ratio = sqrt(squares[0] / squares[1]);
    if (ratio < 3 || ratio > 9)
      fail_msg("16 times the points make errors %.3g times smaller", ratio);
  }
  free_estimate(&few);
  free_estimate(&many);
  limes_batch_destroy(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sampled_attention_is_the_mean_over_independent_draws),
      cmocka_unit_test(one_position_has_the_weight_one),
      cmocka_unit_test(logits_of_nothing_pay_equal_attention),
      cmocka_unit_test(exact_models_have_no_error),
      cmocka_unit_test(an_entry_depends_on_its_items_alone),
      cmocka_unit_test(seeds_choose_the_numbers),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(interruption_comes_between_randomizations),
      cmocka_unit_test(copies_have_one_row),
      cmocka_unit_test(degenerate_items_have_finite_kernels),
      cmocka_unit_test(intervals_cover_the_truth),
      cmocka_unit_test(curved_layers_leave_no_bias),
      cmocka_unit_test(more_points_have_smaller_errors),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
