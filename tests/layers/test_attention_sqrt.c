/* attention with scale=sqrt against its sums over all queries and keys (docs/mathematics.md, section 5), written as loops in long
 * double: T^4 terms a pair. */
#include "kernel/laws.h"
#include "layers/gaussian_pairs.h"

#define MOST 24
#define FEATURES 3
#define TOLERANCE 1e-10

/* The visible positions of one item */
typedef struct {
  size_t size[2], T, place[MOST];
  double x[MOST][FEATURES];
} item;

enum { NO_POSITIONS, SUM, CONCAT, ONLY };
enum { NO_DECAY, CAUCHY, EXPONENTIAL, RELATIVE };
static const char *const position_words[] = {"none", "sum", "concat", "only"};
static const char *const decays[] = {"none", "cauchy", "exponential", "relative"};

typedef struct {
  nonlinearity zeta;
  int position, decay;
  bool in_values, causal, relu_before;
  bool between; /* qk_correlation in place of scale=sqrt */
  double correlation, bias, q_std, k_std, v_std, o_std, b_std, position_std, share, rate;
  unsigned axes;
} attention;

/* K and Theta in front of attention */
static void before(const attention *f, const item *x, size_t a, const item *y, size_t b, real *cov, real *ntk) {
  real dot[3] = {0};
  for (size_t c = 0; c < FEATURES; c++) {
    dot[0] += (real)x->x[a][c] * y->x[b][c] / FEATURES;
    dot[1] += (real)x->x[a][c] * x->x[a][c] / FEATURES;
    dot[2] += (real)y->x[b][c] * y->x[b][c] / FEATURES;
  }
  for (int k = 0; k < 3; k++)
    dot[k] = 1.5625L * dot[k] + (real)f->bias * f->bias;
  *cov = *ntk = dot[0];
  if (f->relu_before) {
    real slope;
    dual(zetas[1], dot[0], sqrtl(dot[1] * dot[2]), cov, &slope);
    *ntk *= slope;
  }
  *ntk += *cov; /* dense */
}

static real embedding(const attention *f, const item *x, size_t a, const item *y, size_t b) {
  real d = 0;
  for (unsigned axis = f->axes == 2 ? 0 : 1; axis < 2; axis++) {
    size_t n = x->size[axis], m = y->size[axis];
    real left = (real)(axis == 0 ? x->place[a] / x->size[1] : x->place[a] % x->size[1]),
         right = (real)(axis == 0 ? y->place[b] / y->size[1] : y->place[b] % y->size[1]);
    d += f->decay == RELATIVE ? powl(left / (real)n - right / (real)m, 2) / f->axes : powl(left - right, 2);
  }
  return f->decay == CAUCHY ? 1 / (1 + f->rate * d) : f->decay == NO_DECAY ? (real)(d == 0) : expl(-f->rate * d);
}

static real tilde(const attention *f, real value, real r) {
  real p2 = (real)f->position_std * f->position_std;
  return f->position == NO_POSITIONS ? value
         : f->position == SUM        ? value + p2 * r
         : f->position == ONLY       ? p2 * r
                                     : (1 - f->share) * value + f->share * p2 * r;
}

typedef struct {
  real cov[MOST][MOST], ntk[MOST][MOST];             /* K, Theta */
  real tilde_cov[MOST][MOST], tilde_ntk[MOST][MOST]; /* K~, Theta~ */
  real x[MOST], y[MOST];                             /* K~_aa of either */
  real own_x[MOST][MOST], own_y[MOST][MOST];         /* K~ of either */
} pair;

static void fill(const attention *f, const item *x, const item *y, pair *z) {
  for (size_t a = 0; a < x->T; a++)
    for (size_t b = 0; b < y->T; b++) {
      real r = embedding(f, x, a, y, b);
      before(f, x, a, y, b, &z->cov[a][b], &z->ntk[a][b]);
      z->tilde_cov[a][b] = tilde(f, z->cov[a][b], r);
      z->tilde_ntk[a][b] = tilde(f, z->ntk[a][b], r);
    }
  for (int side = 0; side < 2; side++) {
    const item *one = side == 0 ? x : y;
    for (size_t a = 0; a < one->T; a++)
      for (size_t c = 0; c < one->T; c++) {
        real cov, ntk;
        before(f, one, a, one, c, &cov, &ntk);
        (side == 0 ? z->own_x : z->own_y)[a][c] = tilde(f, cov, embedding(f, one, a, one, c));
        (side == 0 ? z->x : z->y)[a] = (side == 0 ? z->own_x : z->own_y)[a][a];
      }
  }
}

