/* Sampled multi-head attention with random logits behind a dense layer, its tangent kernel by back-propagation through all of its
 * parameters, against the limit: scale=sqrt, qk_correlation, and a learned query.
 *
 * All parameters are N(0, 1), with their factors in the forward pass. Logits of a head are, with Q, K' from matrices of their
 * own, s (r <Q_a, Q_c> / d + sqrt(1 - r^2) <Q_a, K'_c> / sqrt(d)),      s = q_std k_std, d = KEY, and <q, K_c> s / sqrt(d) for a
 * query vector of the head. One output, the mean over positions; the NNGP kernel is its second moment over the output weights,
 * given all the others. The mean over draws must meet the limit within three standard errors, which must be small enough that a
 * kernel 6 % off would not pass. */
#include "kernel/laws.h"

#include "base/clones.h"
#include "base/random.h"

enum { ITEMS = 2, PAIRS = 3, T = 4, C = 4, WIDTH = 256, HEADS = 20, KEY = 64, VALUE = 8, DRAWS = 200 };
static const float w_std = 1.2f, bias = 0.4f, sharp = 1.25f * 0.8f, v_std = 1.1f, o_std = 0.9f, b_std = 0.2f;

typedef struct {
  const char *model; /* behind dense */
  float alpha;       /* zeta(u) = alpha min(u, 0) + max(u, 0) */
  float r;
  bool learned;
} network;

#define STDS "q_std=1.25, k_std=0.8, v_std=1.1, o_std=0.9, b_std=0.2"