/* Outputs cov, ntk [T, T'] */
static void attend(const attention *f, const item *x, const item *y, double *cov, double *ntk) {
  static pair z;
  fill(f, x, y, &z);
  real sharp2 = powl((real)f->q_std * f->k_std, 2), r2 = f->between ? (real)f->correlation * f->correlation : 0;
  real qk2 = sharp2 * (1 - r2), ov2 = powl((real)f->v_std * f->o_std, 2), b2 = (real)f->b_std * f->b_std;
  for (size_t a = 0; a < x->T; a++)
    for (size_t b = 0; b < y->T; b++) {
      real values = 0, rest = 0, ab = z.tilde_cov[a][b];
      for (size_t c = 0; c < (f->causal ? a + 1 : x->T); c++)
        for (size_t d = 0; d < (f->causal ? b + 1 : y->T); d++) {
          real cd = z.tilde_cov[c][d], value, slope;
          real k = f->in_values ? cd : z.cov[c][d], t = f->in_values ? z.tilde_ntk[c][d] : z.ntk[c][d];
          real left = sqrtl(r2 * sharp2) * z.own_x[a][c], right = sqrtl(r2 * sharp2) * z.own_y[b][d];
          if (r2 > 0)
            dual_with_means(f->zeta, left, right, qk2 * ab * cd, qk2 * z.x[a] * z.x[c], qk2 * z.y[b] * z.y[d], &value, &slope);
          else if (f->zeta.erf)
            erf_dual(qk2 * ab * cd, qk2 * z.x[a] * z.x[c], qk2 * z.y[b] * z.y[d], &value, &slope);
          else
            dual(f->zeta, qk2 * ab * cd, qk2 * sqrtl(z.x[a] * z.x[c] * z.y[b] * z.y[d]), &value, &slope);
          values += k * value;
          rest += t * value + k * slope * qk2 * (2 * ab * cd + z.tilde_ntk[a][b] * cd + ab * z.tilde_ntk[c][d]);
        }
      cov[a * y->T + b] = (double)(ov2 * values + b2);
      ntk[a * y->T + b] = (double)(b2 + 2 * ov2 * values + ov2 * rest);
    }
}

static void describe(const attention *f, char *text, size_t room) {
  char correlation[32];
  snprintf(correlation, sizeof correlation, "%g", f->correlation);
  int length =
      snprintf(text, room,
               "dense(w_std=1.25, b_std=%g) %s dense attention(%s=%s, zeta=%s, causal=%s, q_std=%g, k_std=%g, "
               "v_std=%g, o_std=%g, b_std=%g",
               f->bias, f->relu_before ? "relu" : "", f->between ? "qk_correlation" : "scale", f->between ? correlation : "sqrt",
               f->zeta.zeta, f->causal ? "yes" : "no", f->q_std, f->k_std, f->v_std, f->o_std, f->b_std);
  if (f->position != NO_POSITIONS)
    length +=
        snprintf(text + length, room - (size_t)length,
                 ", position=%s, position_std=%g, position_share=%g, decay=%s, decay_rate=%g, in_values=%s",
                 position_words[f->position], f->position_std, f->share, decays[f->decay], f->rate, f->in_values ? "yes" : "no");
  snprintf(text + length, room - (size_t)length, ")");
}

static attention plain(int zeta, unsigned axes) {
  return (attention){.zeta = zetas[zeta], .bias = 0.5, .q_std = 1, .k_std = 1, .v_std = 1, .o_std = 1, .rate = 1, .axes = axes};
}

static double tenths(random_stream *stream, size_t low, size_t high) { return (double)random_count(stream, low, high) / 10; }

static attention random_attention(random_stream *stream, unsigned trial, unsigned axes) {
  attention f = plain((int)(trial % 4), axes);
  f.position = (int)(trial / 4 % 4);
  f.decay = (int)random_count(stream, NO_DECAY, axes == 2 ? EXPONENTIAL : RELATIVE);
  f.in_values = (f.position == SUM || f.position == CONCAT) && random_count(stream, 0, 1) == 1;
  f.causal = random_count(stream, 0, 2) == 0;
  f.between = random_count(stream, 0, trial % 4 == IDENTITY ? 1 : 3) == 1;
  f.correlation = tenths(stream, 0, 10);
  f.relu_before = random_count(stream, 0, 1) == 1;
  f.q_std = tenths(stream, 5, 20);
  f.k_std = tenths(stream, 5, 20);
  f.v_std = tenths(stream, 5, 20);
  f.o_std = tenths(stream, 5, 20);
  f.b_std = tenths(stream, 0, 5);
  f.bias = tenths(stream, 0, 8);
  f.position_std = tenths(stream, 3, 15);
  f.share = tenths(stream, 1, 9);
  f.rate = tenths(stream, 1, 30);
  return f;
}

/* items of one size, hidden[i * T + a]; their visible positions */
static limes_batch *batch_and_items(limes_context *context, const double *x, const uint8_t *hidden, unsigned axes, size_t items,
                                    const size_t size[2], item *visible) {
  size_t T = size[0] * size[1];
  for (size_t i = 0; i < items; i++) {
    item *to = &visible[i];
    *to = (item){.size = {size[0], size[1]}};
    for (size_t a = 0; a < T; a++) {
      if (hidden != NULL && hidden[i * T + a])
        continue;
      to->place[to->T] = a;
      memcpy(to->x[to->T++], x + (i * T + a) * FEATURES, sizeof to->x[0]);
    }
    if (axes == 1 && to->place[to->T - 1] == to->T - 1)
      to->size[1] = to->T; /* a tail is cut off */
  }
  return batch_of(context, x, axes, items, axes == 2 ? size[0] : size[1], axes == 2 ? size[1] : 1, FEATURES, hidden);
}

/* All positions of all pairs, relative to the pair's largest entry */
static void compare_positions(limes_context *context, const attention *f, const limes_batch *batch, const item *items, size_t n) {
  char text[600];
  static double cov[MOST * MOST], ntk[MOST * MOST];
  describe(f, text, sizeof text);
  kernels k = positions_of(context, text, batch, NULL);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      attend(f, &items[i], &items[j], cov, ntk);
      assert_near(k.nngp + (i * n + j) * k.columns, cov, k.columns, TOLERANCE, text);
      assert_near(k.ntk + (i * n + j) * k.columns, ntk, k.columns, TOLERANCE, text);
    }
  free_kernels(&k);
}

static void compare_pools(limes_context *context, const attention *f, const limes_batch *batch, const item *items, size_t n) {
  char text[600];
  static double cov[MOST * MOST], ntk[MOST * MOST];
  describe(f, text, sizeof text);
  strcat(text, " global_avg_pool");
  kernels k = kernel_of(context, text, batch, NULL);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      double mean_cov = 0, mean_ntk = 0, most_cov = 0, most_ntk = 0;
      size_t elements = items[i].T * items[j].T;
      attend(f, &items[i], &items[j], cov, ntk);
      for (size_t e = 0; e < elements; e++) {
        mean_cov += cov[e] / (double)elements;
        mean_ntk += ntk[e] / (double)elements;
        most_cov = fmax(most_cov, fabs(cov[e]));
        most_ntk = fmax(most_ntk, fabs(ntk[e]));
      }
      if (fabs(k.nngp[i * n + j] - mean_cov) > TOLERANCE * most_cov || fabs(k.ntk[i * n + j] - mean_ntk) > TOLERANCE * most_ntk)
        fail_msg("%s: items %zu and %zu: %.17g and %.17g, should be %.17g and %.17g", text, i, j, k.nngp[i * n + j],
                 k.ntk[i * n + j], mean_cov, mean_ntk);
    }
  free_kernels(&k);
}