static const network networks[] = {
    {"attention(scale=sqrt, zeta=relu, " STDS ") global_avg_pool", 0, 0, false},
    {"attention(scale=sqrt, zeta=abs, " STDS ") global_avg_pool", -1, 0, false},
    {"attention(qk_correlation=0.6, zeta=relu, " STDS ") global_avg_pool", 0, 0.6f, false},
    {"attention(qk_correlation=0.6, zeta=abs, " STDS ") global_avg_pool", -1, 0.6f, false},
    {"attention_pool(learned, scale=sqrt, zeta=relu, " STDS ")", 0, 0, true},
    {"attention_pool(learned, scale=sqrt, zeta=abs, " STDS ")", -1, 0, true},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* The next normal numbers of a draw */
typedef struct {
  limes_stream stream;
  uint64_t next;
} normal_numbers;

static void fill_normal(normal_numbers *from, size_t n, float *out) {
  enum { BLOCK = 256 };
  double block[BLOCK];
  for (size_t i = 0; i < n; i++) {
    if (i % BLOCK == 0)
      limes_normal(&from->stream, from->next + i, n - i < BLOCK ? n - i : BLOCK, block);
    out[i] = (float)block[i % BLOCK];
  }
  from->next += n + n % 2;
}

LIMES_INLINE float dot(size_t n, const float *a, const float *b) {
  float lane[8] = {0}, sum = 0;
  for (size_t i = 0; i < n; i += 8)
    for (size_t k = 0; k < 8; k++)
      lane[k] += a[i + k] * b[i + k];
  for (size_t k = 0; k < 8; k++)
    sum += lane[k];
  return sum;
}

/* out = factor W^T in, W [WIDTH, n] */
LIMES_CLONES
static void forward(size_t n, const float *W, const float *in, float factor, float *out) {
  memset(out, 0, n * sizeof *out);
  for (size_t k = 0; k < WIDTH; k++)
    for (size_t m = 0; m < n; m++)
      out[m] += factor * in[k] * W[k * n + m];
}

/* to += factor W from */
LIMES_CLONES
static void backward(size_t n, const float *W, const float *from, float factor, float *to) {
  for (size_t k = 0; k < WIDTH; k++)
    to[k] += factor * dot(n, W + k * n, from);
}

/* Weights of a head, and what they make of each position */
typedef struct {
  float Wq[WIDTH * KEY], Wk[WIDTH * KEY], Wv[WIDTH * VALUE], out[VALUE], query[KEY];
  float Q[ITEMS][T][KEY], K[ITEMS][T][KEY], V[ITEMS][T][VALUE];
} head;

/* Derivatives of the output by what the head makes of each position; u: the head's output, mean over positions */
typedef struct {
  float Q[T][KEY], K[T][KEY], V[T][VALUE], query[KEY], u[VALUE];
} derivative;

static float g[ITEMS][T][WIDTH];                          /* behind dense */
static float dense[NETWORKS][ITEMS][T][WIDTH];            /* derivative by it, all heads */
static double cov[NETWORKS][PAIRS], ntk[NETWORKS][PAIRS]; /* of one draw */

static void draw_head(normal_numbers *numbers_of, head *h) {
  fill_normal(numbers_of, WIDTH * KEY, h->Wq);
  fill_normal(numbers_of, WIDTH * KEY, h->Wk);
  fill_normal(numbers_of, WIDTH * VALUE, h->Wv);
  fill_normal(numbers_of, VALUE, h->out);
  fill_normal(numbers_of, KEY, h->query);
  float fan_in = 1 / sqrtf(WIDTH);
  for (size_t i = 0; i < ITEMS; i++)
    for (size_t a = 0; a < T; a++) {
      forward(KEY, h->Wq, g[i][a], fan_in, h->Q[i][a]);
      forward(KEY, h->Wk, g[i][a], fan_in, h->K[i][a]);
      forward(VALUE, h->Wv, g[i][a], fan_in * v_std, h->V[i][a]);
    }
}

static void add(size_t n, float factor, const float *from, float *to) {
  for (size_t i = 0; i < n; i++)
    to[i] += factor * from[i];
}

/* Query a against key c of an item, of `queries` in all */
static void attend(const network *f, const head *h, size_t item, size_t a, size_t c, size_t queries, derivative *d) {
  const float *query = f->learned ? h->query : h->Q[item][a], *key = h->K[item][c], *value = h->V[item][c];
  float tied = f->r * sharp / KEY, free = sqrtf(1 - f->r * f->r) * sharp / sqrtf(KEY);
  float logit = tied * dot(KEY, query, h->Q[item][c]) + free * dot(KEY, query, key);
  float slope = logit > 0 ? 1 : f->alpha, weight = logit * slope / (float)queries;
  float into = o_std / sqrtf(HEADS * VALUE); /* of u in the output, beside the output weights */
  add(VALUE, weight, value, d->u);
  add(VALUE, weight * into, h->out, d->V[c]);
  float by_logit = slope * into * dot(VALUE, h->out, value) / (float)queries;
  float *to_query = f->learned ? d->query : d->Q[a];
  add(KEY, by_logit * free, key, to_query);
  add(KEY, by_logit * tied, h->Q[item][c], to_query);
  add(KEY, by_logit * free, query, d->K[c]);
  add(KEY, by_logit * tied, query, d->Q[c]);
}

static void differentiate(const network *f, const head *h, size_t item, derivative *d, float by_dense[T][WIDTH]) {
  *d = (derivative){0};
  size_t queries = f->learned ? 1 : T;
  for (size_t a = 0; a < queries; a++)
    for (size_t c = 0; c < T; c++)
      attend(f, h, item, a, c, queries, d);
  float fan_in = 1 / sqrtf(WIDTH);
  for (size_t c = 0; c < T; c++) {
    backward(KEY, h->Wq, d->Q[c], fan_in, by_dense[c]);
    backward(KEY, h->Wk, d->K[c], fan_in, by_dense[c]);
    backward(VALUE, h->Wv, d->V[c], fan_in * v_std, by_dense[c]);
  }
}

/* What one head adds to both kernels of a pair of items: products of derivatives by Wq, Wk, Wv, the query and the output weights
 */
static void add_head(const derivative *x, const derivative *y, size_t i, size_t j, double *to_cov, double *to_ntk) {
  double output = o_std * o_std / (HEADS * VALUE) * dot(VALUE, x->u, y->u), sum = output + dot(KEY, x->query, y->query);
  for (size_t c = 0; c < T; c++)
    for (size_t e = 0; e < T; e++) {
      double products = dot(KEY, x->Q[c], y->Q[e]) + dot(KEY, x->K[c], y->K[e]) + v_std * v_std * dot(VALUE, x->V[c], y->V[e]);
      sum += products * dot(WIDTH, g[i][c], g[j][e]) / WIDTH;
    }
  *to_cov += output;
  *to_ntk += sum;
}

static void add_dense(const double *x, size_t f, size_t i, size_t j, double *to) {
  for (size_t c = 0; c < T; c++)
    for (size_t e = 0; e < T; e++) {
      double input = bias * bias;
      for (size_t k = 0; k < C; k++)
        input += w_std * w_std * x[(i * T + c) * C + k] * x[(j * T + e) * C + k] / C;
      *to += input * dot(WIDTH, dense[f][i][c], dense[f][j][e]);
    }
}

static void apply_dense(normal_numbers *numbers_of, const double *x) {
  static float W[(C + 1) * WIDTH];
  fill_normal(numbers_of, (C + 1) * WIDTH, W);
  for (size_t i = 0; i < ITEMS * T; i++)
    for (size_t m = 0; m < WIDTH; m++) {
      float sum = bias * W[C * WIDTH + m];
      for (size_t k = 0; k < C; k++)
        sum += w_std / sqrtf(C) * (float)x[i * C + k] * W[k * WIDTH + m];
      g[i / T][i % T][m] = sum;
    }
}

static const size_t pairs[PAIRS][2] = {{0, 0}, {0, 1}, {1, 1}};

/* Both kernels of every network, from the same weights */
static void draw(uint32_t number, const double *x) {
  static head h;
  static derivative d[ITEMS];
  normal_numbers normal = {.stream = {.seed = 2026, .key = {number}}};
  memset(dense, 0, sizeof dense);
  apply_dense(&normal, x);
  for (size_t k = 0; k < NETWORKS * PAIRS; k++)
    cov[k / PAIRS][k % PAIRS] = ntk[k / PAIRS][k % PAIRS] = b_std * b_std;
  for (size_t n = 0; n < HEADS; n++) {
    draw_head(&normal, &h);
    for (size_t f = 0; f < NETWORKS; f++) {
      for (size_t i = 0; i < ITEMS; i++)
        differentiate(&networks[f], &h, i, &d[i], dense[f][i]);
      for (size_t p = 0; p < PAIRS; p++)
        add_head(&d[pairs[p][0]], &d[pairs[p][1]], pairs[p][0], pairs[p][1], &cov[f][p], &ntk[f][p]);
    }
  }
  for (size_t f = 0; f < NETWORKS; f++)
    for (size_t p = 0; p < PAIRS; p++)
      add_dense(x, f, pairs[p][0], pairs[p][1], &ntk[f][p]);
}

typedef struct {
  double sum, square;
} moments;

static void count(moments *m, double value) {
  m->sum += value / DRAWS;
  m->square += value * value / DRAWS;
}

static void compare(const char *model, const char *kernel, size_t pair, const moments *m, double exact, double size) {
  double error = sqrt((m->square - m->sum * m->sum) / (DRAWS - 1)), off = (m->sum - exact) / error;
  if (getenv("LIMES_VERBOSE") != NULL)
    print_message("%.50s %s %zu: sampled %.5g +- %.2g, exact %.5g, %+.2f\n", model, kernel, pair, m->sum, error, exact, off);
  if (!(fabs(off) <= 3))
    fail_msg("%s: %s of pair %zu: sampled %.5g +- %.2g, exact %.5g", model, kernel, pair, m->sum, error, exact);
  if (!(3 * error < 0.12 * size))
    fail_msg("%s: %s: a standard error of %.2g would not see a kernel of %.5g that is 12 %% off", model, kernel, error, size);
}

static void sampled_networks_meet_both_kernels_of_their_limit(void **state) {
  limes_context *context = *state;
  double *x = random_numbers(21, ITEMS * T * C);
  static moments of_cov[NETWORKS][PAIRS], of_ntk[NETWORKS][PAIRS];
  for (uint32_t n = 0; n < DRAWS; n++) {
    draw(n, x);
    for (size_t f = 0; f < NETWORKS; f++)
      for (size_t p = 0; p < PAIRS; p++) {
        count(&of_cov[f][p], cov[f][p]);
        count(&of_ntk[f][p], ntk[f][p]);
      }
  }
  limes_batch *batch = batch_of(context, x, 1, ITEMS, T, 1, C, NULL);
  for (size_t f = 0; f < NETWORKS; f++) {
    char text[300];
    snprintf(text, sizeof text, "dense(w_std=1.2, b_std=0.4) %s", networks[f].model);
    kernels exact = kernel_of(context, text, batch, NULL);
    for (size_t p = 0; p < PAIRS; p++) {
      size_t at = pairs[p][0] * ITEMS + pairs[p][1];
      compare(networks[f].model, "NNGP", p, &of_cov[f][p], exact.nngp[at], sqrt(exact.nngp[0] * exact.nngp[3]));
      compare(networks[f].model, "NTK", p, &of_ntk[f][p], exact.ntk[at], sqrt(exact.ntk[0] * exact.ntk[3]));
    }
    free_kernels(&exact);
  }
  limes_batch_destroy(batch);
  free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sampled_networks_meet_both_kernels_of_their_limit)};
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