static void random_attention_equals_its_loop(void **state) {
  random_stream stream = {3};
  for (unsigned trial = 0; trial < 128; trial++) {
    unsigned axes = 1 + trial / 64;
    attention f = random_attention(&stream, trial, axes);
    size_t size[2] = {axes == 2 ? random_count(&stream, 1, 3) : 1, random_count(&stream, 1, axes == 2 ? 3 : 8)};
    double *x = random_numbers(trial, 3 * size[0] * size[1] * FEATURES);
    item items[3];
    limes_batch *batch = batch_and_items(*state, x, NULL, axes, 3, size, items);
    compare_positions(*state, &f, batch, items, 3);
    limes_batch_destroy(batch);
    free(x);
  }
}

static void ragged_items_and_holes_equal_their_loop(void **state) {
  random_stream stream = {4};
  for (unsigned trial = 0; trial < 64; trial++) {
    attention f = random_attention(&stream, trial, 1);
    size_t size[2] = {1, 9}, n = 3, T = 9;
    bool holes = trial / 4 % 2 == 1;
    f.decay = holes && f.decay == RELATIVE ? CAUCHY : f.decay;
    f.between = f.between && (trial % 4 == IDENTITY || trial < 12); /* loops with means take long */
    double *x = random_numbers(trial, n * T * FEATURES);
    uint8_t hidden[3 * 9] = {0};
    for (size_t i = 0; i < n; i++)
      for (size_t a = 0; a < T; a++)
        hidden[i * T + a] = holes ? a != 4 && random_count(&stream, 0, 2) == 0 : a > random_count(&stream, 0, 8) && a > 2 * i;
    for (size_t i = 0; i < n && !holes; i++)
      for (size_t a = 1; a < T; a++)
        hidden[i * T + a] |= hidden[i * T + a - 1];
    item items[3];
    limes_batch *batch = batch_and_items(*state, x, hidden, 1, n, size, items);
    compare_pools(*state, &f, batch, items, n);
    limes_batch_destroy(batch);
    free(x);
  }
}

/* Item 1 is item 0 but for `apart`, and in each item token 1 is token 0, token 3 that but for `apart`; token 2 is zero. */
static void repeat_tokens(double *x, size_t T, double apart) {
  for (size_t c = 0; c < FEATURES; c++) {
    x[FEATURES + c] = x[c];
    x[2 * FEATURES + c] = 0;
    x[3 * FEATURES + c] = x[c] + (c == 0 ? apart : -apart);
  }
  for (size_t i = 0; i < T * FEATURES; i++)
    x[T * FEATURES + i] = x[i] == 0 ? 0 : x[i] + (i % 2 == 0 ? apart : 0);
}

static void near_and_repeated_tokens(limes_context *context, bool causal, double correlation) {
  const double apart[] = {0, 1e-3, 1e-5, 1e-1};
  const size_t size[2] = {1, correlation > 0 ? 7 : causal ? 12 : MOST};
  for (size_t trial = 0; trial < 12; trial++) {
    attention f = plain(RELU + (int)(trial % 3), 1);
    f.bias = 0;
    f.causal = causal;
    f.between = correlation > 0;
    f.correlation = correlation;
    double *x = random_numbers(trial, 2 * size[1] * FEATURES);
    repeat_tokens(x, size[1], apart[trial / 3]);
    item items[2];
    limes_batch *batch = batch_and_items(context, x, NULL, 1, 2, size, items);
    compare_positions(context, &f, batch, items, 2);
    limes_batch_destroy(batch);
    free(x);
  }
}

static void near_repeated_and_zero_tokens_equal_their_loop(void **state) { near_and_repeated_tokens(*state, false, 0); }

static void causal_near_repeated_and_zero_tokens_equal_their_loop(void **state) { near_and_repeated_tokens(*state, true, 0); }

static void with_means_near_repeated_and_zero_tokens_equal_their_loop(void **state) {
  near_and_repeated_tokens(*state, false, 0.6);
  near_and_repeated_tokens(*state, true, 0.6);
}

/* All correlations within 1e-6, 1e-8, ... of 1 */
static void nearly_constant_items_equal_their_loop(void **state) {
  const double spread[] = {1e-2, 1e-3, 1e-4, 1e-5};
  for (size_t trial = 0; trial < 24; trial++) {
    attention f = plain(RELU + (int)(trial % 3), 1);
    const size_t size[2] = {1, trial < 12 ? 10 : 5};
    f.between = trial >= 12;
    f.correlation = 0.5;
    double *x = random_numbers(trial, 2 * size[1] * FEATURES);
    for (size_t i = 0; i < 2 * size[1] * FEATURES; i++)
      x[i] = 1 + spread[trial / 3 % 4] * x[i];
    item items[2];
    limes_batch *batch = batch_and_items(*state, x, NULL, 1, 2, size, items);
    compare_positions(*state, &f, batch, items, 2);
    limes_batch_destroy(batch);
    free(x);
  }
}

/* flatten asks for equal positions alone, and gets the same numbers. */
static void diagonals_are_those_of_all_positions(void **state) {
  const char *const models[] = {"attention(scale=sqrt, zeta=relu, position=sum, decay=cauchy)",
                                "attention(scale=sqrt, zeta=abs, causal=yes)",
                                "attention(scale=sqrt, zeta=erf, causal=yes)",
                                "attention(scale=sqrt, zeta=erf, q_std=2)",
                                "attention(qk_correlation=0.7, zeta=relu, position=sum)",
                                "attention(qk_correlation=0.4, zeta=erf, causal=yes, q_std=3)",
                                "attention(scale=sqrt, zeta=identity)"};
  for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
    const size_t n = 4, T = 7;
    char all[200], flat[210];
    snprintf(all, sizeof all, "conv(3) relu dense %s", models[m]);
    snprintf(flat, sizeof flat, "%s flatten", all);
    limes_batch *batch = random_sequences(*state, m, n, T, FEATURES);
    kernels k = positions_of(*state, all, batch, NULL), diagonal = kernel_of(*state, flat, batch, NULL);
    for (size_t ij = 0; ij < n * n; ij++) {
      double cov = 0, ntk = 0;
      for (size_t a = 0; a < T; a++) {
        cov += k.nngp[ij * T * T + a * (T + 1)] / (double)T;
        ntk += k.ntk[ij * T * T + a * (T + 1)] / (double)T;
      }
      assert_close_at(diagonal.nngp[ij], cov, 1e-12 * fabs(cov), ij);
      assert_close_at(diagonal.ntk[ij], ntk, 1e-12 * fabs(ntk), ij);
    }
    free_kernels(&k);
    free_kernels(&diagonal);
    limes_batch_destroy(batch);
  }
}

static void refused(limes_context *context, const char *text, const char *sentence) {
  limes_batch *batch = random_sequences(context, 5, 2, 12, FEATURES);
  limes_model *model = NULL;
  double nngp[4];
  limes_status status = limes_model_parse(context, text, &model);
  if (status == LIMES_OK)
    status = limes_kernel(context, model, batch, NULL, &(limes_kernel_output){.nngp = nngp});
  assert_int_equal(status, LIMES_WRONG_USE);
  if (strstr(limes_error(context), sentence) == NULL)
    fail_msg("%s: %s", text, limes_error(context));
  limes_model_destroy(model);
  limes_batch_destroy(batch);
}

static void what_has_no_formula_is_refused(void **state) {
  refused(*state, "attention(qk_correlation=0.5) global_avg_pool", "zeta=softmax has no closed form with qk_correlation");
  refused(*state, "attention(qk_correlation=0.5, zeta=relu, center=yes) global_avg_pool", "leave them out with qk_correlation");
  refused(*state, "attention(qk_correlation=0.5, scale=sqrt, zeta=identity) global_avg_pool", "leave scale out");
  refused(*state, "attention(scale=sqrt, zeta=relu, samples=64) global_avg_pool", "samples and seed are for weights");
  refused(*state, "attention(seed=3) global_avg_pool", "samples and seed are for weights");
  refused(*state, "attention(scale=sqrt, seed=0.5) global_avg_pool", "seed is a whole number");
  refused(*state, "attention_pool(scale=sqrt)", "give query=learned");
  refused(*state, "attention(scale=sqrt, zeta=relu, position=sum, decay=cauchy, decay_rate=0.3, decay_power=2) global_avg_pool",
          "this decay is not a covariance");
}

/* qk_correlation = 1 and 0 are scale=linear and scale=sqrt, and nothing jumps on the way there. */
static void the_ends_of_qk_correlation_are_the_two_scales(void **state) {
  limes_batch *batch = random_sequences(*state, 8, 3, 6, FEATURES);
  static const struct {
    const char *one, *other;
    double tolerance;
  } ends[] = {{"qk_correlation=1", "scale=linear", 1e-14},
              {"qk_correlation=0", "scale=sqrt", 1e-14},
              {"qk_correlation=0.999999999999", "scale=linear", 1e-10},
              {"qk_correlation=1e-11", "scale=sqrt", 1e-10}};
  for (size_t end = 0; end < sizeof ends / sizeof *ends; end++)
    for (int zeta = IDENTITY; zeta <= ERF; zeta++) {
      kernels k[2];
      for (int way = 0; way < 2; way++) {
        char text[200];
        snprintf(text, sizeof text, "dense relu dense attention(%s, zeta=%s, position=sum, b_std=0.3) flatten",
                 way == 0 ? ends[end].one : ends[end].other, zetas[zeta].zeta);
        k[way] = kernel_of(*state, text, batch, NULL);
      }
      assert_kernels_near(&k[0], &k[1], ends[end].tolerance, ends[end].one);
      free_kernels(&k[0]);
      free_kernels(&k[1]);
    }
  limes_batch_destroy(batch);
}

static void random_weights_have_no_matrix(void **state) {
  limes_batch *batch = random_sequences(*state, 6, 2, 5, FEATURES);
  limes_model *model = parsed(*state, "attention attention(scale=sqrt, zeta=relu) global_avg_pool");
  double *z = NULL;
  size_t T = 0;
  assert_ok(*state, limes_attention_matrix(*state, model, batch, 0, 0, &z, &T));
  limes_free(z);
  assert_int_equal(limes_attention_matrix(*state, model, batch, 0, 1, &z, &T), LIMES_UNABLE);
  assert_null(z);
  limes_model_destroy(model);
  limes_batch_destroy(batch);
}

typedef struct {
  int lines;
  double error;
} said;

static void listen(void *user, limes_log_level level, const char *text) {
  said *heard = user;
  const char *number = strstr(text, "leave out ");
  heard->lines += number != NULL && level == LIMES_LOG_DETAIL;
  heard->error = number == NULL ? heard->error : strtod(number + strlen("leave out "), NULL);
}

static void the_error_of_the_series_is_said(void **state) {
  limes_context *context = *state;
  said heard = {0};
  limes_batch *batch = random_sequences(context, 7, 3, 9, FEATURES);
  limes_set_log(context, listen, &heard);
  kernels k = kernel_of(context, "dense attention(scale=sqrt, zeta=relu) global_avg_pool", batch, NULL);
  limes_set_log(context, NULL, NULL);
  assert_int_equal(heard.lines, 1);
  assert_true(heard.error > 0 && heard.error < 1e-11);
  free_kernels(&k);
  limes_batch_destroy(batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_attention_equals_its_loop),
      cmocka_unit_test(ragged_items_and_holes_equal_their_loop),
      cmocka_unit_test(near_repeated_and_zero_tokens_equal_their_loop),
      cmocka_unit_test(causal_near_repeated_and_zero_tokens_equal_their_loop),
      cmocka_unit_test(with_means_near_repeated_and_zero_tokens_equal_their_loop),
      cmocka_unit_test(nearly_constant_items_equal_their_loop),
      cmocka_unit_test(diagonals_are_those_of_all_positions),
      cmocka_unit_test(what_has_no_formula_is_refused),
      cmocka_unit_test(the_ends_of_qk_correlation_are_the_two_scales),
      cmocka_unit_test(random_weights_have_no_matrix),
      cmocka_unit_test(the_error_of_the_series_is_said),
  };
  return cmocka_run_group_tests(tests, make_context, destroy_context);
}
